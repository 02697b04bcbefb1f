//! One line for everything that a module may name, with its full signature.

use std::collections::{BTreeMap, BTreeSet};

use syn::{ImplItem, Item, ItemImpl, Type, UseTree};

use crate::sources::{Sources, is_configured_by, is_hidden, join};
use crate::wording::{
    condition, exported_macro, fields, is_public, name_of, properties, shape, signature, text, trait_item,
};

/// The interface, sorted. Items of the feature `conformance` carry its name.
pub(crate) fn lines(sources: &Sources) -> BTreeSet<String> {
    let mut interface = Interface { sources, lines: BTreeSet::new(), types: BTreeMap::new() };
    interface.module("", "");
    interface.implementations();
    interface.lines
}

struct Interface<'s> {
    sources: &'s Sources,
    lines: BTreeSet<String>,
    /// Public name of each type, by where it is defined.
    types: BTreeMap<(String, String), String>,
}

impl Interface<'_> {
    /// What a module offers under a public path.
    fn module(&mut self, path: &str, public: &str) {
        for item in &self.sources.modules[path] {
            match item {
                Item::Use(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                    self.exports(&item.tree, path, public);
                }
                Item::Mod(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                    let name = item.ident.to_string();
                    if self.sources.modules.contains_key(&join(path, &name)) {
                        self.module(&join(path, &name), &join(public, &name));
                    }
                }
                _ => self.item(path, item, None, public),
            }
        }
        // A macro is exported from the root, wherever it is written.
        if path.is_empty() {
            let macros = self.sources.modules.values().flatten();
            self.lines.extend(macros.filter_map(exported_macro).flatten());
        }
    }

    /// `pub use crate::a::{B, C as D}`, in the module `from`.
    fn exports(&mut self, tree: &UseTree, from: &str, public: &str) {
        match tree {
            UseTree::Path(tree) if tree.ident == "crate" => self.exports(&tree.tree, "", public),
            UseTree::Path(tree) if tree.ident == "self" => self.exports(&tree.tree, from, public),
            UseTree::Path(tree) => self.exports(&tree.tree, &join(from, &tree.ident.to_string()), public),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.exports(tree, from, public)),
            UseTree::Name(name) => {
                self.export(from, &name.ident.to_string(), &name.ident.to_string(), public);
            }
            UseTree::Rename(name) => {
                self.export(from, &name.ident.to_string(), &name.rename.to_string(), public);
            }
            UseTree::Glob(_) => panic!("`pub use {from}::*` hides what is public"),
        }
    }

    fn export(&mut self, from: &str, name: &str, alias: &str, public: &str) {
        let items = self.sources.modules.get(from).unwrap_or_else(|| panic!("no module `{from}`"));
        let named = items.iter().find(|item| name_of(item).is_some_and(|found| found == name));
        let item = named.unwrap_or_else(|| panic!("`{name}` is not written in `{from}` itself"));
        self.item(from, item, Some(alias), public);
    }

    fn item(&mut self, path: &str, item: &Item, alias: Option<&str>, public: &str) {
        let Some(name) = name_of(item) else { return };
        let shown = join(public, alias.unwrap_or(&name));
        let (visibility, attributes, entries) = match item {
            Item::Struct(item) => {
                let generics = &item.generics;
                let mut entries = vec![format!("struct {shown}{}", text(generics))];
                entries.extend(fields(&shown, &item.fields, false));
                (&item.vis, &item.attrs, entries)
            }
            Item::Enum(item) => {
                let mut entries = vec![format!("enum {shown}{}", text(&item.generics))];
                for variant in &item.variants {
                    let variant_name = format!("{shown}::{}", variant.ident);
                    entries.push(format!("{variant_name}: variant {}", shape(&variant.fields)));
                    entries.extend(fields(&variant_name, &variant.fields, true));
                }
                (&item.vis, &item.attrs, entries)
            }
            Item::Trait(item) => {
                let (generics, bounds) = (&item.generics, &item.supertraits);
                let mut entries = vec![format!("trait {shown}{}: {}", text(generics), text(bounds))];
                entries.extend(item.items.iter().filter_map(|item| trait_item(&shown, item)));
                (&item.vis, &item.attrs, entries)
            }
            Item::Fn(item) => (&item.vis, &item.attrs, vec![format!("{shown}: {}", signature(&item.sig))]),
            Item::Const(item) => (&item.vis, &item.attrs, vec![format!("{shown}: const {}", text(&item.ty))]),
            Item::Type(item) => {
                let (generics, ty) = (text(&item.generics), text(&item.ty));
                (&item.vis, &item.attrs, vec![format!("type {shown}{generics} = {ty}")])
            }
            _ => return,
        };
        if !is_public(visibility) || is_hidden(attributes) || is_configured_by(attributes, "test") {
            return;
        }
        let condition = condition(attributes);
        self.lines.extend(entries.into_iter().map(|entry| format!("{entry}{condition}")));
        self.lines.extend(properties(attributes).map(|property| format!("{shown}: {property}")));
        self.types.insert((path.to_owned(), name), shown);
    }

    /// Methods and traits of the types above. An implementation stands where the type does, or names it.
    fn implementations(&mut self) {
        for (path, item) in
            self.sources.modules.iter().flat_map(|(path, items)| items.iter().map(move |i| (path, i)))
        {
            match item {
                Item::Impl(item) if !is_hidden(&item.attrs) => {
                    let Some(name) = self.public_name(path, &item.self_ty) else { continue };
                    self.implementation(&name, item);
                }
                // A macro that writes implementations: what it is given stands for them.
                Item::Macro(item)
                    if item.ident.is_none() && self.types.keys().any(|(home, _)| home == path) =>
                {
                    self.lines.insert(format!("{path}: {}", text(&item.mac)));
                }
                _ => {}
            }
        }
    }

    fn public_name(&self, path: &str, ty: &Type) -> Option<String> {
        let Type::Path(ty) = ty else { return None };
        let name = ty.path.segments.last()?.ident.to_string();
        let here = self.types.get(&(path.to_owned(), name.clone()));
        here.or_else(|| self.types.iter().find(|((_, other), _)| *other == name).map(|(_, public)| public))
            .cloned()
    }

    fn implementation(&mut self, name: &str, item: &ItemImpl) {
        if let Some((interface, _)) = &item.trait_ {
            let generics = text(&item.generics);
            self.lines.insert(format!("{name}: impl{generics} {}", text(interface)));
            return;
        }
        for member in &item.items {
            let (visibility, attributes, entry) = match member {
                ImplItem::Fn(item) => {
                    (&item.vis, &item.attrs, format!("{name}::{}: {}", item.sig.ident, signature(&item.sig)))
                }
                ImplItem::Const(item) => {
                    (&item.vis, &item.attrs, format!("{name}::{}: const {}", item.ident, text(&item.ty)))
                }
                _ => continue,
            };
            if is_public(visibility) && !is_hidden(attributes) {
                self.lines.insert(format!("{entry}{}", condition(attributes)));
            }
        }
    }
}
