//! The page of the transition table: a matrix to look at, and every cell with its basis.

use super::page::{Page, Table};
use crate::domain::reason::Reason;
use crate::domain::state::State;
use crate::domain::transition::{Cell, Step, cells};

/// The transition table.
pub(super) fn page() -> Page {
    let mut page = Page::new("transitions", "状態の遷移", "Transitions");
    page.text(
        "行は異動事由、列は通知前の住民票コードの状態です。セルは適用後の状態（警告があれば併記）か、却下の所見です。\
         51・52は変更前の住民票コードの状態を列とし、変更前の住民票コードが空欄の52は常にABの列によります。",
    );
    page.text(
        "Rows are reasons, columns the state of the code before the notice. A cell is the state afterwards, with a\n\
         warning if there is one, or the finding that refuses it, alone. For 51 and 52 the column is the state of the\n\
         **old** code; 52 with a blank old code always uses the column AB and needs a new code that is AB.",
    );
    page.table(matrix());
    page.text("根拠を添えたすべてのセル。 / Every cell with its basis.");
    page.table(list());
    page
}

fn matrix() -> Table {
    let mut head = vec!["異動事由 / reason"];
    head.extend(State::ALL.map(State::code));
    let mut table = Table::new(&head);
    for reason in Reason::ALL {
        let mut row = vec![format!("{} {}", reason.code(), reason.ja())];
        row.extend(cells(reason).map(short));
        table.rows.push(row);
    }
    table
}

fn short(cell: Cell) -> String {
    let after = match cell.step {
        Step::To(after) => format!("→{}", after.code()),
        Step::NewCode => String::from("→RS, RT"),
        Step::Refuse(code) => code.as_str().to_owned(),
    };
    match cell.warning {
        Some(code) => format!("{after} {}", code.as_str()),
        None => after,
    }
}

fn list() -> Table {
    let mut table = Table::new(&["事由", "状態", "結果 / result", "根拠", "basis"]);
    for reason in Reason::ALL {
        for (state, cell) in State::ALL.into_iter().zip(cells(reason)) {
            let result = match cell.step {
                Step::NewCode => String::from("→RS (new code); old code →RT"),
                Step::To(_) | Step::Refuse(_) => short(cell),
            };
            table.row(&[
                reason.code(),
                state.code(),
                &result,
                cell.basis.ja(),
                cell.basis.as_str(),
            ]);
        }
    }
    table
}
