"""Kills the sekisho binary with SIGKILL at random times while it runs, lets the next run come to its end, and compares the
site with one whose run was never killed.

kill.py KILLS [SEED]: $SEKISHO names the binary. A small site is made from a generated case (tests/reference/generate.py);
its first days are run in peace, the last one is the one that is killed. Only the standard library is used.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import run_case  # noqa: E402

RESIDENTS, NOTICES, DAYS = 60, 500, 2


class Eve:
    """A site with a day behind it and the files of the next in its inbound folders."""

    def __init__(self, work, seed):
        case = work / "case"
        subprocess.run([sys.executable, HERE / "../tests/reference/generate.py", "--seed", str(seed), "--residents",
                        str(RESIDENTS), "--notices", str(NOTICES), "--days", str(DAYS), case],
                       check=True, stdout=subprocess.DEVNULL)
        self.work = work
        site = run_case.Site(case, work)
        self.root, self.keys = site.root, site.keys
        days = [("initial", case / "initial", site.facts["initial_business_date"])]
        days += [(day["day"], case / day["day"] / "in", day["business_date"]) for day in site.facts["days"]]
        for _, inbound, date in days[:-1]:
            for source in sorted(inbound.glob("*")):
                site.put(source)
            site.call("run", "--business-date", date, normal=run_case.NORMAL)
        _, inbound, self.date = days[-1]
        for source in sorted(inbound.glob("*")):
            site.put(source)

    def copy(self, name):
        to = self.work / name
        shutil.copytree(self.root, to)
        return to

    def start(self, root):
        return subprocess.Popen([run_case.SEKISHO, "--site", root, "run", "--business-date", self.date],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def finish(self, root):
        done = self.start(root).wait()
        if done not in run_case.NORMAL:
            sys.exit(f"{root}: the run after a kill ended with {done}")

    def state(self, root):
        """Everything that can be compared: content instead of ciphertext, acts instead of times."""
        def call(*args):
            return run_case.sekisho("--site", root, *args, normal=(0, 3))
        call("gen", "verify", "--full")
        call("ledger", "verify")
        acts = {}
        for leaf in json.loads(call("ledger", "list", "--json")):
            kept = {k: v for k, v in leaf["leaf"].items() if k in ("act", "outcome", "reason", "file", "counts")}
            words = json.dumps(kept, sort_keys=True)
            acts[words] = acts.get(words, 0) + 1
        out = {}
        for package in sorted(root.glob("out/*/*.seki")):
            text = call("open", package, "--keys", self.keys / package.parent.name, "--as", "csv")
            out[str(package.relative_to(root))] = hashlib.sha256(text.encode()).hexdigest()
            if not Path(f"{package}.tlog-proof").exists():
                sys.exit(f"{package}: no proof beside it")
        names = {folder: sorted(str(p.relative_to(root)) for p in (root / folder).rglob("*") if p.is_file())
                 for folder in ("in", "archive", "answers", "spool", "staging")}
        exports = [call("master", "export", "--what", what) for what in ("rows", "retired", "history")]
        return {"master": exports, "acts": acts, "out": out, "names": names, "held": call("held", "list")}


def main():
    kills = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="sekisho-kill-") as work:
        eve = Eve(Path(work), seed)
        peace = eve.copy("peace")
        begun = time.monotonic()
        eve.finish(peace)
        usual = time.monotonic() - begun
        reference = eve.state(peace)
        done, rounds = 0, 0
        while done < kills:
            root = eve.copy("killed")
            rounds += 1
            hits = 0
            # Mostly one kill; sometimes the recovery is killed too, and the recovery of that.
            while True:
                process = eve.start(root)
                time.sleep(draw.uniform(0, usual))
                process.send_signal(signal.SIGKILL)
                hits += process.wait() == -signal.SIGKILL
                if draw.random() < 0.6 or done + hits >= kills:
                    break
            eve.finish(root)
            state = eve.state(root)
            if state != reference:
                kept = Path(tempfile.mkdtemp(prefix="sekisho-kill-wrong-"))
                shutil.move(root, kept / "site")
                wrong = [part for part in reference if state[part] != reference[part]]
                sys.exit(f"seed {seed}, round {rounds}: another state than without a kill: {wrong}; kept in {kept}")
            shutil.rmtree(root)
            done += hits
            print(f"{done} kills", end="\r", file=sys.stderr, flush=True)
        print(f"{done} kills in {rounds} rounds, seed {seed}: every site as without a kill "
              f"(a run takes {usual * 1000:.0f} ms, {len(reference['out'])} packages, {sum(reference['acts'].values())} leaves)")


if __name__ == "__main__":
    main()
