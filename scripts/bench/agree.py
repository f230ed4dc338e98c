"""Whether sekisho and the peers came to the same results and to the same register.

A peer gives one line for each notice: number, kind, code and a result of two digits. sekisho gives sealed files of results; they
are opened with the keys of their receivers, and each finding is put into the words of the peers. One line that differs is a
failure of the whole measurement: programs that do different work cannot be compared.
"""

import csv
import io
import sqlite3

from measure import Failed, run

# What the peers call the findings of sekisho (rules of the findings: docs/rules/findings.md).
RESULTS = {("C001", "1"): 11, ("C002", "9"): 12, ("L101", ""): 21, ("L103", ""): 22}
# An item changed that the kind may not change.
CHANGED = {"A": 31, "N": 32}
# Bytes of a notice in updates.utf8, and where its fields lie.
NOTICE_BYTES, HEAD, KIND, CODE, TOWN = 430, slice(0, 20), slice(8, 9), slice(9, 20), slice(315, 321)


def findings(sekisho, site, keys, serial):
    """Of each municipality: record number -> findings as (code, item)."""
    found = {}
    for path in sorted((site / "out").glob(f"*/RES-050008-*-{serial:08}.dat.seki")):
        town = path.parent.name
        _, said = run([sekisho, "--site", site, "open", path, "--keys", keys / town, "--as", "csv"])
        records = found.setdefault(town, {})
        for row in csv.DictReader(io.StringIO(said.decode("utf-8-sig"))):
            one = records.setdefault(int(row["record_no"]), [])
            if row["outcome"] == "R":
                one.append((row["code"].strip(), row["item_no"].strip()))
            elif row["outcome"] != "A":
                raise Failed(f"{path.name}, record {row['record_no']}: outcome {row['outcome']}, which no peer knows")
    return found


def result_lines(notices, found):
    """The result lines that the peers must give, by what sekisho found."""
    numbers, lines, counts = {}, [], {}
    for at in range(0, len(notices), NOTICE_BYTES):
        notice = notices[at : at + NOTICE_BYTES]
        town, kind = notice[TOWN].decode(), notice[KIND].decode()
        number = numbers[town] = numbers.get(town, 0) + 1
        named = found.get(town, {}).get(number)
        if named is None:
            raise Failed(f"no result for record {number} of {town}")
        results = {CHANGED.get(kind, 99) if code == "L110" else RESULTS.get((code, item), 99) for code, item in named} or {0}
        if len(results) > 1 or 99 in results:
            raise Failed(f"record {number} of {town}: findings {named}, for which the peers have no result")
        result = results.pop()
        counts[result] = counts.get(result, 0) + 1
        lines.append(notice[HEAD] + b"%02d\n" % result)
    return b"".join(lines), counts


def same_results(name, expected, path):
    """Fails where a peer's file of results is another one."""
    given = path.read_bytes()
    if given == expected:
        return
    pairs = zip(expected.splitlines(), given.splitlines())
    place = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
    where = "their number" if place is None else f"notice {place + 1}"
    raise Failed(f"the results of {name} are not those of sekisho: {where} differs ({path})")


def rows_of_export(path):
    """Residents of `master export`: code, name, kana, birth, sex, address, number, municipality."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["state"] == "RS":
                birth = row["birth_date"][1:]
                yield (row["jumin_code"], row["kanji_name"], row["kana_name"], birth, row["sex"], row["address"]) + (
                    row["my_number"],
                    row["municipality_code"],
                )


def rows_of_flat(path):
    """The same of the flat register."""
    places = [(0, 11), (11, 47), (47, 95), (95, 103), (103, 104), (104, 284), (284, 296), (306, 312)]
    with open(path, "rb") as file:
        while record := file.read(421):
            yield tuple(record[start:end].rstrip(b" ").decode() for start, end in places)


def rows_of_csv(path):
    """The same of a table written as CSV without a head."""
    with open(path, encoding="utf-8", newline="") as file:
        yield from map(tuple, csv.reader(file))


def rows_of_sqlite(path):
    """The same of the data base."""
    base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for code, *rest in base.execute("SELECT code,c2,c3,c4,c5,c6,c7,c10 FROM m ORDER BY code"):
            yield (f"{code:011}", *rest)
    finally:
        base.close()


def same_register(name, ours, theirs):
    """Fails where two registers, sorted by code, differ; gives the number of residents."""
    count = 0
    theirs = iter(theirs)
    for row in ours:
        count += 1
        if row != next(theirs, None):
            raise Failed(f"the register of {name} is not that of sekisho at resident {count}")
    if next(theirs, None) is not None:
        raise Failed(f"the register of {name} has more than the {count} residents of sekisho")
    return count
