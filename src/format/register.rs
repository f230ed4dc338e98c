//! The register of parties: CSV for import, and the lines of the append-only file (docs/formats/site.md).

use serde::{Deserialize, Serialize};

use crate::domain::arrival::ArrivalRule;
use crate::domain::fault::shown;
use crate::domain::ids::{MunicipalityCode, PartyId};
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::party::{Encoding, FileKind, Party, PartyKind};

/// What is wrong with a register or an import file, and on which line (1-based).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct RegisterFault {
    /// Line, from 1; the header of a CSV is line 1.
    pub line: u64,
    /// What is wrong.
    pub why: String,
}

/// A party as text: the columns of the CSV and the fields of a register line have the same names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyText {
    /// `party_id`
    pub party_id: String,
    /// municipality, department, body, self, national
    pub kind: String,
    /// Name.
    pub name: String,
    /// Kinds it may send, separated by blanks.
    #[serde(default)]
    pub kinds: String,
    /// 1 CP932, 2 UCS-2BE.
    pub text_encoding: String,
    /// YYYYMMDD, inclusive.
    pub active_from: String,
    /// YYYYMMDD, inclusive.
    pub active_to: String,
    /// 1: `data_sha256` may be blank.
    #[serde(default)]
    pub hash_optional: String,
    /// Codes of merged municipalities, separated by blanks.
    #[serde(default)]
    pub predecessor_codes: String,
    /// 1: plain files are taken, 0: sealed and signed files only. Blank is 1 in a CSV without the column.
    #[serde(default)]
    pub plain_allowed: String,
    /// Words of the intake ladder, separated by blanks; blank: the files prove themselves. Left out of a line where it is blank, so
    /// that a register without such rules is the one that format 1 knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arrival: String,
    /// Name of the gaiji table under `registers/gaiji/`, blank if none.
    #[serde(default)]
    pub gaiji_table: String,
    /// Verifier key of what the party signs, blank if none.
    #[serde(default)]
    pub signing_key: String,
    /// Public key that packages for the party are sealed to, blank if none.
    #[serde(default)]
    pub sealing_key: String,
}

impl PartyText {
    /// Reads every field; the reason names the column.
    pub fn check(&self) -> Result<Party, String> {
        let id = PartyId::parse(&self.party_id).ok_or("party_id must be 1 to 8 letters or digits")?;
        let kind = match self.kind.as_str() {
            "municipality" => PartyKind::Municipality,
            "department" => PartyKind::Department,
            "body" => PartyKind::Body,
            "self" => PartyKind::Own,
            "national" => PartyKind::National,
            _ => return Err("kind must be municipality, department, body, self or national".to_owned()),
        };
        if kind == PartyKind::Municipality {
            MunicipalityCode::parse(&self.party_id).map_err(|e| format!("party_id of a municipality: {e}"))?;
        }
        if self.name.is_empty() || self.name.chars().any(char::is_control) {
            return Err("name must be given, without control characters".to_owned());
        }
        let active_from = day(&self.active_from).ok_or("active_from must be YYYYMMDD")?;
        let active_to = day(&self.active_to).ok_or("active_to must be YYYYMMDD")?;
        if active_to < active_from {
            return Err("active_to is before active_from".to_owned());
        }
        Ok(Party {
            id,
            kind,
            name: self.name.clone(),
            sends: self.kinds.split_whitespace().map(sends).collect::<Result<_, _>>()?,
            encoding: match self.text_encoding.as_str() {
                "1" => Encoding::Cp932,
                "2" => Encoding::Ucs2Be,
                _ => return Err("text_encoding must be 1 (CP932) or 2 (UCS-2BE)".to_owned()),
            },
            active_from,
            active_to,
            hash_optional: flag(&self.hash_optional, false).ok_or("hash_optional must be 0 or 1")?,
            plain_allowed: flag(&self.plain_allowed, true).ok_or("plain_allowed must be 0 or 1")?,
            arrival: ArrivalRule::parse(&self.arrival).map_err(|why| why.to_string())?,
            predecessors: self
                .predecessor_codes
                .split_whitespace()
                .map(|code| {
                    MunicipalityCode::parse(code).map_err(|e| format!("predecessor_codes: {}: {e}", shown(code)))
                })
                .collect::<Result<_, _>>()?,
            gaiji_table: table_name(&self.gaiji_table)?,
            signing_key: optional(&self.signing_key),
            sealing_key: optional(&self.sealing_key),
        })
    }

    /// The text of a party.
    pub fn of(party: &Party) -> Self {
        let bit = |on: bool| if on { "1" } else { "0" }.to_owned();
        let join = |words: Vec<String>| words.join(" ");
        Self {
            party_id: party.id.to_string(),
            kind: match party.kind {
                PartyKind::Municipality => "municipality",
                PartyKind::Department => "department",
                PartyKind::Body => "body",
                PartyKind::Own => "self",
                PartyKind::National => "national",
            }
            .to_owned(),
            name: party.name.clone(),
            kinds: join(party.sends.iter().map(|kind| kind.as_str().to_owned()).collect()),
            text_encoding: match party.encoding {
                Encoding::Cp932 => "1",
                Encoding::Ucs2Be => "2",
            }
            .to_owned(),
            active_from: party.active_from.to_string(),
            active_to: party.active_to.to_string(),
            hash_optional: bit(party.hash_optional),
            predecessor_codes: join(party.predecessors.iter().map(ToString::to_string).collect()),
            plain_allowed: bit(party.plain_allowed),
            arrival: party.arrival.to_string(),
            gaiji_table: party.gaiji_table.clone().unwrap_or_default(),
            signing_key: party.signing_key.clone().unwrap_or_default(),
            sealing_key: party.sealing_key.clone().unwrap_or_default(),
        }
    }
}

fn day(text: &str) -> Option<BusinessDate> {
    if text.len() == 8 {
        BusinessDate::parse(text)
    } else {
        None
    }
}

fn flag(text: &str, blank: bool) -> Option<bool> {
    match text {
        "" => Some(blank),
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn sends(word: &str) -> Result<FileKind, String> {
    match FileKind::parse(word) {
        Some(kind @ (FileKind::Upd | FileKind::Ext | FileKind::Inq | FileKind::Res | FileKind::Nrs)) => Ok(kind),
        Some(FileKind::Ntf | FileKind::Rcr | FileKind::Prv | FileKind::Nrq) | None => {
            Err(format!("kinds: {} is not a kind that a party sends", shown(word)))
        }
    }
}

/// A file name without folder, so that a register line cannot reach outside `registers/gaiji/`.
fn table_name(text: &str) -> Result<Option<String>, String> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !plain || text.starts_with('.') {
        return Err("gaiji_table must be a plain file name".to_owned());
    }
    Ok(optional(text))
}

/// Reads the CSV of an import; at least the columns party_id, kind, name, kinds, text_encoding, active_from, active_to.
pub fn parse_parties_csv(bytes: &[u8]) -> Result<Vec<Party>, RegisterFault> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let mut parties: Vec<Party> = Vec::new();
    for (index, row) in reader.deserialize::<PartyText>().enumerate() {
        let line = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(2);
        let text = row.map_err(|e| RegisterFault {
            line: e.position().map_or(line, csv::Position::line),
            why: csv_reason(&e),
        })?;
        let party = text.check().map_err(|why| RegisterFault { line, why })?;
        if parties.iter().any(|other| other.id == party.id) {
            return Err(RegisterFault {
                line,
                why: format!("party {} stands twice", party.id),
            });
        }
        parties.push(party);
    }
    Ok(parties)
}

fn csv_reason(fault: &csv::Error) -> String {
    let kind = fault.kind();
    if let csv::ErrorKind::Deserialize { err, .. } = kind {
        // The words name a column that is unknown, and that may be anything: the first line of some other file.
        let words = err.kind().to_string();
        if words.starts_with("unknown field") {
            "a column that the register of parties does not have".to_owned()
        } else {
            words
        }
    } else if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = kind {
        format!("{len} columns, the header has {expected_len}")
    } else if matches!(kind, csv::ErrorKind::Utf8 { .. }) {
        "not UTF-8".to_owned()
    } else {
        "not a CSV file".to_owned()
    }
}

/// Newest format of a register line that this program reads. 1: without rules of arrival; 2: with them.
pub const REGISTER_FORMAT: u32 = 2;
/// Format of a line that does not name one.
const FIRST_FORMAT: u32 = 1;

fn first_format() -> u32 {
    FIRST_FORMAT
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_first_format(format: &u32) -> bool {
    *format == FIRST_FORMAT
}

/// One line of the append-only register. The newest line of a party counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterLine {
    /// Format that is needed to read the line; left out where it is 1.
    #[serde(default = "first_format", skip_serializing_if = "is_first_format")]
    pub format: u32,
    /// Number of the line, from 1.
    pub no: u64,
    /// Hex SHA-256 of the line before (without its line end); 64 zeros for the first.
    pub prev: String,
    /// When it was written, 17 digits.
    pub time: String,
    /// The party.
    pub party: PartyText,
}

impl RegisterLine {
    /// The line without its line end.
    pub fn render(no: u64, prev: &str, time: Instant, party: &Party) -> Option<String> {
        let party = PartyText::of(party);
        let line = Self {
            format: if party.arrival.is_empty() {
                FIRST_FORMAT
            } else {
                REGISTER_FORMAT
            },
            no,
            prev: prev.to_owned(),
            time: time.to_string(),
            party,
        };
        serde_json::to_string(&line).ok()
    }

    /// The format that a line asks for, whatever else stands in it; `None` where that is not told.
    pub fn format_of(text: &str) -> Option<u32> {
        #[derive(Deserialize)]
        struct Told {
            #[serde(default = "first_format")]
            format: u32,
        }
        serde_json::from_str::<Told>(text).ok().map(|told| told.format)
    }

    /// Reads a line.
    pub fn parse(text: &str, line: u64) -> Result<Self, RegisterFault> {
        serde_json::from_str(text).map_err(|e| RegisterFault {
            line,
            why: e.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "party_id,kind,name,kinds,text_encoding,active_from,active_to,hash_optional,predecessor_codes\n";

    fn one(row: &str) -> Result<Vec<Party>, RegisterFault> {
        parse_parties_csv(format!("{HEAD}{row}\n").as_bytes())
    }

    #[test]
    fn reads_the_columns_of_the_example_cases() {
        let parties = one("052019,municipality,秋田市,UPD EXT,1,20020805,20991231,0,053236 053244").unwrap();
        let party = &parties[0];
        assert_eq!(party.sends, [FileKind::Upd, FileKind::Ext]);
        assert!(party.plain_allowed && !party.hash_optional);
        assert!(party.answers_for(MunicipalityCode::parse("053244").unwrap()));
        assert!(!party.is_active(BusinessDate::parse("20020804").unwrap()));
        assert!(party.is_active(BusinessDate::parse("20020805").unwrap()));
    }

    #[test]
    fn every_wrong_column_is_named_with_its_line() {
        for (row, word) in [
            ("0520190000,municipality,秋田市,UPD,1,20020805,20991231,0,", "party_id"),
            ("052018,municipality,秋田市,UPD,1,20020805,20991231,0,", "party_id"),
            ("052019,town,秋田市,UPD,1,20020805,20991231,0,", "kind"),
            ("052019,municipality,,UPD,1,20020805,20991231,0,", "name"),
            ("052019,municipality,秋田市,NTF,1,20020805,20991231,0,", "kinds"),
            ("052019,municipality,秋田市,UPD,3,20020805,20991231,0,", "text_encoding"),
            ("052019,municipality,秋田市,UPD,1,2002-08-05,20991231,0,", "active_from"),
            ("052019,municipality,秋田市,UPD,1,20020805,20020804,0,", "active_to"),
            ("052019,municipality,秋田市,UPD,1,20020805,20991231,2,", "hash_optional"),
            (
                "052019,municipality,秋田市,UPD,1,20020805,20991231,0,053230",
                "predecessor_codes",
            ),
            ("052019,municipality,秋田市", "columns"),
        ] {
            let fault = one(row).unwrap_err();
            assert_eq!(fault.line, 2, "{row}");
            assert!(fault.why.contains(word), "{row}: {}", fault.why);
        }
    }

    #[test]
    fn a_party_twice_is_refused() {
        let row = "052019,municipality,秋田市,UPD,1,20020805,20991231,0,\n052019,municipality,秋田市,UPD,1,20020805,20991231,0,";
        assert_eq!(one(row).unwrap_err().line, 3);
    }

    #[test]
    fn lines_read_back() {
        let party = one("052019,municipality,秋田市,UPD EXT,2,20020805,20991231,1,053236")
            .unwrap()
            .remove(0);
        let time = Instant::parse("20200914093000123").unwrap();
        let line = RegisterLine::parse(&RegisterLine::render(1, &"0".repeat(64), time, &party).unwrap(), 1).unwrap();
        assert_eq!(line.party.check().unwrap(), party);
        assert!(RegisterLine::parse("{\"no\":1}", 7).unwrap_err().line == 7);
    }

    #[test]
    fn a_register_without_rules_is_that_of_format_1() {
        // A line as the first program wrote it.
        let old = format!(
            "{{\"no\":1,\"prev\":\"{}\",\"time\":\"20200914093000123\",\"party\":{{\"party_id\":\"052019\",\
             \"kind\":\"municipality\",\"name\":\"秋田市\",\"kinds\":\"UPD EXT\",\"text_encoding\":\"2\",\
             \"active_from\":\"20020805\",\"active_to\":\"20991231\",\"hash_optional\":\"1\",\
             \"predecessor_codes\":\"053236\",\"plain_allowed\":\"1\",\"gaiji_table\":\"\",\"signing_key\":\"\",\
             \"sealing_key\":\"\"}}}}",
            "0".repeat(64)
        );
        let line = RegisterLine::parse(&old, 1).unwrap();
        let mut party = line.party.check().unwrap();
        assert_eq!((line.format, &party.arrival), (1, &ArrivalRule::default()));
        let time = Instant::parse("20200914093000123").unwrap();
        let again = RegisterLine::render(1, &"0".repeat(64), time, &party).unwrap();
        assert_eq!(again, old);
        party.arrival = ArrivalRule::parse("done polls:3").unwrap();
        let new = RegisterLine::render(1, &"0".repeat(64), time, &party).unwrap();
        assert!(new.starts_with("{\"format\":2,\"no\":1,"), "{new}");
        assert_eq!(RegisterLine::parse(&new, 1).unwrap().party.check().unwrap(), party);
        assert_eq!(RegisterLine::format_of(&old), Some(1));
        assert_eq!(RegisterLine::format_of("{\"format\":3,\"what\":[]}"), Some(3));
        assert_eq!(RegisterLine::format_of("{"), None);
    }

    #[test]
    fn a_csv_without_the_column_asks_for_nothing_more() {
        let row = "052019,municipality,秋田市,UPD,1,20020805,20991231,0,";
        assert_eq!(one(row).unwrap()[0].arrival, ArrivalRule::default());
        let csv = |words: &str| {
            let head = "party_id,kind,name,kinds,text_encoding,active_from,active_to,arrival";
            parse_parties_csv(
                format!("{head}\n052019,municipality,秋田市,UPD,1,20020805,20991231,{words}\n").as_bytes(),
            )
        };
        assert_eq!(csv("done rename").unwrap()[0].arrival.to_string(), "done rename");
        let fault = csv("soon").unwrap_err();
        assert!(fault.line == 2 && fault.why.starts_with("arrival:"), "{fault}");
    }

    #[test]
    fn a_table_name_cannot_leave_its_folder() {
        for bad in ["../x", "a/b", ".hidden", "a b"] {
            assert!(table_name(bad).is_err(), "{bad}");
        }
        assert_eq!(table_name("akita.csv").unwrap().as_deref(), Some("akita.csv"));
    }
}
