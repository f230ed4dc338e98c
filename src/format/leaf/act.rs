//! What a leaf says was done, and how it ended.

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)* }
        impl $name {
            /// Every value, in the order of the format page.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The word in the leaf.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)* } }
            /// The value with this word.
            pub fn parse(text: &str) -> Option<Self> { match text { $($text => Some(Self::$variant),)* _ => None } }
        }
    };
}

words! {
    /// What was done. Never renumbered, never reused: old ledgers are read for seven years.
    Act {
        /// The site was set up: the first leaf of all.
        Init = "init",
        /// A log was opened; the leaf holds the last checkpoint of the log before. First leaf of every log but the first.
        YearOpened = "year-opened",
        /// The signing key changes; the leaf names both keys and is the last of its log.
        KeyChange = "key-change",
        /// A register of parties, operators, purposes, applications or media was changed; the leaf holds its new head.
        Register = "register",
        /// A file came in and was copied into the spool.
        Received = "received",
        /// A file is held for a person's decision or for what arrives later.
        Held = "held",
        /// A held file was let go into processing by a person.
        Released = "released",
        /// A held file was given up by a person.
        Dropped = "dropped",
        /// A file, or a request of an operator, was refused.
        Refused = "refused",
        /// A file whose bytes were answered before came again.
        Duplicate = "duplicate",
        /// A run's notices became a generation.
        Applied = "applied",
        /// An extract of a party was compared with the master.
        Reconciled = "reconciled",
        /// A bulk inquiry was answered (一括提供).
        Provided = "provided",
        /// An operator searched (即時提供).
        Searched = "searched",
        /// A person's own record was disclosed (開示).
        Disclosed = "disclosed",
        /// A package was made for another party.
        Outgoing = "outgoing",
        /// Packages and proofs were moved to where the receiver fetches them.
        Published = "published",
        /// An inbound file was moved to the encrypted archive.
        Archived = "archived",
        /// The receiver confirmed a package, or the time for it passed.
        Acknowledged = "acknowledged",
        /// The master was rewritten with the same content.
        Compacted = "compacted",
        /// Records were erased at the end of their period.
        Erased = "erased",
        /// A backup was made.
        BackedUp = "backed-up",
        /// A backup was put back.
        Restored = "restored",
        /// A package was opened at this site.
        Opened = "opened",
        /// An operator signed in, or failed to.
        SignedIn = "signed-in",
    }
}

words! {
    /// How it ended.
    Outcome {
        /// Permitted and done in full.
        Permitted = "permitted",
        /// Done, but some records were refused.
        Partly = "partly",
        /// Refused; the reason code says why.
        Refused = "refused",
        /// Waits for a decision or another file.
        Held = "held",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_read_back() {
        for (position, act) in Act::ALL.iter().enumerate() {
            assert_eq!(Act::parse(act.as_str()), Some(*act));
            assert!(Act::ALL[..position].iter().all(|other| other.as_str() != act.as_str()));
        }
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(*outcome));
        }
        assert_eq!((Act::parse("Init"), Outcome::parse("")), (None, None));
    }
}
