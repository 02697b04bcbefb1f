//! A module that misbehaves on request; see `deed` in `module.json`.

use std::io::Write;
use std::os::fd::FromRawFd;
use std::time::Duration;

use plugin_api::{
    Column, ColumnKind, Context, DerivationModule, Derived, Field, Finding, Inputs, Level, Matrix,
    ModuleError, Parameters, Plot, ReferenceModel, Severity, Table,
};

#[derive(Default)]
struct Hostile;

impl DerivationModule for Hostile {
    fn derive<'a>(
        &self,
        _inputs: &Inputs<'a>,
        parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        let rows = usize::try_from(parameters.integer("rows")?.unwrap_or(3)).unwrap_or(3);
        context.progress(0.5, "about to do it");
        match parameters.text("deed")?.unwrap_or("behave") {
            "panic" => panic!("as asked"),
            "panic-any" => std::panic::panic_any(42_u8),
            "panic-in-stream" => {
                let batches = std::iter::from_fn(|| panic!("while the table is read"));
                return Ok(Derived::new("numbers").table(Table::streamed("data", fields(), batches)));
            }
            "error-in-stream" => {
                let error = ModuleError::bad_input("bytes", "not as promised").line(7).hint("look at line 7");
                let batches = std::iter::once(Err(error));
                return Ok(Derived::new("numbers").table(Table::streamed("data", fields(), batches)));
            }
            "abort" => std::process::abort(),
            "segfault" => unsafe {
                std::ptr::null_mut::<u8>().write_volatile(1);
            },
            "exit-0" => std::process::exit(0),
            "exit-3" => std::process::exit(3),
            "loop" => loop {
                std::hint::spin_loop();
            },
            "polite-loop" => loop {
                std::thread::sleep(Duration::from_millis(10));
                context.check_cancelled()?;
            },
            "allocate" => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(vec![1_u8; 16 << 20]);
                }
            }
            "stack-overflow" => {
                std::hint::black_box(overflow(1));
            }
            "print-much" => {
                let line = [b'x'; 1 << 16];
                for _ in 0..1024 {
                    let _ = std::io::stderr().write_all(&line);
                    let _ = std::io::stdout().write_all(&line);
                }
                std::process::exit(1);
            }
            "garbage-frame" => {
                let mut socket = unsafe { std::fs::File::from_raw_fd(0) };
                let _ = socket.write_all(b"\x05\0\0\0{]}[!");
                std::process::exit(0);
            }
            "forged-done" => {
                let frame = br#"{"frame":"done","parts":{"report":{"offset":0,"length":99999999},"tables":[],"matrices":[]}}"#;
                let mut socket = unsafe { std::fs::File::from_raw_fd(0) };
                let _ = socket.write_all(&u32::try_from(frame.len()).unwrap_or(0).to_le_bytes());
                let _ = socket.write_all(frame);
                std::process::exit(0);
            }
            "huge-frame" => {
                let mut socket = unsafe { std::fs::File::from_raw_fd(0) };
                let _ = socket.write_all(&u32::MAX.to_le_bytes());
                std::thread::sleep(Duration::from_secs(60));
            }
            "hang-up" => {
                for descriptor in open_files("socket:") {
                    drop(descriptor);
                }
                std::thread::sleep(Duration::from_secs(60));
            }
            "garbage-result" => garbage_result(rows),
            "scribble" => {
                std::thread::spawn(scribble);
            }
            "spawn" => {
                let _child = std::process::Command::new(std::env::current_exe().unwrap_or_default())
                    .arg("worker")
                    .spawn();
                panic!("with a child left behind");
            }
            "drip" => {
                // A frame that never ends, byte by byte.
                let mut socket = unsafe { std::fs::File::from_raw_fd(0) };
                let _ = socket.write_all(&100_000_u32.to_le_bytes());
                loop {
                    let _ = socket.write_all(b" ");
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
            "holds-stderr" => {
                // In a group of its own it outlives the worker and keeps its standard error open.
                use std::os::unix::process::CommandExt;
                let _child = std::process::Command::new("/bin/sleep").arg("20").process_group(0).spawn();
                std::process::abort();
            }
            "not-utf8" => {
                let broken = unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe]) };
                let value = vec![1.0];
                let table = Table::new("data").column("row_id", vec![broken]).column("value", value).build();
                return Ok(Derived::new("numbers").table(table));
            }
            "panic-in-thread" => {
                let _ = std::thread::spawn(|| panic!("in a thread of its own")).join();
            }
            "close-descriptors" => {
                for descriptor in 0..64 {
                    drop(unsafe { std::fs::File::from_raw_fd(descriptor) });
                }
            }
            "unequal-columns" => {
                let columns = vec![names(3), Column::from(vec![1.0])];
                let batches = std::iter::once(Ok(columns));
                return Ok(Derived::new("numbers").table(Table::streamed("data", fields(), batches)));
            }
            "unknown-output" => return Ok(Derived::new("nothing")),
            "escaping-name" => {
                return Ok(
                    Derived::new("numbers").table(Table::new("../../escape").column("a", vec![1.0]).build())
                );
            }
            "short-matrix" => {
                return Ok(table(rows).matrix(Matrix::new("covariance", 1_000_000_000, vec![1.0])));
            }
            "not-a-number" => {
                let table =
                    Table::new("data").column("row_id", names(1)).column("value", vec![f64::NAN]).build();
                return Ok(Derived::new("numbers").table(table));
            }
            "finding" => {
                let finding = Finding::new(Severity::Error, "hostile.finding", "nowhere", "this is wrong");
                return Ok(table(rows).finding(finding.hint("do not trust it")));
            }
            "warning" => {
                return Ok(table(rows).finding(Finding::new(
                    Severity::Warning,
                    "hostile.warning",
                    "here",
                    "odd",
                )));
            }
            "lying-model" => {
                return Ok(table(rows).model(ReferenceModel {
                    name: "liar".to_owned(),
                    meaning: String::new(),
                    parameters: std::collections::BTreeMap::new(),
                    table: "data".to_owned(),
                    column: "value".to_owned(),
                    matrix: None,
                    uncertainty: Some("value".to_owned()),
                    prediction: vec![0.0; 2],
                    free_offset: false,
                }));
            }
            "lying-plot" => {
                let names = ["covariance", "elsewhere", "value", "name"].map(str::to_owned);
                let [matrix, elsewhere, value, label] = names;
                let plot = Plot::Ellipses { title: String::new(), table: elsewhere, value, label, matrix };
                return Ok(table(rows).plot("nowhere", plot));
            }
            "random" => {
                // The address of a local differs from run to run.
                let here = 0_u8;
                let value = (std::ptr::from_ref(&here) as usize) as f64 + f64::from(std::process::id());
                let table =
                    Table::new("data").column("row_id", names(1)).column("value", vec![value]).build();
                return Ok(Derived::new("numbers").table(table));
            }
            "wide" => {
                let value = vec![1.5_f64; rows];
                return Ok(Derived::new("wide").table(Table::new("wide").column("value", value).build()));
            }
            "log" => context.log(Level::Warn, "a line of the module"),
            _ => {}
        }
        Ok(table(rows))
    }
}

/// Open files of a kind, found without anybody's help.
fn open_files(kind: &str) -> Vec<std::fs::File> {
    let entries =
        std::fs::read_dir("/proc/self/fd").map(|entries| entries.flatten().collect()).unwrap_or(Vec::new());
    let numbers = entries.iter().filter_map(|entry| {
        let name = std::fs::read_link(entry.path()).ok()?;
        let number = entry.file_name().to_str()?.parse().ok()?;
        name.to_str()?.contains(kind).then_some(number)
    });
    numbers.map(|number| unsafe { std::fs::File::from_raw_fd(number) }).collect()
}

/// The file that the worker's answer is written to.
fn result_file() -> Option<std::fs::File> {
    open_files("memfd:result").pop()
}

/// An answer whose report is right and whose table is noise that begins like a stream of Arrow messages, or whose
/// matrix begins where no float can.
fn garbage_result(seed: usize) {
    let misplaced = seed % 3 == 2;
    let report: &[u8] = if misplaced {
        br#"{"output":"numbers","tables":[],"matrices":[{"name":"m","size":2}],"metadata":{},"findings":[],"exports":{}}"#
    } else {
        br#"{"output":"numbers","tables":["data"],"matrices":[],"metadata":{},"findings":[],"exports":{}}"#
    };
    let mut noise = vec![0xff, 0xff, 0xff, 0xff, 0x40, 0, 0, 0];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed as u64 + 1);
    noise.extend((0..1000).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Small numbers look more like offsets and lengths than large ones.
        if seed % 2 == 0 { state.to_le_bytes()[0] } else { state.to_le_bytes()[0] % 24 }
    }));
    if let Some(mut file) = result_file() {
        let _ = file.write_all(report).and_then(|()| file.write_all(&noise));
    }
    let (start, length) = (report.len(), noise.len());
    let table = format!(r#"{{"offset":{start},"length":{length}}}"#);
    let matrix = format!(r#"{{"offset":{},"length":32}}"#, start.next_multiple_of(8) + 1 + seed % 7);
    let (tables, matrices) = if misplaced { ("", &*matrix) } else { (&*table, "") };
    let frame = format!(
        r#"{{"frame":"done","parts":{{"report":{{"offset":0,"length":{start}}},"tables":[{tables}],"matrices":[{matrices}]}}}}"#
    );
    let mut socket = unsafe { std::fs::File::from_raw_fd(0) };
    let _ = socket.write_all(&u32::try_from(frame.len()).unwrap_or(0).to_le_bytes());
    let _ = socket.write_all(frame.as_bytes());
    std::process::exit(0);
}

/// Changes the answer while and after it is written.
fn scribble() {
    use std::os::unix::fs::FileExt;
    let Some(file) = result_file() else { return };
    let mut state = u64::from(std::process::id()) | 1;
    loop {
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if length > 0 {
            let _ = file.write_all_at(&state.to_le_bytes()[..1], state % length);
        }
    }
}

fn fields() -> Vec<Field> {
    vec![
        Field { name: "row_id".to_owned(), kind: ColumnKind::Utf8 },
        Field { name: "value".to_owned(), kind: ColumnKind::Float64 },
    ]
}

fn names(count: usize) -> Column {
    Column::from((0..count).map(|row| format!("row-{row}")).collect::<Vec<_>>())
}

fn table<'a>(rows: usize) -> Derived<'a> {
    let values: Vec<f64> = (0..rows).map(|row| row as f64).collect();
    Derived::new("numbers")
        .table(Table::new("data").column("row_id", names(rows)).column("value", values).build())
}

#[expect(unconditional_recursion, reason = "that is the deed")]
fn overflow(depth: u64) -> u64 {
    let block = std::hint::black_box([depth; 1024]);
    overflow(depth + 1) + block[usize::try_from(depth % 1024).unwrap_or(0)]
}

plugin_api::export_module! {
    module: Hostile,
    descriptor: "../module.json",
    files: ["../bytes.txt"],
}
