//! Runs a module as a host does, and keeps everything that it returned.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Example, Suite};
use crate::derived::{Matrix, Report};
use crate::export::{Exported, Parts, parts};
use crate::guard::guarded;
use crate::host_side::{HostServices, ServicesHandle};
use crate::{
    Column, Context, Derived, Field, Finding, Input, Inputs, Level, ModuleError, ParameterSpecification,
    Parameters, TableContract,
};

pub(super) type Derive =
    for<'a> fn(&Inputs<'a>, &Parameters, &Context<'a>) -> Result<Derived<'a>, ModuleError>;
pub(super) type Inspect =
    for<'a> fn(&Inputs<'a>, &Parameters, &Context<'a>) -> Result<Vec<Finding>, ModuleError>;

pub(super) fn derive_with<'a, T: Exported>(
    inputs: &Inputs<'a>,
    parameters: &Parameters,
    context: &Context<'a>,
) -> Result<Derived<'a>, ModuleError> {
    T::default().derive(inputs, parameters, context)
}

pub(super) fn inspect_with<'a, T: Exported>(
    inputs: &Inputs<'a>,
    parameters: &Parameters,
    context: &Context<'a>,
) -> Result<Vec<Finding>, ModuleError> {
    T::default().inspect(inputs, parameters, context)
}

/// A host that listens, and may want the module to stop.
#[derive(Debug)]
pub(super) struct Listener {
    /// Every fraction that was told.
    progress: Mutex<Vec<f64>>,
    /// How often the module asked whether to stop.
    questions: AtomicUsize,
    /// The question, counted from 0, from which on the answer is yes.
    stop_at: usize,
}

impl Listener {
    pub(super) fn patient() -> Self {
        Self::stopping_at(usize::MAX)
    }

    pub(super) fn stopping_at(question: usize) -> Self {
        Self { progress: Mutex::default(), questions: AtomicUsize::new(0), stop_at: question }
    }

    pub(super) fn progress(&self) -> Vec<f64> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

impl HostServices for Listener {
    fn log(&self, _level: Level, _text: &str) {}

    fn progress(&self, fraction: f64, _doing: &str) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).push(fraction);
    }

    fn cancelled(&self) -> bool {
        self.questions.fetch_add(1, Ordering::SeqCst) >= self.stop_at
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
pub(super) struct Outcome {
    pub(super) report: Report,
    pub(super) tables: Vec<Drained>,
    pub(super) matrices: Vec<Matrix>,
}

impl Outcome {
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
        self.with(example, host, |inputs, parameters, context| {
            let Parts { report, tables, matrices } = parts((self.derive)(inputs, parameters, context)?);
            let drained = tables.into_iter().map(|table| {
                let batches = table.batches.collect::<Result<_, _>>()?;
                Ok(Drained { name: table.name, fields: table.fields, batches })
            });
            let tables = drained.collect::<Result<_, ModuleError>>()?;
            Ok(Outcome { report, tables, matrices })
        })
    }

    /// Inspects; a panic is an error.
    pub(super) fn inspect(&self, example: &Example, host: &Listener) -> Result<Vec<Finding>, ModuleError> {
        self.with(example, host, |inputs, parameters, context| (self.inspect)(inputs, parameters, context))
    }

    fn with<T>(
        &self,
        example: &Example,
        host: &Listener,
        work: impl for<'a> FnOnce(&Inputs<'a>, &Parameters, &Context<'a>) -> Result<T, ModuleError>,
    ) -> Result<T, ModuleError> {
        // In the order of the descriptor, as a host gives them.
        let roles = self.descriptor.inputs.iter();
        let inputs = roles.filter_map(|role| {
            let bytes = example.inputs.get(&role.role)?;
            Some(Input { role: &role.role, name: "example.txt", bytes })
        });
        let inputs = Inputs::new(inputs.collect());
        let mut parameters = example.parameters.clone();
        for ParameterSpecification { name, default, .. } in &self.descriptor.parameters {
            if let (Some(default), false) = (default, parameters.contains_key(name)) {
                parameters.insert(name.clone(), default.clone());
            }
        }
        let services = ServicesHandle::new(host);
        guarded(|| work(&inputs, &Parameters::new(parameters), &services.context()))
    }

    /// The promise about a table of an output.
    pub(super) fn promised(&self, output: &str, table: &str) -> Option<&TableContract> {
        self.descriptor.outputs.get(output)?.tables.iter().find(|promised| promised.name == table)
    }
}
