"""A year of nights: 365 runs, each with notices for a thousandth of the residents, and the room that all generations take.

Every night one municipality tells changes of address of residents that no night before named. What counts are all bytes below
`store/` after the last night, from which each of the 366 generations can be read, against one copy of the newest generation,
which `gen compact` writes at the end. Besides it is told how long the first and the last nights took, since each has more
runs to look into.
"""

import datetime
import hashlib
import json
import shutil
import statistics

import sites
from measure import Failed, run

NIGHTS = 365
LIMIT = 1.5
RECORD = 1400
FIRST_DAY = datetime.date(2026, 6, 2)
# Places in a record (layout UPD): serial and time of a header, hash of a trailer; reason, date, timestamp and update
# sequence of a notice.
SERIAL, CREATED, HASH = slice(22, 30), slice(30, 47), slice(9, 73)
REASON, DAY, TIMESTAMP, SEQUENCE = slice(840, 842), slice(842, 850), slice(1087, 1104), slice(1114, 1120)
# CP932 of the prefecture, with which every address begins, and of the digits.
PREFECTURE, DIGIT, ZERO = "秋田県".encode("cp932"), 0x82, 0x4F


def put(record, place, text):
    record[place] = text.encode("ascii")


def moved(record, day, second):
    """The notice of a resident who moved to another house number."""
    record = bytearray(record)
    put(record, REASON, "31")
    put(record, DAY, f"{day:%Y%m%d}")
    put(record, TIMESTAMP, f"{day:%Y%m%d}{9 + second // 3600 % 9:02}{second // 60 % 60:02}{second % 60:02}000")
    put(record, SEQUENCE, "000002")
    at = record.index(PREFECTURE)
    while record[at] != DIGIT or not ZERO <= record[at + 1] <= ZERO + 9:
        at += 2
    record[at + 1] = ZERO + 1 + (record[at + 1] - ZERO) % 9
    return bytes(record)


def notices(load, day, serial, first, count):
    """An update file of a municipality: residents `first` to `first + count` of its file of the load."""
    with open(load, "rb") as file:
        header = bytearray(file.read(RECORD))
        file.seek((1 + first) * RECORD)
        data = [file.read(RECORD) for _ in range(count)]
        file.seek(-2 * RECORD, 2)
        trailer, end = bytearray(file.read(RECORD)), file.read(RECORD)
    if any(record[:1] != b"2" for record in data):
        raise Failed(f"{load.name} has too few residents for a year")
    put(header, SERIAL, f"{serial:08}")
    put(header, CREATED, f"{day:%Y%m%d}180000000")
    body = b"".join(moved(record, day, second) for second, record in enumerate(data))
    trailer[1:9] = f"{count:08}".encode("ascii")
    put(trailer, HASH, hashlib.sha256(body).hexdigest())
    return bytes(header) + body + bytes(trailer) + end


def below(folder):
    return sum(sites.files(folder).values())


def year(bench, nights=NIGHTS):
    """Applies the nights on a copy of the site and gives what is told of them."""
    site = bench.work / "run-generations"
    sites.copy(bench.site, site)
    loads = sorted((bench.data / "load").glob("UPD-*.dat"))
    count, took = bench.n // 1000, []
    for night in range(nights):
        load, turn = loads[night % len(loads)], night // len(loads)
        day, town = FIRST_DAY + datetime.timedelta(night), load.name.split("-")[1]
        folder = site / "in" / town
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = load.name.replace("00000001.dat", f"{turn + 2:08}.dat")
        (folder / name).write_bytes(notices(load, day, turn + 2, turn * count, count))
        figure, _ = run(bench.sekisho(site, "run", day=f"{day:%Y%m%d}"))
        took.append(figure.wall)
        if night % 50 == 49:
            bench.say(f"generations: {night + 1} nights, {below(site / 'store') / 1e6:.1f} MB")
    store, before = below(site / "store"), below(bench.site / "store")
    run(bench.sekisho(site, "gen", "verify"))
    last = FIRST_DAY + datetime.timedelta(nights)
    _, said = run(bench.sekisho(site, "--json", "gen", "compact", day=f"{last:%Y%m%d}"))
    compacted = json.loads(said)["compacted"]
    copy = compacted["bytes_after"]
    shutil.rmtree(site)
    ratio = store / copy
    text = (
        f"{ratio:.2f} ({nights} nights of {count} notices at N = {bench.n:,}: {store / 1e6:.1f} MB, one copy {copy / 1e6:.1f} MB, "
        f"before the first night {before / 1e6:.1f} MB; a night {statistics.median(took[:30]):.2f} s at first, "
        f"{statistics.median(took[-30:]):.2f} s at last; {compacted['runs_before']} runs)"
    )
    return {"text": text, "met": ratio <= LIMIT}
