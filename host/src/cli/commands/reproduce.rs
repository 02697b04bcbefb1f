//! `host reproduce`: derives a registered dataset again and compares the bytes.

use std::io::{self, Write};

use crate::cli::arguments::TrustFlags;
use crate::cli::context::PrepareFlags;
use crate::cli::progress::Progress;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::stages::pipeline::{self, Reproduced};
use crate::stages::recorded;

/// Flags of `reproduce`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, or `NAME@VERSION`.
    name: String,
    #[command(flatten)]
    trust: TrustFlags,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Reproduced> {
    let (record, _) = context.version(&args.name)?;
    let options = context.pipeline_options(&PrepareFlags { trust: args.trust, ..PrepareFlags::default() })?;
    let job = recorded::job(&record, &context.raw())?;
    pipeline::reproduce(&record, &job, &options, &Progress::new(&args.name, context.progress))
}

impl Report for Reproduced {
    const SCHEMA: &'static str = "host.reproduce/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.identical {
            let (good, reset) = (style.good.render(), style.good.render_reset());
            writeln!(
                out,
                "{good}reproduced{reset} {}: the same bytes, version {}",
                self.name, self.derived_version
            )?;
        }
        if !self.same_library {
            writeln!(out, "           by another build of the module than the one that registered it")?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        (!self.identical).then(|| {
            Error::new(Kind::CheckFailed, format!("dataset `{}` cannot be reproduced", self.name))
                .cause(format!("registered version {}", self.registered_version))
                .cause(format!("derived version    {}", self.derived_version))
        })
    }
}
