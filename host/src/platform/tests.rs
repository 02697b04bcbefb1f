#![cfg(all(target_os = "linux", not(feature = "portable")))]

use std::io::Write;

use rustix::fs::{FallocateFlags, fallocate, sendfile};
use rustix::io::Errno;

use super::{MemoryFile, SealedFile};

const BYTES: &[u8] = b"13 rows of it";

#[test]
fn nothing_can_change_a_sealed_file() {
    let mut sealed = SealedFile::from_bytes("table", BYTES).unwrap();
    assert!(sealed.file.write_all(b"!").is_err());
    assert!(std::os::unix::fs::FileExt::write_at(&sealed.file, b"!", 0).is_err());
    assert!(sealed.file.set_len(3).is_err());
    assert!(sealed.file.set_len(300).is_err());
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    assert_eq!(fallocate(&sealed.file, hole, 0, 4), Err(Errno::PERM));
    assert_eq!(&sealed.map().unwrap()[..], BYTES);
}

/// While the kernel moves a page it holds it, as a pipe does here. It happened once in some hundred thousand runs:
/// "module cannot be used: Device or resource busy".
#[test]
fn a_page_that_the_kernel_holds_does_not_hinder_sealing() {
    let (_reader, pipe) = std::io::pipe().unwrap();
    let mut own = MemoryFile::create("own").unwrap();
    own.write_all(BYTES).unwrap();
    assert_eq!(sendfile(&pipe, &own.file, Some(&mut 0), BYTES.len()), Ok(BYTES.len()));
    let shared = MemoryFile { file: own.file.try_clone().unwrap() };
    assert_eq!(shared.end_writing().unwrap_err().raw_os_error(), Some(Errno::BUSY.raw_os_error()));
    assert_eq!(own.seal().unwrap().length(), BYTES.len() as u64);
}
