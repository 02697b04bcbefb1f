//! Tells people of what [`crate::health`] found, when it is new and when it is over. Nobody is told unless a channel is
//! configured.
//!
//! Invariants: nobody is told the same twice, also after a restart; what nobody could be told is told the next time; the
//! address of a webhook is in no message, log or record.

mod mail;
mod message;
mod told;
mod webhook;

use serde::Serialize;

use crate::error::{Error, Kind, Result};
use crate::secret::Reference;

pub use mail::Mail;
pub use message::Message;
pub use told::{Checked, check};

/// Who is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channels {
    /// Where the address is that messages are posted to.
    pub webhook: Option<Reference>,
    /// The command that sends mail.
    pub mail: Option<Mail>,
}

/// A way to tell somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Posted to `alerts.webhook`.
    Webhook,
    /// Mailed by `alerts.mail_command`.
    Mail,
}

/// What became of a message.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// How it was to be delivered.
    pub channel: Channel,
    /// Why it was not.
    pub error: Option<Error>,
}

impl Channels {
    /// Whether nobody is told.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.webhook.is_none() && self.mail.is_none()
    }

    /// Those that are configured, and how, as far as that may be shown.
    #[must_use]
    pub fn configured(&self) -> Vec<(Channel, String)> {
        let webhook = self.webhook.as_ref().map(|reference| (Channel::Webhook, reference.to_string()));
        let mail = self.mail.as_ref().map(|mail| (Channel::Mail, mail.command.join(" ")));
        webhook.into_iter().chain(mail).collect()
    }

    /// Sends a message by every channel, or by one. Blocks.
    #[must_use]
    pub fn send(&self, message: &Message, only: Option<Channel>) -> Vec<Delivery> {
        let wanted = |channel| only.is_none_or(|only| only == channel);
        let webhook = self.webhook.as_ref().filter(|_| wanted(Channel::Webhook));
        let mail = self.mail.as_ref().filter(|_| wanted(Channel::Mail));
        let posted = webhook.map(|reference| (Channel::Webhook, webhook::post(reference, message)));
        let mailed = mail.map(|mail| (Channel::Mail, mail.send(message)));
        let delivery = |(channel, result): (Channel, Result<()>)| Delivery { channel, error: result.err() };
        posted.into_iter().chain(mailed).map(delivery).collect()
    }
}

/// The failure that deliveries stand for.
#[must_use]
pub fn failure(deliveries: &[Delivery]) -> Option<Error> {
    let failed: Vec<&Error> = deliveries.iter().filter_map(|delivery| delivery.error.as_ref()).collect();
    let first = *failed.first()?;
    if failed.len() == deliveries.len() {
        return Some(first.clone());
    }
    let error = Error::new(Kind::Partial, "not everybody could be told").cause(first.to_string());
    Some(first.hints.iter().fold(error, |error, hint| error.hint(hint.clone())))
}
