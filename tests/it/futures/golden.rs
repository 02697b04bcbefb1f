//! The published sessions, from the command line to the registered file.

use tests::Sandbox;
use tests::needs::releases;

use super::tables::{compare, registered};
use super::{prepare, published};

/// Absolute tolerances of the features that the reference computes with rounding of its own; all others are equal to the
/// bit. Those of the specification, section 4, "Exactness".
const TOLERANCES: [(&str, f64); 6] = [
    ("volume_slope_30s", 1e-9),
    ("volume_slope_5s", 1e-9),
    ("volume_exhaustion", 1e-9),
    ("vwap_slope", 1e-10),
    ("momentum_consistency", 1e-12),
    ("volatility_breakout", 1e-8),
];

const COMPAT: [&str; 2] = ["--param", "mode=compat"];

pub(super) fn compat() {
    let sandbox = Sandbox::new();
    let bars = published("bars", "golden_raw.dbn.zst");
    let input = ["--input", &bars];
    prepare(&sandbox, "months", &[&input[..], &COMPAT].concat());
    let aware = [&input[..], &COMPAT, &["--param", "compat_labels=roll_aware"]].concat();
    prepare(&sandbox, "short", &aware);
    let expected = |file: &str| vec![releases().join("futures").join(file)];
    let found = |name: &str| vec![registered(&sandbox, name, "data")];
    let differences = compare(
        &sandbox,
        &[
            (found("months"), expected("labels_features.parquet")),
            (found("months"), expected("labels_prod.parquet")),
            (found("short"), expected("labels_rollaware.parquet")),
        ],
    );
    let [features, labels, aware] = &differences[..] else { panic!("{differences:?}") };
    assert_eq!((features.rows, features.columns.len()), ([81_000, 81_000], 65));
    assert!(features.only_found.is_empty() && features.only_expected.is_empty(), "{features:?}");
    features.within("features", &TOLERANCES);
    for (what, difference) in [("labels", labels), ("labels near rolls", aware)] {
        assert_eq!(difference.columns.len(), 22, "{what}: {difference:?}");
        assert!(difference.only_expected.is_empty(), "{what}: {difference:?}");
        difference.within(what, &[]);
    }
}

pub(super) fn parquet() {
    let sandbox = Sandbox::new();
    let bars = published("bars", "golden_raw.parquet");
    prepare(&sandbox, "compat", &[&["--input", &bars][..], &COMPAT].concat());
    let expected = releases().join("futures/labels_features.parquet");
    let mut found = compare(&sandbox, &[(vec![registered(&sandbox, "compat", "data")], vec![expected])]);
    // The file does not say who published a bar.
    assert!(found[0].columns.remove("publisher_id").is_some_and(|column| column.missing == 0));
    found[0].within("features", &TOLERANCES);

    // The version is the digest of all that is registered.
    let version = |file: &str| {
        prepare(&sandbox, "strict", &["--input", &published("bars", file)]);
        sandbox.json(["show", "strict"]).pointer("/data/record/version").unwrap().clone()
    };
    assert_eq!(version("golden_raw.parquet"), version("golden_raw.dbn.zst"));
}
