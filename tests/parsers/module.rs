//! The section of a library.

use host::digest::Digest;
use host::modules::manifest::{self, ManifestFault};
use plugin_api::section::{self, MAGIC, Record};

use super::{assert_readable, elf};

/// The bytes as a whole library, and as the section of a sound one.
pub(super) fn manifest_section(bytes: &[u8]) {
    library(bytes);
    let wrapped = elf::with_section(bytes);
    library(&wrapped);
    match section::decode(bytes) {
        Ok(records) => {
            // What was read, written again, is what the section began with.
            assert!(bytes.starts_with(&encode(&records)), "{records:?}");
        }
        Err(error) => {
            assert_readable(&error);
            assert!(matches!(manifest::read(&wrapped), Err(ManifestFault::Damaged(_))));
        }
    }
}

fn library(bytes: &[u8]) {
    let read = manifest::read(bytes);
    // What is read from memory and from a file must not differ: one is shown, the other is loaded.
    assert_eq!(read, manifest::peek(std::io::Cursor::new(bytes)));
    let embedded = match read {
        Ok(embedded) => embedded,
        Err(fault) => return assert_readable(&fault.to_string()),
    };
    let descriptor = &embedded.descriptor;
    assert!((1..=64).contains(&descriptor.id.len()) && !descriptor.id.contains(['/', '.', '\0', ' ']));
    assert!(!descriptor.outputs.is_empty());
    for file in descriptor.bundled.iter().flat_map(|dataset| dataset.inputs.values()) {
        let content = embedded.bundled(file).expect("every bundled file is there");
        assert_eq!(Digest::of(content).to_string(), file.sha256);
    }
    let text = serde_json::to_string(&descriptor).expect("a descriptor can be written");
    assert_eq!(serde_json::from_str::<plugin_api::Descriptor>(&text).expect("and read"), *descriptor);
}

fn encode(records: &[Record<'_>]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for record in records {
        bytes.extend(record.kind.to_le_bytes());
        bytes.extend(u32::try_from(record.name.len()).expect("a short name").to_le_bytes());
        bytes.extend((record.content.len() as u64).to_le_bytes());
        bytes.extend(record.name.as_bytes());
        bytes.extend(record.content);
    }
    bytes.extend(0_u32.to_le_bytes());
    bytes
}
