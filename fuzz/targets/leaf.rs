//! Fuzz target `leaf`; what it demands stands in `src/checks`.
#![no_main]

sekisho_fuzz::target!("leaf");
