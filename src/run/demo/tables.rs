//! The built-in data of the demonstration: municipalities, parts of towns, names. See `fixtures/demo/SOURCE.txt`.

use serde::Deserialize;

use super::DemoFault;
use super::calendar::{self, Day};
use super::draw::Draw;
use crate::domain::ids::{MunicipalityCode, PartyId};
use crate::domain::party::Encoding;

/// The prefecture's name, which begins every address.
pub(super) const PREFECTURE: &str = "秋田県";
/// U+3013, what stands for a character outside the agreed set.
pub(super) const PLACEHOLDER: char = '〓';
/// The user-defined character (cell F050) of parts of town marked `cell`; no gaiji table of the demonstration maps it.
const UNMAPPED_CELL: char = '\u{E010}';

/// One municipality and how its files look.
#[derive(Debug)]
pub(super) struct Municipality {
    /// Item 14.
    pub(super) code: MunicipalityCode,
    /// The same as a party.
    pub(super) party: PartyId,
    /// Name without the county.
    pub(super) name: String,
    /// Prefecture, county and name: the beginning of its addresses.
    pub(super) prefix: String,
    /// Its part of the residents, of the sum of all weights.
    pub(super) weight: u32,
    /// Encoding of its files.
    pub(super) encoding: Encoding,
    /// Its files end their records with CR LF.
    pub(super) crlf: bool,
    /// It has a gaiji table and sends cells for the characters in it.
    pub(super) gaiji_table: bool,
    /// Its machines write the NEC-selected cells of characters that have two.
    pub(super) nec_cells: bool,
    /// Parts of the town.
    pub(super) quarters: Vec<Quarter>,
}

/// A part of a town (大字・字).
#[derive(Debug)]
pub(super) struct Quarter {
    /// Item 15, six digits, 000000 where it has none.
    pub(super) aza: String,
    /// What follows the municipality in an address.
    pub(super) name: String,
    /// Houses are counted by block and house (番号), not by lot (番地).
    pub(super) chome: bool,
}

/// A name and its reading in hiragana.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Name {
    /// As written.
    pub(super) kanji: String,
    /// As read.
    pub(super) kana: String,
}

/// A name of a foreign resident.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ForeignName {
    /// Family name, full-width Latin letters or kanji.
    pub(super) family: String,
    /// Its reading.
    pub(super) family_kana: String,
    /// `M` or `F`.
    pub(super) sex: String,
    /// Given names.
    pub(super) given: String,
    /// Their reading.
    pub(super) given_kana: String,
}

#[derive(Deserialize)]
struct MunicipalityLine {
    code: String,
    county: String,
    name: String,
    weight: u32,
    encoding: String,
    line_end: String,
    gaiji_table: String,
    cells: String,
}

#[derive(Deserialize)]
struct QuarterLine {
    code: String,
    aza: String,
    name: String,
    numbering: String,
    mark: String,
}

#[derive(Deserialize)]
struct SurnameLine {
    kanji: String,
    kana: String,
    weight: u32,
}

#[derive(Deserialize)]
struct GivenLine {
    decade: i32,
    sex: String,
    kanji: String,
    kana: String,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Tables {
    /// In the order of their codes.
    pub(super) municipalities: Vec<Municipality>,
    surnames: Vec<Name>,
    surname_ends: Vec<u32>,
    given: Vec<(i32, char, Vec<Name>)>,
    foreign: Vec<ForeignName>,
}

fn lines<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<Vec<T>, DemoFault> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut found = Vec::new();
    for (index, line) in reader.deserialize().enumerate() {
        found.push(line.map_err(|_| DemoFault::Table { file, line: index + 2 })?);
    }
    Ok(found)
}

/// Puts the cell or placeholder for the first character after 字.
fn marked(name: &str, mark: &str) -> String {
    let stand_in = match mark {
        "cell" => UNMAPPED_CELL,
        "placeholder" => PLACEHOLDER,
        _ => return name.to_owned(),
    };
    let Some((before, after)) = name.split_once('字') else {
        return name.to_owned();
    };
    let mut rest = after.chars();
    rest.next();
    format!("{before}字{stand_in}{}", rest.as_str())
}

impl Tables {
    /// Reads the tables written into the program.
    pub(super) fn load() -> Result<Self, DemoFault> {
        let mut municipalities = Self::read_municipalities()?;
        let quarters: Vec<QuarterLine> = lines("towns.csv", include_str!("../../../fixtures/demo/towns.csv"))?;
        for (index, line) in quarters.into_iter().enumerate() {
            let town = municipalities.iter_mut().find(|town| town.party.as_str() == line.code);
            let town = town.ok_or(DemoFault::Table {
                file: "towns.csv",
                line: index + 2,
            })?;
            town.quarters.push(Quarter {
                name: marked(&line.name, &line.mark),
                chome: line.numbering == "chome",
                aza: line.aza,
            });
        }
        let surname_lines: Vec<SurnameLine> =
            lines("surnames.csv", include_str!("../../../fixtures/demo/surnames.csv"))?;
        let mut sum = 0_u32;
        let (mut surnames, mut surname_ends) = (Vec::new(), Vec::new());
        for SurnameLine { kanji, kana, weight } in surname_lines {
            sum += weight;
            surname_ends.push(sum);
            surnames.push(Name { kanji, kana });
        }
        let mut given: Vec<(i32, char, Vec<Name>)> = Vec::new();
        let given_lines: Vec<GivenLine> = lines("given.csv", include_str!("../../../fixtures/demo/given.csv"))?;
        for GivenLine {
            decade,
            sex,
            kanji,
            kana,
        } in given_lines
        {
            let sex = if sex == "M" { 'M' } else { 'F' };
            let name = Name { kanji, kana };
            match given.iter_mut().find(|group| group.0 == decade && group.1 == sex) {
                Some(group) => group.2.push(name),
                None => given.push((decade, sex, vec![name])),
            }
        }
        Ok(Self {
            municipalities,
            surnames,
            surname_ends,
            given,
            foreign: lines("foreign.csv", include_str!("../../../fixtures/demo/foreign.csv"))?,
        })
    }

    fn read_municipalities() -> Result<Vec<Municipality>, DemoFault> {
        let file = "municipalities.csv";
        let read: Vec<MunicipalityLine> = lines(file, include_str!("../../../fixtures/demo/municipalities.csv"))?;
        let mut municipalities = Vec::new();
        for (index, line) in read.into_iter().enumerate() {
            let fault = DemoFault::Table { file, line: index + 2 };
            let Ok(code) = MunicipalityCode::parse(&line.code) else {
                return Err(fault);
            };
            municipalities.push(Municipality {
                code,
                party: PartyId::parse(&line.code).ok_or(fault)?,
                prefix: format!("{PREFECTURE}{}{}", line.county, line.name),
                name: line.name,
                weight: line.weight,
                encoding: if line.encoding == "ucs2be" {
                    Encoding::Ucs2Be
                } else {
                    Encoding::Cp932
                },
                crlf: line.line_end == "crlf",
                gaiji_table: line.gaiji_table == "yes",
                nec_cells: line.cells == "nec",
                quarters: Vec::new(),
            });
        }
        Ok(municipalities)
    }

    /// A surname, the common ones more often.
    pub(super) fn surname(&self, draw: &mut Draw) -> Option<&Name> {
        let at = draw.below(self.surname_ends.last().copied().unwrap_or(0));
        self.surnames.get(self.surname_ends.partition_point(|end| *end <= at))
    }

    /// A given name of somebody of this sex born on this day; the front of each list is more popular.
    pub(super) fn given(&self, draw: &mut Draw, born: Day, female: bool) -> Option<&Name> {
        let decade = calendar::decade(born).clamp(1920, 2020);
        let sex = if female { 'F' } else { 'M' };
        let names = &self.given.iter().find(|group| group.0 == decade && group.1 == sex)?.2;
        let (first, second) = (draw.one(names)?, draw.below(2));
        if second == 0 {
            draw.one(names.get(..names.len() / 2)?)
        } else {
            Some(first)
        }
    }

    /// A foreign resident's name.
    pub(super) fn foreign(&self, draw: &mut Draw) -> Option<&ForeignName> {
        draw.one(&self.foreign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_complete() {
        let tables = Tables::load().unwrap();
        assert_eq!(tables.municipalities.len(), 25);
        for town in &tables.municipalities {
            assert!(town.quarters.len() >= 2, "{}", town.name);
            assert!(town.weight > 0);
            for quarter in &town.quarters {
                assert_eq!(quarter.aza.len(), 6);
            }
        }
        for decade in (1920..=2020).step_by(10) {
            for sex in ['M', 'F'] {
                assert!(
                    tables
                        .given
                        .iter()
                        .any(|group| group.0 == decade && group.1 == sex && group.2.len() >= 10)
                );
            }
        }
        assert_eq!(marked("飯島字中野", "placeholder"), "飯島字〓野");
        assert_eq!(marked("飯島字中野", ""), "飯島字中野");
    }

    #[test]
    fn about_a_third_of_the_towns_send_ucs2be() {
        let tables = Tables::load().unwrap();
        let wide = tables
            .municipalities
            .iter()
            .filter(|town| town.encoding == Encoding::Ucs2Be);
        assert_eq!(wide.count(), 8);
    }
}
