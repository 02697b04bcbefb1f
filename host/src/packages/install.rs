//! From a package to an installed module. Each step is a type, made only from the one before:
//! [`Fetched`] → [`Opened`] → [`Vouched`] → [`Compatible`] → [`Tried`] → installed.
//!
//! Invariants: nothing is written before a package is vouched for and fits this host; nothing of it runs outside a
//! worker; whatever fails leaves the store as it was.

mod elf;
mod trial;
mod vouch;

use semver::Version;

use crate::clock::now;
use crate::durable::StagedDirectory;
use crate::error::{Error, Kind, Result};
use crate::modules::compatibility::{self, ApiVersion};
use crate::modules::manifest::{self, Embedded};
use crate::packages::archive::Package;
use crate::packages::source::{Fetched, Said};
use crate::packages::store::{self, Change, InstalledVersion, ReceiptLibrary, Store, Switch, TARGET};
use crate::stages::pipeline;
use crate::trust::keys::Signer;

pub use vouch::Rules;

/// A package whose archive holds exactly what its manifest says.
#[derive(Debug)]
pub struct Opened {
    fetched: Fetched,
    package: Package,
}

/// A package that somebody vouches for: a trusted key, or whoever allowed it without.
#[derive(Debug)]
pub struct Vouched {
    opened: Opened,
    signer: Option<Signer>,
}

/// A package that this host can load.
#[derive(Debug)]
pub struct Compatible {
    vouched: Vouched,
    embedded: Embedded,
}

/// A package that was loaded, and whose bundled datasets were derived.
#[derive(Debug)]
pub struct Tried {
    compatible: Compatible,
    staged: StagedDirectory,
    derived: Vec<String>,
    installed: InstalledVersion,
}

impl Opened {
    /// Reads the archive.
    ///
    /// # Errors
    /// As [`Package::read`]; [`Kind::Untrusted`] when an index said that it is another module or version.
    pub fn new(fetched: Fetched, said: Option<&Said>) -> Result<Self> {
        let package = Package::read(&fetched.bytes).map_err(|error| {
            let place = &fetched.place;
            Error { message: format!("`{place}` cannot be installed: {}", error.message), ..error }
        })?;
        let (id, version) = (&package.manifest.id, &package.manifest.version);
        if let Some(said) = said.filter(|said| (&said.id, &said.version) != (id, version)) {
            return Err(Error::new(Kind::Untrusted, format!("`{}` is another module", fetched.place))
                .cause(format!("it is `{id}` {version}; it is listed as `{}` {}", said.id, said.version))
                .hint("ask whoever serves it to type `host plugin index DIR` again"));
        }
        Ok(Self { fetched, package })
    }

    /// Id of the module.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.package.manifest.id
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.package.manifest.version
    }
}

impl Compatible {
    /// Looks whether this host can load the library, without loading it.
    ///
    /// # Errors
    /// [`Kind::Incompatible`]; [`Kind::Untrusted`] for a library that no honest module is, and when the same version is
    /// installed with other bytes.
    pub fn new(vouched: Vouched, store: &Store) -> Result<Self> {
        let Opened { fetched, package } = &vouched.opened;
        let (id, version) = (&package.manifest.id, &package.manifest.version);
        let Some(library) = package.library(TARGET) else {
            let targets: Vec<&str> = package.manifest.libraries.keys().map(String::as_str).collect();
            return Err(Error::new(
                Kind::Incompatible,
                format!("`{id}` {version} holds no library for `{TARGET}`"),
            )
            .cause(format!("it holds one for: {}", targets.join(", ")))
            .hint("ask its author for a package with a library for this system"));
        };
        let embedded = manifest::read(library).map_err(|fault| {
            Error::new(Kind::Incompatible, format!("the library in `{}` cannot be used", fetched.place))
                .cause(fault.to_string())
                .hint("ask its author for a package that passes `host plugin test`")
        })?;
        compatibility::check(id, &embedded.manifest, ApiVersion::of_host())?;
        elf::check(id, library)?;
        // A damaged receipt is told of before anything is tried.
        let known = store.receipt(id)?;
        if let Some(known) = known.as_ref().and_then(|receipt| receipt.versions.get(version)) {
            store::refuse_other_bytes(id, version, known, &package.sha256)?;
        }
        Ok(Self { vouched, embedded })
    }

    /// Unpacks the package where nobody looks at it, loads its library in a worker and derives its bundled datasets.
    ///
    /// # Errors
    /// Whatever the module fails with; what was unpacked is removed.
    pub fn try_out(self, store: &Store, options: &pipeline::Options) -> Result<Tried> {
        let Opened { fetched, package } = &self.vouched.opened;
        // A signature that counts for nothing today is not kept: at every run it would be looked at again, and refused.
        let signature = fetched.signature.as_deref().filter(|_| self.vouched.signer.is_some());
        let staged = store::stage(store, package, &fetched.bytes, signature)?;
        let path = package.manifest.libraries.get(TARGET).map(|library| &library.path);
        let library = staged.path().join(path.map_or("", String::as_str));
        let derived = trial::run(&library, &self.embedded, options).map_err(|error| {
            let Error { message, .. } = &error;
            Error { message: format!("`{}` does not work here: {message}", package.manifest.id), ..error }
                .hint("nothing was installed")
        })?;
        let installed = self.vouched.as_installed();
        Ok(Tried { compatible: self, staged, derived, installed })
    }
}

impl Vouched {
    /// What the receipt will say.
    fn as_installed(&self) -> InstalledVersion {
        let Opened { fetched, package } = &self.opened;
        let libraries = package.manifest.libraries.iter().map(|(target, library)| {
            (target.clone(), ReceiptLibrary { path: library.path.clone(), sha256: library.sha256 })
        });
        InstalledVersion {
            source: fetched.place.to_string(),
            package_sha256: package.sha256,
            package_bytes: fetched.bytes.len() as u64,
            signer: self.signer.clone(),
            allowed_unsigned: self.signer.is_none(),
            installed_at: now(),
            libraries: libraries.collect(),
        }
    }
}

impl Tried {
    /// Names of the bundled datasets that were derived.
    #[must_use]
    pub fn derived(&self) -> &[String] {
        &self.derived
    }

    /// What the receipt will say.
    #[must_use]
    pub fn as_installed(&self) -> &InstalledVersion {
        &self.installed
    }

    /// Makes it the current version. Gives back what the receipt says: of what was there before it says when that was.
    ///
    /// # Errors
    /// [`Kind::Locked`], [`Kind::Storage`]; the store is then as it was.
    pub fn install(self, store: &Store, actor: &str) -> Result<(Switch, InstalledVersion)> {
        let change = Change::begin(store, actor)?;
        change.install(&self.compatible.vouched.opened.package, self.staged, self.installed)
    }
}
