//! Errors of the rooms below as faults with words, exit class and advice. The one place where they meet.

use std::fmt;
use std::io;
use std::path::Path;

use crate::domain::fault::{Fault, FaultId};

/// A failure of the disk at a path.
pub fn disk(path: &Path) -> impl Fn(io::Error) -> Fault {
    let path = path.display().to_string();
    move |why| {
        Fault::new(FaultId::DiskFailed)
            .with("path", &path)
            .with("why", io_words(&why))
    }
}

/// A file that a command was told to read and cannot.
pub fn unreadable(path: &Path) -> impl Fn(io::Error) -> Fault {
    let path = path.display().to_string();
    move |why| {
        Fault::new(FaultId::FileUnreadable)
            .with("path", &path)
            .with("why", io_words(&why))
    }
}

/// An object of the store that is not what was written.
pub fn damaged<E: fmt::Display>(object: impl fmt::Display) -> impl Fn(E) -> Fault {
    let object = object.to_string();
    move |why| {
        Fault::new(FaultId::StoreDamaged)
            .with("object", &object)
            .with("why", why)
    }
}

/// Something that cannot happen unless the program is wrong.
pub fn bug<E: fmt::Display>(why: E) -> Fault {
    Fault::new(FaultId::Bug).with("why", why)
}

/// The system's words for a failure, without paths.
fn io_words(why: &io::Error) -> String {
    match why.raw_os_error() {
        Some(number) => format!("{} (errno {number})", why.kind()),
        None => why.to_string(),
    }
}
