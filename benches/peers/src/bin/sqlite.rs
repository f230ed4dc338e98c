//! SQLite, as somebody who knows it would use it.
//!
//! `sqlite load REGISTER DB`: the table, filled and indexed. `sqlite apply NOTICES DB OUT`: a copy of the data base (the
//! old generation stays), one transaction on it, and the results. `sqlite show DB CODE`: one record.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement, Transaction};
use sekisho_peers::flat::{
    Notices, UTF8_BYTES, UTF8_STARTS, decode, field, key, mark_changed, trimmed, wrong_against, wrong_by_itself,
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
    base.execute_batch("CREATE INDEX number ON m(c7); CREATE INDEX kana ON m(c3,c4,c5); CREATE INDEX town ON m(c10);")?;
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
        ["show", base, code] => show(Path::new(base), code),
        ["version"] => {
            println!("{}", rusqlite::version());
            Ok(())
        }
        _ => Err("usage: sqlite load REGISTER DB | apply NOTICES DB OUT | show DB CODE | version".into()),
    }
}
