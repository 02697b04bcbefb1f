//! The files of a new module. One set of templates makes all of them, so what is alike stands once.

use askama::Template;

use super::name::type_name;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};

/// What a new module begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli::commands::plugin) enum Kinds {
    /// A table of names and numbers, one unit converted: the least that is a module.
    Minimal,
    /// The same with uncertainties and a parameter.
    Table,
    /// The same with a covariance from a second file, and a plot.
    Covariance,
}

impl Kinds {
    fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Table => "table",
            Self::Covariance => "covariance",
        }
    }

    /// What `conformance` computes from the example; a test builds each template and runs it.
    fn result_sha256(self) -> &'static str {
        match self {
            Self::Minimal => "922ed7038b27d64a447d5d9e7f4468fd935f0c4d52d782492871b87697034d23",
            Self::Table => "ffdb32908e2bcfa6df0fe0e568e7eda50aa58a75687ea146c7056496ff4bd1f4",
            Self::Covariance => "14b41f1e74766794e45fed02069beda15def6e610bc4e99744d2e48e5cb997a0",
        }
    }
}

/// How the new crate comes to the interface, as values of TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interface {
    /// For the library.
    pub(super) dependency: String,
    /// For its tests.
    pub(super) test_dependency: String,
}

/// What stands in the templates.
struct Values {
    id: String,
    type_name: String,
    title: &'static str,
    template: &'static str,
    minimal: bool,
    table: bool,
    covariance: bool,
    dependency: String,
    test_dependency: String,
    table_sha256: String,
    covariance_sha256: String,
    result_sha256: &'static str,
}

/// Declares the texts that know these values.
macro_rules! texts {
    ($($name:ident = $path:literal),* $(,)?) => {$(
        #[derive(Template)]
        #[template(path = $path, escape = "none")]
        struct $name<'v> {
            module: &'v Values,
        }
    )*};
}

texts! {
    Manifest = "module/manifest.toml",
    Code = "module/lib.rs",
    Description = "module/module.json",
    Readme = "module/README.md",
    Example = "module/table.csv",
}

const COVARIANCE: &str = include_str!("../../../../../templates/module/covariance.txt");
const GITIGNORE: &str = include_str!("../../../../../templates/module/gitignore");

/// A file of the new crate: its path, and what stands in it.
pub(super) type File = (&'static str, String);

/// Every file of a new module, sorted by path.
pub(super) fn files(id: &str, template: Kinds, interface: Interface) -> Result<Vec<File>> {
    let mut module = Values {
        id: id.to_owned(),
        type_name: type_name(id),
        title: "Temperatures in kelvin",
        template: template.name(),
        minimal: template == Kinds::Minimal,
        table: template == Kinds::Table,
        covariance: template == Kinds::Covariance,
        dependency: interface.dependency,
        test_dependency: interface.test_dependency,
        table_sha256: String::new(),
        covariance_sha256: Digest::of(COVARIANCE.as_bytes()).to_string(),
        result_sha256: template.result_sha256(),
    };
    let table = written(&Example { module: &module })?;
    module.table_sha256 = Digest::of(table.as_bytes()).to_string();
    let module = &module;
    let mut files = vec![
        (".gitignore", GITIGNORE.to_owned()),
        ("Cargo.toml", written(&Manifest { module })?),
        ("README.md", written(&Readme { module })?),
        ("data/table.csv", table),
        ("module.json", written(&Description { module })?),
        ("src/lib.rs", written(&Code { module })?),
    ];
    if module.covariance {
        files.insert(3, ("data/covariance.txt", COVARIANCE.to_owned()));
    }
    Ok(files)
}

fn written(text: &impl Template) -> Result<String> {
    let text = text.render().map_err(|error| {
        Error::new(Kind::Internal, "cannot write a file of the new module").cause(error.to_string())
    })?;
    Ok(text.trim_end().to_owned() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_whole_and_describes_its_own_files() {
        for template in [Kinds::Minimal, Kinds::Table, Kinds::Covariance] {
            let interface =
                Interface { dependency: "\"1.1\"".to_owned(), test_dependency: "\"1.1\"".to_owned() };
            let files = files("light_curve", template, interface).unwrap();
            assert!(files.is_sorted(), "{template:?}");
            assert!(files.iter().all(|(_, text)| !text.contains("{{") && !text.contains("{%")));
            let text = |path: &str| &files.iter().find(|(file, _)| *file == path).unwrap().1;
            let description: plugin_api::Descriptor = serde_json::from_str(text("module.json")).unwrap();
            assert_eq!(description.id, "light_curve");
            for (role, file) in &description.bundled[0].inputs {
                assert!(description.inputs.iter().any(|input| input.role == *role));
                let bytes = text(file.file.strip_prefix("../").unwrap()).as_bytes();
                assert_eq!(Digest::of(bytes).to_string(), file.sha256);
                assert!(text("src/lib.rs").contains(&file.file), "{template:?}: {}", file.file);
            }
        }
    }
}
