//! What `--plugin` asks for: one dataset, or one for each month.

use std::collections::BTreeMap;
use std::path::Path;

use super::Args;
use crate::error::{Error, Kind, Result};
use crate::objects::{Objects, Place};
use crate::partition::{Month, Template, demand_own_names};
use crate::stages::parameters::Given;
use crate::stages::plan::{Job, JobInput};

pub(super) fn jobs(
    args: &Args,
    module: &str,
    parameters: &[(String, Given)],
    objects: &Objects,
) -> Result<Vec<Job>> {
    let usage = |fault: String| Error::new(Kind::Usage, fault);
    let job = |name, inputs, parameters| Job {
        module: module.to_owned(),
        name,
        inputs,
        parameters,
        ..Job::default()
    };
    let Some(months) = args.partition else {
        let plain = args.input.iter().map(|(role, path)| (role.as_str(), Some(path.clone())));
        return Ok(vec![job(args.name.clone(), inputs(plain, objects)?, parameters.to_vec())]);
    };
    let name = args.name.clone().unwrap_or_else(|| format!("{module}_{{partition}}"));
    let name = Template::new(&name).map_err(usage)?;
    demand_own_names(&name, months)?;
    let paths = templates(&args.input)?;
    let values = templates(&args.param)?;
    let of_month = |month: Month| {
        let paths = paths.iter().map(|(role, path)| (*role, path.text_of(month)));
        let values = values.iter().map(|(name, value)| {
            let none = || usage(format!("parameter `{name}` needs a month that there is not"));
            Ok(((*name).to_owned(), Given::Text(value.text_of(month).ok_or_else(none)?)))
        });
        Ok(job(name.text_of(month), inputs(paths, objects)?, values.collect::<Result<_>>()?))
    };
    months.iter().map(of_month).collect()
}

/// What is given under each key, as templates.
fn templates(given: &[(String, String)]) -> Result<Vec<(&str, Template)>> {
    let template = |text: &str| Template::new(text).map_err(|fault| Error::new(Kind::Usage, fault));
    given.iter().map(|(key, text)| Ok((key.as_str(), template(text)?))).collect()
}

/// The files by role. A role that ends in `?` is left out where there is no file, or no month that could have one.
fn inputs<'r>(
    given: impl Iterator<Item = (&'r str, Option<String>)>,
    objects: &Objects,
) -> Result<BTreeMap<String, JobInput>> {
    let mut inputs = BTreeMap::new();
    let mut left_out = Vec::new();
    for (role, path) in given {
        let (role, optional) = role.strip_suffix('?').map_or((role, false), |role| (role, true));
        let usage = |why: String| Error::new(Kind::Usage, format!("input `{role}`: {why}"));
        let place = path.map(|path| Place::of(Path::new(&path)).map_err(usage)).transpose()?;
        let Some(place) = place.filter(|place| !optional || may_exist(place, objects)) else {
            if optional {
                left_out.push(role);
                continue;
            }
            return Err(Error::new(Kind::Usage, format!("input `{role}` needs a month that there is not"))
                .hint(format!("where it may be missing, write `--input {role}?=PATH`")));
        };
        let input = JobInput::at(place, None).map_err(usage)?;
        if inputs.insert(role.to_owned(), input).is_some() {
            return Err(Error::new(Kind::Usage, format!("input `{role}` is given twice")));
        }
    }
    // Without any input a module takes its bundled dataset, which is not what was asked for.
    if inputs.is_empty() && !left_out.is_empty() {
        let roles = left_out.join("`, `");
        return Err(Error::new(
            Kind::BadInput,
            format!("there is no file for `{roles}`, and no other input"),
        ));
    }
    Ok(inputs)
}

/// What cannot be looked at is there: reading it says why.
fn may_exist(place: &Place, objects: &Objects) -> bool {
    match place {
        Place::File(path) => path.try_exists().unwrap_or(true),
        Place::Object(address) => objects.may_exist(address),
    }
}
