//! Gives a mail to a command that sends it.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::runtime::Builder;

use super::Message;
use crate::children;
use crate::error::{Error, Kind, Result};

/// How long the command may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How mail is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The program and its arguments; it reads a mail with its head.
    pub command: Vec<String>,
    /// Who gets it.
    pub to: Option<String>,
}

impl Mail {
    pub(super) fn send(&self, message: &Message) -> Result<()> {
        let failed = |why: String| {
            Error::new(Kind::Network, "the command of `alerts.mail_command` did not send the mail")
                .cause(why)
                .hint("run `host alert test` when it is put right")
        };
        let (program, arguments) =
            self.command.split_first().ok_or_else(|| failed("it is empty".to_owned()))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(error.to_string()))?;
        let ended = runtime.block_on(async {
            let mut child = command.spawn()?;
            let mut input = child.stdin.take();
            let text = self.text(message);
            let writing = async {
                if let Some(input) = &mut input {
                    // A command that reads nothing says by its end whether that is well.
                    let _ = input.write_all(text.as_bytes()).await;
                }
                drop(input);
            };
            let (ended, ()) = tokio::join!(children::until(&mut child, tokio::time::sleep(TIMEOUT)), writing);
            ended
        });
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(failed(format!("`{program}` ended with {status}"))),
            Err(error) => Err(failed(format!("`{program}`: {error}"))),
        }
    }

    /// The mail, as RFC 5322 has it.
    fn text(&self, message: &Message) -> String {
        let to = self.to.as_ref().map(|to| format!("To: {to}\n")).unwrap_or_default();
        format!(
            "{to}Subject: {}\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n\
             Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}",
            message.subject, message.text
        )
    }
}
