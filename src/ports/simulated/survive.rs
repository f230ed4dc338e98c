//! What a power loss leaves: for each file some of the bytes that were not synced, for each folder some of the entries.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::draw::Draw;
use super::model::{Dirty, Entry, File, Inode, Model, Number, Pending, ROOT};

/// Which of the changes that were not made durable survive a power loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Survival {
    /// None of them.
    Lost,
    /// All of them. For what a process that was killed leaves, this is the truth.
    Kept,
    /// Each by the toss of a coin; of a write all, none or the first bytes.
    Partly,
    /// Those after some moment, while those before it do not.
    Reordered,
    /// All entries, but of each write only some of its blocks of this many bytes; what is missing reads as zeros or as
    /// anything, and the file may end early.
    Torn(u32),
}

/// The five modes, torn writes at the sizes of a sector and of a page.
pub const SURVIVALS: [Survival; 6] = [
    Survival::Lost,
    Survival::Kept,
    Survival::Partly,
    Survival::Reordered,
    Survival::Torn(512),
    Survival::Torn(4096),
];

impl Model {
    /// The disk after a power loss now. Everything on it is durable.
    pub(super) fn survivor(&self, survival: Survival, seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let first = self.first_survivor(survival, &mut draw);
        let mut after = self.clone();
        for pending in self.surviving_entries(survival, first, &mut draw) {
            after.set_durable(&pending);
        }
        after.pending.clear();
        let mut inodes = BTreeMap::new();
        after.survive(ROOT, survival, first, &mut draw, &mut inodes);
        after.inodes = inodes;
        after
    }

    /// The change from which on everything survives where the order is not kept: never the oldest one, so that something
    /// is lost.
    fn first_survivor(&self, survival: Survival, draw: &mut Draw) -> u64 {
        if survival != Survival::Reordered {
            return 0;
        }
        let mut orders: Vec<u64> = self.pending.iter().map(|pending| pending.order).collect();
        for inode in self.inodes.values() {
            if let Inode::File(file) = inode {
                orders.extend(file.dirty.iter().map(|dirty| dirty.order));
            }
        }
        orders.sort_unstable();
        orders.dedup();
        let at = draw.below(orders.len().saturating_sub(1)).saturating_add(1);
        orders.get(at).copied().unwrap_or(u64::MAX)
    }

    /// Changed entries that survive, in order. Those of one operation in one folder survive together; a name that a
    /// rename took away survives only with the new one.
    fn surviving_entries(&self, survival: Survival, first: u64, draw: &mut Draw) -> Vec<Entry> {
        let mut groups: BTreeMap<u64, Vec<&Pending>> = BTreeMap::new();
        for pending in &self.pending {
            groups.entry(pending.order).or_default().push(pending);
        }
        let mut surviving = Vec::new();
        for (order, group) in groups {
            let one_folder = group
                .first()
                .is_none_or(|head| group.iter().all(|pending| pending.entry.folder == head.entry.folder));
            let (all, old_name_too) = match survival {
                Survival::Lost => (false, false),
                Survival::Kept | Survival::Torn(_) => (true, true),
                Survival::Partly => (draw.coin(), draw.coin()),
                Survival::Reordered => (order >= first, true),
            };
            if all {
                let kept = group
                    .iter()
                    .filter(|pending| one_folder || old_name_too || pending.entry.to.is_some());
                surviving.extend(kept.map(|pending| pending.entry.clone()));
            }
        }
        surviving
    }

    /// Takes over what can be reached from the root by durable entries, with the bytes that survive.
    fn survive(
        &self,
        number: Number,
        survival: Survival,
        first: u64,
        draw: &mut Draw,
        into: &mut BTreeMap<Number, Inode>,
    ) {
        match (self.inodes.get(&number), into.get_mut(&number)) {
            (Some(Inode::File(_)), Some(Inode::File(known))) => known.links += 1,
            (Some(Inode::File(file)), None) => {
                let bytes = surviving_bytes(file, survival, first, draw);
                let file = File {
                    live: Arc::clone(&bytes),
                    durable: bytes,
                    dirty: Vec::new(),
                    dropped: Vec::new(),
                    modified: file.modified,
                    links: 1,
                };
                into.insert(number, Inode::File(file));
            }
            (Some(Inode::Folder(folder)), None) => {
                let mut settled = folder.clone();
                settled.live.clone_from(&folder.durable);
                into.insert(number, Inode::Folder(settled));
                for inside in folder.durable.values() {
                    self.survive(*inside, survival, first, draw, into);
                }
            }
            (Some(_), Some(_)) | (None, _) => {}
        }
    }
}

fn surviving_bytes(file: &File, survival: Survival, first: u64, draw: &mut Draw) -> Arc<Vec<u8>> {
    if file.dirty.is_empty() {
        return Arc::clone(&file.durable);
    }
    let reachable = file.reachable();
    let mut bytes = file.durable.as_ref().clone();
    // The first bytes of a write, as they were written: of two writes to one place the older one may be all that survives.
    let mut keep = |dirty: &Dirty, len: usize| {
        if let Some(part) = dirty.bytes.get(..len).filter(|part| !part.is_empty()) {
            let to = dirty.range.start.saturating_add(part.len());
            if bytes.len() < to {
                bytes.resize(to, 0);
            }
            if let Some(place) = bytes.get_mut(dirty.range.start..to) {
                place.copy_from_slice(part);
            }
        }
    };
    match survival {
        Survival::Lost => {}
        Survival::Kept => return reachable,
        Survival::Partly => {
            for dirty in &file.dirty {
                let len = dirty.bytes.len();
                match draw.below(3) {
                    0 => {}
                    1 => keep(dirty, len),
                    _ => keep(dirty, draw.below(len)),
                }
            }
        }
        Survival::Reordered => {
            for dirty in file.dirty.iter().filter(|dirty| dirty.order >= first) {
                keep(dirty, dirty.bytes.len());
            }
        }
        Survival::Torn(block) => return Arc::new(torn(file, &reachable, block, draw)),
    }
    Arc::new(bytes)
}

/// Blocks of the unsynced part by coin, at least one of them not as written.
fn torn(file: &File, reachable: &[u8], block: u32, draw: &mut Draw) -> Vec<u8> {
    let block = usize::try_from(block).unwrap_or(usize::MAX).max(1);
    let from = file.durable.len();
    let mut bytes = reachable.to_vec();
    let blocks: Vec<usize> = (from / block..bytes.len().div_ceil(block)).collect();
    let certain = draw.below(blocks.len());
    let garbage = draw.coin();
    for (at, number) in blocks.iter().enumerate() {
        if at != certain && draw.coin() {
            continue;
        }
        let start = number.saturating_mul(block).max(from);
        let end = number.saturating_add(1).saturating_mul(block).min(bytes.len());
        for byte in bytes.get_mut(start..end).unwrap_or_default() {
            *byte = if garbage { draw.byte() } else { 0 };
        }
    }
    if draw.coin() {
        // The new length did not reach the medium whole.
        let cut = blocks.get(certain).copied().unwrap_or_default().saturating_mul(block);
        bytes.truncate(cut.max(from));
    }
    bytes
}
