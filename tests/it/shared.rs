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

/// Says on standard error that a test is skipped, and why; never captured, so that it is seen.
pub(crate) fn skipped(why: &str) {
    std::io::Write::write_all(&mut std::io::stderr(), format!("SKIPPED: {why}\n").as_bytes()).unwrap();
}
