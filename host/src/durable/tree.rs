//! Files that are kept for good below a staging directory: read-only, in folders of their own.

use std::io::{self, Write};
use std::path::{Component, Path};

use super::{StagedDirectory, create_directories, new_file, parent_of, sync_directory};

impl StagedDirectory {
    /// Writes a file that nobody may change any more, and the folders above it. Durable when it returns.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if `relative` leads out of the directory; else any failure of a system call.
    pub fn keep(&self, relative: &Path, bytes: &[u8]) -> io::Result<()> {
        let plain = relative.components().all(|component| matches!(component, Component::Normal(_)));
        if !plain || relative.as_os_str().is_empty() {
            let message = format!("`{}` leads elsewhere", relative.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let path = self.path().join(relative);
        let folder = parent_of(&path)?;
        create_directories(folder)?;
        let mut file = new_file(&path, false, 0o444)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_directory(folder)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn kept_files_are_read_only_and_never_outside() {
        let directory = tempfile::tempdir().unwrap();
        let staged = StagedDirectory::create(directory.path()).unwrap();
        staged.keep(Path::new("a/b/c"), b"x").unwrap();
        for outside in ["../x", "/x", "a/../../x", ""] {
            assert!(staged.keep(Path::new(outside), b"x").is_err(), "{outside}");
        }
        let target = directory.path().join("target");
        staged.commit(&target).unwrap();
        assert_eq!(fs_err::read(target.join("a/b/c")).unwrap(), b"x");
        let mode = fs_err::metadata(target.join("a/b/c")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o444);
    }
}
