//! What a code was at an instant (rules section 4): the snapshot whose item 18 is the newest not after it.
//!
//! Of two snapshots with one item 18 the later applied counts. Before the item 18 of a 51 or 52 the old code is normal
//! and the new one unknown: the row under the new code carries that item 18, so it was not there yet.

use super::instant::Instant;

/// Since when a code is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retirement {
    /// It is not.
    Never,
    /// Since the item 18 of the 51 or 52 that replaced it.
    Since(Instant),
    /// Since always, as far as is known: it has no version that the 51 or 52 replaced.
    Always,
}

impl Retirement {
    /// True where the code was retired at `at`.
    pub fn was_in_force(self, at: Instant) -> bool {
        match self {
            Self::Never => false,
            Self::Since(since) => since <= at,
            Self::Always => true,
        }
    }
}

/// What a code was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InForce<T> {
    /// Unknown.
    Unknown,
    /// Replaced by another code.
    Retired,
    /// This snapshot was its row.
    Snapshot(T),
}

/// What a code was at `at`. `snapshots` are all its rows with their item 18 in the order in which they were applied, the
/// current one last; one without a real item 18 never counts.
pub fn in_force<T>(
    snapshots: impl IntoIterator<Item = (Option<Instant>, T)>,
    retirement: Retirement,
    at: Instant,
) -> InForce<T> {
    if retirement.was_in_force(at) {
        return InForce::Retired;
    }
    let mut best: Option<(Instant, T)> = None;
    for (timestamp, snapshot) in snapshots {
        let Some(timestamp) = timestamp.filter(|timestamp| *timestamp <= at) else {
            continue;
        };
        if best.as_ref().is_none_or(|(had, _)| *had <= timestamp) {
            best = Some((timestamp, snapshot));
        }
    }
    best.map_or(InForce::Unknown, |(_, snapshot)| InForce::Snapshot(snapshot))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(clock: &str) -> Instant {
        Instant::parse(&format!("20200914{clock}00000")).unwrap()
    }

    fn snapshots(list: &[(&str, char)]) -> Vec<(Option<Instant>, char)> {
        list.iter().map(|(clock, name)| (Some(at(clock)), *name)).collect()
    }

    #[test]
    fn the_newest_not_after_the_instant() {
        let list = snapshots(&[("0900", 'a'), ("1000", 'b'), ("1100", 'c')]);
        for (clock, want) in [
            ("0859", InForce::Unknown),
            ("0900", InForce::Snapshot('a')),
            ("0959", InForce::Snapshot('a')),
            ("1000", InForce::Snapshot('b')),
            ("2359", InForce::Snapshot('c')),
        ] {
            assert_eq!(in_force(list.clone(), Retirement::Never, at(clock)), want, "{clock}");
        }
    }

    #[test]
    fn of_one_item_18_the_later_applied_counts() {
        let list = snapshots(&[("0900", 'a'), ("0900", 'b')]);
        assert_eq!(in_force(list, Retirement::Never, at("0900")), InForce::Snapshot('b'));
        // Item 18 decides, not the order of processing.
        let list = snapshots(&[("1000", 'a'), ("0900", 'b')]);
        assert_eq!(in_force(list, Retirement::Never, at("1000")), InForce::Snapshot('a'));
    }

    #[test]
    fn before_its_retirement_a_code_is_normal() {
        let list = snapshots(&[("0900", 'a')]);
        let retired = Retirement::Since(at("1000"));
        assert_eq!(in_force(list.clone(), retired, at("0959")), InForce::Snapshot('a'));
        assert_eq!(in_force(list.clone(), retired, at("1000")), InForce::Retired);
        assert_eq!(in_force(list, Retirement::Always, at("0800")), InForce::Retired);
    }

    #[test]
    fn a_row_without_a_time_never_counts() {
        assert_eq!(in_force([(None, 'a')], Retirement::Never, at("0900")), InForce::Unknown);
    }
}
