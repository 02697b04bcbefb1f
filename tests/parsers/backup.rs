//! Manifests of snapshots, which whoever can write to a repository can write.

use std::collections::BTreeSet;

use host::backup::Manifest;

use super::assert_readable;

/// The bytes as they are, which hardly ever carry the right digest; and what they say, with the digest that belongs to it.
pub(super) fn manifest(bytes: &[u8]) {
    let Ok(said) = serde_json::from_slice::<Manifest>(bytes) else {
        let refused = Manifest::parse(bytes, "20260131T080000000Z-01234567");
        assert_readable(&refused.expect_err("it is no manifest"));
        return;
    };
    assert_read(bytes, &said.id);
    assert_read(&said.to_bytes(), &said.id);
}

/// What is accepted has each entry once, in a folder of its own, and nothing above the folder that is restored to.
fn assert_read(bytes: &[u8], id: &str) {
    let manifest = match Manifest::parse(bytes, id) {
        Ok(manifest) => manifest,
        Err(error) => return assert_readable(&error),
    };
    let mut folders = BTreeSet::new();
    let mut last = String::new();
    for entry in &manifest.entries {
        let path = String::from(entry.path.clone());
        assert!(last < path, "`{path}` after `{last}`");
        let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
        assert!(path.split('/').all(plain), "`{path}`");
        assert!(entry.mode & !0o777 == 0, "{:o}", entry.mode);
        if let Some((folder, _)) = path.rsplit_once('/') {
            assert!(folders.contains(folder), "`{path}` is in no folder");
        }
        if entry.file.is_none() {
            folders.insert(path.clone());
        }
        last = path;
    }
    let again = Manifest::parse(&manifest.to_bytes(), id).expect("what is written can be read");
    assert_eq!(again, manifest);
}
