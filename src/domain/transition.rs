//! The transition table (rules 2.3): 21 reasons crossed with 10 states, each cell with its basis.
//!
//! For 51 and 52 with an old code the column is the state of the **old** code; 52 with a blank old code always uses
//! the column AB.

use super::code::Code::{self, L101, L102, L102b, L103, L104, L104b, L105, L106, L107, L108, L109, W203, W204, W205};
use super::reason::Reason;
use super::state::State::{self, De, Md, Mo, Pl, Pn, Ro, Rs, Vx};

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// 住民基本台帳法 and its order and regulation.
    Law,
    /// The privacy impact assessment (全項目評価書).
    Pia,
    /// The assessment, word for word.
    PiaLiteral,
    /// This register's own choice where nothing is public.
    Inference,
}

impl Basis {
    /// Short form for tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Law => "law",
            Self::Pia => "pia",
            Self::PiaLiteral => "pia (literal)",
            Self::Inference => "inference",
        }
    }

    /// Short form in Japanese.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::Law => "法令",
            Self::Pia => "評価書",
            Self::PiaLiteral => "評価書（文言どおり）",
            Self::Inference => "本書の定め",
        }
    }
}

/// What a notice leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Allowed: the code is in this state afterwards, seen by the same sender.
    To(State),
    /// Allowed: the new code becomes RS and the old one RT.
    NewCode,
    /// Refused with this finding, alone.
    Refuse(Code),
}

/// One of the 210 cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// What the notice leads to.
    pub step: Step,
    /// A warning that goes with it.
    pub warning: Option<Code>,
    /// Where the rule comes from.
    pub basis: Basis,
}

const fn go(after: State, basis: Basis) -> Cell {
    Cell {
        step: Step::To(after),
        warning: None,
        basis,
    }
}

const fn warn(after: State, warning: Code) -> Cell {
    Cell {
        step: Step::To(after),
        warning: Some(warning),
        basis: Basis::Inference,
    }
}

const fn no(code: Code) -> Cell {
    no_by(code, Basis::Inference)
}

const fn no_by(code: Code, basis: Basis) -> Cell {
    Cell {
        step: Step::Refuse(code),
        warning: None,
        basis,
    }
}

/// Cells of one reason, in the order of [`State::ALL`].
pub type Cells = [Cell; 10];

/// Cells of a notice that needs a resident record of the sender: everything but an entry and a confirmation.
const fn of_resident(absent: Cell, present: Cell) -> Cells {
    let removed = no(L104b);
    let other = no(L102b);
    [
        absent,
        present,
        other,
        removed,
        removed,
        removed,
        removed,
        removed,
        removed,
        no(L107),
    ]
}

const fn removal(after: State) -> Cells {
    of_resident(no(L103), go(after, Basis::Law))
}

const fn amendment(basis: Basis) -> Cells {
    of_resident(no(L103), go(Rs, basis))
}

const LAW: Cell = go(Rs, Basis::Law);
const OWN: Cell = go(Rs, Basis::Inference);
const NEW_CODE: Cell = Cell {
    step: Step::NewCode,
    warning: None,
    basis: Basis::Law,
};

#[rustfmt::skip]
const MOVE_IN: Cells = [
    LAW, no_by(L101, Basis::Pia), no_by(L102, Basis::PiaLiteral), LAW, LAW, no(L104), LAW, no(L108), no(L108), no(L107),
];
#[rustfmt::skip]
const BIRTH: Cells = [
    LAW, no(L101), no(L102), no(L106), no(L106), no(L106), no(L106), no(L106), no(L106), no(L107),
];
#[rustfmt::skip]
const NATURALIZED: Cells = [
    no(L105), no(L101), no(L102), no(L105), no(L105), no(L105), no(L105), LAW, no(L105), no(L107),
];
#[rustfmt::skip]
const NATIONALITY_LOST: Cells = [
    no(L105), no(L101), no(L102), no(L105), no(L105), no(L105), no(L105), no(L105), LAW, no(L107),
];
#[rustfmt::skip]
const EX_OFFICIO: Cells = [
    LAW, no(L101), no(L102), OWN, OWN, warn(Rs, W203), OWN, warn(Rs, W204), warn(Rs, W204), no(L107),
];
#[rustfmt::skip]
const CONFIRMED: Cells = [
    no(L109), no(L109), go(Ro, Basis::Inference), go(Md, Basis::Law),
    no(L109), no(L109), no(L109), no(L109), no(L109), no(L107),
];

/// The cells of one reason, in the order of [`State::ALL`].
pub const fn cells(reason: Reason) -> Cells {
    match reason {
        Reason::MoveIn | Reason::MoveInFromAbroad => MOVE_IN,
        Reason::Birth => BIRTH,
        Reason::EntryNaturalized => NATURALIZED,
        Reason::EntryNationalityLost => NATIONALITY_LOST,
        Reason::EntryExOfficio => EX_OFFICIO,
        Reason::MoveOut => removal(Md),
        Reason::MoveOutAbroad => removal(Mo),
        Reason::Death => removal(De),
        Reason::RemovalNaturalized => removal(Pn),
        Reason::RemovalNationalityLost => removal(Pl),
        Reason::RemovalExOfficio => removal(Vx),
        Reason::ChangeOfAddress => amendment(Basis::Pia),
        Reason::MinorCorrection
        | Reason::Correction
        | Reason::NumberOnRequest
        | Reason::NumberExOfficio
        | Reason::NumberRecorded => amendment(Basis::Law),
        Reason::CodeOnRequest => of_resident(no(L103), NEW_CODE),
        Reason::CodeExOfficio => of_resident(warn(Rs, W205), NEW_CODE),
        Reason::MoveInConfirmed => CONFIRMED,
    }
}

/// The cell of a reason and the state before it.
pub const fn cell(reason: Reason, before: State) -> Cell {
    let [ab, rs, ro, md, mo, de, vx, pn, pl, rt] = cells(reason);
    match before {
        State::Ab => ab,
        Rs => rs,
        Ro => ro,
        Md => md,
        Mo => mo,
        De => de,
        Vx => vx,
        Pn => pn,
        Pl => pl,
        State::Rt => rt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_that_of_its_column() {
        for reason in Reason::ALL {
            for (state, expected) in State::ALL.into_iter().zip(cells(reason)) {
                assert_eq!(cell(reason, state), expected);
            }
        }
    }

    #[test]
    fn refusals_are_no_warnings_and_warnings_are() {
        for reason in Reason::ALL {
            for cell in cells(reason) {
                if let Step::Refuse(code) = cell.step {
                    assert!(!code.is_warning() && cell.warning.is_none(), "{reason:?}");
                }
                assert!(cell.warning.is_none_or(Code::is_warning), "{reason:?}");
            }
        }
    }

    #[test]
    fn a_retired_code_refuses_everything() {
        for reason in Reason::ALL {
            assert_eq!(cell(reason, State::Rt).step, Step::Refuse(L107));
        }
    }

    #[test]
    fn every_removal_leads_to_its_state() {
        for reason in Reason::ALL {
            if let Some(after) = State::removed_by(reason) {
                assert_eq!(cell(reason, Rs).step, Step::To(after));
            }
        }
    }
}
