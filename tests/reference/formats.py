"""Bytes of an update file (UPD): layout, text decoding, the F findings of a record.

Follows rules.md section 2.6 ("F in a field"), 5.3 (user-defined cells), 9 (Files) and the
byte layout of the exchange files.  Written apart from the Rust program, to judge it: nothing
here is derived from its source.  Python 3.11, standard library only.
"""

from typing import NamedTuple, Optional

# Length in bytes of a record, without line end, by file kind (formats: sum of the fields).
RECORD_LENGTH = {
    "UPD": 1400, "EXT": 1400, "RES": 256, "NTF": 1200, "RCR": 1000,
    "INQ": 920, "PRV": 1300, "NRQ": 960, "NRS": 1300,
}

# (name, bytes, type, item number or None) in the order of the record, from offset 1 on.
_UPD_DATA = [
    ("jumin_code", 11, "X", 1),
    ("kanji_name", 200, "N", 2),
    ("name_gaiji_count", 3, "9", 3),
    ("kana_name", 200, "N", 4),
    ("birth_date", 9, "X", 5),
    ("sex", 1, "X", 6),
    ("address", 400, "N", 7),
    ("address_gaiji_count", 3, "9", 8),
    ("my_number", 12, "X", 9),
    ("change_reason", 2, "X", 10),
    ("change_date", 8, "X", 11),
    ("retention_flag", 1, "X", 12),
    ("seion_kana_name", 200, "N", 13),
    ("municipality_code", 6, "X", 14),
    ("aza_code", 6, "X", 15),
    ("operator_id", 12, "X", 16),
    ("terminal_id", 12, "X", 17),
    ("timestamp", 17, "9", 18),
    ("received_date", 8, "9", 19),
    ("gaiji_flag", 1, "X", 20),
    ("deleted_flag", 1, "X", 21),
    ("update_seq", 6, "9", 22),
    ("name_gaiji_seq", 3, "9", 23),
    ("address_gaiji_seq", 3, "9", 24),
    ("former_surname_kanji", 100, "N", 25),
    ("former_surname_gaiji_count", 3, "9", 26),
    ("former_surname_kana", 100, "N", 27),
    ("former_surname_gaiji_seq", 3, "9", 28),
    ("old_my_number", 12, "X", None),
    ("old_jumin_code", 11, "X", None),
]


class Field(NamedTuple):
    """One field of a data record; `offset` and `length` in bytes within the record."""
    name: str
    offset: int
    length: int
    type: str
    item: Optional[int]


def _with_offsets(rows, start):
    fields, at = [], start
    for name, length, kind, item in rows:
        fields.append(Field(name, at, length, kind, item))
        at += length
    return fields


FIELDS = _with_offsets(_UPD_DATA, 1)
BY_NAME = {f.name: f for f in FIELDS}
NAME_OF_ITEM = {f.item: f.name for f in FIELDS if f.item}
ITEM_NAMES = [NAME_OF_ITEM[n] for n in range(1, 29)]

# Header fields that are read, as (offset, length); trailer likewise.
HEADER = {
    "file_kind": (1, 3), "format_version": (4, 2), "sender": (6, 8), "receiver": (14, 8),
    "serial": (22, 8), "created_at": (30, 17), "environment": (47, 1), "text_encoding": (48, 1),
}
TRAILER = {"record_count": (1, 8), "data_sha256": (9, 64)}

CP932, UCS2BE = "1", "2"

# F006: these type X items hold digits only (all type 9 fields do).
DIGIT_ITEMS = {"jumin_code", "my_number", "municipality_code", "aza_code",
               "old_my_number", "old_jumin_code"}
# F005: required whatever the reason, and by reason.
REQUIRED = {1, 2, 5, 6, 7, 10, 11, 14, 16, 17, 18, 22}
REQUIRED_BY_REASON = {"51": {"old_jumin_code"}, "41": {"old_my_number"}, "42": {"old_my_number"}}

GETA = "\u3013"          # placeholder of a gaiji
WIDE_BLANK = "\u3000"    # filler of type N


class Finding(NamedTuple):
    """One finding on a record. Offsets are those of the file, only for F and C findings."""
    code: str
    item: Optional[int] = None
    offset: Optional[int] = None
    length: Optional[int] = None


def sort_findings(findings):
    """Order of 2.6: code, then item number with blank first; two fields without number by offset."""
    return sorted(findings, key=lambda f: (f.code, f.item or 0, f.offset or 0))


# --- text of a type N field -------------------------------------------------------------------

def _cp932_pair(lead, trail):
    """The character of a two-byte code, None if unassigned. F040-F9FC are U+E000-E757 (5.3)."""
    if trail < 0x40 or trail == 0x7F or trail > 0xFC:
        return None
    if 0xF0 <= lead <= 0xF9:
        return chr(0xE000 + (lead - 0xF0) * 188 + trail - 0x40 - (trail > 0x7F))
    try:
        text = bytes((lead, trail)).decode("cp932")
    except UnicodeDecodeError:
        return None
    return text if len(text) == 1 else None


def decode_cp932(raw):
    """(text, code): code F003 if it cannot be decoded, F004 if it has one-byte characters."""
    out, at, half = [], 0, False
    while at < len(raw):
        byte = raw[at]
        if byte in (0x80, 0xA0, 0xFD, 0xFE, 0xFF):
            return None, "F003"
        if byte < 0x80 or 0xA1 <= byte <= 0xDF:
            half, at = True, at + 1
            continue
        char = _cp932_pair(byte, raw[at + 1]) if at + 1 < len(raw) else None
        if char is None:
            return None, "F003"
        out.append(char)
        at += 2
    return ("".join(out), None) if not half else (None, "F004")


def decode_ucs2be(raw):
    """(text, code) of UCS-2BE; a surrogate pair is one character, a lone surrogate F003."""
    out, at, half = [], 0, False
    if len(raw) % 2:
        return None, "F003"
    while at < len(raw):
        unit = raw[at] << 8 | raw[at + 1]
        at += 2
        if 0xD800 <= unit <= 0xDFFF:
            low = raw[at] << 8 | raw[at + 1] if at < len(raw) else 0
            if unit >= 0xDC00 or not 0xDC00 <= low <= 0xDFFF:
                return None, "F003"
            out.append(chr(0x10000 + ((unit - 0xD800) << 10) + low - 0xDC00))
            at += 2
            continue
        if unit <= 0x00A0 or 0xFF61 <= unit <= 0xFFDC or 0xFFE8 <= unit <= 0xFFEE:
            half = True
        out.append(chr(unit))
    return ("".join(out), None) if not half else (None, "F004")


DECODERS = {CP932: decode_cp932, UCS2BE: decode_ucs2be}


def read_field(field, raw, encoding):
    """(value, code) of one field: F003 before F004 before F006; value without padding."""
    if field.type == "N":
        text, code = DECODERS[encoding](raw)
        if code:
            return None, code
        text = text.rstrip(WIDE_BLANK)
        return (None, "F004") if text.startswith(WIDE_BLANK) else (text, None)
    if any(b < 0x20 or b > 0x7E for b in raw):
        return None, "F004"
    text = raw.decode("ascii")
    content = text.rstrip(" ")
    if field.type == "9":
        if " " in text and any(c.isdigit() for c in text):
            return None, "F004"
    elif content.startswith(" "):
        return None, "F004"
    if (field.type == "9" or field.name in DIGIT_ITEMS) and content:
        if not text.isdigit():
            return None, "F006"
    return content, None


class Record:
    """A decoded type 2 record: `values` by field name (None where the field has an F finding)."""

    def __init__(self, number, offset, values, findings):
        self.number = number        # from 1
        self.offset = offset        # of the record in the file, bytes
        self.values = values
        self.findings = findings

    def __getitem__(self, name):
        return self.values[name]

    def item(self, number):
        return self.values[NAME_OF_ITEM[number]]

    def at_field(self, code, name, item="own"):
        """A finding with the place of field `name`."""
        field = BY_NAME[name]
        return Finding(code, field.item if item == "own" else item,
                       self.offset + field.offset, field.length)


def read_record(number, offset, raw, encoding):
    """Decode a record and find all F findings in it (2.6: at most one in a field)."""
    values, record = {}, Record(number, offset, {}, [])
    for field in FIELDS:
        value, code = read_field(field, raw[field.offset:field.offset + field.length], encoding)
        values[field.name] = value
        if code:
            record.findings.append(record.at_field(code, field.name))
    record.values = values
    by_reason = REQUIRED_BY_REASON.get(values["change_reason"] or "", ())
    for field in FIELDS:
        if values[field.name] == "" and (field.item in REQUIRED or field.name in by_reason):
            record.findings.append(record.at_field("F005", field.name))
            values[field.name] = None
    return record


# --- records of a file ------------------------------------------------------------------------

def cut(raw, place):
    offset, length = place
    return raw[offset:offset + length]


def _without_1a(data):
    """Take off one 0x1A at the end and the line end behind it."""
    for tail in (b"\x1a", b"\x1a\r\n", b"\x1a\n"):
        if data.endswith(tail):
            return data[:-len(tail)]
    return data


def is_complete(data, length):
    """H01: the last record-length bytes are `9` and blanks (9, Files)."""
    body = _without_1a(data)
    for end in (b"\r\n", b"\n"):
        if body.endswith(end):
            body = body[:-len(end)]
            break
    return body[-length:] == b"9" + b" " * (length - 1)


def split_records(data, length):
    """[(offset, bytes)] of a file, or None if it is F001: no whole records, mixed line ends,
    or not exactly one 1, any 2, one 8, one 9."""
    body = _without_1a(data)
    end = b""
    for candidate in (b"\r\n", b"\n"):
        if body[length:length + len(candidate)] == candidate:
            end = candidate
            break
    if end and body.endswith(end):
        body = body[:-len(end)]
    unit = length + len(end)
    if (len(body) + len(end)) % unit:
        return None
    records = []
    for at in range(0, len(body), unit):
        rest = body[at + length:at + unit]
        if rest != end and at + length != len(body):
            return None
        records.append((at, body[at:at + length]))
    types = b"".join(raw[:1] for _, raw in records)
    if len(types) < 3 or types != b"1" + b"2" * (len(types) - 3) + b"89":
        return None
    return records
