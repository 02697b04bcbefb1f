//! Flags of `prepare`, and how their values are read.

use std::path::PathBuf;

use crate::cli::arguments::TrustFlags;
use crate::journal::{RunId, Trigger};
use crate::partition::Months;
use crate::stages::derive::Isolation;

/// Flags of `prepare`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["datasets", "plugin", "from"]))]
pub struct Args {
    /// Datasets by name: of the datasets manifest, or of a module's catalogue (`host dataset list`).
    #[arg(value_name = "DATASET", conflicts_with_all = ["plugin", "input"])]
    pub(super) datasets: Vec<String>,
    /// Module that derives the dataset: its id, or the path of its library. Without `--input`, its bundled dataset.
    #[arg(long, value_name = "ID")]
    pub(super) plugin: Option<String>,
    /// A file for a role of the module, or an object (`s3://BUCKET/KEY`, `az://…`, `gs://…`); may be given several times.
    /// `ROLE?=PATH` leaves it out where there is no such file.
    #[arg(long, value_name = "ROLE=PATH", value_parser = role_and_path, requires = "plugin")]
    pub(super) input: Vec<(String, String)>,
    /// One dataset for each month, such as `2010-07..2025-10`. In `--input`, `--param` and `--name`, `{partition}` stands
    /// for `2010-07`, `{year}`, `{month}`, `{first_day}` and `{last_day}` for parts of it, `{previous.first_day}` and
    /// `{next.first_day}` for its neighbours'.
    #[arg(long, value_name = "FIRST..LAST", requires_all = ["plugin", "input"])]
    pub(super) partition: Option<Months>,
    /// A parameter of the module; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(super) param: Vec<(String, String)>,
    /// Name to register the dataset under [default: the bundled dataset's, the first input's file name, or
    /// `ID_{partition}`].
    #[arg(long, conflicts_with = "datasets")]
    pub(super) name: Option<String>,
    /// File with dataset names, one a line, or a datasets manifest of which all are prepared; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plugin", "input", "name"])]
    pub(super) from: Option<PathBuf>,
    /// Datasets manifest [default: setting `registry.manifest_file`].
    #[arg(long, value_name = "FILE", conflicts_with = "plugin")]
    pub(super) manifest: Option<PathBuf>,
    /// Derive again although the recipe is known, and demand the same bytes; what is retired is taken back.
    #[arg(long)]
    pub(super) force: bool,
    /// Derive nothing that is registered under the same recipe (default).
    #[arg(long, conflicts_with = "force")]
    pub(super) resume: bool,
    /// Show what would run, with digests, and run nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Let warnings stop a dataset as well, and register none of several when two hold the same information.
    #[arg(long, conflicts_with = "lenient")]
    pub(super) strict: bool,
    /// Let only findings that make the numbers unusable stop a dataset.
    #[arg(long)]
    pub(super) lenient: bool,
    /// Datasets prepared at the same time.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,
    /// Go on with the other datasets when one fails (default).
    #[arg(long, overrides_with = "fail_fast")]
    pub(super) keep_going: bool,
    /// Start no further dataset when one fails.
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Where the module runs [default: process].
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(super) isolation: Option<Isolation>,
    /// Longest time of a derivation [default: 3600].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) timeout: Option<f64>,
    /// Most memory of a derivation, such as `512MiB` [default: 8GiB].
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) max_memory: Option<u64>,
    #[command(flatten)]
    pub(super) trust: TrustFlags,
    /// Id of the run; for programs that have told it to somebody already.
    #[arg(long, hide = true, value_name = "ID")]
    pub(super) run_id: Option<RunId>,
    /// What the journal says made the run start.
    #[arg(long, hide = true, value_enum, value_name = "WHAT", default_value = "cli")]
    pub(super) trigger: Trigger,
    /// Who asked for it; for programs that were asked by somebody else.
    #[arg(long, hide = true, value_name = "WHO")]
    pub(super) actor: Option<String>,
    /// The run that this one goes on with.
    #[arg(skip)]
    pub(in crate::cli::commands) resumes: Option<RunId>,
}

impl Args {
    /// Whether nothing is to be done but to say what would be.
    pub(in crate::cli::commands) fn only_plans(&self) -> bool {
        self.dry_run
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    split(text, "NAME=VALUE")
}

fn role_and_path(text: &str) -> Result<(String, String), String> {
    match split(text, "ROLE=PATH")? {
        (role, path) if path.is_empty() => {
            Err(format!("the path of `{role}` is missing: expected ROLE=PATH"))
        }
        pair => Ok(pair),
    }
}

fn split(text: &str, form: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("expected {form}, found `{text}`")),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok();
    number
        .filter(|seconds| (0.001..=1e9).contains(seconds))
        .ok_or_else(|| format!("expected seconds, found `{text}`"))
}

/// A size such as `512MiB`, in bytes.
pub(in crate::cli::commands) fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 7] = [
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("G", 1 << 30),
        ("M", 1 << 20),
    ];
    let upper = text.to_ascii_uppercase();
    let of_unit = |name: &str| upper.strip_suffix(&name.to_ascii_uppercase()).map(str::to_owned);
    let (digits, unit) =
        UNITS.iter().find_map(|(name, unit)| Some((of_unit(name)?, *unit))).unwrap_or((text.to_owned(), 1));
    let number = digits.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("expected a size such as `512MiB`, found `{text}`"))
}
