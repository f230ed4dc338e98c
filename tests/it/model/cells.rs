//! The 210 cells (rules 2.3) as the reference model reads them: one line per reason, one word per state.

/// States of a code, in the order of the table.
pub(super) const STATES: [&str; 10] = ["AB", "RS", "RO", "MD", "MO", "DE", "VX", "PN", "PL", "RT"];

/// Reason, then for each state `+` and the state after, or the finding.
const CELLS: &str = "\
11 +RS  L101 L102  +RS   +RS   L104  +RS   L108  L108  L107
12 +RS  L101 L102  +RS   +RS   L104  +RS   L108  L108  L107
13 +RS  L101 L102  L106  L106  L106  L106  L106  L106  L107
14 L105 L101 L102  L105  L105  L105  L105  +RS   L105  L107
15 L105 L101 L102  L105  L105  L105  L105  L105  +RS   L107
16 +RS  L101 L102  +RS   +RS   +RS   +RS   +RS   +RS   L107
21 L103 +MD  L102b L104b L104b L104b L104b L104b L104b L107
22 L103 +MO  L102b L104b L104b L104b L104b L104b L104b L107
23 L103 +DE  L102b L104b L104b L104b L104b L104b L104b L107
24 L103 +PN  L102b L104b L104b L104b L104b L104b L104b L107
25 L103 +PL  L102b L104b L104b L104b L104b L104b L104b L107
26 L103 +VX  L102b L104b L104b L104b L104b L104b L104b L107
31 L103 +RS  L102b L104b L104b L104b L104b L104b L104b L107
32 L103 +RS  L102b L104b L104b L104b L104b L104b L104b L107
33 L103 +RS  L102b L104b L104b L104b L104b L104b L104b L107
41 L103 +RS  L102b L104b L104b L104b L104b L104b L104b L107
42 L103 +RS  L102b L104b L104b L104b L104b L104b L104b L107
43 L103 +RS  L102b L104b L104b L104b L104b L104b L104b L107
51 L103 +RS  L102b L104b L104b L104b L104b L104b L104b L107
52 +RS  +RS  L102b L104b L104b L104b L104b L104b L104b L107
90 L109 L109 +RO   +MD   L109  L109  L109  L109  L109  L107";

/// All reasons.
pub(super) fn reasons() -> Vec<&'static str> {
    CELLS.lines().map(|line| &line[..2]).collect()
}

/// The state after, or the finding.
pub(super) fn cell(reason: &str, state: &str) -> Result<&'static str, &'static str> {
    let line = CELLS.lines().find(|line| line.starts_with(reason)).unwrap();
    let at = STATES.iter().position(|known| *known == state).unwrap();
    let word = line[2..].split_whitespace().nth(at).unwrap();
    word.strip_prefix('+').ok_or(word)
}

/// The state that a removal leads to.
pub(super) fn state_of_removal(reason: &str) -> &'static str {
    cell(reason, "RS").unwrap()
}

#[test]
fn the_cells_are_those_of_the_table() {
    let Some(path) = crate::shared::shared("domain/transition_table.csv") else {
        return;
    };
    let mut seen = 0;
    for row in csv::Reader::from_path(path).unwrap().records() {
        let row = row.unwrap();
        let (result, after, code) = (&row[4], row[5].get(..2).unwrap_or(""), &row[6]);
        let expected = if result == "OK" { Ok(after) } else { Err(code) };
        assert_eq!(cell(&row[0], &row[3]), expected, "{row:?}");
        seen += 1;
    }
    assert_eq!(seen, 210);
}
