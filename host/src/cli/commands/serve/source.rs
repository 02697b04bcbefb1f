//! The verbs' reports as answers of the service: one truth, whoever asks.

use std::path::PathBuf;
use std::process::Command;

use jiff::civil::Date;
use serde_json::Value;

use crate::cli::commands::{audit, list, plugin, report, show};
use crate::cli::context::actor;
use crate::cli::output::envelope;
use crate::cli::{Context, Report};
use crate::error::Result;
use crate::journal::{Journal, Request, RunId};
use crate::registry::{DataRoot, Registry};
use crate::schedule::{Program, Surroundings};
use crate::serve::{Answer, Question, Source, lineage};
use crate::trust::lock::LOCK_FILE;

/// Answers as the command line does.
#[derive(Debug)]
pub(super) struct Verbs {
    context: Context,
    /// The host itself, which runs are processes of.
    program: PathBuf,
}

impl Verbs {
    pub(super) fn new(context: Context) -> Result<Self> {
        let program = context.program()?.path;
        Ok(Self { context, program })
    }
}

impl Source for Verbs {
    fn registry(&self) -> Result<Registry> {
        self.context.open_registry()
    }

    fn watched(&self, question: &Question) -> Vec<PathBuf> {
        let settings = &self.context.settings;
        // Its head is changed by everything that changes the registry.
        let audit = settings.registry_directory().join("audit");
        let mut watched: Vec<PathBuf> = match question {
            Question::Datasets | Question::Lineage(_) | Question::Audit { .. } => return vec![audit],
            Question::Plugins => Vec::new(),
            Question::Dataset(_) | Question::Report(_) => vec![audit],
        };
        watched.extend(self.context.search_path.iter().map(|directory| directory.path.clone()));
        watched.push(settings.manifest_file().to_owned());
        watched.extend(settings.trusted_keys_file().map(ToOwned::to_owned));
        let folders = self.context.current_directory().ancestors();
        watched.extend(folders.map(|folder| folder.join(LOCK_FILE)));
        watched
    }

    fn journal(&self) -> Journal {
        self.context.journal()
    }

    fn actor(&self) -> String {
        actor()
    }

    fn input_directories(&self) -> Vec<PathBuf> {
        let settings = &self.context.settings;
        let mut folders = vec![DataRoot::raw_below(settings.data_root())];
        folders.extend(settings.served_input_directories().iter().cloned());
        folders
    }

    fn prepare(&self, id: &RunId, request: &Request, actor: &str) -> Command {
        let plugin_directories = self.context.plugin_flags();
        let arguments = Request { plugin_directories, ..request.clone() }.arguments();
        let mut command = Command::new(&self.program);
        // Before the verb: what follows a dataset's name is one, too.
        command.args(&self.context.flags).args(arguments.first());
        command.arg(format!("--run-id={id}")).arg("--trigger=http").arg(format!("--actor={actor}"));
        command.args(arguments.iter().skip(1));
        command
    }

    fn upkeep(&self, date: Date) -> Result<(Program, Surroundings)> {
        self.context.remove_old_logs();
        Ok((self.context.program()?, self.context.surroundings(date)))
    }

    fn answer(&self, question: &Question) -> Result<Answer> {
        let context = &self.context;
        match question {
            Question::Datasets => json(&list::all(context)?),
            Question::Dataset(name) => json(&show::named(name, context)?),
            Question::Plugins => json(&plugin::listed(context)?),
            Question::Audit { after, limit } => json(&audit::part(context, *after, *limit)?),
            Question::Lineage(name) => {
                let (record, _) = context.version(name)?;
                lineage::answer(&record, &context.open_registry()?)
            }
            Question::Report(name) => match report::of_the_host(name, context) {
                Some(report) => json(&report?),
                None => report::page_of(name, context).map(Answer::page),
            },
        }
    }
}

fn json(report: &impl Report) -> Result<Answer> {
    let envelope: Value = envelope(report)?;
    Ok(Answer::json(envelope.to_string()))
}
