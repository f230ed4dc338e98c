//! What became of a record and the sums of a file and a run (formats, "Results of a run").

/// Outcome of one inbound record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// `A`: applied.
    Applied,
    /// `W`: applied, with at least one warning.
    Warned,
    /// `R`: rejected.
    Rejected,
    /// `D`: an applied notice again; nothing done, no error.
    Duplicate,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Applied, Self::Warned, Self::Rejected, Self::Duplicate];

    /// The letter of a RES.
    pub const fn letter(self) -> char {
        match self {
            Self::Applied => 'A',
            Self::Warned => 'W',
            Self::Rejected => 'R',
            Self::Duplicate => 'D',
        }
    }

    /// Reads the letter of a RES.
    pub fn parse(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.letter() == letter)
    }

    /// True for A and W.
    pub const fn is_applied(self) -> bool {
        matches!(self, Self::Applied | Self::Warned)
    }
}

/// Sums of a file or a run that do not add up: nothing may be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SumFault {
    /// Input records are not the sum of their outcomes.
    #[error("{input} input records, but outcomes for {outcomes}")]
    Records {
        /// Records read.
        input: u64,
        /// Sum of the four outcomes.
        outcomes: u64,
    },
    /// Residents before, entries and removals do not give the residents after.
    #[error("{before} residents + {entries} entries - {removals} removals is not {after}")]
    Residents {
        /// Residents before the run.
        before: u64,
        /// Effects to RS from AB or a removed state.
        entries: u64,
        /// Removals.
        removals: u64,
        /// Residents counted after the run.
        after: u64,
    },
}

/// Records of a file or a run by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordSums {
    /// Outcome A.
    pub applied: u64,
    /// Outcome W.
    pub applied_with_warning: u64,
    /// Outcome R.
    pub rejected: u64,
    /// Outcome D.
    pub duplicate: u64,
}

impl RecordSums {
    /// Counts one record.
    pub fn count(&mut self, outcome: Outcome) {
        let sum = match outcome {
            Outcome::Applied => &mut self.applied,
            Outcome::Warned => &mut self.applied_with_warning,
            Outcome::Rejected => &mut self.rejected,
            Outcome::Duplicate => &mut self.duplicate,
        };
        *sum = sum.saturating_add(1);
    }

    /// Adds the sums of another file.
    pub fn add(&mut self, more: &Self) {
        self.applied = self.applied.saturating_add(more.applied);
        self.applied_with_warning = self.applied_with_warning.saturating_add(more.applied_with_warning);
        self.rejected = self.rejected.saturating_add(more.rejected);
        self.duplicate = self.duplicate.saturating_add(more.duplicate);
    }

    /// Sum of the four.
    pub fn total(&self) -> u64 {
        [self.applied, self.applied_with_warning, self.rejected, self.duplicate]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// Tests `input records = applied + applied with warning + rejected + duplicate`.
    ///
    /// # Errors
    /// [`SumFault::Records`] where it does not hold.
    pub fn test(&self, input: u64) -> Result<(), SumFault> {
        let outcomes = self.total();
        if input == outcomes {
            Ok(())
        } else {
            Err(SumFault::Records { input, outcomes })
        }
    }
}

/// What a part of a run changes: parts that share no person add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunChange {
    /// Effects to RS from AB or a removed state, 52 from AB included.
    pub entries: u64,
    /// Removals.
    pub removals: u64,
    /// Change of the number of residents, counted from the entries, not from the two sums.
    pub residents: i64,
    /// Change of the number of removed persons.
    pub removed: i64,
    /// Change of the number of retired codes.
    pub retired: i64,
}

impl RunChange {
    /// Adds another part of the run.
    pub fn add(&mut self, more: &Self) {
        self.entries = self.entries.saturating_add(more.entries);
        self.removals = self.removals.saturating_add(more.removals);
        self.residents = self.residents.saturating_add(more.residents);
        self.removed = self.removed.saturating_add(more.removed);
        self.retired = self.retired.saturating_add(more.retired);
    }

    /// The sums of a run that began with this many residents.
    pub fn sums(&self, residents_before: u64) -> RunSums {
        RunSums {
            residents_before,
            entries: self.entries,
            removals: self.removals,
            residents_after: residents_before.saturating_add_signed(self.residents),
            removed_change: self.removed,
            retired_change: self.retired,
        }
    }
}

/// Residents, removed persons and retired codes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunSums {
    /// Residents before the run.
    pub residents_before: u64,
    /// Effects to RS from AB or a removed state, 52 from AB included.
    pub entries: u64,
    /// Removals.
    pub removals: u64,
    /// Residents after the run, counted from the entries, not from the two sums.
    pub residents_after: u64,
    /// Change of the number of removed persons.
    pub removed_change: i64,
    /// Change of the number of retired codes.
    pub retired_change: i64,
}

impl RunSums {
    /// Tests `residents after = residents before + entries - removals`.
    ///
    /// # Errors
    /// [`SumFault::Residents`] where it does not hold.
    pub fn test(&self) -> Result<(), SumFault> {
        let expected = self
            .residents_before
            .checked_add(self.entries)
            .and_then(|sum| sum.checked_sub(self.removals));
        if expected == Some(self.residents_after) {
            return Ok(());
        }
        Err(SumFault::Residents {
            before: self.residents_before,
            entries: self.entries,
            removals: self.removals,
            after: self.residents_after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.letter()), Some(outcome));
        }
        assert_eq!(Outcome::parse('X'), None);
    }

    #[test]
    fn sums_that_do_not_add_up_are_refused() {
        let mut sums = RecordSums::default();
        for outcome in Outcome::ALL {
            sums.count(outcome);
        }
        assert_eq!(sums.test(4), Ok(()));
        assert_eq!(sums.test(5), Err(SumFault::Records { input: 5, outcomes: 4 }));
        let mut run = RunSums {
            residents_before: 10,
            entries: 3,
            removals: 2,
            residents_after: 11,
            ..RunSums::default()
        };
        assert_eq!(run.test(), Ok(()));
        run.residents_after = 12;
        assert!(run.test().is_err());
        run.removals = 20;
        assert!(run.test().is_err());
    }
}
