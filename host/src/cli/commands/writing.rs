//! Which verbs write, and which tell how the host is: what maintenance refuses, and what a mistyped data root does. Every verb stands here, so that a new one is thought about.

use super::{alert, config, plugin, run, trust};
use crate::cli::Command;

/// Whether a verb changes what the host keeps: data root, installed modules, trusted keys. What ends runs, puts right,
/// certifies or watches is none of them, nor is what writes files of the user's own, nor what saves and brings back a data
/// root, which is what maintenance is for.
pub(super) fn writes(command: &Command) -> bool {
    match command {
        Command::Prepare(args) => !args.only_plans(),
        Command::Registry(command) => !command.only_plans(),
        Command::Fetch(_) | Command::Retire(_) => true,
        Command::Run(command) => matches!(command, run::Command::Resume(_)),
        Command::Plugin(command) => matches!(
            command,
            plugin::Command::Install(_)
                | plugin::Command::Upgrade(_)
                | plugin::Command::Rollback(_)
                | plugin::Command::Remove(_)
                | plugin::Command::Enable(_)
                | plugin::Command::Disable(_)
        ),
        Command::Trust(command) => !matches!(command, trust::Command::List),
        Command::Dataset(_)
        | Command::Validate(_)
        | Command::List(_)
        | Command::Show(_)
        | Command::Path(_)
        | Command::Export(_)
        | Command::Plot(_)
        | Command::Report(_)
        | Command::Diff(_)
        | Command::Check(_)
        | Command::Certify(_)
        | Command::Health(_)
        | Command::Doctor(_)
        | Command::Status
        | Command::Metrics
        | Command::Reproduce(_)
        | Command::Serve(_)
        // Its verbs are asked one by one.
        | Command::Schedule(_)
        | Command::Alert(_)
        | Command::Maintenance(_)
        | Command::Halt(_)
        | Command::Resume
        | Command::Audit(_)
        | Command::Backup(_)
        | Command::Config(
            config::Command::Show(_) | config::Command::Validate(_) | config::Command::Schema,
        )
        | Command::Deploy(_)
        | Command::Completions(_)
        | Command::Man(_) => false,
    }
}

/// Whether a verb tells what was done in a data root, and would tell of one that is not there that nothing was.
pub(super) fn tells_of_the_host(command: &Command) -> bool {
    match command {
        Command::Health(_) | Command::Status | Command::Metrics | Command::Run(_) => true,
        Command::Alert(command) => matches!(command, alert::Command::List),
        Command::Report(args) => args.tells_of_runs(),
        _ => false,
    }
}
