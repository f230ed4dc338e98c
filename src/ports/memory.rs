//! The plain in-memory disk for tests: every operation succeeds as on a healthy disk, nothing is lost. It causes no
//! faults of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, Facts, FileKind, FolderEntry, Lock, ReadAt, WriteNew};

type Content = Arc<Mutex<Vec<u8>>>;

#[derive(Debug, Clone)]
enum Node {
    Folder,
    Plain { content: Content, inode: u64 },
}

#[derive(Debug, Default)]
struct State {
    nodes: BTreeMap<PathBuf, Node>,
    locks: BTreeSet<PathBuf>,
    next_inode: u64,
}

/// A file system in memory. Clones share one content. The folders `/` and `` (the working folder) exist from the start.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts bytes at a path, replacing what is there, as an intruder with an editor would.
    ///
    /// # Errors
    /// `NotFound` where the folder does not exist.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if self.exists(path)? {
            self.remove(path)?;
        }
        self.create(path)?.write_all(bytes)
    }

    /// Paths of all plain files, sorted.
    pub fn files(&self) -> Vec<PathBuf> {
        let plain = |(path, node): (&PathBuf, &Node)| matches!(node, Node::Plain { .. }).then(|| path.clone());
        held(&self.state).nodes.iter().filter_map(plain).collect()
    }

    /// A second disk with the same content, independent from now on.
    #[must_use]
    pub fn copy(&self) -> Self {
        let state = held(&self.state);
        let nodes = state.nodes.iter().map(|(path, node)| {
            let node = match node {
                Node::Folder => Node::Folder,
                Node::Plain { content, inode } => Node::Plain {
                    content: Arc::new(Mutex::new(held(content).clone())),
                    inode: *inode,
                },
            };
            (path.clone(), node)
        });
        let copied = State {
            nodes: nodes.collect(),
            locks: BTreeSet::new(),
            next_inode: state.next_inode,
        };
        Self {
            state: Arc::new(Mutex::new(copied)),
        }
    }
}

// A panic in one test thread must not hide what another one finds.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fault<T>(kind: io::ErrorKind) -> io::Result<T> {
    Err(kind.into())
}

impl State {
    fn folder(&self, path: &Path) -> io::Result<()> {
        if path == Path::new("") || path == Path::new("/") {
            return Ok(());
        }
        match self.nodes.get(path) {
            Some(Node::Folder) => Ok(()),
            Some(Node::Plain { .. }) => fault(io::ErrorKind::NotADirectory),
            None => fault(io::ErrorKind::NotFound),
        }
    }

    fn parent(&self, path: &Path) -> io::Result<()> {
        path.parent()
            .map_or_else(|| fault(io::ErrorKind::InvalidInput), |folder| self.folder(folder))
    }

    fn plain(&self, path: &Path) -> io::Result<(Content, u64)> {
        match self.nodes.get(path) {
            Some(Node::Plain { content, inode }) => Ok((Arc::clone(content), *inode)),
            Some(Node::Folder) => fault(io::ErrorKind::InvalidInput),
            None => fault(io::ErrorKind::NotFound),
        }
    }

    fn create(&mut self, path: &Path) -> io::Result<Content> {
        self.parent(path)?;
        if self.nodes.contains_key(path) {
            return fault(io::ErrorKind::AlreadyExists);
        }
        self.next_inode += 1;
        let content = Content::default();
        let node = Node::Plain {
            content: Arc::clone(&content),
            inode: self.next_inode,
        };
        self.nodes.insert(path.to_owned(), node);
        Ok(content)
    }
}

struct Open {
    content: Content,
    inode: u64,
}

impl ReadAt for Open {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let content = held(&self.content);
        let part = usize::try_from(offset)
            .ok()
            .and_then(|start| content.get(start..start.checked_add(buf.len())?));
        match part {
            Some(part) => {
                buf.copy_from_slice(part);
                Ok(())
            }
            None => fault(io::ErrorKind::UnexpectedEof),
        }
    }

    fn facts(&self) -> io::Result<Facts> {
        Ok(plain_facts(held(&self.content).len(), self.inode))
    }
}

struct New(Content);

impl WriteNew for New {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        held(&self.0).extend_from_slice(bytes);
        Ok(())
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut content = held(&self.0);
        let place = usize::try_from(offset)
            .ok()
            .and_then(|start| content.get_mut(start..start.checked_add(bytes.len())?));
        match place {
            Some(place) => {
                place.copy_from_slice(bytes);
                Ok(())
            }
            None => fault(io::ErrorKind::InvalidInput),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Held {
    state: Arc<Mutex<State>>,
    path: PathBuf,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        held(&self.state).locks.remove(&self.path);
    }
}

fn plain_facts(len: usize, inode: u64) -> Facts {
    Facts {
        kind: FileKind::Plain,
        len_bytes: u64::try_from(len).unwrap_or(u64::MAX),
        modified_ns: 0,
        inode,
        links: 1,
        mode: 0o600,
    }
}

impl Disk for MemoryDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        let (content, inode) = held(&self.state).plain(path)?;
        Ok(Box::new(Open { content, inode }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        Ok(Box::new(New(held(&self.state).create(path)?)))
    }

    /// Renames a plain file, or a folder with everything in it where nothing stands at the target.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        state.parent(to)?;
        match (state.nodes.get(from).cloned(), state.nodes.get(to)) {
            (None, _) => fault(io::ErrorKind::NotFound),
            (Some(Node::Plain { .. }), Some(Node::Folder)) => fault(io::ErrorKind::IsADirectory),
            (Some(Node::Folder), Some(_)) => fault(io::ErrorKind::AlreadyExists),
            (Some(node @ Node::Plain { .. }), _) => {
                state.nodes.remove(from);
                state.nodes.insert(to.to_owned(), node);
                Ok(())
            }
            (Some(Node::Folder), None) => {
                let inside: Vec<PathBuf> = state
                    .nodes
                    .keys()
                    .filter(|path| path.starts_with(from))
                    .cloned()
                    .collect();
                for path in inside {
                    if let (Some(node), Ok(rest)) = (state.nodes.remove(&path), path.strip_prefix(from)) {
                        // `to.join("")` would end in a slash.
                        let target = if rest == Path::new("") {
                            to.to_owned()
                        } else {
                            to.join(rest)
                        };
                        state.nodes.insert(target, node);
                    }
                }
                Ok(())
            }
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        state.plain(path)?;
        state.nodes.remove(path);
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        state.folder(path)?;
        if state.nodes.keys().any(|other| other.parent() == Some(path)) {
            return fault(io::ErrorKind::DirectoryNotEmpty);
        }
        state.nodes.remove(path);
        Ok(())
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        if state.folder(path).is_ok() {
            return Ok(());
        }
        state.parent(path)?;
        if state.nodes.contains_key(path) {
            return fault(io::ErrorKind::AlreadyExists);
        }
        state.nodes.insert(path.to_owned(), Node::Folder);
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        held(&self.state).folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        let state = held(&self.state);
        state.folder(path)?;
        let inside = state.nodes.keys().filter(|other| other.parent() == Some(path));
        let mut names: Vec<String> = inside
            .filter_map(|other| Some(other.file_name()?.to_string_lossy().into_owned()))
            .collect();
        names.sort();
        Ok(names
            .into_iter()
            .map(|name| FolderEntry { name, readable: true })
            .collect())
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        let state = held(&self.state);
        if state.folder(path).is_ok() {
            return Ok(Facts {
                kind: FileKind::Folder,
                len_bytes: 0,
                modified_ns: 0,
                inode: 0,
                links: 1,
                mode: 0o700,
            });
        }
        let (content, inode) = state.plain(path)?;
        let len = held(&content).len();
        Ok(plain_facts(len, inode))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let mut state = held(&self.state);
        if !state.nodes.contains_key(path) {
            state.create(path)?;
        }
        state.plain(path)?;
        if !state.locks.insert(path.to_owned()) {
            return fault(io::ErrorKind::WouldBlock);
        }
        Ok(Box::new(Held {
            state: Arc::clone(&self.state),
            path: path.to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(path: &str) -> &Path {
        Path::new(path)
    }

    #[test]
    fn behaves_as_a_disk() {
        let disk = MemoryDisk::new();
        assert_eq!(disk.create(p("/a/b")).err().unwrap().kind(), io::ErrorKind::NotFound);
        disk.create_folder(p("/a")).unwrap();
        disk.create_folder(p("/a")).unwrap();
        disk.create(p("/a/b")).unwrap().write_all(b"hello").unwrap();
        assert_eq!(
            disk.create(p("/a/b")).err().unwrap().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(
            disk.create_folder(p("/a/b")).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        let open = disk.open(p("/a/b")).unwrap();
        disk.put(p("/a/c"), b"other").unwrap();
        disk.rename(p("/a/c"), p("/a/b")).unwrap();
        let mut buf = [0; 2];
        open.read_exact_at(&mut buf, 3).unwrap();
        assert_eq!(&buf, b"lo");
        assert_eq!(
            open.read_exact_at(&mut buf, 4).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        assert_eq!(disk.read(p("/a/b"), 5).unwrap(), b"other");
        assert_eq!(disk.read(p("/a/b"), 4).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let other = disk.copy();
        other.put(p("/a/b"), b"new").unwrap();
        assert_eq!(disk.read(p("/a/b"), 5).unwrap(), b"other");
        assert_eq!(disk.files(), [p("/a/b")]);
        disk.rename(p("/a"), p("/z")).unwrap();
        assert_eq!(disk.read(p("/z/b"), 5).unwrap(), b"other");
        assert!(!disk.exists(p("/a")).unwrap());
        assert_eq!(
            disk.remove_folder(p("/z")).unwrap_err().kind(),
            io::ErrorKind::DirectoryNotEmpty
        );
        assert_eq!(disk.list(p("/z")).unwrap()[0].name, "b");
        disk.remove(p("/z/b")).unwrap();
        disk.remove_folder(p("/z")).unwrap();
        assert!(disk.sync_folder(p("/z")).is_err());
        let lock = disk.lock(p("/lock")).unwrap();
        assert_eq!(disk.lock(p("/lock")).err().unwrap().kind(), io::ErrorKind::WouldBlock);
        drop(lock);
        assert!(disk.lock(p("/lock")).is_ok());
    }
}
