//! Tells the service manager how things are: the protocol of `sd_notify(3)`, a datagram to the socket that the
//! manager names. Where there is no manager nothing happens.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;

use crate::env_vars;

/// Sends a state such as `READY=1`. Nobody waits for it, so a failure is worth a line in the log only.
pub(super) fn tell(state: &str) {
    let Some(socket) = env_vars::read(env_vars::NOTIFY_SOCKET) else { return };
    let sent = UnixDatagram::unbound().and_then(|datagram| {
        // A name that begins with `@` lies in no folder; only Linux has those.
        #[cfg(target_os = "linux")]
        if let Some(name) = socket.as_bytes().strip_prefix(b"@") {
            use std::os::linux::net::SocketAddrExt;
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            return datagram.send_to_addr(state.as_bytes(), &address);
        }
        datagram.send_to(state.as_bytes(), &socket)
    });
    if let Err(error) = sent {
        tracing::warn!("cannot tell the service manager `{state}`: {error}");
    }
}
