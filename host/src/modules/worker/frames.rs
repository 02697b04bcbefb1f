//! Control messages between host and worker: a length (u32, little endian) and JSON, descriptors beside it.

use std::io::{self, IoSlice, IoSliceMut, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use plugin_api::ModuleError;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recv, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::platform::{Cell, Condition, Confinement, ConfinementLevel};

/// Longest frame. Answers travel in the result file, so control messages are short.
pub const FRAME_LIMIT_BYTES: usize = 1 << 20;

/// Most descriptors that travel with a message; the kernel's own limit is 253.
pub const DESCRIPTOR_LIMIT: usize = 64;

/// What a process is told before anything else. Descriptor: the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// What it must put itself into.
    pub cell: Cell,
    /// With less it must not load the module.
    pub minimum_confinement: ConfinementLevel,
}

/// The result file has room for two of these: while the host reads one, the worker writes the other.
pub const SEGMENT_BYTES: usize = 4 << 20;

/// What the host asks, once or several times. Descriptors: result file, then one for each input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Inputs by role and file name, in order of their descriptors.
    pub inputs: Vec<RequestInput>,
    /// Resolved parameters, a JSON object.
    pub parameters: String,
    /// Wall time for this derivation.
    pub timeout_milliseconds: u64,
}

/// One input of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestInput {
    /// Role.
    pub role: String,
    /// File name for messages.
    pub name: String,
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "kebab-case")]
pub enum Frame {
    /// The confinement is in force; the module is about to be loaded.
    Ready {
        /// What was applied.
        confinement: Confinement,
        /// How the process began.
        condition: Condition,
    },
    /// The confinement is less than was demanded; nothing was loaded.
    Unconfined {
        /// What was applied.
        confinement: Confinement,
    },
    /// The request has arrived; what follows belongs to it.
    Accepted,
    /// A line for the log.
    Log {
        /// 0 error … 4 trace.
        level: u32,
        /// The line.
        text: String,
    },
    /// How far the module is.
    Progress {
        /// 0 to 1.
        fraction: f64,
        /// What it does.
        doing: String,
    },
    /// The module refused.
    Failed {
        /// Why.
        error: ModuleError,
    },
    /// The memory limit does not even hold the module and its inputs.
    OutOfMemory,
    /// The library could not be loaded.
    Refused {
        /// One line.
        message: String,
    },
    /// The next segment of the answer is full. They take turns in the two halves of the result file.
    Segment,
    /// The answer ends in the next segment.
    Done {
        /// Bytes of it there.
        bytes: u64,
    },
}

/// What the host says when it has read a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {}

/// Whether a message is short enough to be sent.
#[must_use]
pub fn fits(message: &impl Serialize, descriptors: usize) -> bool {
    let length = serde_json::to_vec(message).map_or(usize::MAX, |json| json.len());
    length <= FRAME_LIMIT_BYTES && descriptors <= DESCRIPTOR_LIMIT
}

/// Sends a message with descriptors.
///
/// # Errors
/// When the peer is gone or the message is too long.
pub fn send(socket: &UnixStream, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let json = serde_json::to_vec(message)?;
    if json.len() > FRAME_LIMIT_BYTES || descriptors.len() > DESCRIPTOR_LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the control message is too long"));
    }
    let length = u32::try_from(json.len()).map_err(io::Error::other)?.to_le_bytes();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTOR_LIMIT))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    // The descriptors travel with the four bytes of the length, which are never split. Length and text go together, so
    // that the peer wakes up once.
    let parts = [IoSlice::new(&length), IoSlice::new(&json)];
    let sent = sendmsg(socket.as_fd(), &parts, &mut ancillary, no_signal())?;
    let rest = sent.checked_sub(length.len()).and_then(|sent| json.get(sent..));
    let cut = || io::Error::new(io::ErrorKind::WriteZero, "a control message was cut short");
    let mut socket = socket;
    socket.write_all(rest.ok_or_else(cut)?)
}

#[cfg(target_os = "linux")]
fn no_signal() -> SendFlags {
    SendFlags::NOSIGNAL
}

#[cfg(not(target_os = "linux"))]
fn no_signal() -> SendFlags {
    SendFlags::empty()
}

#[cfg(target_os = "linux")]
fn close_on_exec() -> RecvFlags {
    RecvFlags::CMSG_CLOEXEC
}

/// A worker starts no program, so there is nothing that could inherit a descriptor.
#[cfg(not(target_os = "linux"))]
fn close_on_exec() -> RecvFlags {
    RecvFlags::empty()
}

/// Receives a message and what descriptors came with it; `None` when the peer closed its end between messages. The
/// deadline is for the whole message, so a peer that sends it byte by byte gains nothing.
///
/// # Errors
/// When the peer is gone, too slow, or its message malformed.
pub fn receive<T: DeserializeOwned>(
    socket: &UnixStream,
    deadline: Option<Instant>,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut length = [0; 4];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTOR_LIMIT))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = patiently(socket, deadline, |flags| {
        let flags = flags | close_on_exec();
        Ok(recvmsg(socket.as_fd(), &mut [IoSliceMut::new(&mut length)], &mut ancillary, flags)?)
    })?;
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    if received.bytes == 0 {
        return Ok(None);
    }
    read_exact(socket, deadline, length.get_mut(received.bytes..).unwrap_or_default())?;
    let length = usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?;
    if length > FRAME_LIMIT_BYTES {
        let text = format!("a control message of {length} bytes, the limit is {FRAME_LIMIT_BYTES}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut json = vec![0; length];
    read_exact(socket, deadline, &mut json)?;
    let message = serde_json::from_slice(&json)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
    Ok(Some((message, descriptors)))
}

/// Takes what is there, else waits for it until the deadline.
fn patiently<T>(
    socket: &UnixStream,
    deadline: Option<Instant>,
    mut read: impl FnMut(RecvFlags) -> io::Result<T>,
) -> io::Result<T> {
    let Some(deadline) = deadline else { return read(RecvFlags::empty()) };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    match read(RecvFlags::DONTWAIT) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            socket.set_read_timeout(Some(left))?;
            read(RecvFlags::empty())
        }
        done => done,
    }
}

fn read_exact(socket: &UnixStream, deadline: Option<Instant>, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match patiently(socket, deadline, |flags| Ok(recv(socket.as_fd(), &mut *bytes, flags)?)) {
            Ok((_, 0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok((_, count)) => bytes = bytes.get_mut(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_with_its_descriptors() {
        let (left, right) = UnixStream::pair().unwrap();
        let file = crate::platform::SealedFile::from_bytes("x", b"hello").unwrap();
        let frame = Frame::Progress { fraction: 0.5, doing: "half".to_owned() };
        send(&left, &frame, &[file.as_fd()]).unwrap();
        let (received, descriptors) = receive::<Frame>(&right, None).unwrap().unwrap();
        assert_eq!(received, frame);
        let descriptor = descriptors.into_iter().next().unwrap();
        let copy = crate::platform::SealedFile::from_descriptor(descriptor).unwrap();
        assert_eq!(&*copy.map().unwrap(), b"hello");
    }

    #[test]
    fn garbage_and_oversize_are_errors_and_a_closed_end_is_none() {
        let (mut left, right) = UnixStream::pair().unwrap();
        left.write_all(&5_u32.to_le_bytes()).unwrap();
        left.write_all(b"\xff{]}x").unwrap();
        assert_eq!(receive::<Frame>(&right, None).unwrap_err().kind(), io::ErrorKind::InvalidData);
        left.write_all(&u32::MAX.to_le_bytes()).unwrap();
        assert_eq!(receive::<Frame>(&right, None).unwrap_err().kind(), io::ErrorKind::InvalidData);
        drop(left);
        assert!(receive::<Frame>(&right, None).unwrap().is_none());
    }
}
