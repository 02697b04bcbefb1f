//! The bytes a module works on.

use crate::ModuleError;

/// The input files of one derivation, by role.
///
/// The bytes live as long as the derivation and everything it returns, so a streamed table may borrow from them.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    inputs: Vec<Input<'a>>,
}

/// One input file: already size-limited, decompressed and hashed by the host.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Role from the descriptor, such as `covariance`.
    pub role: &'a str,
    /// File name for messages; never a path to open.
    pub name: &'a str,
    /// All bytes.
    pub bytes: &'a [u8],
}

impl<'a> Inputs<'a> {
    /// Collects inputs; for tests of a module without a host.
    #[must_use]
    pub fn new(inputs: Vec<Input<'a>>) -> Self {
        Self { inputs }
    }

    /// All inputs, in the order of the descriptor.
    pub fn iter(&self) -> impl Iterator<Item = &Input<'a>> {
        self.inputs.iter()
    }

    /// The input of a role, if the user gave one.
    #[must_use]
    pub fn get(&self, role: &str) -> Option<Input<'a>> {
        self.inputs.iter().copied().find(|input| input.role == role)
    }

    /// The input of a role.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] that names the role when there is none.
    pub fn require(&self, role: &str) -> Result<Input<'a>, ModuleError> {
        self.get(role).ok_or_else(|| {
            ModuleError::bad_input(role, "this input is missing")
                .hint(format!("give it with `--input {role}=PATH`"))
        })
    }
}

impl<'a> Input<'a> {
    /// The bytes as text, without a leading byte-order mark.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with the line of the first byte that is not UTF-8.
    pub fn text(&self) -> Result<&'a str, ModuleError> {
        match std::str::from_utf8(self.bytes) {
            Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(error) => {
                let before = &self.bytes[..error.valid_up_to()];
                let line = before.split(|&byte| byte == b'\n').count() as u64;
                Err(ModuleError::bad_input(self.role, "not UTF-8 text").line(line))
            }
        }
    }
}
