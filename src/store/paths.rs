//! Where the parts of the master lie below the store folder (`docs/formats/manifest.md`, "Files").

use std::path::{Path, PathBuf};

use crate::format::manifest::RunName;

/// Ending of the file of a run.
pub(super) const RUN_ENDING: &str = ".run";
/// Ending of the file of a manifest.
pub(super) const MANIFEST_ENDING: &str = ".json";

/// Paths of the master.
#[derive(Debug, Clone)]
pub struct StorePaths {
    folder: PathBuf,
}

impl StorePaths {
    /// The paths below the store folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The store folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The pointer to the newest manifest.
    pub fn current(&self) -> PathBuf {
        self.folder.join("CURRENT")
    }

    /// Folder of the manifests.
    pub fn manifests(&self) -> PathBuf {
        self.folder.join("manifests")
    }

    /// The manifest of a commit.
    pub fn manifest(&self, commit: u64) -> PathBuf {
        self.manifests().join(manifest_file(commit))
    }

    /// Folder of the runs.
    pub fn runs(&self) -> PathBuf {
        self.folder.join("runs")
    }

    /// A run.
    pub fn run(&self, name: &RunName) -> PathBuf {
        self.runs().join(run_file(name))
    }
}

/// File name of a run.
pub fn run_file(name: &RunName) -> String {
    format!("{}{RUN_ENDING}", name.as_str())
}

/// File name of the manifest of a commit: ten digits, so that names sort as commits.
pub fn manifest_file(commit: u64) -> String {
    format!("{commit:010}{MANIFEST_ENDING}")
}

/// The commit whose manifest has this file name; `None` for other files.
pub(super) fn commit_of_file(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(MANIFEST_ENDING)?;
    let commit = digits.parse().ok()?;
    (manifest_file(commit) == name).then_some(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_read_back() {
        let paths = StorePaths::new("/s");
        assert_eq!(paths.manifest(12), Path::new("/s/manifests/0000000012.json"));
        assert_eq!(commit_of_file("0000000012.json"), Some(12));
        for other in ["12.json", "0000000012.json.tmp", "000000001x.json", "+000000012.json"] {
            assert_eq!(commit_of_file(other), None, "{other}");
        }
        let name = RunName::from_bytes([0xAB; 16]);
        assert_eq!(
            paths.run(&name),
            Path::new("/s/runs/abababababababababababababababab.run")
        );
    }
}
