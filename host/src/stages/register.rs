//! Writes a validated dataset and its provenance, once, for ever.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::now;
use crate::dataset::{DatasetDocument, DocumentHeader, ModuleIdentity, encode};
use crate::digest::Digest;
use crate::error::Result;
use crate::registry::{By, DatasetName, Outcome, PuttingBack, Record, Registration, Registry, Retiring};
use crate::stages::ingest::PIPELINE;
use crate::stages::validated::Validated;

/// What becomes of a version that is retired and derived again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// It stays retired, and is not registered again.
    Refuse,
    /// It is no longer retired.
    TakeBack,
}

/// A dataset that is durable.
#[derive(Debug, Clone, Serialize)]
pub struct Registered {
    /// Name.
    pub name: DatasetName,
    /// sha256 of its content.
    pub version: Digest,
    /// Its folder.
    pub path: PathBuf,
    /// Whether the same content had been there before.
    pub unchanged: bool,
    /// What is in it.
    pub document: DatasetDocument,
}

impl Registered {
    /// Encodes and registers.
    ///
    /// # Errors
    /// When the data root cannot be written; the registry is then as it was.
    pub fn new(validated: Validated, registry: &Registry, actor: &str, retired: Retired) -> Result<Self> {
        let ingested = &validated.derived.ingested;
        let encoded = encode(&validated.derived.dataset, header(&validated))?;
        let name = ingested.plan.name.clone();
        if retired == Retired::TakeBack && registry.retirement(&name, &encoded.version)?.is_some() {
            let version = encoded.version;
            registry.retire(&Retiring { name: &name, version, reason: None, actor, now: now() })?;
        }
        let registration = Registration {
            name: &name,
            recipe: ingested.recipe,
            version: encoded.version,
            files: &encoded.files,
            provenance: provenance(&validated, encoded.version),
            execution: execution(&validated),
            actor,
            now: now(),
        };
        let outcome = registry.register(&registration, validated.derived.spool.into_directory())?;
        Ok(Self {
            path: registry.root().version(&name, &encoded.version),
            name,
            version: encoded.version,
            unchanged: matches!(outcome, Outcome::Unchanged { .. }),
            document: encoded.document,
        })
    }

    /// Encodes, and puts back what is damaged of a registered version. No version becomes current.
    ///
    /// # Errors
    /// When the content is not that of the record, or the data root cannot be written; it is then as it was.
    pub fn put_back(validated: Validated, record: &Record, registry: &Registry, actor: &str) -> Result<Self> {
        let encoded = encode(&validated.derived.dataset, header(&validated))?;
        let (name, version) = (&record.name, record.version);
        let staged = validated.derived.spool.into_directory();
        let putting = PuttingBack { name, version, by: By { actor, now: &now() } };
        let put_back = registry.put_back_derived(putting, &encoded.files, staged)?;
        Ok(Self {
            path: registry.root().version(name, &version),
            name: name.clone(),
            version,
            unchanged: !put_back.changed,
            document: encoded.document,
        })
    }
}

/// The content's version without writing anything: what `--force` and `reproduce` compare.
///
/// # Errors
/// When the dataset cannot be encoded.
pub fn version_of(validated: &Validated) -> Result<Digest> {
    Ok(encode(&validated.derived.dataset, header(validated))?.version)
}

/// Title, citations and licence: the user's, else those the module knows of this dataset, else the module's own title.
fn header(validated: &Validated) -> DocumentHeader {
    let plan = &validated.derived.ingested.plan;
    let known = &validated.derived.dataset.metadata;
    let text = |key: &str| known.get(key).and_then(Value::as_str).map(str::to_owned);
    let cited = || serde_json::from_value(known.get("citations")?.clone()).ok();
    let citations =
        if plan.citations.is_empty() { cited().unwrap_or_default() } else { plan.citations.clone() };
    let title = plan.title.clone().or_else(|| text("title"));
    DocumentHeader {
        title: title.unwrap_or_else(|| plan.module.descriptor().title.clone()),
        module: ModuleIdentity {
            id: plan.module.descriptor().id.clone(),
            version: plan.module.embedded.manifest.version.clone(),
        },
        citations,
        licence: plan.licence.clone().or_else(|| text("data_licence")).unwrap_or_default(),
    }
}

/// What led to a version, as it stands in `provenance.json`: the same in every data root, on every machine, at any time.
fn provenance(validated: &Validated, version: Digest) -> Value {
    let ingested = &validated.derived.ingested;
    let plan = &ingested.plan;
    let inputs: Vec<Value> = ingested
        .inputs
        .iter()
        .map(|input| {
            json!({
                "role": input.role,
                "file": input.name,
                "sha256": input.sha256,
                "raw_sha256": input.raw_sha256,
                "raw_bytes": input.raw_bytes,
                "encoding": input.encoding,
            })
        })
        .collect();
    let manifest = &plan.module.embedded.manifest;
    json!({
        "schema": "host.provenance/1",
        "name": plan.name,
        "version": version,
        "recipe": {
            "id": ingested.recipe,
            "pipeline": PIPELINE,
            "inputs": inputs,
            "parameters": plan.parameters,
            "module": {
                "id": plan.module.descriptor().id,
                "version": manifest.version,
                "sha256": plan.module.digest,
                "api": manifest.api,
                "rustc": manifest.rustc,
                "target": manifest.target,
            },
            "title": plan.title,
            "citations": plan.citations,
            "licence": plan.licence,
        },
        "validation": validated.validation,
    })
}

/// How this run went. It differs from run to run, so it stands in the registry's record and never beside the data.
fn execution(validated: &Validated) -> Value {
    let ingested = &validated.derived.ingested;
    let origins: Vec<Value> =
        ingested.inputs.iter().map(|input| json!({ "role": input.role, "origin": input.origin })).collect();
    json!({
        "inputs": origins,
        "module_path": ingested.plan.module.path,
        "trust": ingested.plan.module.admitted,
        "derivation": validated.derived.execution,
        "host": env!("CARGO_PKG_VERSION"),
        "operating_system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "process": std::process::id(),
    })
}
