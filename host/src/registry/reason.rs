//! Why somebody wants something: a sentence that others are told whenever it stands in their way.

use crate::error::{Error, Kind, Result};

/// Longest reason in bytes: every refusal repeats it, and every later record of a retired dataset carries it.
const LONGEST_REASON: usize = 1000;

/// The reason without the blanks around it; `what` it is the reason for goes into the hint.
///
/// # Errors
/// [`Kind::Usage`] for an empty one, [`Kind::Limit`] for a long one.
pub(super) fn checked<'a>(reason: &'a str, what: &str) -> Result<&'a str> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::new(Kind::Usage, "the reason is empty")
            .hint(format!("say in a sentence why {what}: `--reason TEXT`")));
    }
    if reason.len() > LONGEST_REASON {
        let message = format!("the reason has {} bytes, the limit is {LONGEST_REASON}", reason.len());
        return Err(Error::new(Kind::Limit, message).hint("say it in a sentence"));
    }
    Ok(reason)
}
