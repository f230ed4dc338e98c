//! The rows of one block, decompressed (`docs/formats/run.md`, "Groups").

use zstd::bulk::Decompressor;
use zstd::dict::DecoderDictionary;

use super::{BlockEntry, BlockFault, Group};

/// What a run's dictionaries are for reading: one for key groups, one for body groups, where it has them.
#[derive(Default)]
pub struct Dictionaries {
    keys: Option<DecoderDictionary<'static>>,
    bodies: Option<DecoderDictionary<'static>>,
}

impl Dictionaries {
    /// From the bytes in the run; empty for none.
    ///
    /// # Errors
    /// [`BlockFault::Dictionary`].
    pub fn read(keys: &[u8], bodies: &[u8]) -> Result<Self, BlockFault> {
        let prepared = |bytes: &[u8]| {
            let made = (!bytes.is_empty()).then(|| DecoderDictionary::try_copy(bytes));
            made.transpose().map_err(|_| BlockFault::Dictionary)
        };
        Ok(Self {
            keys: prepared(keys)?,
            bodies: prepared(bodies)?,
        })
    }
}

/// Decompresses the groups of one run, one after the other.
pub struct Unpacker<'d> {
    dictionaries: &'d Dictionaries,
    keys: Option<Decompressor<'d>>,
    bodies: Option<Decompressor<'d>>,
}

impl<'d> Unpacker<'d> {
    /// With the dictionaries of the run.
    pub fn new(dictionaries: &'d Dictionaries) -> Self {
        Self {
            dictionaries,
            keys: None,
            bodies: None,
        }
    }

    fn keys(&mut self, group: Group, stored: &[u8]) -> Option<Vec<u8>> {
        unpack(&mut self.keys, self.dictionaries.keys.as_ref(), group, stored)
    }

    fn bodies(&mut self, group: Group, stored: &[u8]) -> Option<Vec<u8>> {
        unpack(&mut self.bodies, self.dictionaries.bodies.as_ref(), group, stored)
    }
}

/// Where the parts of a row lie in the raw groups.
#[derive(Clone, Copy, Default)]
struct Place {
    key_at: usize,
    small_at: usize,
    small_end: usize,
    body_at: usize,
    body_end: usize,
}

/// Rows of a block: keys and small parts, and the bodies where they were asked for. No `Debug`: personal data.
pub struct BlockRows {
    key_bytes: usize,
    keys: Vec<u8>,
    bodies: Vec<u8>,
    places: Vec<Place>,
}

impl BlockRows {
    /// Decompresses and cuts a block. `body_group` is `None` where only the key group was read; all bodies are empty then.
    ///
    /// # Errors
    /// [`BlockFault::Compression`], [`BlockFault::Rows`], [`BlockFault::Order`].
    pub fn read(
        unpacker: &mut Unpacker<'_>,
        block: u32,
        entry: &BlockEntry<'_>,
        key_group: &[u8],
        body_group: Option<&[u8]>,
    ) -> Result<Self, BlockFault> {
        let compression = BlockFault::Compression { block };
        let keys = unpacker.keys(entry.keys, key_group).ok_or(compression)?;
        let bodies = match body_group {
            Some(group) if entry.bodies.stored_bytes > 0 => unpacker.bodies(entry.bodies, group).ok_or(compression)?,
            Some(_) | None => Vec::new(),
        };
        let mut rows = Self {
            key_bytes: entry.first_key.len(),
            keys,
            bodies,
            places: Vec::with_capacity(entry.row_count as usize),
        };
        let contradiction = BlockFault::Rows { block };
        rows.cut_keys(entry.row_count).ok_or(contradiction)?;
        if !rows.bodies.is_empty() {
            rows.cut_bodies().ok_or(contradiction)?;
        }
        let ends_fit = rows.key(0) == entry.first_key && rows.key(rows.len().saturating_sub(1)) == entry.last_key;
        for row in 1..rows.len() {
            if rows.key(row - 1) >= rows.key(row) {
                return Err(BlockFault::Order { row: row as u64 });
            }
        }
        if ends_fit { Ok(rows) } else { Err(contradiction) }
    }

    fn cut_keys(&mut self, row_count: u32) -> Option<()> {
        let mut at = 0_usize;
        for _ in 0..row_count {
            let len_at = at.checked_add(self.key_bytes)?;
            let (small_at, small_end) = behind_length(&self.keys, len_at)?;
            self.places.push(Place {
                key_at: at,
                small_at,
                small_end,
                ..Place::default()
            });
            at = small_end;
        }
        (at == self.keys.len()).then_some(())
    }

    fn cut_bodies(&mut self) -> Option<()> {
        let mut at = 0;
        for place in &mut self.places {
            (place.body_at, place.body_end) = behind_length(&self.bodies, at)?;
            at = place.body_end;
        }
        (at == self.bodies.len()).then_some(())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// True where there is no row.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn place(&self, row: usize) -> Place {
        self.places.get(row).copied().unwrap_or_default()
    }

    /// Key of a row, 0-based; empty behind the last row.
    pub fn key(&self, row: usize) -> &[u8] {
        let place = self.place(row);
        let end = if row < self.places.len() {
            place.key_at + self.key_bytes
        } else {
            place.key_at
        };
        self.keys.get(place.key_at..end).unwrap_or_default()
    }

    /// Small part of a row.
    pub fn small(&self, row: usize) -> &[u8] {
        let place = self.place(row);
        self.keys.get(place.small_at..place.small_end).unwrap_or_default()
    }

    /// Body of a row; empty where bodies were not read.
    pub fn body(&self, row: usize) -> &[u8] {
        let place = self.place(row);
        self.bodies.get(place.body_at..place.body_end).unwrap_or_default()
    }

    /// The row with this key.
    pub fn find(&self, key: &[u8]) -> Option<usize> {
        let at = self.first_not_below(key);
        (at < self.len() && self.key(at) == key).then_some(at)
    }

    /// The first row whose key is not below `key`; the number of rows where there is none.
    pub fn first_not_below(&self, key: &[u8]) -> usize {
        self.places.partition_point(|place| {
            self.keys
                .get(place.key_at..place.key_at + self.key_bytes)
                .unwrap_or_default()
                < key
        })
    }
}

fn unpack<'d>(
    zstd: &mut Option<Decompressor<'d>>,
    dictionary: Option<&'d DecoderDictionary<'static>>,
    group: Group,
    stored: &[u8],
) -> Option<Vec<u8>> {
    let mut ready = match (zstd.take(), dictionary) {
        (Some(ready), _) => ready,
        (None, Some(dictionary)) => Decompressor::with_prepared_dictionary(dictionary).ok()?,
        (None, None) => Decompressor::new().ok()?,
    };
    let raw_bytes = usize::try_from(group.raw_bytes).ok()?;
    let raw = ready.decompress(stored, raw_bytes);
    *zstd = Some(ready);
    raw.ok().filter(|raw| raw.len() == raw_bytes)
}

/// Start and end of what stands behind the 32-bit length at `at`.
fn behind_length(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let len: [u8; 4] = *bytes.get(at..)?.first_chunk()?;
    let start = at + 4;
    let end = start.checked_add(usize::try_from(u32::from_be_bytes(len)).ok()?)?;
    (end <= bytes.len()).then_some((start, end))
}
