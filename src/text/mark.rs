//! Where a character came from a code cell that its canonical encoding would not give back.

/// One or more characters that stood in one two-byte cell of the sender: a user-defined cell (F040-F9FC), or a
/// NEC/IBM duplicate. Without it the cell could not be given back byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellMark {
    /// Index of the first character in the decoded text, 0-based, in characters (not bytes).
    pub at: u16,
    /// Number of characters the cell stands for (an ideographic variation sequence has two).
    pub chars: u8,
    /// The two bytes of the cell, big-endian.
    pub cell: u16,
}
