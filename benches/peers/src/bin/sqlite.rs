//! SQLite, as somebody who knows it would use it.
//!
//! `sqlite load REGISTER DB`: the table, filled and indexed. `sqlite apply NOTICES DB OUT`: a copy of the data base (the
//! old generation stays), one transaction on it, and the results. `sqlite reconcile EXTRACT DB OUT`, `sqlite match CONDITIONS DB OUT`: as the merge
//! program, by the indexes. `sqlite show DB CODE`: one record.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement, Transaction};
use sekisho_peers::flat::{
    Asked, CONDITION_BYTES, CP932_BYTES, CP932_STARTS, Notices, TOWN, UTF8_BYTES, UTF8_STARTS, close, create, decode,
    field, key, mark_changed, trimmed, write_answer, write_difference, wrong_against, wrong_by_itself,
};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Fields that every change writes, numbered from 1 as the columns are.
const ALWAYS: [usize; 8] = [8, 9, 13, 14, 15, 19, 26, 27];
/// What a change of address writes besides.
const OF_ADDRESS: [usize; 5] = [6, 10, 11, 21, 23];
/// What a change of name writes besides.
const OF_NAME: [usize; 2] = [2, 3];

fn open(path: &Path, journal: &str) -> Outcome<Connection> {
    let base = Connection::open(path)?;
    base.execute_batch(&format!(
        "PRAGMA page_size=4096; PRAGMA journal_mode={journal}; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-524288;
         PRAGMA mmap_size=8589934592; PRAGMA temp_store=MEMORY;"
    ))?;
    Ok(base)
}

fn columns(with: impl Fn(usize) -> String) -> String {
    (2..=28).map(with).collect::<Vec<_>>().join(",")
}

fn insert(base: &Connection) -> rusqlite::Result<Statement<'_>> {
    base.prepare(&format!("INSERT INTO m VALUES(?,{})", columns(|_| "?".to_owned())))
}

fn text(record: &[u8], column: usize) -> Outcome<&str> {
    Ok(std::str::from_utf8(trimmed(field(record, column - 1)))?)
}

fn put(statement: &mut Statement<'_>, record: &[u8]) -> Outcome {
    statement.raw_bind_parameter(1, key(record) as i64)?;
    for column in 2..=28 {
        statement.raw_bind_parameter(column, text(record, column)?)?;
    }
    statement.raw_execute()?;
    Ok(())
}

fn load(register: &Path, path: &Path) -> Outcome {
    let mut base = open(path, "OFF")?;
    let fields = columns(|column| format!("c{column} TEXT NOT NULL"));
    base.execute_batch(&format!("CREATE TABLE m(code INTEGER PRIMARY KEY,{fields});"))?;
    let mut records = std::io::BufReader::with_capacity(1 << 20, File::open(register)?);
    let work = base.transaction()?;
    {
        let mut statement = insert(&work)?;
        let mut record = [0_u8; UTF8_BYTES + 1];
        while std::io::Read::read_exact(&mut records, &mut record).is_ok() {
            put(&mut statement, &record)?;
        }
    }
    work.commit()?;
    base.execute_batch("CREATE INDEX number ON m(c7); CREATE INDEX name ON m(c2,c4,c5); CREATE INDEX town ON m(c10);")?;
    drop(base);
    File::open(path)?.sync_all()?;
    Ok(())
}

fn read(row: &Row<'_>, record: &mut [u8; UTF8_BYTES]) -> Outcome {
    record.fill(b' ');
    write!(&mut record[..11], "{:011}", row.get::<_, i64>(0)?)?;
    for at in 1..28 {
        if let ValueRef::Text(text) = row.get_ref(at)? {
            record[UTF8_STARTS[at]..UTF8_STARTS[at] + text.len()].copy_from_slice(text);
        }
    }
    Ok(())
}

/// The statements of a transaction.
struct Work<'t> {
    find: Statement<'t>,
    enter: Statement<'t>,
    address: Statement<'t>,
    name: Statement<'t>,
    remove: Statement<'t>,
}

impl<'t> Work<'t> {
    fn prepare(on: &'t Transaction<'_>) -> rusqlite::Result<Self> {
        let update = |more: &[usize]| {
            let set: Vec<String> = ALWAYS.iter().chain(more).map(|column| format!("c{column}=?")).collect();
            on.prepare(&format!("UPDATE m SET {} WHERE code=?", set.join(",")))
        };
        Ok(Self {
            find: on.prepare("SELECT * FROM m WHERE code=?")?,
            enter: insert(on)?,
            address: update(&OF_ADDRESS)?,
            name: update(&OF_NAME)?,
            remove: on.prepare("DELETE FROM m WHERE code=?")?,
        })
    }

    fn judge(&mut self, kind: u8, code: u64, notice: &[u8]) -> Outcome<u8> {
        let mut record = [b' '; UTF8_BYTES];
        if !decode(notice, &mut record) {
            return Ok(10);
        }
        let wrong = wrong_by_itself(&record);
        if wrong != 0 {
            return Ok(wrong);
        }
        let mut old = [b' '; UTF8_BYTES];
        let old = match self.find.query([code as i64])?.next()? {
            Some(row) => {
                read(row, &mut old)?;
                Some(&old[..])
            }
            None => None,
        };
        let wrong = wrong_against(kind, old, &record);
        if wrong != 0 {
            return Ok(wrong);
        }
        mark_changed(old, &mut record);
        match kind {
            b'I' => put(&mut self.enter, &record)?,
            b'A' => change(&mut self.address, &OF_ADDRESS, code, &record)?,
            b'N' => change(&mut self.name, &OF_NAME, code, &record)?,
            _ => {
                self.remove.execute([code as i64])?;
            }
        }
        Ok(0)
    }
}

fn change(statement: &mut Statement<'_>, more: &[usize], code: u64, record: &[u8]) -> Outcome {
    let mut place = 1;
    for column in ALWAYS.iter().chain(more) {
        statement.raw_bind_parameter(place, text(record, *column)?)?;
        place += 1;
    }
    statement.raw_bind_parameter(place, code as i64)?;
    statement.raw_execute()?;
    Ok(())
}

fn apply(notices: &Path, old: &Path, out: &Path) -> Outcome {
    let new = out.join("register.db");
    std::fs::copy(old, &new)?;
    File::open(&new)?.sync_all()?;
    let notices = Notices::read(notices)?;
    let mut results = vec![0_u8; notices.len()];
    let mut base = open(&new, "WAL")?;
    let transaction = base.transaction()?;
    {
        let mut work = Work::prepare(&transaction)?;
        for (code, at) in &notices.by_code {
            results[*at as usize] = work.judge(notices.kind(*at), *code, notices.record(*at))?;
        }
    }
    transaction.commit()?;
    base.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
    drop(base);
    File::open(&new)?.sync_all()?;
    Ok(notices.write_results(out, &results)?)
}

/// The extract and the rows of its municipalities, both by code, side by side.
fn reconcile(extract: &Path, base: &Path, out: &Path) -> Outcome {
    const STRIDE: usize = CP932_BYTES + 1;
    let bytes = std::fs::read(extract)?;
    let record_of = |at: u32| &bytes[at as usize * STRIDE..][..CP932_BYTES];
    let count = (bytes.len() / STRIDE) as u32;
    let town_of = |record: &[u8]| record[CP932_STARTS[TOWN]..CP932_STARTS[TOWN + 1]].to_vec();
    let towns: BTreeSet<Vec<u8>> = (0..count).map(|at| town_of(record_of(at))).collect();
    let mut by_code: Vec<(u64, u32)> = (0..count).map(|at| (key(record_of(at)), at)).collect();
    by_code.sort_unstable();
    let mut pending = by_code.into_iter().peekable();
    let base = open(base, "OFF")?;
    let list: Vec<String> = towns
        .iter()
        .map(|town| format!("'{}'", String::from_utf8_lossy(town)))
        .collect();
    // All municipalities: the table as it lies. One: its index, in the order of the codes.
    let filter = if list.len() == 1 {
        format!("WHERE c10={}", list[0])
    } else {
        format!("WHERE +c10 IN ({})", list.join(","))
    };
    let mut rows = base.prepare(&format!("SELECT * FROM m {filter} ORDER BY code"))?;
    let mut rows = rows.query([])?;
    let mut single = base.prepare("SELECT * FROM m WHERE code=?")?;
    let mut file = create(&out.join("reconcile.txt"))?;
    let (mut old, mut decoded) = ([b' '; UTF8_BYTES], [b' '; UTF8_BYTES]);
    loop {
        let here = match rows.next()? {
            Some(row) => {
                read(row, &mut old)?;
                key(&old)
            }
            None => u64::MAX,
        };
        while let Some((code, at)) = pending.next_if(|(code, _)| *code < here) {
            // Not a resident of these municipalities: perhaps of another.
            let mut found = single.query([code as i64])?;
            if let Some(row) = found.next()? {
                let mut other = [b' '; UTF8_BYTES];
                read(row, &mut other)?;
                decode(record_of(at), &mut decoded);
                write_difference(&mut file, &other, &decoded)?;
            } else {
                file.write_all(&record_of(at)[..11])?;
                file.write_all(b" E\n")?;
            }
        }
        if here == u64::MAX {
            break;
        }
        if let Some((_, at)) = pending.next_if(|(code, _)| *code == here) {
            decode(record_of(at), &mut decoded);
            write_difference(&mut file, &old, &decoded)?;
        } else {
            file.write_all(&old[..11])?;
            file.write_all(b" M\n")?;
        }
    }
    Ok(close(file)?)
}

/// One indexed statement for each condition.
fn bulk(conditions: &Path, base: &Path, out: &Path) -> Outcome {
    let bytes = std::fs::read(conditions)?;
    let base = open(base, "OFF")?;
    let mut by_code = base.prepare("SELECT * FROM m WHERE code=?")?;
    let mut by_number = base.prepare("SELECT * FROM m WHERE c7=?")?;
    let mut by_name = base.prepare("SELECT * FROM m WHERE c2=? AND c4=? AND c5=?")?;
    let mut file = create(&out.join("match.txt"))?;
    let mut record = [b' '; UTF8_BYTES];
    for one in bytes.chunks_exact(CONDITION_BYTES).map(Asked::of) {
        let statement = match one.kind {
            b'1' => &mut by_code,
            b'2' => &mut by_number,
            _ => &mut by_name,
        };
        match one.kind {
            b'1' => statement.raw_bind_parameter(1, key(one.code) as i64)?,
            b'2' => statement.raw_bind_parameter(1, std::str::from_utf8(one.number)?)?,
            _ => {
                statement.raw_bind_parameter(1, &one.name)?;
                statement.raw_bind_parameter(2, std::str::from_utf8(one.birth)?)?;
                statement.raw_bind_parameter(3, std::str::from_utf8(one.sex)?)?;
            }
        }
        let mut rows = statement.raw_query();
        let mut hits = 0;
        while let Some(row) = rows.next()? {
            if hits == 0 {
                read(row, &mut record)?;
            }
            hits += 1;
        }
        write_answer(&mut file, one.id, hits, &record)?;
    }
    Ok(close(file)?)
}

fn show(path: &Path, code: &str) -> Outcome {
    let base = Connection::open(path)?;
    let mut find = base.prepare("SELECT * FROM m WHERE code=?")?;
    let mut record = [b' '; UTF8_BYTES];
    if let Some(row) = find.query([key(code.as_bytes()) as i64])?.next()? {
        read(row, &mut record)?;
        println!("{}", std::str::from_utf8(&record)?);
    }
    Ok(())
}

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["load", register, base] => load(Path::new(register), Path::new(base)),
        ["apply", notices, base, out] => apply(Path::new(notices), Path::new(base), Path::new(out)),
        ["reconcile", extract, base, out] => reconcile(Path::new(extract), Path::new(base), Path::new(out)),
        ["match", conditions, base, out] => bulk(Path::new(conditions), Path::new(base), Path::new(out)),
        ["show", base, code] => show(Path::new(base), code),
        ["version"] => {
            println!("{}", rusqlite::version());
            Ok(())
        }
        _ => Err("usage: sqlite load REGISTER DB | apply NOTICES|reconcile EXTRACT|match CONDITIONS DB OUT | show DB CODE | version".into()),
    }
}
