//! `host alert`: who is told of what `health` finds, and whether messages arrive.

use std::io::{self, Write};

use serde::Serialize;

use super::table::{self, plain};
use crate::alerts::{self, Channel, Checked, Delivery, Message};
use crate::cli::output::Printer;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::health::{Alert, Monitor};

/// Verbs on alerts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List what somebody should do something about now, and who is told.
    List,
    /// Send a message that tells nothing, to see that it arrives.
    Test(TestArgs),
    /// Look, and tell what is new or over since the last time; the service does it by itself.
    Check,
}

/// Flags of `alert test`.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Only this way, in place of every one that is configured.
    #[arg(long, value_enum, value_name = "CHANNEL")]
    channel: Option<Channel>,
}

/// What is told to whom.
#[derive(Debug, Serialize)]
struct Listed {
    channels: Vec<Configured>,
    alerts: Vec<Alert>,
}

#[derive(Debug, Serialize)]
struct Configured {
    channel: Channel,
    /// How it is configured, without what is secret.
    how: String,
}

/// Who was told.
#[derive(Debug, Serialize)]
struct Tested {
    deliveries: Vec<Delivery>,
}

/// What was new, and who was told.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Found(Checked);

/// Runs a verb.
pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    let channels = context.settings.alert_channels();
    let health = || Ok::<_, Error>(Monitor::once(context.health_place()?).look().health.clone());
    match command {
        Command::List => {
            let configured = channels.configured().into_iter();
            let channels = configured.map(|(channel, how)| Configured { channel, how }).collect();
            printer.report(&Listed { channels, alerts: health()?.alerts })
        }
        Command::Test(args) => {
            let deliveries = channels.send(&Message::of_test(), args.channel);
            if deliveries.is_empty() {
                return Err(nobody(args.channel));
            }
            printer.report(&Tested { deliveries })
        }
        Command::Check => {
            if channels.is_silent() {
                return Err(nobody(None));
            }
            let file = context.settings.told_file();
            printer.report(&Found(alerts::check(&health()?, &channels, &file)?))
        }
    }
}

fn nobody(channel: Option<Channel>) -> Error {
    let setting = match channel {
        None => "neither `alerts.webhook` nor `alerts.mail_command` is set",
        Some(Channel::Webhook) => "`alerts.webhook` is not set",
        Some(Channel::Mail) => "`alerts.mail_command` is not set",
    };
    Error::new(Kind::BadConfig, "nobody is told of alerts")
        .cause(setting.to_owned())
        .hint("write `\"alerts\": {\"webhook\": {\"file\": \"PATH\"}}` into the configuration; the file, of mode 0600, holds the address")
        .hint("or `\"alerts\": {\"mail_command\": [\"/usr/sbin/sendmail\", \"-t\"], \"mail_to\": \"ADDRESS\"}`")
}

fn word(channel: Channel) -> String {
    table::word(channel)
}

impl Report for Listed {
    const SCHEMA: &'static str = "host.alert-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let rows = self.alerts.iter().map(|alert| {
            vec![alert.severity.to_string(), alert.check.clone(), plain(&alert.cause), plain(&alert.action)]
        });
        if self.alerts.is_empty() {
            writeln!(out, "nothing is wrong")?;
        } else {
            table::write(out, style, &["", "CHECK", "WHAT", "WHAT TO TYPE"], rows)?;
        }
        writeln!(out)?;
        for configured in &self.channels {
            writeln!(out, "told by {}: {}", word(configured.channel), plain(&configured.how))?;
        }
        if self.channels.is_empty() {
            writeln!(out, "nobody is told: `host alert test` says how to change that")?;
        }
        Ok(())
    }
}

fn deliveries(out: &mut dyn Write, deliveries: &[Delivery]) -> io::Result<()> {
    for delivery in deliveries {
        let what = if delivery.error.is_some() { "not sent" } else { "sent" };
        writeln!(out, "{what} by {}", word(delivery.channel))?;
    }
    Ok(())
}

impl Report for Tested {
    const SCHEMA: &'static str = "host.alert-test/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        deliveries(out, &self.deliveries)
    }

    fn verdict(&self) -> Option<Error> {
        alerts::failure(&self.deliveries)
    }
}

impl Report for Found {
    const SCHEMA: &'static str = "host.alert-check/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        let Checked { new, over, deliveries: sent } = &self.0;
        for alert in new {
            writeln!(out, "{}: {}: {}", alert.severity, alert.check, plain(&alert.cause))?;
        }
        for check in over {
            writeln!(out, "over: {check}")?;
        }
        if new.is_empty() && over.is_empty() {
            writeln!(out, "nothing is new")?;
        }
        deliveries(out, sent)
    }

    fn verdict(&self) -> Option<Error> {
        alerts::failure(&self.0.deliveries)
    }
}
