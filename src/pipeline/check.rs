//! Decoded records to notices: required items and the code rules F005, C001 to C010 (rules 2.6 and 9).
//!
//! A record with a finding reports all of them and goes no further. A field with an F finding is not put to the C
//! rules. The second part of C009 needs the master and is found by `plan`.

use super::decode::{DecodedRecord, Echo, FieldPlaces, FieldRef, FieldSet, ShortText};
use crate::domain::code::Code;
use crate::domain::compare::{DateRule, NumberRule, rule};
use crate::domain::date::{test_birth_date, test_change_date};
use crate::domain::finding::Finding;
use crate::domain::ids::{JuminCode, MunicipalityCode, MyNumber, PartyId};
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::item::Item;
use crate::domain::municipality::{Offices, Prefecture};
use crate::domain::notice::{Notice, Source};
use crate::domain::reason::Reason;
use crate::domain::required::{REQUIRED, needs_old_jumin_code, needs_old_my_number};
use crate::format::parcel::{Packer, Unpacker};
use crate::text::kana::seion;

/// What the records of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Change notices (UPD).
    Notice,
    /// An extract for reconciliation (EXT): the same rules without C009.
    Extract,
}

/// What the rules need of the header and of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// What the records are.
    pub kind: RecordKind,
    /// Sender of the file.
    pub sender: PartyId,
    /// Serial of the file.
    pub serial: u32,
    /// `created_at` of the header.
    pub created_at: Instant,
    /// Business date of the run that takes the file.
    pub business_date: BusinessDate,
}

/// What the rules need of the registers.
#[derive(Debug, Clone, Copy)]
pub struct Registers<'a> {
    /// The own prefecture.
    pub prefecture: &'a Prefecture,
    /// For which codes each party answers.
    pub offices: &'a Offices,
}

/// A record after the format and code checks.
#[derive(Debug)]
pub struct CheckedRecord {
    /// Number, echo, and the findings if it is refused.
    pub head: Head,
    /// The notice; `None` where the record is refused.
    pub notice: Option<Notice>,
}

/// The part of a checked record that stays with the file while its notice goes to the plan.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// Number of the record in its file, from 1.
    pub record_no: u32,
    /// What a RES echoes.
    pub echo: Echo,
    /// F and C findings, sorted as in a RES; empty where there is a notice.
    pub refused: Vec<Finding>,
}

impl Head {
    /// Packs everything but the number, for the sorting of a run.
    pub fn pack(&self, to: &mut Packer) {
        to.text(&self.echo.jumin_code);
        to.text(&self.echo.change_reason);
        to.text(&self.echo.update_seq);
        to.text(&self.echo.timestamp);
        to.findings(&self.refused);
    }

    /// What [`Head::pack`] packed; `None` for other bytes.
    pub fn unpack(record_no: u32, from: &mut Unpacker<'_>) -> Option<Self> {
        let echo = Echo {
            jumin_code: ShortText::new(from.text()?)?,
            change_reason: ShortText::new(from.text()?)?,
            update_seq: ShortText::new(from.text()?)?,
            timestamp: ShortText::new(from.text()?)?,
        };
        let refused = from.findings()?;
        Some(Self {
            record_no,
            echo,
            refused,
        })
    }
}

impl std::fmt::Debug for Head {
    /// The echo holds a code, so it is left out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head")
            .field("record_no", &self.record_no)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

/// Checks one record and makes a notice of it.
pub fn check(record: DecodedRecord, places: &FieldPlaces, file: &FileFacts, registers: Registers<'_>) -> CheckedRecord {
    let mut tests = Tests::new(&record, places, file, registers);
    let read = tests.run();
    let found = tests.sorted();
    let sound = found.is_empty();
    let DecodedRecord {
        record_no,
        offset,
        mut row,
        old_my_number,
        echo,
        ..
    } = record;
    let head = Head {
        record_no,
        echo,
        refused: found,
    };
    // Without a finding all three were read.
    let (Some(code), Some(reason), Some(timestamp), true) = (read.code, read.reason, read.timestamp, sound) else {
        return CheckedRecord { head, notice: None };
    };
    let computed = seion(row.get(Item::KanaName));
    let sent = row.get(Item::SeionKanaName);
    let seion_differs = !sent.is_empty() && sent != computed;
    if sent != computed {
        row.set(Item::SeionKanaName, &computed);
    }
    let notice = Notice {
        source: Source {
            sender: file.sender,
            serial: file.serial,
            record_no,
        },
        code,
        reason,
        timestamp,
        update_seq: row.update_seq(),
        row,
        old_my_number,
        old_jumin_code: read.old_code,
        seion_differs,
        my_number_place: places.place(FieldRef::Item(Item::MyNumber), offset),
    };
    CheckedRecord {
        head,
        notice: Some(notice),
    }
}

/// All F and C findings of one record, those of the decoder included, sorted as in a RES.
pub fn findings(
    record: &DecodedRecord,
    places: &FieldPlaces,
    file: &FileFacts,
    registers: Registers<'_>,
) -> Vec<Finding> {
    let mut tests = Tests::new(record, places, file, registers);
    tests.run();
    tests.sorted()
}

/// What the tests read on the way.
#[derive(Default)]
struct Read {
    code: Option<JuminCode>,
    reason: Option<Reason>,
    timestamp: Option<Instant>,
    old_code: Option<JuminCode>,
}

/// Text item, count item, and the place of its placeholders in [`DecodedRecord::placeholders`].
const GAIJI: [(Item, Item, usize); 3] = [
    (Item::KanjiName, Item::NameGaijiCount, 0),
    (Item::Address, Item::AddressGaijiCount, 1),
    (Item::FormerSurnameKanji, Item::FormerSurnameGaijiCount, 2),
];

struct Tests<'a> {
    record: &'a DecodedRecord,
    places: &'a FieldPlaces,
    file: &'a FileFacts,
    registers: Registers<'a>,
    /// Fields with an F finding, F005 included.
    faulty: FieldSet,
    found: Vec<Finding>,
}

impl<'a> Tests<'a> {
    fn new(record: &'a DecodedRecord, places: &'a FieldPlaces, file: &'a FileFacts, registers: Registers<'a>) -> Self {
        Self {
            record,
            places,
            file,
            registers,
            faulty: record.faulty,
            found: record.findings.clone(),
        }
    }

    fn sorted(mut self) -> Vec<Finding> {
        self.found.sort_unstable();
        self.found
    }

    fn run(&mut self) -> Read {
        let reason = Reason::parse(self.record.row.get(Item::ChangeReason));
        self.blanks(reason);
        let read = Read {
            code: self.jumin_code(FieldRef::Item(Item::JuminCode)),
            reason,
            timestamp: self.timestamp(),
            old_code: self.jumin_code(FieldRef::OldJuminCode),
        };
        if let Some(text) = self.given(FieldRef::Item(Item::ChangeReason))
            && Reason::parse(text).is_none()
        {
            self.item(Code::C004, Item::ChangeReason);
        }
        self.my_number(FieldRef::Item(Item::MyNumber));
        self.my_number(FieldRef::OldMyNumber);
        self.municipality();
        self.dates(reason);
        if let Some(text) = self.given(FieldRef::Item(Item::Sex))
            && !matches!(text, "1" | "2" | "3")
        {
            self.item(Code::C006, Item::Sex);
        }
        self.gaiji();
        self.number_missing(reason);
        read
    }

    /// F005.
    fn blanks(&mut self, reason: Option<Reason>) {
        for item in REQUIRED {
            self.blank(FieldRef::Item(item));
        }
        // An extract has no old numbers: its layout has no place for them.
        if reason.is_some_and(needs_old_my_number) && self.places.old_my_number.is_some() {
            self.blank(FieldRef::OldMyNumber);
        }
        if reason.is_some_and(needs_old_jumin_code) && self.places.old_jumin_code.is_some() {
            self.blank(FieldRef::OldJuminCode);
        }
    }

    fn blank(&mut self, field: FieldRef) {
        if !self.faulty.contains(field) && self.text(field).is_empty() {
            self.add(Code::F005, field);
            self.faulty.insert(field);
        }
    }

    /// C001 of item 1 or the old code.
    fn jumin_code(&mut self, field: FieldRef) -> Option<JuminCode> {
        let code = JuminCode::parse(self.given(field)?).ok();
        if code.is_none() {
            self.add(Code::C001, field);
        }
        code
    }

    /// C002 of item 9 or the old number.
    fn my_number(&mut self, field: FieldRef) {
        if let Some(text) = self.given(field)
            && MyNumber::parse(text).is_err()
        {
            self.add(Code::C002, field);
        }
    }

    /// C003 and C010; a code that is nobody's is the sender's even less, so both can stand.
    fn municipality(&mut self) {
        let Some(text) = self.given(FieldRef::Item(Item::MunicipalityCode)) else {
            return;
        };
        let code = MunicipalityCode::parse(text).ok();
        let Registers { prefecture, offices } = self.registers;
        if !code.is_some_and(|code| prefecture.get(code).is_some() || offices.is_predecessor(code)) {
            self.item(Code::C003, Item::MunicipalityCode);
        }
        if !code.is_some_and(|code| offices.answers_for(self.file.sender, code)) {
            self.item(Code::C010, Item::MunicipalityCode);
        }
    }

    /// C005 of items 5 and 11.
    fn dates(&mut self, reason: Option<Reason>) {
        if let Some(text) = self.given(FieldRef::Item(Item::BirthDate))
            && test_birth_date(text, self.file.business_date).is_err()
        {
            self.item(Code::C005, Item::BirthDate);
        }
        let may_be_unknown = reason.is_some_and(|reason| rule(reason).date == DateRule::MayBeUnknown);
        if let Some(text) = self.given(FieldRef::Item(Item::ChangeDate))
            && test_change_date(text, may_be_unknown).is_err()
        {
            self.item(Code::C005, Item::ChangeDate);
        }
    }

    /// C005 of item 18.
    fn timestamp(&mut self) -> Option<Instant> {
        let text = self.given(FieldRef::Item(Item::Timestamp))?;
        let timestamp = Instant::parse(text).filter(|timestamp| *timestamp <= self.file.created_at);
        if timestamp.is_none() {
            self.item(Code::C005, Item::Timestamp);
        }
        timestamp
    }

    /// C007 and C008.
    fn gaiji(&mut self) {
        for (text, count, at) in GAIJI {
            if self.sound(&[text, count]) {
                let placeholders = self.record.placeholders.get(at).copied().unwrap_or(0);
                if self.count(count) != u32::from(placeholders) {
                    self.item(Code::C007, count);
                }
            }
        }
        let counts = GAIJI.map(|(_, count, _)| count);
        if self.sound(&counts) && self.sound(&[Item::GaijiFlag]) {
            let expected = if counts.into_iter().any(|item| self.count(item) > 0) {
                "1"
            } else {
                "0"
            };
            if self.record.row.get(Item::GaijiFlag) != expected {
                self.item(Code::C008, Item::GaijiFlag);
            }
        }
    }

    /// C009, the part that does not need the master.
    fn number_missing(&mut self, reason: Option<Reason>) {
        let field = FieldRef::Item(Item::MyNumber);
        if self.file.kind == RecordKind::Notice
            && reason.is_some_and(|reason| rule(reason).number == NumberRule::Always)
            && !self.faulty.contains(field)
            && self.text(field).is_empty()
        {
            self.add(Code::C009, field);
        }
    }

    /// A count of gaiji; blank is zero.
    fn count(&self, item: Item) -> u32 {
        self.record.row.get(item).parse().unwrap_or(0)
    }

    fn sound(&self, items: &[Item]) -> bool {
        items.iter().all(|item| !self.faulty.contains(FieldRef::Item(*item)))
    }

    fn text(&self, field: FieldRef) -> &'a str {
        match field {
            FieldRef::Item(item) => self.record.row.get(item),
            FieldRef::OldMyNumber => &self.record.old_my_number,
            FieldRef::OldJuminCode => &self.record.old_jumin_code,
        }
    }

    /// The text of a field that is neither faulty nor blank.
    fn given(&self, field: FieldRef) -> Option<&'a str> {
        let text = self.text(field);
        (!self.faulty.contains(field) && !text.is_empty()).then_some(text)
    }

    fn item(&mut self, code: Code, item: Item) {
        self.add(code, FieldRef::Item(item));
    }

    fn add(&mut self, code: Code, field: FieldRef) {
        self.found.push(Finding {
            code,
            item: match field {
                FieldRef::Item(item) => Some(item.number()),
                FieldRef::OldMyNumber | FieldRef::OldJuminCode => None,
            },
            place: self.places.place(field, self.record.offset),
        });
    }
}
