//! Fuzz target `row_code`; what it demands stands in `src/checks`.
#![no_main]

sekisho_fuzz::target!("row_code");
