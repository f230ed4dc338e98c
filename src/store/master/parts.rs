//! Reading with all cores: a table is cut into spans of keys, each walked by one thread, the results given in order; a batch
//! of keys is looked up in as many pieces as there are cores. Memory is bounded by a few spans, whatever the table's size.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::{Master, MasterError};
use crate::domain::entry::Entry;
use crate::format::blockfile::Table;
use crate::format::rowcode::{EntryKey, RowFault, decode_entry, decode_entry_key};
use crate::store::runs::{Bodies, KeySpan, Merge, RunError, RunReader};

/// Stripes of the largest run in one span: some 4,000 rows.
const SPAN_STRIPES: usize = 2;
/// Fewer keys than these are looked up in one thread.
pub(super) const KEYS_PER_THREAD: usize = 512;
/// More threads than these gain nothing: the disk and the caller are busy by then.
const MAX_THREADS: usize = 8;

/// Threads to read with.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS)
}

impl Master {
    /// Calls `map` with what the key group tells of every entry, from several threads, and `each` with what it gave, in
    /// the order of the codes and from the caller's thread.
    ///
    /// # Errors
    /// Those of `each`, and [`MasterError::Run`].
    pub fn map_keys<T: Send, E: From<MasterError>>(
        &self,
        map: impl Fn(EntryKey) -> Option<T> + Sync,
        each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        self.map_rows(
            Bodies::Skip,
            |key, small, _| decode_entry_key(key, small).map(&map),
            each,
        )
    }

    /// The same with whole entries.
    ///
    /// # Errors
    /// As [`Master::map_keys`].
    pub fn map_current<T: Send, E: From<MasterError>>(
        &self,
        map: impl Fn(Entry) -> Option<T> + Sync,
        each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        self.map_rows(
            Bodies::Read,
            |key, small, body| decode_entry(key, small, body).map(&map),
            each,
        )
    }

    fn map_rows<T: Send, E: From<MasterError>>(
        &self,
        bodies: Bodies,
        map: impl Fn(&[u8], &[u8], &[u8]) -> Result<Option<T>, RowFault> + Sync,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let part = |mut rows: Merge<'_>| {
            let mut found = Vec::new();
            while let Some(row) = rows.next_row()? {
                let mapped = map(row.key(), row.small(), row.body()).map_err(|fault| row.error(fault))?;
                found.extend(mapped);
            }
            Ok(found)
        };
        self.in_parts(Table::Current, bodies, part, |found: Vec<T>| {
            found.into_iter().try_for_each(&mut each)
        })
    }

    /// Walks a table in spans: `part` is called with each from several threads, `each` with what it gave, in order.
    pub(in crate::store) fn in_parts<T: Send, E: From<MasterError>>(
        &self,
        table: Table,
        bodies: Bodies,
        part: impl Fn(Merge<'_>) -> Result<T, RunError> + Sync,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let runs = self.runs(table);
        let spans = spans(runs).map_err(MasterError::Run)?;
        let threads = threads().min(spans.len());
        let walk = |span: &KeySpan| part(Merge::within(runs, bodies, span));
        if threads <= 1 {
            for span in &spans {
                each(walk(span).map_err(MasterError::Run)?)?;
            }
            return Ok(());
        }
        thread::scope(|scope| {
            let mut results = Vec::new();
            for first in 0..threads {
                // Each thread is at most two spans ahead of what was given out.
                let (to, from) = sync_channel(1);
                results.push(from);
                let (spans, walk) = (&spans, &walk);
                scope.spawn(move || {
                    for span in spans.iter().skip(first).step_by(threads) {
                        let result = walk(span);
                        let is_bad = result.is_err();
                        if to.send(result).is_err() || is_bad {
                            break;
                        }
                    }
                });
            }
            for from in results.iter().cycle().take(spans.len()) {
                match from.recv() {
                    Ok(result) => each(result.map_err(MasterError::Run)?)?,
                    // The thread panicked; leaving the scope passes that on.
                    Err(_) => break,
                }
            }
            Ok(())
        })
    }

    /// Looks up keys and decodes what is found, in no particular order.
    pub(in crate::store) fn find<K, T>(
        &self,
        table: Table,
        mut keys: Vec<K>,
        bodies: Bodies,
        decode: impl Fn(&[u8], &[u8], &[u8]) -> Result<T, RowFault> + Sync,
    ) -> Result<Vec<T>, MasterError>
    where
        K: AsRef<[u8]> + Ord + Clone + Send + Sync,
        T: Send,
    {
        keys.sort_unstable();
        keys.dedup();
        let look = |keys: &[K]| {
            let mut found = Vec::new();
            self.lookup(table, keys.to_vec(), bodies, &mut |key, small, body| {
                found.push(decode(key, small, body)?);
                Ok(())
            })?;
            Ok(found)
        };
        let threads = threads().min(keys.len() / KEYS_PER_THREAD);
        if threads <= 1 || self.runs(table).is_empty() {
            return look(&keys);
        }
        thread::scope(|scope| {
            let pieces: Vec<_> = keys
                .chunks(keys.len().div_ceil(threads))
                .map(|piece| scope.spawn(|| look(piece)))
                .collect();
            let mut all = Vec::with_capacity(keys.len());
            let mut fault = None;
            for piece in pieces {
                match piece.join() {
                    Ok(Ok(found)) => all.extend(found),
                    Ok(Err(why)) => {
                        fault.get_or_insert(why);
                    }
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            fault.map_or(Ok(all), Err)
        })
    }
}

/// Cuts the keys of a table where the blocks of its largest run begin.
fn spans(runs: &[RunReader]) -> Result<Vec<KeySpan>, RunError> {
    let mut largest: Option<&RunReader> = None;
    for run in runs {
        if largest.is_none_or(|had| had.row_count() < run.row_count()) {
            largest = Some(run);
        }
    }
    let mut cuts: Vec<Arc<[u8]>> = Vec::new();
    if let Some(run) = largest {
        let starts = run.stripe_keys()?;
        cuts.extend(starts.into_iter().step_by(SPAN_STRIPES).skip(1).map(Arc::from));
    }
    let mut from = None;
    let mut spans = Vec::new();
    for cut in cuts {
        let until = Some(cut);
        spans.push(KeySpan {
            from: from.clone(),
            until: until.clone(),
        });
        from = until;
    }
    spans.push(KeySpan { from, until: None });
    Ok(spans)
}
