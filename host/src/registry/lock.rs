//! The one lock of a data root. Writers hold it alone, `check` shares it for a moment, readers need none because
//! nothing published ever changes. The kernel frees it when its owner dies; the file itself is never removed.

use std::fs::TryLockError;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use fs_err::File;

use super::root::DataRoot;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};

/// How long a writer waits for the others if nothing else is said.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(30);

/// How many bytes of the lock file are read to name its holder.
const LONGEST_HOLDER: u64 = 20;

/// A held lock; dropping it frees it.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until this process alone may write.
    pub(super) fn exclusive(root: &DataRoot, wait: Duration) -> Result<Self> {
        Self::on(&root.lock(), "the data root", wait)
    }

    /// The same for any folder with one writer at a time; `what` is locked by the file at `path`.
    pub(crate) fn on(path: &Path, what: &str, wait: Duration) -> Result<Self> {
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.storage(&format!("open the lock of {what}"))?;
        acquire(&file, what, wait, || file.try_lock())?;
        // Only for the message of whoever waits in vain; nothing depends on it.
        if let Err(error) = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())) {
            return Err(Error::storage(format!("cannot write the lock of {what}"), &error));
        }
        Ok(Self { _file: file })
    }

    /// The same for a file that lies among a user's own: its folder is locked, so that no lock file is left beside it.
    pub(crate) fn on_folder(folder: &Path, what: &str, wait: Duration) -> Result<Self> {
        let file = File::open(folder).storage(&format!("open the folder of {what}"))?;
        acquire(&file, what, wait, || match file.try_lock() {
            // Network file systems may lock no folders; there writers are as careful as one another.
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Interrupted => Ok(()),
            result => result,
        })?;
        Ok(Self { _file: file })
    }

    /// Waits until nobody has any folder's lock alone. Several may share it.
    pub(crate) fn shared_on(path: &Path, what: &str, wait: Duration) -> Result<Self> {
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.storage(&format!("open the lock of {what}"))?;
        acquire(&file, what, wait, || file.try_lock_shared())?;
        // Whoever waits must not be told of one who is long gone.
        file.set_len(0).storage(&format!("write the lock of {what}"))?;
        Ok(Self { _file: file })
    }

    /// Waits until nobody writes; nothing if the data root has never been written to or may not be.
    pub(super) fn shared(root: &DataRoot, wait: Duration) -> Result<Option<Self>> {
        let file = match File::open(root.lock()) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) =>
            {
                return Ok(None);
            }
            file => file.storage("open the lock of the data root")?,
        };
        acquire(&file, "the data root", wait, || file.try_lock_shared())?;
        Ok(Some(Self { _file: file }))
    }
}

fn acquire(
    file: &File,
    what: &str,
    wait: Duration,
    attempt: impl Fn() -> Result<(), TryLockError>,
) -> Result<()> {
    match durable::lock_within(wait, attempt) {
        Ok(true) => Ok(()),
        Ok(false) => Err(locked(file, what, wait)),
        Err(error) => Err(Error::storage(format!("cannot lock {what}"), &error)
            .cause(format!("`{}`", file.path().display()))
            .hint(format!("put {what} on a file system with file locks"))),
    }
}

fn locked(file: &File, what: &str, wait: Duration) -> Error {
    let mut holder = String::new();
    let read = File::open(file.path()).and_then(|file| file.take(LONGEST_HOLDER).read_to_string(&mut holder));
    let holder = match (read, holder.trim().parse::<u32>()) {
        (Ok(_), Ok(process)) => format!("process {process}"),
        _ => "another process".to_owned(),
    };
    let seconds = wait.as_secs_f64();
    Error::new(Kind::Locked, format!("{what} is locked by {holder}"))
        .cause(format!("waited {seconds} s for `{}`", file.path().display()))
        .hint("wait for it to finish, then type the same again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::testing::SOON;

    #[test]
    fn names_the_holder_and_is_free_after_it() {
        let directory = tempfile::tempdir().unwrap();
        let root = DataRoot::create(directory.path()).unwrap();
        assert!(Lock::shared(&root, Duration::ZERO).unwrap().is_none(), "nobody wrote yet");
        let held = Lock::exclusive(&root, SOON).unwrap();
        for error in [
            Lock::exclusive(&root, Duration::ZERO).unwrap_err(),
            Lock::shared(&root, Duration::from_millis(1)).unwrap_err(),
        ] {
            assert_eq!(error.kind, Kind::Locked);
            assert!(error.message.contains(&format!("process {}", std::process::id())), "{error}");
        }
        drop(held);
        let shared = Lock::shared(&root, SOON).unwrap();
        assert!(shared.is_some());
        assert!(Lock::shared(&root, SOON).unwrap().is_some(), "readers do not exclude each other");
        assert!(Lock::exclusive(&root, Duration::ZERO).is_err());
    }
}
