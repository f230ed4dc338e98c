"""Check digits, dates, 清音化 and the C findings of a record.

Follows rules.md section 1 (numbers), 2.6 (C rules), 5.1 (dates), 5.2 (清音化) and 9.
"""

import datetime
import unicodedata

from formats import GETA

# --- section 1: numbers -----------------------------------------------------------------------

_CODE_WEIGHTS = (2, 3, 4, 5, 6, 7, 2, 3, 4, 5)
_NUMBER_WEIGHTS = (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6)
_TOWN_WEIGHTS = (6, 5, 4, 3, 2)


def _check_digit(body, weights):
    rest = sum(w * int(d) for w, d in zip(weights, reversed(body))) % 11
    return "0" if rest <= 1 else str(11 - rest)


def jumin_code_digit(body):
    """Check digit of a 住民票コード (10 body digits)."""
    return _check_digit(body, _CODE_WEIGHTS)


def my_number_digit(body):
    """Check digit of a 個人番号 (11 body digits)."""
    return _check_digit(body, _NUMBER_WEIGHTS)


def town_digit(body):
    """Check digit of a 団体コード (5 body digits)."""
    return str((11 - sum(w * int(d) for w, d in zip(_TOWN_WEIGHTS, body)) % 11) % 10)


def jumin_code_ok(code):
    return len(code) == 11 and jumin_code_digit(code[:-1]) == code[-1]


def my_number_ok(number):
    return len(number) == 12 and my_number_digit(number[:-1]) == number[-1]


def town_ok(code):
    return len(code) == 6 and town_digit(code[:-1]) == code[-1]


AKITA = set("""
052019 052027 052035 052043 052060 052078 052094 052108 052116 052124 052132 052141 052159
053031 053279 053465 053481 053490 053619 053635 053660 053686 054348 054631 054640
""".split())

REASONS = set("11 12 13 14 15 16 21 22 23 24 25 26 31 32 33 41 42 43 51 52 90".split())

# --- 5.1: dates -------------------------------------------------------------------------------

# era digit -> first and last day; 0 is Gregorian without limits.
ERAS = {
    "0": ("00010101", "99991231"),
    "1": ("18680125", "19120730"),
    "2": ("19120730", "19261225"),
    "3": ("19261225", "19890107"),
    "4": ("19890108", "20190430"),
    "5": ("20190501", "99991231"),
}
UNKNOWN_MONTH = {"00", "A1", "A2", "A3", "A4"}
UNKNOWN_DAY = {"00", "A1", "A2", "A3"}


def real_day(text):
    """Is YYYYMMDD (digits) a day of the calendar?"""
    if not (len(text) == 8 and text.isascii() and text.isdigit()):
        return False
    try:
        datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def real_instant(text):
    """Is YYYYMMDDhhmmssSSS a real time?"""
    return (len(text) == 17 and text.isascii() and text.isdigit() and real_day(text[:8])
            and text[8:10] < "24" and text[10:12] < "60" and text[12:14] < "60")


def has_unknown(day):
    """Does YYYYMMDD hold an unknown part?"""
    return day[:4] == "0000" or day[4:6] in UNKNOWN_MONTH or day[6:] in UNKNOWN_DAY


def possible_day(day):
    """Is YYYYMMDD possible, unknown parts allowed (the day unknown if the month is, the month if
    the year is)?"""
    if len(day) != 8 or not (day[:4].isascii() and day[:4].isdigit()):
        return False
    if not has_unknown(day):
        return real_day(day)
    year, month, rest = day[:4], day[4:6], day[6:]
    if year == "0000" and month not in UNKNOWN_MONTH:
        return False
    if month in UNKNOWN_MONTH:
        return rest in UNKNOWN_DAY
    return month.isascii() and month.isdigit() and 1 <= int(month) <= 12 and rest in UNKNOWN_DAY


def sort_key(day):
    """Unknown parts (seasons and ten-day parts too) as 00."""
    month = "00" if day[4:6] in UNKNOWN_MONTH else day[4:6]
    rest = "00" if day[6:] in UNKNOWN_DAY else day[6:]
    return day[:4] + month + rest


def possible_birth(text, business_day):
    """Item 5: era, day, not after the business date; the era untested where a part is unknown."""
    if len(text) != 9 or text[0] not in ERAS or not possible_day(text[1:]):
        return False
    if sort_key(text[1:]) > business_day:
        return False
    first, last = ERAS[text[0]]
    return has_unknown(text[1:]) or first <= text[1:] <= last


# --- 5.2: 清音化 ------------------------------------------------------------------------------

_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\uff70\u30fc\u2500\u2501"
_SMALL = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ")
_MARKS = "\u3099\u309a\u309b\u309c"


def seion(kana):
    """Item 13 from item 4."""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", kana))
    # Put together again before ASCII is widened: only kana lose their marks, an A with a ring keeps it.
    text = unicodedata.normalize("NFC", "".join(char for char in text if char not in _MARKS))
    out = []
    for char in text:
        if char.isspace():
            continue
        if char in _DASHES:
            char = "\u30fc"
        elif "\u30a1" <= char <= "\u30f6" or char in "\u30fd\u30fe":
            char = chr(ord(char) - 0x60)
        elif "!" <= char <= "~":
            char = chr(ord(char) + 0xFEE0)
        out.append(char)
    return "".join(out).translate(_SMALL)


# --- C findings -------------------------------------------------------------------------------

# count item, its text item
_COUNTS = (("name_gaiji_count", "kanji_name"), ("address_gaiji_count", "address"),
           ("former_surname_gaiji_count", "former_surname_kanji"))
NUMBER_ALWAYS = {"11", "41", "42", "43"}     # C009, first part
UNKNOWN_DATE_REASONS = {"23", "26"}          # item 11 with unknown parts


class Surroundings:
    """What the C rules need besides the record."""

    def __init__(self, own_codes, known_towns, created_at, business_day):
        self.own_codes = own_codes          # the sender and its predecessors
        self.known_towns = known_towns      # C003: built-in table and all predecessor codes
        self.created_at = created_at        # of the header
        self.business_day = business_day    # YYYYMMDD of the run that takes the file


def count_of(text):
    """A blank count or serial is zero."""
    return int(text or "0")


def c_findings(record, around):
    """All C findings but the second part of C009. A field with an F finding (None) is not tested."""
    out = []

    def test(code, name, bad):
        value = record[name]
        if value is not None and bad(value):
            out.append(record.at_field(code, name))

    test("C001", "jumin_code", lambda v: not jumin_code_ok(v))
    test("C001", "old_jumin_code", lambda v: v != "" and not jumin_code_ok(v))
    test("C002", "my_number", lambda v: v != "" and not my_number_ok(v))
    test("C002", "old_my_number", lambda v: v != "" and not my_number_ok(v))
    test("C003", "municipality_code", lambda v: not town_ok(v) or v not in around.known_towns)
    test("C004", "change_reason", lambda v: v not in REASONS)
    test("C005", "birth_date", lambda v: not possible_birth(v, around.business_day))
    reason = record["change_reason"]
    test("C005", "change_date", lambda v: not possible_day(v)
         or has_unknown(v) and reason not in UNKNOWN_DATE_REASONS)
    test("C005", "timestamp", lambda v: not real_instant(v) or v > around.created_at)
    test("C006", "sex", lambda v: v not in ("1", "2", "3"))
    for count, text in _COUNTS:
        if record[text] is not None:
            test("C007", count, lambda v, t=text: count_of(v) != record[t].count(GETA))
    counts = [record[count] for count, _ in _COUNTS]
    if None not in counts:
        flag = "1" if any(count_of(c) > 0 for c in counts) else "0"
        test("C008", "gaiji_flag", lambda v: v != flag)
    if reason in NUMBER_ALWAYS:
        test("C009", "my_number", lambda v: v == "")
    test("C010", "municipality_code", lambda v: v not in around.own_codes)
    return out
