use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;

const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn parse(text: &str) -> Result<LockFile> {
    LockFile::parse(Path::new("/project/plugins.lock"), text)
}

fn sample() -> String {
    format!(
        "{HEADER}schema = \"host.plugins-lock/1\"\n\n\
         [modules.light_curve]\nversion = \"0.3.0\"\n\
         source = \"https://example.org/modules/light_curve-0.3.0.hostplugin\"\n\
         package_sha256 = \"{DIGEST}\"\nsigner = \"0123456789ABCDEF\"\n\n\
         [modules.light_curve.libraries]\nx86_64-unknown-linux-gnu = \"{DIGEST}\"\n\n\
         [modules.table]\nversion = \"1.0.0-rc.1\"\n\n\
         [modules.table.libraries]\naarch64-apple-darwin = \"{DIGEST}\"\nx86_64-unknown-linux-gnu = \"{DIGEST}\"\n"
    )
}

#[test]
fn what_is_written_is_what_was_read() {
    let read = parse(&sample()).unwrap();
    assert_eq!(read.modules.len(), 2);
    assert_eq!(read.modules["table"].libraries.len(), 2);
    assert_eq!(read.modules["light_curve"].signer.as_deref(), Some("0123456789ABCDEF"));
    assert_eq!(read.to_text().unwrap(), sample());
    let empty = parse("schema = \"host.plugins-lock/1\"\n").unwrap();
    assert_eq!(parse(&empty.to_text().unwrap()).unwrap(), empty);
}

#[test]
fn every_fault_is_named_with_its_line() {
    for (from, to, line, said) in [
        ("plugins-lock/1", "plugins-lock/2", 2, "this host reads `host.plugins-lock/1`"),
        ("schema = ", "shema = ", 2, "unknown field `shema`"),
        ("version = \"1.0.0-rc.1\"", "version = \"1.0\"", 13, "`1.0` is no version"),
        ("version = \"1.0.0-rc.1\"", "versoin = \"1.0.0\"", 14, "unknown field `versoin`"),
        ("version = \"1.0.0-rc.1\"", "", 13, "missing field `version`"),
        ("signer = \"0123456789ABCDEF\"", "signer = \"0123456789abcdef\"", 4, "is no key id"),
        ("https://example.org", "https://example.org\\n", 4, "`source` is not one line"),
        ("x86_64-unknown-linux-gnu", "linux", 4, "`linux` is no target triple"),
        ("aarch64-apple-darwin", "\"a-../b\"", 13, "`a-../b` is no target triple"),
        (DIGEST, "abc", 7, "`abc` is not a sha256 digest"),
        (&DIGEST[1..], &DIGEST[1..].to_uppercase(), 7, "is not a sha256 digest"),
        ("[modules.table]", "[modules.light_curve]", 13, "duplicate key"),
    ] {
        let text = sample().replacen(from, to, 1);
        assert_ne!(text, sample(), "{from}");
        let error = parse(&text).unwrap_err();
        assert_eq!(error.kind, Kind::BadConfig, "{error}");
        assert!(error.message.contains(&format!("malformed in line {line}")), "{error}: {text}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(!error.hints.is_empty(), "{error}");
    }
    let escaping = parse(&sample().replace("modules.table", "modules.\"../table\"")).unwrap_err();
    assert!(escaping.to_string().contains("line 13: `../table` is no module id"), "{escaping}");
    assert!(parse(&sample().replace(&format!("x86_64-unknown-linux-gnu = \"{DIGEST}\""), "")).is_err());
}

/// It could not be written: the host ended with 1.
#[test]
fn a_newline_in_the_place_of_a_package_is_escaped() {
    let mut lock = parse(&sample()).unwrap();
    let packed = lock.modules.get_mut("light_curve").unwrap();
    packed.source = shown_source("/new\nline\u{9b}/a.hostplugin");
    assert_eq!(packed.source.as_deref(), Some("/new\\nline\\u{9b}/a.hostplugin"));
    assert_eq!(parse(&lock.to_text().unwrap()).unwrap(), lock);
    assert_eq!(shown_source(&"\n".repeat(SOURCE_LIMIT_BYTES)), None);
    assert_eq!(shown_source("/plain \\ ünd"), Some("/plain \\ ünd".to_owned()));
}

#[test]
fn the_nearest_file_counts() {
    let root = tempfile::tempdir().unwrap();
    let (project, deep) = (root.path().join("project"), root.path().join("project/a/b"));
    fs_err::create_dir_all(&deep).unwrap();
    assert_eq!(LockFile::find(&deep).unwrap().map(|lock| lock.path), None);
    let mut lock = parse(&sample()).unwrap();
    lock.path = project.join(LOCK_FILE);
    lock.publish().unwrap();
    assert_eq!(LockFile::find(&deep).unwrap().unwrap(), lock);
    lock.path = deep.join(LOCK_FILE);
    lock.modules.remove("table");
    lock.publish().unwrap();
    assert_eq!(LockFile::find(&deep).unwrap().unwrap(), lock);
    assert_eq!(LockFile::find(&project).unwrap().unwrap().modules.len(), 2);
}

#[test]
fn a_file_that_others_may_write_is_refused_and_not_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let lock = LockFile { path: root.path().join(LOCK_FILE), ..parse(&sample()).unwrap() };
    lock.publish().unwrap();
    fs_err::set_permissions(&lock.path, PermissionsExt::from_mode(0o666)).unwrap();
    let error = LockFile::find(root.path()).unwrap_err();
    assert_eq!(error.kind, Kind::Untrusted, "{error}");
    assert!(error.to_string().contains("everybody may write the file"), "{error}");
    fs_err::remove_file(&lock.path).unwrap();
    std::os::unix::fs::symlink("elsewhere", &lock.path).unwrap();
    assert_eq!(LockFile::find(root.path()).unwrap_err().kind, Kind::Untrusted);
}

#[test]
fn what_differs_is_listed_line_by_line() {
    let lock = parse(&sample()).unwrap();
    let (packed, plain) = (&lock.modules["light_curve"], &lock.modules["table"]);
    assert_eq!(packed.differences(packed), [""; 0]);
    let mut now = packed.clone();
    now.version = "0.4.0".to_owned();
    now.signer = None;
    now.libraries = BTreeMap::from([("aarch64-apple-darwin".to_owned(), Digest::ZERO)]);
    let expected = [
        "version: locked 0.3.0, now 0.4.0".to_owned(),
        "signer: locked 0123456789ABCDEF, now none".to_owned(),
        format!("library for aarch64-apple-darwin: locked none, now {}", Digest::ZERO),
        format!("library for x86_64-unknown-linux-gnu: locked {DIGEST}, now none"),
    ];
    assert_eq!(packed.differences(&now), expected);
    let mut here = plain.clone();
    here.libraries.remove("aarch64-apple-darwin");
    assert_eq!(plain.differences(&here), [""; 0]);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = parse(&text);
        let _ = parse(&format!("schema = \"host.plugins-lock/1\"\n[modules.a]\n{text}"));
    }
}
