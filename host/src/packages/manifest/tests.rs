//! Every field of `plugin.toml` is checked, and every message says where.

use proptest::prelude::*;

use super::*;

const TEXT: &str = r#"schema = "host.plugin/1"
id = "light_curve"
version = "0.3.0"
api = "1.1"
title = "Brightness of a star"
licence = "MIT"

[libraries.aarch64-unknown-linux-gnu]
path = "lib/aarch64-unknown-linux-gnu/liblight_curve.so"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
bytes = 12

[libraries.x86_64-unknown-linux-gnu]
path = "lib/x86_64-unknown-linux-gnu/liblight_curve.so"
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
bytes = 34
"#;

#[test]
fn what_was_written_is_read_and_written_again_the_same() {
    let manifest = PackageManifest::parse(TEXT).unwrap();
    assert_eq!(manifest.libraries["x86_64-unknown-linux-gnu"].bytes, 34);
    let written = manifest.to_toml().unwrap();
    assert_eq!(PackageManifest::parse(&written).unwrap(), manifest);
    assert_eq!(PackageManifest::parse(&written).unwrap().to_toml().unwrap(), written);
}

#[test]
fn each_wrong_value_is_named_with_its_line() {
    for (from, to, line, says) in [
        ("host.plugin/1", "host.plugin/2", 1, "host.plugin/1"),
        ("\"light_curve\"", "\"../x\"", 2, "`id` is `../x`"),
        ("\"light_curve\"", "\"-rf\"", 2, "`id`"),
        ("\"0.3.0\"", "\"0.3\"", 3, "`version`"),
        ("\"0.3.0\"", "3", 3, "string"),
        ("\"1.1\"", "\"1\"", 4, "`api`"),
        ("\"1.1\"", "\"1.01\"", 4, "`api`"),
        ("Brightness of a star", "two\\nlines", 5, "`title`"),
        ("licence =", "license =", 6, "license"),
        ("\"MIT\"", "\"\"", 6, "`licence`"),
        ("[libraries.aarch64-unknown-linux-gnu]", "[libraries.\"..\"]", 8, "target triple"),
        ("lib/aarch64", "lib/../aarch64", 9, "`path`"),
        ("lib/x86_64-unknown-linux-gnu/", "lib/aarch64-unknown-linux-gnu/", 14, "lib/x86_64"),
        (
            "\"lib/x86_64-unknown-linux-gnu/liblight_curve.so\"",
            "\"lib/x86_64-unknown-linux-gnu/a/b\"",
            14,
            "`path`",
        ),
        ("ba7816bf", "BA7816BF", 15, "sha256"),
        ("bytes = 34", "bytes = -1", 16, ""),
        ("bytes = 34", "bytes = 0", 16, "`bytes`"),
        ("bytes = 34", "bytes = 34\nbytes = 35", 17, ""),
        ("bytes = 34", "bytes = 34\nmore = 1", 17, "more"),
        ("title = \"Brightness of a star\"\n", "", 1, "title"),
    ] {
        let error = PackageManifest::parse(&TEXT.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.kind, Kind::BadInput);
        let place = format!("`plugin.toml` is malformed in line {line}: ");
        assert!(error.to_string().starts_with(&place), "{to}: {error}");
        assert!(error.to_string().contains(says) && error.hints.len() == 1, "{to}: {error}");
    }
}

#[test]
fn without_a_library_there_is_nothing_to_pack() {
    let (head, _) = TEXT.split_once("[libraries").unwrap();
    let error = PackageManifest::parse(&format!("{head}[libraries]\n")).unwrap_err();
    assert!(error.to_string().contains("`libraries` is empty"), "{error}");
}

#[test]
fn a_huge_file_is_not_parsed() {
    let huge = format!("{TEXT}#{}", "x".repeat(70_000));
    assert_eq!(PackageManifest::parse(&huge).unwrap_err().kind, Kind::Limit);
}

/// Nesting this deep once overflowed the stacks of parsers.
#[test]
fn deep_nesting_is_an_error() {
    assert!(PackageManifest::parse(&format!("id = {}", "[".repeat(60_000))).is_err());
    assert!(PackageManifest::parse(&format!("{} = 1", "a.".repeat(30_000))).is_err());
    assert!(PackageManifest::parse(&format!("a = {}", "{b=".repeat(20_000))).is_err());
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,200}", cut in 0..TEXT.len(), inserted in "\\PC{0,3}") {
        prop_assert!(PackageManifest::parse(&text).is_err());
        let changed = format!("{}{inserted}{}", &TEXT[..cut], &TEXT[cut..]);
        if let Ok(manifest) = PackageManifest::parse(&changed) {
            prop_assert_eq!(PackageManifest::parse(&manifest.to_toml().unwrap()).unwrap(), manifest);
        }
    }

    #[test]
    fn any_title_survives(title in "[^\\p{C}]{1,60}") {
        prop_assume!(!title.trim().is_empty() && title.len() <= LINE_LIMIT_BYTES);
        let manifest = PackageManifest { title, ..PackageManifest::parse(TEXT).unwrap() };
        prop_assert_eq!(PackageManifest::parse(&manifest.to_toml().unwrap()).unwrap(), manifest);
    }
}
