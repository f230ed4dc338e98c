"""Drives the sekisho binary over a case folder: registers, one key per party, the inbound files of each day.

Everything that is compared comes out of what a user gets: the sealed answers, opened with the receiver's key, and the
exports of the master. Only the standard library is used.
"""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SEKISHO = os.environ["SEKISHO"]
# 0 done, 1 done with rejections, 3 something is held: all three are normal days.
NORMAL = (0, 1, 3)


def sekisho(*args, normal=(0,)):
    done = subprocess.run([SEKISHO, *map(str, args)], capture_output=True)
    if done.returncode not in normal:
        sys.exit(f"{' '.join(map(str, args))}\nended with {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout.decode("utf-8")


def write_csv(path, head, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


class Site:
    def __init__(self, case, work):
        self.facts = json.loads((case / "case.json").read_text(encoding="utf-8"))
        self.case, self.root, self.keys = case, work / "site", work / "keys"
        self.own, self.national = self.facts["self"], self.facts["national"]
        self.day = self.facts["initial_business_date"]
        environment = {"P": "production", "T": "training"}[self.facts["environment"]]
        sekisho("init", self.root, "--id", self.own, "--name", "秋田県", "--national-body", self.national,
                "--environment", environment, "--business-date", self.day)
        self.register_parties()

    def call(self, *args, normal=(0,)):
        return sekisho("--site", self.root, *args, normal=normal)

    def register_parties(self):
        self.keys.mkdir(mode=0o700)
        with open(self.case / "parties.csv", encoding="utf-8-sig", newline="") as source:
            parties = list(csv.DictReader(source))
        for party in parties:
            party_id, made = party["party_id"], {}
            if party_id != self.own:
                made = json.loads(sekisho("key", "generate", self.keys / party_id, "--owner", party_id, "--json"))
            party["sealing_key"] = made.get("sealing_key", "")
            party["signing_key"] = made.get("signing_key", "")
        path = self.keys / "parties.csv"
        write_csv(path, parties[0].keys(), [party.values() for party in parties])
        self.call("party", "import", path, "--business-date", self.day)

    def put(self, source):
        """The party is the sender of the header, or of the name where the header cannot be read."""
        with open(source, "rb") as f:
            head = f.read(14)
        sender = head[6:14].decode("ascii", errors="replace").strip()
        if head[:1] != b"1" or not sender.isalnum():
            sender = source.name.split("-")[1].split(".")[0]
        folder = self.root / "in" / sender
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(source, folder / source.name)

    def open_package(self, party, name):
        text = self.call("open", self.root / "out" / party / name, "--keys", self.keys / party, "--as", "csv")
        return list(csv.DictReader(io.StringIO(text)))


class Collector:
    """Writes what a run gave in the shape of the expected folder."""

    def __init__(self, site, out):
        self.site, self.out = site, out
        self.first_path, self.answer_path = {}, {}

    def run_day(self, label, inbound, business_date):
        for source in sorted(inbound.glob("*")):
            self.site.put(source)
            self.first_path[source.name] = str(source.relative_to(self.site.case))
        result = json.loads(self.site.call("run", "--json", "--show-names", "--business-date", business_date, normal=NORMAL))
        files, counts = [], []
        # What was judged first: a duplicate of the same run shares its answer.
        for file in sorted(result["files"], key=lambda file: file["outcome"] == "duplicate"):
            files.append(self.file_row(label, file))
            if file.get("counts") and file["kind"] == "UPD" and file["outcome"] == "processed":
                sums = file["counts"]
                counts.append([self.first_path[file["file"]]] + [
                    sums[k] for k in ("input", "applied", "applied_with_warning", "rejected", "duplicate")])
        folder = self.out / label
        write_csv(folder / "files.csv", ["file", "kind", "sender", "serial", "outcome", "code", "answer"],
                  [row for row in files if row])
        write_csv(folder / "counts_upd.csv",
                  ["file", "input", "applied", "applied_with_warning", "rejected", "duplicate"], counts)
        for kind in ("ext", "inq"):
            write_csv(folder / f"counts_{kind}.csv", ["file"], [])
        sums = result["sums"]
        write_csv(folder / "run.csv", list(sums), [list(sums.values())])
        self.notices(folder, result.get("notices"))
        for name, option in (("master.csv", "rows"), ("retired.csv", "retired"), ("history_counts.csv", "history")):
            text = self.site.call("master", "export", "--what", option)
            (folder / name).write_text(text, encoding="utf-8")

    def file_row(self, label, file):
        if file["outcome"] == "waiting":
            return None
        answer = ""
        if file.get("answer"):
            if file["answer"] not in self.answer_path:
                stem = file["file"].split(".")[0]
                self.answer_path[file["answer"]] = f"{label}/{stem}.res.csv"
                self.result_lines(file, self.out / label / f"{stem}.res.csv")
            answer = self.answer_path[file["answer"]]
        path = self.first_path[file["file"]]
        return [path, file["kind"], file["sender"], "" if file["serial"] is None else file["serial"], file["outcome"], file.get("code") or "", answer]

    def result_lines(self, file, path):
        head = ["record_no", "outcome", "code", "item_no", "byte_offset", "byte_length"]
        rows = []
        for line in self.site.open_package(file["sender"], file["answer"]):
            number = str(int(line["record_no"]))
            rows.append([number] + [line[column] for column in head[1:]])
        write_csv(path, head, rows)

    def notices(self, folder, notices):
        rows = []
        if notices:
            for line in self.site.open_package(self.site.national, notices["name"]):
                rows.append([line["jumin_code"], line["change_reason"], line["source_sender"],
                             str(int(line["source_serial"])), str(int(line["source_record_no"]))])
        write_csv(folder / "ntf.csv",
                  ["jumin_code", "reason", "source_sender", "source_serial", "source_record_no"], rows)


def main():
    case, out = Path(sys.argv[1]), Path(sys.argv[2])
    if not (case / "case.json").exists():
        sys.exit(f"{case} is not a case folder: case.json is missing")
    with tempfile.TemporaryDirectory(prefix="sekisho-case-") as work:
        site = Site(case, Path(work))
        collector = Collector(site, out)
        collector.run_day("initial", case / "initial", site.facts["initial_business_date"])
        for day in site.facts["days"]:
            collector.run_day(day["day"], case / day["day"] / "in", day["business_date"])


if __name__ == "__main__":
    main()
