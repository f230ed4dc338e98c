"""Invented people and places for the stress generator, with valid check digits (section 1).

Names are put together at random from single characters; nobody is meant.  The characters are
chosen for trouble: second bytes 5C and 7C, NEC/IBM duplicates, user-defined cells, 〓, surrogate
pairs and variation sequences where the encoding has them.
"""

import checks
from encode import DUPLICATED, fit
from formats import CP932, GETA

_FAMILY = [("山", "やま"), ("川", "かわ"), ("田", "た"), ("能", "のう"), ("表", "おもて"), ("崎", "さき"),
           ("﨑", "ざき"), ("髙", "たか"), ("橋", "ばし"), ("渡", "わたり"), ("部", "べ"), ("沢", "ざわ"),
           ("石", "いし"), ("十", "じゅう"), ("暴", "ぼう"), ("彌", "や"), ("鷗", "おう"), ("瀨", "せ")]
_GIVEN = [("一", "いっ"), ("平", "ぺい"), ("美", "み"), ("貼", "てん"), ("欺", "ぎ"), ("兎", "と"), ("次", "じ"),
          ("郎", "ろう"), ("翔", "しょう"), ("太", "た"), ("貴", "たか"), ("予", "よ"), ("ソ", "ソ"), ("構", "こう")]
_KANA_ODD = ["ー", "―", "－", "‐", "─", "━", "ヴァ", "ヵ", "ヶ", "ゎ", "゛", "゜", "Ａ", "ｚ", "９", "っ",
             "ぱ", "ぢ", "ゐ", "を", "ゞ", "㈱", "①", "Ⅲ", "～", "’", "・"]
_KANA_ODD_WIDE = ["ゔ", "ゕ", "ゖ", "か\u3099", "は\u309a", "〜", "−", "—", "‑", "–"]
_PLACES = ["秋田県秋田市山王", "秋田県能代市能代町", "秋田県横手市十文字町", "秋田県にかほ市象潟町", "秋田県大仙市字表町"]
_WIDE_EXTRA = ["\U00020BB7", "\u845B\U000E0100", "\u3402", "\u301C", "\u2014", "\u2212", "\u00A1",
               "\uFF60", "\uFFE0", "\uE758", "\uF8F0"]


class Invent:
    """Source of invented values; every code and number is given out once."""

    def __init__(self, rng):
        self.rng = rng
        self.codes, self.numbers = set(), set()

    def code(self):
        while True:
            body = f"{self.rng.randrange(10**9, 10**10)}"
            code = body + checks.jumin_code_digit(body)
            if code not in self.codes:
                self.codes.add(code)
                return code

    def number(self):
        while True:
            body = f"{self.rng.randrange(10**10, 10**11)}"
            number = body + checks.my_number_digit(body)
            if number not in self.numbers:
                self.numbers.add(number)
                return number

    def _odd(self, encoding):
        """A troublesome character that the encoding can carry."""
        rng = self.rng
        pick = rng.random()
        if pick < 0.3:
            return GETA
        if pick < 0.55:
            return chr(0xE000 + rng.choice([0, 62, 63, 187, 188, 1879, rng.randrange(1880)]))
        if pick < 0.8 or encoding == CP932:
            return rng.choice(DUPLICATED)
        return rng.choice(_WIDE_EXTRA)

    def _sprinkle(self, text, encoding, share):
        out = [self._odd(encoding) if self.rng.random() < share else c for c in text]
        if out and out[0] == "\u3000":
            out[0] = "山"
        return "".join(out)

    def kana(self, plain, encoding):
        rng = self.rng
        out = plain
        while rng.random() < 0.35:
            odd = rng.choice(_KANA_ODD + (_KANA_ODD_WIDE if encoding != CP932 else []))
            at = rng.randrange(1, len(out) + 1)
            out = out[:at] + odd + out[at:]
        if rng.random() < 0.1:      # katakana
            out = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ん" else c for c in out)
        return fit(out, encoding)

    def name(self, encoding):
        """(item 2, item 4)."""
        rng = self.rng
        family = rng.sample(_FAMILY, rng.choice([1, 2, 2, 3]))
        given = rng.sample(_GIVEN, rng.choice([1, 2, 2]))
        kanji = "".join(k for k, _ in family) + "\u3000" + "".join(k for k, _ in given)
        kana = "".join(r for _, r in family) + "\u3000" + "".join(r for _, r in given)
        kanji = self._sprinkle(kanji, encoding, 0.06)
        if rng.random() < 0.02:
            kanji = (kanji * 40)[:100 if encoding == CP932 else 60].rstrip("\u3000")
        return fit(kanji, encoding), self.kana(kana, encoding)

    def surname(self, encoding):
        """(item 25, item 27)."""
        kanji, kana = zip(*self.rng.sample(_FAMILY, 2))
        return fit(self._sprinkle("".join(kanji), encoding, 0.1), encoding), self.kana("".join(kana), encoding)

    def address(self, encoding):
        rng = self.rng
        text = rng.choice(_PLACES) + "".join(
            str(rng.randrange(1, 99)).translate(_WIDE_DIGITS) + unit for unit in rng.choice(
                [("丁目", "番", "号"), ("番地",), ("－", "－", ""), ("番地の", "")]))
        if rng.random() < 0.15:
            text += "　コーポ" + rng.choice("能表ソ十構") + "荘"
        text = self._sprinkle(text, encoding, 0.03)
        if rng.random() < 0.02:
            text = (text * 40)[:200 if encoding == CP932 else 120].rstrip("\u3000")
        return fit(text, encoding)

    def birth(self, business_day):
        """A possible item 5."""
        rng = self.rng
        pick = rng.random()
        if pick < 0.12:
            return rng.choice(BIRTH_EDGES)
        if pick < 0.25:
            era, year = rng.choice([("3", rng.randrange(1927, 1988)), ("4", rng.randrange(1990, 2018)),
                                    ("0", rng.randrange(1930, 2018)), ("1", 1890)])
            rest = rng.choice([f"{year}00A{rng.randint(1, 3)}", f"{year}0000", f"{year}A{rng.randint(1, 4)}00",
                               f"{year}A2A3", f"{year}{rng.randint(1, 12):02}00", f"{year}05A2",
                               "00000000", "0000A4A1", "0000A100", "000000A3"])
            return era + rest
        year = rng.randrange(1930, 2018)
        day = f"{year}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
        if rng.random() < 0.1:
            return "0" + day
        era = next(e for e in "5432" if checks.ERAS[e][0] <= day <= checks.ERAS[e][1])
        return era + day


_WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")

# Both sides of every era, overlaps in both eras, leap days.
BIRTH_EDGES = ["118680125", "119120730", "219120730", "219261225", "319261225", "319890107",
               "419890108", "420190430", "420000229", "019890108", "018991231", "320000000"]
# Impossible (C005), whatever the business date.
BIRTH_WRONG = ["118680124", "119120731", "219120729", "219261226", "319261224", "319890108",
               "419890107", "420190501", "520190430", "419900229", "319701301", "319700631", "619700101",
               "919700101", "319700015", "300000501", "3197000B1", "319700500"[:8] + "Z", "31970A501",
               "3197005A4", "3197013A1", "3000005A1", "3A97A0101", "319 00101", "00000001x", "399990101"]
