//! The crate's source files as a tree of modules.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Attribute, Item, ItemMod};

/// Items of each module by its path, `conformance::run`; the root is empty.
pub(crate) struct Sources {
    pub(crate) modules: BTreeMap<String, Vec<Item>>,
}

impl Sources {
    /// Reads every file that `lib.rs` leads to.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut sources = Self { modules: BTreeMap::new() };
        let text = std::fs::read_to_string(folder.join("lib.rs")).expect("the crate has a root");
        sources.add("", &text, &|path| {
            let relative = path.replace("::", "/");
            let flat = folder.join(format!("{relative}.rs"));
            let file = if flat.is_file() { flat } else { folder.join(relative).join("mod.rs") };
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        });
        sources
    }

    /// The same from texts, for tests.
    pub(crate) fn parse(files: &[(&str, &str)]) -> Self {
        let mut sources = Self { modules: BTreeMap::new() };
        let text =
            |wanted: &str| files.iter().find(|(path, _)| *path == wanted).expect("a known file").1.to_owned();
        sources.add("", &text(""), &text);
        sources
    }

    fn add(&mut self, path: &str, text: &str, open: &dyn Fn(&str) -> String) {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("`{path}`: {error}"));
        self.add_items(path, file.items, open);
    }

    fn add_items(&mut self, path: &str, items: Vec<Item>, open: &dyn Fn(&str) -> String) {
        for item in &items {
            let Item::Mod(ItemMod { ident, content, attrs, .. }) = item else { continue };
            // Tests are nobody's interface; the host's side has one user, which lives in the same repository.
            if is_configured_by(attrs, "test") || is_configured_by(attrs, "\"host\"") {
                continue;
            }
            let inner = join(path, &ident.to_string());
            match content {
                Some((_, items)) => self.add_items(&inner, items.clone(), open),
                None => self.add(&inner, &open(&inner), open),
            }
        }
        self.modules.insert(path.to_owned(), items);
    }
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") }
}

/// Whether an item is there only under a condition that holds this word.
pub(crate) fn is_configured_by(attributes: &[Attribute], word: &str) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && quote::quote!(#attribute).to_string().contains(word)
    })
}

pub(crate) fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc") && quote::quote!(#attribute).to_string() == "# [doc (hidden)]"
    })
}
