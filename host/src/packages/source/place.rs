//! Where a file is, on this machine or on a server, and how one of this machine is read.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::catalogue::Address;
use crate::error::{Error, Kind, Result};
use crate::packages::signature;
use crate::text;

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    File(PathBuf),
    /// On a server.
    Address(Address),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Address(address) => address.fmt(formatter),
        }
    }
}

impl Place {
    /// Reads what somebody typed, or what a receipt recorded.
    ///
    /// # Errors
    /// [`Kind::Usage`] when it is an address that nothing is fetched from.
    pub fn new(text: &str) -> Result<Self> {
        if !text.contains("://") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        Address::new(text).map(Self::Address).map_err(|why| {
            Error::new(Kind::Usage, format!("nothing is installed from `{}`", text.escape_debug())).cause(why)
        })
    }

    /// Another file in the same folder.
    pub(super) fn beside(&self, name: &str) -> Result<Self> {
        match self {
            Self::File(path) => Ok(Self::File(path.with_file_name(name))),
            Self::Address(address) => address.redirected(name).map(Self::Address).map_err(|why| {
                Error::new(Kind::Usage, format!("`{name}` beside `{address}` is no address")).cause(why)
            }),
        }
    }

    /// Where the signature of a package is.
    pub(super) fn signature(&self) -> Result<Self> {
        let name = match self {
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Address(address) => address.uri().path().rsplit('/').next().unwrap_or_default().to_owned(),
        };
        self.beside(&format!("{name}.{}", signature::EXTENSION))
    }
}

/// Reads a file that somebody named; nothing when there is none.
pub(super) fn read_file(path: &Path, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(|error| unreadable(path, &error))?,
    };
    if !metadata.is_file() {
        return Err(Error::new(Kind::BadInput, format!("`{}` is no file", path.display()))
            .hint("give a package, a folder of packages, or an address"));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(limit_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > limit_bytes {
        let limit = text::bytes(limit_bytes);
        return Err(Error::new(Kind::Limit, format!("`{}` has more than {limit}", path.display()))
            .hint("no package of an honest author is as large as that"));
    }
    Ok(Some(bytes))
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Error::new(Kind::BadInput, format!("there is no `{}`", path.display()))
            .hint("give a package, a folder of packages, or an address");
    }
    Error::new(Kind::BadInput, format!("cannot read `{}`", path.display()))
        .cause(error.to_string())
        .hint("give a package, a folder of packages, or an address")
}
