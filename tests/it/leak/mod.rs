//! Nothing leaks (`docs/reliability.md`, F21): persons that exist nowhere else, and every secret of the site, are sent through
//! every command and every kind of failure; then all that was printed or written is searched for them.
//!
//! `canary` is the search and its own test, `commands` the table of all commands, `failures` what goes wrong with files and
//! arguments, `faults` a failing disk and every finding, `process` dumps, memory, process list and panics.

mod canary;
mod commands;
mod failures;
mod faults;
mod place;
mod process;
