//! Freezes the public interface: every item that a module may use, with its signature, is a line of `api-MAJOR.MINOR.txt`.

mod interface;
mod sources;
mod wording;

use std::collections::BTreeSet;
use std::path::Path;

/// `UPDATE_API=1 cargo test -p plugin-api public` renews the file.
#[test]
fn the_public_interface_changes_only_with_its_version() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = interface::lines(&sources::Sources::read(&crate_root.join("src")));
    let version = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
    let path = crate_root.join(format!("api-{version}.txt"));
    let text: String = found.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    if wants_update() {
        #[expect(clippy::disallowed_methods, reason = "the one command that renews the file")]
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("`{}` is missing ({error}): a new version needs its file; {RENEW}", path.display())
    });
    let committed: BTreeSet<String> = committed.lines().map(str::to_owned).collect();
    let list =
        |lines: Vec<&String>| lines.iter().flat_map(|line| ["\n  ", line.as_str()]).collect::<String>();
    let gone = list(committed.difference(&found).collect());
    let (breaking, new) = found.difference(&committed).partition(|line| breaks(line, &committed));
    let (breaking, new) = (list(breaking), list(new));
    assert!(
        gone.is_empty() && breaking.is_empty(),
        "modules that use this no longer build; a removal or change needs a new major version:{gone}\nin its \
         place, or in its way:{breaking}{new}"
    );
    assert!(
        new.is_empty(),
        "new in the public interface:{new}\n{RENEW}, and raise the minor version after a release"
    );
}

const RENEW: &str = "run `UPDATE_API=1 cargo test -p plugin-api public`";

#[expect(clippy::disallowed_methods, reason = "a test's own switch, none of the host's variables")]
fn wants_update() -> bool {
    std::env::var_os("UPDATE_API").is_some()
}

#[test]
fn public_additions_that_modules_trip_over_are_no_additions() {
    let before = [
        "struct Open",
        "Open.a: u8",
        "struct Shut",
        "Shut: has private fields",
        "trait Doing: ",
        "enum Kind",
    ];
    let before: BTreeSet<String> = before.map(str::to_owned).into();
    for line in ["Open.b: u8", "Doing::stop: required fn(&self)", "Kind::Other: variant alone"] {
        assert!(breaks(line, &before), "{line}");
    }
    for line in
        ["Shut.b: u8", "Doing::stop: optional fn(&self)", "struct New", "New.a: u8", "Open::b: fn(&self)"]
    {
        assert!(!breaks(line, &before), "{line}");
    }
}

/// What the first test must notice, on a small crate.
#[test]
fn public_changes_of_every_kind_are_seen() {
    let base =
        "pub struct Shape { pub sides: u32, name: String } impl Shape { pub fn area(&self) -> f64 { 0.0 } }";
    let of = |text: &str| {
        let root = "mod shape; pub use crate::shape::Shape;";
        interface::lines(&sources::Sources::parse(&[("", root), ("shape", text)]))
    };
    let before = of(base);
    assert!(before.contains("Shape::area: fn(&self) -> f64"), "{before:#?}");
    for (from, to) in [
        ("-> f64", "-> f32"),
        ("pub fn area", "fn area"),
        ("pub sides: u32", "pub sides: u64"),
        ("pub struct", "#[derive(Clone)] pub struct"),
        ("pub struct", "#[non_exhaustive] pub struct"),
        (", name: String", ""),
        ("&self", "&mut self"),
        ("impl Shape", "impl Default for Shape { } impl Shape"),
    ] {
        assert_ne!(before, of(&base.replacen(from, to, 1)), "`{from}` to `{to}`");
    }
    // Nothing that a module cannot name.
    for (from, to) in [
        ("name: String", "name: u8"),
        ("{ 0.0 }", "{ 1.0 }"),
        ("impl Shape", "fn hidden() {} impl Shape"),
        ("impl Shape {", "impl Shape { #[doc(hidden)] pub fn secret() {}"),
        ("pub struct", "/// Says more.\npub struct"),
    ] {
        assert_eq!(before, of(&base.replacen(from, to, 1)), "`{from}` to `{to}`");
    }
}

/// Whether a module may no longer build because of this new line: a field of a struct that modules write out, a variant
/// that they do not match, a method that they do not have.
fn breaks(new: &str, before: &BTreeSet<String>) -> bool {
    let (head, tail) = new.split_once(": ").unwrap_or((new, ""));
    let owner = if tail.starts_with("variant ") || tail.starts_with("required ") {
        head.rsplit_once("::")
    } else {
        head.rsplit_once('.')
    };
    let Some((owner, _)) = owner else { return false };
    let known = |suffix: &str| before.contains(&format!("{owner}{suffix}"));
    let existed = before.iter().any(|line| {
        ["struct ", "enum ", "trait "].iter().any(|keyword| {
            let rest = line.strip_prefix(keyword).and_then(|rest| rest.strip_prefix(owner));
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        })
    });
    (existed || known(": variant with named fields"))
        && !known(": has private fields")
        && !known(": #[non_exhaustive]")
}
