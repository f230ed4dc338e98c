"""One site over its runs: the ladder of the file checks, serials, the order of a run, answers.

Follows rules.md 2.5 (order), 2.6 (whole file, order of the file checks), 9 (Files) and the
identity rules of the exchange files.  Only the plain update files (UPD) are judged; readable
files of other kinds are left alone.
"""

import datetime
import hashlib
import os
import re
from collections import Counter
from typing import NamedTuple, Optional

import checks
from formats import (HEADER, RECORD_LENGTH, TRAILER, Finding, cut, is_complete, read_record,
                     sort_findings, split_records)
from planner import CLASS_OF_REASON, ENTRY, REMOVAL, Notice, Register

KIND = "UPD"


class Party(NamedTuple):
    """A row of parties.csv, as far as update files ask for it."""
    party_id: str
    kinds: tuple
    active_from: str        # YYYYMMDD, inclusive
    active_to: str          # YYYYMMDD, inclusive
    hash_optional: bool
    predecessors: tuple

    @property
    def own_codes(self):
        return {self.party_id, *self.predecessors}


class Header(NamedTuple):
    """A readable header (9: H02 "cannot be read")."""
    kind: str
    version: str
    sender: str
    receiver: str
    serial: int
    created_at: str
    environment: str
    encoding: str


class FileRow(NamedTuple):
    """A row of files.csv; kind, sender and serial are blank if the header cannot be read."""
    path: str
    kind: str
    sender: str
    serial: str
    outcome: str
    code: str
    answer: str


class Waiting(NamedTuple):
    """A file held for a gap (H07)."""
    path: str
    data: bytes
    header: Header
    records: list


class FileResult:
    """What became of the records of a processed file."""

    def __init__(self, path, inputs):
        self.path, self.inputs = path, inputs
        self.outcomes = Counter()
        self.rows = []          # of the RES: (record_no, outcome, Finding or None)


class RunResult:
    """Everything that a run shows."""

    def __init__(self):
        self.files, self.answers, self.counts, self.ntf = [], {}, [], []
        self.totals = {}
        self.met = []           # (cell, outcome, codes) per record, for the coverage


def read_header(data):
    """The header, None if it cannot be read (H02)."""
    def field(name):
        return cut(data, HEADER[name]).decode("latin-1")

    kind = field("file_kind")
    if data[:1] != b"1" or kind not in RECORD_LENGTH or len(data) < RECORD_LENGTH[kind]:
        return None
    sender, serial = field("sender").rstrip(" "), field("serial")
    if not sender or not (serial.isascii() and serial.isdigit()):
        return None
    return Header(kind, field("format_version"), sender, field("receiver").rstrip(" "), int(serial),
                  field("created_at"), field("environment"), field("text_encoding"))


_NAME = re.compile(r"([A-Z]{3})-([0-9A-Z]{1,8})-([0-9A-Z]{1,8})-([0-9]{8})\.dat(\.seki)?")


def name_contradicts(path, header):
    """H02 (name): a name of the agreed form that says something else than the header."""
    match = _NAME.fullmatch(os.path.basename(path))
    if not match:
        return False
    kind, sender, receiver, serial = match.group(1, 2, 3, 4)
    return (kind, sender, receiver, int(serial)) != (
        header.kind, header.sender, header.receiver, header.serial)


def day_text(day):
    return day.strftime("%Y%m%d")


class Site:
    """The server: registers, the master, consumed serials, answers, waiting files."""

    def __init__(self, own_id, environment, parties):
        self.own_id, self.environment = own_id, environment
        self.parties = {p.party_id: p for p in parties}
        self.known_towns = set(checks.AKITA) if own_id.startswith("05") else set()
        for party in parties:
            self.known_towns.update(party.predecessors)
        self.register = Register()
        self.last_serial = {}       # (sender, receiver, kind) -> last consumed serial
        self.answered = {}          # SHA-256 of the plain bytes -> path of the answer
        self.waiting = {}           # (sender, receiver, kind, serial) -> Waiting
        self.generation = 0

    # --- the run ------------------------------------------------------------------------------

    def run(self, label, business_date, inbound):
        """Take the files `inbound` [(path, bytes)] on `business_date`; answers go under `label`."""
        result = RunResult()
        taken = self._intake(label, business_date, inbound, result)
        self._process(business_date, taken, result)
        for path, *_ in taken:
            done = next(r for r in result.counts if r.path == path)
            result.answers[answer_path(label, path)] = done.rows
        return result

    def _intake(self, label, business_date, inbound, result):
        """Files in the order sender, kind, serial, name, a waiting file first; each meets the
        ladder. Returns the files that are taken: [(path, header, records)]."""
        queue = [((w.header.sender, w.header.kind, w.header.serial, 0, w.path), w.path, w.data, key)
                 for key, w in self.waiting.items()]
        for path, data in inbound:
            header = read_header(data)
            if header is None:
                result.files.append(FileRow(path, "", "", "", "held", "H02", ""))
            elif header.kind == KIND:
                queue.append(((header.sender, header.kind, header.serial, 1, path), path, data, None))
        taken = []
        for _, path, data, waiting_key in sorted(queue, key=lambda q: q[0]):
            if waiting_key is not None:
                waiting = self.waiting[waiting_key]
                if waiting.header.serial != self._next(waiting.header):
                    continue            # still waiting: not listed again
                del self.waiting[waiting_key]
                header, records = waiting.header, waiting.records
                outcome, code = "processed", ""
            else:
                header = read_header(data)
                outcome, code, records = self._ladder(path, data, header, business_date)
            answer = ""
            digest = hashlib.sha256(data).hexdigest()
            if outcome in ("processed", "rejected"):
                answer = self.answered[digest] = answer_path(label, path)
            if outcome == "duplicate":
                answer = self.answered[digest]
            if outcome == "rejected":
                result.answers[answer] = [(0, "R", Finding(code))]
            if outcome == "processed":
                self.last_serial[header.sender, header.receiver, header.kind] = header.serial
                taken.append((path, header, records))
            result.files.append(FileRow(path, header.kind, header.sender, str(header.serial),
                                        outcome, code, answer))
        result.files.sort()
        return taken

    def _next(self, header):
        return self.last_serial.get((header.sender, header.receiver, header.kind), 0) + 1

    def _ladder(self, path, data, header, business_date):
        """2.6, order of the file checks: (outcome, code, records). H05, H08 and H10 do not occur
        with plain files of a few days."""
        party = self.parties.get(header.sender)
        length = RECORD_LENGTH[header.kind]
        if party is None or header.kind not in party.kinds:
            return "held", "H03", None
        if not party.active_from <= day_text(business_date) <= party.active_to:
            return "held", "H04", None
        if header.environment != self.environment:
            return "held", "H09", None
        if hashlib.sha256(data).hexdigest() in self.answered:
            return "duplicate", "", None
        if not is_complete(data, length):
            return "held", "H01", None
        records = split_records(data, length)
        if records is None:
            return "rejected", "F001", None
        if not self._sums_right(header, records, party, business_date):
            return "rejected", "F002", None
        if name_contradicts(path, header):
            return "held", "H02", None
        expected = self._next(header)
        if header.serial < expected:
            return "held", "H06", None
        if header.serial > expected:
            key = (header.sender, header.receiver, header.kind, header.serial)
            self.waiting.setdefault(key, Waiting(path, data, header, records))
            return "held", "H07", None
        return "processed", "", records

    def _sums_right(self, header, records, party, business_date):
        """F002: receiver, version, serial, created_at, encoding, count, hash."""
        trailer = records[-2][1]
        data = [raw for _, raw in records[1:-2]]
        count, digest = (cut(trailer, TRAILER[n]) for n in ("record_count", "data_sha256"))
        right = hashlib.sha256(b"".join(data)).hexdigest().encode()
        latest = day_text(business_date + datetime.timedelta(days=1))
        return (header.version == "01" and header.receiver == self.own_id and header.serial >= 1
                and checks.real_instant(header.created_at) and header.created_at[:8] <= latest
                and header.encoding in ("1", "2")
                and count.isdigit() and int(count) == len(data)
                and (digest == right or party.hash_optional and digest == b" " * 64))

    # --- the records of a run -----------------------------------------------------------------

    def _process(self, business_date, taken, result):
        register, today = self.register, day_text(business_date)
        before = register.residents()
        entries = removals = 0
        queue, findings_of = [], {}
        for index, (path, header, records) in enumerate(taken):
            own = self.parties[header.sender].own_codes
            done = FileResult(path, len(records) - 3)
            result.counts.append(done)
            around = checks.Surroundings(own, self.known_towns, header.created_at, today)
            for number, (offset, raw) in enumerate(records[1:-2], 1):
                record = read_record(number, offset, raw, header.encoding)
                found = record.findings + checks.c_findings(record, around)
                if found:
                    findings_of[index, number] = ("R", sort_findings(found))
                    result.met.append((None, "R", [f.code for f in found]))
                else:
                    queue.append((index, Notice(record, header.sender, own, header.serial)))
        queue.sort(key=lambda entry: run_order(entry[1]))
        applied = 0
        for index, notice in queue:
            verdict = register.judge(notice, today)
            findings_of[index, notice.record.number] = (verdict.outcome, verdict.findings)
            result.met.append((verdict.cell, verdict.outcome, [f.code for f in verdict.findings]))
            if verdict.outcome in "AW":
                applied += 1
                register.apply(notice, today)
                reason = notice[10]
                entries += CLASS_OF_REASON[reason] == ENTRY or reason == "52" and not notice.old_code
                removals += CLASS_OF_REASON[reason] == REMOVAL
                result.ntf.append((notice[1], reason, notice.sender, notice.serial,
                                   notice.record.number))
        for index, done in enumerate(result.counts):
            for number in range(1, done.inputs + 1):
                outcome, findings = findings_of[index, number]
                done.outcomes[outcome] += 1
                done.rows += [(number, outcome, f) for f in findings or [None]]
            assert sum(done.outcomes.values()) == done.inputs
        self.generation += applied > 0
        after = register.residents()
        assert after == before + entries - removals, "the run does not add up"
        result.totals = {
            "residents_before": before, "entries": entries, "removals": removals,
            "residents_after": after, "removed_persons": len(register.rows) - after,
            "retired_codes": len(register.retired),
        }


def run_order(notice):
    """2.5: item 18; removal before entry before the rest; item 22; sender; serial; record."""
    kind = CLASS_OF_REASON[notice[10]]
    rank = 0 if kind == REMOVAL else 1 if kind == ENTRY else 2
    return (notice[18], rank, int(notice[22]), notice.sender, notice.serial, notice.record.number)


def answer_path(label, path):
    """Where the RES of an inbound file is shown: LABEL/STEM.res.csv."""
    stem = os.path.basename(path)
    return f"{label}/{stem.removesuffix('.dat')}.res.csv"


def split_list(text: Optional[str]):
    return tuple((text or "").split())
