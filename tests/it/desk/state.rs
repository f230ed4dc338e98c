//! What a site holds, in a form in which two sites can be compared: content instead of ciphertext, acts instead of times.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use sekisho::format::leaf::Leaf;
use sekisho::ports::{Disk, FileKind};
use sekisho::run::at_rest::context_of;
use sekisho::run::site::Site;
use sekisho::seal::atrest::open_at_rest;
use sekisho::seal::digest::{sha256, to_hex};
use sekisho::seal::keys::PartySecrets;
use sekisho::seal::package::open_package;

/// No file of the tests is larger.
const MOST: u64 = 64 << 20;

/// One site. Every field is text, so that a difference can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Generation, counts and logical roots.
    pub(crate) master: String,
    /// Serials and register heads of the exchange.
    pub(crate) exchange: String,
    /// Held files.
    pub(crate) held: Vec<String>,
    /// Notices without acknowledgement.
    pub(crate) notices: Vec<String>,
    /// Outgoing packages by path: digest of the plain bytes. Each has its proof beside it.
    pub(crate) outgoing: BTreeMap<String, String>,
    /// Archived files by id: name and digest of the bytes as they came.
    pub(crate) archive: BTreeMap<String, String>,
    /// Spool files, likewise.
    pub(crate) spool: BTreeMap<String, String>,
    /// Stored answers by id: digest of the plain bytes.
    pub(crate) answers: BTreeMap<String, String>,
    /// What lies in the inbound folders.
    pub(crate) inbox: Vec<String>,
    /// What lies in the staging folder.
    pub(crate) staging: Vec<String>,
    /// Acts of the ledger with their outcome, reason, file and counts: how often each.
    pub(crate) acts: BTreeMap<String, u32>,
}

impl State {
    /// Reads everything, and opens every package with its receiver's keys and every file at rest with the site's.
    pub(crate) fn of<N: AsRef<str> + Ord>(site: &Site<'_>, parties: &BTreeMap<N, PartySecrets>) -> Self {
        let disk = site.tools.disk;
        let root = site.folders.root();
        let state = site.exchange();
        let mut acts = BTreeMap::new();
        for leaf in leaves(site) {
            *acts.entry(shown(&leaf)).or_insert(0) += 1;
        }
        let below = |folder: &str| -> Vec<String> { paths_below(disk, root, folder) };
        let rest = |folder: &str| -> BTreeMap<String, String> {
            let paths = below(folder).into_iter();
            paths.map(|path| (path.clone(), at_rest(site, &path))).collect()
        };
        let manifest = site.master.manifest();
        Self {
            master: manifest.map_or_else(String::new, |manifest| {
                format!(
                    "commit {} generation {} {:?} roots {} {}",
                    manifest.commit,
                    manifest.generation,
                    manifest.counts,
                    to_hex(&manifest.roots.current.0),
                    to_hex(&manifest.roots.history.0)
                )
            }),
            exchange: format!(
                "{:?} {:?} {:?} {}",
                state.inbound, state.outbound, state.registers, state.newest_business_date
            ),
            held: state.held.iter().map(|held| format!("{held:?}")).collect(),
            notices: state.unacknowledged.iter().map(|open| format!("{open:?}")).collect(),
            outgoing: outgoing(site, parties),
            archive: rest("archive"),
            spool: rest("spool"),
            answers: rest("answers"),
            inbox: below("in"),
            staging: below("staging"),
            acts,
        }
    }

    /// Asserts that two sites hold the same, part by part so that a failure can be read.
    pub(crate) fn assert_same(&self, other: &Self, what: &str) {
        assert_eq!(self.master, other.master, "{what}: master");
        assert_eq!(self.exchange, other.exchange, "{what}: exchange");
        assert_eq!(self.held, other.held, "{what}: held");
        assert_eq!(self.notices, other.notices, "{what}: notices");
        assert_eq!(self.outgoing, other.outgoing, "{what}: outgoing");
        assert_eq!(self.archive, other.archive, "{what}: archive");
        assert_eq!(self.spool, other.spool, "{what}: spool");
        assert_eq!(self.answers, other.answers, "{what}: answers");
        assert_eq!(self.inbox, other.inbox, "{what}: inbox");
        assert_eq!(self.staging, other.staging, "{what}: staging");
        assert_eq!(self.acts, other.acts, "{what}: acts");
    }
}

/// Leaves of the newest log.
pub(crate) fn leaves(site: &Site<'_>) -> Vec<Leaf> {
    let entries = site.ledger.entries(0..site.ledger.tip().size).unwrap();
    entries.iter().map(|entry| Leaf::parse(entry).unwrap()).collect()
}

/// A leaf without what is another on every run: times, salts, hashes of sealed bytes.
pub(crate) fn shown(leaf: &Leaf) -> String {
    let mut text = leaf.act.as_str().to_owned();
    if let Some(file) = &leaf.file {
        write!(text, " {}", file.name.as_str()).unwrap();
    }
    if let Some(outcome) = leaf.outcome {
        write!(text, " {}", outcome.as_str()).unwrap();
    }
    if let Some(reason) = &leaf.reason {
        write!(text, " {}", reason.as_str()).unwrap();
    }
    for (name, count) in &leaf.counts {
        write!(text, " {}={count}", name.as_str()).unwrap();
    }
    if let Some(generation) = leaf.generation_after {
        write!(text, " generation {}", generation.number).unwrap();
    }
    text
}

/// Plain files below a folder of the site, as paths relative to the site.
pub(crate) fn paths_below(disk: &dyn Disk, root: &Path, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in disk.list(&root.join(folder)).unwrap() {
        let relative = format!("{folder}/{}", entry.name);
        match disk.facts(&root.join(&relative)).unwrap().kind {
            FileKind::Folder => found.extend(paths_below(disk, root, &relative)),
            FileKind::Plain | FileKind::Other => found.push(relative),
        }
    }
    found
}

/// Content of a file at rest: for inbound files the name with which they came, and the digest of their bytes.
fn at_rest(site: &Site<'_>, path: &str) -> String {
    let (name, content) = opened(site, path);
    format!("{name} {} {}", content.len(), to_hex(&sha256(&content)))
}

/// The name (of an inbound file) and the bytes of a file at rest.
pub(crate) fn opened(site: &Site<'_>, path: &str) -> (String, Vec<u8>) {
    let sealed = site.tools.disk.read(&site.folders.at(path), MOST).unwrap();
    let context = context_of(Path::new(path)).unwrap();
    let mut content = open_at_rest(&site.secrets.site_key, &context, &sealed, MOST).unwrap();
    if path.starts_with("answers/") {
        return (String::new(), content);
    }
    // docs/formats/at-rest.md: two bytes length of the name, the name, the bytes.
    let len = usize::from(u16::from_be_bytes([content[0], content[1]]));
    let name = String::from_utf8(content[2..2 + len].to_vec()).unwrap();
    content.drain(..2 + len);
    (name, content)
}

/// Outgoing packages, opened with the keys of those who get them; the proof beside each is of the same package.
fn outgoing<N: AsRef<str> + Ord>(site: &Site<'_>, parties: &BTreeMap<N, PartySecrets>) -> BTreeMap<String, String> {
    let disk = site.tools.disk;
    let mut plain = BTreeMap::new();
    let paths = paths_below(disk, site.folders.root(), "out");
    for path in &paths {
        if let Some(of) = path.strip_suffix(".tlog-proof") {
            assert!(
                paths.iter().any(|path| path == of),
                "a proof without its package: {path}"
            );
            continue;
        }
        assert!(paths.contains(&format!("{path}.tlog-proof")), "no proof of {path}");
        let bytes = disk.read(&site.folders.at(path), MOST).unwrap();
        plain.insert(path.clone(), to_hex(&sha256(&open(site, parties, path, &bytes))));
    }
    plain
}

/// The plain bytes of an outgoing package, by its path `out/PARTY/NAME`.
pub(crate) fn open<N: AsRef<str> + Ord>(
    site: &Site<'_>,
    parties: &BTreeMap<N, PartySecrets>,
    path: &str,
    bytes: &[u8],
) -> Vec<u8> {
    let receiver = path.split('/').nth(1).unwrap();
    let keys = parties.iter().find(|(id, _)| id.as_ref() == receiver);
    let keys = keys.unwrap_or_else(|| panic!("{path}: no keys")).1.recipient_keys();
    let pinned = [site.secrets.package_signer.verifier()];
    open_package(bytes, &keys, &pinned)
        .unwrap_or_else(|e| panic!("{path}: {e}"))
        .plaintext
}
