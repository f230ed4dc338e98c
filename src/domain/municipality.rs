//! The municipalities of the own prefecture (built in for 秋田県), and for which codes a party answers (rules 1, 2.2).
//!
//! Source of the built-in table: rules section 1; the counties (郡) are geographic fact.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::ids::{MunicipalityCode, PartyId};
use super::party::Party;

/// One municipality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Municipality {
    /// 全国地方公共団体コード.
    pub code: MunicipalityCode,
    /// County (郡), empty for a city.
    pub county: Cow<'static, str>,
    /// Name.
    pub name: Cow<'static, str>,
}

/// A prefecture and its municipalities, sorted by code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefecture {
    /// 全国地方公共団体コード of the prefecture.
    pub code: MunicipalityCode,
    /// Name.
    pub name: Cow<'static, str>,
    rows: Vec<Municipality>,
}

/// Code, county and name of the municipalities of Akita.
const AKITA: [(u32, &str, &str); 25] = [
    (52019, "", "秋田市"),
    (52027, "", "能代市"),
    (52035, "", "横手市"),
    (52043, "", "大館市"),
    (52060, "", "男鹿市"),
    (52078, "", "湯沢市"),
    (52094, "", "鹿角市"),
    (52108, "", "由利本荘市"),
    (52116, "", "潟上市"),
    (52124, "", "大仙市"),
    (52132, "", "北秋田市"),
    (52141, "", "にかほ市"),
    (52159, "", "仙北市"),
    (53031, "鹿角郡", "小坂町"),
    (53279, "北秋田郡", "上小阿仁村"),
    (53465, "山本郡", "藤里町"),
    (53481, "山本郡", "三種町"),
    (53490, "山本郡", "八峰町"),
    (53619, "南秋田郡", "五城目町"),
    (53635, "南秋田郡", "八郎潟町"),
    (53660, "南秋田郡", "井川町"),
    (53686, "南秋田郡", "大潟村"),
    (54348, "仙北郡", "美郷町"),
    (54631, "雄勝郡", "羽後町"),
    (54640, "雄勝郡", "東成瀬村"),
];

const AKITA_CODE: u32 = 50008;

impl Prefecture {
    /// A prefecture with its municipalities in any order; of two rows with one code the first stays.
    pub fn new(code: MunicipalityCode, name: impl Into<Cow<'static, str>>, mut rows: Vec<Municipality>) -> Self {
        rows.sort_by_key(|row| row.code);
        rows.dedup_by_key(|row| row.code);
        Self {
            code,
            name: name.into(),
            rows,
        }
    }

    /// The built-in table of a prefecture: 050008 秋田県. `None` for any other.
    pub fn built_in(code: MunicipalityCode) -> Option<Self> {
        if code.value() != AKITA_CODE {
            return None;
        }
        let rows = AKITA.into_iter().filter_map(|(code, county, name)| {
            Some(Municipality {
                code: MunicipalityCode::from_value(code)?,
                county: Cow::Borrowed(county),
                name: Cow::Borrowed(name),
            })
        });
        Some(Self::new(code, "秋田県", rows.collect()))
    }

    /// The municipalities, sorted by code.
    pub fn municipalities(&self) -> &[Municipality] {
        &self.rows
    }

    /// The municipality with this code.
    pub fn get(&self, code: MunicipalityCode) -> Option<&Municipality> {
        let at = self.rows.binary_search_by_key(&code, |row| row.code).ok()?;
        self.rows.get(at)
    }
}

/// For which municipality codes each party answers: its own and those that merged into it (`predecessor_codes`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offices {
    by_party: BTreeMap<PartyId, Vec<MunicipalityCode>>,
    predecessors: BTreeSet<MunicipalityCode>,
}

impl Offices {
    /// From the register of parties; parties that are no municipality and have no predecessors answer for nothing.
    pub fn of(parties: &[Party]) -> Self {
        let mut offices = Self::default();
        for party in parties {
            let codes = party
                .municipality()
                .into_iter()
                .chain(party.predecessors.iter().copied());
            offices.by_party.insert(party.id, codes.collect());
            offices.predecessors.extend(party.predecessors.iter().copied());
        }
        offices
    }

    /// True where `code` is the party's own or one of its predecessors'; false for an unknown party.
    pub fn answers_for(&self, party: PartyId, code: MunicipalityCode) -> bool {
        self.by_party.get(&party).is_some_and(|codes| codes.contains(&code))
    }

    /// The codes for which a party answers, its own first; none for an unknown party.
    pub fn codes(&self, party: PartyId) -> &[MunicipalityCode] {
        self.by_party.get(&party).map_or(&[], Vec::as_slice)
    }

    /// True where `code` is anyone's predecessor (C003).
    pub fn is_predecessor(&self, code: MunicipalityCode) -> bool {
        self.predecessors.contains(&code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn akita_has_its_25_municipalities_with_right_check_digits() {
        let akita = Prefecture::built_in(MunicipalityCode::parse("050008").unwrap()).unwrap();
        assert_eq!(akita.municipalities().len(), 25);
        assert_eq!(
            akita.get(MunicipalityCode::parse("052019").unwrap()).unwrap().name,
            "秋田市"
        );
        assert_eq!(
            akita.get(MunicipalityCode::parse("054640").unwrap()).unwrap().county,
            "雄勝郡"
        );
        for absent in ["131016", "050008", "053236"] {
            assert_eq!(akita.get(MunicipalityCode::parse(absent).unwrap()), None);
        }
        for row in akita.municipalities() {
            assert_eq!(row.county.is_empty(), row.name.ends_with('市'));
        }
    }

    #[test]
    fn another_prefecture_is_given_not_built_in() {
        let tokyo = MunicipalityCode::parse("130001").unwrap();
        assert_eq!(Prefecture::built_in(tokyo), None);
        let row = |code: &str, name: &'static str| Municipality {
            code: MunicipalityCode::parse(code).unwrap(),
            county: Cow::Borrowed(""),
            name: Cow::Borrowed(name),
        };
        let given = Prefecture::new(
            tokyo,
            "東京都",
            vec![row("131024", "中央区"), row("131016", "千代田区")],
        );
        assert_eq!(
            given.get(MunicipalityCode::parse("131016").unwrap()).unwrap().name,
            "千代田区"
        );
        assert_eq!(given.municipalities().len(), 2);
    }
}
