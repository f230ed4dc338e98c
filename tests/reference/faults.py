"""Broken fields and wrong values for the stress generator (F003-F006, C001-C010)."""

import checks
from encode import CODES, LENGTH, encode_record
from formats import BY_NAME, CP932, DIGIT_ITEMS, FIELDS, GETA, REQUIRED
from people import BIRTH_WRONG

_WIDE = [f.name for f in FIELDS if f.type == "N"]
_DIGITS = [f.name for f in FIELDS if f.type == "9"]
_ASCII = [f.name for f in FIELDS if f.type == "X"]

# Bytes to lay over the start of a type N field (or over its end: see break_wide).
_HALF_CP932 = [b"A", b" ", b"\xb1", b"\x1f", b"\xa1", b"\xdf", b"\x00"]              # F004
_BROKEN_CP932 = [b"\x80", b"\xa0", b"\xfd", b"\xfe", b"\xff", b"\x81\x7f", b"\x85\x40", b"\xef\x40",
                 b"\x81\xad", b"\xfc\x4c", b"\xf0\x7f", b"\xf9\xfd", b"\xeb\x40", b"\x81\x20"]   # F003
_HALF_UCS2 = ["A", " ", "\u00a0", "\uff61", "\uff71", "\uffdc", "\uffe8", "\uffee", "\0"]
_BROKEN_UCS2 = [b"\xd8\x00", b"\xdc\x00", b"\xdf\xff\xd8\x00", b"\xdb\xff\x30\x42", b"\xd8\x42\xd8\x42"]


def _lay(raw, name, offset, piece):
    start = BY_NAME[name].offset + offset
    raw[start:start + len(piece)] = piece


def break_wide(raw, encoding, rng):
    """A type N field that cannot be decoded or holds what it may not."""
    name = rng.choice(_WIDE)
    length = BY_NAME[name].length
    pick = rng.random()
    blank = CODES["\u3000"][0] if encoding == CP932 else b"\x30\x00"
    if pick < 0.1:                                      # blanks before text
        letter = CODES["あ"][0] if encoding == CP932 else "あ".encode("utf-16-be")
        _lay(raw, name, 0, blank * rng.randint(1, 3) + letter)
    elif pick < 0.2 and encoding == CP932:              # half-width blanks as filler
        _lay(raw, name, rng.choice([0, length - 2, length // 2]), b"  ")
    elif pick < 0.25 and encoding == CP932:
        _lay(raw, name, 0, b" " * length)
    elif pick < 0.4:                                    # cut at the end of the field
        _lay(raw, name, length - (1 if encoding == CP932 else 2),
             rng.choice([b"\x94", b"\x81", b"\xf0"]) if encoding == CP932 else b"\xd8\x42")
    elif encoding == CP932:
        _lay(raw, name, 2 * rng.randrange(length // 2 - 1),
             rng.choice(_HALF_CP932 + _BROKEN_CP932))
        if rng.random() < 0.3:                          # both faults in one field: F003 wins
            _lay(raw, name, length - 1, b"\xff")
            _lay(raw, name, 0, b"AB")
    else:
        piece = rng.choice([h.encode("utf-16-be") for h in _HALF_UCS2] + _BROKEN_UCS2)
        _lay(raw, name, 2 * rng.randrange(length // 2 - 2), piece)


def break_digits(raw, rng):
    """A type 9 field with letters, blanks mixed in, or bytes beyond ASCII."""
    name = rng.choice(_DIGITS)
    length = BY_NAME[name].length
    digits = b"1" * length
    _lay(raw, name, 0, rng.choice([
        b" " + digits[1:], digits[1:] + b" ", b"A" + digits[1:], digits[1:] + b"x", b"-" + digits[1:],
        b"\xff" + digits[1:], b"\x1f" + digits[1:], b"\x7f" + digits[1:], b"x" * length, b" " * length,
        digits[:1] + b" " + digits[2:]]))


def break_ascii(raw, rng):
    """A type X field with a blank before content, a strange byte, or letters among digits."""
    name = rng.choice(_ASCII)
    length = BY_NAME[name].length
    if length == 1:
        _lay(raw, name, 0, rng.choice([b"\x80", b"\x1f", b"\x7f"]))
        return
    fill = b"1" * length
    choices = [b" " + fill[1:], b"\x80" + fill[1:], b"\x00" + fill[1:], b"\x7e" + fill[1:], b"\x7f" + fill[1:],
               fill[1:] + b"\x0a", fill[1:] + b"\xb1"]
    if name in DIGIT_ITEMS:
        choices += [fill[1:] + b" ", b"A" + fill[1:], b"1 " + fill[2:], b"-" + fill[1:]]
    _lay(raw, name, 0, rng.choice(choices))


def blank_required(raw, encoding, rng):
    """F005."""
    name = rng.choice([f.name for f in FIELDS if f.item in REQUIRED])
    field = BY_NAME[name]
    blank = b" " if field.type != "N" else CODES["\u3000"][0] if encoding == CP932 else b"\x30\x00"
    _lay(raw, name, 0, blank * (field.length // len(blank)))


def doubtful(values, encoding, rng):
    """A record whose reading rules.md leaves open (README.md lists the readings chosen)."""
    pick = rng.randrange(6)
    if pick == 0:       # decomposing kana and iteration marks
        odd = ["ヽ", "ヾ", "´", "¨", "￣", "…"] + (["ヷ", "ㇰ"] if encoding != CP932 else [])
        values = {**values, "kana_name": values.get("kana_name", "")[:60] + rng.choice(odd)}
    elif pick == 1 and encoding != CP932:
        values = {**values, "address": values["address"][:60] + rng.choice("\ufffe\uffff\ufdd0\uffdd\uffef")}
    elif pick == 2:     # item 10 with an F finding while item 11 has unknown parts
        values = {**values, "change_reason": rng.choice(["", " 1"]), "change_date": "20200900"}
    raw = bytearray(encode_record(values, encoding, rng))
    if pick == 3:       # the filler of the record
        raw[rng.randrange(1355, 1400)] = rng.choice(b"xX\x00\xff")
    elif pick == 4:     # items that the server sets
        name, piece = rng.choice([("retention_flag", b"1"), ("deleted_flag", b"1"), ("received_date", b"20200101"),
                                  ("received_date", b"99999999"), ("update_seq", b"    xx"), ("name_gaiji_seq", b" x ")])
        _lay(raw, name, 0, piece)
    elif pick == 5:     # half-width blanks all over a type N field: U+2020 in UCS-2BE
        name = rng.choice(_WIDE)
        _lay(raw, name, 0, b" " * BY_NAME[name].length)
    return bytes(raw)


def broken(values, encoding, rng):
    """The bytes of a record with one to three F findings."""
    if checks.has_unknown(values["change_date"]):       # which of 10 and 11 is at fault is not settled
        values = {**values, "change_date": "20190430"}
    raw = bytearray(encode_record(values, encoding, rng))
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        pick = rng.random()
        if pick < 0.4:
            break_wide(raw, encoding, rng)
        elif pick < 0.6:
            break_digits(raw, rng)
        elif pick < 0.8:
            break_ascii(raw, rng)
        else:
            blank_required(raw, encoding, rng)
    assert len(raw) == LENGTH
    return bytes(raw)


def _wrong_digit(text, rng):
    return text[:-1] + str((int(text[-1] or 0) + rng.randint(1, 9)) % 10) if text else "12345678901"


def spoil(values, town, towns, created_at, rng):
    """One to three wrong values (C findings)."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        pick = rng.randrange(14)
        if pick == 0:
            values["jumin_code"] = _wrong_digit(values["jumin_code"], rng)
        elif pick == 1:
            values["old_jumin_code"] = rng.choice(["25208017644", "12345678901", values["jumin_code"]])
        elif pick == 2:
            values["my_number"] = rng.choice(["507957100722", "123456789012", "", "000000000000"])
        elif pick == 3:
            values["old_my_number"] = rng.choice(["507957100722", "123456789018"])
        elif pick == 4:
            others = [t for t in towns if t is not town]
            values["municipality_code"] = rng.choice(
                ["011002", "052018", "999999", "000000", "054640", "050008"]
                + [t.code for t in others] + [p for t in others for p in t.predecessors])
        elif pick == 5:
            values["change_reason"] = rng.choice(["00", "10", "17", "27", "34", "44", "53", "91", "99", "1", "AB", "1 "])
        elif pick == 6:
            values["birth_date"] = rng.choice(BIRTH_WRONG)
        elif pick == 7:
            values["change_date"] = rng.choice(["20200230", "20201301", "20200431", "00000000", "20200000", "202009A1",
                                                "2020A100", "2020A1A1", "202009A4", "20200015", "2020A115", "00000501",
                                                "X0200101", "2020 101", "20200", "19000229", "0000A5A1", "20000229"])
        elif pick == 8:
            day = created_at[:8]
            values["timestamp"] = rng.choice([
                day[:4] + "0230101010000", "20200101240000000", "20200101106000000", "20200101101060000",
                "0" * 17, created_at, str(int(created_at) + 1), "99991231235959999", "20191301000000000"])
        elif pick == 9:
            values["sex"] = rng.choice("0459AM")
        elif pick == 10:
            name = rng.choice(["name_gaiji_count", "address_gaiji_count", "former_surname_gaiji_count"])
            values[name] = f"{int(values.get(name) or 0) + rng.choice([1, 2, 900 // 9]):03}"
        elif pick == 11:
            values["gaiji_flag"] = {"0": "1", "1": "0"}.get(values.get("gaiji_flag", ""), "0") if rng.random() < 0.7 else rng.choice("2A")
        elif pick == 12:
            values["kanji_name"] = values["kanji_name"][:90] + GETA
        else:
            values["change_reason"] = rng.choice(["11", "41", "42", "43"])
            values["my_number"] = ""

