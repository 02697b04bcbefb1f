//! Reads each layer: the two files, the variables, the flags.

use std::path::{Path, PathBuf};

use super::file::{self, Assignment, Layer, Role};
use super::keys::{self, KEYS, Key};
use super::origin::{Origin, Problem};
use super::settings::{ConfigurationFile, Environment, FlagOverride};
use super::value::{Base, TextKind, Value, printable};
use super::{CONFIG_FILE, USER_FILE};
use crate::env_vars;

pub(super) fn user_layer(environment: &Environment, files: &mut Vec<ConfigurationFile>) -> Layer {
    let home = environment.home.as_deref();
    let named = environment.variable(env_vars::PBUF_CONFIG);
    let path = match (named, home) {
        (Some(named), _) => {
            let base = Base { directory: &environment.current_directory, home };
            match base.resolve(named) {
                Ok(path) => path,
                Err(hint) => {
                    let message =
                        format!("must be a path, found: `{}`", printable(&named.to_string_lossy(), 60));
                    return failed(Problem::of_variable(env_vars::PBUF_CONFIG, message).hint(Some(hint)));
                }
            }
        }
        (None, Some(home)) => home.join(USER_FILE),
        (None, None) => return Layer::default(),
    };
    let layer = file::read(&path, Role::User, home);
    let found = layer.is_some();
    let missing = |path: &Path| {
        let message = format!("there is no configuration file `{}`", path.display());
        failed(Problem::of_variable(env_vars::PBUF_CONFIG, message))
    };
    let layer = layer.unwrap_or_else(|| if named.is_some() { missing(&path) } else { Layer::default() });
    files.push(ConfigurationFile { layer: "user", path, found });
    layer
}

pub(super) fn project_layer(
    environment: &Environment,
    flags: &[FlagOverride],
    files: &mut Vec<ConfigurationFile>,
    warnings: &mut Vec<String>,
) -> Layer {
    let home = environment.home.as_deref();
    if let Some(FlagOverride { value, flag, .. }) = flags.iter().rfind(|flag| flag.key == CONFIG_FILE) {
        let base = Base { directory: &environment.current_directory, home };
        let path = match base.resolve(value) {
            Ok(path) => path,
            Err(hint) => return failed(Problem::of_flag(flag, "must name a file").hint(Some(hint))),
        };
        let layer = file::read(&path, Role::NamedProject, home);
        files.push(ConfigurationFile { layer: "project", path: path.clone(), found: layer.is_some() });
        return layer.unwrap_or_else(|| {
            let message = format!("there is no configuration file `{}`", path.display());
            failed(Problem::of_flag(flag, message))
        });
    }
    let Some(path) = file::find_project(&environment.current_directory) else { return Layer::default() };
    if !file::is_own(&path) {
        let path = path.display();
        warnings.push(format!(
            "the project file `{path}` belongs to another user and is ignored; pass `--config {path}` to use it"
        ));
        return Layer::default();
    }
    let layer = file::read(&path, Role::FoundProject, home);
    files.push(ConfigurationFile { layer: "project", path, found: layer.is_some() });
    layer.unwrap_or_default()
}

fn failed(problem: Problem) -> Layer {
    Layer { assignments: Vec::new(), problems: vec![problem] }
}

pub(super) fn variable_layer(environment: &Environment, warnings: &mut Vec<String>) -> Layer {
    let base = Base { directory: &environment.current_directory, home: environment.home.as_deref() };
    let mut layer = Layer::default();
    for key in KEYS {
        let Some(text) = environment.variable(key.variable) else { continue };
        match key.shape.read_text(text, TextKind::Variable, base) {
            Ok(value) => {
                let origin = Origin::Environment { variable: key.variable.to_owned() };
                let assignment = Assignment::new(key, value, origin);
                let other = layer.assignments.iter().find(|other| other.key.path == assignment.key.path);
                match other.map(|other| other.written.variable) {
                    None => layer.assignments.push(assignment),
                    Some(other) => {
                        let message = format!("says the same thing as `{other}`; only one may be set");
                        let hint = Some(format!("run `unset {}`", key.variable));
                        layer
                            .problems
                            .push(Problem::of_variable(key.variable, message).key(key.path).hint(hint));
                    }
                }
            }
            Err(mismatch) => {
                let message =
                    format!("`{}` must be {}, found: {}", key.path, key.shape.expected(), mismatch.found);
                layer
                    .problems
                    .push(Problem::of_variable(key.variable, message).key(key.path).hint(mismatch.hint));
            }
        }
    }
    warnings.extend(environment.variables.keys().filter_map(|name| unknown_variable(name)));
    layer
}

/// The warning for a variable nobody reads.
fn unknown_variable(name: &str) -> Option<String> {
    let own = || {
        env_vars::ALL.iter().map(|variable| variable.name).filter(|name| name.starts_with(env_vars::PREFIX))
    };
    if !name.starts_with(env_vars::PREFIX) || own().any(|known| known == name) {
        return None;
    }
    let uniform = KEYS.iter().find(|key| key.uniform_variable() == name).map(|key| key.variable);
    let rest = |name: &str| name.strip_prefix(env_vars::PREFIX).map(str::to_owned).unwrap_or_default();
    let rests: Vec<String> = own().map(rest).collect();
    let nearest = || keys::nearest(&rest(name), rests.iter().map(String::as_str));
    let meant =
        uniform.map(str::to_owned).or_else(|| nearest().map(|rest| format!("{}{rest}", env_vars::PREFIX)));
    let hint = match meant {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None => {
            "; each setting that `host config show` lists has a variable `PBUF_<SECTION>_<KEY>`".to_owned()
        }
    };
    Some(format!("unknown environment variable `{}` changes nothing{hint}", printable(name, 80)))
}

pub(super) fn flag_layer(environment: &Environment, flags: &[FlagOverride]) -> Layer {
    let base = Base { directory: &environment.current_directory, home: environment.home.as_deref() };
    let mut layer = Layer::default();
    for FlagOverride { key: path, value: text, flag } in flags.iter().filter(|flag| flag.key != CONFIG_FILE) {
        let Some(key) = keys::find(path) else {
            let hint = keys::nearest(path, KEYS.iter().map(|key| key.path))
                .or_else(|| KEYS.iter().find(|key| key.name() == path).map(|key| key.path))
                .map(|near| format!("did you mean `{near}`?"));
            let message = format!("unknown key `{}`", printable(path, 60));
            layer.problems.push(Problem::of_flag(flag, message).key(path).hint(hint));
            continue;
        };
        match key.shape.read_text(text, TextKind::Flag, base) {
            Ok(Value::Paths(paths)) => add_paths(&mut layer, key, paths, flag),
            Ok(value) => {
                let assignment = Assignment::new(key, value, Origin::Flag { name: flag.clone() });
                // As on any command line, the last of several wins.
                layer.assignments.retain(|earlier| earlier.key.path != assignment.key.path);
                layer.assignments.push(assignment);
            }
            Err(mismatch) => {
                let message =
                    format!("`{}` must be {}, found: {}", key.path, key.shape.expected(), mismatch.found);
                layer.problems.push(Problem::of_flag(flag, message).key(key.path).hint(mismatch.hint));
            }
        }
    }
    layer
}

/// A repeated flag adds to its list, in the order given.
fn add_paths(layer: &mut Layer, key: &'static Key, mut paths: Vec<PathBuf>, flag: &str) {
    let earlier = layer.assignments.iter_mut().find(|earlier| earlier.key.path == key.path);
    if let Some(Assignment { value: Value::Paths(list), .. }) = earlier {
        list.append(&mut paths);
    } else {
        let origin = Origin::Flag { name: flag.to_owned() };
        layer.assignments.push(Assignment::new(key, Value::Paths(paths), origin));
    }
}
