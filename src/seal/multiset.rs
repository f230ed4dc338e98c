//! Keyed incremental hash of a set of row digests: the logical roots of a generation
//! (`docs/formats/manifest.md`, "Logical roots").
//!
//! The state is the sum modulo 2^512 of HMAC-SHA-512(root key, label, row digest) over all rows, with their number
//! (the construction MSet-Add-Hash of Clarke, Devadas, van Dijk, Gassend and Suh, 2003). A commit adds and removes a
//! few rows without touching the others, and any order gives the same sum. Whoever saw two states could learn the
//! hash of their difference, so a state is stored encrypted; published is only its SHA-256 with label and count.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::secret::MultisetKey;

/// Bytes of a state.
pub const STATE_BYTES: usize = 64;

/// Why a root could not be kept up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MultisetFault {
    /// More rows removed than are in the set: the old rows were not those of the state.
    #[error("a row is taken out of an empty set")]
    Empty,
    /// More than 2^64 rows.
    #[error("too many rows")]
    TooMany,
}

/// Hashes row digests of one table under the root key.
#[derive(Clone)]
pub struct RootHasher {
    label: &'static str,
    keyed: Hmac<Sha512>,
}

impl RootHasher {
    /// A hasher for the table `label`, at most 255 ASCII bytes. The label separates the tables: one row in two of
    /// them counts differently.
    pub fn new(root_key: &MultisetKey, label: &'static str) -> Self {
        let mut keyed = Hmac::<Sha512>::new(&(*padded(root_key.expose())).into());
        keyed.update(&[label_len(label)]);
        keyed.update(label.as_bytes());
        Self { label, keyed }
    }

    /// A value that only this key and label give, to be kept with a state: the state of another key would go unnoticed.
    /// Secret, as the state is.
    pub fn key_check(&self) -> [u8; STATE_BYTES] {
        let mut mac = self.keyed.clone();
        // Rows are 32 bytes, so this is the value of no row.
        mac.update(b"key check");
        mac.finalize().into_bytes().into()
    }

    fn element(&self, row_digest: &[u8; 32]) -> [u64; 8] {
        let mut mac = self.keyed.clone();
        mac.update(row_digest);
        let bytes: [u8; STATE_BYTES] = mac.finalize().into_bytes().into();
        limbs(&bytes)
    }
}

/// The state of one table. Secret: see the module's text.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Multiset {
    /// Eight 64-bit digits, the lowest first.
    sum: [u64; 8],
    count: u64,
}

impl Multiset {
    /// The state of no rows.
    pub fn empty() -> Self {
        Self { sum: [0; 8], count: 0 }
    }

    /// The state that [`Multiset::bytes`] gave, with its number of rows.
    pub fn from_bytes(bytes: &[u8; STATE_BYTES], count: u64) -> Self {
        Self {
            sum: limbs(bytes),
            count,
        }
    }

    /// The sum as a 512-bit big-endian number.
    pub fn bytes(&self) -> [u8; STATE_BYTES] {
        let mut bytes = [0; STATE_BYTES];
        for (to, limb) in bytes.chunks_exact_mut(8).zip(self.sum.iter().rev()) {
            to.copy_from_slice(&limb.to_be_bytes());
        }
        bytes
    }

    /// Number of rows.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`MultisetFault::TooMany`].
    pub fn add(&mut self, hasher: &RootHasher, row_digest: &[u8; 32]) -> Result<(), MultisetFault> {
        let count = self.count.checked_add(1).ok_or(MultisetFault::TooMany)?;
        self.add_sum(&hasher.element(row_digest));
        self.count = count;
        Ok(())
    }

    /// Takes a row out; that it was in is the caller's knowledge.
    ///
    /// # Errors
    /// [`MultisetFault::Empty`].
    pub fn remove(&mut self, hasher: &RootHasher, row_digest: &[u8; 32]) -> Result<(), MultisetFault> {
        let count = self.count.checked_sub(1).ok_or(MultisetFault::Empty)?;
        self.subtract_sum(&hasher.element(row_digest));
        self.count = count;
        Ok(())
    }

    /// Adds all rows of another set under the same key and label.
    ///
    /// # Errors
    /// [`MultisetFault::TooMany`].
    pub fn add_all(&mut self, other: &Self) -> Result<(), MultisetFault> {
        let count = self.count.checked_add(other.count).ok_or(MultisetFault::TooMany)?;
        self.add_sum(&other.sum);
        self.count = count;
        Ok(())
    }

    /// Takes all rows of another set under the same key and label out.
    ///
    /// # Errors
    /// [`MultisetFault::Empty`].
    pub fn remove_all(&mut self, other: &Self) -> Result<(), MultisetFault> {
        let count = self.count.checked_sub(other.count).ok_or(MultisetFault::Empty)?;
        self.subtract_sum(&other.sum);
        self.count = count;
        Ok(())
    }

    fn add_sum(&mut self, more: &[u64; 8]) {
        let mut carry = false;
        for (limb, more) in self.sum.iter_mut().zip(more) {
            let (sum, over) = limb.overflowing_add(*more);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = over || over_again;
        }
    }

    fn subtract_sum(&mut self, less: &[u64; 8]) {
        let mut borrow = false;
        for (limb, less) in self.sum.iter_mut().zip(less) {
            let (difference, under) = limb.overflowing_sub(*less);
            let (difference, under_again) = difference.overflowing_sub(u64::from(borrow));
            *limb = difference;
            borrow = under || under_again;
        }
    }

    /// The published root: SHA-256 over label (behind its length), count and state.
    pub fn root(&self, hasher: &RootHasher) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update([label_len(hasher.label)]);
        hash.update(hasher.label.as_bytes());
        hash.update(self.count.to_be_bytes());
        hash.update(self.bytes());
        hash.finalize().into()
    }
}

fn label_len(label: &str) -> u8 {
    u8::try_from(label.len()).unwrap_or(u8::MAX)
}

fn limbs(bytes: &[u8; STATE_BYTES]) -> [u64; 8] {
    let mut limbs = [0; 8];
    for (limb, from) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*from);
    }
    limbs
}

/// HMAC pads a short key with zeros to the block of the hash, here 128 bytes (RFC 2104).
fn padded(key: &[u8; 32]) -> Zeroizing<[u8; 128]> {
    let mut block = Zeroizing::new([0; 128]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hasher(label: &'static str) -> RootHasher {
        RootHasher::new(&MultisetKey::new([7; 32]), label)
    }

    fn of(hasher: &RootHasher, rows: &[[u8; 32]]) -> Multiset {
        let mut set = Multiset::empty();
        for row in rows {
            set.add(hasher, row).unwrap();
        }
        set
    }

    /// Computed with Python's hmac and hashlib (the program of docs/formats/manifest.md; the rows are digests here).
    #[test]
    fn root_of_three_rows_is_that_of_an_independent_program() {
        let set = of(&hasher("current"), &[[1; 32], [2; 32], [0xFF; 32]]);
        assert_eq!(hex(&set.root(&hasher("current"))), PYTHON_ROOT);
        assert_eq!(hex(&set.bytes()[..8]), PYTHON_HEAD);
    }

    const PYTHON_ROOT: &str = "059071c1de802f9f54dbe7bd8177ba2123d07107a130c0fb93c0d213284f8fb1";
    const PYTHON_HEAD: &str = "0a4146d2dcf994f5";

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write;
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    #[test]
    fn label_key_count_and_rows_all_count() {
        let one = of(&hasher("current"), &[[1; 32]]);
        assert_ne!(
            one.root(&hasher("current")),
            of(&hasher("history"), &[[1; 32]]).root(&hasher("history"))
        );
        assert_ne!(one.root(&hasher("current")), one.root(&hasher("history")));
        let other_key = RootHasher::new(&MultisetKey::new([8; 32]), "current");
        assert_ne!(one.bytes(), of(&other_key, &[[1; 32]]).bytes());
        assert_ne!(other_key.key_check(), hasher("current").key_check());
        assert_ne!(one.bytes(), of(&hasher("current"), &[[2; 32]]).bytes());
        assert_ne!(one.bytes(), of(&hasher("current"), &[[1; 32], [1; 32]]).bytes());
        let miscounted = Multiset::from_bytes(&one.bytes(), 2);
        assert_ne!(miscounted.root(&hasher("current")), one.root(&hasher("current")));
        assert_eq!(
            Multiset::empty().remove(&hasher("current"), &[1; 32]),
            Err(MultisetFault::Empty)
        );
        let mut full = Multiset::from_bytes(&[0; 64], u64::MAX);
        assert_eq!(full.add(&hasher("current"), &[1; 32]), Err(MultisetFault::TooMany));
        assert_eq!(full.add_all(&one), Err(MultisetFault::TooMany));
    }

    proptest! {
        #[test]
        fn order_does_not_count_and_removal_undoes(mut rows: Vec<[u8; 32]>, gone: Vec<[u8; 32]>) {
            let hasher = hasher("current");
            let forward = of(&hasher, &rows);
            let mut mixed = of(&hasher, &gone);
            rows.reverse();
            for row in &rows {
                mixed.add(&hasher, row).unwrap();
            }
            for row in &gone {
                mixed.remove(&hasher, row).unwrap();
            }
            prop_assert!(mixed == forward);
            let mut sums = of(&hasher, &gone);
            sums.add_all(&forward).unwrap();
            sums.remove_all(&of(&hasher, &gone)).unwrap();
            prop_assert!(sums == forward);
            if !rows.is_empty() {
                prop_assert_eq!(Multiset::empty().remove_all(&forward), Err(MultisetFault::Empty));
            }
            let read = Multiset::from_bytes(&forward.bytes(), forward.count());
            prop_assert!(read == forward);
        }
    }
}
