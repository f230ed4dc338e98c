//! The nine default layouts, compiled in, and the set of layouts that a site uses.

use super::fault::LayoutFault;
use super::model::Layout;
use crate::domain::party::FileKind;

impl Layout {
    /// The default layout of a kind.
    ///
    /// # Errors
    /// None in practice: a test reads all nine.
    pub fn builtin(kind: FileKind) -> Result<Self, LayoutFault> {
        Self::parse(builtin_text(kind), &format!("{}.toml", kind.as_str()))
    }
}

/// The layouts of all nine kinds, as one site uses them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layouts {
    by_kind: [Layout; 9],
}

impl Layouts {
    /// The default layouts.
    ///
    /// # Errors
    /// None in practice: a test reads all nine.
    pub fn builtin() -> Result<Self, LayoutFault> {
        Ok(Self {
            by_kind: [
                Layout::builtin(FileKind::Upd)?,
                Layout::builtin(FileKind::Res)?,
                Layout::builtin(FileKind::Ntf)?,
                Layout::builtin(FileKind::Ext)?,
                Layout::builtin(FileKind::Rcr)?,
                Layout::builtin(FileKind::Inq)?,
                Layout::builtin(FileKind::Prv)?,
                Layout::builtin(FileKind::Nrq)?,
                Layout::builtin(FileKind::Nrs)?,
            ],
        })
    }

    /// The layout of a kind.
    pub fn get(&self, kind: FileKind) -> &Layout {
        let [upd, res, ntf, ext, rcr, inq, prv, nrq, nrs] = &self.by_kind;
        match kind {
            FileKind::Upd => upd,
            FileKind::Res => res,
            FileKind::Ntf => ntf,
            FileKind::Ext => ext,
            FileKind::Rcr => rcr,
            FileKind::Inq => inq,
            FileKind::Prv => prv,
            FileKind::Nrq => nrq,
            FileKind::Nrs => nrs,
        }
    }

    /// Puts a site's own layout in place of the one of its kind.
    pub fn replace(&mut self, layout: Layout) {
        let kind = layout.kind();
        for place in &mut self.by_kind {
            if place.kind() == kind {
                *place = layout;
                return;
            }
        }
    }

    /// The canonical texts of all kinds, one after the other: the input of the layouts' hash in manifest and ledger.
    pub fn canonical_text(&self) -> String {
        self.by_kind.iter().map(Layout::canonical_text).collect()
    }
}

/// The text of a default layout file, e.g. to start a site's own from.
pub const fn builtin_text(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Upd => include_str!("../layouts/upd.toml"),
        FileKind::Res => include_str!("../layouts/res.toml"),
        FileKind::Ntf => include_str!("../layouts/ntf.toml"),
        FileKind::Ext => include_str!("../layouts/ext.toml"),
        FileKind::Rcr => include_str!("../layouts/rcr.toml"),
        FileKind::Inq => include_str!("../layouts/inq.toml"),
        FileKind::Prv => include_str!("../layouts/prv.toml"),
        FileKind::Nrq => include_str!("../layouts/nrq.toml"),
        FileKind::Nrs => include_str!("../layouts/nrs.toml"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FieldType, RecordType, Slot};
    use super::*;
    use crate::domain::item::Item;

    #[test]
    fn all_nine_default_layouts_are_read_and_have_no_fault() {
        for kind in FileKind::ALL {
            assert_eq!(Layout::lint(builtin_text(kind), "x"), [], "{}", kind.as_str());
            let layout = Layout::builtin(kind).unwrap();
            assert_eq!(layout.kind(), kind);
            assert_eq!(Layouts::builtin().unwrap().get(kind), &layout);
        }
    }

    #[test]
    fn fields_are_found_by_name_and_by_item() {
        let layout = Layout::builtin(FileKind::Upd).unwrap();
        let serial = Slot {
            offset: 22,
            length: 8,
            kind: FieldType::Digits,
        };
        assert_eq!(layout.record_bytes(), 1400);
        assert_eq!(layout.slot(RecordType::Header, "serial"), Some(serial));
        assert_eq!(layout.item_slot(Item::Address).unwrap().offset, 425);
        assert_eq!(layout.slot(RecordType::Data, "no_such"), None);
        let record = b"0123456789".repeat(140);
        assert_eq!(serial.cut(&record), Some(&b"23456789"[..]));
        assert_eq!(serial.cut(&record[..29]), None);
    }

    #[test]
    fn canonical_text_holds_what_decides_about_bytes_and_no_words() {
        let text = builtin_text(FileKind::Nrs);
        let layout = Layout::parse(text, "a").unwrap();
        let other_words = text.replace("spaces", "nothing");
        assert_ne!(other_words, text);
        assert_eq!(
            Layout::parse(&other_words, "b").unwrap().canonical_text(),
            layout.canonical_text()
        );
        let other_version = text.replace("format_version = \"01\"", "format_version = \"02\"");
        assert_ne!(
            Layout::parse(&other_version, "b").unwrap().canonical_text(),
            layout.canonical_text()
        );
        assert!(
            layout
                .canonical_text()
                .starts_with("layout 1\nkind NRS\nformat_version 01\nrecord_bytes 1300\n1 0 1 X record_type 0\n")
        );
    }

    #[test]
    fn a_site_replaces_one_kind() {
        let mut layouts = Layouts::builtin().unwrap();
        let own = builtin_text(FileKind::Inq).replace("format_version = \"01\"", "format_version = \"07\"");
        layouts.replace(Layout::parse(&own, "own.toml").unwrap());
        assert_eq!(layouts.get(FileKind::Inq).format_version(), "07");
        assert_eq!(layouts.get(FileKind::Upd).format_version(), "01");
        assert_ne!(layouts.canonical_text(), Layouts::builtin().unwrap().canonical_text());
    }
}
