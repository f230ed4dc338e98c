//! Reading a run at offsets: pages of the index and blocks are read and decrypted as rows are asked for; root page and
//! dictionaries are kept.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::segments::{SealedFault, SealedFile, Segment};
use super::{RUN_SEGMENTS, RunError, key_context, run_aad};
use crate::format::blockfile::{
    BlockFault, BlockRows, Dictionaries, FOOTER_BYTES, Footer, Group, Place, Plaintext, Root, Table, Unpacker,
};
use crate::format::manifest::{Hash32, RunName, RunRef};
use crate::format::rowcode::RowFault;
use crate::ports::Disk;
use crate::seal::floe::{FloeKey, HEADER_LEN, Opener};
use crate::seal::secret::SiteKey;
use crate::seal::wrap::{Purpose, unwrap_key};
use crate::store::paths::run_file;

/// Whether bodies are read with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    /// Keys and small parts only; every body is empty.
    Skip,
    /// Whole rows.
    Read,
}

/// Takes key, small part and body of a row; what it refuses is reported with the row's place.
pub type Visitor<'a> = &'a mut dyn FnMut(&[u8], &[u8], &[u8]) -> Result<(), RowFault>;

/// An open run. It may be read from several threads.
pub struct RunReader {
    table: Table,
    name: RunName,
    pub(super) sealed: SealedFile,
    row_count: u64,
    /// Read when the first row is asked for: most commands ask few tables.
    top: OnceLock<Top>,
}

/// What is kept of a run that is read.
struct Top {
    root: Root,
    dictionaries: Dictionaries,
}

/// Blocks are read through one of these: pages, key and body groups lie apart, each with its own segment.
struct Window<'a> {
    pages: Segment,
    keys: Segment,
    bodies: Segment,
    unpacker: Option<Unpacker<'a>>,
    place: Place,
}

impl Window<'_> {
    fn new() -> Self {
        Self {
            pages: Segment::default(),
            keys: Segment::default(),
            bodies: Segment::default(),
            unpacker: None,
            place: Place::default(),
        }
    }
}

/// The plaintext of a run as its index asks for it.
struct Pages<'a> {
    run: &'a RunReader,
    segment: &'a mut Segment,
}

impl Plaintext for Pages<'_> {
    type Error = RunError;

    fn bytes(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, RunError> {
        self.run.plain(self.segment, offset, len)
    }

    fn fault(&self, fault: BlockFault) -> RunError {
        RunError::block(&self.run.name)(fault)
    }
}

impl RunReader {
    /// Opens a run in `folder`: tests its length and header.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn open(disk: &dyn Disk, folder: &Path, run: &RunRef, site: &SiteKey) -> Result<Self, RunError> {
        let name = &run.name;
        let key =
            unwrap_key(site, Purpose::Run, &key_context(name), &run.wrapped_key.0).map_err(|source| RunError::Key {
                run: name.as_str().to_owned(),
                source,
            })?;
        let file = disk
            .open(&folder.join(run_file(name)))
            .map_err(RunError::disk(name, "open"))?;
        let got = file.facts().map_err(RunError::disk(name, "open"))?.len_bytes;
        if got != run.len_bytes {
            return Err(RunError::Length {
                run: name.as_str().to_owned(),
                want: run.len_bytes,
                got,
            });
        }
        let seal = RunError::seal(name);
        let content = RUN_SEGMENTS.content_of(run.len_bytes).map_err(&seal)?;
        let mut header = [0; HEADER_LEN];
        file.read_exact_at(&mut header, 0)
            .map_err(RunError::disk(name, "read"))?;
        let aad = run_aad(run.table, name);
        let opener = Opener::new(&FloeKey::new(*key), RUN_SEGMENTS, &aad, &header).map_err(&seal)?;
        Ok(Self {
            table: run.table,
            name: name.clone(),
            sealed: SealedFile {
                file,
                opener,
                content,
                len_bytes: run.len_bytes,
            },
            row_count: run.rows,
            top: OnceLock::new(),
        })
    }

    /// Footer, root page and dictionaries; read and tested at the first call.
    fn top(&self) -> Result<&Top, RunError> {
        if let Some(top) = self.top.get() {
            return Ok(top);
        }
        let top = self.read_top()?;
        Ok(self.top.get_or_init(|| top))
    }

    fn read_top(&self) -> Result<Top, RunError> {
        let block = RunError::block(&self.name);
        let end = self.sealed.content.plaintext_len;
        let mut segment = Segment::default();
        let footer_at = end.saturating_sub(FOOTER_BYTES as u64);
        let bytes = self.plain(&mut segment, footer_at, end - footer_at)?;
        let bytes = bytes.first_chunk().ok_or_else(|| block(BlockFault::Footer))?;
        let footer = Footer::read(self.table, bytes, end).map_err(&block)?;
        if footer.row_count != self.row_count {
            return Err(RunError::RowCount {
                run: self.name.as_str().to_owned(),
                want: self.row_count,
                got: footer.row_count,
            });
        }
        let mut pages = Pages {
            run: self,
            segment: &mut segment,
        };
        let root = Root::read(footer, end, &mut pages)?;
        let keys_len = u64::from(footer.key_dictionary_bytes);
        let keys = self.plain(&mut segment, 0, keys_len)?;
        let bodies = self.plain(&mut segment, keys_len, footer.body_dictionary_bytes.into())?;
        let dictionaries = Dictionaries::read(&keys, &bodies).map_err(&block)?;
        Ok(Top { root, dictionaries })
    }

    /// Reads every page of the index and tests that they agree with each other and with the footer.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn test_index(&self) -> Result<(), RunError> {
        let mut segment = Segment::default();
        let mut pages = Pages {
            run: self,
            segment: &mut segment,
        };
        self.top()?.root.test_all(&mut pages)
    }

    /// First keys of the stripes, in order: a stripe has some thousand rows.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn stripe_keys(&self) -> Result<Vec<Box<[u8]>>, RunError> {
        let mut segment = Segment::default();
        let mut pages = Pages {
            run: self,
            segment: &mut segment,
        };
        self.top()?.root.stripe_keys(&mut pages)
    }

    /// Number of rows, as the manifest has it.
    pub fn row_count(&self) -> u64 {
        self.row_count
    }

    /// The run's name.
    pub fn name(&self) -> &RunName {
        &self.name
    }

    /// A range of the plaintext.
    fn plain(&self, segment: &mut Segment, offset: u64, len: u64) -> Result<Vec<u8>, RunError> {
        self.sealed
            .plain(segment, offset, len)
            .map_err(|fault| self.sealed_error(fault))
    }

    fn sealed_error(&self, fault: SealedFault) -> RunError {
        match fault {
            SealedFault::Disk(source) => RunError::disk(&self.name, "read")(source),
            SealedFault::Seal(source) => RunError::seal(&self.name)(source),
        }
    }

    fn go<'a>(
        &'a self,
        window: &mut Window<'a>,
        go: impl FnOnce(&mut Place, &Root, &mut Pages<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let top = self.top()?;
        let mut pages = Pages {
            run: self,
            segment: &mut window.pages,
        };
        go(&mut window.place, &top.root, &mut pages)
    }

    /// The block that the window is at, which its place has named.
    fn block<'a>(&'a self, window: &mut Window<'a>, bodies: Bodies) -> Result<Option<BlockRows>, RunError> {
        let top = self.top()?;
        let Some((number, entry)) = window.place.block(&top.root) else {
            return Ok(None);
        };
        let group =
            |segment: &mut Segment, group: Group| self.plain(segment, group.offset, u64::from(group.stored_bytes));
        let keys = group(&mut window.keys, entry.keys)?;
        let bodies = match bodies {
            Bodies::Skip => None,
            Bodies::Read => Some(group(&mut window.bodies, entry.bodies)?),
        };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let unpacker = window.unpacker.get_or_insert_with(|| Unpacker::new(&top.dictionaries));
        let rows = BlockRows::read(unpacker, number, &entry, &keys, bodies.as_deref());
        rows.map(Some).map_err(RunError::block(&self.name))
    }

    /// Calls `each` with key, small part and body of every row within one of the ranges (both ends included). The ranges
    /// are sorted and do not overlap; only blocks that may hold such a row are read.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn visit<K: AsRef<[u8]>>(&self, ranges: &[(K, K)], bodies: Bodies, each: Visitor<'_>) -> Result<(), RunError> {
        let mut window = Window::new();
        let mut loaded: Option<(usize, BlockRows)> = None;
        for (low, high) in ranges {
            let (low, high) = (low.as_ref(), high.as_ref());
            self.go(&mut window, |place, root, pages| place.seek(root, low, pages))?;
            loop {
                let root = &self.top()?.root;
                let Some((at, entry)) = window.place.block(root).filter(|(_, entry)| entry.first_key <= high) else {
                    break;
                };
                let ends_here = entry.last_key >= high;
                let rows = match loaded.take() {
                    Some((had, rows)) if had == at => rows,
                    Some(_) | None => match self.block(&mut window, bodies)? {
                        Some(rows) => rows,
                        None => break,
                    },
                };
                let mut row = rows.first_not_below(low);
                while row < rows.len() && rows.key(row) <= high {
                    each(rows.key(row), rows.small(row), rows.body(row)).map_err(|f| self.row_error(at, row, f))?;
                    row += 1;
                }
                loaded = Some((at, rows));
                // The next range may want a page that a further step would leave.
                if ends_here {
                    break;
                }
                self.go(&mut window, |place, root, pages| place.step(root, pages))?;
            }
        }
        Ok(())
    }

    /// Walks all rows in the order of their keys.
    pub fn cursor(&self, bodies: Bodies) -> RunCursor<'_> {
        self.cursor_within(bodies, &KeySpan::default())
    }

    /// Walks the rows of a span in the order of their keys; blocks that have none of them are not read.
    pub fn cursor_within(&self, bodies: Bodies, span: &KeySpan) -> RunCursor<'_> {
        RunCursor {
            run: self,
            bodies,
            span: span.clone(),
            has_begun: false,
            window: Window::new(),
            number: 0,
            block: None,
            row: 0,
        }
    }

    /// SHA-256 of the whole file.
    ///
    /// # Errors
    /// [`RunError::Disk`].
    pub fn file_hash(&self) -> Result<Hash32, RunError> {
        self.sealed.file_hash().map_err(RunError::disk(&self.name, "read"))
    }

    /// Opens every segment: every byte of the file is authentic. What its rows say is another question.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn check_segments(&self) -> Result<(), RunError> {
        self.sealed.test_all().map_err(|fault| self.sealed_error(fault))
    }

    pub(super) fn row_error(&self, block: usize, row: usize, source: RowFault) -> RunError {
        RunError::Row {
            run: self.name.as_str().to_owned(),
            block: u32::try_from(block).unwrap_or(u32::MAX),
            row: u32::try_from(row).unwrap_or(u32::MAX),
            source,
        }
    }
}

/// Keys from one on and up to another; all keys where neither is given. No `Debug`: personal data.
#[derive(Clone, Default)]
pub struct KeySpan {
    /// The least key, included.
    pub from: Option<Arc<[u8]>>,
    /// The key behind the span, not included.
    pub until: Option<Arc<[u8]>>,
}

/// A place in a run.
pub struct RunCursor<'a> {
    run: &'a RunReader,
    bodies: Bodies,
    span: KeySpan,
    has_begun: bool,
    window: Window<'a>,
    number: usize,
    block: Option<Arc<BlockRows>>,
    row: usize,
}

impl<'a> RunCursor<'a> {
    /// Moves to the next row, the first one at the first call; false behind the last row.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn advance(&mut self) -> Result<bool, RunError> {
        match &self.block {
            Some(block) if self.row + 1 < block.len() => self.row += 1,
            Some(_) | None => {
                if !self.next_block()? {
                    return Ok(false);
                }
            }
        }
        let is_behind = |until: &Arc<[u8]>| self.key() >= &**until;
        if self.span.until.as_ref().is_some_and(is_behind) {
            self.block = None;
            return Ok(false);
        }
        Ok(true)
    }

    fn next_block(&mut self) -> Result<bool, RunError> {
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        if has_begun && self.block.take().is_none() {
            return Ok(false);
        }
        self.row = 0;
        let from = self.span.from.take();
        self.run
            .go(&mut self.window, |place, root, pages| match (has_begun, &from) {
                (true, _) => place.step(root, pages),
                (false, Some(from)) => place.seek(root, from, pages),
                (false, None) => place.begin(root, pages),
            })?;
        let Some((number, entry)) = self.window.place.block(&self.run.top()?.root) else {
            return Ok(false);
        };
        let is_behind = |until: &Arc<[u8]>| entry.first_key >= &**until;
        if self.span.until.as_ref().is_some_and(is_behind) {
            return Ok(false);
        }
        self.number = number;
        let Some(rows) = self.run.block(&mut self.window, self.bodies)? else {
            return Ok(false);
        };
        if let Some(from) = from {
            // Within its block by the search above.
            self.row = rows.first_not_below(&from);
        }
        self.block = Some(Arc::new(rows));
        Ok(true)
    }

    /// Key of the row; empty where there is none.
    pub fn key(&self) -> &[u8] {
        self.block.as_ref().map_or(&[], |block| block.key(self.row))
    }

    /// The block and the row within it.
    pub(super) fn place(&self) -> Option<(&Arc<BlockRows>, usize)> {
        self.block.as_ref().map(|block| (block, self.row))
    }

    /// The run, and the number of the block that is being read.
    pub(super) fn origin(&self) -> (&'a RunReader, usize) {
        (self.run, self.number)
    }
}
