//! What went wrong between the host and a store, in words, and what to type.

use std::fmt;
use std::time::Duration;

use ureq::http::StatusCode;

use super::address::{ObjectAddress, Scheme};
use crate::error::{Error, Kind};

/// Why a request gave nothing, after the attempts that made sense.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trouble {
    /// The store answers, but not with what was asked for.
    Status { status: StatusCode, code: Option<String> },
    /// It says nothing.
    Silent(Duration),
    /// The connection ended.
    Lost(String),
    /// There is no connection.
    Unreachable(String),
    /// What would give credentials does not.
    NoCredentials(String),
}

/// [`Trouble`] and how often it was met, as the source of an error of the crate below.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) trouble: Trouble,
    pub(super) attempts: u64,
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trouble {
            Trouble::Status { status, code: Some(code) } => {
                write!(formatter, "the store answers {status}, {code}")
            }
            Trouble::Status { status, code: None } => write!(formatter, "the store answers {status}"),
            Trouble::Silent(patience) => write!(formatter, "nothing came for {patience:?}"),
            Trouble::Lost(why) => write!(formatter, "the connection was lost: {why}"),
            Trouble::Unreachable(why) => write!(formatter, "the store cannot be reached: {why}"),
            Trouble::NoCredentials(why) => {
                write!(formatter, "the environment holds no credentials, and no service gives them: {why}")
            }
        }?;
        if self.attempts > 1 {
            write!(formatter, "; tried {} times", self.attempts)?;
        }
        Ok(())
    }
}

impl Refusal {
    /// What the host said of a request, below what the crate made of it.
    pub(super) fn of(error: &object_store::Error) -> Option<&Self> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = next {
            if let Some(refusal) = error.downcast_ref() {
                return Some(refusal);
            }
            next = error.source();
        }
        None
    }

    fn status(&self) -> Option<StatusCode> {
        match &self.trouble {
            Trouble::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the store is there and has no such object.
    pub(super) fn is_absent(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND) && !self.names_no_bucket()
    }

    /// Whether the object is there and has no such bytes.
    pub(super) fn is_out_of_range(&self) -> bool {
        self.status() == Some(StatusCode::RANGE_NOT_SATISFIABLE)
    }

    fn names_no_bucket(&self) -> bool {
        let no_bucket = ["NoSuchBucket", "ContainerNotFound"];
        matches!(&self.trouble, Trouble::Status { code: Some(code), .. } if no_bucket.contains(&code.as_str()))
    }
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Reading,
    Writing,
}

/// The error of a user: `what` failed at the address, why, and what to type. The exit codes are those of files.
pub(super) fn explain(
    error: &object_store::Error,
    doing: Doing,
    what: &str,
    address: &ObjectAddress,
) -> Error {
    let of_place = if doing == Doing::Reading { Kind::BadInput } else { Kind::Storage };
    let at = |kind, why: &str| Error::new(kind, what).cause(format!("`{address}`: {why}"));
    let Some(refusal) = Refusal::of(error) else {
        return at(Kind::Network, &crate::error::chain(error))
            .hint("look whether the address and the environment are right");
    };
    let bucket = address.bucket();
    match refusal.status() {
        Some(StatusCode::NOT_FOUND) if refusal.names_no_bucket() => {
            at(of_place, &format!("the store has no bucket `{bucket}`"))
                .hint(format!("check the address, and {}", place_variables(address.scheme())))
        }
        Some(StatusCode::NOT_FOUND) => {
            at(of_place, "there is no such object").hint("check the address".to_owned())
        }
        Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => at(of_place, &refusal.to_string()).hint(
            format!("check {}, and what they allow on `{bucket}`", credential_variables(address.scheme())),
        ),
        Some(StatusCode::PRECONDITION_FAILED) => changed(what, address),
        _ => match &refusal.trouble {
            Trouble::NoCredentials(_) => at(of_place, &refusal.to_string())
                .hint(format!("set {}", credential_variables(address.scheme()))),
            Trouble::Unreachable(_) => at(Kind::Network, &refusal.to_string())
                .hint(format!("check {}", place_variables(address.scheme()))),
            Trouble::Status { status, .. } if status.is_client_error() || status.is_redirection() => {
                at(Kind::Network, &refusal.to_string())
                    .hint(format!("check {}", place_variables(address.scheme())))
            }
            _ => at(Kind::Network, &refusal.to_string())
                .hint("type the same again when the store can be reached"),
        },
    }
}

/// Somebody wrote the object while it was read.
pub(super) fn changed(what: &str, address: &ObjectAddress) -> Error {
    Error::new(Kind::BadInput, what)
        .cause(format!("`{address}` changed while it was read"))
        .hint("type the same again when nobody writes it")
}

pub(super) fn credential_variables(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::S3 => "`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`",
        Scheme::Azure => "`AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`",
        Scheme::Google => "`GOOGLE_APPLICATION_CREDENTIALS`",
    }
}

fn place_variables(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::S3 => "`AWS_REGION` and `AWS_ENDPOINT_URL`",
        Scheme::Azure => "`AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ENDPOINT`",
        Scheme::Google => "`GOOGLE_BASE_URL`",
    }
}
