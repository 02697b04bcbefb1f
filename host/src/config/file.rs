//! Reads one configuration file into assignments and problems, each with its place.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::json::{self, Content, Member, Position};
use super::keys::{self, KEYS, Key};
use super::origin::{Origin, Problem};
use super::value::{Base, Shape, Value, printable};

/// A larger file is no configuration.
const MAXIMUM_BYTES: u64 = 1 << 20;

/// More problems than a person will read; what a hostile file can make us report.
const MAXIMUM_PROBLEMS: usize = 100;

/// Which layer a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The user's own file.
    User,
    /// A project file found in the current directory or above it.
    FoundProject,
    /// A file named with `--config`.
    NamedProject,
}

/// A value somebody gave to a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assignment {
    pub(super) key: &'static Key,
    pub(super) value: Value,
    pub(super) origin: Origin,
    /// The key that was written, if it stands for `key`.
    pub(super) written: &'static Key,
}

impl Assignment {
    /// Translates a key that stands for another one.
    pub(super) fn new(written: &'static Key, value: Value, origin: Origin) -> Self {
        let translated = written.stands_for.and_then(|other| {
            let Value::Boolean(value) = value else { return None };
            Some((keys::find(other.key)?, if value { other.when_true } else { other.when_false }))
        });
        match translated {
            Some((key, word)) => Self { key, value: Value::Word(word), origin, written },
            None => Self { key: written, value, origin, written },
        }
    }
}

/// What one source gives.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Layer {
    pub(super) assignments: Vec<Assignment>,
    pub(super) problems: Vec<Problem>,
}

/// Reads a file. `None` if there is none.
pub(super) fn read(path: &Path, role: Role, home: Option<&Path>) -> Option<Layer> {
    let text = match read_text(path) {
        Ok(text) => text?,
        Err(message) => {
            return Some(Layer { assignments: Vec::new(), problems: vec![Problem::of_file(path, message)] });
        }
    };
    let directory = path.parent().unwrap_or_else(|| Path::new(""));
    let (base, layer, secret_lines) = (Base { directory, home }, Layer::default(), BTreeSet::new());
    let mut reader = FileReader { path, text: &text, role, base, layer, secret_lines };
    match json::parse(&text) {
        Ok(node) => match node.content {
            Content::Object(sections) => reader.sections(&sections),
            _ => reader.problem(
                node.position,
                "",
                "the file must hold one object with sections".to_owned(),
                None,
            ),
        },
        Err(fault) => {
            let hint = fault.hint.map(str::to_owned);
            reader.problem(fault.position, "", format!("this is not JSON: {}", fault.message), hint);
        }
    }
    for problem in &mut reader.layer.problems {
        if problem.line.is_some_and(|line| reader.secret_lines.contains(&line)) {
            problem.excerpt = None;
        }
    }
    Some(reader.layer)
}

fn read_text(path: &Path) -> Result<Option<String>, String> {
    let unreadable = |error: std::io::Error| Err(format!("cannot read the configuration file: {error}"));
    // Looked at before it is opened: opening a pipe would wait for whoever writes to it.
    match std::fs::metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return unreadable(error),
        Ok(metadata) if !metadata.is_file() => {
            return Err("the configuration file must be a regular file".to_owned());
        }
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    match std::fs::File::open(path).and_then(|file| file.take(MAXIMUM_BYTES + 1).read_to_end(&mut bytes)) {
        Err(error) => return unreadable(error),
        Ok(read) if read as u64 > MAXIMUM_BYTES => {
            return Err(format!("the configuration file is larger than {MAXIMUM_BYTES} bytes"));
        }
        Ok(_) => {}
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        format!("the configuration file is not UTF-8, from byte {} on", error.utf8_error().valid_up_to())
    })
}

struct FileReader<'file> {
    path: &'file Path,
    text: &'file str,
    role: Role,
    base: Base<'file>,
    layer: Layer,
    /// Lines with a secret that stands there in the open.
    secret_lines: BTreeSet<usize>,
}

impl FileReader<'_> {
    fn problem(&mut self, position: Position, key: &str, message: String, hint: Option<String>) {
        if !self.is_full() {
            let mut problem = Problem::at(self.path, self.text, position, message).hint(hint);
            if !key.is_empty() {
                problem = problem.key(key);
            }
            self.layer.problems.push(problem);
        }
    }

    fn is_full(&self) -> bool {
        self.layer.problems.len() >= MAXIMUM_PROBLEMS
    }

    fn sections(&mut self, members: &[Member]) {
        self.refuse_repetition("", members);
        let sections = keys::sections();
        for section in members {
            if self.is_full() {
                return;
            }
            match &section.value.content {
                // Editors find the schema of a file by this member.
                Content::Text(_) if section.name == "$schema" => {}
                _ if !sections.contains(&section.name.as_str()) => self.unknown_section(section, &sections),
                Content::Object(values) => self.section(&section.name, values),
                _ => {
                    let message = format!("section `{}` must be an object", section.name);
                    self.problem(section.value.position, &section.name, message, None);
                }
            }
        }
    }

    fn section(&mut self, section: &str, members: &[Member]) {
        self.refuse_repetition(section, members);
        for member in members {
            if self.is_full() {
                return;
            }
            match keys::find(&format!("{section}.{}", member.name)) {
                Some(key) => self.value(key, member),
                None => self.unknown_key(section, member),
            }
        }
    }

    fn value(&mut self, key: &'static Key, member: &Member) {
        if self.role == Role::FoundProject && !key.in_found_project {
            let message = format!(
                "`{}` decides which code runs, how it is confined or who is told, so a project file may not set it",
                key.path
            );
            let shown = self.path.display();
            let hint =
                format!("move it to the user's file, set `{}`, or pass `--config {shown}`", key.variable);
            return self.problem(member.position, key.path, message, Some(hint));
        }
        if key.shape == Shape::Secret && matches!(member.value.content, Content::Text(_)) {
            self.secret_lines.insert(member.value.position.line);
        }
        match key.shape.read_json(&member.value, self.base) {
            Ok(value) => {
                let (path, line) = (self.path.to_owned(), member.value.position.line);
                let origin = match self.role {
                    Role::User => Origin::User { path, line },
                    Role::FoundProject | Role::NamedProject => Origin::Project { path, line },
                };
                let assignment = Assignment::new(key, value, origin);
                let other = self.layer.assignments.iter().find(|other| other.key.path == assignment.key.path);
                match other.map(|other| other.written.path) {
                    // The same key twice has been refused already.
                    Some(other) if other != key.path => {
                        let message =
                            format!("`{}` and `{other}` say the same thing; only one may be given", key.path);
                        self.problem(
                            member.position,
                            key.path,
                            message,
                            Some(format!("delete `{}`", key.name())),
                        );
                    }
                    _ => self.layer.assignments.push(assignment),
                }
            }
            Err(mismatch) => {
                let position = mismatch.position.unwrap_or(member.value.position);
                let message =
                    format!("`{}` must be {}, found: {}", key.path, key.shape.expected(), mismatch.found);
                self.problem(position, key.path, message, mismatch.hint);
            }
        }
    }

    fn unknown_section(&mut self, section: &Member, sections: &[&'static str]) {
        let name = section.name.as_str();
        let homes: Vec<&str> = KEYS.iter().filter(|key| key.name() == name).map(Key::section).collect();
        let hint = if keys::find(name).is_some() {
            name.split_once('.')
                .map(|(section, key)| format!("write it as `\"{section}\": {{\"{key}\": …}}`"))
        } else if homes.is_empty() {
            did_you_mean(keys::nearest(name, sections.iter().copied()))
        } else {
            Some(format!("move it into section {}", quoted_list(&homes)))
        };
        let hint = hint.or_else(|| Some(format!("the sections are {}", quoted_list(sections))));
        self.problem(section.position, name, format!("unknown section `{}`", printable(name, 60)), hint);
    }

    fn unknown_key(&mut self, section: &str, member: &Member) {
        let name = member.name.as_str();
        let here: Vec<&str> = KEYS.iter().filter(|key| key.section() == section).map(Key::name).collect();
        let elsewhere: Vec<&str> = KEYS.iter().filter(|key| key.name() == name).map(Key::section).collect();
        let hint = if elsewhere.is_empty() {
            did_you_mean(keys::nearest(name, here.iter().copied()))
                .or_else(|| did_you_mean(keys::nearest(name, KEYS.iter().map(Key::name))))
        } else {
            Some(format!("move it into section {}", quoted_list(&elsewhere)))
        };
        let hint = hint.or_else(|| Some(format!("the keys of this section are {}", quoted_list(&here))));
        let path = format!("{section}.{}", printable(name, 60));
        self.problem(member.position, &path, format!("unknown key `{path}`"), hint);
    }

    fn refuse_repetition(&mut self, section: &str, members: &[Member]) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for member in members {
            if let Some(line) = seen.insert(&member.name, member.position.line) {
                let shown = printable(&member.name, 60);
                let path = if section.is_empty() { shown.into_owned() } else { format!("{section}.{shown}") };
                let message = format!("`{path}` is given twice, before on line {line}");
                self.problem(member.position, &path, message, Some("delete one of the two".to_owned()));
            }
        }
    }
}

fn did_you_mean(name: Option<&str>) -> Option<String> {
    name.map(|name| {
        let sections: Vec<&str> = KEYS.iter().filter(|key| key.name() == name).map(Key::section).collect();
        match sections.as_slice() {
            [] => format!("did you mean `{name}`?"),
            sections => format!("did you mean `{name}` in section {}?", quoted_list(sections)),
        }
    })
}

fn quoted_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The project file for a directory: in it, or in the nearest folder above that has one.
pub(super) fn find_project(current_directory: &Path) -> Option<PathBuf> {
    current_directory
        .ancestors()
        .map(|directory| directory.join(super::PROJECT_FILE))
        .find(|path| path.metadata().is_ok_and(|metadata| metadata.is_file()))
}

/// Whether a file that was merely found belongs to the user or to the system: one that another user left in a shared
/// folder must not steer the host.
#[cfg(unix)]
pub(super) fn is_own(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let user = rustix::process::geteuid().as_raw();
    path.metadata().is_ok_and(|metadata| metadata.uid() == user || metadata.uid() == 0)
}

/// Ownership is not looked at on this system.
#[cfg(not(unix))]
pub(super) fn is_own(_path: &Path) -> bool {
    true
}
