//! Layouts of exchange files: the built-in ones, those of a site, lint, booklet and sample.

use std::path::Path;

use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::party::{Encoding, FileKind};
use crate::format::exchange::{LineEnd, SampleHead, sample};
use crate::format::layout::{Layout, LayoutFault, Layouts, markdown};
use crate::ports::Disk;

/// No layout file is larger.
const LAYOUT_MAX_BYTES: u64 = 1 << 20;

/// The built-in layouts, replaced by those of `folder` where it has some.
pub fn load(disk: &dyn Disk, folder: Option<&Path>) -> Result<Layouts, Fault> {
    let mut layouts = Layouts::builtin().map_err(|e| wrong(&e))?;
    let Some(folder) = folder else { return Ok(layouts) };
    let entries = match disk.list(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(layouts),
        Err(e) => return Err(trouble::disk(folder)(e)),
    };
    for entry in entries
        .iter()
        .filter(|entry| entry.readable && Path::new(&entry.name).extension().is_some_and(|end| end == "toml"))
    {
        let path = folder.join(&entry.name);
        let text = read(disk, &path)?;
        layouts.replace(Layout::parse(&text, &path.display().to_string()).map_err(|e| wrong(&e))?);
    }
    Ok(layouts)
}

/// The built-in layouts with one file in place of its kind, and that kind.
pub fn load_with(disk: &dyn Disk, file: Option<&Path>) -> Result<(Layouts, Option<FileKind>), Fault> {
    let mut layouts = Layouts::builtin().map_err(|e| wrong(&e))?;
    let Some(path) = file else { return Ok((layouts, None)) };
    let layout = Layout::parse(&read(disk, path)?, &path.display().to_string()).map_err(|e| wrong(&e))?;
    let kind = layout.kind();
    layouts.replace(layout);
    Ok((layouts, Some(kind)))
}

/// Every fault of a layout file.
pub fn lint(disk: &dyn Disk, path: &Path) -> Result<Vec<Fault>, Fault> {
    let text = read(disk, path)?;
    Ok(Layout::lint(&text, &path.display().to_string())
        .iter()
        .map(wrong)
        .collect())
}

/// The tables of one kind, or of all.
pub fn doc(layouts: &Layouts, kind: Option<FileKind>) -> String {
    let kinds = kind.map_or_else(|| FileKind::ALL.to_vec(), |kind| vec![kind]);
    let texts: Vec<String> = kinds.into_iter().map(|kind| markdown(layouts.get(kind))).collect();
    texts.join("\n")
}

/// What a sample is made for.
#[derive(Debug, Clone, Copy)]
pub struct SampleWish {
    /// Kind of file.
    pub kind: FileKind,
    /// Party on the other side.
    pub party: PartyId,
    /// The site.
    pub own: PartyId,
    /// Business date.
    pub day: BusinessDate,
    /// Encoding.
    pub encoding: Encoding,
}

/// A valid file with invented values, and its standard name.
pub fn make_sample(layouts: &Layouts, wish: SampleWish) -> Result<(String, Vec<u8>), Fault> {
    let SampleWish {
        kind,
        party,
        own,
        day,
        encoding,
    } = wish;
    let head = SampleHead {
        party,
        own,
        serial: 1,
        day,
        encoding,
        line_end: LineEnd::None,
    };
    let bytes = sample(layouts.get(kind), &head).map_err(trouble::bug)?;
    let (sender, receiver) = match kind {
        FileKind::Upd | FileKind::Ext | FileKind::Inq | FileKind::Nrs => (party, own),
        FileKind::Res | FileKind::Ntf | FileKind::Rcr | FileKind::Prv | FileKind::Nrq => (own, party),
    };
    Ok((standard_name(kind, sender, receiver, 1), bytes))
}

/// `KIND-SENDER-RECEIVER-SERIAL.dat`.
pub fn standard_name(kind: FileKind, sender: PartyId, receiver: PartyId, serial: u32) -> String {
    format!("{}-{sender}-{receiver}-{serial:08}.dat", kind.as_str())
}

fn read(disk: &dyn Disk, path: &Path) -> Result<String, Fault> {
    let bytes = disk.read(path, LAYOUT_MAX_BYTES).map_err(trouble::unreadable(path))?;
    String::from_utf8(bytes).map_err(|e| {
        let line = e
            .as_bytes()
            .iter()
            .take(e.utf8_error().valid_up_to())
            .filter(|b| **b == b'\n')
            .count()
            + 1;
        Fault::new(FaultId::LayoutWrong)
            .with("path", path.display())
            .with("line", line)
            .with("column", 1)
            .with("why", "not UTF-8")
    })
}

fn wrong(fault: &LayoutFault) -> Fault {
    Fault::new(FaultId::LayoutWrong)
        .with("path", &fault.file)
        .with("line", fault.line)
        .with("column", fault.column)
        .with("why", &fault.kind)
}
