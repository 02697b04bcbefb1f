//! Compressed files for tests, without a compressor: what matters is that the reader meets each kind of frame.

use std::io::Write;
use std::process::{Command, Stdio};

/// Packs with the system's gzip.
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip")
        .args(["-9", "-n", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is part of every system this runs on");
    let mut input = child.stdin.take().unwrap();
    let content = content.to_vec();
    // Written beside the reading, or both pipes could be full.
    let writer = std::thread::spawn(move || input.write_all(&content));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Largest block of a Zstandard frame (RFC 8878, section 3.1.1.2.4).
const LARGEST_BLOCK: usize = 128 << 10;

/// Kinds of blocks (RFC 8878, section 3.1.1.2.2).
const RAW: u32 = 0;
const REPEATED_BYTE: u32 = 1;

/// A Zstandard frame of raw blocks.
pub(crate) fn zstd(content: &[u8]) -> Vec<u8> {
    let mut frame = frame_header(content.len());
    let chunks: Vec<&[u8]> = content.chunks(LARGEST_BLOCK).collect();
    for (number, chunk) in chunks.iter().enumerate() {
        frame.extend(block_header(RAW, chunk.len(), number + 1 == chunks.len()));
        frame.extend_from_slice(chunk);
    }
    frame
}

/// A Zstandard frame of `blocks` times 128 KiB of blanks, four bytes each.
pub(crate) fn zstd_bomb(blocks: usize) -> Vec<u8> {
    let mut frame = frame_header(blocks * LARGEST_BLOCK);
    for number in 1..=blocks {
        frame.extend(block_header(REPEATED_BYTE, LARGEST_BLOCK, number == blocks));
        frame.push(b' ');
    }
    frame
}

/// Magic number, descriptor (single segment, content size in four bytes), content size (RFC 8878, section 3.1.1.1).
fn frame_header(content: usize) -> Vec<u8> {
    let mut header = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
    header.extend(u32::try_from(content).unwrap().to_le_bytes());
    header
}

fn block_header(kind: u32, size: usize, last: bool) -> [u8; 3] {
    let header = u32::try_from(size).unwrap() << 3 | kind << 1 | u32::from(last);
    let [low, middle, high, _] = header.to_le_bytes();
    [low, middle, high]
}
