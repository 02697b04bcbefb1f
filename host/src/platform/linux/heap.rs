//! The heap of the C library, which every allocation of this process comes from.
#![cfg_attr(
    target_env = "gnu",
    expect(unsafe_code, reason = "a setting of the C library that has no safe form")
)]

/// Lets all threads share one heap. By default each of them may get one, up to eight for each core, and each keeps what
/// its largest piece of work needed: a process that serves for months would hold all of them.
pub(in crate::platform) fn share() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes two numbers, and may be called at any time.
    unsafe {
        // When it is refused memory is used as it always was.
        let _ = libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
