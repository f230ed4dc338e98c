//! The sums of a reconciliation, and the equation that holds before its result is published (rules section 4).

use super::cause::Cause;
use super::class::Class;

/// What is counted: records of the extract, and for 30 persons of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sum {
    /// All compared items are equal.
    Match,
    /// A class.
    Of(Class),
}

impl Sum {
    /// All sums in the order of the trailer of an RCR.
    pub const ALL: [Self; 10] = [
        Self::Match,
        Self::Of(Class::Diff),
        Self::Of(Class::OnlyInExtract),
        Self::Of(Class::OnlyInMaster),
        Self::Of(Class::RemovedInMaster),
        Self::Of(Class::OtherMunicipality),
        Self::Of(Class::CodeRetired),
        Self::Of(Class::PersonMismatch),
        Self::Of(Class::DuplicateInExtract),
        Self::Of(Class::Invalid),
    ];

    /// Name of the field in the trailer of an RCR.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Of(Class::Diff) => "diff",
            Self::Of(Class::OnlyInExtract) => "only_in_extract",
            Self::Of(Class::OnlyInMaster) => "only_in_master",
            Self::Of(Class::RemovedInMaster) => "removed_in_master",
            Self::Of(Class::OtherMunicipality) => "other_municipality",
            Self::Of(Class::CodeRetired) => "code_retired",
            Self::Of(Class::PersonMismatch) => "person_mismatch",
            Self::Of(Class::DuplicateInExtract) => "duplicate_in_extract",
            Self::Of(Class::Invalid) => "invalid",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Match => 0,
            Self::Of(Class::Diff) => 1,
            Self::Of(Class::OnlyInExtract) => 2,
            Self::Of(Class::OnlyInMaster) => 3,
            Self::Of(Class::RemovedInMaster) => 4,
            Self::Of(Class::OtherMunicipality) => 5,
            Self::Of(Class::CodeRetired) => 6,
            Self::Of(Class::PersonMismatch) => 7,
            Self::Of(Class::DuplicateInExtract) => 8,
            Self::Of(Class::Invalid) => 9,
        }
    }
}

/// Sums that do not add up: nothing may be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{input} extract records, but classes for {classes}")]
pub struct ReconcileFault {
    /// Records of the extract.
    pub input: u64,
    /// Sum of all classes without 30.
    pub classes: u64,
}

/// How often each class was found: persons, not items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReconcileSums {
    counts: [u64; 10],
}

impl ReconcileSums {
    /// Counts one record, or for 30 one person.
    pub fn count(&mut self, sum: Sum) {
        if let Some(count) = self.counts.get_mut(sum.index()) {
            *count = count.saturating_add(1);
        }
    }

    /// One sum.
    pub fn get(&self, sum: Sum) -> u64 {
        self.counts.get(sum.index()).copied().unwrap_or(0)
    }

    /// The ten sums in the order of the trailer.
    pub fn counts(&self) -> [u64; 10] {
        self.counts
    }

    /// Sums read back from [`ReconcileSums::counts`].
    pub fn from_counts(counts: [u64; 10]) -> Self {
        Self { counts }
    }

    /// Adds the sums of another extract, for totals of a run.
    pub fn add(&mut self, more: &Self) {
        for (count, more) in self.counts.iter_mut().zip(more.counts) {
            *count = count.saturating_add(more);
        }
    }

    /// Persons with a difference: all classes, MATCH, 80 and 90 left out.
    pub fn differing(&self) -> u64 {
        Class::ALL
            .into_iter()
            .filter(|class| class.is_of_person())
            .fold(0, |sum, class| sum.saturating_add(self.get(Sum::Of(class))))
    }

    /// Tests `extract records = sum of all classes without ONLY_IN_MASTER`.
    ///
    /// # Errors
    /// [`ReconcileFault`] where it does not hold.
    pub fn test(&self, input: u64) -> Result<(), ReconcileFault> {
        let all = self.counts.into_iter().fold(0, u64::saturating_add);
        let classes = all.saturating_sub(self.get(Sum::Of(Class::OnlyInMaster)));
        if classes == input {
            Ok(())
        } else {
            Err(ReconcileFault { input, classes })
        }
    }
}

/// Differing persons by their likely cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CauseSums {
    counts: [u64; Cause::ALL.len()],
}

impl CauseSums {
    /// Counts one person.
    pub fn count(&mut self, cause: Cause) {
        if let Some(count) = self.counts.get_mut(cause.index()) {
            *count = count.saturating_add(1);
        }
    }

    /// Persons with this cause.
    pub fn get(&self, cause: Cause) -> u64 {
        self.counts.get(cause.index()).copied().unwrap_or(0)
    }

    /// Adds the counts of another extract.
    pub fn add(&mut self, more: &Self) {
        for (count, more) in self.counts.iter_mut().zip(more.counts) {
            *count = count.saturating_add(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_equation_leaves_only_in_master_out() {
        let mut sums = ReconcileSums::default();
        for sum in Sum::ALL {
            sums.count(sum);
        }
        assert_eq!(sums.test(9), Ok(()));
        assert_eq!(sums.test(10), Err(ReconcileFault { input: 10, classes: 9 }));
        assert_eq!(sums.differing(), 7);
        let mut twice = sums;
        twice.add(&sums);
        assert_eq!(twice.counts(), [2; 10]);
        assert_eq!(ReconcileSums::from_counts(twice.counts()), twice);
    }

    #[test]
    fn every_sum_has_its_own_place() {
        for (index, sum) in Sum::ALL.into_iter().enumerate() {
            assert_eq!(sum.index(), index);
        }
    }
}
