//! `host plugin new`: a crate that builds, passes its tests and explains itself.

mod name;
mod template;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::Value;

use self::template::{File, Interface, Kinds};
use crate::cli::{Context, Report, Style};
use crate::durable::{self, StagedDirectory};
use crate::error::{Error, Kind, Result, StorageContext};
use crate::modules::compatibility::ApiVersion;

/// Flags of `plugin new`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the module, of its crate, and of the folder that is written below the current one.
    name: String,
    /// What it begins as.
    #[arg(long, value_enum, default_value_t = Kinds::Table)]
    template: Kinds,
    /// Folder of the crate `plugin-api`, in place of its published version.
    #[arg(long, value_name = "PATH")]
    plugin_api: Option<PathBuf>,
}

/// What was written, and what to type next.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    name: String,
    template: Kinds,
    folder: PathBuf,
    files: Vec<&'static str>,
    next: Vec<String>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, _context: &Context) -> Result<Written> {
    name::check(&args.name)?;
    let current =
        std::env::current_dir().map_err(|error| Error::storage("cannot find the current folder", &error))?;
    let folder = current.join(&args.name);
    let interface = match &args.plugin_api {
        Some(path) => interface_at(path)?,
        None => published_interface(),
    };
    let files = template::files(&args.name, args.template, interface)?;
    if folder.symlink_metadata().is_ok() {
        return Err(Error::new(Kind::Usage, format!("`{}` is there already", args.name))
            .cause(format!("nothing was written to `{}`", folder.display()))
            .hint(format!(
                "choose another name, or another folder: `cd … && host plugin new {}`",
                args.name
            )));
    }
    publish(&current, &folder, &files).storage("write the new module")?;
    Ok(Written {
        name: args.name.clone(),
        template: args.template,
        folder,
        files: files.iter().map(|(path, _)| *path).collect(),
        next: next(&args.name),
    })
}

fn next(name: &str) -> Vec<String> {
    let run = "host --plugin-dir target/release";
    vec![
        format!("cd {name}"),
        "cargo test".to_owned(),
        "host plugin test .".to_owned(),
        "cargo build --release".to_owned(),
        format!("{run} prepare --plugin {name}"),
    ]
}

/// The folder appears as a whole, or not at all.
fn publish(current: &Path, folder: &Path, files: &[File]) -> io::Result<()> {
    let staged = StagedDirectory::create(current)?;
    for (path, text) in files {
        let path = staged.path().join(path);
        path.parent().map_or(Ok(()), durable::create_directories)?;
        durable::publish_new(&path, text.as_bytes())?;
    }
    staged.commit(folder)
}

/// The version of the interface that this host speaks.
fn published_interface() -> Interface {
    let version = ApiVersion::of_host();
    Interface {
        dependency: format!("\"{version}\""),
        test_dependency: format!("{{ version = \"{version}\", features = [\"conformance\"] }}"),
    }
}

/// The interface in a folder, by its path from the root: the new crate stands one folder deeper than the path was typed
/// in.
fn interface_at(path: &Path) -> Result<Interface> {
    let refuse = |why: String| {
        Error::new(Kind::Usage, format!("`{}` is not the folder of `plugin-api`", path.display()))
            .cause(why)
            .hint("give the folder that holds the `Cargo.toml` of `plugin-api`, or leave out `--plugin-api`")
    };
    let folder = fs_err::canonicalize(path).map_err(|error| refuse(error.to_string()))?;
    let manifest =
        fs_err::read_to_string(folder.join("Cargo.toml")).map_err(|error| refuse(error.to_string()))?;
    let manifest: toml::Table =
        toml::from_str(&manifest).map_err(|error| refuse(error.message().to_owned()))?;
    let package = |key: &str| manifest.get("package").and_then(|package| package.get(key)?.as_str());
    if package("name") != Some("plugin-api") {
        return Err(refuse(format!("its package is called `{}`", package("name").unwrap_or_default())));
    }
    let (host, found) = (ApiVersion::of_host(), package("version").unwrap_or_default());
    let major = found.split('.').next().and_then(|major| major.parse::<u64>().ok());
    if major.is_some_and(|major| major != host.major) {
        return Err(refuse(format!("it is version {found}, this host speaks {host}")));
    }
    let path = folder.to_str().ok_or_else(|| refuse("its path is not UTF-8".to_owned()))?;
    let path = Value::from(path).to_string();
    Ok(Interface {
        dependency: format!("{{ path = {path} }}"),
        test_dependency: format!("{{ path = {path}, features = [\"conformance\"] }}"),
    })
}

impl Report for Written {
    const SCHEMA: &'static str = "host.plugin-new/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, dim) = (style.bold, style.dim);
        writeln!(out, "wrote module {bold}{}{bold:#}:", self.name)?;
        self.files.iter().try_for_each(|file| writeln!(out, "  {}/{file}", self.name))?;
        writeln!(out, "\nnext:")?;
        self.next.iter().try_for_each(|command| writeln!(out, "  {command}"))?;
        writeln!(out, "\n{dim}`{}/README.md` says what each of them does{dim:#}", self.name)
    }
}
