//! A place in a run, found through the pages of its index (`docs/formats/run.md`, "Index").

use super::{BlockEntry, BlockFault, Footer, Page, PagePlace};

/// Where the bytes of a run come from.
pub trait Plaintext {
    /// Why they do not come.
    type Error;

    /// The bytes of a range.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn bytes(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, Self::Error>;

    /// Adds the run to a fault.
    fn fault(&self, fault: BlockFault) -> Self::Error;
}

/// A plaintext that lies in memory as a whole.
#[derive(Clone, Copy)]
pub struct Whole<'a>(pub &'a [u8]);

impl std::fmt::Debug for Whole<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a run of {} bytes", self.0.len())
    }
}

impl Plaintext for Whole<'_> {
    type Error = BlockFault;

    fn bytes(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, BlockFault> {
        let start = usize::try_from(offset).map_err(|_| BlockFault::IndexLength)?;
        let len = usize::try_from(len).map_err(|_| BlockFault::IndexLength)?;
        let part = start.checked_add(len).and_then(|end| self.0.get(start..end));
        part.map(<[u8]>::to_vec).ok_or(BlockFault::IndexLength)
    }

    fn fault(&self, fault: BlockFault) -> BlockFault {
        fault
    }
}

/// Footer and root page: what is kept of an open run.
pub struct Root {
    /// The footer.
    pub footer: Footer,
    /// Where footer and pages of the upper levels may begin at the earliest: all that is listed ends there.
    limit: u64,
    page: Option<Page>,
}

impl Root {
    /// Reads the root page that a footer names, of a plaintext of `plaintext_bytes`.
    ///
    /// # Errors
    /// Those of the plaintext and of [`Page::read`].
    pub fn read<P: Plaintext>(footer: Footer, plaintext_bytes: u64, from: &mut P) -> Result<Self, P::Error> {
        let limit = plaintext_bytes.saturating_sub(super::FOOTER_BYTES as u64);
        let page = match footer.levels.checked_sub(1) {
            None => None,
            Some(level) => {
                let place = PagePlace {
                    level,
                    first_block: 0,
                    offset: footer.root_offset,
                    rows: footer.root_rows,
                };
                let bytes = from.bytes(place.offset, place.bytes(footer.table))?;
                Some(Page::read(footer.table, place, None, bytes, limit).map_err(|fault| from.fault(fault))?)
            }
        };
        Ok(Self { footer, limit, page })
    }

    fn child<P: Plaintext>(&self, parent: &Page, row: usize, from: &mut P) -> Result<Page, P::Error> {
        let named = parent.child(row).zip(parent.keys(row));
        let (place, bounds) = named.ok_or_else(|| from.fault(BlockFault::IndexLength))?;
        let bytes = from.bytes(place.offset, place.bytes(self.footer.table))?;
        Page::read(self.footer.table, place, Some(bounds), bytes, self.limit).map_err(|fault| from.fault(fault))
    }

    /// First keys of the stripes, in order: one of some thousand rows each.
    ///
    /// # Errors
    /// Those of the plaintext and of [`Page::read`].
    pub fn stripe_keys<P: Plaintext>(&self, from: &mut P) -> Result<Vec<Box<[u8]>>, P::Error> {
        let mut keys = Vec::new();
        if let Some(page) = &self.page {
            self.gather(page, from, &mut keys)?;
        }
        Ok(keys)
    }

    fn gather<P: Plaintext>(&self, page: &Page, from: &mut P, keys: &mut Vec<Box<[u8]>>) -> Result<(), P::Error> {
        let rows = if page.place().level == 0 { 1 } else { page.len() };
        for row in 0..rows {
            if page.place().level <= 1 {
                keys.extend(page.keys(row).map(|(first, _)| first.into()));
            } else {
                self.gather(&self.child(page, row, from)?, from, keys)?;
            }
        }
        Ok(())
    }

    /// Reads every page and tests what no single one tells: every byte belongs to exactly one page, group or dictionary, and
    /// blocks and rows add up to those of the footer.
    ///
    /// # Errors
    /// Those of the plaintext and of [`Page::read`]; [`BlockFault::IndexLength`], [`BlockFault::IndexRow`].
    pub fn test_all<P: Plaintext>(&self, from: &mut P) -> Result<(), P::Error> {
        let mut sums = Sums {
            levels: vec![None; usize::from(self.footer.levels)],
            blocks: 0,
            rows: 0,
        };
        let Some(page) = &self.page else {
            return Ok(());
        };
        self.add_up(page, from, &mut sums)?;
        let mut begins = self.footer.dictionaries_end();
        for level in &sums.levels {
            if level.is_none_or(|(start, _)| start != begins) {
                return Err(from.fault(BlockFault::IndexLength));
            }
            begins = level.map_or(begins, |(_, end)| end);
        }
        let adds_up = sums.blocks == self.footer.block_count && sums.rows == self.footer.row_count;
        if adds_up && begins == self.limit {
            Ok(())
        } else {
            Err(from.fault(BlockFault::IndexLength))
        }
    }

    fn add_up<P: Plaintext>(&self, page: &Page, from: &mut P, sums: &mut Sums) -> Result<(), P::Error> {
        let place = page.place();
        let bad = BlockFault::IndexRow {
            block: place.first_block,
        };
        let Some(level) = sums.levels.get_mut(usize::from(place.level)) else {
            return Err(from.fault(bad));
        };
        let start = level.map_or(place.offset, |(start, _)| start);
        if level.is_some_and(|(_, end)| end != place.offset) || sums.blocks != place.first_block {
            return Err(from.fault(bad));
        }
        *level = Some((start, page.end()));
        for row in 0..page.len() {
            if let Some(block) = page.block(row) {
                sums.blocks = sums.blocks.saturating_add(1);
                sums.rows = sums.rows.saturating_add(block.row_count.into());
            } else {
                self.add_up(&self.child(page, row, from)?, from, sums)?;
            }
        }
        Ok(())
    }
}

/// What the pages of a run were found to hold so far.
struct Sums {
    /// Start and end of what each level covers, the leaves with their stripes first.
    levels: Vec<Option<(u64, u64)>>,
    blocks: u32,
    rows: u64,
}

/// A block of a run, found by key or one after the other. It keeps the pages on the way, so that the next block nearby
/// costs no further reading.
#[derive(Default)]
pub struct Place {
    /// Row of the root page; the number of its rows behind the last block.
    at: usize,
    /// The pages below the root, and the row of each.
    below: Vec<(Page, usize)>,
}

impl Place {
    /// Goes to the first block that ends at or behind `key`; behind the last block where there is none.
    ///
    /// # Errors
    /// Those of the plaintext and of [`Page::read`].
    pub fn seek<P: Plaintext>(&mut self, root: &Root, key: &[u8], from: &mut P) -> Result<(), P::Error> {
        self.at = root.page.as_ref().map_or(0, |page| page.first_reaching(key));
        self.descend(root, 0, |page| page.first_reaching(key), from)
    }

    /// Goes to the first block.
    ///
    /// # Errors
    /// As [`Place::seek`].
    pub fn begin<P: Plaintext>(&mut self, root: &Root, from: &mut P) -> Result<(), P::Error> {
        self.at = 0;
        self.descend(root, 0, |_| 0, from)
    }

    /// Goes to the next block.
    ///
    /// # Errors
    /// As [`Place::seek`].
    pub fn step<P: Plaintext>(&mut self, root: &Root, from: &mut P) -> Result<(), P::Error> {
        for depth in (0..self.below.len()).rev() {
            if let Some((page, at)) = self.below.get_mut(depth) {
                *at += 1;
                if *at < page.len() {
                    return self.descend(root, depth + 1, |_| 0, from);
                }
            }
        }
        self.at += 1;
        self.descend(root, 0, |_| 0, from)
    }

    /// Goes down from the page of `depth` (0 is the root) to a leaf.
    fn descend<P: Plaintext>(
        &mut self,
        root: &Root,
        depth: usize,
        choose: impl Fn(&Page) -> usize,
        from: &mut P,
    ) -> Result<(), P::Error> {
        let levels = usize::from(root.footer.levels).saturating_sub(1);
        for depth in depth..levels {
            let (had, rest) = self.below.split_at_mut_checked(depth).unwrap_or_default();
            let parent = match had.last() {
                Some((page, at)) => Some((page, *at)),
                None => root.page.as_ref().map(|page| (page, self.at)),
            };
            let Some((parent, at)) = parent.filter(|(page, at)| *at < page.len()) else {
                return Ok(());
            };
            let offset = parent.child(at).map(|child| child.offset);
            match rest.first_mut() {
                Some((page, at)) if Some(page.place().offset) == offset => *at = choose(page),
                Some(_) | None => {
                    let page = root.child(parent, at, from)?;
                    let at = choose(&page);
                    self.below.truncate(depth);
                    self.below.push((page, at));
                }
            }
        }
        Ok(())
    }

    /// The block and its number; `None` behind the last one.
    pub fn block<'p>(&'p self, root: &'p Root) -> Option<(usize, BlockEntry<'p>)> {
        let top = root.page.as_ref()?;
        if self.at >= top.len() {
            return None;
        }
        let (page, at) = self.below.last().map_or((top, self.at), |(page, at)| (page, *at));
        let number = usize::try_from(page.place().first_block).ok()?.checked_add(at)?;
        Some((number, page.block(at)?))
    }
}
