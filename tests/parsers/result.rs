//! What a worker writes into its result file.

use bytes::Bytes;
use host::dataset::{DocumentHeader, ModuleIdentity, encode};
use host::error::Kind;
use host::modules::worker::frames::{Extent, Parts};
use host::stages::derive::import;
use host::stages::validate::{Options, Strictness, validate};
use plugin_api::Descriptor;

use super::assert_error;

const DESCRIPTOR: &str = include_str!("../modules/hostile/module.json");

/// A report that promises one table.
const REPORT: &str =
    r#"{"output":"numbers","tables":["data"],"matrices":[],"metadata":{},"findings":[],"exports":{}}"#;

/// The bytes as the stream of a table, and as the report itself.
pub(super) fn arrow_ipc(bytes: &[u8]) {
    let none = |report: &str| Parts {
        report: Extent { offset: 0, length: report.len() as u64 },
        tables: Vec::new(),
        matrices: Vec::new(),
    };
    let table = aligned(REPORT, bytes);
    let extent = Extent { offset: table.1, length: bytes.len() as u64 };
    import_and_store(&table.0, &Parts { tables: vec![extent], ..none(REPORT) });
    if let Ok(report) = std::str::from_utf8(bytes) {
        import_and_store(&Bytes::copy_from_slice(bytes), &none(report));
        // Two elements, where a report promises one matrix.
        let matrix = aligned(report, &[0; 8]);
        let extent = Extent { offset: matrix.1, length: 8 };
        import_and_store(&matrix.0, &Parts { matrices: vec![extent], ..none(report) });
    }
}

/// A result file of two parts, the second at a multiple of 64 as the worker writes it, and where that begins.
fn aligned(first: &str, second: &[u8]) -> (Bytes, u64) {
    let mut file = first.as_bytes().to_vec();
    file.resize(file.len().next_multiple_of(64), 0);
    let start = file.len() as u64;
    file.extend(second);
    (Bytes::from(file), start)
}

fn import_and_store(file: &Bytes, parts: &Parts) {
    let descriptor: Descriptor = serde_json::from_str(DESCRIPTOR).expect("a sound descriptor");
    let dataset = match import::from_bytes(&descriptor, file, parts) {
        Ok(dataset) => dataset,
        Err(error) => return assert_error(&error, &[Kind::PluginCrashed, Kind::Limit]),
    };
    // A row takes at least a bit of the file.
    assert!(dataset.tables.iter().all(|table| table.rows() <= 8 * file.len()));
    let _ = validate(&dataset, &Options::new(Strictness::Standard));
    let header = || DocumentHeader {
        title: String::new(),
        module: ModuleIdentity { id: descriptor.id.clone(), version: "1.0.0".to_owned() },
        citations: Vec::new(),
        licence: String::new(),
    };
    let first = encode(&dataset, header()).expect("what was taken over can be stored");
    let second = encode(&dataset, header()).expect("twice");
    assert_eq!(first.version, second.version);
}
