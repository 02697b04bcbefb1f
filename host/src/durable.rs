//! The only code that publishes a file: temporary in the same directory → write → fsync → rename → fsync of the
//! directory. Whoever sees a published file sees all of it, whenever the process or the power went away.
//!
//! Invariants:
//! * a failed fsync is never tried again: what the kernel kept of the pages is unknown, so the whole operation fails;
//! * files get mode 0644 (secrets 0600) and directories 0755, whatever the umask, so that a data root can be checked;
//! * leftovers of a killed process are recognisable: `.NAME.tmp-PID-N` for files, `.staging-PID-N` for directories;
//! * a staging directory is locked while its owner lives, so [`sweep`] never takes one that is in use.

#![expect(clippy::disallowed_methods, reason = "this is what the others are sent to")]

use fs_err::os::unix::fs::OpenOptionsExt;
use std::collections::BTreeSet;
use std::fs::{Permissions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs_err::File;
use rustix::fs::OFlags;
use rustix::io::Errno;

pub use growing::GrowingFile;
pub use history::History;
pub use line_log::LineLog;
pub(crate) use line_log::lock_within;

/// What the name of a staging directory starts with.
const STAGING_PREFIX: &str = ".staging-";

/// What follows the published name in that of a temporary file.
const TEMPORARY_MARK: &str = ".tmp-";

/// Bytes of the published name that a temporary name repeats, so that it stays shorter than any file system's limit.
const REPEATED_NAME: usize = 64;

/// How often a free name is looked for before giving up.
const ATTEMPTS: u32 = 1000;

/// Publishes `bytes` as `path`, replacing what is there. Durable when it returns.
///
/// # Errors
/// Any failure of a system call; it names the path. `path` then holds its old content or the new one, never a mix.
pub fn publish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = Temporary::write(path, bytes)?;
    uninterrupted(|| fs_err::rename(&temporary.path, path))?;
    temporary.done();
    sync_directory(parent_of(path)?)
}

/// Publishes `bytes` as `path` for readers that must not see half of it, but that can live without it after a power
/// cut: logs and summaries of what is durable elsewhere.
///
/// # Errors
/// Any failure of a system call; it names the path.
pub fn publish_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = Temporary::write_unsynced(path, bytes)?;
    uninterrupted(|| fs_err::rename(&temporary.path, path))?;
    temporary.done();
    Ok(())
}

/// Publishes `bytes` as `path`, which must not exist. Durable when it returns.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if there is something at `path`; else any failure of a system call.
pub fn publish_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    link(Temporary::write(path, bytes)?, path)
}

/// The same for what only its owner may ever read: the file has mode 0600 before the first byte is in it.
///
/// # Errors
/// As [`publish_new`].
pub fn publish_new_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (temporary, file) = Temporary::create(path, bytes, 0o600)?;
    file.sync_all()?;
    link(temporary, path)
}

/// Gives a complete file its name, which must be free.
fn link(temporary: Temporary, path: &Path) -> io::Result<()> {
    match uninterrupted(|| fs_err::hard_link(&temporary.path, path)) {
        // The link is the publication. A temporary name that stays is an error, so that the caller comes back to it.
        Ok(()) => {
            remove(&temporary.path)?;
            temporary.done();
        }
        // Some file systems know no hard links; the callers of this function are alone under a lock.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) =>
        {
            if path.symlink_metadata().is_ok() {
                return Err(already_exists(path));
            }
            uninterrupted(|| fs_err::rename(&temporary.path, path))?;
            temporary.done();
        }
        Err(error) => return Err(error),
    }
    sync_directory(parent_of(path)?)
}

/// Appends `bytes` to the file at `path`, making it if need be. Durable when it returns.
///
/// # Errors
/// Any failure of a system call; it names the path. What was written of an incomplete line is taken back if possible.
pub fn append_line(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (mut file, created) = match new_file(path, true, 0o644) {
        Ok(file) => (file, true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            (File::options().append(true).open(path)?, false)
        }
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    if let Err(error) = file.write_all(bytes) {
        // The caller hears of the first failure; a line that stays torn is recognised by its missing end.
        drop(file.set_len(length));
        return Err(error);
    }
    file.sync_all()?;
    if created { sync_directory(parent_of(path)?) } else { Ok(()) }
}

/// Cuts the file at `path` to `length` bytes. Durable when it returns.
///
/// # Errors
/// Any failure of a system call; it names the path.
pub fn truncate(path: &Path, length: u64) -> io::Result<()> {
    let file = File::options().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}

/// Removes the file at `path`; no failure when it is not there. Not durable by itself: after a loss of power the file
/// may be there again, which every caller must be able to bear.
///
/// # Errors
/// Any other failure of a system call; it names the path.
pub fn remove(path: &Path) -> io::Result<()> {
    match uninterrupted(|| fs_err::remove_file(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Moves a file or directory within one file system. Durable when it returns.
///
/// # Errors
/// Any failure of a system call; it names both paths.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    uninterrupted(|| fs_err::rename(from, to))?;
    let (source, target) = (parent_of(from)?, parent_of(to)?);
    sync_directory(target)?;
    if source == target { Ok(()) } else { sync_directory(source) }
}

/// Opens a file to be read. What is no regular file is refused: whoever opens a pipe waits for somebody to write to it.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for something else than a file; else any failure of a system call. It names the path.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let message = format!("`{}` is no regular file", path.display());
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// Gives what is to be replaced a second name, under which it stays. Where there can be but one name, as for a directory,
/// it gets that one. Durable when it returns.
///
/// # Errors
/// Any failure of a system call; it names both paths.
pub fn keep_aside(path: &Path, place: &Path) -> io::Result<()> {
    match uninterrupted(|| fs_err::hard_link(path, place)) {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) =>
        {
            rename(path, place)
        }
        linked => linked.and_then(|()| sync_directory(parent_of(place)?)),
    }
}

/// Lets a file, a directory or a link disappear as a whole; a link is not followed. It is renamed into a staging
/// directory in `bin`, so that [`sweep`] takes away what a killed process left of it.
///
/// # Errors
/// Any failure of a system call; it names the path.
pub fn discard(path: &Path, bin: &Path) -> io::Result<()> {
    let bin = StagedDirectory::create(bin)?;
    // A name inside of it: nothing but a directory can be renamed onto a directory.
    rename(path, &bin.path.join("discarded"))
}

/// Makes the directory at `path` and those above it that are missing. What was made is durable when it returns.
///
/// # Errors
/// Any failure of a system call, also when something that is no directory has the name; it names the path.
pub fn create_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = parent_of(path)?;
    create_directories(parent)?;
    match uninterrupted(|| fs_err::create_dir(path)) {
        Ok(()) => fs_err::set_permissions(path, mode(0o755))?,
        // Another process was faster. It may not have come to the fsync yet, so it is done here as well.
        Err(_) if path.is_dir() => {}
        Err(error) => return Err(error),
    }
    sync_directory(parent)
}

/// Gives a file or directory a mode; a link is not followed. Durable when it returns.
///
/// # Errors
/// Any failure of a system call; it names the path.
pub fn set_mode(path: &Path, bits: u32) -> io::Result<()> {
    if path.symlink_metadata()?.is_symlink() {
        let message = format!("`{}` is a link", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    fs_err::set_permissions(path, mode(bits))?;
    File::open(path)?.sync_all()
}

/// Makes the entries of a directory durable.
///
/// # Errors
/// Any failure of a system call; it names the path.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A directory that is filled under a private name and then appears at its place as a whole. Dropping it removes it.
#[derive(Debug)]
pub struct StagedDirectory {
    path: PathBuf,
    committed: bool,
    /// Holds the lock that tells [`sweep`] that the owner lives.
    lock: File,
}

impl StagedDirectory {
    /// Makes an empty one in `parent`, which must exist and be on the file system of the later target.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn create(parent: &Path) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let path = parent.join(format!("{STAGING_PREFIX}{}", unique()));
            match uninterrupted(|| fs_err::create_dir(&path)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
            // A sweep may come between the two calls and take the directory away: then another one is made.
            let lock = match File::open(&path) {
                Ok(lock) => lock,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            match uninterrupted(|| lock.lock()) {
                // Where directories cannot be locked, `sweep` cannot lock them either and leaves them alone.
                Err(error) if error.kind() != io::ErrorKind::Unsupported => return Err(error),
                _ => {}
            }
            if path.is_dir() {
                fs_err::set_permissions(&path, mode(0o755))?;
                staged().insert(path.clone());
                return Ok(Self { path, committed: false, lock });
            }
        }
        Err(io::Error::other(format!("cannot find a free name in `{}`", parent.display())))
    }

    /// Where it is until it is committed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file into it. Its bytes are durable when this returns.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if `name` is not the plain name of a file; else any failure of a system call.
    pub fn write(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        let mut file = self.create_file(name)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()
    }

    /// Makes a file in it for whoever writes piece by piece, and calls `sync_all` at the end.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn create_file(&self, name: &str) -> io::Result<File> {
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
            let message = format!("`{}` is not the name of a file", name.escape_debug());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        new_file(&self.path.join(name), false, 0o644)
    }

    /// Lets it appear at `target`, where there must be nothing (or an empty directory). Durable when it returns.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path. Unless the very last fsync failed, nothing is at `target`.
    pub fn commit(mut self, target: &Path) -> io::Result<()> {
        self.lock.sync_all()?;
        uninterrupted(|| fs_err::rename(&self.path, target))?;
        self.committed = true;
        sync_directory(parent_of(target)?)?;
        sync_directory(parent_of(&self.path)?)
    }

    /// Lets it appear in place of whatever is at `target`, which is removed; a link is not followed. Durable when it
    /// returns. Where the file system can exchange two names there is always one of both at `target`.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn replace(self, target: &Path) -> io::Result<()> {
        self.lock.sync_all()?;
        match uninterrupted(|| exchange(&self.path, target)) {
            // What was there has the private name now, so dropping this removes it.
            Ok(()) => {
                sync_directory(parent_of(target)?)?;
                sync_directory(parent_of(&self.path)?)
            }
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                discard(target, parent_of(&self.path)?)?;
                self.commit(target)
            }
            Err(error) => Err(error),
        }
    }
}

/// Gives two files or directories each other's name in one step. An error names both.
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};

    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(|errno| {
        let error = io::Error::from(errno);
        let message = format!("cannot exchange `{}` and `{}`: {error}", one.display(), other.display());
        // What a file system says that cannot do it.
        let unsupported = matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP);
        io::Error::new(if unsupported { io::ErrorKind::Unsupported } else { error.kind() }, message)
    })
}

impl Drop for StagedDirectory {
    fn drop(&mut self) {
        staged().remove(&self.path);
        if !self.committed {
            // What cannot be removed now is swept by the next writer.
            drop(remove_tree(&self.path));
        }
    }
}

/// The staging directories of this process.
fn staged() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    static STAGED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    STAGED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the staging directories of this process, which ends in the middle of its work: other threads may write to
/// them. What one of them publishes at this moment is there as a whole, or not at all.
pub(crate) fn abandon_staged() {
    for path in &*staged() {
        let Ok(parent) = parent_of(path) else { continue };
        // Under another name nobody can publish what is half removed.
        let doomed = parent.join(format!("{STAGING_PREFIX}{}", unique()));
        if fs_err::rename(path, &doomed).is_ok() {
            // What cannot be removed now is swept by the next writer.
            drop(remove_tree(&doomed));
        }
    }
}

/// Whether a file name is one that only an unfinished publication leaves.
#[must_use]
pub fn is_leftover(name: &str) -> bool {
    name.starts_with(STAGING_PREFIX) || (name.starts_with('.') && name.contains(TEMPORARY_MARK))
}

/// Removes leftovers of dead processes from `directory` (not from those below it) and says how many it removed. A
/// directory that does not exist has none. The caller holds the lock under which files are published here.
///
/// # Errors
/// The directory cannot be read, or a leftover cannot be removed.
pub fn sweep(directory: &Path) -> io::Result<usize> {
    let entries = match fs_err::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut swept = 0;
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(is_leftover) {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            let lock = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                lock => lock?,
            };
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => continue,
            }
            match remove_tree(&path) {
                // Renamed or removed by its owner between the listing and the lock.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                result => result?,
            }
        } else {
            remove(&path)?;
        }
        swept += 1;
    }
    Ok(swept)
}

/// Removes a directory with everything in it, also where its owner may not write. Links are not followed.
fn remove_tree(path: &Path) -> io::Result<()> {
    match fs_err::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
        result => return result,
    }
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        fs_err::set_permissions(&folder, mode(0o700))?;
        for entry in fs_err::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            }
        }
    }
    fs_err::remove_dir_all(path)
}

/// Removes what dead processes left of publications of `path`, in a folder where others may have such files of their
/// own. The caller holds the lock under which `path` is published.
///
/// # Errors
/// The folder cannot be read, or a leftover cannot be removed.
pub fn sweep_file(path: &Path) -> io::Result<()> {
    let prefix = temporary_prefix(path);
    for entry in fs_err::read_dir(parent_of(path)?)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// What the names of temporary files for `target` start with.
fn temporary_prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let kept = name.char_indices().map(|(start, character)| start + character.len_utf8());
    let end = kept.take_while(|end| *end <= REPEATED_NAME).last().unwrap_or(0);
    format!(".{}{TEMPORARY_MARK}", name.get(..end).unwrap_or_default())
}

/// A complete, durable file under a temporary name; dropping it removes it.
struct Temporary {
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    fn write(target: &Path, bytes: &[u8]) -> io::Result<Self> {
        let (temporary, file) = Self::create(target, bytes, 0o644)?;
        file.sync_all()?;
        Ok(temporary)
    }

    fn write_unsynced(target: &Path, bytes: &[u8]) -> io::Result<Self> {
        Ok(Self::create(target, bytes, 0o644)?.0)
    }

    fn create(target: &Path, bytes: &[u8], permissions: u32) -> io::Result<(Self, File)> {
        let directory = parent_of(target)?;
        let prefix = temporary_prefix(target);
        for _ in 0..ATTEMPTS {
            let path = directory.join(format!("{prefix}{}", unique()));
            let mut file = match new_file(&path, false, permissions) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let temporary = Self { path, renamed: false };
            file.write_all(bytes)?;
            return Ok((temporary, file));
        }
        Err(already_exists(target))
    }

    fn done(mut self) {
        self.renamed = true;
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // What cannot be removed now is swept by the next writer.
            drop(uninterrupted(|| fs_err::remove_file(&self.path)));
        }
    }
}

/// Makes a file that is not there yet.
fn new_file(path: &Path, append: bool, permissions: u32) -> io::Result<File> {
    let mut options = File::options();
    if append {
        options.append(true)
    } else {
        options.write(true)
    };
    let file = options.create_new(true).mode(permissions).open(path)?;
    // The umask took something away.
    file.set_permissions(mode(permissions))?;
    Ok(file)
}

fn mode(bits: u32) -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}

fn already_exists(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("`{}` exists", path.display()))
}

/// The directory a path lies in; for a bare name the current one.
fn parent_of(path: &Path) -> io::Result<&Path> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(parent) => Ok(parent),
        None => {
            let message = format!("`{}` has no parent directory", path.display());
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

/// Process id and a number no other thread of this process has.
fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Repeats a call that a signal interrupted before it did anything.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

mod growing;
mod history;
mod line_log;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tree;
