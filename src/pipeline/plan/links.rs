//! Which notices of a run must be judged together: those of one person, and of persons that share a number.
//!
//! Notices that meet no common code and no common number cannot change each other's outcome, so a run may judge them in
//! parts. Nearly every notice meets its own code alone; the few others are joined here.

use std::collections::BTreeMap;

use crate::domain::ids::JuminCode;

/// Codes that are joined, each group named by its smallest code.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// The code each one hangs on; a group's own name hangs on itself.
    above: BTreeMap<JuminCode, JuminCode>,
}

impl Links {
    /// Joins two codes.
    pub fn join(&mut self, a: JuminCode, b: JuminCode) {
        let (a, b) = (self.root(a), self.root(b));
        let (least, other) = (a.min(b), a.max(b));
        self.above.insert(least, least);
        self.above.insert(other, least);
    }

    /// Name of the group of a code; `None` for a code that was never joined.
    pub fn group(&mut self, code: JuminCode) -> Option<JuminCode> {
        self.above.contains_key(&code).then(|| self.root(code))
    }

    /// True where nothing was joined.
    pub fn is_empty(&self) -> bool {
        self.above.is_empty()
    }

    fn root(&mut self, code: JuminCode) -> JuminCode {
        let mut at = code;
        while let Some(above) = self.above.get(&at).copied().filter(|above| *above != at) {
            // Halves the way for the next one.
            let further = self.above.get(&above).copied().unwrap_or(above);
            self.above.insert(at, further);
            at = further;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code number `n` of those that ascend.
    fn code(n: u64) -> JuminCode {
        let mut codes: Vec<JuminCode> = (0..)
            .map(|v| v * 10)
            .flat_map(|v| (0..10).map(move |c| v + c))
            .filter_map(JuminCode::from_value)
            .take(40)
            .collect();
        codes.sort_unstable();
        codes[usize::try_from(n).unwrap()]
    }

    #[test]
    fn groups_are_named_by_their_smallest_code() {
        let mut links = Links::default();
        assert!(links.is_empty());
        assert_eq!(links.group(code(1)), None);
        links.join(code(9), code(7));
        links.join(code(5), code(6));
        links.join(code(6), code(9));
        links.join(code(20), code(21));
        for n in [5, 6, 7, 9] {
            assert_eq!(links.group(code(n)), Some(code(5)), "{n}");
        }
        assert_eq!(links.group(code(21)), Some(code(20)));
        assert_eq!(links.group(code(8)), None);
        links.join(code(21), code(7));
        links.join(code(3), code(3));
        assert_eq!(links.group(code(20)), Some(code(5)));
        assert_eq!(links.group(code(3)), Some(code(3)));
    }

    #[test]
    fn long_chains_are_groups_whatever_the_order() {
        for step in [1, 7, 11] {
            let mut links = Links::default();
            for n in 0..39 {
                let n = n * step % 39;
                links.join(code(n), code(n + 1));
            }
            for n in 0..40 {
                assert_eq!(links.group(code(n)), Some(code(0)));
            }
        }
    }
}
