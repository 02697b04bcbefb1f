//! Answers that no worker gave.

use std::fs::File;
use std::io::Write;
use std::os::fd::FromRawFd;
use std::time::Duration;

/// The host's end of the connection is on the other side of standard input.
pub fn say(bytes: &[u8]) {
    let mut socket = std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(0) });
    let _ = socket.write_all(bytes);
}

/// A control message.
pub fn frame(json: &str) {
    say(&u32::try_from(json.len()).unwrap_or(0).to_le_bytes());
    say(json.as_bytes());
}

/// An answer whose report says `report`, and whose tables are the given bytes; then the process is gone.
pub fn answer(report: &str, tables: &[&[u8]]) -> ! {
    let length = (report.len() as u64).to_le_bytes();
    write_result(&[&length, report.as_bytes(), &tables.concat()].concat())
}

/// One table of the answer, as often as anybody may ask for one.
pub fn same_table_again_and_again(table: &[u8]) -> ! {
    let names: Vec<String> = (0..1000).map(|number| format!("\"t{number}\"")).collect();
    answer(&report(&names.join(",")), &[table])
}

/// A report of the given tables, in the words of JSON.
pub fn report(tables: &str) -> String {
    format!(
        r#"{{"output":"numbers","tables":[{tables}],"matrices":[],"metadata":{{}},"findings":[],"exports":{{}}}}"#
    )
}

/// Says that the answer ends after so many bytes of the first segment.
pub fn done(bytes: u64) {
    frame(&format!(r#"{{"frame":"done","bytes":{bytes}}}"#));
}

/// An answer that begins well and has no end: a report that it says is long, in a file of holes.
pub fn segments_for_ever() -> ! {
    if let Some(mut file) = result_file() {
        let _ = file.write_all(&(15_u64 << 20).to_le_bytes());
        let _ = file.set_len(8 << 20);
    }
    loop {
        frame(r#"{"frame":"segment"}"#);
    }
}

/// A frame that never ends, byte by byte.
pub fn drip() -> ! {
    say(&100_000_u32.to_le_bytes());
    loop {
        say(b" ");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Says more than there is to say of how far it is.
pub fn progress_out_of_range() {
    let long = "x".repeat(500_000);
    for fraction in ["-5", "1e308", "-1e308", "0.0000001"] {
        frame(&format!(r#"{{"frame":"progress","fraction":{fraction},"doing":"\u001b[2J{long}"}}"#));
    }
}

/// Open files of a kind. A worker cannot list them, but it can ask for each.
pub fn open_files(kind: &str) -> Vec<File> {
    let numbers = (0..256).filter(|number| {
        let name = std::fs::read_link(format!("/proc/self/fd/{number}"));
        name.is_ok_and(|name| name.to_string_lossy().contains(kind))
    });
    numbers.map(|number| unsafe { File::from_raw_fd(number) }).collect()
}

/// The file that the worker's answer is written to.
pub fn result_file() -> Option<File> {
    open_files("memfd:result").pop()
}

fn write_result(bytes: &[u8]) -> ! {
    // As much as fits into both segments, and so without waiting for the host.
    let bytes = &bytes[..bytes.len().min(8 << 20)];
    if let Some(mut file) = result_file() {
        let _ = file.write_all(bytes);
    }
    let rest = bytes.len().checked_sub(4 << 20);
    if rest.is_some() {
        frame(r#"{"frame":"segment"}"#);
    }
    done(rest.unwrap_or(bytes.len()) as u64);
    std::process::exit(0);
}

/// An answer whose report is right and whose table is noise that begins like a stream of Arrow messages, or whose
/// matrix ends before its last float.
pub fn noise(seed: usize) -> ! {
    if seed % 3 == 2 {
        let report = r#"{"output":"numbers","tables":[],"matrices":[{"name":"m","size":2}],"metadata":{},"findings":[],"exports":{}}"#;
        answer(report, &[&4_u64.to_le_bytes(), &[0; 24], &[0; 8][..1 + seed % 7]])
    }
    let mut noise = vec![0xff, 0xff, 0xff, 0xff, 0x40, 0, 0, 0];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed as u64 + 1);
    noise.extend((0..1000).map(|_| {
        let byte = next(&mut state);
        // Small numbers look more like offsets and lengths than large ones.
        if seed % 2 == 0 { byte } else { byte % 24 }
    }));
    answer(&report("\"data\""), &[&noise])
}

/// Changes the answer while and after it is written.
pub fn scribble() {
    use std::os::unix::fs::FileExt;
    let Some(file) = result_file() else { return };
    let mut state = u64::from(std::process::id()) | 1;
    loop {
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let byte = next(&mut state);
        if length > 0 {
            let _ = file.write_all_at(&[byte], state % length);
        }
    }
}

fn next(state: &mut u64) -> u8 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    state.to_le_bytes()[0]
}
