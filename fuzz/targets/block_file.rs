//! Fuzz target `block_file`; what it demands stands in `src/checks`.
#![no_main]

sekisho_fuzz::target!("block_file");
