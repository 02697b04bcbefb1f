//! The trait an author implements.

use crate::{Context, Derived, Finding, Inputs, ModuleError, Parameters};

/// A derivation: bytes and parameters in, tables and matrices out.
///
/// An implementation is a pure function of its arguments: the same inputs and parameters give the same result on any
/// machine at any time. It reads no file, no clock, no environment, and opens no connection; the host's worker
/// forbids most of that anyway.
pub trait DerivationModule: Default + Send + Sync + 'static {
    /// Derives the dataset.
    ///
    /// A table may be streamed and borrow from the inputs; everything else is returned at once.
    ///
    /// # Errors
    /// A [`ModuleError`] that says where the fault is and what the user can do.
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError>;

    /// Looks at the inputs. Unless written otherwise it derives and keeps the findings alone: a module whose derivation
    /// takes more than a second does better.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    fn inspect(
        &self,
        inputs: &Inputs<'_>,
        parameters: &Parameters,
        context: &Context<'_>,
    ) -> Result<Vec<Finding>, ModuleError> {
        Ok(self.derive(inputs, parameters, context)?.findings)
    }
}
