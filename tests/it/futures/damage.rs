//! Files that are wrong. What can be read is registered with every bad bar in the quarantine; what cannot is refused with
//! the role, the place and what to do, and nothing is registered.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Sandbox, tree};

use super::file::{File, RECORD, Random};
use super::prepare;

/// Prepares a file as `bars`, with neighbours if any, and demands the refusal.
#[track_caller]
fn refuse(inputs: &[(&str, &[u8])], code: i32, texts: &[&str]) {
    let sandbox = Sandbox::new();
    let mut arguments = ["prepare", "--plugin", "futures", "--name", "bars"].map(str::to_owned).to_vec();
    for (role, bytes) in inputs {
        let path = sandbox.write(&format!("{role}.dbn.zst"), bytes);
        arguments.extend(["--input".to_owned(), format!("{role}={}", path.display())]);
    }
    let texts = [&["\nhint: "], texts].concat();
    let outcome = sandbox.run(arguments).failure(code, &texts);
    assert!(!outcome.stderr.contains("panic") && outcome.stdout.is_empty(), "{outcome:?}");
    for folder in ["derived", "registry/derived"] {
        assert!(tree(&sandbox.data_root().join(folder)).is_empty(), "{texts:?} left something in `{folder}`");
    }
}

pub(super) fn refused() {
    let whole = File::golden();
    let (bytes, packed) = (whole.bytes(), whole.packed());
    let half = &packed[..packed.len() / 2];
    refuse(&[("bars", half)], 16, &["input `bars` is a damaged or truncated zstd file: `", "/bars.dbn.zst`"]);
    let records = whole.len();
    let last = format!("input `bars`: record {records} at byte {}: 56 bytes long", bytes.len() - RECORD);
    let cut = &bytes[..bytes.len() - 20];
    refuse(&[("bars", cut)], 16, &[&last, "the file ends after 36"]);
    refuse(&[("bars", &zstd::encode_all(cut, 1).unwrap())], 16, &[&last, "fetch it again"]);
    refuse(&[("bars", b"")], 16, &["input `bars`", "the file is empty"]);
    refuse(&[("bars", &zstd::encode_all(&b""[..], 1).unwrap())], 16, &["input `bars`", "the file is empty"]);
    let garbage = b"<html><body>404: there is no such file</body></html>";
    refuse(&[("bars", garbage)], 16, &["input `bars`: it does not begin with `DBN`", "`ohlcv-1s`"]);
    refuse(&[("bars", &whole.metadata)], 16, &["input `bars`: it has no records behind its metadata"]);

    let elsewhere = whole.with_symbols(b"ESU5", b"NQU5").with_symbols(b"ESZ5", b"NQZ5").packed();
    let no_contract = "input `bars`: symbol map of the metadata at byte 0: it names no ES contract";
    refuse(&[("bars", &elsewhere)], 16, &[no_contract, "with symbols of ES.FUT"]);
    let without = whole.with_symbols(b"\x03\0\0\0ESU5", b"\0\0\0\0ESU5").packed();
    refuse(&[("bars", &without)], 16, &[no_contract]);
    let dates = [20_250_911_u32, 20_250_916];
    let last_year = dates.into_iter().fold(whole.clone(), |file, date| {
        file.with_symbols(&date.to_le_bytes(), &(date - 10_000).to_le_bytes())
    });
    let unknown =
        format!("{records} are set aside by the rule `unknown_symbol`, the first is record 1, byte ");
    refuse(&[("bars", &last_year.packed())], 16, &[&unknown, "the dates of the symbol map"]);

    let [before, behind] = whole.split(whole.last_night()).map(|part| part.packed());
    let exchanged = "input `previous`: its bars do not lie before those of `bars`";
    refuse(&[("bars", &before), ("previous", &behind)], 16, &[exchanged, "were two months exchanged?"]);
    let exchanged = "input `next`: its bars do not lie behind those of `bars`";
    refuse(&[("bars", &behind), ("next", &before)], 16, &[exchanged, "were two months exchanged?"]);
    // A neighbour that cannot be read is no missing neighbour: labels and windows at the border would change.
    refuse(&[("bars", &behind), ("previous", garbage)], 16, &["input `previous`: it does not begin with"]);
}

pub(super) fn random() {
    let whole = File::golden();
    let mut damaged = whole.clone();
    Random::new().damage(&mut damaged.records, |_| true);
    for bytes in [damaged.bytes(), damaged.packed()] {
        refuse(&[("bars", &bytes)], 16, &["input `bars`: record ", " at byte ", "fetch it again"]);
    }
    let mut packed = whole.packed();
    Random::new().damage(&mut packed, |_| true);
    refuse(&[("bars", &packed)], 16, &["input `bars`", "zstd file"]);
    // Where every record is found, damaged ones are set aside; nobody can see another number of contracts or publisher.
    let mut readable = whole.clone();
    Random::new().damage(&mut readable.records, |at| !at.is_multiple_of(RECORD));
    let set_aside = quarantine_of("readable", &readable);
    assert!(set_aside.len() > whole.len() / 4, "{}", set_aside.len());
    let pairs = whole.records.chunks(RECORD).zip(readable.records.chunks(RECORD));
    let visible = |(sound, damaged): (&[u8], &[u8])| sound[4..48] != damaged[4..48];
    let sound = pairs.enumerate().filter(|(_, pair)| !visible(*pair)).map(|(index, _)| index + 1);
    // Some are set aside for their volume, or for a neighbour that is now as late as they are.
    let among = sound.filter(|record| set_aside.contains(record)).count();
    assert!(among < whole.len() / 10, "{among} records without visible damage are set aside");
}

/// A month was refused because one second was wider than a range that the reference only warns of.
pub(super) fn news() {
    let mut file = File::bundled();
    // Before noon of the second day, on which one contract is traded alone.
    let morning = file.last_night() + 1500;
    let outright = (morning..morning + 9).find(|index| file.record(*index)[4] != SPREAD).unwrap();
    let bar = file.record(outright);
    let high = i64::from_le_bytes(bar[24..32].try_into().unwrap()) + 40_000_000_000;
    bar[24..32].copy_from_slice(&high.to_le_bytes());
    bar[48..56].copy_from_slice(&9000_u64.to_le_bytes());
    let sandbox = Sandbox::new();
    let path = sandbox.write("bars.dbn", file.bytes());
    let bars = format!("bars={}", path.display());
    prepare(&sandbox, "news", &["--input", &bars]);
    let shown = sandbox.run(["show", "news"]).success().stdout;
    for column in ["bar_range", "volume_exhaustion"] {
        assert!(shown.contains(&format!("features.range: table `data`, column `{column}`")), "{shown}");
    }
    let arguments = ["prepare", "--plugin", "futures", "--name", "strict", "--strict", "--input", &bars];
    let _ = sandbox.run(arguments).failure(3, &["features.range", "look at the bars of that second"]);
}

pub(super) fn set_aside() {
    let sound = File::bundled();
    let set_aside = quarantine_of("sound", &sound);
    assert_eq!(set_aside.len(), 2);

    // Time and prices of outright contracts: what is changed there is no whole second and no whole tick.
    let mut damaged = sound.clone();
    let instrument = |file: &File, at: usize| file.records[at / RECORD * RECORD + 4];
    Random::new().damage(&mut damaged.records, |at| {
        (8..48).contains(&(at % RECORD)) && instrument(&sound, at) != SPREAD
    });
    let pairs = sound.records.chunks(RECORD).zip(damaged.records.chunks(RECORD)).enumerate();
    let changed = pairs.filter(|(_, (sound, damaged))| sound != damaged).map(|(index, _)| index);
    let expected: BTreeSet<usize> = changed.map(|index| index + 1).chain(set_aside.clone()).collect();
    assert!(expected.len() > sound.len() / 5, "{}", expected.len());
    let found = quarantine_of("damaged", &damaged);
    // The second of two equal bars is sound when the first of them is damaged.
    let differ: Vec<_> = found.symmetric_difference(&expected).collect();
    assert!(differ.len() <= 1 && differ.iter().all(|record| set_aside.contains(record)), "{differ:?}");

    let mut old = sound.clone();
    old.set_nanoseconds(1000, 1_000_000_000);
    let of_1970 = quarantine_of("of_1970", &old);
    assert_eq!(of_1970.difference(&set_aside).collect::<Vec<_>>(), [&1001]);

    // Days in the wrong order: every bar of an outright contract behind the step back is set aside, none is lost.
    let [before, behind] = sound.split(sound.last_night());
    let turned = File { records: [behind.records, before.records.clone()].concat(), ..sound.clone() };
    let spreads = before.records.chunks(RECORD).filter(|record| record[4] == SPREAD).count();
    assert_eq!(quarantine_of("turned", &turned).len(), before.len() - spreads);
}

/// Number of the made-up spread.
const SPREAD: u8 = 103;

/// Prepares a file and returns the numbers of the records that are set aside; all others are told of in the metadata.
fn quarantine_of(name: &str, file: &File) -> BTreeSet<usize> {
    let sandbox = Sandbox::new();
    let path = sandbox.write("bars.dbn", file.bytes());
    prepare(&sandbox, name, &["--input", &format!("bars={}", path.display())]);
    let shown = sandbox.json(["show", name]);
    let counts = shown.pointer("/data/document/metadata/records").unwrap();
    let count = |key: &str| usize::try_from(counts[key].as_u64().unwrap()).unwrap();
    assert_eq!(count("all"), file.len());
    assert_eq!(count("all"), count("clean") + count("quarantine") + count("other_instruments"));
    let findings = shown.pointer("/data/document/findings").and_then(Value::as_array).unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == json!("bars.quarantined")), "{findings:?}");

    let _ = sandbox.run(["export", name, "--format", "csv", "--output", "csv"]).success();
    let files = tree(&sandbox.path("work/csv"));
    let (_, text) = files.iter().find(|(path, _)| path.to_string_lossy().contains("quarantine")).unwrap();
    let text = std::str::from_utf8(text).unwrap();
    let rows = text.lines().skip(1).map(|row| row.split(',').nth(1).unwrap().parse().unwrap());
    let records: BTreeSet<usize> = rows.collect();
    assert_eq!((records.len(), text.lines().count() - 1), (count("quarantine"), count("quarantine")));
    records
}
