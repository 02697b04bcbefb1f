//! What each stage costs on a month: 1.17 million records, 594 000 rows.
//!
//! `cargo bench -p plugin-futures`, with `raw_month.dbn.zst` in the folder `futures` of `HOST_TEST_DATA` or of
//! `../shared/data`. Seconds are CPU seconds of this process, the best of several runs; limits are those of issue 5.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench prints, stops when it cannot run, and has a variable of its own"
)]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use futures::cleaning::LARGEST_VOLUME;
use futures::compat::{BATCH_ROWS, Compat};
use futures::feature_statistics::Collected;
use futures::features::{Features, Series, WarmUp};
use futures::labels::{Arena, Scan, Tie, reference_labels, trades};
use futures::neighbours::Months;
use futures::prepared::{as_the_reference, strictly};
use futures::settings::Settings;
use futures::strict::Strict;
use futures::{BARS, Futures, dbn};
use plugin_api::{Context, DerivationModule, Input, Inputs, Parameters};

const RUNS: usize = 5;

fn main() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var("HOST_TEST_DATA").map_or_else(|_| PathBuf::from(beside), PathBuf::from);
    let path = folder.join("futures/raw_month.dbn.zst");
    let Ok(packed) = std::fs::read(&path) else {
        println!("no `{}`: set HOST_TEST_DATA", path.display());
        return;
    };
    let unpacked = zstd::decode_all(&*packed).unwrap();
    let context = Context::detached();
    let read =
        |bytes| dbn::read(&Input { role: BARS, name: "month.dbn", bytes }, LARGEST_VOLUME, &context).unwrap();
    report("read and clean, packed by zstd", "", || read(&packed));
    report("read and clean, as the host gives it", "", || read(&unpacked));

    let months = Months::new(None, read(&unpacked), None).unwrap();
    let recording = &months.recording;
    let parameters = serde_json::json!({"mode": "compat"});
    let settings = Settings::read(&Parameters::new(parameters.as_object().unwrap().clone())).unwrap();
    report("contracts, sessions, fill", "", || as_the_reference(&months, &settings).unwrap());

    let prepared = as_the_reference(&months, &settings).unwrap();
    let bars = &prepared.grid.bars;
    println!("{} records, {} rows", recording.records, bars.len());
    let mut labels = Vec::new();
    report("labels of six modes, reference", "(bar: 0.25)", || {
        for start in (0..bars.len()).step_by(BATCH_ROWS) {
            labels.clear();
            reference_labels(bars, &[], start..bars.len().min(start + BATCH_ROWS), &mut labels);
            black_box(&labels);
        }
    });
    let series = Series { rows: 0..bars.len(), warm_up: WarmUp::Reference };
    let mut features = Features::default();
    report("43 features, reference", "(bar: 0.20)", || {
        for start in (0..bars.len()).step_by(BATCH_ROWS) {
            features.compute(bars, &series, start..bars.len().min(start + BATCH_ROWS), 27_000);
            black_box(&features);
        }
    });
    let rows = prepared.own_rows().len();
    let collected = || Collected::of_rows(rows);
    let compat = Arc::new(Compat::new(prepared.clone(), recording, &settings, &context).unwrap());
    report("table in batches, with labels and features", "", || {
        for batch in compat.clone().into_table(BATCH_ROWS, collected(), &context).into_batches() {
            black_box(batch.unwrap());
        }
    });
    let settings = Settings::read(&Parameters::default()).unwrap();
    report("strict: contracts, sessions, fill", "", || strictly(&months, &settings).unwrap());
    let prepared = strictly(&months, &settings).unwrap();
    println!("strict: {} rows", prepared.grid.bars.len());
    let rows = prepared.own_rows().len();
    let collected = || Collected::of_rows(rows);
    let (mut scan, mut found) = (Scan::default(), Vec::new());
    report("strict: trades of six modes", "", || {
        for session in 0..prepared.sessions.len() {
            let arena =
                Arena { rows: prepared.rows(session), cut_off: false, horizon_rows: 900, tie: Tie::Stop };
            trades(&prepared.grid.bars, &arena, &mut scan, &mut found);
            black_box(&found);
        }
    });
    report("strict: table in batches, with everything", "", || {
        let strict = Arc::new(Strict::new(prepared.clone(), recording, &settings, &context).unwrap());
        for batch in strict.into_table(BATCH_ROWS, collected(), &context).into_batches() {
            black_box(batch.unwrap());
        }
    });
    for mode in ["compat", "strict"] {
        let parameters = Parameters::new(serde_json::json!({"mode": mode}).as_object().unwrap().clone());
        report(&format!("whole derivation, {mode}"), "", || {
            let inputs = Inputs::new(vec![Input { role: BARS, name: "month.dbn", bytes: &unpacked }]);
            for table in Futures.derive(&inputs, &parameters, &context).unwrap().tables {
                for batch in table.into_batches() {
                    black_box(batch.unwrap());
                }
            }
        });
    }
    println!("highest memory: {} MiB", peak_bytes() >> 20);
}

fn report<T>(what: &str, bar: &str, mut work: impl FnMut() -> T) {
    let measure = |_| {
        let before = cpu_seconds();
        black_box(work());
        cpu_seconds() - before
    };
    let best = (0..RUNS).map(measure).fold(f64::INFINITY, f64::min);
    println!("{what:<48} {best:>7.3} s CPU {bar}");
}

/// CPU time of this process so far, to the nanosecond.
fn cpu_seconds() -> f64 {
    let schedule = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds: f64 =
        schedule.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default();
    nanoseconds / 1e9
}

fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}
