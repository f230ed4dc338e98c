"""Sites of the measurement: made by the program's own commands, copied for each run."""

import csv
import json
import os
import shutil

from measure import run

# Folders whose files are written once and never changed: a copy shares them.
WRITTEN_ONCE = ("answers", "archive", "out", "spool", "store/runs")
# Exit codes of a run that did its work: all taken, or some notices rejected.
DONE = (0, 1)


def dashed(day):
    """A day as the command line wants it."""
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def make(sekisho, data, site, keys, day):
    """An empty site with all parties and their keys; inbound files may be plain."""
    for folder in (site, keys):
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(keys)
    run([sekisho, "init", site, "--environment", "training", "--business-date", dashed(day)])
    with open(data / "parties.csv", encoding="utf-8", newline="") as file:
        parties = list(csv.DictReader(file))
    for party in parties:
        name = party["party_id"]
        _, said = run([sekisho, "--json", "key", "generate", keys / name, "--owner", name])
        made = json.loads(said)
        party |= {"plain_allowed": "1", "signing_key": made["signing_key"], "sealing_key": made["sealing_key"]}
    with open(keys / "parties.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, parties[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(parties)
    run([sekisho, "--site", site, "party", "import", keys / "parties.csv", "--business-date", dashed(day)])


def copy(source, target):
    """A copy of a site for one run. Files that are never changed are shared by a second name; the rest is copied."""
    shutil.rmtree(target, ignore_errors=True)
    for folder, _, names in os.walk(source):
        inside = os.path.relpath(folder, source)
        shared = any(inside == one or inside.startswith(one + "/") for one in WRITTEN_ONCE)
        place = os.path.normpath(os.path.join(target, inside))
        os.mkdir(place, 0o700)
        for name in names:
            (os.link if shared else shutil.copy2)(os.path.join(folder, name), os.path.join(place, name))


def deliver(data, batch, site):
    """Copies the update files of a batch into the inbound folders."""
    for path in sorted((data / batch).glob("UPD-*.dat")):
        folder = site / "in" / path.name.split("-")[1]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.name)


def files(folder):
    """Length of every file below a folder, by its name from there."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            found[os.path.relpath(path, folder)] = os.stat(path).st_size
    return found


def state(folder):
    """Length and time of change of every file below a folder: what must stay the same where copies share files."""
    return {
        os.path.join(place, name): (facts.st_size, facts.st_mtime_ns)
        for place, _, names in os.walk(folder)
        for name in names
        for facts in [os.stat(os.path.join(place, name))]
    }


def new_bytes(before, after):
    """Bytes of the files that are new, or of another length."""
    return sum(length for name, length in after.items() if before.get(name) != length)
