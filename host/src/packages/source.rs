//! Where packages come from: a file, a folder of packages, an address. Each can be asked again for newer versions.
//!
//! What a receipt records is the place of the package itself. Newer versions are looked for beside it: in its folder, or
//! in the `index.json` that is served there.

mod index;
mod place;

use fs_err as fs;
use semver::Version;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::fetch::{self, Network};
use crate::packages::archive::{self, PACKAGE_LIMIT_BYTES};

pub use index::{INDEX_FILE, INDEX_SCHEMA, Index, IndexEntry};
pub use place::Place;
use place::{read_file, unreadable};

/// Larger signatures are none.
const SIGNATURE_LIMIT_BYTES: u64 = 32 << 10;

/// A package that can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Where it is.
    pub place: Place,
    /// What it is said to be, when it was found in a folder or an index.
    pub said: Option<Said>,
}

/// What a folder or an index says of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Id of the module.
    pub id: String,
    /// Its version.
    pub version: Version,
    /// Digest of the package.
    pub sha256: Digest,
}

/// A package in memory, exactly as it came. Nobody has looked at it.
#[derive(Debug)]
pub struct Fetched {
    /// Where it was.
    pub place: Place,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Text of its signature, if there is one beside it.
    pub signature: Option<String>,
}

/// Gets files from both kinds of places.
#[derive(Debug)]
pub struct Fetcher {
    network: Network,
}

impl Fetcher {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(options: fetch::Options) -> Self {
        Self { network: Network::new(options) }
    }

    /// A file; nothing when there is none.
    fn read(&self, place: &Place, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        match place {
            Place::Address(address) => self.network.read(address, limit_bytes),
            Place::File(path) => read_file(path, limit_bytes),
        }
    }

    /// The packages that somebody means by a file, a folder, the address of a package or of a folder with an index: of
    /// each module the newest.
    ///
    /// # Errors
    /// [`Kind::BadInput`] when there is none there; else what reading it fails with.
    pub fn offers(&self, what: &str) -> Result<Vec<Offer>> {
        let place = Place::new(what)?;
        match &place {
            Place::File(path) if path.is_dir() => {
                let folder = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
                Self::newest_of(
                    what,
                    Index::of_folder(&folder)?.offers(&Place::File(folder.join(INDEX_FILE)))?,
                )
            }
            Place::File(path) => {
                // The links in what somebody typed are their own.
                let path = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
                Ok(vec![Offer { place: Place::File(path), said: None }])
            }
            Place::Address(address)
                if address.uri().path().ends_with(&format!(".{}", archive::EXTENSION)) =>
            {
                Ok(vec![Offer { place, said: None }])
            }
            Place::Address(_) => {
                let slash = if what.ends_with('/') { "" } else { "/" };
                let index = if what.ends_with(INDEX_FILE) {
                    place
                } else {
                    Place::new(&format!("{what}{slash}{INDEX_FILE}"))?
                };
                let offers = self.index(&index)?.ok_or_else(|| {
                    Error::new(Kind::Network, format!("there is no `{index}`"))
                        .hint(format!(
                            "give the address of a package, which ends with `.{}`",
                            archive::EXTENSION
                        ))
                        .hint("to serve a folder of packages, type `host plugin index DIR` there first")
                })?;
                Self::newest_of(what, offers)
            }
        }
    }

    /// The packages of one module in the place where one of its packages came from. Nothing when that place does not
    /// say what it has.
    ///
    /// # Errors
    /// What reading it fails with.
    pub fn offers_beside(&self, source: &str, id: &str) -> Result<Option<Vec<Offer>>> {
        let place = Place::new(source)?;
        let index = place.beside(INDEX_FILE)?;
        let offers = match &index {
            Place::File(file) => {
                let folder = file.parent().filter(|folder| folder.is_dir());
                folder.map(|folder| Index::of_folder(folder)?.offers(&index)).transpose()?
            }
            Place::Address(_) => self.index(&index)?,
        };
        Ok(offers.map(|mut offers| {
            offers.retain(|offer| offer.said.as_ref().is_some_and(|said| said.id == id));
            offers
        }))
    }

    fn index(&self, place: &Place) -> Result<Option<Vec<Offer>>> {
        let Some(bytes) = self.read(place, index::LIMIT_BYTES)? else { return Ok(None) };
        Index::parse(place, &bytes)?.offers(place).map(Some)
    }

    /// Of each module the newest version.
    fn newest_of(what: &str, offers: Vec<Offer>) -> Result<Vec<Offer>> {
        let mut newest: Vec<Offer> = Vec::new();
        for offer in offers {
            let Some(said) = &offer.said else { continue };
            let known =
                newest.iter_mut().find(|known| known.said.as_ref().is_some_and(|other| other.id == said.id));
            match known {
                Some(known) if known.said.as_ref().is_some_and(|other| other.version < said.version) => {
                    *known = offer;
                }
                Some(_) => {}
                None => newest.push(offer),
            }
        }
        if newest.is_empty() {
            return Err(Error::new(Kind::BadInput, format!("there is no package in `{what}`")).hint(
                format!("packages end with `.{}`; `host plugin pack` makes them", archive::EXTENSION),
            ));
        }
        Ok(newest)
    }

    /// Reads a package and its signature into memory. What an index said of it holds.
    ///
    /// # Errors
    /// What reading fails with; [`Kind::Untrusted`] when it is another package than was said.
    pub fn fetch(&self, offer: &Offer) -> Result<Fetched> {
        let place = &offer.place;
        let bytes = self.read(place, PACKAGE_LIMIT_BYTES)?.ok_or_else(|| {
            let kind = if matches!(place, Place::File(_)) { Kind::BadInput } else { Kind::Network };
            Error::new(kind, format!("there is no package `{place}`")).hint(format!(
                "give a file that ends with `.{}`, a folder, or an address",
                archive::EXTENSION
            ))
        })?;
        if let Some(said) = &offer.said {
            let found = Digest::of(&bytes);
            if found != said.sha256 {
                return Err(Error::new(
                    Kind::Untrusted,
                    format!("`{place}` is not the package that its index lists"),
                )
                .cause(format!("it has sha256 {found}"))
                .cause(format!("the index says {}", said.sha256))
                .hint("ask whoever serves it to type `host plugin index DIR` again, if they changed it"));
            }
        }
        let signature = self.read(&place.signature()?, SIGNATURE_LIMIT_BYTES)?;
        let signature = signature.map(String::from_utf8).transpose().map_err(|_| {
            Error::new(Kind::Untrusted, format!("the signature of `{place}` is not text"))
                .hint("get package and signature again from their author")
        })?;
        Ok(Fetched { place: place.clone(), bytes, signature })
    }
}
