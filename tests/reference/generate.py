"""python3 generate.py --seed N --residents R --notices M [--days D] [--expected] [--doubtful] OUT

Writes a case folder (case.json, parties.csv, initial/, dayNN/in/) full of trouble, the same for
the same arguments, and prints what it covers: cells of the transition table, findings, file
codes.  --expected also writes OUT/expected with the model's answer; --doubtful adds what README.md lists as
ambiguous.  Invented people only.
"""

import argparse
import copy
import csv
import datetime
import json
import os
import random
import sys
from collections import Counter

import case as case_module
import checks
from encode import encode_record
from envelopes import DOUBTFUL, SCENARIOS, Memory, Sender
from exchange import Site, day_text
from faults import broken, doubtful, spoil
from formats import CP932, UCS2BE
from notices import CREATABLE, Town, Writer, all_cells
from people import Invent
from planner import CELLS, STATES

START_DAYS = ["2020-09-13", "2019-04-29", "2024-02-27", "2020-12-30"]
EXT_ONLY, INACTIVE = "054631", "054640"       # parties whose update files are H03 and H04
REENTRIES = [(r, s) for r in ("11", "12", "14", "15", "16") for s in STATES[3:9] if CELLS[r][s] == "ok"]
# The other registers of a site, without rows.
EMPTY_REGISTERS = {
    "purposes.csv": "purpose_id,class,name,body,allowed_items,allow_my_number,allow_jumin_code,allow_bulk,"
                    "allow_forward,valid_from,valid_to",
    "applications.csv": "application_no,purpose_id,lines,applied_by,approved_by,valid_from,valid_to",
}


class Case:
    """A case under construction: folder, towns, the model's site."""

    def __init__(self, args):
        self.args, self.rng = args, random.Random(args.seed)
        self.invent = Invent(self.rng)
        self.towns = self._towns()
        start = datetime.date.fromisoformat(self.rng.choice(START_DAYS))
        self.runs = [("initial", start, "initial")]
        for number in range(1, args.days + 1):
            start += datetime.timedelta(days=self.rng.choice([1, 1, 1, 2]))
            self.runs.append((f"day{number:02}", start, f"day{number:02}/in"))
        self._write_registers()
        parties = case_module.read_parties(os.path.join(args.out, "parties.csv"))
        self.site = Site("050008", "P", parties)
        self.memory = Memory(self.towns[-1].code, args.doubtful)
        self.scenarios, self.results = [], []
        self.cells = Counter()

    def _towns(self):
        rng = self.rng
        codes = rng.sample(sorted(checks.AKITA - {EXT_ONLY, INACTIVE}), rng.randint(3, 6))
        former = []
        while len(former) < 4:
            body = f"053{rng.randrange(100):02}"
            code = body + checks.town_digit(body)
            if code not in checks.AKITA and code not in former:
                former.append(code)
        encodings = [CP932, UCS2BE] + [rng.choice([CP932, UCS2BE]) for _ in codes]
        return [Town(code, encodings[at], tuple(former[:2] if at == 0 else former[2:] if at == 1 else ()))
                for at, code in enumerate(codes)]

    def _write_registers(self):
        out, args = self.args.out, self.args
        os.makedirs(out, exist_ok=True)
        settings = {
            "seed": args.seed, "residents": args.residents, "towns": [t.code for t in self.towns],
            "notices": args.notices, "bad": 0.1, "encoding": "mixed", "self": "050008", "environment": "P",
            "national": "N0000001", "inquiry_limit": 50, "initial_business_date": self.runs[0][1].isoformat(),
            "days": [{"day": label, "business_date": date.isoformat()} for label, date, _ in self.runs[1:]],
        }
        with open(os.path.join(out, "case.json"), "w", encoding="utf-8") as target:
            json.dump(settings, target, indent=1, ensure_ascii=False)
            target.write("\n")
        rows = [[t.code, "municipality", f"町{at}", "UPD EXT", t.encoding, "20020805", "20991231",
                 "1" if t is self.towns[-1] else "0", " ".join(t.predecessors)] for at, t in enumerate(self.towns)]
        rows += [[EXT_ONLY, "municipality", "照合だけの町", "EXT", "1", "20020805", "20991231", "0", ""],
                 [INACTIVE, "municipality", "閉じた町", "UPD EXT", "1", "20020805", "20180331", "0", ""],
                 ["050008", "self", "秋田県", "", "1", "20020805", "20991231", "0", ""],
                 ["N0000001", "national", "全国の団体", "RES NRS", "2", "20020805", "20991231", "0", ""]]
        with open(os.path.join(out, "parties.csv"), "w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerow("party_id kind name kinds text_encoding active_from active_to hash_optional "
                            "predecessor_codes".split())
            writer.writerows(rows)
        for name, head in EMPTY_REGISTERS.items():
            with open(os.path.join(out, name), "w", encoding="utf-8") as target:
                target.write(head + "\n")

    # --- runs ---------------------------------------------------------------------------------

    def writer(self, date):
        created = f"{day_text(date)}{self.rng.choice(['190000000', '235959999', '160000000'])}"
        return Writer(self.rng, self.invent, self.towns, self.site.known_towns,
                      copy.deepcopy(self.site.register), day_text(date), created)

    def run(self, label, date, folder, files):
        inbound = []
        os.makedirs(os.path.join(self.args.out, folder), exist_ok=True)
        for name, data in sorted(files):
            with open(os.path.join(self.args.out, folder, name), "wb") as target:
                target.write(data)
            inbound.append((f"{folder}/{name}", data))
        result = self.site.run(label, date, inbound)
        self.results.append(result)
        for cell, _, _ in result.met:
            if cell:
                self.cells[cell] += 1
        if self.args.expected:
            case_module.write_run(os.path.join(self.args.out, "expected"), label, self.site, result)

    def initial(self):
        label, date, folder = self.runs[0]
        writer = self.writer(date)
        rng = self.rng
        for _ in range(self.args.residents):
            town = rng.choice(self.towns)
            reason = rng.choice(["16", "16", "11", "11", "12", "13"])
            values = writer.new_person(self.invent.code(), town, reason)
            if reason == "13":
                values["change_date"] = writer.day(-rng.randrange(1, 600))
                era = "5" if values["change_date"] >= "20190501" else "4"
                values["birth_date"] = era + values["change_date"]
            if reason in ("12", "13", "16") and rng.random() < 0.1:
                values["my_number"] = ""
            writer.stamp(values, None)
            if rng.random() < 0.8:
                year = rng.randrange(2003, 2019)
                values["timestamp"] = f"{year}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{rng.randrange(24):02}3059123"
                values["change_date"] = values["timestamp"][:8] if reason != "13" else values["change_date"]
            writer.finish(town, values)
        self.run(label, date, folder, self.files(writer, date, quiet=True))

    def day(self, label, date, folder, count):
        writer, rng = self.writer(date), self.rng
        for _ in range(count):
            pick = rng.random()
            if pick < 0.62:
                self._steered(writer)
            elif pick < 0.69:
                writer.write_again()
            elif pick < 0.74:
                writer.write_move()
            elif pick < 0.77:
                writer.write_pair()
            elif pick < 0.79:
                writer.write_chain()
            elif pick < 0.82:
                writer.write_number_across_chains()
            else:
                self._bad(writer, pick < 0.9)
        self.run(label, date, folder, self.files(writer, date))

    def _steered(self, writer):
        """A notice for a cell that was met seldom so far."""
        cells = all_cells()
        chosen = self.rng.sample(cells, 12)
        chosen.sort(key=lambda cell: self.cells[cell] + writer.met.get(cell, 0))
        # Keep the stock of residents: removals and refusals are not the only traffic.
        if self.rng.random() < 0.4:
            reason = self.rng.choice("31 32 33 41 42 43 51 52 21 22 23 24 25 26".split())
            chosen.insert(0, (reason, "RS"))
        elif self.rng.random() < 0.3:
            chosen.insert(0, (self.rng.choice([*CREATABLE, "52"]), "AB"))
        elif self.rng.random() < 0.3:
            chosen.insert(0, self.rng.choice(REENTRIES))
        for cell in chosen:
            if writer.write_cell(*cell):
                return

    def _bad(self, writer, bytes_too):
        """A notice with F or C findings, on the back of a steered one."""
        self._steered(writer)
        if not writer.drafts:
            return
        draft = writer.drafts.pop()
        values = dict(draft.values)
        if self.memory.doubtful and self.rng.random() < 0.3:
            writer.finish(draft.town, values, doubtful(values, draft.town.encoding, self.rng))
        elif bytes_too:
            writer.finish(draft.town, values, broken(values, draft.town.encoding, self.rng))
        else:
            spoil(values, draft.town, self.towns, writer.created_at, self.rng)
            writer.finish(draft.town, values, encode_record(values, draft.town.encoding, self.rng))

    def files(self, writer, date, quiet=False):
        """All files of a day: each town's drafts in its scenario."""
        self.memory.tomorrow = day_text(date + datetime.timedelta(days=1)) + "000000000"
        self.memory.too_late = day_text(date + datetime.timedelta(days=2)) + "000000000"
        out = []
        for town in self.towns:
            records = [d.raw for d in writer.drafts if d.town is town]
            if self.rng.random() < 0.3:
                self.rng.shuffle(records)
            key = (town.code, "050008", "UPD")
            waiting = {k[3]: w.data for k, w in self.site.waiting.items() if k[:3] == key}
            sender = Sender(self.rng, town, writer.created_at, self.site.last_serial.get(key, 0) + 1,
                            waiting, self.memory)
            if quiet:
                sender.plain(records)
            elif waiting and self.memory.gaps.get(town.code, 0) > 1:
                self.memory.gaps[town.code] -= 1
                sender.still_gap(records)
            else:
                self._two_scenarios(sender, records)
            out += sender.out
        return out

    def _two_scenarios(self, sender, records):
        """One after the other with a part of the records each; a gap must be the last."""
        names = sorted((self._scenario(), self._scenario()), key=lambda name: name == "gap")
        cut = self.rng.randrange(len(records) + 1)
        getattr(sender, names[0])(records[:cut])
        if names[0] == "gap":
            return
        getattr(sender, names[1])(records[cut:])

    def _scenario(self):
        if not self.scenarios:
            self.scenarios = SCENARIOS + DOUBTFUL * 2 if self.memory.doubtful else list(SCENARIOS)
            self.rng.shuffle(self.scenarios)
        return self.scenarios.pop()

    # --- what is covered ----------------------------------------------------------------------

    def report(self, out):
        records, outcomes, files, answers = Counter(), Counter(), Counter(), Counter()
        for result in self.results:
            for _, outcome, codes in result.met:
                outcomes[outcome] += 1
                records.update(set(codes))
            for row in result.files:
                files[row.outcome + (f" {row.code}" if row.code else "")] += 1
        missing = [f"{r}x{s}" for r, s in all_cells() if not self.cells[r, s]]
        print(f"records {sum(outcomes.values())}: " + ", ".join(f"{k} {v}" for k, v in sorted(outcomes.items())), file=out)
        print(f"cells {210 - len(missing)} of 210" + (", missing " + " ".join(missing) if missing else ""), file=out)
        print("findings (records): " + ", ".join(f"{k} {v}" for k, v in sorted(records.items())), file=out)
        print("files: " + ", ".join(f"{k} {v}" for k, v in sorted(files.items())), file=out)
        register = self.site.register
        print(f"residents {register.residents()}, removed {len(register.rows) - register.residents()}, "
              f"retired {len(register.retired)}, waiting files {len(self.site.waiting)}", file=out)
        return {"cells": self.cells, "findings": records, "files": files, "outcomes": outcomes}


def generate(args, out=sys.stdout):
    made = Case(args)
    made.initial()
    per_day = args.notices // args.days
    for label, date, folder in made.runs[1:]:
        made.day(label, date, folder, per_day)
    return made.report(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--residents", type=int, default=300)
    parser.add_argument("--notices", type=int, default=2000)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--expected", action="store_true")
    parser.add_argument("--doubtful", action="store_true")
    parser.add_argument("out")
    args = parser.parse_args()
    generate(args)


if __name__ == "__main__":
    main()
