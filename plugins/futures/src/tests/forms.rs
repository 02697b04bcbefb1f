//! Parquet files hold the same bars as DBN files.

use std::sync::Arc;

use ::parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use plugin_api::ModuleError;

use super::synthetic::{MadeBar, Random, SYMBOLS, bars, file};
use super::{published, read};
use crate::quarantine::Rule;

/// A file as pandas writes it, in one row group.
fn parquet(bars: &[MadeBar], without: &str) -> Vec<u8> {
    let columns = ["open", "high", "low", "close"].map(|name| format!("optional double {name};"));
    let schema = format!(
        "message bars {{ optional int64 timestamp (TIMESTAMP(NANOS,true)); optional int64 instrument_id; {}
         optional int64 volume; optional byte_array symbol (UTF8); }}",
        columns.concat()
    );
    let schema = schema.replace(&format!("optional byte_array {without} (UTF8);"), "");
    let mut writer =
        SerializedFileWriter::new(Vec::new(), Arc::new(parse_message_type(&schema).unwrap()), Arc::default())
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let integers = |of: &dyn Fn(&MadeBar) -> i64| bars.iter().map(of).collect::<Vec<i64>>();
    let levels = vec![1; bars.len()];
    let mut index = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let whole = match index {
            0 => Some(integers(&|bar| bar.time_nanoseconds.cast_signed())),
            1 => Some(integers(&|bar| bar.instrument_id.into())),
            6 => Some(integers(&|bar| bar.volume.cast_signed())),
            _ => None,
        };
        if let Some(values) = whole {
            column.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
        } else if index == 7 {
            let symbol =
                |bar: &MadeBar| SYMBOLS.iter().find(|(_, number)| *number == bar.instrument_id).unwrap().0;
            let values: Vec<ByteArray> = bars.iter().map(|bar| symbol(bar).into()).collect();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        } else {
            // An undefined price is a missing one.
            let prices = bars.iter().map(|bar| bar.prices_nanopoints[index - 2]);
            let levels: Vec<i16> = prices.clone().map(|price| i16::from(price != i64::MAX)).collect();
            #[expect(clippy::cast_precision_loss, reason = "what a file of floats holds")]
            let values: Vec<f64> =
                prices.filter(|price| *price != i64::MAX).map(|price| price as f64 / 1e9).collect();
            column.typed::<DoubleType>().write_batch(&values, Some(&levels), None).unwrap();
        }
        column.close().unwrap();
        index += 1;
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn a_parquet_file_holds_the_same_bars() {
    let mut bars = bars(31);
    bars[100].prices_nanopoints[3] = i64::MAX;
    bars[200].prices_nanopoints[1] += 100_000_000;
    let (from_dbn, from_parquet) = (read(&file(&bars)).unwrap(), read(&parquet(&bars, "nothing")).unwrap());
    for rule in Rule::ALL {
        assert_eq!(from_parquet.quarantine.count(rule), from_dbn.quarantine.count(rule), "{rule:?}");
    }
    assert_eq!(from_parquet.quarantine.len(), 2);
    let symbols = |recording: &crate::cleaning::Recording| -> Vec<String> {
        let contracts = recording.bars.contract.iter();
        contracts.map(|contract| recording.contracts.symbol(*contract).to_owned()).collect()
    };
    assert_eq!(symbols(&from_parquet), symbols(&from_dbn));
    assert_eq!(from_parquet.bars.time_seconds, from_dbn.bars.time_seconds);
    assert_eq!(from_parquet.bars.close_ticks, from_dbn.bars.close_ticks);
    assert_eq!(from_parquet.bars.volume, from_dbn.bars.volume);
    assert_eq!((from_parquet.records, from_parquet.others), (from_dbn.records, from_dbn.others));
}

#[test]
fn the_published_bars_are_the_same_in_both_forms() {
    let (Some(dbn), Some(parquet)) = (published("golden_raw.dbn.zst"), published("golden_raw.parquet"))
    else {
        return;
    };
    let (dbn, parquet) = (read(&dbn).unwrap(), read(&parquet).unwrap());
    assert_eq!((dbn.records, dbn.quarantine.len()), (parquet.records, parquet.quarantine.len()));
    assert_eq!(dbn.bars.time_seconds, parquet.bars.time_seconds);
    assert_eq!(dbn.bars.high_ticks, parquet.bars.high_ticks);
}

#[test]
fn a_damaged_parquet_file_is_refused() {
    let whole = parquet(&bars(32)[..2000], "nothing");
    let mut random = Random(5);
    for round in 0..200 {
        let mut damaged = whole.clone();
        for _ in 0..3 {
            let at = usize::try_from(random.below(damaged.len() as u64)).unwrap();
            damaged[at] = u8::try_from(random.below(256)).unwrap();
        }
        if round % 4 == 0 {
            damaged.truncate(usize::try_from(random.below(damaged.len() as u64)).unwrap());
        }
        match read(&damaged) {
            Ok(recording) => {
                let set_aside = recording.quarantine.len() as u64;
                assert_eq!(recording.records, recording.bars.len() as u64 + set_aside + recording.others);
            }
            Err(ModuleError::BadInput(fault)) => assert_eq!(fault.subject, "bars"),
            Err(ModuleError::LimitExceeded { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    let Err(ModuleError::BadInput(fault)) = read(&parquet(&bars(32)[..9], "symbol")) else { panic!() };
    assert_eq!(fault.message, "there is no column `symbol`");
}
