//! The merge program that somebody writes in an hour: the register as a sorted file, read and written as a whole.
//!
//! `merge apply NOTICES REGISTER OUT` makes `OUT/register` and the results; `merge reconcile EXTRACT REGISTER OUT` makes
//! `OUT/reconcile.txt`; `merge match CONDITIONS REGISTER OUT` makes `OUT/match.txt`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use rustc_hash::FxHashMap;
use sekisho_peers::flat::{
    Asked, BIRTH, CODE, CONDITION_BYTES, CP932_BYTES, CP932_STARTS, NAME, NUMBER, Notices, SEX, TOWN, UTF8_BYTES,
    close, create, decode, field, key, mark_changed, trimmed, write_answer, write_difference, wrong_against,
    wrong_by_itself,
};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Records of the register, one after the other.
struct Records {
    file: File,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
}

impl Records {
    const STRIDE: usize = UTF8_BYTES + 1;

    fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            buffer: vec![0; Self::STRIDE * 4096],
            at: 0,
            end: 0,
        })
    }

    /// The next record with its line end.
    fn next(&mut self) -> std::io::Result<Option<&[u8]>> {
        if self.at == self.end {
            (self.at, self.end) = (0, 0);
            while self.end < self.buffer.len() {
                match self.file.read(&mut self.buffer[self.end..])? {
                    0 => break,
                    more => self.end += more,
                }
            }
            if self.end == 0 {
                return Ok(None);
            }
        }
        self.at += Self::STRIDE;
        Ok(Some(&self.buffer[self.at - Self::STRIDE..self.at]))
    }
}

fn apply(notices: &Path, register: &Path, out: &Path) -> Outcome {
    let notices = Notices::read(notices)?;
    let mut results = vec![0_u8; notices.len()];
    let mut records = Records::open(register)?;
    let new = out.join("register.part");
    let mut file = create(&new)?;
    let mut pending = notices.by_code.iter().copied().peekable();
    loop {
        let record = records.next()?;
        let here = record.map_or(u64::MAX, key);
        while let Some((_, at)) = pending.next_if(|(code, _)| *code < here) {
            judge(&notices, at, None, &mut results, &mut file)?;
        }
        let Some(record) = record else { break };
        let mut replaced = false;
        while let Some((_, at)) = pending.next_if(|(code, _)| *code == here) {
            replaced |= judge(&notices, at, Some(&record[..UTF8_BYTES]), &mut results, &mut file)?;
        }
        if !replaced {
            file.write_all(record)?;
        }
    }
    close(file)?;
    notices.write_results(out, &results)?;
    std::fs::rename(new, out.join("register"))?;
    File::open(out)?.sync_all()?;
    Ok(())
}

/// Judges one notice and writes what it makes of the record; true where the record is replaced or gone.
fn judge(
    notices: &Notices,
    at: u32,
    old: Option<&[u8]>,
    results: &mut [u8],
    file: &mut BufWriter<File>,
) -> Outcome<bool> {
    let mut record = [b' '; UTF8_BYTES];
    let kind = notices.kind(at);
    let mut wrong = if decode(notices.record(at), &mut record) {
        wrong_by_itself(&record)
    } else {
        10
    };
    if wrong == 0 {
        wrong = wrong_against(kind, old, &record);
    }
    results[at as usize] = wrong;
    if wrong != 0 {
        return Ok(false);
    }
    if kind != b'R' {
        mark_changed(old, &mut record);
        file.write_all(&record)?;
        file.write_all(b"\n")?;
    }
    Ok(true)
}

/// One line for each record that differs (code, D, numbers of the fields), is only in the extract (E) or only in the
/// register (M) although its municipality sent an extract; by code.
fn reconcile(extract: &Path, register: &Path, out: &Path) -> Outcome {
    const STRIDE: usize = CP932_BYTES + 1;
    let bytes = std::fs::read(extract)?;
    let record_of = |at: u32| &bytes[at as usize * STRIDE..][..CP932_BYTES];
    let count = (bytes.len() / STRIDE) as u32;
    let town_of = |record: &[u8]| record[CP932_STARTS[TOWN]..CP932_STARTS[TOWN + 1]].to_vec();
    let towns: BTreeSet<Vec<u8>> = (0..count).map(|at| town_of(record_of(at))).collect();
    let mut by_code: Vec<(u64, u32)> = (0..count).map(|at| (key(record_of(at)), at)).collect();
    by_code.sort_unstable();
    let mut pending = by_code.into_iter().peekable();
    let mut records = Records::open(register)?;
    let mut file = create(&out.join("reconcile.txt"))?;
    let mut decoded = [b' '; UTF8_BYTES];
    loop {
        let record = records.next()?;
        let here = record.map_or(u64::MAX, key);
        while let Some((_, at)) = pending.next_if(|(code, _)| *code < here) {
            file.write_all(&record_of(at)[..11])?;
            file.write_all(b" E\n")?;
        }
        let Some(record) = record else { break };
        if let Some((_, at)) = pending.next_if(|(code, _)| *code == here) {
            if !decode(record_of(at), &mut decoded) {
                return Err("an extract that is not CP932".into());
            }
            write_difference(&mut file, &record[..UTF8_BYTES], &decoded)?;
        } else if towns.contains(field(record, TOWN)) {
            file.write_all(&record[..11])?;
            file.write_all(b" M\n")?;
        }
    }
    Ok(close(file)?)
}

/// One line for each condition; everybody who fits is found by one pass over the register.
fn bulk(conditions: &Path, register: &Path, out: &Path) -> Outcome {
    let bytes = std::fs::read(conditions)?;
    let asked: Vec<Asked<'_>> = bytes.chunks_exact(CONDITION_BYTES).map(Asked::of).collect();
    let mut by_text: FxHashMap<Vec<u8>, Vec<u32>> = FxHashMap::default();
    for (at, one) in (0..).zip(&asked) {
        let wanted = match one.kind {
            b'1' => one.code.to_vec(),
            b'2' => one.number.to_vec(),
            _ => [one.name.as_bytes(), one.birth, one.sex].concat(),
        };
        by_text.entry(wanted).or_default().push(at);
    }
    let mut hits = vec![0_usize; asked.len()];
    let mut first: Vec<Option<Box<[u8]>>> = vec![None; asked.len()];
    let mut records = Records::open(register)?;
    let mut named = Vec::new();
    while let Some(record) = records.next()? {
        named.clear();
        named.extend_from_slice(trimmed(field(record, NAME)));
        named.extend_from_slice(field(record, BIRTH));
        named.extend_from_slice(field(record, SEX));
        for wanted in [field(record, CODE), field(record, NUMBER), &named] {
            for at in by_text.get(wanted).into_iter().flatten() {
                hits[*at as usize] += 1;
                first[*at as usize].get_or_insert_with(|| record[..UTF8_BYTES].into());
            }
        }
    }
    let mut file = create(&out.join("match.txt"))?;
    for ((one, hits), first) in asked.iter().zip(hits).zip(&first) {
        write_answer(&mut file, one.id, hits, first.as_deref().unwrap_or_default())?;
    }
    Ok(close(file)?)
}

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["apply", notices, register, out] => apply(Path::new(notices), Path::new(register), Path::new(out)),
        ["reconcile", extract, register, out] => reconcile(Path::new(extract), Path::new(register), Path::new(out)),
        ["match", conditions, register, out] => bulk(Path::new(conditions), Path::new(register), Path::new(out)),
        _ => Err("usage: merge apply NOTICES|reconcile EXTRACT|match CONDITIONS REGISTER OUT".into()),
    }
}
