//! Whole trees below a staging directory: files that are kept for good, read-only; files and folders with the modes they
//! had elsewhere.

use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use fs_err::File;

use super::{StagedDirectory, create_directories, mode, new_file, parent_of, sync_directory, uninterrupted};

impl StagedDirectory {
    /// Writes a file that nobody may change any more, and the folders above it. Durable when it returns.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if `relative` leads out of the directory; else any failure of a system call.
    pub fn keep(&self, relative: &Path, bytes: &[u8]) -> io::Result<()> {
        let path = self.inside(relative)?;
        let folder = parent_of(&path)?;
        create_directories(folder)?;
        let mut file = new_file(&path, false, 0o444)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_directory(folder)
    }

    /// Makes a folder. It gets its mode, and is durable, with [`finish_folder`](Self::finish_folder).
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if `relative` leads out of the directory; else any failure of a system call.
    pub fn create_folder(&self, relative: &Path) -> io::Result<()> {
        let path = self.inside(relative)?;
        uninterrupted(|| fs_err::create_dir(&path))
    }

    /// Gives a folder its mode when everything is in it. Durable when it returns.
    ///
    /// # Errors
    /// As [`create_folder`](Self::create_folder).
    pub fn finish_folder(&self, relative: &Path, permissions: u32) -> io::Result<()> {
        let path = self.inside(relative)?;
        sync_directory(&path)?;
        fs_err::set_permissions(&path, mode(permissions))
    }

    /// The same for the directory itself, whose name is not its own yet.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn finish(&self, permissions: u32) -> io::Result<()> {
        sync_directory(self.path())?;
        fs_err::set_permissions(self.path(), mode(permissions))
    }

    /// Makes a file in a folder that is there, for whoever calls `sync_all` at the end.
    ///
    /// # Errors
    /// As [`create_folder`](Self::create_folder).
    pub fn create_file_at(&self, relative: &Path, permissions: u32) -> io::Result<File> {
        new_file(&self.inside(relative)?, false, permissions)
    }

    /// Lets a durable file of another folder have a second name here.
    ///
    /// # Errors
    /// As [`create_folder`](Self::create_folder), also where the file system knows no hard links.
    pub fn link_file_at(&self, relative: &Path, from: &Path) -> io::Result<()> {
        let path = self.inside(relative)?;
        uninterrupted(|| fs_err::hard_link(from, &path))
    }

    /// Gives a durable file its place outside, in place of what is there. The new name is durable once the caller has
    /// made the folder of `target` so.
    ///
    /// # Errors
    /// As [`create_folder`](Self::create_folder).
    pub fn release_file(&self, relative: &Path, target: &Path) -> io::Result<()> {
        let path = self.inside(relative)?;
        uninterrupted(|| fs_err::rename(&path, target))
    }

    fn inside(&self, relative: &Path) -> io::Result<PathBuf> {
        let plain = relative.components().all(|component| matches!(component, Component::Normal(_)));
        if !plain || relative.as_os_str().is_empty() {
            let message = format!("`{}` leads elsewhere", relative.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(self.path().join(relative))
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
