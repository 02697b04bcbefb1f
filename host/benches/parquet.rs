//! What storing a wide table costs under several settings of Parquet, in CPU seconds and bytes: the reason for those in
//! `host/src/dataset/parquet_file.rs`.
//!
//! `cargo bench -p host --bench parquet -- FILE.parquet [TIMES]` writes the table of a file, repeated, under each.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench prints, and stops when it cannot run"
)]

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

/// One way to store columns.
struct Settings {
    /// 0 is none.
    zstd_level: i32,
    /// Floats with their bytes side by side, first bytes first.
    split_floats: bool,
    /// Dictionaries for floats.
    float_dictionary: bool,
    /// Dictionaries for everything else.
    dictionary: bool,
    rows_per_group: usize,
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let Some(path) = arguments.first() else {
        println!("parquet: not run, name a file: cargo bench -p host --bench parquet -- FILE.parquet");
        return;
    };
    let times = arguments.get(1).map_or(1, |times| times.parse().unwrap());
    let file = fs_err::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.into_parts().0).unwrap();
    let batches: Vec<RecordBatch> =
        reader.with_batch_size(1 << 16).build().unwrap().map(Result::unwrap).collect();
    let schema = batches[0].schema();
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum::<usize>() * times;
    println!("{rows} rows of {} columns", schema.fields().len());
    for (zstd_level, split_floats, float_dictionary, dictionary, rows_per_group) in [
        (3, false, false, true, 1 << 20),
        (1, false, false, true, 1 << 20),
        (0, false, false, true, 1 << 20),
        (3, true, false, true, 1 << 20),
        (1, true, false, true, 1 << 20),
        (1, true, false, true, 1 << 17),
        (1, true, false, false, 1 << 17),
        (1, true, true, true, 1 << 17),
        (1, false, true, true, 1 << 17),
        (0, false, true, true, 1 << 17),
    ] {
        let settings = Settings { zstd_level, split_floats, float_dictionary, dictionary, rows_per_group };
        let before = processor_time();
        let mut size = 0;
        let mut writer =
            ArrowWriter::try_new(Count(&mut size), schema.clone(), Some(settings.properties(&schema)))
                .unwrap();
        for _ in 0..times {
            for batch in &batches {
                writer.write(batch).unwrap();
            }
        }
        writer.close().unwrap();
        println!(
            "zstd {zstd_level}  split floats {split_floats:5}  dictionary for floats {float_dictionary:5}, others {dictionary:5}  \
             groups of {rows_per_group:7} rows: {:6.3} s, {:6.1} MB",
            processor_time() - before,
            size as f64 / 1e6
        );
    }
}

impl Settings {
    fn properties(&self, schema: &Schema) -> WriterProperties {
        let compression = match self.zstd_level {
            0 => Compression::UNCOMPRESSED,
            level => Compression::ZSTD(ZstdLevel::try_new(level).unwrap()),
        };
        let mut builder = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(Some(self.rows_per_group))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_dictionary_enabled(self.dictionary);
        for field in schema.fields() {
            if matches!(field.data_type(), DataType::Float32 | DataType::Float64) {
                let column = || ColumnPath::from(field.name().as_str());
                builder = builder.set_column_dictionary_enabled(column(), self.float_dictionary);
                if self.split_floats {
                    builder = builder.set_column_encoding(column(), Encoding::BYTE_STREAM_SPLIT);
                }
            }
        }
        builder.build()
    }
}

struct Count<'c>(&'c mut u64);

impl std::io::Write for Count<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        *self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Seconds of processor time so far.
fn processor_time() -> f64 {
    let usage = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(usage.tv_sec.unsigned_abs(), u32::try_from(usage.tv_nsec).unwrap()).as_secs_f64()
}
