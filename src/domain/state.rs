//! The ten states of a 住民票コード as a notice of one sender meets it (rules 2.2).

use super::entry::{Entry, Standing};
use super::ids::MunicipalityCode;
use super::item::Item;
use super::reason::Reason;

macro_rules! states {
    ($($variant:ident = $code:literal, $ja:literal, $en:literal;)*) => {
        /// State of a code before a notice.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum State { $(#[doc = concat!("`", $code, "` ", $ja, ": ", $en, ".")] $variant,)* }

        impl State {
            /// All states in the order of the table.
            pub const ALL: [Self; 10] = [$(Self::$variant,)*];

            /// The two letters of the state.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Name in Japanese.
            pub const fn ja(self) -> &'static str {
                match self { $(Self::$variant => $ja,)* }
            }

            /// Name in English.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }
        }
    };
}

states! {
    Ab = "AB", "記録なし", "no record of this code";
    Rs = "RS", "送信した市町村の住民", "resident of the sending municipality or one of its predecessors";
    Ro = "RO", "県内の他の市町村の住民", "resident of another municipality of the prefecture";
    Md = "MD", "国内転出による除票", "removed by 21, moved out within Japan";
    Mo = "MO", "国外転出による除票", "removed by 22, moved out abroad";
    De = "DE", "死亡による除票", "removed by 23, dead";
    Vx = "VX", "職権消除による除票", "removed by 26, ex officio";
    Pn = "PN", "帰化等の消除、記載待ち", "removed by 24, waiting for 14";
    Pl = "PL", "国籍喪失の消除、記載待ち", "removed by 25, waiting for 15";
    Rt = "RT", "廃止された住民票コード", "retired by 51 or 52, an alias of the new code";
}

impl State {
    /// State that a removal for `reason` leaves; `None` where the reason removes nothing.
    pub const fn removed_by(reason: Reason) -> Option<Self> {
        match reason {
            Reason::MoveOut => Some(Self::Md),
            Reason::MoveOutAbroad => Some(Self::Mo),
            Reason::Death => Some(Self::De),
            Reason::RemovalNaturalized => Some(Self::Pn),
            Reason::RemovalNationalityLost => Some(Self::Pl),
            Reason::RemovalExOfficio => Some(Self::Vx),
            Reason::MoveIn
            | Reason::MoveInFromAbroad
            | Reason::Birth
            | Reason::EntryNaturalized
            | Reason::EntryNationalityLost
            | Reason::EntryExOfficio
            | Reason::ChangeOfAddress
            | Reason::MinorCorrection
            | Reason::Correction
            | Reason::NumberOnRequest
            | Reason::NumberExOfficio
            | Reason::NumberRecorded
            | Reason::CodeOnRequest
            | Reason::CodeExOfficio
            | Reason::MoveInConfirmed => None,
        }
    }

    /// The state of a code for a sender; `answers_for` tells whether a municipality code is the sender's own or one
    /// of its predecessors'.
    ///
    /// `None` where the entry contradicts itself: a removed row whose item 10 is no removal. The master never holds
    /// one, so the caller ends with an integrity error.
    pub fn of(entry: Option<&Entry>, answers_for: impl Fn(MunicipalityCode) -> bool) -> Option<Self> {
        match entry.map(|entry| &entry.standing) {
            None => Some(Self::Ab),
            Some(Standing::Retired { .. }) => Some(Self::Rt),
            Some(Standing::Resident(row)) => {
                let own = row.municipality().is_some_and(answers_for);
                Some(if own { Self::Rs } else { Self::Ro })
            }
            Some(Standing::Removed(row)) => Reason::parse(row.get(Item::ChangeReason)).and_then(Self::removed_by),
        }
    }

    /// True for the six states of a removed person.
    pub const fn is_removed(self) -> bool {
        match self {
            Self::Md | Self::Mo | Self::De | Self::Vx | Self::Pn | Self::Pl => true,
            Self::Ab | Self::Rs | Self::Ro | Self::Rt => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::{JuminCode, PartyId};
    use super::super::instant::Instant;
    use super::super::row::Row;
    use super::*;

    fn entry(standing: Standing) -> Entry {
        Entry {
            code: JuminCode::parse("24727059608").unwrap(),
            standing,
            former: None,
            moved_out: None,
            newest_notice: Instant::parse("20200914093000123").unwrap(),
            versions: 0,
        }
    }

    fn row(reason: &str, municipality: &str) -> Row {
        let mut row = Row::blank(PartyId::parse("052019").unwrap());
        assert!(row.set(Item::ChangeReason, reason) && row.set(Item::MunicipalityCode, municipality));
        row
    }

    #[test]
    fn each_state_comes_from_its_entry() {
        let akita_city = |code: MunicipalityCode| ["052019", "053236"].contains(&code.text().as_str());
        let of = |standing| State::of(Some(&entry(standing)), akita_city);
        assert_eq!(State::of(None, akita_city), Some(State::Ab));
        assert_eq!(of(Standing::Resident(row("16", "052019"))), Some(State::Rs));
        assert_eq!(of(Standing::Resident(row("16", "053236"))), Some(State::Rs));
        assert_eq!(of(Standing::Resident(row("16", "052027"))), Some(State::Ro));
        for (reason, state) in [
            ("21", State::Md),
            ("22", State::Mo),
            ("23", State::De),
            ("24", State::Pn),
            ("25", State::Pl),
            ("26", State::Vx),
        ] {
            assert_eq!(of(Standing::Removed(row(reason, "052027"))), Some(state));
            assert!(state.is_removed());
        }
        let target = JuminCode::parse("24846016224").unwrap();
        assert_eq!(of(Standing::Retired { target }), Some(State::Rt));
    }

    #[test]
    fn a_removed_row_without_a_removal_is_no_state() {
        for reason in ["16", "90", ""] {
            assert_eq!(
                State::of(Some(&entry(Standing::Removed(row(reason, "052019")))), |_| true),
                None
            );
        }
    }
}
