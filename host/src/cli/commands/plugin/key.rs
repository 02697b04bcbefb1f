//! `host plugin key`: a key pair to sign packages with.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::{Context, Report, Style};
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::packages::archive::names;
use crate::packages::signature::{KeyFiles, SIGNATURE_LIMIT_BYTES};

/// Flags of `plugin key`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the two files, NAME.key and NAME.pub.
    #[arg(value_name = "NAME")]
    name: String,
    /// Folder to write into; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// File whose first line is a password that encrypts the secret key; without one it is not encrypted.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// The pair that was made.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    key_id: String,
    public_key: String,
    public_file: PathBuf,
    secret_file: PathBuf,
    encrypted: bool,
}

/// Runs the verb.
pub(super) fn run(args: &Args, _context: &Context) -> Result<Done> {
    names::check_component(&args.name).map_err(|why| {
        Error::new(Kind::Usage, format!("the name `{}` {why}", args.name))
            .hint("give a plain name, such as `host plugin key release`, and the folder with `--output DIR`")
    })?;
    let [secret_file, public_file] =
        ["key", "pub"].map(|ending| path_in(&args.output, &format!("{}.{ending}", args.name)));
    for file in [&secret_file, &public_file] {
        if file.symlink_metadata().is_ok() {
            return Err(Error::new(Kind::Usage, format!("`{}` exists", file.display()))
                .cause("a key is never overwritten: what it signed could not be signed again")
                .hint("give another name, or move the old key away"));
        }
    }
    let password = args.password_file.as_deref().map(read_password).transpose()?;
    let files = KeyFiles::generate(password.as_deref())?;
    durable::create_directories(&args.output).storage("make the folder")?;
    durable::publish_new_private(&secret_file, files.secret_file.as_bytes())
        .storage("write the secret key")?;
    durable::publish_new(&public_file, files.public_file.as_bytes()).storage("write the public key")?;
    Ok(Done {
        key_id: files.public.id(),
        public_key: files.public.text().to_owned(),
        public_file,
        secret_file,
        encrypted: password.is_some(),
    })
}

/// A file of a folder, named as a person would name it.
pub(super) fn path_in(folder: &Path, name: &str) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}

/// The first line of a file.
pub(super) fn read_password(file: &Path) -> Result<String> {
    let text = read_text(file)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Error::new(Kind::BadInput, format!("`{}` holds no password", file.display()))
            .hint("write the password into the first line of the file"));
    }
    Ok(line.to_owned())
}

/// A small text file: a key, a signature, a password.
pub(super) fn read_text(file: &Path) -> Result<String> {
    use std::io::Read as _;

    let mut text = String::new();
    fs_err::File::open(file)
        .and_then(|opened| opened.take(SIGNATURE_LIMIT_BYTES).read_to_string(&mut text))
        .map_err(|error| {
            Error::new(Kind::BadInput, format!("cannot read `{}`", file.display()))
                .cause(error.to_string())
                .hint("give the path of a readable text file")
        })?;
    Ok(text)
}

impl Report for Done {
    const SCHEMA: &'static str = "host.plugin-key/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (secret, public) = (self.secret_file.display(), self.public_file.display());
        let kept = if self.encrypted { "encrypted" } else { "not encrypted" };
        writeln!(out, "key     {}{}{}", style.bold.render(), self.key_id, style.bold.render_reset())?;
        writeln!(out, "secret  {secret} ({kept}; keep it to yourself)")?;
        writeln!(out, "public  {public} (for those who install your modules)")?;
        writeln!(out)?;
        writeln!(out, "to sign a package:          host plugin pack PATH --sign {secret}")?;
        writeln!(out, "to trust what it signs:     host trust add {public}")
    }
}
