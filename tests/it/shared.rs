//! Optional oracles and example cases beside the project; tests that need them skip, and say so, where they are absent.

use std::path::PathBuf;

/// A file or folder of the optional material, or `None` with a word on standard error.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let full = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if full.exists() {
        return Some(full);
    }
    skipped(&format!("no {path} beside the project"));
    None
}

/// Says on standard error why a test does less here.
pub(crate) fn skipped(why: &str) {
    let words = format!("SKIPPED: {why}\n");
    std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes()).unwrap();
}
