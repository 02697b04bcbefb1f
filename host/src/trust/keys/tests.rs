use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::packages::signature::{KeyFiles, SecretKey};

/// A key pair and the entry of its public half.
fn pair(name: &str, modules: &[&str]) -> (SecretKey, TrustedKey) {
    let files = KeyFiles::generate(None).unwrap();
    let key = TrustedKey {
        name: name.to_owned(),
        key_id: files.public.id(),
        public_key: files.public.text().to_owned(),
        modules: modules.iter().map(|id| (*id).to_owned()).collect(),
        added_at: "2026-01-01T00:00:00Z".to_owned(),
    };
    (SecretKey::parse(&files.secret_file, None).unwrap(), key)
}

#[test]
fn a_signature_counts_for_the_modules_of_its_key_and_for_its_bytes() {
    let (secret, key) = pair("author", &["light_curve"]);
    let mut ring = KeyRing::default();
    ring.add(key.clone()).unwrap();
    let signature = secret.sign(b"package", "light_curve 0.1.0").unwrap();

    let signer = ring.verify("light_curve", b"package", &signature).unwrap();
    let trusted_comment = "light_curve 0.1.0".to_owned();
    assert_eq!(signer, Signer { key_id: key.key_id.clone(), name: "author".to_owned(), trusted_comment });

    let refusals = [
        (ring.verify("light_curve", b"packagf", &signature), "does not fit its package"),
        (ring.verify("other", b"package", &signature), "key `author` may not sign module `other`"),
        (KeyRing::default().verify("light_curve", b"package", &signature), key.key_id.as_str()),
        (ring.verify("light_curve", b"package", "noise"), "no signature"),
    ];
    for (refusal, said) in refusals {
        let error = refusal.unwrap_err();
        assert_eq!(error.kind, Kind::Untrusted, "{error}");
        assert!(error.to_string().contains(said) && !error.hints.is_empty(), "{error}");
    }
    // The trusted comment is signed as well.
    let forged = signature.replace("light_curve 0.1.0", "light_curve 0.2.0");
    assert_eq!(ring.verify("light_curve", b"package", &forged).unwrap_err().kind, Kind::Untrusted);

    let (_, everything) = pair("all", &[]);
    assert_eq!(everything.scope(), "every module");
    ring.remove("author").unwrap();
    assert_eq!(ring.verify("light_curve", b"package", &signature).unwrap_err().kind, Kind::Untrusted);
}

#[test]
fn the_file_is_read_back_and_a_missing_one_is_empty() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("trusted-keys.json");
    assert_eq!(KeyRing::read(&file).unwrap().keys().count(), 0);
    let mut ring = KeyRing::default();
    for name in ["zoe", "ann"] {
        ring.add(pair(name, &[]).1).unwrap();
    }
    ring.publish(&file).unwrap();
    let read = KeyRing::read(&file).unwrap();
    assert!(read.keys().eq(ring.keys()));
    assert_eq!(read.keys().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["ann", "zoe"]);

    fs_err::set_permissions(&file, PermissionsExt::from_mode(0o646)).unwrap();
    let error = KeyRing::read(&file).unwrap_err();
    assert_eq!(error.kind, Kind::Untrusted, "{error}");
}

#[test]
fn a_malformed_file_is_refused_with_the_reason() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("trusted-keys.json");
    let (_, key) = pair("author", &[]);
    let mut other = pair("other", &[]).1;
    other.key_id.clone_from(&key.key_id);
    let text =
        |schema: &str, keys: &[&TrustedKey]| serde_json::json!({"schema": schema, "keys": keys}).to_string();
    let known = text(SCHEMA, &[&key]);
    for (text, said) in [
        (text("host.trusted-keys/2", &[]), "this host reads"),
        (text(SCHEMA, &[&key, &key]), "is there already"),
        (text(SCHEMA, &[&other]), "its id is"),
        (known.replace("\"name\"", "\"nmae\""), "unknown field `nmae`"),
        (known.replace(&key.public_key, "AAAA"), "no public key"),
        (
            known.replace("[]}", "[\"../x\"]}").replace("\"modules\":[]", "\"modules\":[\"../x\"]"),
            "no module id",
        ),
        ("{".to_owned(), "EOF"),
    ] {
        durable::publish(&file, text.as_bytes()).unwrap();
        let error = KeyRing::read(&file).unwrap_err();
        assert_eq!(error.kind, Kind::BadConfig, "{text}: {error}");
        assert!(error.to_string().contains(said) && !error.hints.is_empty(), "{said}: {error}");
    }
}

#[test]
fn names_are_plain_and_unique() {
    let mut ring = KeyRing::default();
    let (_, key) = pair("author", &[]);
    ring.add(key.clone()).unwrap();
    for name in ["", " ", "a\nb", "0123456789ABCDEF", &"x".repeat(65), "author"] {
        let error = ring.add(TrustedKey { name: name.to_owned(), ..pair("x", &[]).1 }).unwrap_err();
        assert_eq!(error.kind, Kind::Usage, "{error}");
    }
    let error = ring.remove("auhtor").unwrap_err();
    assert_eq!(error.hints, ["did you mean `host trust remove author`?"]);
    assert_eq!(ring.remove(&key.key_id.to_lowercase()).unwrap(), key);
    assert_eq!(ring.keys().count(), 0);
}
