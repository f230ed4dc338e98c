//! Fuzz target `store_manifest`; what it demands stands in `src/checks`.
#![no_main]

sekisho_fuzz::target!("store_manifest");
