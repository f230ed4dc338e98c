"""Notices of the stress generator: steered to every cell of the transition table, then twisted.

A Writer keeps a copy of the register (planner.Register) and judges each notice as it writes it,
so that it knows which code is in which state; what really becomes of a notice is decided by
the model over the finished files.
"""

import datetime

import checks
from encode import encode_record, fit
from formats import GETA, NAME_OF_ITEM, read_record
from people import BIRTH_WRONG
from planner import (CELLS, CLASS_OF_REASON, CODE, CONFIRM, ENTRY, FORBIDDEN, NUMBER, REMOVAL, STATES, Notice)

CREATABLE = [r for r in CELLS if CLASS_OF_REASON[r] == ENTRY and CELLS[r]["AB"] == "ok"]
TOUCHABLE = (2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 20, 23, 24, 25, 26, 27, 28)


class Town:
    """A sending municipality of the case."""

    def __init__(self, code, encoding, predecessors):
        self.code, self.encoding, self.predecessors = code, encoding, predecessors

    @property
    def own_codes(self):
        return {self.code, *self.predecessors}


class Draft:
    """A written notice: the bytes, its sender and its instant."""

    def __init__(self, town, values, raw):
        self.town, self.values, self.raw = town, values, raw


class Writer:
    """Writes notices of one day against a copy of the register."""

    def __init__(self, rng, invent, towns, known_towns, register, business_day, created_at):
        self.rng, self.invent, self.towns, self.known_towns = rng, invent, towns, known_towns
        self.register, self.business_day, self.created_at = register, business_day, created_at
        self.clock = 8 * 3600_000
        self.drafts = []
        self.pool = {}
        self.met = {}
        for code in register.person:
            self._place(code)

    # --- states -------------------------------------------------------------------------------

    def _home(self, town_code):
        return next((t for t in self.towns if town_code in t.own_codes), None)

    def _raw_state(self, code):
        state = self.register.state(code, ())
        return "R" if state == "RO" else state

    def _place(self, code):
        self.pool.setdefault(self._raw_state(code), []).append(code)

    def _pick(self, state):
        """A random code in that state (R: resident anywhere), or None."""
        codes = self.pool.get(state, [])
        while codes:
            at = self.rng.randrange(len(codes))
            if self._raw_state(codes[at]) == state:
                return codes[at]
            codes[at] = codes[-1]
            codes.pop()
        return None

    def _subject(self, state):
        """(code, town) that meets `state`, or None if nobody does."""
        if state == "AB":
            return self.invent.code(), self.rng.choice(self.towns)
        code = self._pick("R" if state in ("RS", "RO") else state)
        if code is None:
            return None
        if state == "RT":
            return code, self.rng.choice(self.towns)
        home = self._home(self.register.rows[code][14])
        if state == "RS":
            return (code, home) if home else None
        others = [t for t in self.towns if t is not home]
        if state == "RO":
            return code, self.rng.choice(others)
        return code, self.rng.choice(self.towns) if self.rng.random() < 0.4 or not home else home

    # --- values -------------------------------------------------------------------------------

    def day(self, shift):
        """A day near the business date as YYYYMMDD."""
        base = datetime.datetime.strptime(self.business_day, "%Y%m%d").date()
        return (base + datetime.timedelta(days=shift)).strftime("%Y%m%d")

    def new_person(self, code, town, reason="11"):
        """A whole snapshot without item 18 and 22."""
        rng, invent = self.rng, self.invent
        kanji, kana = invent.name(town.encoding)
        values = {
            "jumin_code": code, "kanji_name": kanji, "kana_name": kana,
            "birth_date": invent.birth(self.business_day), "sex": rng.choice("123"),
            "address": invent.address(town.encoding), "my_number": invent.number(),
            "change_reason": reason, "change_date": self.day(-rng.randrange(0, 30)),
            "municipality_code": rng.choice(sorted(town.own_codes)) if rng.random() < 0.3 else town.code,
            "aza_code": f"{rng.randrange(1000):06}", "operator_id": f"OP{rng.randrange(1000):04}",
            "terminal_id": f"T{rng.randrange(100):03}", "received_date": rng.choice(["", "00000000"]),
            "name_gaiji_seq": "000", "address_gaiji_seq": "000", "former_surname_gaiji_seq": "000",
        }
        if rng.random() < 0.2:
            values["former_surname_kanji"], values["former_surname_kana"] = invent.surname(town.encoding)
        return self.settle(values)

    def settle(self, values):
        """Make 3, 8, 26 and 20 follow the text; zero is sometimes blank."""
        any_gaiji = False
        for text, count in (("kanji_name", "name_gaiji_count"), ("address", "address_gaiji_count"),
                            ("former_surname_kanji", "former_surname_gaiji_count")):
            number = values.get(text, "").count(GETA)
            any_gaiji |= number > 0
            values[count] = f"{number:03}" if number or self.rng.random() < 0.93 else ""
        values["gaiji_flag"] = "1" if any_gaiji else "0"
        return values

    def snapshot(self, code, town):
        """The master's row as the town would send it."""
        row = self.register.rows.get(code)
        if row is None:
            return self.new_person(code, town)
        values = {name: row[item] for item, name in NAME_OF_ITEM.items()}
        for item in (2, 4, 7, 25, 27):
            values[NAME_OF_ITEM[item]] = fit(row[item], town.encoding)
        values.update({"retention_flag": "", "deleted_flag": "", "seion_kana_name": "",
                       "received_date": self.rng.choice(["", "00000000"])})
        for name, zero in (("name_gaiji_seq", "000"), ("address_gaiji_seq", "000"),
                           ("former_surname_gaiji_seq", "000"), ("aza_code", "000000")):
            if values[name] in (zero, "") and self.rng.random() < 0.1:
                values[name] = self.rng.choice(["", zero])
        return self.settle(values)

    def stamp(self, values, before):
        """Items 16-18 and 22: mostly later than everything before, sometimes not."""
        rng = self.rng
        self.clock = min(self.clock + rng.choice([0, 0, 1, 500, 7_000, 15_000]), 86_399_999)
        instant = self.clock
        pick = rng.random()
        if pick < 0.02:
            instant = max(0, instant - rng.randrange(1, 7_200_000))
        hour, rest = divmod(instant, 3600_000)
        minute, rest = divmod(rest, 60_000)
        second, milli = divmod(rest, 1000)
        values["timestamp"] = f"{self.business_day}{hour:02}{minute:02}{second:02}{milli:03}"
        seq = int(before[22]) + 1 if before is not None else 1
        values["update_seq"] = f"{seq % 1000000:06}"
        if before is not None and rng.random() < 0.05:      # same instant, or a little older
            values["timestamp"] = before[18]
            values["update_seq"] = f"{max(0, int(before[22]) + rng.choice([-1, 0, 1, 1, 1])):06}"
        if rng.random() < 0.05:
            values["update_seq"] = f"{rng.choice([0, 1, 2, 999999]):06}"
        values["operator_id"] = f"OP{rng.randrange(1000):04}"
        values["terminal_id"] = f"T{rng.randrange(100):03}"

    # --- twists -------------------------------------------------------------------------------

    def touch(self, values, item, town):
        """Change one item in some way."""
        rng, invent, name = self.rng, self.invent, NAME_OF_ITEM[item]
        old = values.get(name, "")
        if item in (2, 4):
            values[name] = invent.name(town.encoding)[item == 4] if item == 2 or rng.random() < 0.7 else ""
        elif item == 5:
            values[name] = rng.choice([invent.birth(self.business_day), invent.birth(self.business_day),
                                       rng.choice("0" + old[:1]) + old[1:], old[:7] + rng.choice(["00", "A1"]),
                                       rng.choice(BIRTH_WRONG) if rng.random() < 0.1 else old])
        elif item == 6:
            values[name] = rng.choice("123")
        elif item == 7:
            values[name] = invent.address(town.encoding)
        elif item == 9:
            values[name] = rng.choice([invent.number(), invent.number(), "", self.used_number() or old])
        elif item == 13:
            right = checks.seion(values.get("kana_name", ""))
            values[name] = fit(rng.choice([right, right, right + "あ", values.get("kana_name", "")]), town.encoding)
        elif item == 14:
            values[name] = rng.choice(sorted(town.own_codes))
        elif item == 15:
            values[name] = rng.choice(["", "000000", f"{rng.randrange(1000):06}"])
        elif item in (23, 24, 28):
            values[name] = rng.choice(["", "000", f"{min(999, int(old or 0) + 1):03}", f"{max(0, int(old or 0) - 1):03}"])
        elif item in (25, 27):
            kanji, kana = invent.surname(town.encoding)
            values[name] = rng.choice([kanji if item == 25 else kana, ""])
        elif item in (3, 8, 26):
            values[name] = rng.choice(["000", "", "001", "002", f"{int(old or 0):03}"])
        elif item == 20:
            values[name] = rng.choice(["0", "1", "", "2"])

    def used_number(self):
        """A number that somebody has or had."""
        owners = self.register.owner
        return self.rng.choice(list(owners)) if owners else None

    def used_code(self):
        codes = self.register.person
        return self.rng.choice(list(codes)) if codes else None

    def shape(self, values, reason, before, town):
        """Make the snapshot what the reason asks for, so that most notices could be applied."""
        rng, kind = self.rng, CLASS_OF_REASON[reason]
        values["change_reason"] = reason
        values["change_date"] = self.day(-rng.choice([0, 0, 0, 1, 2, 40]))
        values["old_my_number"] = values["old_jumin_code"] = ""
        if kind == REMOVAL:
            if reason in ("21", "22") and rng.random() < 0.4:
                values["change_date"] = self.day(rng.randrange(1, 60))
            if reason in ("23", "26") and rng.random() < 0.5:
                day = values["change_date"]
                values["change_date"] = rng.choice([day[:6] + "00", day[:6] + "A1", day[:6] + "A2", day[:4] + "A300",
                                                    day[:4] + "0000", "00000000", "0000A4A3", day[:4] + "A1A2"])
        elif kind == ENTRY:
            values["municipality_code"] = town.code
            if reason in ("14", "15") and before is not None:
                values["change_date"] = before[11]
                values["municipality_code"] = before[14] if rng.random() < 0.95 else town.code
                for item in rng.sample((2, 4, 25, 27), rng.randrange(4)):
                    self.touch(values, item, town)
                values["birth_date"] = rng.choice("0" + values["birth_date"][:1]) + values["birth_date"][1:]
                self.settle(values)
            elif before is not None:
                for item in (2, 4, 5, 6, 7, 9, 25):
                    if rng.random() < 0.15:
                        self.touch(values, item, town)
            if reason == "13":
                values["birth_date"] = ("5" if values["change_date"] >= "20190501" else "4") + values["change_date"]
                if rng.random() < 0.4:
                    values["my_number"] = ""
        elif reason == "31":
            self.touch(values, 7, town)
            values["aza_code"] = f"{rng.randrange(1000):06}"
        elif reason in ("32", "33"):
            allowed = (2, 4, 7, 25, 27, 14, 23, 24, 28, 15) if reason == "32" else (2, 4, 5, 6, 7, 25, 27, 23, 24, 28)
            for item in rng.sample(allowed, rng.choice([1, 1, 2, 3])):
                self.touch(values, item, town)
        elif kind == NUMBER:
            values["old_my_number"] = before[9] if before is not None else ""
            if reason == "43" and rng.random() < 0.5 or not values["old_my_number"]:
                values["old_my_number"] = values["old_my_number"] or rng.choice(["", self.invent.number()])
            values["my_number"] = self.invent.number()
        if kind != NUMBER and rng.random() < 0.02:
            values["old_my_number"] = self.invent.number()
        self.settle(values)

    def twist(self, values, reason, town):
        """Changes beyond what the reason asks: none, some, or one that is forbidden."""
        rng = self.rng
        pick = rng.random()
        if pick < 0.55:
            return
        if pick < 0.75:
            chosen = [rng.choice(FORBIDDEN.get(reason) or TOUCHABLE)]
        else:
            chosen = [n for n in TOUCHABLE if rng.random() < 0.2]
        for item in chosen:
            self.touch(values, item, town)
        if rng.random() < 0.8:
            self.settle(values)
        if rng.random() < 0.15:
            values["change_date"] = self.day(rng.choice([1, 3, -400, -3]))
        if rng.random() < 0.1:
            values["old_my_number"] = rng.choice(["", self.invent.number(), self.used_number() or ""])

    # --- one notice ---------------------------------------------------------------------------

    def write_cell(self, reason, state):
        """A notice that meets the cell; False if nobody is in that state."""
        subject = self._subject(state)
        if subject is None:
            return False
        code, town = subject
        before = self.register.rows.get(code)
        values = self.snapshot(code, town)
        if values["municipality_code"] not in town.own_codes and self.rng.random() < 0.95:
            values["municipality_code"] = town.code
        self.shape(values, reason, before, town)
        if CLASS_OF_REASON[reason] == CODE:
            values["old_jumin_code"] = code
            values["jumin_code"] = self.invent.code()
            if self.rng.random() < 0.15:
                values["jumin_code"] = self.used_code() or code
            if reason == "52" and state == "AB" and self.rng.random() < 0.75:
                values["old_jumin_code"] = ""
                if self.rng.random() < 0.3:     # 52 without old code on a known code
                    values["jumin_code"] = self.used_code() or code
        elif self.rng.random() < 0.02:
            values["old_jumin_code"] = self.used_code() or ""
        if CLASS_OF_REASON[reason] == CONFIRM:
            values["municipality_code"] = self.rng.choice(sorted(town.own_codes))
            person = self.register.person.get(code)
            if person and person.removals_21 and self.rng.random() < 0.7:
                home = self._home(self.rng.choice(person.removals_21[-2:]))
                town = home or town
                values["municipality_code"] = town.code
        self.twist(values, reason, town)
        self.stamp(values, before)
        self.finish(town, values)
        return True

    def finish(self, town, values, raw=None):
        """Encode, judge against the copy and keep the draft."""
        if raw is None:
            raw = encode_record(values, town.encoding, self.rng)
        self.drafts.append(Draft(town, values, raw))
        record = read_record(1, 0, raw, town.encoding)
        around = checks.Surroundings(town.own_codes, self.known_towns, self.created_at, self.business_day)
        if record.findings or checks.c_findings(record, around):
            return
        notice = Notice(record, town.code, town.own_codes, 1)
        verdict = self.register.judge(notice, self.business_day)
        if verdict.cell:
            self.met[verdict.cell] = self.met.get(verdict.cell, 0) + 1
        if verdict.outcome in "AW":
            self.register.apply(notice, self.business_day)
            for code in {notice[1], notice.subject_code}:
                self._place(code)

    def write_number_across_chains(self):
        """L113 over chains: a notice that brings a number of the same or another chain."""
        code = self._pick("R")
        if code is None:
            return
        town = self._home(self.register.rows[code][14])
        values = self.snapshot(code, town)
        self.shape(values, "42", self.register.rows[code], town)
        mine = [n for n, p in self.register.owner.items() if p is self.register.person[code]]
        values["my_number"] = self.rng.choice([self.rng.choice(mine or [""]), self.used_number() or ""])
        self.stamp(values, self.register.rows[code])
        self.finish(town, values)

    def write_again(self):
        """An earlier notice of the day again: as it was, with other bytes of the same text, changed
        in an item that does not count, or with other content."""
        if not self.drafts:
            return
        draft = self.rng.choice(self.drafts[-200:])
        values, pick = dict(draft.values), self.rng.random()
        if pick < 0.3:
            return self.finish(draft.town, values, draft.raw)
        if pick < 0.5:
            values["received_date"] = "00000000"
            values["seion_kana_name"] = ""
        elif pick < 0.6:
            values["old_my_number"] = self.invent.number()
        else:
            self.touch(values, self.rng.choice(TOUCHABLE), draft.town)
            self.settle(values)
        return self.finish(draft.town, values)

    def write_move(self):
        """A move between towns in one run, the records in any order, with a 90 somewhere."""
        code = self._pick("R")
        if code is None or len(self.towns) < 2:
            return
        home = self._home(self.register.rows[code][14])
        target = self.rng.choice([t for t in self.towns if t is not home])
        first = self.snapshot(code, home)
        before = self.register.rows[code]
        self.shape(first, "21", before, home)
        self.stamp(first, before)
        second = self.snapshot(code, target)
        self.shape(second, "11", before, target)
        second["change_date"] = self.day(0)
        self.stamp(second, before)
        third = self.snapshot(code, home)
        self.shape(third, "90", before, home)
        third["municipality_code"] = home.code
        self.stamp(third, before)
        if self.rng.random() < 0.5:
            second["timestamp"] = third["timestamp"] = first["timestamp"]
        if self.rng.random() < 0.3:
            third["timestamp"] = second["timestamp"]
        notices = [(home, first), (target, second), (home, third)]
        if self.rng.random() < 0.3:
            self.rng.shuffle(notices)
        for town, values in notices:
            self.finish(town, values)

    def write_chain(self):
        """51/52 several times over, in one run."""
        code = self._pick("R")
        if code is None:
            return
        for _ in range(self.rng.randint(2, 4)):
            before = self.register.rows.get(code)
            if before is None:
                return
            town = self._home(before[14])
            values = self.snapshot(code, town)
            self.shape(values, self.rng.choice(["51", "52"]), before, town)
            values["old_jumin_code"], values["jumin_code"] = code, self.invent.code()
            values["change_date"] = self.day(0)
            self.stamp(values, before)
            self.finish(town, values)
            code = values["jumin_code"]

    def write_pair(self):
        """24 + 14 or 25 + 15, right or crossed, the date sometimes another."""
        code = self._pick("R")
        if code is None:
            return
        town = self._home(self.register.rows[code][14])
        removal = self.rng.choice(["24", "25"])
        first = self.snapshot(code, town)
        self.shape(first, removal, self.register.rows[code], town)
        first["change_date"] = self.day(0)
        self.stamp(first, self.register.rows[code])
        self.finish(town, first)
        before = self.register.rows[code]
        entry = {"24": "14", "25": "15"}[removal] if self.rng.random() < 0.8 else "16"
        second = self.snapshot(code, town)
        self.shape(second, entry, before, town)
        self.twist(second, entry, town)
        self.stamp(second, before)
        self.finish(town, second)


def all_cells():
    return [(reason, state) for reason in CELLS for state in STATES]
