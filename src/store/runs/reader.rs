//! Reading a run at offsets: segments are decrypted as blocks ask for them; the index is read at the first of them and kept.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};
use zstd::bulk::Decompressor;

use super::{RUN_SEGMENTS, RunError, key_context, run_aad};
use crate::format::blockfile::{BlockFault, BlockRows, FOOTER_BYTES, Footer, Group, Index, Table};
use crate::format::manifest::{Hash32, RunName, RunRef};
use crate::format::rowcode::RowFault;
use crate::ports::{Disk, ReadAt};
use crate::seal::floe::{Content, FloeFault, FloeKey, HEADER_LEN, Opener};
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
    file: Box<dyn ReadAt>,
    opener: Opener,
    content: Content,
    len_bytes: u64,
    row_count: u64,
    /// Read when the first row is asked for: most commands ask few tables.
    index: OnceLock<Index>,
}

/// The segment that was decrypted last: neighbouring blocks share segments.
#[derive(Default)]
struct Segment {
    index: Option<u64>,
    sealed: Vec<u8>,
    plain: Vec<u8>,
}

/// Blocks are read through one of these: key and body groups lie apart, each with its own segment.
#[derive(Default)]
struct Window {
    keys: Segment,
    bodies: Segment,
    zstd: Option<Decompressor<'static>>,
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
            file,
            opener,
            content,
            len_bytes: run.len_bytes,
            row_count: run.rows,
            index: OnceLock::new(),
        })
    }

    /// The index; read and tested at the first call.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn index(&self) -> Result<&Index, RunError> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let index = self.read_index(self.row_count)?;
        Ok(self.index.get_or_init(|| index))
    }

    fn read_index(&self, rows: u64) -> Result<Index, RunError> {
        let block = RunError::block(&self.name);
        let end = self.content.plaintext_len;
        let mut segment = Segment::default();
        let mut footer = [0; FOOTER_BYTES];
        let footer_at = end.saturating_sub(FOOTER_BYTES as u64);
        let bytes = self.read_plain(&mut segment, footer_at, end - footer_at)?;
        for (to, from) in footer.iter_mut().zip(&bytes) {
            *to = *from;
        }
        let footer = Footer::read(self.table, &footer, end).map_err(&block)?;
        if footer.row_count != rows {
            return Err(RunError::RowCount {
                run: self.name.as_str().to_owned(),
                want: rows,
                got: footer.row_count,
            });
        }
        let bytes = self.read_plain(&mut segment, footer.index_offset, footer.index_bytes())?;
        Index::read(&footer, bytes).map_err(&block)
    }

    /// Number of rows, as the manifest has it.
    pub fn row_count(&self) -> u64 {
        self.row_count
    }

    /// The run's name.
    pub fn name(&self) -> &RunName {
        &self.name
    }

    /// A range of the plaintext. The range is bounded by what the index was tested for.
    fn read_plain(&self, segment: &mut Segment, offset: u64, len: u64) -> Result<Vec<u8>, RunError> {
        let full = u64::from(RUN_SEGMENTS.plaintext_segment_len());
        let past_end = || RunError::seal(&self.name)(FloeFault::TotalLength { got: self.len_bytes });
        let end = offset.checked_add(len).filter(|end| *end <= self.content.plaintext_len);
        let end = end.ok_or_else(past_end)?;
        let mut out = Vec::with_capacity(usize::try_from(len).map_err(|_| past_end())?);
        let mut at = offset;
        while at < end {
            self.load(segment, at / full)?;
            let start = usize::try_from(at % full).unwrap_or(usize::MAX);
            let stop = usize::try_from((end - at / full * full).min(full)).unwrap_or(usize::MAX);
            let piece = segment.plain.get(start..stop).filter(|piece| !piece.is_empty());
            let piece = piece.ok_or_else(past_end)?;
            out.extend_from_slice(piece);
            at += piece.len() as u64;
        }
        Ok(out)
    }

    fn load(&self, segment: &mut Segment, index: u64) -> Result<(), RunError> {
        if segment.index == Some(index) {
            return Ok(());
        }
        segment.index = None;
        let full = u64::from(RUN_SEGMENTS.encrypted_segment_len());
        let start = HEADER_LEN as u64 + index * full;
        let len = full.min(self.len_bytes.saturating_sub(start));
        segment.sealed.resize(usize::try_from(len).unwrap_or_default(), 0);
        self.file
            .read_exact_at(&mut segment.sealed, start)
            .map_err(RunError::disk(&self.name, "read"))?;
        segment.plain.clear();
        let is_last = index + 1 == self.content.segment_count;
        self.opener
            .open_segment(index, &segment.sealed, is_last, &mut segment.plain)
            .map_err(RunError::seal(&self.name))?;
        segment.index = Some(index);
        Ok(())
    }

    fn block(&self, window: &mut Window, number: usize, bodies: Bodies) -> Result<BlockRows, RunError> {
        let entry = self.index()?.entry(number).ok_or_else(|| RunError::Length {
            run: self.name.as_str().to_owned(),
            want: self.len_bytes,
            got: self.len_bytes,
        })?;
        let group =
            |segment: &mut Segment, group: Group| self.read_plain(segment, group.offset, u64::from(group.stored_bytes));
        let keys = group(&mut window.keys, entry.keys)?;
        let bodies = match bodies {
            Bodies::Skip => None,
            Bodies::Read => Some(group(&mut window.bodies, entry.bodies)?),
        };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let fault = RunError::block(&self.name);
        let mut zstd = match window.zstd.take() {
            Some(zstd) => zstd,
            None => Decompressor::new().map_err(|_| fault(BlockFault::Compression { block: number }))?,
        };
        let rows = BlockRows::read_with(&mut zstd, number, &entry, &keys, bodies.as_deref());
        window.zstd = Some(zstd);
        rows.map_err(fault)
    }

    /// Calls `each` with key, small part and body of every row within one of the ranges (both ends included). The ranges
    /// are sorted and do not overlap; only blocks that may hold such a row are read.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn visit<K: AsRef<[u8]>>(&self, ranges: &[(K, K)], bodies: Bodies, each: Visitor<'_>) -> Result<(), RunError> {
        let mut window = Window::default();
        let mut loaded: Option<(usize, BlockRows)> = None;
        let mut number = 0;
        if ranges.is_empty() {
            return Ok(());
        }
        let index = self.index()?;
        for (low, high) in ranges {
            let (low, high) = (low.as_ref(), high.as_ref());
            // Ranges ascend, so the search goes on where the last one ended.
            number = index.first_reaching(number, low);
            let mut at = number;
            while index.keys(at).is_some_and(|(first, _)| first <= high) {
                let rows = match loaded.take() {
                    Some((had, rows)) if had == at => rows,
                    Some(_) | None => self.block(&mut window, at, bodies)?,
                };
                let mut row = rows.first_not_below(low);
                while row < rows.len() && rows.key(row) <= high {
                    each(rows.key(row), rows.small(row), rows.body(row)).map_err(|f| self.row_error(at, row, f))?;
                    row += 1;
                }
                loaded = Some((at, rows));
                at += 1;
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
            window: Window::default(),
            next_block: 0,
            block: None,
            row: 0,
        }
    }

    /// SHA-256 of the whole file.
    ///
    /// # Errors
    /// [`RunError::Disk`].
    pub fn file_hash(&self) -> Result<Hash32, RunError> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 18];
        let mut at = 0;
        while at < self.len_bytes {
            let len = usize::try_from(self.len_bytes - at).map_or(buffer.len(), |left| left.min(buffer.len()));
            let piece = buffer.get_mut(..len).unwrap_or_default();
            self.file
                .read_exact_at(piece, at)
                .map_err(RunError::disk(&self.name, "read"))?;
            hash.update(&*piece);
            at += len as u64;
        }
        Ok(Hash32(hash.finalize().into()))
    }

    /// Opens every segment and tests the index: every byte of the file is authentic. What its rows say is another question.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn check_segments(&self) -> Result<(), RunError> {
        let mut segment = Segment::default();
        for index in 0..self.content.segment_count {
            self.load(&mut segment, index)?;
        }
        self.index().map(|_| ())
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
    window: Window,
    next_block: usize,
    block: Option<Arc<BlockRows>>,
    row: usize,
}

impl<'a> RunCursor<'a> {
    /// Moves to the next row, the first one at the first call; false behind the last row.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn advance(&mut self) -> Result<bool, RunError> {
        let index = self.run.index()?;
        if !self.has_begun {
            self.has_begun = true;
            if let Some(from) = &self.span.from {
                self.next_block = index.first_reaching(0, from);
            }
        }
        match &self.block {
            Some(block) if self.row + 1 < block.len() => self.row += 1,
            Some(_) | None => {
                self.row = 0;
                self.block = None;
                let Some((first_key, _)) = index.keys(self.next_block) else {
                    return Ok(false);
                };
                let is_behind = |until: &Arc<[u8]>| first_key >= &**until;
                if self.span.until.as_ref().is_some_and(is_behind) {
                    return Ok(false);
                }
                let rows = self.run.block(&mut self.window, self.next_block, self.bodies)?;
                self.next_block += 1;
                if let Some(from) = self.span.from.take() {
                    // Within its block by the search above.
                    self.row = rows.first_not_below(&from);
                }
                self.block = Some(Arc::new(rows));
            }
        }
        let is_behind = |until: &Arc<[u8]>| self.key() >= &**until;
        if self.span.until.as_ref().is_some_and(is_behind) {
            self.block = None;
            self.next_block = index.len();
            return Ok(false);
        }
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
        (self.run, self.next_block.saturating_sub(1))
    }
}
