"""Bytes of generated update files: text, records, whole files with chosen line ends.

The writing side of formats.py, for the stress generator only (5.3: NEC/IBM duplicates are
written at random, since all codes of one character are equal).
"""

import hashlib

from formats import (CP932, FIELDS, GETA, HEADER, RECORD_LENGTH, TRAILER, WIDE_BLANK, _cp932_pair)

LENGTH = RECORD_LENGTH["UPD"]


def _codes_of_characters():
    """character -> its CP932 codes (two-byte only), user-defined cells included."""
    codes = {}
    for lead in list(range(0x81, 0xA0)) + list(range(0xE0, 0xFD)):
        for trail in range(0x40, 0xFD):
            char = _cp932_pair(lead, trail)
            if char:
                codes.setdefault(char, []).append(bytes((lead, trail)))
    return codes


CODES = _codes_of_characters()
DUPLICATED = sorted(c for c, codes in CODES.items() if len(codes) > 1)


def carries(encoding, char):
    """Can a file of this encoding hold the character?"""
    return encoding != CP932 or char in CODES


def fit(text, encoding):
    """The text as a town of this encoding would write it: other characters become 〓."""
    return "".join(c if carries(encoding, c) else GETA for c in text)


def encode_wide(text, length, encoding, rng):
    """A type N field of `length` bytes; text that does not fit is cut by whole characters."""
    if encoding == CP932:
        units = [rng.choice(CODES.get(c, CODES[GETA])) for c in text]
        filler = CODES[WIDE_BLANK][0]
    else:
        units = [c.encode("utf-16-be") for c in text]
        filler = b"\x30\x00"
    out = b""
    for unit in units:
        if len(out) + len(unit) > length:
            break
        out += unit
    return out + filler * ((length - len(out)) // 2)


def encode_record(values, encoding, rng):
    """A type 2 record from values by field name."""
    out = bytearray(b"2" + b" " * (LENGTH - 1))
    for field in FIELDS:
        value = values.get(field.name, "")
        if field.type == "N":
            raw = encode_wide(value, field.length, encoding, rng)
        else:
            raw = value.encode("latin-1").ljust(field.length, b" ")[:field.length]
        out[field.offset:field.offset + field.length] = raw
    return bytes(out)


def _put(record, place, value):
    offset, length = place
    record[offset:offset + length] = value.encode("latin-1").ljust(length, b" ")[:length]


def header(encoding, sender, serial, created_at, /, **other):
    """A type 1 record; `other` overrides fields as text."""
    record = bytearray(b"1" + b" " * (LENGTH - 1))
    values = {"file_kind": "UPD", "format_version": "01", "sender": sender, "receiver": "050008",
              "serial": f"{serial:08}" if isinstance(serial, int) else serial,
              "created_at": created_at, "environment": "P", "text_encoding": encoding, **other}
    for name, value in values.items():
        _put(record, HEADER[name], value)
    return bytes(record)


def trailer(data, /, **other):
    """A type 8 record for the data records; `other` overrides fields as text."""
    record = bytearray(b"8" + b" " * (LENGTH - 1))
    values = {"record_count": f"{len(data):08}",
              "data_sha256": hashlib.sha256(b"".join(data)).hexdigest(), **other}
    for name, value in values.items():
        _put(record, TRAILER[name], value)
    return bytes(record)


END = b"9" + b" " * (LENGTH - 1)


class Style:
    """Line end behind each record, whether the last has one, what follows the last record."""

    def __init__(self, rng):
        self.end = rng.choice([b"", b"", b"\r\n", b"\n"])
        self.last_end = self.end if rng.random() < 0.7 else b""
        self.tail = rng.choice([b"", b"", b"", b"\x1a", b"\x1a" + self.end])


def join(records, style):
    """The bytes of a file."""
    return style.end.join(records) + style.last_end + style.tail
