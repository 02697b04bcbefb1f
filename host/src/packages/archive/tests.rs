//! No honest package is lost, no other one passes.

use proptest::prelude::*;

use super::*;
use crate::packages::manifest::PackagedLibrary;

#[expect(unreachable_pub, reason = "the end-to-end tests use the same file from outside")]
#[path = "../../../../tests/hostile_packages.rs"]
mod hostile_packages;

use hostile_packages::{LIBRARY, TARGET, cases, honest, library};

fn sha256(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// A package with one library and these further files.
fn sample(more: &[(&str, &[u8])]) -> (PackageManifest, BTreeMap<String, Vec<u8>>) {
    let library = library("sample", "1.2.3");
    let listed = PackagedLibrary {
        path: LIBRARY.to_owned(),
        sha256: Digest::of(&library),
        bytes: library.len() as u64,
    };
    let manifest = PackageManifest {
        schema: "host.plugin/1".to_owned(),
        id: "sample".to_owned(),
        version: "1.2.3".parse().unwrap(),
        api: "1.1".to_owned(),
        title: "A \"sample\" with a \\ and more: é".to_owned(),
        licence: "MIT OR Apache-2.0".to_owned(),
        libraries: BTreeMap::from([(TARGET.to_owned(), listed)]),
    };
    let mut files: BTreeMap<_, _> =
        more.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect();
    files.insert(LIBRARY.to_owned(), library);
    (manifest, files)
}

#[test]
fn a_package_is_read_as_it_was_written_and_written_the_same_twice() {
    let (manifest, files) =
        sample(&[("LICENSE-MIT", b"MIT"), ("docs/a.md", b""), ("README.md", &[b'x'; 1024])]);
    let packed = write(&manifest, &files).unwrap();
    assert_eq!(packed, write(&manifest, &files).unwrap());
    let package = Package::read(&packed).unwrap();
    assert_eq!((&package.manifest, &package.files), (&manifest, &files));
    assert_eq!(package.sha256, Digest::of(&packed));
    assert_eq!(package.library(TARGET), Some(files[LIBRARY].as_slice()));
    assert_eq!(package.library("wasm32-wasip1"), None);
    assert_eq!(read_manifest(&packed).unwrap(), manifest);
}

/// The bytes of a package are compared by digest all over the world: another version of zstd must not go unnoticed.
#[test]
fn nothing_of_time_place_or_person_is_in_a_package() {
    let (manifest, files) = sample(&[]);
    let packed = write(&manifest, &files).unwrap();
    let archive = zstd::decode_all(packed.as_slice()).unwrap();
    let mut read = tar::Archive::new(archive.as_slice());
    for entry in read.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        let said =
            (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap(), header.mode().unwrap());
        assert_eq!(said, (0, 0, 0, 0o644));
        assert_eq!((header.username(), header.groupname()), (Ok(Some("")), Ok(Some(""))));
    }
}

#[test]
fn a_package_that_nobody_could_read_is_not_written() {
    let (manifest, files) = sample(&[]);
    for (path, content) in
        [("../x", &b"x"[..]), ("lib/more.so", b"x"), ("Plugin.toml", b"x"), (LIBRARY, b"x")]
    {
        let mut files = files.clone();
        files.insert(path.to_owned(), content.to_vec());
        assert!(write(&manifest, &files).is_err(), "{path}");
    }
    assert!(write(&manifest, &BTreeMap::new()).is_err());
    let too_many = (0..ENTRY_LIMIT).map(|number| (format!("docs/{number}"), Vec::new()));
    assert_eq!(
        write(&manifest, &files.clone().into_iter().chain(too_many).collect()).unwrap_err().kind,
        Kind::Limit
    );
}

#[test]
fn every_hostile_package_is_refused_and_the_entry_named() {
    Package::read(&honest(sha256)).unwrap();
    let cases = cases(sha256);
    assert!(cases.len() > 60);
    for case in cases {
        let name = case.name;
        let error = Package::read(&case.bytes).map(|package| package.manifest).expect_err(name);
        assert_eq!(error.kind.exit_code(), case.code, "{name}: {error}");
        assert!(error.to_string().contains(case.says), "{name}: {error}");
        assert!(
            !error.hints.is_empty() && !error.to_string().contains(char::is_control),
            "{name}: {error:?}"
        );
    }
}

/// A million files compress to a few kilobytes; the limit on the ratio ends it before the first is looked at.
#[test]
fn a_million_files_are_refused_from_the_outside() {
    use std::io::Write as _;

    let entry = header::write("empty", 0).unwrap();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.set_pledged_src_size(Some(1_000_000 * 512)).unwrap();
    encoder.include_contentsize(true).unwrap();
    let many = entry.repeat(1000);
    for _ in 0..1000 {
        encoder.write_all(&many).unwrap();
    }
    let packed = encoder.finish().unwrap();
    let error = Package::read(&packed).unwrap_err();
    assert_eq!(error.kind, Kind::Limit);
    assert!(error.to_string().contains("488.3 MiB"), "{error}");
}

#[test]
fn no_truncation_of_a_package_passes() {
    let (manifest, files) = sample(&[("README.md", b"Read me.")]);
    let packed = write(&manifest, &files).unwrap();
    for length in 0..packed.len() {
        let error = Package::read(&packed[..length]).unwrap_err();
        assert_eq!(error.kind, Kind::BadInput, "{length}: {error}");
        let _ = read_manifest(&packed[..length]);
    }
}

#[test]
fn no_flipped_bit_of_a_package_changes_what_it_holds() {
    let (manifest, files) = sample(&[("LICENSE", b"MIT")]);
    // The first is not compressed, so that the damage is to the archive; a third of its bits is enough.
    for (packed, step) in [(honest(sha256), 3), (write(&manifest, &files).unwrap(), 1)] {
        let package = Package::read(&packed).unwrap();
        for index in 0..packed.len() {
            for bit in (index % step..8).step_by(step) {
                let mut damaged = packed.clone();
                damaged[index] ^= 1 << bit;
                // Without a checksum of the frame the licence may be another: only a signature knows.
                if let Ok(read) = Package::read(&damaged) {
                    assert_eq!(
                        read.manifest.libraries, package.manifest.libraries,
                        "byte {index}, bit {bit}"
                    );
                    assert_eq!(read.library(TARGET), package.library(TARGET));
                    assert!(read == Package { sha256: read.sha256, ..package.clone() } || packed[4] & 4 == 0);
                }
            }
        }
    }
}

fn any_files() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let path = prop_oneof!["[a-z]{1,8}", "docs/[a-z0-9_+.]{0,8}[a-z]", "x{60}/y{60}/[a-z]"];
    proptest::collection::btree_map(path, proptest::collection::vec(any::<u8>(), 0..700), 0..6)
}

proptest! {
    #[test]
    fn whatever_is_packed_is_read_back(more in any_files()) {
        let (manifest, mut files) = sample(&[]);
        files.extend(more);
        match write(&manifest, &files) {
            Ok(packed) => {
                let package = Package::read(&packed).unwrap();
                prop_assert_eq!((package.manifest, package.files), (manifest, files));
            }
            // Files in folders that are files, and names such as `docs/x.so`.
            Err(error) => prop_assert_eq!(error.kind, Kind::Untrusted),
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(Package::read(&bytes).is_err());
        prop_assert!(read_manifest(&bytes).is_err());
        let archive = frame::pack(&bytes).unwrap();
        prop_assert!(Package::read(&archive).is_err());
    }

    /// The fuzzer's way: an honest archive with a few other bytes, in a frame that is right again.
    #[test]
    fn a_changed_archive_in_a_sound_frame_keeps_its_libraries(
        changes in proptest::collection::vec((0..6000_usize, any::<u8>()), 1..4)
    ) {
        let packed = honest(sha256);
        let package = Package::read(&packed).unwrap();
        let mut archive = zstd::decode_all(packed.as_slice()).unwrap();
        for (index, byte) in changes {
            let length = archive.len();
            archive[index % length] = byte;
        }
        if let Ok(read) = Package::read(&frame::pack(&archive).unwrap()) {
            prop_assert_eq!(read.library(TARGET), package.library(TARGET));
        }
    }
}
