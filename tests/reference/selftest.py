"""python3 selftest.py - the model against numbers and scenarios that rules.md itself states.

Vectors of section 1, examples of 5.1 and 5.2, scenarios S1-S22 of section 8, and whether one
generated case reaches every cell, finding and file code that the generator promises.
"""

import argparse
import datetime
import random
import tempfile
import unittest

import checks
import formats
import generate
from encode import CODES, encode_record, header, join, trailer, END, Style
from exchange import Party, Site

GOOD_CODES = """24727059608 24846016224 25208017643 10000000030 10000000090 10000000049 10000000138 10000000057
10000000006 10000000065 10000000014 10000000073 10000000022 10000000081""".split()
GOOD_NUMBERS = """379474484458 454972364860 507957100721 983205673214 123456789018 100000000080 100000000030
100000000099 100000000048 100000000137 100000000056 100000000005 100000000064 100000000013 100000000072
100000000021""".split()
GOOD_TOWNS = "052019 050008 010031 010090 010049 010138 010057 010006 010065 010014 010073 010022 010081".split()

AKITA_CITY, NOSHIRO = "052019", "052027"
PERSON, OTHER, NEW = "24727059608", "24846016224", "25208017643"
NUMBER, NUMBER_2, NUMBER_3 = "379474484458", "454972364860", "507957100721"


class Numbers(unittest.TestCase):
    def test_vectors(self):
        for code in GOOD_CODES:
            self.assertTrue(checks.jumin_code_ok(code), code)
        for number in GOOD_NUMBERS:
            self.assertTrue(checks.my_number_ok(number), number)
        for town in set(GOOD_TOWNS) | checks.AKITA:
            self.assertTrue(checks.town_ok(town), town)
        self.assertFalse(checks.jumin_code_ok("25208017644") or checks.jumin_code_ok("12345678901"))
        self.assertFalse(checks.my_number_ok("507957100722") or checks.my_number_ok("123456789012"))

    def test_seion(self):
        for kana, want in (("がっこう\u3000じろう", "かつこうしろう"), ("ぱうろ", "はうろ"), ("ゔぁん", "うあん"),
                           ("しょーた", "しよーた"), ("ヴァン－Ａ", "うあんーＡ"), ("か\u3099", "か")):
            self.assertEqual(checks.seion(kana), want)

    def test_dates(self):
        good = ["118680125", "119120730", "219120730", "319890107", "420190430", "520190501", "3197000A1", "30000A4A3",
                "31970A200", "320000000", "000000000", "31970A1A2"]
        bad = ["118680124", "319890108", "520190430", "319700230", "319700015", "300000500", "619700101", "52020091"]
        for text in good:
            self.assertEqual(checks.possible_birth(text.ljust(9, "0"), "20200914"), True, text)
        for text in bad:
            self.assertFalse(checks.possible_birth(text, "20200914"), text)
        self.assertTrue(checks.possible_birth("520200914", "20200914"))
        self.assertFalse(checks.possible_birth("520200915", "20200914"))
        self.assertFalse(checks.possible_birth("520201000", "20200914"))


class Bytes(unittest.TestCase):
    def test_cells_and_duplicates(self):
        self.assertEqual(CODES["\ue000"], [b"\xf0\x40"])
        self.assertEqual(CODES["\ue757"], [b"\xf9\xfc"])
        self.assertEqual(len([c for c in CODES if "\ue000" <= c <= "\ue757"]), 1880)
        self.assertEqual(len(CODES["髙"]), 2)
        self.assertEqual(formats.decode_cp932(b"\x94\x5c"), ("能", None))

    def test_faults(self):
        for raw, code in ((b"\x94", "F003"), (b"A\x40", "F004"), (b"\xb1\x81\x40", "F004"), (b"\x80\x81", "F003"),
                          (b"A\xff", "F003"), (b"\x81\x7f", "F003")):
            self.assertEqual(formats.decode_cp932(raw)[1], code, raw)
        for text, code in (("\ud842", "F003"), ("\u00a0", "F004"), ("\u00a1", None), ("\uff60", None), ("\uff61", "F004"),
                           ("\uffdc", "F004"), ("\uffdd", None), ("\uffe8", "F004"), ("\uffee", "F004"), ("\U00020BB7", None)):
            self.assertEqual(formats.decode_ucs2be(text.encode("utf-16-be", "surrogatepass"))[1], code, repr(text))




class Scenarios(unittest.TestCase):
    """Section 8. Each notice goes alone, in a file of its own, unless the scenario says otherwise."""

    def setUp(self):
        parties = [Party(code, ("UPD",), "20020805", "20991231", False, ()) for code in (AKITA_CITY, NOSHIRO)]
        self.site = Site("050008", "P", parties)
        self.serials = {AKITA_CITY: 0, NOSHIRO: 0}
        self.day = datetime.date(2020, 9, 11)
        self.minute = 0
        self.rng = random.Random(0)

    def notice(self, reason, town=AKITA_CITY, code=PERSON, **other):
        self.minute += 1
        values = {
            "jumin_code": code, "kanji_name": "山田\u3000太郎", "name_gaiji_count": "000", "kana_name": "やまだ\u3000たろう",
            "birth_date": "319700101", "sex": "1", "address": "秋田県秋田市山王１番", "address_gaiji_count": "000",
            "my_number": NUMBER, "change_reason": reason, "change_date": "20200911", "municipality_code": town,
            "aza_code": "000001", "operator_id": "OP1", "terminal_id": "T1",
            "timestamp": f"20200911{9 + self.minute // 60:02}{self.minute % 60:02}00000", "gaiji_flag": "0",
            "update_seq": "000001", "name_gaiji_seq": "000", "address_gaiji_seq": "000",
            "former_surname_gaiji_count": "000", "former_surname_gaiji_seq": "000", **other}
        return values

    def send(self, *files):
        """Each file is (town, [values or bytes]); returns {town: [(outcome, code, item)]}."""
        inbound = []
        for town, notices in files:
            self.serials[town] += 1
            records = [n if isinstance(n, bytes) else encode_record(n, "1", self.rng) for n in notices]
            data = join([header("1", town, self.serials[town], "20200911235959999"), *records, trailer(records), END],
                        Style(self.rng))
            inbound.append((f"in/UPD-{town}-050008-{self.serials[town]:08}.dat", data))
        self.last = self.site.run("d", self.day, inbound)
        return {done.path[7:13]: [(o, f.code if f else "", f.item if f else None) for _, o, f in done.rows]
                for done in self.last.counts}

    def one(self, reason, town=AKITA_CITY, **other):
        return self.send((town, [self.notice(reason, town, **other)]))[town]

    def applied(self, *rest, **other):
        for outcome, code, _ in self.one(*rest, **other):
            self.assertIn(outcome, "AW", (rest, code))

    def test_s1_s2_entry_of_a_resident(self):
        self.applied("11")
        self.assertEqual(self.one("11"), [("R", "L101", None)])
        self.assertEqual(self.one("11", NOSHIRO), [("R", "L102", None)])

    def test_s3_s4_move_in_one_run(self):
        self.applied("11")
        out = self.notice("21", timestamp="20200911100000000")
        into = self.notice("11", NOSHIRO, timestamp="20200911103000000")
        self.send((NOSHIRO, [into]), (AKITA_CITY, [out]))
        self.assertEqual([row[1] for row in self.last.ntf], ["21", "11"])
        self.assertEqual(self.site.register.rows[PERSON][14], NOSHIRO)
        self.applied("90", timestamp="20200911110000000")
        self.assertEqual(self.site.register.rows[PERSON][10], "11")

    def test_s5_s6_s7_address(self):
        self.applied("11")
        self.applied("31", address="秋田県秋田市山王２番")
        self.assertEqual(self.site.register.superseded[PERSON], 1)
        self.assertEqual(self.one("31", address="秋田県秋田市山王３番", kanji_name="山田\u3000次郎"), [("R", "L110", 2)])
        self.assertEqual(self.one("31", address="秋田県秋田市山王２番"), [("R", "L111", None)])

    def test_s8_s9_minor(self):
        self.applied("11")
        self.applied("32", address="秋田県秋田市新山王１番", aza_code="000002")
        same = {"address": "秋田県秋田市新山王１番", "aza_code": "000002"}
        self.assertEqual(self.one("32", birth_date="319700102", **same), [("R", "L110", 5)])
        self.applied("32", name_gaiji_seq="001", **same)
        self.assertEqual(self.one("33", name_gaiji_seq="000", **same), [("R", "L118", 23)])

    def test_s10_s11_s12_numbers(self):
        self.applied("11")
        married = {"kanji_name": "川田\u3000花", "kana_name": "かわだ\u3000はな", "former_surname_kanji": "山田",
                   "former_surname_kana": "やまだ"}
        self.applied("33", **married)
        self.assertEqual(self.one("33", my_number=NUMBER_2, **{**married, "kanji_name": "川\u3000花"}), [("R", "L110", 9)])
        self.applied("13", code=OTHER, my_number="", birth_date="520200911")
        child = {"code": OTHER, "birth_date": "520200911"}
        self.assertEqual(self.one("43", my_number=NUMBER, **child), [("R", "L113", 9)])
        self.applied("43", my_number=NUMBER_2, **child)
        self.assertEqual(self.one("41", my_number=NUMBER_3, old_my_number=NUMBER, **child), [("R", "L112", None)])

    def test_s13_code(self):
        self.applied("11")
        self.applied("51", code=NEW, old_jumin_code=PERSON)
        self.assertEqual(self.one("31", address="秋田県秋田市山王９番"), [("R", "L107", None)])
        self.assertEqual(self.site.register.retired, {PERSON: NEW})

    def test_s14_s15_death_and_pairs(self):
        self.applied("11")
        self.applied("23")
        self.assertEqual(self.one("11"), [("R", "L104", None)])
        self.assertEqual(self.one("16"), [("W", "W203", None)])
        self.assertEqual(self.one("14"), [("R", "L101", None)])
        self.applied("24")
        self.assertEqual(self.one("11"), [("R", "L108", None)])
        self.applied("14", kanji_name="川田\u3000太郎")
        self.assertEqual(self.one("14", code=OTHER), [("R", "L105", None)])

    def test_s16_s17_dates_and_numbers_of_removals(self):
        self.applied("11")
        self.assertEqual(self.one("23", change_date="20200912"), [("R", "L116", 11)])
        self.assertEqual(self.one("21", my_number=NUMBER_2), [("R", "L117", 9)])
        self.applied("21", change_date="20200921")

    def test_s18_s20_s21_s22_format(self):
        self.assertEqual(self.one("11", code="25208017644"), [("R", "C001", 1)])
        values = self.notice("11")
        values["municipality_code"] = NOSHIRO
        self.assertEqual(self.send((AKITA_CITY, [values]))[AKITA_CITY], [("R", "C010", 14)])
        raw = bytearray(encode_record(self.notice("11"), "1", self.rng))
        raw[425:825] = b"1" + b"\x94\x5c" * 199 + b"\x94"
        self.send((AKITA_CITY, [bytes(raw)]))
        (_, _, finding), = self.last.counts[0].rows
        self.assertEqual((finding.code, finding.item, finding.length), ("F003", 7, 400))
        self.assertIn(finding.offset, (1400 + 425, 1401 + 425, 1402 + 425))
        self.assertEqual(self.one("11", kanji_name="山\u3013"), [("R", "C007", 3)])

    def test_s19_twice(self):
        values = self.notice("11")
        self.assertEqual([o for o, _, _ in self.send((AKITA_CITY, [values, dict(values)]))[AKITA_CITY]], ["A", "D"])
        self.assertEqual(self.send((AKITA_CITY, [{**values, "sex": "2"}]))[AKITA_CITY], [("R", "L120", None)])


class Coverage(unittest.TestCase):
    FINDINGS = set("""C001 C002 C003 C004 C005 C006 C007 C008 C009 C010 F003 F004 F005 F006 L101 L102 L102b L103 L104 L104b
    L105 L106 L107 L108 L109 L110 L111 L112 L113 L114 L115 L116 L117 L118 L119 L120 W201 W202 W203 W204 W205 W206 W207 W208
    W209 W210 W211""".split())
    FILES = {"processed", "duplicate", "rejected F001", "rejected F002",
             *(f"held H{n:02}" for n in (1, 2, 3, 4, 6, 7, 9))}

    def test_one_case_has_everything(self):
        with tempfile.TemporaryDirectory() as out:
            args = argparse.Namespace(seed=1, residents=300, notices=3000, days=8, expected=False, doubtful=False, out=out)
            with open("/dev/null", "w", encoding="utf-8") as nowhere:
                seen = generate.generate(args, nowhere)
        self.assertEqual({c for c in generate.all_cells() if not seen["cells"][c]}, set())
        self.assertEqual(self.FINDINGS - set(seen["findings"]), set())
        self.assertEqual(self.FILES - set(seen["files"]), set())


if __name__ == "__main__":
    unittest.main()
