//! Reads an object piece by piece; a lost connection is taken up where it ended, in the same object.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::{Attribute, Attributes, GetOptions, GetRange, GetResult};
use tokio::runtime::Runtime;

use super::Objects;
use super::address::ObjectAddress;
use super::checksum::Checking;
use super::patient::CHECKSUM_ATTRIBUTE;
use super::store::Store;
use super::trouble::{Doing, Refusal, Trouble, changed, explain};
use crate::error::{Error, Kind, Result};
use crate::fetch::{Options, patience};

/// An object that is being read. Its errors are of kind `Other` and hold an [`Error`].
pub struct ObjectReader {
    runtime: Arc<Runtime>,
    store: Arc<Store>,
    address: ObjectAddress,
    options: Options,
    /// What cannot be done when it cannot be read.
    what: String,
    body: Option<BoxStream<'static, object_store::Result<Bytes>>>,
    piece: Bytes,
    received: u64,
    size: u64,
    e_tag: Option<String>,
    checking: Option<Checking>,
    failures: u64,
}

impl Objects {
    /// Begins to read an object. `what` is the message of every error on the way.
    ///
    /// # Errors
    /// [`Kind::BadInput`] when there is no such object or it may not be read, [`Kind::Network`],
    /// [`Kind::BadConfig`] when the environment makes no sense.
    pub fn open(&self, address: &ObjectAddress, what: &str) -> Result<ObjectReader> {
        let (runtime, store) = (self.runtime()?, self.store(address)?);
        let asked = store.reading.get_opts(address.key(), GetOptions::default());
        let result =
            runtime.block_on(asked).map_err(|error| explain(&error, Doing::Reading, what, address))?;
        let checking = stated(&result.attributes).and_then(Checking::new);
        Ok(ObjectReader {
            runtime,
            address: address.clone(),
            options: self.options(),
            what: what.to_owned(),
            piece: Bytes::new(),
            received: 0,
            size: result.meta.size,
            e_tag: result.meta.e_tag.clone(),
            checking,
            failures: 0,
            body: Some(result.into_stream()),
            store,
        })
    }

    /// Whether there is such an object. One that cannot be looked at is there: reading it says why.
    #[must_use]
    pub fn may_exist(&self, address: &ObjectAddress) -> bool {
        let Ok((runtime, store)) = self.runtime().and_then(|runtime| Ok((runtime, self.store(address)?)))
        else {
            return true;
        };
        // Not a HEAD: to that, a store without the bucket answers as one without the object.
        let first_byte = GetOptions { range: Some(GetRange::Bounded(0..1)), ..GetOptions::default() };
        match runtime.block_on(store.reading.get_opts(address.key(), first_byte)) {
            Ok(_) => true,
            Err(error) => !Refusal::of(&error).is_some_and(Refusal::is_absent),
        }
    }
}

/// The checksum that came with an object.
pub(super) fn stated(attributes: &Attributes) -> Option<&str> {
    attributes.get(&Attribute::Metadata(CHECKSUM_ATTRIBUTE.into())).map(AsRef::as_ref)
}

impl ObjectReader {
    /// Size of the whole object.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Some bytes, or none at the end.
    fn next_piece(&mut self) -> Result<Bytes> {
        let runtime = Arc::clone(&self.runtime);
        let piece = runtime.block_on(self.receive())?;
        self.received += piece.len() as u64;
        if self.received > self.size {
            return Err(changed(&self.what, &self.address));
        }
        if let Some(checking) = &mut self.checking {
            checking.update(&piece);
        }
        if piece.is_empty() && self.checking.take().is_some_and(|checking| !checking.agrees()) {
            return Err(Error::new(Kind::Untrusted, self.what.clone())
                .cause(format!(
                    "what arrived from `{}` has not the checksum that the store keeps",
                    self.address
                ))
                .hint("type the same again; if it stays so, the object is damaged"));
        }
        Ok(piece)
    }

    async fn receive(&mut self) -> Result<Bytes> {
        while self.received < self.size {
            let Some(body) = &mut self.body else {
                self.body = Some(self.go_on().await?);
                continue;
            };
            let trouble = match tokio::time::timeout(self.options.timeout, body.next()).await {
                Ok(Some(Ok(piece))) if piece.is_empty() => continue,
                Ok(Some(Ok(piece))) => return Ok(piece),
                Ok(Some(Err(_)) | None) => {
                    Trouble::Lost(format!("after {} of {} bytes", self.received, self.size))
                }
                Err(_) => Trouble::Silent(self.options.timeout),
            };
            self.body = None;
            self.failures += 1;
            let refusal = Refusal { trouble, attempts: self.failures };
            if self.failures >= self.options.attempts || self.e_tag.is_none() {
                return Err(Error::new(Kind::Network, self.what.clone())
                    .cause(format!("`{}`: {refusal}", self.address))
                    .hint("type the same again when the store can be reached"));
            }
            let wait = patience::after(self.failures);
            tracing::info!(address = %self.address, "{refusal}; again in {:.1} s", wait.as_secs_f64());
            tokio::time::sleep(wait).await;
        }
        Ok(Bytes::new())
    }

    /// The rest of the very object that was begun.
    async fn go_on(&self) -> Result<BoxStream<'static, object_store::Result<Bytes>>> {
        let rest = GetOptions {
            range: Some(GetRange::Bounded(self.received..self.size)),
            if_match: self.e_tag.clone(),
            ..GetOptions::default()
        };
        let result: GetResult =
            self.store.reading.get_opts(self.address.key(), rest).await.map_err(|error| {
                let gone = Refusal::of(&error)
                    .is_some_and(|refusal| refusal.is_absent() || refusal.is_out_of_range());
                if gone {
                    changed(&self.what, &self.address)
                } else {
                    explain(&error, Doing::Reading, &self.what, &self.address)
                }
            })?;
        if result.meta.size != self.size || result.meta.e_tag != self.e_tag {
            return Err(changed(&self.what, &self.address));
        }
        Ok(result.into_stream())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            self.piece = self.next_piece().map_err(io::Error::other)?;
        }
        let count = buffer.len().min(self.piece.len());
        let (to, from) = (buffer.split_at_mut(count).0, self.piece.split_to(count));
        from.clone().copy_to_slice(to);
        Ok(count)
    }
}
