//! What stays in the inbound folders, and how things there are named without saying their names.

use super::Gatherer;
use crate::domain::code::Code;
use crate::domain::ids::PartyId;
use crate::domain::party::FileKind;
use crate::format::exchange::Envelope;
use crate::seal::digest;
use crate::store::inbox::InboxFile;

/// A thing that stays in the inbound folder: incomplete, or no file to read.
pub(in crate::run::pass) struct InPlace {
    /// Id: keyed digest of folder and name.
    pub id: String,
    /// Inbound folder.
    pub folder: String,
    /// Name as it lies there. May say anything; never shown unasked.
    pub name: String,
    /// Name to show.
    pub label: String,
    /// Length.
    pub size_bytes: u64,
    /// H01, H02, H05 or H08.
    pub code: Code,
    /// Words for people.
    pub detail: String,
    /// Header as far as it can be read.
    pub envelope: Option<Envelope>,
    /// True where the disk refused to read it.
    pub unreadable: bool,
    /// True for a whole inbound folder, of which not all is known.
    pub is_folder: bool,
}

/// A thing left in place that is no finding.
pub(in crate::run::pass) struct Waiting {
    /// Inbound folder.
    pub folder: String,
    /// Name as it lies there.
    pub name: String,
    /// Name to show.
    pub label: String,
    /// Header, for a file of a kind that is not served yet; `None` for one that is not looked at, since its sender has not
    /// finished.
    pub envelope: Option<Envelope>,
    /// Words for people.
    pub detail: &'static str,
}

/// Why a thing stays.
pub(in crate::run::pass) struct Why {
    code: Code,
    detail: String,
    envelope: Option<Envelope>,
    unreadable: bool,
}

impl Why {
    /// A finding with its words.
    pub(in crate::run::pass) fn new(code: Code, detail: &impl ToString) -> Self {
        Self {
            code,
            detail: detail.to_string(),
            envelope: None,
            unreadable: false,
        }
    }

    /// With the header as far as it could be read.
    pub(in crate::run::pass) fn with(mut self, envelope: Option<Envelope>) -> Self {
        self.envelope = envelope;
        self
    }

    /// The disk refused to read it.
    pub(in crate::run::pass) fn unreadable(why: &std::io::Error) -> Self {
        Self {
            unreadable: true,
            ..Self::new(Code::H08, &format!("cannot be read: {}", why.kind()))
        }
    }
}

impl Gatherer<'_, '_> {
    /// Leaves a thing where it lies. `is_text` is false for a name that is not UTF-8: what is shown of it could be the name
    /// of another.
    pub(super) fn leave(&mut self, file: &InboxFile, is_text: bool, why: Why) {
        let id = if is_text {
            self.id_of(&file.folder, &file.name)
        } else {
            self.id_of(&file.folder, &format!("\0{}", file.name))
        };
        let label = if is_text {
            self.label(&file.folder, &file.name)
        } else {
            format!("other-{id}")
        };
        self.in_place.push(InPlace {
            id,
            folder: file.folder.clone(),
            name: file.name.clone(),
            label,
            size_bytes: file.facts.len_bytes,
            code: why.code,
            detail: why.detail,
            envelope: why.envelope,
            unreadable: why.unreadable,
            is_folder: false,
        });
    }

    /// A finding about a whole folder.
    pub(super) fn leave_folder(&mut self, folder: &str, detail: String, unreadable: bool) {
        // The folder of a party is named by its id; another name may say anything, and is that of a thing beside the folders.
        let is_folder = PartyId::parse(folder).is_some();
        let (folder, name) = if is_folder { (folder, "") } else { ("", folder) };
        self.in_place.push(InPlace {
            id: self.id_of(folder, name),
            folder: folder.to_owned(),
            name: name.to_owned(),
            label: if is_folder {
                format!("in/{folder}")
            } else {
                self.label(folder, name)
            },
            size_bytes: 0,
            code: Code::H08,
            detail,
            envelope: None,
            unreadable,
            is_folder,
        });
    }

    /// Leaves a thing that is no finding.
    pub(super) fn wait(&mut self, file: InboxFile, envelope: Option<Envelope>, detail: &'static str) {
        let label = self.label(&file.folder, &file.name);
        self.waiting.push(Waiting {
            folder: file.folder,
            name: file.name,
            label,
            envelope,
            detail,
        });
    }

    /// Keyed digest of folder and name.
    pub(super) fn id_of(&self, folder: &str, name: &str) -> String {
        short(&self.key.of_arrival(folder, name, &[]))
    }

    /// The name to show: the standard form as it is, another only by a keyed digest, since it may name a person.
    pub(super) fn label(&self, folder: &str, name: &str) -> String {
        if is_standard(name) {
            name.to_owned()
        } else {
            format!("other-{}", self.id_of(folder, name))
        }
    }
}

/// True for `KIND-SENDER-RECEIVER-SERIAL.dat`, with or without `.seki`.
fn is_standard(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".seki").unwrap_or(name).strip_suffix(".dat") else {
        return false;
    };
    let parts: Vec<&str> = stem.split('-').collect();
    let [kind, sender, receiver, serial] = parts.as_slice() else {
        return false;
    };
    FileKind::parse(kind).is_some()
        && PartyId::parse(sender).is_some()
        && PartyId::parse(receiver).is_some()
        && serial.len() <= 8
        && serial.bytes().all(|b| b.is_ascii_digit())
}

/// 32 hex digits of a digest: enough that no two files of a site share it.
pub(in crate::run::pass) fn short(digest: &[u8; 32]) -> String {
    digest::to_hex(digest).chars().take(32).collect()
}
