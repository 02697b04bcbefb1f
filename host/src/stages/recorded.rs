//! What was asked for when a dataset was registered, so that it can be asked for again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::objects::Place;
use crate::raw::RawStore;
use crate::registry::Record;
use crate::stages::parameters::Given;
use crate::stages::plan::{Job, JobInput};

/// The job that a record's provenance describes. A file that is no longer where it was is taken from the fetched ones.
///
/// # Errors
/// [`Kind::Corrupt`] with what the provenance does not say.
pub fn job(record: &Record, raw: &RawStore) -> Result<Job> {
    let damaged = |what: &str| {
        Error::new(Kind::Corrupt, format!("the provenance of `{}` does not say {what}", record.name))
            .hint("run `host check`")
    };
    let recipe = record.provenance.get("recipe").ok_or_else(|| damaged("its recipe"))?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let module =
        recipe.get("module").and_then(|module| text(module, "id")).ok_or_else(|| damaged("its module"))?;
    let mut inputs = BTreeMap::new();
    for input in recipe.get("inputs").and_then(Value::as_array).ok_or_else(|| damaged("its inputs"))? {
        let role = text(input, "role").ok_or_else(|| damaged("the role of an input"))?;
        let origin = origin(record, &role).ok_or_else(|| damaged("where an input was"))?;
        let sha256: Digest = text(input, "raw_sha256")
            .and_then(|digest| digest.parse().ok())
            .ok_or_else(|| damaged("a digest"))?;
        let bundled = origin.strip_prefix("bundled `").and_then(|rest| rest.strip_suffix('`'));
        let input = if let Some(file) = bundled {
            JobInput::Bundled { file: file.to_owned(), sha256: Some(sha256) }
        } else {
            let moved = || raw.any(&sha256).map(|path| path.display().to_string());
            let gone = !origin.contains("://") && !Path::new(&origin).exists();
            let origin = if gone { moved().unwrap_or(origin) } else { origin };
            let place = Place::of(Path::new(&origin)).and_then(|place| JobInput::at(place, Some(sha256)));
            place.map_err(|why| damaged("where an input was").cause(why))?
        };
        inputs.insert(role, input);
    }
    let parameters = recipe
        .get("parameters")
        .and_then(Value::as_object)
        .ok_or_else(|| damaged("its parameters"))?
        .iter()
        .map(|(name, value)| (name.clone(), Given::Json(value.clone())))
        .collect();
    let citations = recipe.get("citations").cloned().unwrap_or_default();
    Ok(Job {
        module,
        name: Some(record.name.to_string()),
        inputs,
        parameters,
        title: text(recipe, "title"),
        citations: serde_json::from_value(citations).map_err(|_| damaged("its citations"))?,
        licence: text(recipe, "licence"),
        puts_back: None,
    })
}

/// Where the input of a role was.
fn origin(record: &Record, role: &str) -> Option<String> {
    let inputs = record.execution.get("inputs")?.as_array()?;
    let input = inputs.iter().find(|input| input.get("role").and_then(Value::as_str) == Some(role))?;
    input.get("origin")?.as_str().map(str::to_owned)
}
