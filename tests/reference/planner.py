"""The register and what a notice does to it: cells, L and W findings, the row after.

Follows rules.md section 2.2-2.4, 2.6 ("Order and number") and 9 (Notices); history and
retirement as in section 3.  One Register is one master; `judge` decides one decoded notice
without changing anything, `apply` carries it out.
"""

from checks import count_of, seion, sort_key
from formats import ITEM_NAMES, Finding, sort_findings

ENTRY, REMOVAL, AMEND, NUMBER, CODE, CONFIRM = "entry removal amend number code confirm".split()

CLASS_OF_REASON = {
    "11": ENTRY, "12": ENTRY, "13": ENTRY, "14": ENTRY, "15": ENTRY, "16": ENTRY,
    "21": REMOVAL, "22": REMOVAL, "23": REMOVAL, "24": REMOVAL, "25": REMOVAL, "26": REMOVAL,
    "31": AMEND, "32": AMEND, "33": AMEND, "41": NUMBER, "42": NUMBER, "43": NUMBER,
    "51": CODE, "52": CODE, "90": CONFIRM,
}

STATES = ("AB", "RS", "RO", "MD", "MO", "DE", "VX", "PN", "PL", "RT")
STATE_OF_REMOVAL = {"21": "MD", "22": "MO", "23": "DE", "24": "PN", "25": "PL", "26": "VX"}

# 2.3: one row per reason, one cell per state in the order of STATES: "ok" or the finding.
_REFUSED = "L103 ok L102b L104b L104b L104b L104b L104b L104b L107"
CELLS = {reason: dict(zip(STATES, row.split())) for reason, row in {
    "11": "ok   L101 L102 ok   ok   L104 ok   L108 L108 L107",
    "12": "ok   L101 L102 ok   ok   L104 ok   L108 L108 L107",
    "13": "ok   L101 L102 L106 L106 L106 L106 L106 L106 L107",
    "14": "L105 L101 L102 L105 L105 L105 L105 ok   L105 L107",
    "15": "L105 L101 L102 L105 L105 L105 L105 L105 ok   L107",
    "16": "ok   L101 L102 ok   ok   ok   ok   ok   ok   L107",
    **{r: _REFUSED for r in "21 22 23 24 25 26 31 32 33 41 42 43 51".split()},
    "52": "ok   ok   L102b L104b L104b L104b L104b L104b L104b L107",
    "90": "L109 L109 ok   ok   L109 L109 L109 L109 L109 L107",
}.items()}

# 2.4: compared items, and derived serials with their parent.
COMPARED = (2, 4, 5, 6, 7, 9, 14, 25, 27)
SERIAL_PARENT = {15: 7, 23: 2, 24: 7, 28: 25}
DERIVED = (3, 8, 15, 20, 23, 24, 26, 28)
# README.md, reading 1: a blank count, serial or 大字 code is stored as it was sent.
STORE_BLANK_AS_SENT = True
ZERO = {3: "000", 8: "000", 15: "000000", 23: "000", 24: "000", 26: "000", 28: "000"}

# 2.4: compared items whose change is L110.
FORBIDDEN = {
    "14": (5, 6, 7, 9, 14), "15": (5, 6, 7, 9, 14),
    "31": (2, 4, 5, 6, 9, 14, 25, 27), "32": (5, 6, 9), "33": (9, 14),
    "41": (2, 4, 5, 6, 7, 14, 25, 27), "42": (2, 4, 5, 6, 7, 14, 25, 27),
    "43": (2, 4, 5, 6, 7, 14, 25, 27), "51": COMPARED, "52": COMPARED,
}
BIRTH_DAY_ONLY = {"14", "15"}                    # item 5 without its era digit
# L111: one of these must differ.
MUST_CHANGE = {"31": (7,), "41": (9,), "42": (9,), "43": (9,),
               "32": COMPARED + DERIVED, "33": COMPARED + DERIVED}
L118_REASONS = {"14", "15", "31", "32", "33", "41", "42", "43", "51", "52"}
MAY_GROW_ALONE = {"32": (23, 24, 28), "33": (23, 24, 28)}
MAY_CHANGE_ALONE = {"32": (15,)}
REMOVAL_STRICT = (5, 6, 9)                       # L117
REMOVAL_LOOSE = (2, 4, 7, 14, 25, 27)            # W211
REENTRY = {"11", "12", "16"}                     # W201, W202
NUMBER_UNLESS_BLANK = {"12", "16"}               # C009, second part
PLANNED_DATE = {"21", "22"}                      # L116 and W208 exceptions

# "All other items equal" of a duplicate (9, Notices).
DUPLICATE_ITEMS = (2, 3, 4, 5, 6, 7, 8, 9, 11, 14, 15, 16, 17, 20, 23, 24, 25, 26, 27, 28)
KEPT_BY_REMOVAL = (2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 20, 23, 24, 25, 26, 27, 28)


def same(item, a, b):
    """Equality of stored text, a blank count or serial being zero."""
    zero = ZERO.get(item, "")
    return (a or zero) == (b or zero)


class Row:
    """A version: 28 items as text (index 1..28), the state it stands for."""

    def __init__(self, items, state):
        self.items = items      # dict item number -> text
        self.state = state      # "R" resident, or MD MO DE VX PN PL

    def __getitem__(self, item):
        return self.items[item]


class Person:
    """A chain of codes joined by 51/52 with everything that was stored."""

    def __init__(self):
        self.removals_21 = []   # item 14 of each removal by 21, in the order of application


class Notice:
    """A record free of F and C findings, with its sender."""

    def __init__(self, record, sender, own_codes, serial):
        self.items = {n: record.item(n) for n in range(1, 29)}
        self.old_number = record["old_my_number"]
        self.old_code = record["old_jumin_code"]
        self.record, self.sender, self.own_codes, self.serial = record, sender, own_codes, serial

    def __getitem__(self, item):
        return self.items[item]

    @property
    def key(self):
        return self[1], self[10], self[18], self[22]

    @property
    def content(self):
        shown = tuple(self[n] or ZERO.get(n, "") for n in DUPLICATE_ITEMS)
        return shown + (self.old_number, self.old_code)

    @property
    def subject_code(self):
        """The code whose state is the column: the old one for 51/52 that give one (2.3)."""
        return self.old_code if self[10] in ("51", "52") and self.old_code else self[1]


class Verdict:
    """outcome A, W, R or D with its findings, and the cell that was met (for coverage)."""

    def __init__(self, outcome, findings, cell=None):
        self.outcome, self.findings, self.cell = outcome, sort_findings(findings), cell


class Register:
    """Current rows, retired codes, history counts, owners of numbers, applied notices."""

    def __init__(self):
        self.rows = {}          # code -> Row, retired codes not among them
        self.retired = {}       # code -> its successor
        self.person = {}        # code -> Person
        self.superseded = {}    # code -> number of replaced resident versions
        self.past_removals = {}  # code -> number of replaced removal versions
        self.owner = {}         # 個人番号 -> Person
        self.applied = {}       # Notice.key -> Notice.content

    def state(self, code, own_codes):
        if code in self.retired:
            return "RT"
        row = self.rows.get(code)
        if row is None:
            return "AB"
        if row.state != "R":
            return row.state
        return "RS" if row[14] in own_codes else "RO"

    # --- judging ------------------------------------------------------------------------------

    def judge(self, notice, business_day):
        """Duplicate test alone, then the cell alone, then all further findings (2.6)."""
        reason = notice[10]
        if notice.key in self.applied:
            if self.applied[notice.key] == notice.content:
                return Verdict("D", [])
            return Verdict("R", [Finding("L120")])
        blank_52 = reason == "52" and not notice.old_code
        state = "AB" if blank_52 else self.state(notice.subject_code, notice.own_codes)
        cell = CELLS[reason][state]
        if cell != "ok":
            return Verdict("R", [Finding(cell)], (reason, state))
        # 52 with a blank old code has no row before it, even on a known code (9).
        before = None if blank_52 else self.rows.get(notice.subject_code)
        findings = self._further(notice, reason, state, before, business_day)
        errors = [f for f in findings if f.code[0] != "W"]
        if errors:
            return Verdict("R", errors, (reason, state))
        return Verdict("W" if findings else "A", findings, (reason, state))

    def _further(self, notice, reason, state, before, business_day):
        out = self._general(notice, reason, before, business_day)
        kind = CLASS_OF_REASON[reason]
        if kind == REMOVAL:
            out += [Finding("L117", n) for n in REMOVAL_STRICT if not same(n, notice[n], before[n])]
            out += [Finding("W211", n) for n in REMOVAL_LOOSE if not same(n, notice[n], before[n])]
        elif kind == ENTRY:
            out += self._entry(notice, reason, state, before)
        elif kind == NUMBER:
            good = notice.old_number == before[9] and (before[9] != "" or reason == "43")
            out += [] if good else [Finding("L112")]
        elif kind == CODE:
            out += self._code(notice, reason, before)
        elif kind == CONFIRM:
            out += self._confirm(notice, state, before)
        if before is not None:
            out += self._changes(notice, reason, before)
        return out

    def _general(self, notice, reason, before, business_day):
        """What 2.4 asks of every notice that its cell allows."""
        out = []
        number = notice[9]
        if number and number in self.owner:
            if self.owner[number] is not self.person.get(notice.subject_code):
                out.append(Finding("L113", 9))
        if reason not in PLANNED_DATE and sort_key(notice[11]) > business_day:
            out.append(Finding("L116", 11))
        if before is not None:
            older = notice[18] < before[18]
            stale = (notice[18] == before[18] and int(notice[22]) <= int(before[22])
                     and notice[14] == before[14])
            if older or stale:
                out.append(Finding("L119", 18))
            if before[10] not in PLANNED_DATE and sort_key(notice[11]) < sort_key(before[11]):
                out.append(Finding("W208", 11))
        if notice[4] == "":
            out.append(Finding("W209", 4))
        if notice[25] != "" and notice[27] == "":
            out.append(Finding("W209", 27))
        if notice[13] != "" and notice[13] != seion(notice[4]):
            out.append(Finding("W210", 13))
        return out

    @staticmethod
    def _entry(notice, reason, state, before):
        out = []
        if reason == "13" and notice[5][1:] != notice[11]:
            out.append(Finding("W206", 5))
        if before is None:
            return out
        if reason in BIRTH_DAY_ONLY and notice[11] != before[11]:
            out.append(Finding("L105", 11))
        if reason in REENTRY:
            out += [Finding("W201", n) for n in (5, 6) if notice[n] != before[n]]
            if notice[9] and before[9] and notice[9] != before[9]:
                out.append(Finding("W202", 9))
        if reason in NUMBER_UNLESS_BLANK and not notice[9] and before[9]:
            out.append(notice.record.at_field("C009", "my_number"))
        if reason == "16" and state == "DE":
            out.append(Finding("W203"))
        if reason == "16" and state in ("PN", "PL"):
            out.append(Finding("W204"))
        return out

    def _code(self, notice, reason, before):
        out = []
        if notice[1] in self.person:
            out.append(Finding("L115", 1))
        if reason == "52" and not notice.old_code:
            out.append(Finding("W205"))
        elif before is None:
            out.append(Finding("L114"))
        return out

    def _confirm(self, notice, state, before):
        if state == "MD":
            town = before[14]
        else:
            removals = self.person[notice[1]].removals_21
            town = removals[-1] if removals else None
        return [] if town in notice.own_codes else [Finding("L109")]

    @staticmethod
    def _changes(notice, reason, before):
        """L110, L111, W207, L118 against the row before."""
        def differs(item):
            if item == 5 and reason in BIRTH_DAY_ONLY:
                return notice[5][1:] != before[5][1:]
            return not same(item, notice[item], before[item])

        out = [Finding("L110", n) for n in FORBIDDEN.get(reason, ()) if differs(n)]
        if reason in MUST_CHANGE and not any(differs(n) for n in MUST_CHANGE[reason]):
            out.append(Finding("L111"))
        if reason == "32":
            out += [Finding("W207", n) for n in (4, 27) if differs(n)]
        if reason in L118_REASONS:
            for item, parent in SERIAL_PARENT.items():
                if not differs(item) or differs(parent) or item in MAY_CHANGE_ALONE.get(reason, ()):
                    continue
                grown = count_of(notice[item]) > count_of(before[item])
                if not (grown and item in MAY_GROW_ALONE.get(reason, ())):
                    out.append(Finding("L118", item))
        return out

    # --- applying -----------------------------------------------------------------------------

    def apply(self, notice, business_day):
        """Carry out a notice whose verdict is A or W."""
        reason, kind = notice[10], CLASS_OF_REASON[notice[10]]
        self.applied[notice.key] = notice.content
        if kind == CONFIRM:
            return
        code, subject = notice[1], notice.subject_code
        before = self.rows.get(subject)
        if before is not None:
            counts = self.superseded if before.state == "R" else self.past_removals
            counts[subject] += 1
        if kind == REMOVAL:
            row = self._row_of_removal(notice, before, business_day)
            if reason == "21":
                self.person[code].removals_21.append(row[14])
        else:
            row = self._row_of_snapshot(notice, business_day)
        if subject != code:
            del self.rows[subject]
            self.retired[subject] = code
        if code not in self.person:
            self.person[code] = self.person[subject] if subject != code else Person()
            self.superseded[code] = self.past_removals[code] = 0
        self.rows[code] = row
        if row[9]:
            self.owner[row[9]] = self.person[code]

    @staticmethod
    def _row_of_snapshot(notice, business_day):
        items = dict(notice.items)
        if not STORE_BLANK_AS_SENT:
            items.update({n: items[n] or zero for n, zero in ZERO.items()})
        items.update({12: "0", 13: seion(notice[4]), 19: business_day, 21: "0"})
        return Row(items, "R")

    @staticmethod
    def _row_of_removal(notice, before, business_day):
        items = {n: before[n] for n in KEPT_BY_REMOVAL}
        items.update({n: notice[n] for n in (1, 10, 11, 16, 17, 18, 22)})
        items.update({12: "3" if notice[10] == "23" else "2", 19: business_day, 21: "1"})
        return Row(items, STATE_OF_REMOVAL[notice[10]])

    # --- what is shown ------------------------------------------------------------------------

    def residents(self):
        return sum(row.state == "R" for row in self.rows.values())

    def master_rows(self):
        """state and the 28 items, by code; every resident is RS."""
        for code in sorted(self.rows):
            row = self.rows[code]
            yield ["RS" if row.state == "R" else row.state] + [row[n] for n in range(1, 29)]

    def history_rows(self):
        for code in sorted(self.person):
            yield [code, self.superseded[code], self.past_removals[code]]


MASTER_HEAD = ["state"] + ITEM_NAMES
