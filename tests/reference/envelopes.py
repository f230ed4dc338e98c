"""Files of the stress generator: sound ones and every fault of the file ladder (2.6, 9 Files).

`Sender` writes the files of one town on one day.  It starts from what the model says the server
expects next and which files wait; the drafts of the day go into sound files, and one scenario
of SCENARIOS adds its fault around them.
"""

import hashlib

from encode import END, LENGTH, Style, header, join, trailer
from formats import UCS2BE


class Sender:
    """The files of one town on one day: `out` is [(name, bytes)]."""

    def __init__(self, rng, town, day, expected, waiting, memory):
        self.rng, self.town, self.day = rng, town, day      # day: created_at of the files
        self.expected = self.next = expected                # serials below were consumed before
        self.waiting = waiting                              # serial -> bytes held for a gap
        self.memory = memory                                # names used; bytes sent before
        self.out = []

    # --- pieces -------------------------------------------------------------------------------

    def name(self, serial, **other):
        """The agreed name; if it was used before, one of another form (no contradiction)."""
        parts = {"kind": "UPD", "sender": self.town.code, "receiver": "050008", "serial": serial, **other}
        name = "{kind}-{sender}-{receiver}-{serial:08}.dat".format(**parts)
        if name in self.memory.names or self.rng.random() < 0.05:
            name = self.free_name("z")
        return name

    def free_name(self, prefix):
        self.memory.counter += 1
        return f"{prefix}{self.memory.counter:05}-{self.town.code}.dat"

    def build(self, records, serial, head=None, tail=None, style=None):
        """(header, data records, trailer, end) joined."""
        top = header(self.town.encoding, self.town.code, serial, self.day, **(head or {}))
        return join([top, *records, trailer(records, **(tail or {})), END], style or Style(self.rng))

    def put(self, name, data):
        self.memory.names.add(name)
        self.out.append((name, data))
        return data

    def take(self):
        """The next serial that no waiting file has."""
        while self.next in self.waiting:
            self.next += 1
        self.next += 1
        return self.next - 1

    def remember(self, serial, data):
        self.memory.sent.setdefault(self.town.code, []).append((serial, data))

    def sound(self, records, **other):
        """A file that will be taken; (serial, bytes)."""
        serial = self.take()
        data = self.put(self.name(serial), self.build(records, serial, **other))
        self.remember(serial, data)
        return serial, data

    def rejected(self, data):
        self.memory.refused.setdefault(self.town.code, []).append(data)

    # --- scenarios ----------------------------------------------------------------------------

    def plain(self, records):
        self.sound(records)

    def several(self, records):
        cut = self.rng.randrange(len(records) + 1)
        self.sound(records[:cut])
        self.sound(records[cut:])
        if self.rng.random() < 0.5:
            self.sound([])

    def gap(self, records):
        """The second file comes, the first will be sent on a later day."""
        cut = self.rng.randrange(len(records) + 1)
        self.sound(records[:cut])
        skipped = self.next
        for serial in range(skipped + 1, skipped + self.rng.choice([2, 3])):
            if serial not in self.waiting:
                data = self.build(records[cut:] if serial == skipped + 1 else [], serial)
                self.put(self.name(serial), data)
                self.remember(serial, data)
        self.memory.gaps[self.town.code] = self.rng.choice([1, 1, 2])

    def still_gap(self, records):
        """The missing file still does not come; a waiting one comes again, another with its serial."""
        for serial, data in sorted(self.waiting.items())[:2]:
            self.put(self.free_name("y"), data)
            self.put(self.free_name("x"), self.build(records[:1], serial))
        high = max([self.next, *self.waiting]) + 2
        self.put(self.free_name("w"), self.build(records[1:], high))

    def again(self, records):
        """Files answered before, once more: duplicates."""
        self.sound(records)
        old = [data for serial, data in self.memory.sent[self.town.code] if serial < self.expected]
        for data in self.rng.sample(old, min(2, len(old))):
            self.put(self.free_name("d"), data)

    def same_day_twice(self, records):
        """The same bytes under two names, and another file with that serial."""
        serial, data = self.sound(records)
        self.put(self.free_name("zz"), data)
        self.put(self.free_name("zzz"), self.build(records[:1], serial))

    def conflict(self, records):
        self.sound(records)
        serial = self.rng.randint(1, self.expected - 1)
        self.put(self.free_name("c"), self.build(records[:2], serial, head={"created_at": self.day[:-1] + "7"}))

    def incomplete(self, records):
        """H01 in many shapes; the whole file follows under another name or on a later day."""
        style = Style(self.rng)
        style.last_end = style.tail = b""
        data = self.build(records, self.next, style=style)
        shapes = [data[:-1], data[:-LENGTH], data[:-LENGTH] + b"9" + b"x" * (LENGTH - 1),
                  data[:len(data) // 2], data + b"\x1a\x1a", data[:-2] + b"\x81\x40", data + b"\n\n",
                  data[:LENGTH], data + data[:LENGTH], data + b" "]
        for shape in self.rng.sample(shapes, 2):
            self.put(self.free_name("h"), shape)
        if self.rng.random() < 0.6:
            self.sound(records)

    def unreadable(self, records):
        """H02: the header cannot be read."""
        data = self.build(records[:2], self.next)
        shapes = [b"", data[:10], data[:LENGTH - 1], b"2" + data[1:], data[:1] + b"XYZ" + data[4:], b"\x1a", b"\r\n",
                  data[:6] + b" " * 8 + data[14:], data[:22] + b"0000000A" + data[30:], data[:22] + b" " * 8 + data[30:],
                  data[:22] + b"      12" + data[30:], b"\xef\xbb\xbf" + data, data[:1] + b"upd" + data[4:], b"9" + b" " * 1399]
        for shape in self.rng.sample(shapes, 4):
            self.put(self.free_name("u"), shape)
        self.sound(records)

    def contradicting(self, records):
        """H02: the name says something else than the header; the true name follows."""
        serial, other = self.next, f"{self.next + 500:08}"
        data = self.build(records, serial)
        name = self.rng.choice([f"UPD-{self.town.code}-050008-{other}.dat", f"EXT-{self.town.code}-050008-{serial:08}.dat",
                                f"UPD-054640-050008-{serial:08}.dat", f"UPD-{self.town.code}-060003-{serial:08}.dat"])
        if name not in self.memory.names:
            self.put(name, data)
        if self.rng.random() < 0.7:
            self.sound(records)

    def strangers(self, records):
        """H03 unknown or not registered for UPD, H04 inactive, H09 environment."""
        self.sound(records)
        for sender in ("999999", "054640", "054631", "050008", "052019X"):
            raw = self.build(records[:1], 1, head={"sender": sender})
            self.put(self.free_name("s"), raw)
        for environment in "T ", "t":
            self.put(self.free_name("e"), self.build(records[:1], self.next, head={"environment": environment[:1]}))
        self.put(self.free_name("e"), self.build(records[:1], self.next, head={"environment": " "}))

    def wrong_sums(self, records):
        """F002 in many shapes; the serial is not consumed."""
        day, serial = self.day, self.next
        right = hashlib.sha256(b"".join(records)).hexdigest()
        heads = [{"format_version": "02"}, {"format_version": " 1"}, {"receiver": "060003"}, {"receiver": " 050008"},
                 {"created_at": "20201301000000000"}, {"created_at": "2020-09-14T000000"}, {"created_at": " "},
                 {"created_at": day[:8] + "240000000"}, {"created_at": self.memory.too_late}, {"serial": "00000000"},
                 {"text_encoding": "0"}, {"text_encoding": "3"}, {"text_encoding": " "}, {"receiver": " "}]
        tails = [{"record_count": f"{len(records) + 1:08}"}, {"record_count": " "}, {"record_count": "ABCDEFGH"},
                 {"data_sha256": right[:-1] + ("0" if right[-1] != "0" else "1")},
                 {"data_sha256": right.upper() if right.upper() != right else "x"}, {"data_sha256": right[:60]}]
        if not self.memory.hash_optional == self.town.code:
            tails.append({"data_sha256": " "})
        for fault in self.rng.sample(heads + tails, 3):
            head, tail = (fault, None) if fault in heads else (None, fault)
            data = self.put(self.free_name("f"), self.build(records, serial, head=head, tail=tail))
            self.rejected(data)
        if self.rng.random() < 0.7:     # the serial with right bytes, on the same day
            self.sound(records)

    def wrong_shape(self, records):
        """F001 in many shapes; complete at the end, though."""
        serial = self.next
        top = header(self.town.encoding, self.town.code, serial, self.day)
        foot = trailer(records)
        shapes = [
            b"\r\n".join([top, *records]) + b"\n" + foot + b"\r\n" + END,
            b"\n".join([top, *records, foot, END]) + b"\r\n",
            b"\r\n".join([top, *records, foot, END]) + b"\n",
            b"".join([top, *records, foot, END]) + b"\r\n",
            b"".join([top, *records, foot]) + b"\n" + END,
            b"".join([top, *records, END]), b"".join([top, top, *records, foot, END]),
            b"".join([top, foot, *records, END]) if records else b"".join([top, foot, foot, END]),
            b"".join([top, *records, foot, END, END]), b"".join([top, *records, foot, foot, END]),
            b"".join([top, *records]) + b"xxx" + foot + END, top + b"5" + b" " * (LENGTH - 1) + b"".join(records) + foot + END,
            b"".join([top, *records, END, foot, END]), top + b" " * 700 + foot + END, top + END]
        for shape in self.rng.sample(shapes, 3):
            self.rejected(self.put(self.free_name("g"), shape))
        if self.rng.random() < 0.7:
            self.sound(records)

    def refused_again(self, records):
        """Rejected bytes once more: a duplicate with the stored answer."""
        self.sound(records)
        for data in self.memory.refused.get(self.town.code, [])[-2:]:
            self.put(self.free_name("r"), data)

    def refused_twice_then_good(self, records):
        """One serial three times in one run: refused, the same refused bytes, then right (by name)."""
        data = self.build(records, self.next, tail={"record_count": "99999999"})
        self.put(self.free_name("A"), data)
        self.put(self.free_name("B"), data)
        self.rejected(data)
        self.sound(records)

    def two_with_one_serial(self, records):
        """By name: the first is taken, the second is a conflict."""
        serial, _ = self.sound(records)
        self.put(self.free_name("zz"), self.build(list(reversed(records)) + records[:1], serial))

    def blank_hash(self, records):
        """data_sha256 blank: right only for the party whose profile allows it."""
        if self.memory.hash_optional == self.town.code:
            self.sound(records, tail={"data_sha256": " "})
        else:
            self.rejected(self.put(self.free_name("f"), self.build(records, self.next, tail={"data_sha256": " "})))

    def odd_but_right(self, records):
        """Things that are not tested: filler, created_at tomorrow, the other encoding in an empty file."""
        style = Style(self.rng)
        style.end, style.last_end, style.tail = b"", b"", b"\x1a\r\n"
        serial = self.take()
        top = bytearray(header(self.town.encoding, self.town.code, serial, self.memory.tomorrow))
        top[200:210] = b"any filler"
        foot = bytearray(trailer(records))
        foot[100:103] = b"xyz"
        self.remember(serial, self.put(self.name(serial), join([bytes(top), *records, bytes(foot), END], style)))
        self.sound([], head={"text_encoding": "1" if self.town.encoding == UCS2BE else UCS2BE})

    # --- where rules.md leaves a choice (--doubtful) ------------------------------------------

    def waiting_again_when_filled(self, records):
        """A waiting file again, and another with its serial, in the run that fills the gap."""
        waiting = sorted(self.waiting.items())
        self.sound(records)
        for serial, data in waiting[:1]:
            self.put(self.free_name("y"), data)
            self.put(self.free_name("x"), self.build(records[:1], serial))

    def odd_ends(self, records):
        """0x1A followed by a line end that the records do not have; a name with an unknown kind."""
        style = Style(self.rng)
        style.end, style.last_end = b"\n", b"\n"
        style.tail = b"\x1a\r\n"
        self.sound(records, style=style)
        self.put(f"ABC-{self.town.code}-050008-{self.next:08}.dat", self.build([], self.take()))

    def tomorrow_noon(self, records):
        """created_at on the day after the business date, but more than 24 hours after its start."""
        self.sound(records, head={"created_at": self.memory.tomorrow[:8] + "120000000"})


DOUBTFUL = ["waiting_again_when_filled", "odd_ends", "tomorrow_noon"]
SCENARIOS = ["plain", "several", "gap", "again", "same_day_twice", "conflict", "incomplete", "unreadable",
             "contradicting", "strangers", "wrong_sums", "wrong_shape", "refused_again",
             "refused_twice_then_good", "two_with_one_serial", "blank_hash", "odd_but_right", "several", "wrong_sums",
             "wrong_shape", "incomplete", "gap"]


class Memory:
    """What the scenarios remember over the days of a case."""

    def __init__(self, hash_optional, doubtful):
        self.names, self.counter = set(), 0
        self.sent, self.refused, self.gaps = {}, {}, {}
        self.hash_optional, self.doubtful = hash_optional, doubtful
        self.tomorrow = self.too_late = ""
