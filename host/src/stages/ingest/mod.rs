//! Opens, limits, decompresses, sniffs and hashes the inputs. Nothing is parsed here.
//!
//! Each input is read once into a sealed memory file: what is hashed is what the module sees, and a file that another
//! process shrinks meanwhile cannot end this one by a bus error, as it could through a mapping.

mod cache;
mod read;
mod sniff;

use std::path::Path;

use serde_json::json;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::objects::Objects;
use crate::platform::{Mapping, SealedFile};
use crate::stages::plan::{Plan, PlannedInput, Source};

pub use cache::{Cleaned, InputCache};
pub use read::Encoding;

/// Version of everything between bytes and files that could change a result; part of every recipe.
pub const PIPELINE: &str = "host.pipeline/1";

/// How inputs are read.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// Largest input, before and after decompression.
    pub input_bytes: u64,
    /// Where unpacked inputs are kept, if they are.
    pub cache: Option<InputCache>,
    /// Where objects come from.
    pub objects: Objects,
}

/// One input, hashed and sealed.
#[derive(Debug)]
pub struct IngestedInput {
    /// Role.
    pub role: String,
    /// File name, for messages.
    pub name: String,
    /// Where it was, for the provenance.
    pub origin: String,
    /// sha256 of the file as it was found.
    pub raw_sha256: Digest,
    /// Size of the file as it was found.
    pub raw_bytes: u64,
    /// sha256 of the content the module sees.
    pub sha256: Digest,
    /// How the file was compressed.
    pub encoding: Encoding,
    /// The content.
    pub file: SealedFile,
}

/// Inputs that cannot change any more, and the recipe that follows from them.
#[derive(Debug)]
pub struct Ingested {
    pub(super) plan: Plan,
    pub(super) inputs: Vec<IngestedInput>,
    pub(super) recipe: Digest,
}

impl Ingested {
    /// Reads the inputs of a plan.
    ///
    /// # Errors
    /// [`Kind::BadInput`] with the role and what the file is instead; [`Kind::Limit`]; [`Kind::Untrusted`] when a
    /// pinned digest differs; [`Kind::Network`] when a store of objects does not answer.
    pub fn new(plan: Plan, options: &IngestOptions) -> Result<Self> {
        let inputs = plan.inputs.iter().map(|input| ingest(input, options)).collect::<Result<Vec<_>>>()?;
        let recipe = recipe(&plan, &inputs);
        Ok(Self { plan, inputs, recipe })
    }

    /// What will run.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The inputs.
    #[must_use]
    pub fn inputs(&self) -> &[IngestedInput] {
        &self.inputs
    }

    /// sha256 over everything that decides the result.
    #[must_use]
    pub fn recipe(&self) -> Digest {
        self.recipe
    }
}

/// The recipe: digests of the inputs' content, the module's identity and library, parameters, pipeline, and what is
/// written into the dataset beside them.
fn recipe(plan: &Plan, inputs: &[IngestedInput]) -> Digest {
    let inputs: Vec<_> =
        inputs.iter().map(|input| json!({"role": input.role, "sha256": input.sha256})).collect();
    let recipe = json!({
        "pipeline": PIPELINE,
        "module": {
            "id": plan.module.descriptor().id,
            "version": plan.module.embedded.manifest.version,
            "sha256": plan.module.digest,
        },
        "inputs": inputs,
        "parameters": plan.parameters,
        "title": plan.title,
        "citations": plan.citations,
        "licence": plan.licence,
    });
    // Object keys are sorted, so the text is canonical.
    Digest::of(recipe.to_string().as_bytes())
}

fn ingest(input: &PlannedInput, options: &IngestOptions) -> Result<IngestedInput> {
    let role = &input.role;
    let (unpacked, name, origin) = match &input.source {
        Source::File(file) => {
            let unpacked = read::file(&role.role, file, options)?;
            let origin = match &file.confined_to {
                Some(folder) => folder.join(&file.path),
                None => file.path.clone(),
            };
            let origin = std::path::absolute(&origin).unwrap_or(origin);
            let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (unpacked, name, origin.display().to_string())
        }
        Source::Object(object) => {
            let unpacked = read::object(&role.role, object, options)?;
            (unpacked, object.address.file_name().to_owned(), object.address.to_string())
        }
        Source::Bundled { file, bytes } => {
            let content = SealedFile::from_bytes("input", bytes).map_err(|error| no_memory(&error))?;
            let sha256 = Digest::of(bytes);
            let (raw_bytes, encoding) = (content.length(), Encoding::Identity);
            let unpacked = read::Unpacked { raw_sha256: sha256, raw_bytes, encoding, sha256, content };
            let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned();
            (unpacked, name, format!("bundled `{file}`"))
        }
    };
    let content = unpacked.content.map().map_err(|error| no_memory(&error))?;
    if let Some(fault) = sniff::fault(&content, role.form) {
        return Err(fault.into_error(&role.role, &origin, &role.meaning));
    }
    Ok(IngestedInput {
        role: role.role.clone(),
        name,
        origin,
        raw_sha256: unpacked.raw_sha256,
        raw_bytes: unpacked.raw_bytes,
        sha256: unpacked.sha256,
        encoding: unpacked.encoding,
        file: unpacked.content,
    })
}

fn no_memory(error: &std::io::Error) -> Error {
    Error::new(Kind::Internal, "cannot keep an input in memory").cause(error.to_string())
}

impl IngestedInput {
    /// The content.
    ///
    /// # Errors
    /// When the system refuses to map it.
    pub fn map(&self) -> Result<Mapping> {
        self.file
            .map()
            .map_err(|error| Error::new(Kind::Internal, "cannot map an input").cause(error.to_string()))
    }
}
