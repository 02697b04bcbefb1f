//! Objects of stores by address: `s3://BUCKET/KEY`, `az://CONTAINER/NAME`, `gs://BUCKET/NAME`.
//!
//! Invariants: credentials come from the environment alone and appear in no message, log or record; nothing is asked for
//! in plain text from another machine unless the environment says so; what is read is compared with the checksum that
//! the store keeps, and a read that goes on after a lost connection goes on in the same object or not at all; what is
//! written is there whole, with the digest it was made with, or the command fails.
//!
//! The crate below is asynchronous and this folder is the one place where anything is: it has a runtime of its own, on
//! the thread that asks.

mod address;
mod checksum;
mod get;
mod patient;
mod put;
mod store;
mod trouble;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Kind, Result};
use crate::fetch::Options;

pub use address::{ObjectAddress, Place};
pub use get::ObjectReader;

use address::Scheme;
use store::Store;

/// The stores that this process speaks to; connects to none before it must.
#[derive(Clone)]
pub struct Objects {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    runtime: Option<Arc<Runtime>>,
    /// By scheme and bucket.
    stores: BTreeMap<(Scheme, String), Arc<Store>>,
}

impl Objects {
    /// With the time-out and the number of attempts that downloads have.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { shared: Arc::new(Shared { options, state: Mutex::default() }) }
    }

    fn options(&self) -> Options {
        self.shared.options
    }

    fn runtime(&self) -> Result<Arc<Runtime>> {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &state.runtime {
            return Ok(Arc::clone(runtime));
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            Error::new(Kind::Internal, "cannot prepare for network requests").cause(error.to_string())
        })?;
        Ok(Arc::clone(state.runtime.insert(Arc::new(runtime))))
    }

    fn store(&self, address: &ObjectAddress) -> Result<Arc<Store>> {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (address.scheme(), address.bucket().to_owned());
        if let Some(store) = state.stores.get(&key) {
            return Ok(Arc::clone(store));
        }
        let store = Arc::new(Store::from_environment(address, self.options())?);
        state.stores.insert(key, Arc::clone(&store));
        Ok(store)
    }
}

/// What the stores are made of holds credentials.
impl fmt::Debug for Objects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Objects").field("options", &self.shared.options).finish_non_exhaustive()
    }
}
