//! The parameter `release`, which every module has.

use plugin_api::{ModuleError, Parameters};

/// Against which known release the files are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseChoice {
    /// The one whose numbers they have: `auto`, or nothing said.
    Recognised,
    /// None: `none`.
    Ignored,
    /// This one.
    Named(String),
}

impl ReleaseChoice {
    /// What the user says.
    ///
    /// # Errors
    /// [`ModuleError::BadParameter`] when it is no text.
    pub fn read(parameters: &Parameters) -> Result<Self, ModuleError> {
        Ok(match parameters.text("release")? {
            None | Some("auto") => Self::Recognised,
            Some("none") => Self::Ignored,
            Some(name) => Self::Named(name.to_owned()),
        })
    }
}
