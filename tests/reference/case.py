"""python3 case.py CASE OUT - the expected outcome of a case folder, for its update files.

Reads CASE/case.json, parties.csv, initial/*.dat and dayNN/in/*.dat and writes OUT in the shape
of CASE/expected: files.csv (rows of UPD files and of files without a readable header),
*.res.csv, ntf.csv, master.csv, retired.csv, history_counts.csv, counts_upd.csv, run.csv.
"""

import csv
import datetime
import json
import os
import sys

from exchange import Party, Site, split_list
from planner import MASTER_HEAD

FILES_HEAD = ["file", "kind", "sender", "serial", "outcome", "code", "answer"]
RES_HEAD = ["record_no", "outcome", "code", "item_no", "byte_offset", "byte_length"]
NTF_HEAD = ["jumin_code", "reason", "source_sender", "source_serial", "source_record_no"]
COUNTS_HEAD = ["file", "input", "applied", "applied_with_warning", "rejected", "duplicate"]


def read_parties(path):
    with open(path, encoding="utf-8-sig", newline="") as source:
        return [Party(row["party_id"], split_list(row["kinds"]), row["active_from"],
                      row["active_to"], row["hash_optional"] == "1",
                      split_list(row["predecessor_codes"])) for row in csv.DictReader(source)]


def read_folder(case, folder):
    """[(path relative to the case, bytes)] of the *.dat files of one inbound folder."""
    base = os.path.join(case, folder)
    names = sorted(n for n in os.listdir(base) if n.endswith(".dat")) if os.path.isdir(base) else []
    out = []
    for name in names:
        with open(os.path.join(base, name), "rb") as source:
            out.append((f"{folder}/{name}", source.read()))
    return out


def write_csv(path, head, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def res_row(row):
    number, outcome, finding = row
    if finding is None:
        return [number, outcome, "", "", "", ""]
    place = ["" if v is None else v for v in (finding.item, finding.offset, finding.length)]
    return [number, outcome, finding.code, *place]


def write_run(out, label, site, result):
    folder = os.path.join(out, label)
    write_csv(f"{folder}/files.csv", FILES_HEAD, result.files)
    for path, rows in result.answers.items():
        write_csv(os.path.join(out, path), RES_HEAD, map(res_row, rows))
    write_csv(f"{folder}/ntf.csv", NTF_HEAD, result.ntf)
    write_csv(f"{folder}/counts_upd.csv", COUNTS_HEAD, (
        [done.path, done.inputs] + [done.outcomes[o] for o in "AWRD"]
        for done in sorted(result.counts, key=lambda d: d.path)))
    write_csv(f"{folder}/run.csv", list(result.totals), [list(result.totals.values())])
    register = site.register
    write_csv(f"{folder}/master.csv", MASTER_HEAD, register.master_rows())
    write_csv(f"{folder}/retired.csv", ["jumin_code", "new_code"], sorted(register.retired.items()))
    write_csv(f"{folder}/history_counts.csv", ["jumin_code", "superseded", "past_removals"],
              register.history_rows())


def runs_of(settings):
    """[(label, business date, inbound folder)] of a case."""
    day = datetime.date.fromisoformat
    yield "initial", day(settings["initial_business_date"]), "initial"
    for entry in settings["days"]:
        yield entry["day"], day(entry["business_date"]), f"{entry['day']}/in"


def run_case(case, out):
    """Judge a whole case; returns the results of its runs."""
    with open(os.path.join(case, "case.json"), encoding="utf-8") as source:
        settings = json.load(source)
    site = Site(settings["self"], settings["environment"],
                read_parties(os.path.join(case, "parties.csv")))
    results = []
    for label, date, folder in runs_of(settings):
        results.append(site.run(label, date, read_folder(case, folder)))
        write_run(out, label, site, results[-1])
    return results


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    run_case(sys.argv[1], sys.argv[2])
