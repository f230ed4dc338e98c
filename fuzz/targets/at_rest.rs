//! Fuzz target `at_rest`; what it demands stands in `src/checks`.
#![no_main]

sekisho_fuzz::target!("at_rest");
