//! Fuzz target `package_manifest`; what it demands stands in `src/checks`.
#![no_main]

sekisho_fuzz::target!("package_manifest");
