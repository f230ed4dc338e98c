"""DuckDB, as somebody who knows it would use it. Needs the packages duckdb, numpy and pyarrow.

    duck.py load REGISTER FOLDER             FOLDER/register.duckdb and FOLDER/register.parquet
    duck.py parquet NOTICES FOLDER OUT       a new Parquet file from the old one and the notices
    duck.py merge NOTICES FOLDER OUT         MERGE into a copy of the data base
    duck.py show FOLDER CODE                 one record
    duck.py rows parquet|merge OUT FILE      the register of a run as text, for the comparison

numpy cuts and decodes the notices, the checks and the update are SQL.
"""

import os
import shutil
import sys

import duckdb

CP932 = [11, 24, 32, 8, 1, 120, 12, 2, 8, 6, 9, 10, 8, 8, 14, 1, 1, 1, 6, 7, 6, 8, 8, 8, 1, 4, 4, 4]
UTF8 = [11, 36, 48, 8, 1, 180, 12, 2, 8, 6, 9, 10, 8, 8, 14, 1, 1, 1, 6, 7, 6, 8, 8, 8, 1, 4, 4, 4]
COLUMNS = [f"c{at + 1}" for at in range(28)]
# Fields of this width or more are text and not ASCII.
WIDE = 24


def durable(path):
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def table(path, names, widths, encoding):
    """A file of fixed width as an Arrow table of texts without padding, and its bytes by record."""
    import numpy
    import pyarrow

    with open(path, "rb") as file:
        records = numpy.frombuffer(file.read(), numpy.uint8).reshape(-1, sum(widths) + 1)
    columns, at = {}, 0
    for name, width in zip(names, widths):
        lines = numpy.full((len(records), width + 1), 10, numpy.uint8)
        lines[:, :width] = records[:, at : at + width]
        at += width
        texts = lines.tobytes().decode(encoding if width >= WIDE else "ascii").split("\n")[:-1]
        padded = width >= WIDE or name in ("c11", "c28")
        columns[name] = pyarrow.array([text.rstrip(" ") for text in texts] if padded else texts, pyarrow.string())
    columns["pos"] = pyarrow.array(numpy.arange(len(records), dtype=numpy.int32))
    return records, pyarrow.table(columns)


def number_wrong(column, length):
    weights = [2 + at % 6 for at in range(length - 1)][::-1]
    total = "+".join(f"(ascii(substr({column},{at + 1},1))-48)*{weight}" for at, weight in enumerate(weights))
    right = f"CASE WHEN ({total})%11<=1 THEN 0 ELSE 11-({total})%11 END"
    return f"NOT (regexp_full_match({column},'[0-9]+') AND {right}=ascii(substr({column},{length},1))-48)"


def date_wrong(column):
    return f"(try_strptime({column},'%Y%m%d') IS NULL OR {column}<'18680101' OR length({column})<>8)"


def differs(*numbers):
    return " OR ".join(f"m.c{number} IS DISTINCT FROM u.c{number}" for number in numbers)


def judge(base, register):
    """The table `v`: every notice with its result."""
    base.execute(
        f"""CREATE TEMP TABLE v AS SELECT u.*, m.c27 changes, m.c1 IS NOT NULL found, CASE
        WHEN {number_wrong('u.c1', 11)} THEN 11 WHEN {number_wrong('u.c7', 12)} THEN 12
        WHEN {date_wrong('u.c4')} THEN 13 WHEN {date_wrong('u.c9')} THEN 14
        WHEN kind='I' AND m.c1 IS NOT NULL THEN 21 WHEN kind<>'I' AND m.c1 IS NULL THEN 22
        WHEN kind='A' AND ({differs(2, 3, 4, 5, 7)}) THEN 31 WHEN kind='N' AND ({differs(4, 5, 6, 7)}) THEN 32
        ELSE 0 END result FROM u LEFT JOIN {register} m ON m.c1=u.c1::BIGINT"""
    )


def write_results(base, records, out):
    import numpy

    result = base.execute("SELECT result FROM v ORDER BY pos").fetchnumpy()["result"].astype(numpy.uint8)
    digits = numpy.column_stack([48 + result // 10, 48 + result % 10]).astype(numpy.uint8)
    end = numpy.full((len(result), 1), 10, numpy.uint8)
    refused = result != 0
    for name, rows in (
        ("result.txt", numpy.hstack([records[:, :20], digits, end])),
        ("reject.txt", numpy.hstack([digits[refused], records[refused]])),
    ):
        with open(f"{out}/{name}", "wb") as file:
            file.write(rows.tobytes())
            file.flush()
            os.fsync(file.fileno())


def changed():
    """The columns of a record that was taken."""
    special = {
        "c1": "c1::BIGINT c1",
        "c26": "'0002' c26",
        "c27": "CASE WHEN found THEN printf('%04d', changes::INT+1) ELSE '0000' END c27",
    }
    return ",".join(special.get(column, column) for column in COLUMNS)


def load(register, folder):
    path = f"{folder}/register.duckdb"
    if os.path.exists(path):
        os.remove(path)
    base = duckdb.connect(path)
    _, rows = table(register, COLUMNS, UTF8, "utf8")
    base.register("u", rows)
    base.execute(f"CREATE TABLE m AS SELECT c1::BIGINT c1,{','.join(COLUMNS[1:])} FROM u ORDER BY pos")
    base.execute(f"COPY (SELECT * FROM m) TO '{folder}/register.parquet' (FORMAT parquet)")
    base.close()
    durable(path)
    durable(f"{folder}/register.parquet")


def notices(path):
    return table(path, ["id", "kind", *COLUMNS], [8, 1, *CP932], "cp932")


def parquet(path, folder, out):
    records, rows = notices(path)
    old, new = f"{folder}/register.parquet", f"{out}/register.parquet"
    base = duckdb.connect()
    base.register("u", rows)
    judge(base, f"'{old}'")
    base.execute(
        f"""COPY (SELECT {','.join(COLUMNS)} FROM (
        SELECT {','.join(COLUMNS)} FROM '{old}' m WHERE c1 NOT IN (SELECT c1::BIGINT FROM v WHERE result=0)
        UNION ALL SELECT {changed()} FROM v WHERE result=0 AND kind<>'R') ORDER BY c1) TO '{new}' (FORMAT parquet)"""
    )
    durable(new)
    write_results(base, records, out)


def merge(path, folder, out):
    records, rows = notices(path)
    new = f"{out}/register.duckdb"
    if os.path.exists(f"{new}.wal"):
        os.remove(f"{new}.wal")
    shutil.copyfile(f"{folder}/register.duckdb", new)
    base = duckdb.connect(new)
    base.register("u", rows)
    judge(base, "m")
    base.execute(
        f"""MERGE INTO m USING (SELECT {changed()}, kind FROM v WHERE result=0) s ON m.c1=s.c1
        WHEN MATCHED AND s.kind='R' THEN DELETE
        WHEN MATCHED THEN UPDATE SET {','.join(f'{column}=s.{column}' for column in COLUMNS[1:])}
        WHEN NOT MATCHED THEN INSERT ({','.join(COLUMNS)}) VALUES ({','.join(f's.{column}' for column in COLUMNS)})"""
    )
    write_results(base, records, out)
    base.close()
    durable(new)


def show(folder, code):
    base = duckdb.connect(f"{folder}/register.duckdb", read_only=True)
    print(base.execute("SELECT * FROM m WHERE c1=?", [int(code)]).fetchone())


def rows_of(form, out, path):
    base = duckdb.connect() if form == "parquet" else duckdb.connect(f"{out}/register.duckdb", read_only=True)
    source = f"'{out}/register.parquet'" if form == "parquet" else "m"
    columns = "printf('%011d',c1),c2,c3,c4,c5,c6,c7,c10"
    base.execute(f"COPY (SELECT {columns} FROM {source} ORDER BY c1) TO '{path}' (FORMAT csv, HEADER false)")


def main():
    jobs = {"load": load, "parquet": parquet, "merge": merge, "show": show, "rows": rows_of}
    if sys.argv[1:] == ["version"]:
        print(duckdb.__version__)
    else:
        jobs[sys.argv[1]](*sys.argv[2:])


main()
