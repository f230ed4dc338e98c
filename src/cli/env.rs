//! The only reader of the process environment. No secret is ever taken from it.
#![expect(
    clippy::disallowed_methods,
    reason = "cli::env is the one place that reads the environment"
)]

use std::path::PathBuf;

use crate::domain::fault::Lang;
use crate::os::stopping::Ending;

/// What the environment says.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Language by `LC_ALL`, `LC_MESSAGES` or `LANG`; Japanese where they begin with `ja`, else English.
    pub lang: Lang,
    /// Folder of systemd credentials (`CREDENTIALS_DIRECTORY`), where it is set. It names a folder, not a secret.
    pub credentials: Option<PathBuf>,
    /// The words of the command line, to keep them out of what is printed. What is no UTF-8 stands with U+FFFD.
    pub typed: Vec<String>,
    /// Only with the feature `fault-injection`: end the process at this file-system operation.
    pub stop_at: Option<(u64, Ending)>,
}

/// Reads the environment.
pub fn read() -> Surroundings {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_default();
    Surroundings {
        lang: if locale.starts_with("ja") { Lang::Ja } else { Lang::En },
        credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
        typed: std::env::args_os()
            .skip(1)
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        stop_at: stop_at(),
    }
}

fn stop_at() -> Option<(u64, Ending)> {
    if !cfg!(feature = "fault-injection") {
        return None;
    }
    [("SEKISHO_STOP_AT", Ending::Abort), ("SEKISHO_PANIC_AT", Ending::Panic)]
        .into_iter()
        .find_map(|(name, ending)| Some((std::env::var(name).ok()?.parse().ok()?, ending)))
}
