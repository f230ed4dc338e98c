//! The parties of the demonstration, as a site registers them.

use super::glyphs;
use super::{DemoFault, DemoWorld, NATIONAL, OWN};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::party::{Encoding, FileKind, Party, PartyKind};

/// Name under which the gaiji table of the demonstration is registered.
const GAIJI_TABLE: &str = "demo-gaiji";

/// Departments of the prefecture that may ask (names as anywhere).
const DEPARTMENTS: [(&str, &str); 3] = [
    ("D0000001", "総務部税務課"),
    ("D0000002", "健康福祉部福祉政策課"),
    ("D0000003", "教育庁総務課"),
];

/// A gaiji table to be registered: its name in [`Party::gaiji_table`] and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaijiCsv {
    /// Name.
    pub name: &'static str,
    /// Content of `gaiji.csv`: columns cell, text, note.
    pub csv: String,
}

impl DemoWorld {
    /// All parties: the municipalities in the order of their codes, the own site, the national body, departments.
    /// Keys are not set; plain files are allowed.
    pub fn parties(&self) -> Result<Vec<Party>, DemoFault> {
        let mut parties = Vec::new();
        for town in &self.world.people.tables.municipalities {
            let sends = vec![FileKind::Upd, FileKind::Ext, FileKind::Inq];
            let mut party = party(town.party.as_str(), PartyKind::Municipality, &town.name, sends)?;
            party.encoding = town.encoding;
            party.gaiji_table = town.gaiji_table.then(|| GAIJI_TABLE.to_owned());
            parties.push(party);
        }
        parties.push(party(OWN, PartyKind::Own, super::tables::PREFECTURE, Vec::new())?);
        let national = "地方公共団体情報システム機構";
        let mut body = party(
            NATIONAL,
            PartyKind::National,
            national,
            vec![FileKind::Res, FileKind::Nrs],
        )?;
        body.encoding = Encoding::Ucs2Be;
        parties.push(body);
        for (id, name) in DEPARTMENTS {
            parties.push(party(id, PartyKind::Department, name, vec![FileKind::Inq])?);
        }
        Ok(parties)
    }

    /// The gaiji tables that parties name.
    pub fn gaiji_tables(&self) -> Vec<GaijiCsv> {
        vec![GaijiCsv {
            name: GAIJI_TABLE,
            csv: glyphs::gaiji_csv(),
        }]
    }
}

fn party(id: &str, kind: PartyKind, name: &str, sends: Vec<FileKind>) -> Result<Party, DemoFault> {
    let date = |value| BusinessDate::from_value(value).ok_or(DemoFault::TooMany);
    Ok(Party {
        id: PartyId::parse(id).ok_or(DemoFault::TooMany)?,
        kind,
        name: name.to_owned(),
        sends,
        encoding: Encoding::Cp932,
        active_from: date(20_020_805)?,
        active_to: date(99_991_231)?,
        hash_optional: false,
        plain_allowed: true,
        arrival: crate::domain::arrival::ArrivalRule::default(),
        predecessors: Vec::new(),
        gaiji_table: None,
        signing_key: None,
        sealing_key: None,
    })
}
