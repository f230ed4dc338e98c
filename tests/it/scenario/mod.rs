//! Bad input through the built binary: for every way in which a file, a folder or the site itself can be wrong, the words,
//! the exit code and the leaf in the ledger; and nothing that came is lost.

mod answered;
mod decided;
mod held;
mod kept;
mod places;
mod sealed;
mod site;
mod watching;
