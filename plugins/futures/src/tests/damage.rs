//! Files that are wrong: set aside with a rule, or refused with a place, and nothing is lost.

use plugin_api::ModuleError;
use serde_json::json;

use super::synthetic::{MORNINGS_SECONDS, MadeBar, Random, SYMBOLS, bars, file, metadata};
use super::{derive, read};
use crate::cleaning::Recording;
use crate::quarantine::Rule;

fn complete(recording: &Recording) -> bool {
    recording.records == (recording.bars.len() + recording.quarantine.len()) as u64 + recording.others
}

fn message(error: ModuleError) -> String {
    let ModuleError::BadInput(fault) = error else { panic!("{error:?}") };
    assert_eq!(fault.subject, "bars");
    fault.message
}

#[test]
fn a_bar_that_breaks_a_rule_is_set_aside_under_that_rule_alone() {
    type Change = fn(&mut MadeBar);
    let changes: [(Rule, Change); 13] = [
        (Rule::RecordType, |bar| bar.record_type = 0x21),
        (Rule::OffSecond, |bar| bar.time_nanoseconds += 1),
        (Rule::OutsideFileRange, |bar| bar.time_nanoseconds = 1_000_000_000), // 1970
        (Rule::UnknownSymbol, |bar| bar.instrument_id = 999),
        (Rule::UndefinedPrice, |bar| bar.prices_nanopoints[2] = i64::MAX),
        (Rule::NonPositivePrice, |bar| bar.prices_nanopoints[2] = -250_000_000),
        (Rule::OffGrid, |bar| bar.prices_nanopoints[1] += 100_000_000),
        (Rule::PriceTooHigh, |bar| bar.prices_nanopoints[1] = 250_000_000 << 30),
        (Rule::OpenHighLowClose, |bar| bar.prices_nanopoints[1] = 250_000_000),
        (Rule::Volume, |bar| bar.volume = u64::MAX),
        (Rule::Volume, |bar| bar.volume = 100_001),
        (Rule::Unordered, |bar| bar.time_nanoseconds += 3600 * 1_000_000_000),
        (Rule::Unordered, |bar| bar.time_nanoseconds -= 600 * 1_000_000_000),
    ];
    for (rule, change) in changes {
        let mut bars = bars(3);
        change(&mut bars[2000]);
        let recording = read(&file(&bars)).unwrap();
        let aside: Vec<_> = recording.quarantine.iter().map(|(rule, bar)| (*rule, bar.record)).collect();
        assert_eq!(aside, [(rule, 2001)]);
        assert!(complete(&recording));
    }
    let mut bars = bars(3);
    bars.insert(2001, bars[2000]);
    let recording = read(&file(&bars)).unwrap();
    assert_eq!((recording.quarantine.count(Rule::Duplicate), recording.quarantine.len()), (1, 1));
}

#[test]
fn halves_in_the_wrong_order_are_set_aside_and_not_lost() {
    let mut bars = bars(5);
    let half =
        bars.iter().position(|bar| bar.time_nanoseconds >= MORNINGS_SECONDS[1] * 1_000_000_000).unwrap();
    bars.rotate_left(half);
    let recording = read(&file(&bars)).unwrap();
    assert!(complete(&recording));
    assert!(recording.quarantine.iter().all(|(rule, _)| *rule == Rule::Unordered));
    // Spreads are counted and not ordered.
    let spreads = bars[bars.len() - half..].iter().filter(|bar| bar.instrument_id == SYMBOLS[2].1).count();
    assert_eq!(recording.quarantine.len(), half - spreads);
}

#[test]
fn a_file_that_is_cut_off_is_refused_with_record_and_byte() {
    let (bars, whole) = (bars(5), file(&bars(5)));
    let start = whole.len() - bars.len() * 56;
    let cut = message(read(&whole[..start + 56 * 100 + 30]).unwrap_err());
    assert_eq!(
        cut,
        format!("record 101 at byte {}: 56 bytes long, but the file ends after 30", start + 5600)
    );
    let mut damaged = whole.clone();
    damaged[start + 56 * 7] = 1;
    let damaged = message(read(&damaged).unwrap_err());
    assert_eq!(damaged, format!("record 8 at byte {}: a length of 4 bytes is too short", start + 392));
    let packed = zstd::encode_all(&*whole, 3).unwrap();
    let cut = message(read(&packed[..packed.len() / 2]).unwrap_err());
    assert!(cut.starts_with("the zstd frames are damaged behind byte "), "{cut}");
}

#[test]
fn a_symbol_map_that_cannot_be_right_is_refused() {
    let (dates, range) = ([20_250_912, 20_250_917], [0, u64::MAX]);
    let with = |symbols: &[(&str, u32)]| message(read(&metadata(3, symbols, dates, range)).unwrap_err());
    assert!(with(&[("NQU5", 1), ("NQZ5", 2)]).ends_with("it names no ES contract such as `ESU5`"));
    assert!(with(&[("ESU5", 1), ("ESZ5", 1)]).ends_with("instrument 1 is `ESU5` and `ESZ5` on the same day"));
    let other_year = metadata(3, &SYMBOLS, [20_240_912, 20_240_917], range);
    let records: Vec<u8> = bars(1).iter().flat_map(MadeBar::record).collect();
    let recording = read(&[other_year.clone(), records.clone()].concat()).unwrap();
    assert!(complete(&recording) && recording.bars.is_empty());
    let error = derive(&[other_year, records].concat(), &json!({})).unwrap_err();
    let found = message(error);
    assert!(
        found.contains("are set aside by the rule `unknown_symbol`, the first is record 1, byte "),
        "{found}"
    );
    let nothing = message(derive(&metadata(3, &SYMBOLS, dates, range), &json!({})).unwrap_err());
    assert_eq!(nothing, "it has no records behind its metadata");
}

/// One byte in a hundred is changed: either a place is named, or every record is still there.
#[test]
fn random_damage_is_refused_with_a_place_or_set_aside() {
    let whole = file(&bars(11));
    let start = whole.len() - bars(11).len() * 56;
    let (mut refused, mut taken) = (0, 0);
    for seed in 1..60 {
        let mut random = Random(seed);
        let mut damaged = whole.clone();
        // With and without damage to lengths, behind which nothing can be found.
        for _ in 0..(damaged.len() - start) / 100 {
            let at = start + usize::try_from(random.below((damaged.len() - start) as u64)).unwrap();
            if seed % 2 == 0 || !(at - start).is_multiple_of(56) {
                damaged[at] = u8::try_from(random.below(256)).unwrap();
            }
        }
        match read(&damaged) {
            Ok(recording) => {
                taken += 1;
                assert!(complete(&recording));
                assert_eq!(recording.records, bars(11).len() as u64);
                assert!(recording.bars.time_seconds.is_sorted());
            }
            Err(error) => {
                refused += 1;
                assert!(message(error).starts_with("record "));
            }
        }
    }
    assert!(refused > 10 && taken > 10, "{refused} refused, {taken} taken");
}
