//! How an item is written in its line.

use quote::{ToTokens, quote};
use syn::{Attribute, Fields, Item, TraitItem, Visibility};

use crate::sources::is_hidden;

pub(crate) fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Struct(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Const(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Fields that a module may name, and whether there are others: then it cannot make a value by itself.
pub(crate) fn fields(owner: &str, fields: &Fields, all_public: bool) -> Vec<String> {
    let mut entries = Vec::new();
    let mut private = false;
    for (index, field) in fields.iter().enumerate() {
        let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
        if all_public || is_public(&field.vis) {
            entries.push(format!("{owner}.{name}: {}", text(&field.ty)));
        } else {
            private = true;
        }
    }
    if private {
        entries.push(format!("{owner}: has private fields"));
    }
    entries
}

pub(crate) fn shape(fields: &Fields) -> &'static str {
    match fields {
        Fields::Named(_) => "with named fields",
        Fields::Unnamed(_) => "with fields",
        Fields::Unit => "alone",
    }
}

pub(crate) fn trait_item(owner: &str, item: &TraitItem) -> Option<String> {
    Some(match item {
        TraitItem::Fn(item) => {
            let kind = if item.default.is_some() { "optional" } else { "required" };
            format!("{owner}::{}: {kind} {}", item.sig.ident, signature(&item.sig))
        }
        TraitItem::Const(item) => format!("{owner}::{}: const {}", item.ident, text(&item.ty)),
        TraitItem::Type(item) => format!("{owner}::{}: type {}", item.ident, text(&item.bounds)),
        _ => return None,
    })
}

/// Types and lifetimes without the names of the arguments, which nobody depends on.
pub(crate) fn signature(signature: &syn::Signature) -> String {
    let generics = &signature.generics;
    let arguments = signature.inputs.iter().map(|argument| match argument {
        // `mut self` is `self` to the caller.
        syn::FnArg::Receiver(receiver) => text(receiver).trim_start_matches("mut ").to_owned(),
        syn::FnArg::Typed(argument) => text(&argument.ty),
    });
    let arguments = arguments.collect::<Vec<_>>().join(", ");
    let (constant, output) = (&signature.constness, &signature.output);
    let (condition, keyword) = (&generics.where_clause, quote!(#constant fn));
    tidy(&format!("{keyword}{}({arguments}) {} {}", text(generics), text(output), text(condition)))
}

/// Traits that are derived, and what else of the attributes others rely on.
pub(crate) fn properties(attributes: &[Attribute]) -> impl Iterator<Item = String> {
    attributes.iter().flat_map(|attribute| {
        let mut properties = Vec::new();
        if attribute.path().is_ident("derive") {
            let _ = attribute.parse_nested_meta(|meta| {
                properties.push(format!("impl {}", text(&meta.path)));
                Ok(())
            });
        } else if attribute.path().is_ident("non_exhaustive") || attribute.path().is_ident("repr") {
            properties.push(text(attribute));
        }
        properties
    })
}

pub(crate) fn condition(attributes: &[Attribute]) -> String {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.flat_map(|attribute| [" ".to_owned(), text(attribute)]).collect()
}

/// The forms in which an exported macro may be written.
pub(crate) fn exported_macro(item: &Item) -> Option<Vec<String>> {
    let Item::Macro(item) = item else { return None };
    let exported = item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"));
    let name = item.ident.as_ref().filter(|_| exported && !is_hidden(&item.attrs))?;
    let tokens: Vec<_> = item.mac.tokens.clone().into_iter().collect();
    // Each rule is a group, `=>` and a group, with `;` between them.
    let rules = tokens.split(|token| token.to_string() == ";").filter(|rule| !rule.is_empty());
    Some(rules.map(|rule| format!("macro {name}!: {}", tidy(&rule[0].to_string()))).collect())
}

pub(crate) fn text(tokens: &impl ToTokens) -> String {
    tidy(&tokens.to_token_stream().to_string())
}

pub(crate) fn tidy(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (loose, tight) in [
        (" :: ", "::"),
        (" < ", "<"),
        ("< '", "<'"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" ;", ";"),
        (" !", "!"),
    ] {
        text = text.replace(loose, tight);
    }
    text.trim_end().to_owned()
}
