//! Opens a file only if nobody else could have put it there: owner and mode of the file and of every directory above it.
//!
//! Invariant: what was checked is what is open. Each component is opened relative to the one before, without following
//! links, and looked at through its descriptor.
//!
//! The directory of the path is resolved first, because the links in what somebody typed are their own; from then on a
//! link is an error, and so is anything that was put in place of a directory since.

use std::ffi::OsStr;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use crate::error::{Error, Kind, Result};

/// Only looked at, never read: a directory may be passable without being readable.
#[cfg(target_os = "linux")]
const ONLY_A_PLACE: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const ONLY_A_PLACE: OFlags = OFlags::RDONLY;

/// Opens a regular file that only root, this user or the owner of the host's program can have put there.
///
/// # Errors
/// [`Kind::Untrusted`] naming the component, its owner or mode, and the command that mends it; [`Kind::BadInput`] when
/// there is no such file or it cannot be read.
pub fn open(path: &Path) -> Result<File> {
    open_if_there(path)?.ok_or_else(|| unreadable(path, Errno::NOENT))
}

/// The same; nothing when there is no file of that name.
///
/// # Errors
/// As [`open`].
pub fn open_if_there(path: &Path) -> Result<Option<File>> {
    let Some(name) = path.file_name() else {
        return Err(Error::new(Kind::BadInput, format!("`{}` does not name a file", path.display())));
    };
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let directory = match fs_err::canonicalize(parent) {
        Ok(directory) => directory,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    if !directory.is_dir() {
        return Err(unreadable(path, Errno::NOTDIR));
    }
    let folder = walk(path, &directory)?;
    match file(path, &folder, name, &directory.join(name)) {
        Err(error) if error.kind == Kind::BadInput && gone(&folder, name) => Ok(None),
        result => result.map(Some),
    }
}

/// Reads a whole file that [`open`] opens.
///
/// # Errors
/// As [`open`]; [`Kind::Limit`] when it has more bytes than that.
pub fn read(path: &Path, limit_bytes: u64) -> Result<Vec<u8>> {
    bytes(path, open(path)?, limit_bytes)
}

/// Reads a whole file that [`open_if_there`] opens, as text.
///
/// # Errors
/// As [`read`]; [`Kind::BadConfig`] when it is not UTF-8.
pub fn read_text_if_there(path: &Path, limit_bytes: u64) -> Result<Option<String>> {
    let Some(file) = open_if_there(path)? else { return Ok(None) };
    let text = String::from_utf8(bytes(path, file, limit_bytes)?);
    text.map(Some).map_err(|error| {
        Error::new(Kind::BadConfig, format!("`{}` is not text", path.display()))
            .cause(error.to_string())
            .hint("take the file back from a backup, or remove it")
    })
}

fn bytes(path: &Path, file: File, limit_bytes: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = file.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes);
    let read = read.map_err(|error| unreadable(path, error))?;
    if u64::try_from(read).is_ok_and(|read| read <= limit_bytes) {
        return Ok(bytes);
    }
    Err(Error::new(Kind::Limit, format!("`{}` is too large", path.display()))
        .cause(format!("it has more than {}", crate::text::bytes(limit_bytes)))
        .hint("no such file of an honest author is as large as that; remove it"))
}

/// Goes from the root to a directory without links, and opens each one on the way.
fn walk(path: &Path, directory: &Path) -> Result<OwnedFd> {
    let flags = ONLY_A_PLACE | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut shown = PathBuf::from("/");
    let mut at =
        openat(rustix::fs::CWD, "/", flags, Mode::empty()).map_err(|error| unreadable(path, error))?;
    check(path, &shown, &at)?;
    for component in directory.components() {
        let Component::Normal(name) = component else { continue };
        shown.push(name);
        at = openat(&at, name, flags, Mode::empty()).map_err(|error| match error {
            // It was a directory a moment ago.
            Errno::LOOP | Errno::NOTDIR => {
                refusal(path, format!("`{}` is no directory any more", shown.display()))
                    .hint("somebody is changing this path; find out who before you try again")
            }
            error => unreadable(path, error),
        })?;
        check(path, &shown, &at)?;
    }
    Ok(at)
}

/// Opens the file itself. Its kind is asked first, since opening a device may do something.
fn file(path: &Path, folder: &OwnedFd, name: &OsStr, shown: &Path) -> Result<File> {
    let before = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| unreadable(path, error))?;
    demand_regular(path, shown, &before)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = openat(folder, name, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP => linked(path, shown),
        error => unreadable(path, error),
    })?;
    let stat = check(path, shown, &opened)?;
    demand_regular(path, shown, &stat)?;
    Ok(File::from(opened))
}

fn gone(folder: &OwnedFd, name: &OsStr) -> bool {
    matches!(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT))
}

/// Who may change what is open.
fn check(path: &Path, shown: &Path, opened: &OwnedFd) -> Result<Stat> {
    let stat = fstat(opened).map_err(|error| unreadable(path, error))?;
    match objection(&stat) {
        None => Ok(stat),
        Some(Objection::Owner) => {
            let mut trusted = format!("root, you (uid {})", rustix::process::geteuid().as_raw());
            if let Some(owner) = program_owner().filter(|owner| ![0, own_uid()].contains(owner)) {
                let _ = write!(trusted, ", the owner of `host` (uid {owner})");
            }
            let what = if is_directory(&stat) { "the folder" } else { "the file" };
            let cause =
                format!("{what} `{}` belongs to uid {}; trusted are {trusted}", shown.display(), stat.st_uid);
            let command = format!("chown {} {}", own_uid(), quoted(shown));
            Err(refusal(path, cause).hint(format!(
                "if you know what is in it, run `{command}`, or copy it to a folder of your own"
            )))
        }
        Some(Objection::Writers(who)) => {
            let what = if is_directory(&stat) { "the folder" } else { "the file" };
            let cause = format!(
                "{who} may write {what} `{}`: mode {:04o}, owner uid {}",
                shown.display(),
                mode(&stat).bits(),
                stat.st_uid
            );
            let command = format!("chmod go-w {}", quoted(shown));
            Err(refusal(path, cause).hint(format!("if nobody has changed anything yet, run `{command}`")))
        }
    }
}

/// Why an owner and a mode are not good enough.
#[derive(Debug, PartialEq, Eq)]
enum Objection {
    Owner,
    Writers(&'static str),
}

fn objection(stat: &Stat) -> Option<Objection> {
    if ![0, own_uid()].contains(&stat.st_uid) && program_owner() != Some(stat.st_uid) {
        return Some(Objection::Owner);
    }
    // What lies in a sticky directory must have a trusted owner like everything else, and then only that one can
    // remove or rename it.
    if is_directory(stat) && mode(stat).contains(Mode::SVTX) {
        return None;
    }
    if mode(stat).contains(Mode::WOTH) {
        return Some(Objection::Writers("everybody"));
    }
    (mode(stat).contains(Mode::WGRP) && !of_own_group(stat)).then_some(Objection::Writers("its group"))
}

fn mode(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode)
}

/// Many systems give each user a group of their own with the user's number, and let it write by default.
fn of_own_group(stat: &Stat) -> bool {
    let own = own_uid();
    own != 0 && stat.st_uid == own && stat.st_gid == own
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whoever owns the host's program decides anyway what it does.
fn program_owner() -> Option<u32> {
    static OWNER: OnceLock<Option<u32>> = OnceLock::new();
    *OWNER.get_or_init(|| Some(std::env::current_exe().ok()?.metadata().ok()?.uid()))
}

fn is_directory(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode).is_dir()
}

fn demand_regular(path: &Path, shown: &Path, stat: &Stat) -> Result<()> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => return Err(linked(path, shown)),
        FileType::Directory => "a directory",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "something unknown",
    };
    Err(refusal(path, format!("`{}` is {kind} where a regular file is expected", shown.display()))
        .hint(format!("find out who put it there; to see it, run `ls -ld {}`", quoted(shown))))
}

fn linked(path: &Path, shown: &Path) -> Error {
    let place = quoted(shown);
    refusal(path, format!("`{}` is a symbolic link, and none is followed here", shown.display())).hint(
        format!("put the file itself there: `cp --remove-destination \"$(readlink -f {place})\" {place}`"),
    )
}

fn refusal(path: &Path, cause: String) -> Error {
    Error::new(Kind::Untrusted, format!("`{}` is not safe to use", path.display())).cause(cause)
}

fn unreadable(path: &Path, error: impl Into<std::io::Error>) -> Error {
    Error::new(Kind::BadInput, format!("cannot read `{}`", path.display()))
        .cause(error.into().to_string())
        .hint(format!("to see it, run `ls -ld {}`", quoted(path)))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._+-=:@%".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
