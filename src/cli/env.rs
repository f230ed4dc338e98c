//! The only reader of the process environment. No secret is ever taken from it.
#![expect(
    clippy::disallowed_methods,
    reason = "cli::env is the one place that reads the environment"
)]

use std::path::PathBuf;

use crate::domain::fault::Lang;

/// What the environment says.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Language by `LC_ALL`, `LC_MESSAGES` or `LANG`; Japanese where they begin with `ja`, else English.
    pub lang: Lang,
    /// Folder of systemd credentials (`CREDENTIALS_DIRECTORY`), where it is set. It names a folder, not a secret.
    pub credentials: Option<PathBuf>,
    /// Only with the feature `fault-injection`: end the process at this file-system operation.
    pub stop_at: Option<u64>,
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
        stop_at: if cfg!(feature = "fault-injection") {
            std::env::var("SEKISHO_STOP_AT")
                .ok()
                .and_then(|value| value.parse().ok())
        } else {
            None
        },
    }
}
