//! One canonical text of all rule tables, for the hash of the rules that generations, answers and ledger leaves name.
//!
//! ASCII separators, one row a line, tables in a fixed order: `table|field|field|...`. A change of any rule, word or
//! basis changes the text. The names of the variants of `compare` are part of it.

use super::code::Code;
use super::compare::{COMPARED, DERIVED, DerivedRule, Meaning, Rule, rule};
use super::date::ERAS;
use super::difference::{Cause, Class, PRECEDENCE, RECONCILED, TESTS, TRANSITIONS};
use super::finding;
use super::holding::ORDER;
use super::item::Item;
use super::municipality::Prefecture;
use super::reason::Reason;
use super::required::{REQUIRED, needs_old_jumin_code, needs_old_my_number};
use super::state::State;
use super::transition::{Step, cells};

/// The text of all tables, the municipalities of the own prefecture included.
pub fn rules_text(prefecture: &Prefecture) -> String {
    let mut lines = Lines::default();
    lines.row(&["sekisho rules", "1"]);
    reasons(&mut lines);
    transitions(&mut lines);
    comparison(&mut lines);
    items_and_dates(&mut lines);
    findings(&mut lines);
    reconciliation(&mut lines);
    lines.row(&["prefecture", &prefecture.code.text(), &prefecture.name]);
    for town in prefecture.municipalities() {
        lines.row(&["municipality", &town.code.text(), &town.county, &town.name]);
    }
    lines.0
}

/// Lines of the text. No table holds a `|` or a line end, so fields cannot run into each other.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn row(&mut self, fields: &[&str]) {
        self.0.push_str(&fields.join("|"));
        self.0.push('\n');
    }
}

fn reasons(lines: &mut Lines) {
    for reason in Reason::ALL {
        let class = reason.class();
        lines.row(&[
            "reason",
            reason.code(),
            reason.ja(),
            reason.en(),
            class.en(),
            &class.rank().to_string(),
            reason.basis(),
            reason.note_ja(),
            reason.note_en(),
        ]);
    }
    for state in State::ALL {
        lines.row(&["state", state.code(), state.ja(), state.en()]);
    }
}

fn transitions(lines: &mut Lines) {
    for reason in Reason::ALL {
        for (state, cell) in State::ALL.into_iter().zip(cells(reason)) {
            let (result, after) = match cell.step {
                Step::To(after) => ("OK", after.code()),
                Step::NewCode => ("OK", "RS RT"),
                Step::Refuse(code) => ("ERR", code.as_str()),
            };
            let warning = cell.warning.map_or("", Code::as_str);
            let basis = cell.basis.as_str();
            lines.row(&["transition", reason.code(), state.code(), result, after, warning, basis]);
        }
    }
}

fn comparison(lines: &mut Lines) {
    lines.row(&["compared", &numbers(COMPARED)]);
    for derived in DERIVED {
        let test = format!("{:?}", derived.test);
        lines.row(&["derived", &numbers([derived.item]), &numbers([derived.parent]), &test]);
    }
    for reason in Reason::ALL {
        let rule = rule(reason);
        lines.row(&["rule", reason.code(), &differences(&rule), &bound(&rule), &other(&rule)]);
    }
}

fn differences(rule: &Rule) -> String {
    let mut parts = Vec::new();
    for (item, meaning) in rule.differences {
        let (code, only) = match meaning {
            Meaning::Allowed => ("", ""),
            Meaning::Found(code) => (code.as_str(), ""),
            Meaning::FoundIfBothGiven(code) => (code.as_str(), "+"),
        };
        parts.push(format!("{}{only}={code}", item.number()));
    }
    parts.join(" ")
}

fn bound(rule: &Rule) -> String {
    match rule.derived {
        DerivedRule::Free => String::from("free"),
        DerivedRule::Bound { may_grow, may_change } => format!(
            "bound, grow {}, change {}",
            numbers(may_grow.iter().copied()),
            numbers(may_change.iter().copied())
        ),
    }
}

/// The remaining columns by the names of their variants.
fn other(rule: &Rule) -> String {
    format!(
        "{:?}; {:?}; {:?}; {:?}; {:?}; {:?}",
        rule.birth, rule.must_change, rule.number, rule.old, rule.date, rule.after
    )
}

fn items_and_dates(lines: &mut Lines) {
    lines.row(&["required", &numbers(REQUIRED)]);
    for reason in Reason::ALL {
        if needs_old_my_number(reason) {
            lines.row(&["required", reason.code(), "old_my_number"]);
        }
        if needs_old_jumin_code(reason) {
            lines.row(&["required", reason.code(), "old_jumin_code"]);
        }
    }
    for era in ERAS {
        lines.row(&[
            "era",
            &era.digit.to_string(),
            era.ja,
            &era.first.to_string(),
            &era.last.to_string(),
        ]);
    }
    for (place, check) in ORDER.into_iter().enumerate() {
        lines.row(&["file check", &place.to_string(), &format!("{check:?}")]);
    }
}

fn findings(lines: &mut Lines) {
    for code in Code::ALL {
        let row = finding::row(*code);
        lines.row(&[
            "finding",
            code.as_str(),
            row.severity.en(),
            row.basis.as_str(),
            row.article,
            row.items,
            row.ja,
            row.en,
            row.todo_ja,
            row.todo_en,
        ]);
    }
}

fn reconciliation(lines: &mut Lines) {
    for class in Class::ALL {
        let row = class.row();
        lines.row(&[
            "class",
            &row.number.to_string(),
            row.name,
            row.ja,
            row.en,
            row.todo_ja,
            row.todo_en,
        ]);
    }
    let order: Vec<String> = PRECEDENCE.into_iter().map(|class| class.number().to_string()).collect();
    lines.row(&["precedence", &order.join(" ")]);
    lines.row(&["reconciled", &numbers(RECONCILED)]);
    for cause in Cause::ALL {
        let row = cause.row();
        lines.row(&["cause", row.name, row.ja, row.en, row.todo_ja, row.todo_en]);
    }
    for test in TESTS {
        let facts = format!("{:?}", test.facts);
        lines.row(&["cause test", &facts, test.cause.row().name, test.ja, test.en]);
    }
    for cell in TRANSITIONS {
        lines.row(&["life", &format!("{cell:?}")]);
    }
}

fn numbers(items: impl IntoIterator<Item = Item>) -> String {
    let numbers: Vec<String> = items.into_iter().map(|item| item.number().to_string()).collect();
    numbers.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::ids::MunicipalityCode;
    use super::*;

    #[test]
    fn every_row_of_every_table_is_there_and_no_field_holds_a_separator() {
        let akita = Prefecture::built_in(MunicipalityCode::parse("050008").unwrap()).unwrap();
        let text = rules_text(&akita);
        let count = |table: &str| {
            text.lines()
                .filter(|line| line.split('|').next() == Some(table))
                .count()
        };
        assert_eq!(count("reason"), 21);
        assert_eq!(count("state"), 10);
        assert_eq!(count("transition"), 210);
        assert_eq!(count("rule"), 21);
        assert_eq!(count("derived"), 9);
        assert_eq!(count("required"), 4);
        assert_eq!(count("era"), 6);
        assert_eq!(count("finding"), Code::ALL.len());
        assert_eq!(count("municipality"), 25);
        assert_eq!(count("class"), 9);
        assert_eq!((count("precedence"), count("reconciled")), (1, 1));
        assert_eq!(count("cause"), 7);
        assert_eq!(count("cause test"), 8);
        assert_eq!(count("life"), 9);
        for line in text.lines() {
            let fields = match line.split('|').next() {
                Some("reason") => 9,
                Some("state" | "municipality") => 4,
                Some("transition" | "class") => 7,
                Some("cause") => 6,
                Some("finding") => 10,
                Some("rule" | "era" | "cause test") => 5,
                _ => continue,
            };
            assert_eq!(line.split('|').count(), fields, "{line}");
        }
        assert_eq!(text, rules_text(&akita));
    }
}
