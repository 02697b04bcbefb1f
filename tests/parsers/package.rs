//! Packages, their manifest, and the lock file.

use std::collections::BTreeMap;
use std::path::Path;

use host::error::Kind;
use host::packages::archive::{self, Package};
use host::packages::manifest::PackageManifest;
use host::trust::lock::LockFile;
use serde::Serialize;

use super::assert_error;

/// Most bytes of a package's files, whatever it is packed into.
const UNPACKED_LIMIT_BYTES: usize = 512 << 20;

const REFUSED: &[Kind] = &[Kind::Untrusted, Kind::Limit, Kind::BadInput, Kind::Incompatible];

/// The bytes as a package, and as the archive inside of one: no fuzzer finds its way through a compressor, nor through
/// checksums.
pub(super) fn package(bytes: &[u8]) {
    one_package(bytes);
    let mut archive = bytes.to_vec();
    repair_checksums(&mut archive);
    one_package(&zstd::bulk::compress(&archive, 1).expect("memory can be written to"));
    one_package(&zstd::bulk::compress(bytes, 1).expect("memory can be written to"));
}

/// Makes the checksum of every header of an archive fit.
fn repair_checksums(archive: &mut [u8]) {
    let mut at = 0;
    while let Some(header) =
        archive.get_mut(at..at + 512).filter(|header| header.iter().any(|byte| *byte != 0))
    {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let digits = header[124..136].iter().filter(|digit| (b'0'..b'8').contains(digit));
        let size = digits.fold(0_usize, |size, digit| (size * 8 + usize::from(digit - b'0')).min(1 << 30));
        at += 512 + size.next_multiple_of(512);
    }
}

fn one_package(bytes: &[u8]) {
    let manifest = archive::read_manifest(bytes).map_err(|error| assert_error(&error, REFUSED));
    let package = match Package::read(bytes) {
        Ok(package) => package,
        Err(error) => return assert_error(&error, REFUSED),
    };
    assert_eq!(manifest.as_ref(), Ok(&package.manifest));
    let total: usize = package.files.values().map(Vec::len).sum();
    assert!(package.files.len() <= 64 && total <= UNPACKED_LIMIT_BYTES);
    assert!(total <= (50 * bytes.len()).max(1 << 20), "{total} bytes from {}", bytes.len());
    for path in package.files.keys() {
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.');
        assert!(path.split('/').all(plain) && !path.contains(['\\', '\0', ':']), "{path}");
    }
    for target in package.manifest.libraries.keys() {
        assert!(package.library(target).is_some(), "{target}");
    }
    let written = archive::write(&package.manifest, &package.files).expect("what was read can be written");
    let again = Package::read(&written).expect("and read");
    assert_eq!((again.manifest, again.files), (package.manifest, package.files));
}

pub(super) fn plugin_toml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match PackageManifest::parse(text) {
        Ok(manifest) => {
            let written = toml::to_string(&manifest).expect("a manifest can be written");
            assert_eq!(PackageManifest::parse(&written).expect("and read"), manifest);
        }
        Err(error) => assert_error(&error, REFUSED),
    }
}

pub(super) fn plugin_lock(bytes: &[u8]) {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'a str,
        modules: &'a BTreeMap<String, host::trust::lock::LockedModule>,
    }

    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let path = Path::new("/project/plugins.lock");
    match LockFile::parse(path, text) {
        Ok(lock) => {
            let document = Document { schema: "host.plugins-lock/1", modules: &lock.modules };
            let written = toml::to_string(&document).expect("a lock file can be written");
            assert_eq!(LockFile::parse(path, &written).expect("and read"), lock);
        }
        Err(error) => {
            assert_error(&error, &[Kind::BadConfig, Kind::Limit]);
            assert!(format!("{} {:?}", error.message, error.causes).contains("plugins.lock"), "{error:?}");
        }
    }
}
