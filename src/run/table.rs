//! The data records of an exchange file as a table: for people and spreadsheets that do not read positions.

use std::path::Path;

use zeroize::Zeroizing;

use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::format::exchange::{HashRule, ParsedFile};
use crate::format::layout::{Layout, Layouts, RecordType};
use crate::pipeline::decode::decode_named;
use crate::text::gaiji::GaijiTable;

/// What takes a data record: the names and texts of its fields.
pub type Take<'t> = dyn FnMut(&[(&str, &str)]) -> Result<(), Fault> + 't;

/// Calls `each` with the fields of every data record, by name and in the order of the layout; type and fillers are left
/// out. Text is without padding, digits keep their zeros, user-defined cells are U+E000 to U+E757.
///
/// # Errors
/// `FileNotExchange` where the file is not sound, `FieldUnreadable` at the first field without a text, what `each` says.
pub fn visit(layouts: &Layouts, path: &Path, bytes: &[u8], each: &mut Take<'_>) -> Result<(), Fault> {
    let parsed = parse(layouts, path, bytes)?;
    let layout = layouts.get(parsed.header.kind);
    // The file is shown as it was written: cells stay cells.
    let gaiji = GaijiTable::none();
    for (record_no, offset, record) in parsed.frame.data(bytes) {
        let named = decode_named(layout, RecordType::Data, record, parsed.header.encoding, &gaiji);
        let mut fields = Vec::with_capacity(named.len());
        for field in &named {
            match &field.text {
                Ok(text) => fields.push((field.name, text.as_str())),
                Err(fault) => {
                    let at = layout
                        .slot(RecordType::Data, field.name)
                        .map_or(offset, |slot| offset.saturating_add(u64::from(slot.offset)));
                    return Err(Fault::new(FaultId::FieldUnreadable)
                        .with("path", path.display())
                        .with("record", record_no)
                        .with("field", field.name)
                        .with("at", at)
                        .with("code", fault.code().as_str()));
                }
            }
        }
        each(&fields)?;
    }
    Ok(())
}

/// The table as CSV (RFC 4180 with LF): a header line with the names of the fields, then the records.
///
/// # Errors
/// As [`visit`].
pub fn csv(layouts: &Layouts, path: &Path, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let kind = parse(layouts, path, bytes)?.header.kind;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(names(layouts.get(kind))).map_err(trouble::bug)?;
    visit(layouts, path, bytes, &mut |fields| {
        let texts = fields.iter().map(|(_, text)| text);
        writer.write_record(texts).map_err(trouble::bug)
    })?;
    writer.into_inner().map(Zeroizing::new).map_err(trouble::bug)
}

fn names(layout: &Layout) -> impl Iterator<Item = &str> {
    layout
        .fields(RecordType::Data)
        .iter()
        .filter(|field| !field.is_filler() && field.name != "record_type")
        .map(|field| field.name.as_str())
}

fn parse(layouts: &Layouts, path: &Path, bytes: &[u8]) -> Result<ParsedFile, Fault> {
    ParsedFile::parse(bytes, layouts, HashRule::Optional).map_err(|why| {
        Fault::new(FaultId::FileNotExchange)
            .with("path", path.display())
            .with("code", why.code().as_str())
            .with("why", why)
    })
}
