//! What will run: the module with its digest, where the inputs come from, the resolved parameters. Nothing of an
//! input is read here and no code of the module runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plugin_api::{BundledDataset, Citation, Descriptor, InputRole};
use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::discover::{self, Found, SearchDirectory};
use crate::modules::manifest::Embedded;
use crate::objects::{ObjectAddress, Place};
use crate::platform::SealedFile;
use crate::registry::{DatasetName, Record};
use crate::stages::parameters::{self, Given};
use crate::trust::{Admitted, Policy};

/// One dataset that somebody wants.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// Id of the module, or path of its library.
    pub module: String,
    /// Name to register under.
    pub name: Option<String>,
    /// Files by role. None at all means the module's bundled dataset.
    pub inputs: BTreeMap<String, JobInput>,
    /// Parameters; later entries win.
    pub parameters: Vec<(String, Given)>,
    /// One line; replaces the module's.
    pub title: Option<String>,
    /// Papers to cite.
    pub citations: Vec<Citation>,
    /// Licence of the data.
    pub licence: Option<String>,
    /// The record whose version must come out: its content is put back, and what is current stays so.
    pub puts_back: Option<Box<Record>>,
}

/// Where a job takes an input from.
#[derive(Debug, Clone)]
pub enum JobInput {
    /// A file.
    File(InputPath),
    /// An object of a store.
    Object(InputObject),
    /// A file that travels inside the library.
    Bundled {
        /// Path in the module's source.
        file: String,
        /// Digest it must have.
        sha256: Option<Digest>,
    },
}

/// A file that somebody named.
#[derive(Debug, Clone, Default)]
pub struct InputPath {
    /// The file.
    pub path: PathBuf,
    /// Directory that the file must not leave, when a manifest named it.
    pub confined_to: Option<PathBuf>,
    /// Digest it must have.
    pub sha256: Option<Digest>,
    /// Size it must have.
    pub bytes: Option<u64>,
    /// The dataset whose published file it is: `host fetch` gets it.
    pub fetched_for: Option<String>,
}

/// An object that somebody named.
#[derive(Debug, Clone, PartialEq)]
pub struct InputObject {
    /// Where it is.
    pub address: ObjectAddress,
    /// Digest it must have.
    pub sha256: Option<Digest>,
    /// Size it must have.
    pub bytes: Option<u64>,
}

impl JobInput {
    /// What is at a place, whatever it is.
    ///
    /// # Errors
    /// When the place is an address without a key.
    pub fn at(place: Place, sha256: Option<Digest>) -> Result<Self, String> {
        Ok(match place {
            Place::File(path) => Self::File(InputPath { path, sha256, ..InputPath::default() }),
            Place::Object(address) => {
                Self::Object(InputObject { address: address.demand_key()?, sha256, bytes: None })
            }
        })
    }
}

/// A checked module, not loaded.
#[derive(Debug)]
pub struct PlannedModule {
    /// The file it came from, for messages and provenance.
    pub path: PathBuf,
    /// sha256 of the library.
    pub digest: Digest,
    /// The very bytes that were hashed.
    pub library: SealedFile,
    /// What it says of itself.
    pub embedded: Embedded,
    /// Who vouches for it.
    pub admitted: Admitted,
}

impl PlannedModule {
    /// What it does.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.embedded.descriptor
    }
}

/// Where an input comes from.
#[derive(Debug)]
pub enum Source {
    /// A file.
    File(InputPath),
    /// An object of a store.
    Object(InputObject),
    /// Bytes that travel inside the library.
    Bundled {
        /// Path in the module's source.
        file: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// One input that will be read.
#[derive(Debug)]
pub struct PlannedInput {
    /// Role, with what its file must look like.
    pub role: InputRole,
    /// Where it comes from.
    pub source: Source,
}

/// What will run.
#[derive(Debug)]
pub struct Plan {
    pub(super) module: PlannedModule,
    pub(super) name: DatasetName,
    pub(super) inputs: Vec<PlannedInput>,
    pub(super) parameters: Map<String, Value>,
    pub(super) title: Option<String>,
    pub(super) citations: Vec<Citation>,
    pub(super) licence: Option<String>,
}

impl Plan {
    /// Resolves a job: finds and hashes the module, matches roles, checks parameters.
    ///
    /// # Errors
    /// Everything that can be known to be wrong before an input is read.
    pub fn new(job: &Job, search_path: &[SearchDirectory], policy: &Policy) -> Result<Self> {
        let found = discover::find(search_path, &job.module)?;
        let admitted = policy.admit(&found)?;
        let Found { path, sha256: digest, library, embedded, .. } = found;
        let module = PlannedModule { path, digest, library, embedded, admitted };
        let descriptor = module.descriptor();
        let bundled = if job.inputs.is_empty() { Some(bundled_default(descriptor)?) } else { None };
        let inputs = match bundled {
            Some(dataset) => bundled_inputs(&module.embedded, dataset)?,
            None => matched_inputs(&module.embedded, &job.inputs)?,
        };
        let mut given: Vec<(String, Given)> = bundled
            .iter()
            .flat_map(|dataset| &dataset.parameters)
            .map(|(name, value)| (name.clone(), Given::Json(value.clone())))
            .collect();
        given.extend(job.parameters.iter().cloned());
        let parameters = parameters::resolve(descriptor, &given)?;
        let name = match (&job.name, bundled) {
            (Some(name), _) => name.clone(),
            (None, Some(dataset)) => dataset.name.clone(),
            (None, None) => name_from_file(&inputs).unwrap_or_else(|| descriptor.id.clone()),
        };
        let title = job.title.clone().or_else(|| bundled.map(|dataset| dataset.title.clone()));
        let citations = match bundled {
            Some(dataset) if job.citations.is_empty() => dataset.citations.clone(),
            _ => job.citations.clone(),
        };
        let licence = job.licence.clone().or_else(|| bundled.map(|dataset| dataset.licence.clone()));
        Ok(Self {
            name: DatasetName::new(name).map_err(|error| {
                if job.name.is_none() { error.hint("give a name with `--name NAME`") } else { error }
            })?,
            inputs,
            parameters,
            title,
            citations,
            licence,
            module,
        })
    }

    /// Name to register under.
    #[must_use]
    pub fn name(&self) -> &DatasetName {
        &self.name
    }

    /// The module that will run.
    #[must_use]
    pub fn module(&self) -> &PlannedModule {
        &self.module
    }

    /// The resolved parameters.
    #[must_use]
    pub fn parameters(&self) -> &Map<String, Value> {
        &self.parameters
    }
}

fn bundled_default(descriptor: &Descriptor) -> Result<&BundledDataset> {
    descriptor.bundled.first().ok_or_else(|| {
        let roles: Vec<String> =
            descriptor.inputs.iter().map(|input| format!("--input {}=PATH", input.role)).collect();
        Error::new(Kind::Usage, format!("module `{}` brings no dataset of its own", descriptor.id))
            .hint(format!("give its inputs: {}", roles.join(" ")))
    })
}

fn bundled_inputs(embedded: &Embedded, dataset: &BundledDataset) -> Result<Vec<PlannedInput>> {
    let mut inputs = Vec::new();
    for role in &embedded.descriptor.inputs {
        let Some(file) = dataset.inputs.get(&role.role) else { continue };
        let source = bundled_source(embedded, &file.file, None)?;
        inputs.push(PlannedInput { role: role.clone(), source });
    }
    Ok(inputs)
}

fn bundled_source(embedded: &Embedded, file: &str, sha256: Option<Digest>) -> Result<Source> {
    let id = &embedded.descriptor.id;
    let bytes = embedded.files.get(file).ok_or_else(|| {
        Error::new(
            Kind::Incompatible,
            format!("the library of module `{id}` does not hold the file `{file}`"),
        )
    })?;
    let found = Digest::of(bytes);
    if let Some(expected) = sha256.filter(|expected| *expected != found) {
        return Err(Error::new(
            Kind::Untrusted,
            format!("the file `{file}` inside module `{id}` is not the one that is pinned"),
        )
        .cause(format!("it has sha256 {found}, expected {expected}")));
    }
    Ok(Source::Bundled { file: file.to_owned(), bytes: bytes.clone() })
}

fn matched_inputs(embedded: &Embedded, given: &BTreeMap<String, JobInput>) -> Result<Vec<PlannedInput>> {
    let descriptor = &embedded.descriptor;
    let roles = || descriptor.inputs.iter().map(|input| input.role.as_str());
    for role in given.keys() {
        if !roles().any(|known| known == role) {
            let error = Error::new(Kind::Usage, format!("module `{}` has no input `{role}`", descriptor.id));
            let error = match crate::text::nearest(role, roles()) {
                Some(near) => error.hint(format!("did you mean `--input {near}=…`?")),
                None => error,
            };
            let roles: Vec<&str> = roles().collect();
            return Err(error.hint(format!("its inputs are: {}", roles.join(", "))));
        }
    }
    let mut inputs = Vec::new();
    for role in &descriptor.inputs {
        match given.get(&role.role) {
            Some(input) => {
                let source = match input {
                    JobInput::File(file) => Source::File(file.clone()),
                    JobInput::Object(object) => Source::Object(object.clone()),
                    JobInput::Bundled { file, sha256 } => bundled_source(embedded, file, *sha256)?,
                };
                inputs.push(PlannedInput { role: role.clone(), source });
            }
            None if role.required => {
                return Err(Error::new(
                    Kind::BadInput,
                    format!("module `{}` needs the input `{}`: {}", descriptor.id, role.role, role.meaning),
                )
                .hint(format!("give it with `--input {}=PATH`", role.role)));
            }
            None => {}
        }
    }
    Ok(inputs)
}

/// `…/desi_mean.txt.gz` becomes `desi_mean`, with what a name may not hold replaced by `_`.
fn name_from_file(inputs: &[PlannedInput]) -> Option<String> {
    let mut stem = match &inputs.first()?.source {
        Source::File(InputPath { path, .. }) => path.file_name()?.to_str()?,
        Source::Object(object) => object.address.file_name(),
        Source::Bundled { .. } => return None,
    };
    for extension in [".gz", ".zst"] {
        stem = stem.strip_suffix(extension).unwrap_or(stem);
    }
    let stem = Path::new(stem).file_stem()?.to_str()?;
    let plain =
        |letter: char| if letter.is_ascii_alphanumeric() || "._+-".contains(letter) { letter } else { '_' };
    let name: String = stem.chars().map(plain).take(100).collect();
    Some(name.trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_owned())
        .filter(|name| !name.is_empty())
}
