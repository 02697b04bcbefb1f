//! What a worker writes into its result file.

use host::dataset::{DocumentHeader, ModuleIdentity, Spool, encode};
use host::error::Kind;
use host::stages::derive::import;
use host::stages::validate::{Options, Strictness, validate};
use plugin_api::Descriptor;

use super::assert_error;

const DESCRIPTOR: &str = include_str!("../modules/hostile/module.json");

/// A report that promises one table.
const REPORT: &str =
    r#"{"output":"numbers","tables":["data"],"matrices":[],"metadata":{},"findings":[],"exports":{}}"#;

/// The bytes as the stream of a table, as the report itself, and as all of an answer.
pub(super) fn arrow_ipc(bytes: &[u8]) {
    import_and_store(&[&*with_length(REPORT.as_bytes()), bytes].concat());
    // Two elements, where a report promises one matrix.
    import_and_store(&[&*with_length(bytes), &2_u64.to_le_bytes(), &[0; 16]].concat());
    import_and_store(&with_length(bytes));
    import_and_store(bytes);
}

fn with_length(report: &[u8]) -> Vec<u8> {
    [&(report.len() as u64).to_le_bytes(), report].concat()
}

fn import_and_store(answer: &[u8]) {
    let descriptor: Descriptor = serde_json::from_str(DESCRIPTOR).expect("a sound descriptor");
    let mut reader = answer;
    let dataset = match import::read(&descriptor, &mut reader, &mut Spool::none()) {
        Ok(dataset) => dataset,
        Err(error) => return assert_error(&error, &[Kind::PluginCrashed, Kind::Limit]),
    };
    // A row takes at least a bit of the answer.
    assert!(dataset.tables.iter().all(|table| table.rows() <= 8 * answer.len()));
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
