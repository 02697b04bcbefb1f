//! Every verb and flag, with its help text. Help, completions, man page and the reference in the docs come from here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli::commands;
use crate::trust::TrustLevel;

/// Turns published raw data into validated, registered datasets by modules anyone can write.
#[derive(Debug, Parser)]
#[command(name = "host", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  host dataset list                                  every dataset that is known, and its state
  host fetch NAME && host prepare NAME               a published dataset
  host prepare --plugin ID                           the module's bundled dataset
  host prepare --plugin ID --input ROLE=PATH         a dataset from your own files
  host export NAME --format npz --output DIR         files other programs read
  host check                                         is everything still as it was registered?

Exit codes:
  0 ok            10 no data root         15 limit              20 writing is switched off
  1 bug           11 locked               16 bad input          21 network
  2 usage         12 untrusted            17 bad configuration  130 interrupted
  3 check failed  13 incompatible module  18 storage
  4 some failed   14 module crashed       19 corrupt registry";

/// Heading of the flags that every verb takes.
const GLOBAL: &str = "Options of every verb";

/// Flags of every verb.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// Folder of raw and derived data and of the registry [default: ~/.pbuf/data].
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DIR")]
    pub data_root: Option<PathBuf>,
    /// Configuration file to use in place of the project's `pbuf.json`.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder with modules; may be given several times, searched first.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DIR")]
    pub plugin_dir: Vec<PathBuf>,
    /// Print one JSON object for programs in place of text.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub json: bool,
    /// Tell more: -v what is done, -vv details, -vvv everything.
    #[arg(short, long, global = true, help_heading = GLOBAL, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Tell only errors.
    #[arg(short, long, global = true, help_heading = GLOBAL, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Form of the log on standard error.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Show no progress bar.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub no_progress: bool,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Flags of every verb that runs modules.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct TrustFlags {
    /// How far a module must be vouched for to run; never less than the setting `plugins.trust` demands.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) trust: Option<TrustLevel>,
    /// Run only modules that `plugins.lock` pins.
    #[arg(long)]
    pub(super) locked: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Derive, validate and register datasets.
    Prepare(commands::prepare::Args),
    /// Download the published files of datasets, exactly those that their catalogue pins.
    Fetch(commands::fetch::Args),
    /// Look at every dataset that can be prepared. No verb runs a module's code.
    #[command(subcommand)]
    Dataset(commands::dataset::Command),
    /// Hold a registered dataset, or a folder with one, against its contract again.
    Validate(commands::validate::Args),
    /// List registered datasets.
    List(commands::list::Args),
    /// Show one dataset: columns, units, checks, provenance.
    Show(commands::show::Args),
    /// Print the folder of a dataset's current version.
    Path(commands::path::Args),
    /// Write a dataset in a format that other programs read.
    Export(commands::export::Args),
    /// Draw a dataset, as SVG or PNG.
    Plot(commands::plot::Args),
    /// Write one HTML page with everything about a dataset, or report what the host did, how fast and how well.
    Report(commands::report::Args),
    /// Say what differs between two datasets, or two versions of one.
    Diff(commands::diff::Args),
    /// Look at what ran and what runs; stop it, or ask for it again.
    #[command(subcommand)]
    Run(commands::run::Command),
    /// Say that a version must no longer be used, and why; it stays where it is.
    Retire(commands::retire::Args),
    /// Read every registered file and name each that is damaged, missing, extra or edited.
    Check(commands::check::Args),
    /// Say whether all is well, and what to type where it is not.
    Health(commands::health::Args),
    /// Look for everything an operator can have wrong, and put right what needs nobody's decision.
    Doctor(commands::doctor::Args),
    /// Look at what recurs, and do it now; the service does it when it is due.
    #[command(subcommand)]
    Schedule(commands::schedule::Command),
    /// Tell people of what `health` finds; nobody is told unless a channel is configured.
    #[command(subcommand)]
    Alert(commands::alert::Command),
    /// Certify the host: derive, break, restore and measure, and write a report with evidence for each line.
    Certify(commands::certify::Args),
    /// Let nothing be written for a while; reading goes on.
    #[command(subcommand)]
    Maintenance(commands::maintenance::Command),
    /// Stop everything: let nothing be written, and end what runs.
    Halt(commands::maintenance::HaltArgs),
    /// Take `halt` back.
    Resume,
    /// Show the whole at a glance: datasets, modules, runs, and what somebody should look at.
    Status,
    /// Print what is measured, in the text format of Prometheus.
    Metrics,
    /// Derive a dataset again from its provenance and compare the bytes.
    Reproduce(commands::reproduce::Args),
    /// Write, test, pack, install, lock and look at modules.
    #[command(subcommand)]
    Plugin(commands::plugin::Command),
    /// Say whose signatures count.
    #[command(subcommand)]
    Trust(commands::trust::Command),
    /// Serve datasets, and runs for whoever has the token, over HTTP.
    Serve(commands::serve::Args),
    /// Maintain the registry.
    #[command(subcommand)]
    Registry(commands::registry::Command),
    /// Read the record of who did what.
    #[command(subcommand)]
    Audit(commands::audit::Command),
    /// Save what cannot be made again, and see that it comes back.
    #[command(subcommand)]
    Backup(commands::backup::Command),
    /// Show and check the configuration.
    #[command(subcommand)]
    Config(commands::config::Command),
    /// Print what service managers, clusters and monitors need to run a host.
    #[command(subcommand)]
    Deploy(commands::deploy::Command),
    /// Print completions for a shell.
    Completions(commands::completions::Args),
    /// Print the man page.
    Man(commands::man::Args),
}
