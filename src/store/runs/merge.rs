//! Several runs of a table as one: the newest row of each key. And which runs to make one of, so that a commit's small
//! runs do not pile up.

use std::ops::Range;
use std::sync::Arc;

use super::RunError;
use super::reader::{Bodies, KeySpan, RunCursor, RunReader};
use super::writer::RunWriter;
use crate::format::blockfile::BlockRows;
use crate::format::manifest::RunRef;
use crate::format::rowcode::RowFault;

/// Runs of one size class that become one, and how many times as large each class is as the one before. Old generations go
/// on naming the runs that were merged, so every merge costs their room once more: with this many a year of nights is
/// rewritten once. A lookup visits at most 31 runs of each class, nearly all of them a night's.
const RUNS_PER_CLASS: u64 = 32;
/// Runs up to this size are of class 0.
const CLASS_0_BYTES: u64 = 64 << 10;

/// A row of a merge. It keeps its block in memory while it lives.
pub struct MergedRow<'a> {
    block: Arc<BlockRows>,
    row: usize,
    run: &'a RunReader,
    block_number: usize,
}

impl MergedRow<'_> {
    /// The key.
    pub fn key(&self) -> &[u8] {
        self.block.key(self.row)
    }

    /// The small part.
    pub fn small(&self) -> &[u8] {
        self.block.small(self.row)
    }

    /// The body; empty where bodies are skipped.
    pub fn body(&self) -> &[u8] {
        self.block.body(self.row)
    }

    /// A fault with the place of this row.
    pub fn error(&self, fault: RowFault) -> RunError {
        self.run.row_error(self.block_number, self.row, fault)
    }
}

/// A walk over runs, in the order of keys.
pub struct Merge<'a> {
    /// Cursors on a row each, the newest run first.
    cursors: Vec<RunCursor<'a>>,
    waiting: Vec<RunCursor<'a>>,
    /// Rows that the one given last hides, where they are asked for.
    hidden: Option<Vec<MergedRow<'a>>>,
}

impl<'a> Merge<'a> {
    /// Walks over `runs`, the newest first.
    pub fn new(runs: impl IntoIterator<Item = &'a RunReader>, bodies: Bodies) -> Self {
        Self {
            cursors: Vec::new(),
            waiting: runs.into_iter().map(|run| run.cursor(bodies)).collect(),
            hidden: None,
        }
    }

    /// Walks over the rows of a span.
    pub fn within(runs: impl IntoIterator<Item = &'a RunReader>, bodies: Bodies, span: &KeySpan) -> Self {
        Self {
            cursors: Vec::new(),
            waiting: runs.into_iter().map(|run| run.cursor_within(bodies, span)).collect(),
            hidden: None,
        }
    }

    /// Keeps the older rows of each key as well, for [`Merge::hidden`].
    #[must_use]
    pub fn with_hidden(mut self) -> Self {
        self.hidden = Some(Vec::new());
        self
    }

    /// Rows of older runs with the key of the row given last.
    pub fn hidden(&self) -> &[MergedRow<'a>] {
        self.hidden.as_deref().unwrap_or_default()
    }

    /// The next row; of rows with one key that of the newest run.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn next_row(&mut self) -> Result<Option<MergedRow<'a>>, RunError> {
        for mut cursor in std::mem::take(&mut self.waiting) {
            if cursor.advance()? {
                self.cursors.push(cursor);
            }
        }
        if let Some(hidden) = &mut self.hidden {
            hidden.clear();
        }
        // One run is all that most tables have.
        if let [only] = self.cursors.as_mut_slice() {
            let found = row_of(only);
            if !only.advance()? {
                self.cursors.clear();
            }
            return Ok(found);
        }
        // `min_by` keeps the first of equal keys, which is the newest run's.
        let Some(found) = self.cursors.iter().min_by(|a, b| a.key().cmp(b.key())).and_then(row_of) else {
            return Ok(None);
        };
        let mut ended = false;
        let mut is_newest = true;
        for cursor in &mut self.cursors {
            if cursor.key() == found.key() {
                if let Some(hidden) = &mut self.hidden
                    && !is_newest
                {
                    hidden.extend(row_of(cursor));
                }
                is_newest = false;
                ended |= !cursor.advance()?;
            }
        }
        if ended {
            self.cursors.retain(|cursor| !cursor.key().is_empty());
        }
        Ok(Some(found))
    }
}

/// The row that a cursor is on.
fn row_of<'a>(cursor: &RunCursor<'a>) -> Option<MergedRow<'a>> {
    let (run, block_number) = cursor.origin();
    let (block, row) = cursor.place()?;
    Some(MergedRow {
        block: Arc::clone(block),
        row,
        run,
        block_number,
    })
}

/// Writes the rows of `runs` (the newest first) that `keep` wants into one run.
///
/// # Errors
/// [`RunError`].
pub fn merge_runs<'a>(
    runs: impl IntoIterator<Item = &'a RunReader>,
    mut to: RunWriter,
    keep: &mut dyn FnMut(&MergedRow<'_>) -> Result<bool, RunError>,
) -> Result<RunRef, RunError> {
    let mut merge = Merge::new(runs, Bodies::Read);
    while let Some(row) = merge.next_row()? {
        if keep(&row)? {
            to.push(row.key(), row.small(), row.body())?;
        }
    }
    to.finish()
}

/// Which of the runs (their lengths in bytes, the oldest first) should become one: the newest ones, as soon as
/// 32 of them are of one size class, smaller ones behind them included. `None` where all is well.
///
/// A run is thus rewritten once per class, so that the work per commit stays in proportion to its own size times the
/// logarithm of the register's.
pub fn runs_to_merge(sizes: &[u64]) -> Option<Range<usize>> {
    let mut sizes = sizes.to_vec();
    let end = sizes.len();
    let mut start = None;
    // Merging may fill a class again, so it is tried with the merged run in place of its parts.
    while let Some(from) = class_to_merge(&sizes) {
        start = Some(from);
        let merged = sizes.drain(from..).fold(0, u64::saturating_add);
        sizes.push(merged);
    }
    start.map(|start| start..end)
}

/// Start of the longest tail of runs not above some class in which that class is full.
fn class_to_merge(sizes: &[u64]) -> Option<usize> {
    let highest = sizes.iter().copied().map(class).max()?;
    (0..=highest).find_map(|wanted| {
        let tail = sizes.iter().rev().take_while(|size| class(**size) <= wanted).count();
        let start = sizes.len() - tail;
        let full = sizes.iter().skip(start).filter(|size| class(**size) == wanted).count() as u64 >= RUNS_PER_CLASS;
        full.then_some(start)
    })
}

fn class(size: u64) -> u32 {
    let mut class = 0;
    let mut limit = CLASS_0_BYTES;
    while size > limit {
        class += 1;
        limit = limit.saturating_mul(RUNS_PER_CLASS);
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_powers_of_thirty_two() {
        for (kib, wanted) in [(1, 0), (64, 0), (65, 1), (2048, 1), (2049, 2), (65_536, 2), (65_537, 3)] {
            assert_eq!(class(kib << 10), wanted, "{kib} KiB");
        }
        assert_eq!(class(u64::MAX), 10);
    }

    #[test]
    fn thirty_two_of_a_class_become_one() {
        let k = |sizes: &[u64]| runs_to_merge(&sizes.iter().map(|size| size << 10).collect::<Vec<_>>());
        let small = |base: &[u64], count: usize| [base, &vec![10; count]].concat();
        assert_eq!(k(&[]), None);
        assert_eq!(k(&small(&[], 31)), None);
        assert_eq!(k(&small(&[], 32)), Some(0..32));
        assert_eq!(k(&small(&[1 << 20], 31)), None);
        assert_eq!(k(&small(&[1 << 20], 32)), Some(1..33));
        // Newer, smaller runs go along; the base stays.
        let mut sizes = vec![1 << 20];
        sizes.extend([200; 31]);
        sizes.extend([10, 200]);
        assert_eq!(k(&sizes), Some(1..34));
        // The small ones make the last one of the next class.
        let mut sizes = vec![1 << 20];
        sizes.extend([200; 31]);
        sizes.extend([60; 32]);
        assert_eq!(k(&sizes), Some(1..64));
    }

    #[test]
    fn a_thousand_commits_leave_few_runs_and_rewrite_little() {
        let mut sizes: Vec<u64> = vec![1 << 30];
        let (mut written, mut added) = (0, 0);
        for night in 0..1000 {
            let size = 40_000 + night % 7 * 9_000;
            sizes.push(size);
            added += size;
            if let Some(range) = runs_to_merge(&sizes) {
                let merged: u64 = sizes.drain(range).sum();
                written += merged;
                sizes.push(merged);
            }
            assert!(sizes.len() <= 1 + 31 * 3, "{sizes:?}");
            assert_eq!(sizes[0], 1 << 30);
            // A year's merges take no more room than what was merged.
            assert!(night > 365 || written <= added, "{written} of {added}");
        }
        assert!(written < 2 * added, "{written} of {added}");
    }
}
