//! `host plugin pack`: a library, or the crate that makes one, becomes a package for others.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::key::{path_in, read_password, read_text};
use crate::cli::commands::table::plain;
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::packages::build::{Profile, library_of_crate};
use crate::packages::pack::{Packed, PackedLibrary};
use crate::packages::signature::{PublicKey, SecretKey};
use crate::packages::{archive, pack, signature};
use crate::text;

/// Flags of `plugin pack`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The module's library, or the folder of its crate, which is then built for release.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Library of the same module for a further system; may be given several times.
    #[arg(long, value_name = "TRIPLE=FILE", value_parser = parse_library)]
    library: Vec<(String, PathBuf)>,
    /// Sign with this secret key, which `host plugin key` or `minisign -G` made.
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
    /// File whose first line is the password of the secret key.
    #[arg(long, value_name = "FILE", requires = "sign")]
    password_file: Option<PathBuf>,
    /// What the signature says beside id, version and digest.
    #[arg(long, value_name = "TEXT", requires = "sign")]
    comment: Option<String>,
    /// Folder to write into; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// Overwrite another package of the same id and version.
    #[arg(long)]
    force: bool,
}

/// What was written.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    id: String,
    version: String,
    api: String,
    package: PathBuf,
    bytes: u64,
    sha256: Digest,
    libraries: Vec<PackedLibrary>,
    /// Licences and readme.
    texts: Vec<String>,
    signature: Option<Signed>,
    /// The same file was there already.
    unchanged: bool,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Signed {
    file: PathBuf,
    key_id: String,
    trusted_comment: String,
}

fn parse_library(text: &str) -> std::result::Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((target, file)) if !target.is_empty() && !file.is_empty() => {
            Ok((target.to_owned(), file.into()))
        }
        _ => Err("expected TRIPLE=FILE, such as aarch64-unknown-linux-gnu=libfoo.so".to_owned()),
    }
}

/// Runs the verb.
pub(super) fn run(args: &Args, _context: &Context) -> Result<Done> {
    // A key that cannot be read is said before a build of minutes.
    let key = args.sign.as_deref().map(|file| read_key(file, args.password_file.as_deref())).transpose()?;
    let is_crate = args.path.is_dir();
    let library = if is_crate { library_of_crate(&args.path, Profile::Release)? } else { args.path.clone() };
    let beside = if is_crate { args.path.as_path() } else { folder_of(&args.path) };
    let more = args.library.iter().map(|(target, file)| (Some(target.clone()), file.clone()));
    let libraries: Vec<_> = [(None, library)].into_iter().chain(more).collect();
    let packed = pack::pack(&libraries, beside)?;
    for warning in &packed.warnings {
        tracing::warn!("{warning}");
    }
    publish(args, packed, key.as_ref())
}

/// Writes what is not there yet. What is there and different stays, unless `--force` was given.
fn publish(args: &Args, packed: Packed, key: Option<&SecretKey>) -> Result<Done> {
    let Packed { manifest, bytes, libraries, texts, warnings } = packed;
    let (id, version, sha256) = (manifest.id, manifest.version.to_string(), Digest::of(&bytes));
    let name = format!("{id}-{version}.{}", archive::EXTENSION);
    let package = path_in(&args.output, &name);
    let signature_file = path_in(&args.output, &format!("{name}.{}", signature::EXTENSION));
    let old_package = if_there(&package)?;
    let old_signature = if_there(&signature_file)?;
    let same_package = old_package.as_ref() == Some(&bytes);
    if old_package.is_some() && !same_package && !args.force {
        return Err(exists(&package, "raise the module's version"));
    }
    let comment = format!("{id} {version} sha256:{sha256} {}", args.comment.as_deref().unwrap_or_default());
    let comment = comment.trim().to_owned();
    let public = key.map(SecretKey::public).transpose()?;
    let same_signature = match (&public, &old_signature) {
        (Some(public), Some(old)) => verifies(public, &bytes, old, &comment),
        (Some(_), None) => false,
        // Without a key, that of this very package stays.
        (None, old) => same_package || old.is_none(),
    };
    if old_signature.is_some() && !same_signature && !args.force {
        return Err(exists(&signature_file, "write into another folder with `--output DIR`"));
    }
    durable::create_directories(&args.output).storage("make the folder")?;
    if !same_signature {
        // At no time a signature lies beside a package that it is not for.
        durable::remove(&signature_file).storage("remove the old signature")?;
    }
    if !same_package {
        durable::publish(&package, &bytes).storage("write the package")?;
    }
    if let Some(key) = key.filter(|_| !same_signature) {
        let text = key.sign(&bytes, &comment)?;
        durable::publish(&signature_file, text.as_bytes()).storage("write the signature")?;
    }
    let signature =
        public.map(|public| Signed { file: signature_file, key_id: public.id(), trusted_comment: comment });
    Ok(Done {
        id,
        version,
        api: manifest.api,
        package,
        bytes: bytes.len() as u64,
        sha256,
        libraries,
        texts,
        signature,
        unchanged: same_package && same_signature,
        warnings,
    })
}

fn read_key(file: &Path, password_file: Option<&Path>) -> Result<SecretKey> {
    let password = password_file.map(read_password).transpose()?;
    SecretKey::parse(&read_text(file)?, password.as_deref()).map_err(|error| Error {
        message: format!("cannot sign with `{}`: {}", file.display(), error.message),
        ..error
    })
}

fn if_there(file: &Path) -> Result<Option<Vec<u8>>> {
    match fs_err::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).storage("read what is there"),
    }
}

fn verifies(key: &PublicKey, package: &[u8], signature: &[u8], comment: &str) -> bool {
    let signature = String::from_utf8_lossy(signature);
    key.verify(package, &signature).is_ok_and(|found| found == comment)
}

fn exists(file: &Path, other_way: &str) -> Error {
    Error::new(Kind::Usage, format!("`{}` exists and is another one", file.display()))
        .cause("whoever has it would see the same name with other content")
        .hint(format!("{other_way}, or overwrite it with `--force`"))
}

/// The folder of a file; for a bare name the current one.
fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

impl Report for Done {
    const SCHEMA: &'static str = "host.plugin-pack/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, reset) = (style.bold.render(), style.bold.render_reset());
        let unchanged = if self.unchanged { " (was there already, the same)" } else { "" };
        writeln!(out, "{bold}{} {}{reset}  plugin-api {}", self.id, self.version, self.api)?;
        writeln!(out, "package  {}{unchanged}", self.package.display())?;
        writeln!(out, "size     {}", text::bytes(self.bytes))?;
        writeln!(out, "sha256   {}", self.sha256)?;
        for library in &self.libraries {
            let size = text::bytes(library.bytes);
            writeln!(out, "library  {}, {size}, from {}", plain(&library.target), library.file.display())?;
        }
        if !self.texts.is_empty() {
            writeln!(out, "with     {}", self.texts.join(", "))?;
        }
        match &self.signature {
            Some(signed) => writeln!(out, "signed   by {}, {}", signed.key_id, signed.file.display())?,
            None => writeln!(
                out,
                "signed   no; to sign it, give `--sign KEYFILE` (`host plugin key NAME` makes one)"
            )?,
        }
        for library in self.libraries.iter().filter(|library| library.debug_bytes > 0) {
            let size = text::bytes(library.debug_bytes);
            writeln!(
                out,
                "{}note{}: {size} of the library for {} serve debuggers only; `strip = true` under \
                 `[profile.release]` leaves them out",
                style.dim.render(),
                style.dim.render_reset(),
                plain(&library.target)
            )?;
        }
        Ok(())
    }
}
