//! Characters and encodings: CP932 with user-defined cells, UCS-2BE, kana, widths. Knows no domain.

mod cells;
mod codepage;
pub mod cp932;
mod encode;
mod field;
pub mod gaiji;
pub mod kana;
pub mod mark;
pub mod same;
pub mod ucs2;
pub mod wide;
pub mod width;
