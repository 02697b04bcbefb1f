//! The limit of the size of files that somebody set for this process.
#![expect(unsafe_code, reason = "a handler of signals has no safe form without a runtime around it")]

/// Lets a write beyond the limit fail as any other write does. By default the system ends the process there, without a
/// word. A handler, because what is ignored would stay so in workers, whose end by this signal says something.
pub(in crate::platform) fn report_as_error() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    // SAFETY: the handler does nothing, so it may interrupt anything.
    unsafe {
        // When it is refused a write ends the process as before.
        let _ = libc::signal(libc::SIGXFSZ, nothing as *const () as libc::sighandler_t);
    }
}
