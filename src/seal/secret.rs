//! Secret values of 32 bytes: one type per use, so that a key cannot be handed to the wrong function.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

macro_rules! secret_32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// A secret from 32 uniformly random (or derived) bytes.
            pub fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes, for the one function that computes with them.
            pub fn expose(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret_32!(
    /// Key of one FLOE message.
    FloeKey
);
secret_32!(
    /// The site's key-encryption key: wraps every key at rest, encrypts nothing itself.
    SiteKey
);
secret_32!(
    /// Root of the yearly HMAC keys.
    YearRoot
);
secret_32!(
    /// HMAC key of one fiscal year: digests of subjects and of plain inbound files in ledger leaves.
    YearKey
);
secret_32!(
    /// Root key of the multiset hash over rows; drawn once and never changed.
    MultisetKey
);
secret_32!(
    /// Key of a key file: from a passphrase, or read from an unlock key file.
    UnlockKey
);
secret_32!(
    /// Key of one package, wrapped for each recipient; manifest and payload keys are derived from it.
    PackageKey
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", SiteKey::new([0x41; 32])), "SiteKey(..)");
        assert_eq!(format!("{:?}", FloeKey::new([0x41; 32])), "FloeKey(..)");
    }
}
