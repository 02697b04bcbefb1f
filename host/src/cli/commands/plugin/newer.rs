//! Whether the place where a module came from has a newer version: what `list --outdated` and `upgrade` ask.

use semver::Version;

use crate::error::{Error, Result};
use crate::packages::source::{Fetcher, Offer};
use crate::packages::store::{InstalledVersion, Receipt};

/// What the source of an installed module has.
pub(super) struct Newest {
    /// The newest version there, if it says what it has.
    pub(super) version: Option<Version>,
    /// The package to upgrade to; nothing when the current version is as new.
    pub(super) offer: Option<Offer>,
    /// Why nobody knows.
    pub(super) unknown: Option<String>,
}

/// Asks the source of the current version.
pub(super) fn ask(fetcher: &Fetcher, receipt: &Receipt) -> Result<Newest> {
    let source = receipt.installed().map_or("", |installed: &InstalledVersion| &installed.source);
    let Some(offers) = fetcher.offers_beside(source, &receipt.id)? else {
        let unknown = Some(format!("there is no index beside `{source}`"));
        return Ok(Newest { version: None, offer: None, unknown });
    };
    // A version for testing is no successor of one that is released.
    let wanted = |version: &Version| version.pre.is_empty() || !receipt.current.pre.is_empty();
    let newest = offers.into_iter().filter_map(|offer| {
        let version = offer.said.as_ref()?.version.clone();
        wanted(&version).then_some((version, offer))
    });
    let newest = newest.max_by(|one, other| one.0.cmp(&other.0));
    let version = newest.as_ref().map(|(version, _)| version.clone());
    let offer = newest.filter(|(version, _)| *version > receipt.current).map(|(_, offer)| offer);
    let unknown = version.is_none().then(|| format!("no package of it is beside `{source}` any more"));
    Ok(Newest { version, offer, unknown })
}

/// The same, where a source that cannot be asked is told of and stops nobody.
pub(super) fn ask_or_tell(fetcher: &Fetcher, receipt: &Receipt) -> Newest {
    ask(fetcher, receipt).unwrap_or_else(|error: Error| Newest {
        version: None,
        offer: None,
        unknown: Some(error.to_string()),
    })
}
