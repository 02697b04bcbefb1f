//! Runs a module as a host does, and keeps everything that it returned.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::{Example, Suite};
use crate::derived::{Matrix, Report};
use crate::export::{Exported, Parts, parts};
use crate::guard::guarded;
use crate::host_side::{HostServices, ServicesHandle};
use crate::remarks::Closing;
use crate::{
    Column, Context, Derived, Field, Finding, Input, Inputs, Level, ModuleError, ParameterSpecification,
    Parameters, TableContract,
};

/// Something that derives, in whatever way it is reached: a type of this binary, or a library that a host loaded.
pub trait Subject: Debug + Send + Sync {
    /// Derives, and reads everything that it returns.
    ///
    /// # Errors
    /// What the module said; a panic is [`ModuleError::Panic`].
    fn derive(
        &self,
        inputs: &[Input<'_>],
        parameters: &Map<String, Value>,
        host: &ServicesHandle<'_>,
    ) -> Result<Outcome, ModuleError>;

    /// Looks at the inputs.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    fn inspect(
        &self,
        inputs: &[Input<'_>],
        parameters: &Map<String, Value>,
        host: &ServicesHandle<'_>,
    ) -> Result<Vec<Finding>, ModuleError>;

    /// Number of threads of this process; 0 where the system does not tell.
    fn threads(&self) -> usize {
        std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
    }
}

pub(super) type Derive =
    for<'a> fn(&Inputs<'a>, &Parameters, &Context<'a>) -> Result<Derived<'a>, ModuleError>;
pub(super) type Inspect =
    for<'a> fn(&Inputs<'a>, &Parameters, &Context<'a>) -> Result<Vec<Finding>, ModuleError>;

/// The functions of a module that is part of this binary.
#[derive(Debug, Clone, Copy)]
pub(super) struct Functions {
    pub(super) derive: Derive,
    pub(super) inspect: Inspect,
}

impl Functions {
    pub(super) fn of<T: Exported>() -> Self {
        Self {
            derive: |inputs, parameters, context| T::default().derive(inputs, parameters, context),
            inspect: |inputs, parameters, context| T::default().inspect(inputs, parameters, context),
        }
    }
}

impl Subject for Functions {
    fn derive(
        &self,
        inputs: &[Input<'_>],
        parameters: &Map<String, Value>,
        host: &ServicesHandle<'_>,
    ) -> Result<Outcome, ModuleError> {
        let (inputs, parameters) = (Inputs::new(inputs.to_vec()), Parameters::new(parameters.clone()));
        guarded(|| {
            let Parts { mut report, tables, matrices, closing } =
                parts((self.derive)(&inputs, &parameters, &host.context())?);
            let drained = tables.into_iter().map(|table| {
                let batches = table.batches.collect::<Result<_, _>>()?;
                Ok(Drained { name: table.name, fields: table.fields, batches })
            });
            let tables = drained.collect::<Result<_, ModuleError>>()?;
            report.close(Closing::remarks(closing)?)?;
            Ok(Outcome { report, tables, matrices })
        })
    }

    fn inspect(
        &self,
        inputs: &[Input<'_>],
        parameters: &Map<String, Value>,
        host: &ServicesHandle<'_>,
    ) -> Result<Vec<Finding>, ModuleError> {
        let (inputs, parameters) = (Inputs::new(inputs.to_vec()), Parameters::new(parameters.clone()));
        guarded(|| (self.inspect)(&inputs, &parameters, &host.context()))
    }
}

/// A host that listens, and may want the module to stop.
#[derive(Debug)]
pub(super) struct Listener {
    heard: Mutex<Heard>,
    /// The question, counted from 0, from which on the answer is yes.
    stop_at: usize,
}

/// What a module told and asked.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// Every fraction that was told.
    pub(super) progress: Vec<f64>,
    /// How often the module asked whether to stop.
    pub(super) questions: usize,
    /// When it was first told to stop.
    pub(super) stopped: Option<Instant>,
    /// When it began, or asked last.
    last: Instant,
    /// The longest time between two questions.
    longest_silence: Duration,
}

impl Heard {
    /// The longest time in which a module that has ended just now could not have been stopped.
    pub(super) fn longest_silence(&self) -> Duration {
        self.longest_silence.max(self.last.elapsed())
    }
}

impl Listener {
    pub(super) fn patient() -> Self {
        Self::stopping_at(usize::MAX)
    }

    pub(super) fn stopping_at(question: usize) -> Self {
        let heard = Heard {
            progress: Vec::new(),
            questions: 0,
            stopped: None,
            last: Instant::now(),
            longest_silence: Duration::ZERO,
        };
        Self { heard: Mutex::new(heard), stop_at: question }
    }

    pub(super) fn heard(&self) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl HostServices for Listener {
    fn log(&self, _level: Level, _text: &str) {}

    fn progress(&self, fraction: f64, _doing: &str) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).progress.push(fraction);
    }

    fn cancelled(&self) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.longest_silence = heard.longest_silence.max(heard.last.elapsed());
        heard.last = Instant::now();
        let stop = heard.questions >= self.stop_at;
        heard.questions += 1;
        if stop && heard.stopped.is_none() {
            heard.stopped = Some(heard.last);
        }
        stop
    }
}

/// A table with all its batches.
#[derive(Debug, PartialEq)]
pub(super) struct Drained {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
    pub(super) batches: Vec<Vec<Column>>,
}

impl Drained {
    pub(super) fn rows(&self) -> usize {
        self.batches.iter().map(|batch| batch.first().map_or(0, Column::len)).sum()
    }

    /// The pieces of a column, one for each batch.
    pub(super) fn column(&self, name: &str) -> Option<(&Field, impl Iterator<Item = &Column>)> {
        let index = self.fields.iter().position(|field| field.name == name)?;
        Some((&self.fields[index], self.batches.iter().filter_map(move |batch| batch.get(index))))
    }
}

/// Everything that a derivation returned.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub(super) report: Report,
    pub(super) tables: Vec<Drained>,
    pub(super) matrices: Vec<Matrix>,
}

impl Outcome {
    /// Puts together what a library returned: fields and batches of each table of the report, and the elements of each
    /// matrix, row after row.
    ///
    /// # Errors
    /// [`ModuleError::Internal`] when the report names another number of tables or matrices.
    pub fn new(
        report: Report,
        tables: Vec<(Vec<Field>, Vec<Vec<Column>>)>,
        matrices: Vec<Vec<f64>>,
    ) -> Result<Self, ModuleError> {
        if (report.tables.len(), report.matrices.len()) != (tables.len(), matrices.len()) {
            return Err(ModuleError::internal(
                "the report names other tables and matrices than were returned",
            ));
        }
        let tables = report.tables.iter().zip(tables);
        let tables = tables.map(|(name, (fields, batches))| Drained { name: name.clone(), fields, batches });
        let matrices = report.matrices.iter().zip(matrices);
        let matrices = matrices.map(|(header, values)| Matrix::new(&header.name, header.size, values));
        let (tables, matrices) = (tables.collect(), matrices.collect());
        Ok(Self { report, tables, matrices })
    }

    pub(super) fn table(&self, name: &str) -> Option<&Drained> {
        self.tables.iter().find(|table| table.name == name)
    }

    pub(super) fn matrix(&self, name: &str) -> Option<&Matrix> {
        self.matrices.iter().find(|matrix| matrix.name == name)
    }
}

impl Suite {
    /// Derives, and reads every batch; a panic is an error.
    pub(super) fn run(&self, example: &Example, host: &Listener) -> Result<Outcome, ModuleError> {
        let (inputs, parameters) = self.request(example);
        self.subject.derive(&inputs, &parameters, &ServicesHandle::new(host))
    }

    /// Inspects; a panic is an error.
    pub(super) fn inspect(&self, example: &Example, host: &Listener) -> Result<Vec<Finding>, ModuleError> {
        let (inputs, parameters) = self.request(example);
        self.subject.inspect(&inputs, &parameters, &ServicesHandle::new(host))
    }

    /// Inputs in the order of the descriptor, and parameters with their defaults, as a host gives them.
    fn request<'e>(&'e self, example: &'e Example) -> (Vec<Input<'e>>, Map<String, Value>) {
        let inputs = self.descriptor.inputs.iter().filter_map(|role| {
            let bytes = example.inputs.get(&role.role)?;
            Some(Input { role: &role.role, name: "example.txt", bytes })
        });
        let mut parameters = example.parameters.clone();
        for ParameterSpecification { name, default, .. } in &self.descriptor.parameters {
            if let (Some(default), false) = (default, parameters.contains_key(name)) {
                parameters.insert(name.clone(), default.clone());
            }
        }
        (inputs.collect(), parameters)
    }

    /// The promise about a table of an output.
    pub(super) fn promised(&self, output: &str, table: &str) -> Option<&TableContract> {
        self.descriptor.outputs.get(output)?.tables.iter().find(|promised| promised.name == table)
    }
}
