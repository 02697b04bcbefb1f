//! Writes objects: whole, verified, or not at all.

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::{
    GetOptions, MultipartUpload, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload,
};

use super::Objects;
use super::address::ObjectAddress;
use super::checksum::{Checking, sha256_of, sha256_of_parts};
use super::get::stated;
use super::store::Store;
use super::trouble::{Doing, explain};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::fetch::Options;

/// Objects larger than this are sent in parts of this size, or of a larger one where there would be too many.
const PART_BYTES: usize = 8 << 20;

/// S3 takes no more parts of one object.
const MOST_PARTS: usize = 10_000;

/// How an object was sent.
enum Sent {
    Whole,
    InParts(usize),
}

impl Objects {
    /// Writes an object, and looks whether the store now has these bytes. `what` is the message of every error.
    ///
    /// # Errors
    /// [`Kind::Storage`] when the store refuses it, [`Kind::Network`], [`Kind::Untrusted`] when the store has other
    /// bytes, [`Kind::BadConfig`]. Then there is no new object.
    pub fn put(&self, address: &ObjectAddress, bytes: Vec<u8>, what: &str) -> Result<()> {
        let (runtime, store) = (self.runtime()?, self.store(address)?);
        let upload =
            Upload { store: &store, address, what, bytes: Bytes::from(bytes), options: self.options() };
        runtime.block_on(upload.run())
    }
}

struct Upload<'u> {
    store: &'u Store,
    address: &'u ObjectAddress,
    what: &'u str,
    bytes: Bytes,
    options: Options,
}

impl Upload<'_> {
    async fn run(&self) -> Result<()> {
        let sent = if self.bytes.len() > PART_BYTES { self.in_parts().await? } else { self.whole().await? };
        if self.is_there(&sent).await? {
            return Ok(());
        }
        let removed = self.store.writing.delete(self.address.key()).await;
        let left = if removed.is_ok() { "it was removed" } else { "it could not be removed" };
        Err(Error::new(Kind::Untrusted, self.what)
            .cause(format!("`{}`: the store has other bytes than were sent; {left}", self.address))
            .hint("type the same again"))
    }

    fn explain(&self, error: &object_store::Error) -> Error {
        explain(error, Doing::Writing, self.what, self.address)
    }

    async fn whole(&self) -> Result<Sent> {
        let payload = PutPayload::from(self.bytes.clone());
        let put = self.store.writing.put_opts(self.address.key(), payload, PutOptions::default()).await;
        put.map(|_| Sent::Whole).map_err(|error| self.explain(&error))
    }

    async fn in_parts(&self) -> Result<Sent> {
        let part_bytes = self.bytes.len().div_ceil(MOST_PARTS).max(PART_BYTES);
        let begun = self.store.writing.put_multipart_opts(self.address.key(), PutMultipartOptions::default());
        let mut upload = begun.await.map_err(|error| self.explain(&error))?;
        let sent = Sent::InParts(part_bytes);
        let Err(error) = self.parts(upload.as_mut(), part_bytes).await else { return Ok(sent) };
        // The answer to the last request may have been lost, and the object be there.
        if self.is_there(&sent).await.unwrap_or(false) {
            return Ok(sent);
        }
        let failed = self.explain(&error);
        match upload.abort().await {
            Ok(()) => Err(failed),
            Err(error) => {
                let why = self.explain(&error).causes.join(": ");
                Err(failed
                    .cause(format!("what was sent of it stays in the store, where it costs money: {why}")))
            }
        }
    }

    async fn parts(&self, upload: &mut dyn MultipartUpload, part_bytes: usize) -> object_store::Result<()> {
        let mut rest = self.bytes.clone();
        while !rest.is_empty() {
            let part = rest.split_to(part_bytes.min(rest.len()));
            upload.put_part(PutPayload::from(part)).await?;
        }
        upload.complete().await.map(|_| ())
    }

    /// Whether the store has these bytes: by the checksum that it keeps, else by reading all of them back.
    async fn is_there(&self, sent: &Sent) -> Result<bool> {
        let reading = &self.store.reading;
        let head = GetOptions { head: true, ..GetOptions::default() };
        let head = reading.get_opts(self.address.key(), head).await.map_err(|error| self.explain(&error))?;
        if head.meta.size != self.bytes.len() as u64 {
            return Ok(false);
        }
        if let Some(stated) = stated(&head.attributes) {
            let expected = match sent {
                Sent::Whole => sha256_of(&self.bytes),
                Sent::InParts(part_bytes) => sha256_of_parts(self.bytes.chunks(*part_bytes)),
            };
            if stated == expected {
                return Ok(true);
            }
            if let Some(mut checking) = Checking::new(stated) {
                checking.update(&self.bytes);
                return Ok(checking.agrees());
            }
        }
        self.reads_back().await
    }

    async fn reads_back(&self) -> Result<bool> {
        let got = self.store.reading.get_opts(self.address.key(), GetOptions::default()).await;
        let mut stream = got.map_err(|error| self.explain(&error))?.into_stream();
        let mut rest = self.bytes.clone();
        loop {
            match tokio::time::timeout(self.options.timeout, stream.next()).await {
                Ok(Some(Ok(piece))) if rest.starts_with(&piece) => drop(rest.split_to(piece.len())),
                Ok(Some(Ok(_))) => return Ok(false),
                Ok(None) => return Ok(rest.is_empty()),
                Ok(Some(Err(_))) | Err(_) => {
                    let sha256 = Digest::of(&self.bytes);
                    return Err(Error::new(Kind::Network, self.what)
                        .cause(format!("`{}`: the connection was lost while it was read back", self.address))
                        .hint(format!("look whether it has sha256 {sha256}, or type the same again")));
                }
            }
        }
    }
}
