//! The 210 cells of the transition table: compared with the specification, and each driven through the pipeline.

use std::collections::BTreeSet;

use sekisho::domain::ids::PartyId;
use sekisho::domain::reason::Reason;
use sekisho::domain::state::State;
use sekisho::domain::transition::{Step, cell};

use super::town::{AKITA, ANNA, BEN, CHIE, Draft, Master, N1, N2, NOSHIRO, code, draft, offices, with_anna};
use crate::shared::shared;

#[test]
fn the_table_is_that_of_the_specification() {
    let Some(path) = shared("domain/transition_table.csv") else {
        return;
    };
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut cells_seen = BTreeSet::new();
    for line in reader.records() {
        let line = line.unwrap();
        let reason = Reason::parse(&line[0]).unwrap();
        assert_eq!(reason.ja(), &line[1]);
        assert!(
            reason.class().en().starts_with(line[2].trim_end_matches("ment")),
            "{reason:?}"
        );
        let state = State::ALL.into_iter().find(|state| state.code() == &line[3]).unwrap();
        let cell = cell(reason, state);
        let (result, after, mut finding) = match cell.step {
            Step::To(after) => ("OK", after.code(), ""),
            Step::NewCode => ("OK", "RS(new code); old code -> RT", ""),
            Step::Refuse(code) => ("ERR", "", code.as_str()),
        };
        if let Some(warning) = cell.warning {
            finding = warning.as_str();
        }
        let ours = [result, after, finding, cell.basis.as_str()];
        assert_eq!(
            ours,
            [&line[4], &line[5], &line[6], &line[7]],
            "{} {}",
            &line[0],
            &line[3]
        );
        cells_seen.insert((reason, state));
    }
    assert_eq!(cells_seen.len(), 210);
}

/// A master in which Anna's code is in `state`, seen from Akita city.
fn master_in(state: State) -> Master {
    let mut master = if state == State::Ab {
        Master::default()
    } else {
        with_anna()
    };
    match state {
        State::Ab | State::Rs => {}
        State::Ro => {
            master.must(draft(AKITA, "21"));
            master.must(draft(NOSHIRO, "11").at("0910"));
        }
        State::Md => master.must(draft(AKITA, "21")),
        State::Mo => master.must(draft(AKITA, "22")),
        State::De => master.must(draft(AKITA, "23")),
        State::Vx => master.must(draft(AKITA, "26")),
        State::Pn => master.must(draft(AKITA, "24")),
        State::Pl => master.must(draft(AKITA, "25")),
        State::Rt => master.must(draft(AKITA, "51").of(BEN).old_code(ANNA)),
    }
    assert_eq!(state_of(&master, ANNA), state);
    master
}

fn state_of(master: &Master, text: &str) -> State {
    let akita = PartyId::parse(AKITA).unwrap();
    State::of(master.entries.get(&code(text)), |code| {
        offices().answers_for(akita, code)
    })
    .unwrap()
}

/// A notice by Akita city that nothing but the cell can refuse.
fn notice(reason: Reason, state: State) -> Draft {
    let draft = draft(AKITA, reason.code()).at("1200");
    match reason {
        Reason::Birth => draft.with(5, "520200914"),
        Reason::ChangeOfAddress => draft.with(7, "秋田県秋田市中通"),
        Reason::MinorCorrection | Reason::Correction => draft.with(2, "佐藤　華子"),
        Reason::NumberOnRequest | Reason::NumberExOfficio | Reason::NumberRecorded => draft.with(9, N2).old_number(N1),
        Reason::CodeExOfficio if state == State::Ab => draft,
        Reason::CodeOnRequest | Reason::CodeExOfficio => draft.of(CHIE).old_code(ANNA),
        Reason::MoveIn
        | Reason::MoveInFromAbroad
        | Reason::EntryNaturalized
        | Reason::EntryNationalityLost
        | Reason::EntryExOfficio
        | Reason::MoveOut
        | Reason::MoveOutAbroad
        | Reason::Death
        | Reason::RemovalNaturalized
        | Reason::RemovalNationalityLost
        | Reason::RemovalExOfficio
        | Reason::MoveInConfirmed => draft,
    }
}

#[test]
fn every_cell_does_what_it_says() {
    for reason in Reason::ALL {
        for state in State::ALL {
            let mut master = master_in(state);
            let before = master.entries.clone();
            let fate = master.send(notice(reason, state));
            let cell = cell(reason, state);
            let name = format!("{} {}", reason.code(), state.code());
            let warned = cell
                .warning
                .map_or(String::from("A"), |code| format!("W {}", code.as_str()));
            match cell.step {
                Step::Refuse(code) => {
                    assert_eq!(fate, format!("R {}", code.as_str()), "{name}");
                    assert_eq!(master.entries, before, "{name}");
                }
                Step::To(after) => {
                    assert_eq!(fate, warned, "{name}");
                    assert_eq!(state_of(&master, ANNA), after, "{name}");
                }
                Step::NewCode => {
                    assert_eq!(fate, warned, "{name}");
                    assert_eq!(
                        (state_of(&master, ANNA), state_of(&master, CHIE)),
                        (State::Rt, State::Rs),
                        "{name}"
                    );
                }
            }
        }
    }
}
