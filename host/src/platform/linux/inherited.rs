//! Descriptors that came with the start of this process: whoever started the host may have left some open.
#![expect(unsafe_code, reason = "closing by number is unsafe because a number may belong to somebody")]

/// Closes everything but the standard three. Only for the beginning of a process.
pub(super) fn close() -> bool {
    // SAFETY: nothing in this process has opened a descriptor yet.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) == 0 }
}
