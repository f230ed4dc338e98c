//! Municipalities, parts of towns and names: the tables of the demonstration (`fixtures/demo/SOURCE.txt`).

/// A municipality.
pub struct Town {
    /// Its code, which is also its party id.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Prefecture, county and name, as an address begins.
    pub prefix: String,
    /// Parts of the town: code (大字・字コード) and name.
    pub quarters: Vec<(String, String)>,
}

/// A name and how it is read.
pub type Name = (String, String);

/// All tables.
pub struct Tables {
    /// In the order of their codes.
    pub towns: Vec<Town>,
    /// Surnames.
    pub surnames: Vec<Name>,
    /// Given names of men, then of women.
    pub given: [Vec<Name>; 2],
}

fn lines(text: &'static str) -> impl Iterator<Item = Vec<String>> {
    text.lines()
        .skip(1)
        .map(|line| line.split(',').map(str::to_owned).collect())
}

/// False for text with a character that the peers have no code for, or with the sign that stands for one (外字).
fn is_plain(text: &str) -> bool {
    let (_, _, lost) = encoding_rs::SHIFT_JIS.encode(text);
    !lost && !text.contains('〓')
}

impl Tables {
    /// Reads them, without what only sekisho could write.
    pub fn load() -> Self {
        let quarters: Vec<Vec<String>> = lines(include_str!("../../../../fixtures/demo/towns.csv"))
            .filter(|line| line[4].is_empty() && is_plain(&line[2]))
            .collect();
        let towns = lines(include_str!("../../../../fixtures/demo/municipalities.csv")).map(|line| Town {
            code: line[0].clone(),
            name: line[2].clone(),
            prefix: format!("秋田県{}{}", line[1], line[2]),
            quarters: quarters
                .iter()
                .filter(|quarter| quarter[0] == line[0])
                .map(|quarter| (quarter[1].clone(), quarter[2].clone()))
                .collect(),
        });
        let name = |line: &[String]| (line[0].clone(), line[1].clone());
        let given = |sex: &str| {
            lines(include_str!("../../../../fixtures/demo/given.csv"))
                .filter(|line| line[1] == sex && is_plain(&line[2]))
                .map(|line| name(&line[2..]))
                .collect()
        };
        Self {
            towns: towns.collect(),
            surnames: lines(include_str!("../../../../fixtures/demo/surnames.csv"))
                .filter(|line| is_plain(&line[0]))
                .map(|line| name(&line))
                .collect(),
            given: [given("M"), given("F")],
        }
    }
}
