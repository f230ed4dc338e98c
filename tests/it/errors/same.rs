//! What every pass over the same files must leave, however often the disk failed before.

use std::collections::{BTreeMap, BTreeSet};

use sekisho::ports::Disk;
use sekisho::seal::keys::PartySecrets;

use crate::desk::files::{self, AKITA, NATIONAL, NOSHIRO};
use crate::desk::memory::{Small, look, state};
use crate::desk::state::State;
use crate::faulty::exported;

/// What a pass over `faulty::busy` must leave, whatever happened before it.
pub(crate) struct Same {
    state: State,
    rows: Vec<u8>,
    parties: BTreeMap<&'static str, PartySecrets>,
}

impl Same {
    pub(crate) fn of(disk: &dyn Disk, small: &Small) -> Self {
        let secrets = [NATIONAL, AKITA, NOSHIRO];
        let parties = (1..)
            .zip(secrets)
            .map(|(seed, owner)| (owner, files::secrets(owner, seed)));
        Self {
            state: state(disk, &small.parties),
            rows: look(disk, exported),
            parties: parties.collect(),
        }
    }

    pub(crate) fn assert_same(&self, disk: &dyn Disk, what: &str) {
        state(disk, &self.parties).assert_same(&self.state, what);
        assert_eq!(look(disk, exported), self.rows, "{what}: rows");
    }

    /// The same register.
    pub(crate) fn assert_same_rows(&self, disk: &dyn Disk, what: &str) {
        assert_eq!(look(disk, exported), self.rows, "{what}: rows");
    }

    /// The same where a file may have come through one pass later: another generation, the same register.
    pub(crate) fn assert_same_register(&self, disk: &dyn Disk, what: &str) {
        let after = state(disk, &self.parties);
        assert_eq!(look(disk, exported), self.rows, "{what}: rows");
        let sorted = |held: &[String]| held.iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!(sorted(&after.held), sorted(&self.state.held), "{what}");
        assert_eq!(after.inbox, self.state.inbox, "{what}");
        assert_eq!(
            (&after.archive, &after.spool),
            (&self.state.archive, &self.state.spool),
            "{what}"
        );
    }
}
