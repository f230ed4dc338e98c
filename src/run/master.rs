//! Records of the master: one code now, earlier, at an instant; exports; how much there is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use super::at_rest::files_below;
use super::site::Site;
use super::{generations, trouble};
use crate::domain::entry::{Entry, Standing, Version};
use crate::domain::fault::{Class, Fault, FaultId};
use crate::domain::ids::JuminCode;
use crate::domain::instant::{BusinessDate, Instant};
use crate::ports::WriteNew;
use crate::store::folders::Folders;
use crate::store::master::{ExportError, Master, Stats, export_history, export_retired, export_rows};

/// Bytes gathered before they are written to the disk.
const BUFFER_BYTES: usize = 1 << 18;

/// Reads a 住民票コード that was typed. The fault does not repeat it: it is personal data.
pub fn code(text: &str) -> Result<JuminCode, Fault> {
    JuminCode::parse(text).map_err(|_| Fault::new(FaultId::CodeWrong))
}

/// Reads an instant that was typed: `YYYY-MM-DD` (the end of that day), `YYYY-MM-DDThh:mm:ss`, the same with
/// milliseconds behind a point, or 17 digits.
pub fn instant(text: &str) -> Result<Instant, Fault> {
    let wrong = || Fault::new(FaultId::InstantWrong).with_typed("value", text);
    if let Some(instant) = Instant::parse(text) {
        return Ok(instant);
    }
    let (day, clock) = text.split_once('T').unwrap_or((text, "23:59:59.999"));
    let day = Some(day)
        .filter(|day| day.len() == 10)
        .and_then(BusinessDate::parse)
        .ok_or_else(wrong)?;
    let (clock, millis) = clock.split_once('.').unwrap_or((clock, "000"));
    let parts: Vec<&str> = clock.split(':').collect();
    let two_digits = |part: &&str| part.len() == 2;
    if parts.len() != 3 || !parts.iter().all(two_digits) || !(1..=3).contains(&millis.len()) {
        return Err(wrong());
    }
    Instant::parse(&format!("{day}{}{millis:0<3}", parts.concat())).ok_or_else(wrong)
}

/// Does some work with the newest generation or with the one given.
fn with<T>(
    site: &Site<'_>,
    generation: Option<u64>,
    work: impl FnOnce(&Master) -> Result<T, Fault>,
) -> Result<T, Fault> {
    match generation {
        None => work(&site.master),
        Some(number) => work(&generations::open(site, number)?),
    }
}

/// The entry of a code.
pub fn show(site: &Site<'_>, generation: Option<u64>, code: JuminCode) -> Result<Entry, Fault> {
    with(site, generation, |master| {
        entry(master, code)?.ok_or_else(|| Fault::new(FaultId::NothingFound))
    })
}

fn entry(master: &Master, code: JuminCode) -> Result<Option<Entry>, Fault> {
    let mut entries = master.entries(&[code]).map_err(|e| trouble::master(&e))?;
    Ok(entries.remove(&code))
}

/// One code of a person: its entry and its versions, the newest first.
pub struct Chapter {
    /// The entry.
    pub entry: Entry,
    /// The versions stored under the code.
    pub versions: Vec<Version>,
}

/// All that is kept of a person, whichever of the person's codes was asked for: the newest code first (51, 52).
pub fn history(site: &Site<'_>, generation: Option<u64>, code: JuminCode) -> Result<Vec<Chapter>, Fault> {
    with(site, generation, |master| {
        let mut newest = entry(master, code)?.ok_or_else(|| Fault::new(FaultId::NothingFound))?;
        let mut seen = BTreeSet::from([code]);
        while let Standing::Retired { target } = newest.standing {
            newest = linked(master, target, &mut seen)?;
        }
        let mut chapters = Vec::new();
        let mut seen = BTreeSet::from([newest.code]);
        loop {
            let mut versions = master.versions(newest.code).map_err(|e| trouble::master(&e))?;
            versions.reverse();
            let former = newest.former;
            chapters.push(Chapter {
                entry: newest,
                versions,
            });
            match former {
                None => return Ok(chapters),
                Some(former) => newest = linked(master, former, &mut seen)?,
            }
        }
    })
}

/// The entry that another one names. It must be there, and no chain of codes comes back to where it was.
fn linked(master: &Master, code: JuminCode, seen: &mut BTreeSet<JuminCode>) -> Result<Entry, Fault> {
    let broken = || {
        Fault::new(FaultId::StoreDamaged)
            .with("object", "store")
            .with("why", "a chain of codes joined by 51 or 52 is broken")
    };
    if !seen.insert(code) {
        return Err(broken());
    }
    entry(master, code)?.ok_or_else(broken)
}

/// What a code was at an instant (rules section 4).
pub fn as_of(site: &Site<'_>, generation: Option<u64>, code: JuminCode, at: Instant) -> Result<Standing, Fault> {
    with(site, generation, |master| {
        let standing = master.as_of(code, at).map_err(|e| trouble::master(&e))?;
        if let Some(standing) = standing {
            return Ok(standing);
        }
        let known = entry(master, code)?.is_some();
        Err(Fault::new(if known {
            FaultId::NothingThen
        } else {
            FaultId::NothingFound
        })
        .with("instant", at))
    })
}

/// Which table is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// State and 28 items of every code that is not retired.
    Rows,
    /// Retired codes and the codes that replaced them.
    Retired,
    /// Number of versions of every code.
    History,
}

/// Writes a table as CSV and gives the number of its rows. The output is personal data.
pub fn export(site: &Site<'_>, generation: Option<u64>, what: What, out: &mut dyn Write) -> Result<u64, Fault> {
    let failed = |e: &io::Error| Fault::new(FaultId::OutputFailed).with("why", e);
    write_table(site, generation, what, out, &failed)
}

/// Writes a table as CSV into a new file, mode 0600, durable; what was begun is removed where it fails.
pub fn export_to(site: &Site<'_>, generation: Option<u64>, what: What, path: &Path) -> Result<u64, Fault> {
    let disk = site.tools.disk;
    let file = match disk.create(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Fault::new(FaultId::OutputExists).with("path", path.display()));
        }
        Err(e) => return Err(trouble::disk(path)(e)),
    };
    let failed = |e: &io::Error| trouble::disk_ref(path, e);
    let mut to = io::BufWriter::with_capacity(BUFFER_BYTES, ToDisk(file));
    let written = write_table(site, generation, what, &mut to, &failed).and_then(|rows| {
        let mut file = to.into_inner().map_err(|e| failed(e.error()))?.0;
        file.sync().map_err(trouble::disk(path))?;
        Ok(rows)
    });
    if written.as_ref().is_err_and(|fault| fault.class() != Class::Fatal) {
        // The first fault is the one that counts.
        drop(disk.remove(path));
    }
    written
}

fn write_table(
    site: &Site<'_>,
    generation: Option<u64>,
    what: What,
    out: &mut dyn Write,
    failed: &dyn Fn(&io::Error) -> Fault,
) -> Result<u64, Fault> {
    with(site, generation, |master| {
        let written = match what {
            What::Rows => export_rows(master, out),
            What::Retired => export_retired(master, out),
            What::History => export_history(master, out),
        };
        written.map_err(|e| match e {
            ExportError::Master(e) => trouble::master(&e),
            ExportError::Output { source } => failed(&source),
            ExportError::Reason { .. } => trouble::damaged("store")(e),
        })
    })
}

/// A file of the port as a writer.
struct ToDisk(Box<dyn WriteNew>);

impl Write for ToDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How much there is.
pub struct Size {
    /// Number of the generation.
    pub generation: u64,
    /// Counts, and sizes by table.
    pub stats: Stats,
    /// Files and their bytes by folder of the site.
    pub folders: BTreeMap<&'static str, (u64, u64)>,
}

/// Counts the register, and what lies in the folders of the site.
pub fn size(site: &Site<'_>, generation: Option<u64>) -> Result<Size, Fault> {
    with(site, generation, |master| {
        Ok(Size {
            generation: master.generation(),
            stats: master.stats(),
            folders: Folders::TOP
                .into_iter()
                .map(|name| Ok((name, on_disk(site, name)?)))
                .collect::<Result<_, Fault>>()?,
        })
    })
}

fn on_disk(site: &Site<'_>, name: &str) -> Result<(u64, u64), Fault> {
    let (disk, folder) = (site.tools.disk, site.folders.at(name));
    let mut sums = (0, 0_u64);
    for path in files_below(disk, &folder).map_err(trouble::disk(&folder))? {
        // A file that is gone by now takes no room.
        if let Ok(facts) = disk.facts(&path) {
            sums = (sums.0 + 1, sums.1.saturating_add(facts.len_bytes));
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_four_spellings_and_a_day_alone_is_its_end() {
        for (text, value) in [
            ("2020-09-14", "20200914235959999"),
            ("2020-09-14T09:30:00", "20200914093000000"),
            ("2020-09-14T09:30:00.5", "20200914093000500"),
            ("2020-09-14T09:30:00.123", "20200914093000123"),
            ("20200914093000123", "20200914093000123"),
        ] {
            assert_eq!(instant(text).unwrap().to_string(), value, "{text}");
        }
        for bad in [
            "",
            "20200914",
            "2020-02-31",
            "2020-09-14T",
            "2020-09-14T9:30:00",
            "2020-09-14T09:30",
            "2020-09-14T24:00:00",
            "2020-09-14T09:30:00.",
            "2020-09-14T09:30:00.1234",
            "2020-09-14T09:30:00.+1",
            "2020-09-14 09:30:00",
            "2020091409300012",
            "昨日",
        ] {
            assert_eq!(instant(bad).unwrap_err().id, FaultId::InstantWrong, "{bad}");
        }
    }

    #[test]
    fn a_wrong_code_is_not_repeated() {
        let fault = code("25208017644").unwrap_err();
        assert_eq!(fault.id, FaultId::CodeWrong);
        assert!(fault.args().is_empty());
        assert!(code("25208017643").is_ok());
    }
}
