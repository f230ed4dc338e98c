//! Single files at the command line, through the built binary: `key`, `seal`, `open`, `check`, `explain`, `rules`.

mod booklet;
mod checking;
mod explaining;
mod keys;
mod opening;
mod place;
mod sealing;
