//! The merge program that somebody writes in an hour: the register as a sorted file, read and written as a whole.
//!
//! `merge apply NOTICES REGISTER OUT` makes `OUT/register` and the results.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use sekisho_peers::flat::{
    Notices, UTF8_BYTES, close, create, decode, key, mark_changed, wrong_against, wrong_by_itself,
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

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["apply", notices, register, out] => apply(Path::new(notices), Path::new(register), Path::new(out)),
        _ => Err("usage: merge apply NOTICES REGISTER OUT".into()),
    }
}
