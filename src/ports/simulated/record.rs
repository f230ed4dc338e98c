//! One run, written down: from it follows the disk after a power loss at every operation, without the run being repeated.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::model::{Change, Model};
use super::survive::Survival;
use super::{OperationKind, SimDisk};

/// An operation that changed the disk, or made a change durable.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) kind: OperationKind,
    pub(super) path: std::path::PathBuf,
    pub(super) changes: Vec<Change>,
}

/// Everything that changed since [`SimDisk::begin_record`].
#[derive(Debug, Clone)]
pub struct Record {
    pub(super) base: Model,
    pub(super) steps: Vec<Step>,
}

impl Record {
    /// Number of operations that changed the disk.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// True where nothing changed.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Kind and path of the operation with this number, from 1, as words: `rename /site/store/CURRENT`.
    pub fn name(&self, number: usize) -> String {
        match number.checked_sub(1).and_then(|at| self.steps.get(at)) {
            Some(step) => format!("{} {}", step.kind.as_str(), step.path.display()),
            None => "the start".to_owned(),
        }
    }

    /// Numbers of the operations that are syncs of a file or a folder.
    pub fn syncs(&self) -> Vec<usize> {
        let numbered = (1..).zip(&self.steps);
        numbered
            .filter(|(_, step)| step.kind.is_sync())
            .map(|(number, _)| number)
            .collect()
    }

    /// The moments of the run in order: before its first operation that changed something, after it, and so on.
    pub fn moments(&self) -> Moments<'_> {
        self.moments_without(&[])
    }

    /// The moments of a run in which these operations (numbers of syncs) said that they were done and did nothing.
    pub fn moments_without(&self, omitted: &[usize]) -> Moments<'_> {
        Moments {
            record: self,
            omitted: omitted.to_vec(),
            model: self.base.clone(),
            done: 0,
        }
    }
}

/// A cursor over the moments of a run.
#[derive(Debug, Clone)]
pub struct Moments<'r> {
    record: &'r Record,
    omitted: Vec<usize>,
    model: Model,
    done: usize,
}

impl Moments<'_> {
    /// Number of operations that are done at this moment.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Goes on to the moment at which so many operations are done, or to the end.
    #[must_use]
    pub fn at(mut self, done: usize) -> Self {
        while self.done < done && self.advance() {}
        self
    }

    /// Goes on by one operation; false at the end of the run.
    pub fn advance(&mut self) -> bool {
        let Some(step) = self.record.steps.get(self.done) else {
            return false;
        };
        self.done += 1;
        let omitted: &[Change] = &[];
        let skipped = self.omitted.contains(&self.done);
        self.model.apply(if skipped { omitted } else { &step.changes });
        true
    }

    /// The disk after the process was killed at this moment: the kernel has everything, durable is what was.
    pub fn killed(&self, seed: u64) -> SimDisk {
        SimDisk::of_model(self.model.clone(), seed)
    }

    /// The disk after a power loss at this moment.
    pub fn survivor(&self, survival: Survival, seed: u64) -> Survivor {
        Survivor(self.model.survivor(survival, seed))
    }
}

/// What a power loss left.
#[derive(Debug, Clone)]
pub struct Survivor(pub(super) Model);

impl Survivor {
    /// As [`SimDisk::digest`].
    pub fn digest(&self) -> u64 {
        digest_of(&self.0)
    }

    /// A disk on which the next run can be started. `seed` as for [`SimDisk::new`].
    pub fn disk(&self, seed: u64) -> SimDisk {
        SimDisk::of_model(self.0.clone(), seed)
    }
}

/// Names, links and bytes as they are seen.
pub(super) fn digest_of(model: &Model) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (path, file) in model.walk() {
        path.hash(&mut hasher);
        match file {
            Some(file) => {
                file.live.hash(&mut hasher);
                file.links.hash(&mut hasher);
            }
            None => hasher.write_u8(0),
        }
    }
    hasher.finish()
}
