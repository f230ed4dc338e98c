//! The row after an applied notice (rules 2.4): which items are the notice's, the master's, the server's.

use crate::domain::instant::BusinessDate;
use crate::domain::item::Item;
use crate::domain::notice::Notice;
use crate::domain::row::Row;
use crate::domain::state::State;

/// Item 12 of a row by what it is now (rules 3).
pub(super) const NEWEST: &str = "0";
/// Item 12 of a row that was replaced.
pub(super) const SUPERSEDED: &str = "1";
const REMOVED: &str = "2";
const DEAD: &str = "3";

/// Items that a removal takes from the notice; all others stay the master's or are the server's.
const OF_REMOVAL: [Item; 6] = [
    Item::ChangeReason,
    Item::ChangeDate,
    Item::OperatorId,
    Item::TerminalId,
    Item::Timestamp,
    Item::UpdateSeq,
];

/// The row after an entry, amendment, number or code: the notice's items, 12, 19 and 21 by the server (13 was computed
/// with the notice). `None` where the row would be too long.
pub fn updated_row(mut sent: Row, received: BusinessDate) -> Option<Row> {
    set_by_server(&mut sent, received, NEWEST, "0").then_some(sent)
}

/// The row after a removal: the master's, with 10, 11, 16-18 and 22 of the notice. `after` is the state it leads to.
/// `None` where the row would be too long.
pub fn removed_row(master: &Row, notice: &Notice, received: BusinessDate, after: State) -> Option<Row> {
    let mut row = master.clone();
    for item in OF_REMOVAL {
        if !row.set(item, notice.get(item)) {
            return None;
        }
    }
    let flag = if after == State::De { DEAD } else { REMOVED };
    set_by_server(&mut row, received, flag, "1").then_some(row)
}

fn set_by_server(row: &mut Row, received: BusinessDate, retention: &str, deleted: &str) -> bool {
    row.set(Item::RetentionFlag, retention)
        && row.set(Item::ReceivedDate, &received.to_string())
        && row.set(Item::DeletedFlag, deleted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::compare::COMPARED;

    #[test]
    fn a_removal_takes_no_compared_item() {
        for item in COMPARED {
            assert!(!OF_REMOVAL.contains(&item));
        }
    }
}
