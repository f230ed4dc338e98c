//! Reasons of a change (異動事由, 規則11条) — stub, see the rule tables.

/// Item 10 by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason(u8);

impl Reason {
    /// The two digits of item 10.
    pub fn number(self) -> u8 {
        self.0
    }
}
