//! Layouts (レイアウト) of exchange files as data: which field of which record lies where.
//!
//! Implements `docs/formats/layouts.md`. The nine default layouts are TOML files of this repository, compiled in; a
//! site replaces any of them by its own file of the same form. Everything that reads or writes an exchange file takes
//! offsets and lengths from here and from nowhere else.

mod builtin;
mod demand;
mod doc;
mod draft;
mod fault;
mod lint;
mod model;
mod parse;

pub use builtin::{Layouts, builtin_text};
pub use doc::{demands_markdown, markdown};
pub use fault::{FaultKind, LayoutFault};
pub use model::{Field, FieldType, Layout, MAX_RECORD_BYTES, RecordType, Slot};
