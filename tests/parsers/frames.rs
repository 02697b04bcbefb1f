//! What a worker says.

use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use host::modules::worker::frames::{FRAME_LIMIT_BYTES, Frame, Request, Start, receive, send};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::assert_readable;

/// Bytes that fit into a socket whose reader is the same thread.
const SOCKET_BYTES: usize = 100_000;

/// The bytes as everything that a worker sends, and as the content of one frame of each type.
pub(super) fn worker_frames(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(SOCKET_BYTES)];
    all_of::<Frame>(bytes);
    let mut framed = u32::try_from(bytes.len()).expect("a short message").to_le_bytes().to_vec();
    framed.extend(bytes);
    all_of::<Frame>(&framed);
    all_of::<Request>(&framed);
    all_of::<Start>(&framed);
}

/// Receives until the end; what arrives can be sent and arrives again.
fn all_of<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let (mut left, right) = UnixStream::pair().expect("a pair of sockets");
    left.write_all(bytes).expect("it fits");
    drop(left);
    let deadline = Some(Instant::now() + Duration::from_secs(10));
    loop {
        match receive::<T>(&right, deadline) {
            Ok(Some((message, descriptors))) => {
                assert!(descriptors.is_empty());
                assert_sent_again(&message);
            }
            Ok(None) => return,
            Err(error) => {
                let expected = [ErrorKind::InvalidData, ErrorKind::UnexpectedEof];
                assert!(expected.contains(&error.kind()), "{error:?}");
                return assert_readable(&error.to_string());
            }
        }
    }
}

fn assert_sent_again<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(message: &T) {
    let length = serde_json::to_vec(message).expect("a frame can be written").len();
    if length > FRAME_LIMIT_BYTES.min(SOCKET_BYTES) {
        return;
    }
    let (left, right) = UnixStream::pair().expect("a pair of sockets");
    send(&left, message, &[]).expect("it fits");
    let (again, _) = receive::<T>(&right, None).expect("it can be read").expect("it is there");
    assert_eq!(again, *message);
}
