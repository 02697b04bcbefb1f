//! What a module does with inputs and parameters that nobody should give it.

use serde_json::{Value, json};

use super::contract::{structure, values};
use super::references::references;
use super::run::Listener;
use super::{Example, Faults, Suite};
use crate::{Fault, InputForm, ModuleError, ParameterKind, ParameterSpecification, Severity};

/// A derivation without a required input says which one is missing.
#[must_use]
pub fn missing_inputs_are_named(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        for input in &suite.descriptor.inputs {
            let mut example = example.clone();
            if example.inputs.remove(&input.role).is_none() {
                continue;
            }
            let result = suite.run(&example, &Listener::patient());
            let place = format!("example `{}` without `{}`", example.name, input.role);
            match &result {
                Err(ModuleError::BadInput(fault)) if fault.subject == input.role => {}
                _ if !input.required => {}
                Err(error) => faults.push(format!("{place}: does not name that input: {error}")),
                Ok(_) => faults.push(format!("{place}: it is required, and nobody missed it")),
            }
            faults.extend(misbehaviour(suite, &result).map(|fault| format!("{place}: {fault}")));
        }
    }
    let result = suite.run(&Example::new("nothing"), &Listener::patient());
    faults.extend(misbehaviour(suite, &result).map(|fault| format!("no input at all: {fault}")));
    faults
}

/// Inputs that are cut off, garbled or exchanged never lead to a panic or an internal error; what is refused is refused
/// with role and message, and in a text at least sometimes with the line. What is empty, HTML or noise is refused.
#[must_use]
pub fn damaged_inputs_are_refused_with_their_place(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    let (mut refused, mut with_line) = (false, false);
    let rounds_for =
        |bytes: &[u8]| (100_000 / bytes.len().max(1)).clamp(4, 40) / suite.examples.len().clamp(1, 4);
    for example in &suite.examples {
        for (role, bytes) in &example.inputs {
            let others = example.inputs.iter().filter(|(other, _)| *other != role);
            let others: Vec<_> = others
                .map(|(other, bytes)| (format!("with the bytes of `{other}`"), bytes.clone()))
                .collect();
            let is_text = suite
                .descriptor
                .inputs
                .iter()
                .any(|input| input.role == *role && input.form == InputForm::Text);
            for (what, damaged) in damages(bytes, rounds_for(bytes)).into_iter().chain(others) {
                let mut example = example.clone();
                example.inputs.insert(role.clone(), damaged);
                let result = suite.run(&example, &Listener::patient());
                if let Err(ModuleError::BadInput(fault)) = &result
                    && is_text
                {
                    refused = true;
                    with_line |= fault.line.is_some();
                }
                let inspection = suite.inspect(&example, &Listener::patient()).err();
                let inspection = inspection.as_ref().and_then(|error| bad_error(suite, error));
                let taken =
                    NOT_DATA.contains(&what.as_str()).then(|| taken_for_data(suite, &result)).flatten();
                let found = misbehaviour(suite, &result).chain(inspection).chain(taken);
                faults.extend(
                    found.map(|fault| format!("example `{}`, input `{role}` {what}: {fault}", example.name)),
                );
            }
        }
    }
    if refused && !with_line {
        faults.push("no refusal of a damaged text names a line".to_owned());
    }
    faults
}

/// Values of parameters that a user may type lead to a result or a plain refusal.
#[must_use]
pub fn odd_parameters_are_refused(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        for parameter in &suite.descriptor.parameters {
            for value in odd_values(parameter) {
                let shown: String = value.to_string().chars().take(40).collect();
                let example = example.clone().parameter(parameter.name.clone(), value);
                let result = suite.run(&example, &Listener::patient());
                let place = format!("example `{}`, `{}={shown}`", example.name, parameter.name);
                faults.extend(misbehaviour(suite, &result).map(|fault| format!("{place}: {fault}")));
            }
        }
    }
    faults
}

/// Damages that leave nothing of an input.
const NOT_DATA: [&str; 3] = ["empty", "as HTML", "as garbage"];

/// A module may be made for empty inputs; then what it returns keeps its promises.
fn taken_for_data(suite: &Suite, result: &Result<super::run::Outcome, ModuleError>) -> Option<String> {
    let outcome = result.as_ref().ok().filter(|outcome| structure(suite, outcome).is_empty())?;
    let reported = outcome.report.findings.iter().any(|finding| finding.severity == Severity::Error);
    let broken = values(suite, outcome).into_iter().next().filter(|_| !reported)?;
    Some(format!("it is taken for data, and the result breaks the contract: {broken}"))
}

/// What is wrong with the answer to a damaged input: how it was refused, or what was made of it.
fn misbehaviour(
    suite: &Suite,
    result: &Result<super::run::Outcome, ModuleError>,
) -> impl Iterator<Item = String> {
    let faults: Faults = match result {
        Ok(outcome) => structure(suite, outcome).into_iter().chain(references(outcome)).collect(),
        Err(error) => bad_error(suite, error).into_iter().collect(),
    };
    faults.into_iter()
}

fn bad_error(suite: &Suite, error: &ModuleError) -> Option<String> {
    let is_role = |name: &str| suite.descriptor.inputs.iter().any(|input| input.role == name);
    let is_parameter = |name: &str| suite.descriptor.parameters.iter().any(|known| known.name == name);
    match error {
        ModuleError::BadInput(fault) if !is_role(&fault.subject) => {
            Some(format!("`{}` is no input role: {error}", fault.subject))
        }
        ModuleError::BadParameter(fault) if !is_parameter(&fault.subject) => {
            Some(format!("`{}` is no parameter: {error}", fault.subject))
        }
        ModuleError::BadInput(fault) | ModuleError::BadParameter(fault) => bad_words(fault),
        ModuleError::LimitExceeded { what, .. } => {
            what.is_empty().then(|| "a limit without a name".to_owned())
        }
        ModuleError::Cancelled => Some("it says that it was cancelled, which nobody did".to_owned()),
        ModuleError::Internal { .. } => Some(format!("an internal error: {error}")),
        ModuleError::Panic { .. } => Some(error.to_string()),
    }
}

/// A message is printed as one line of a terminal.
fn bad_words(fault: &Fault) -> Option<String> {
    const LONGEST: usize = 2000;
    let texts = || std::iter::once(&fault.message).chain(&fault.hint);
    if texts().any(|text| text.trim().is_empty()) {
        return Some("a refusal without a message, or with an empty hint".to_owned());
    }
    if texts().any(|text| text.chars().any(char::is_control)) {
        return Some(format!("the message holds control characters: {}", fault.message));
    }
    texts().any(|text| text.len() > LONGEST).then(|| "the message repeats a long input".to_owned())
}

fn odd_values(parameter: &ParameterSpecification) -> Vec<Value> {
    let mut values = match parameter.kind {
        ParameterKind::Number => {
            let given = [parameter.minimum, parameter.maximum].into_iter().flatten();
            let odd = [0.0, -1.0, 1.0, 0.5, 1e308, -1e308, 5e-324, 1e-10];
            given.chain(odd).map(Value::from).collect()
        }
        ParameterKind::Integer => [0, 1, -1, i64::MAX, i64::MIN].map(Value::from).to_vec(),
        ParameterKind::Boolean => vec![json!(true), json!(false)],
        ParameterKind::String => {
            let odd =
                ["", " ", "x", ",", "a,b,c", "\0", "\u{1b}[2J", "é✓", "-", "none", "1e999", "../..", "+"];
            let mut values: Vec<Value> = odd.map(Value::from).to_vec();
            values.extend(parameter.allowed.iter().cloned().map(Value::from));
            values.push("x".repeat(100_000).into());
            values
        }
    };
    // A host never lets another type pass; a module must not rely on it with its life.
    values.push(json!([1]));
    values
}

/// Repeatable random numbers (Marsaglia 2003, J. Stat. Soft. 8, 14: xorshift64).
struct Random(u64);

impl Random {
    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap_or_default()
    }
}

/// Damages of an input, each with what was done.
fn damages(bytes: &[u8], rounds: usize) -> Vec<(String, Vec<u8>)> {
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    const LONG: usize = 1 << 18;
    let mut random = Random(SEED);
    let mut damages: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |what: &str, damaged: Vec<u8>| damages.push((what.to_owned(), damaged));
    add("empty", Vec::new());
    add("as a line end", b"\n".to_vec());
    add("as HTML", b"<!DOCTYPE html><html><body>404</body></html>".to_vec());
    add("as garbage", (0..600).map(|_| u8::try_from(random.below(256)).unwrap_or_default()).collect());
    add("as one long word", vec![b'7'; LONG]);
    add("as one long line", b"1 ".repeat(LONG / 2));
    add("twice", [bytes, bytes].concat());
    add("with a byte-order mark", [b"\xef\xbb\xbf", bytes].concat());
    for round in 0..rounds {
        let at = random.below(bytes.len() + 1);
        add(&format!("cut off after {at} bytes"), bytes[..at].to_vec());
        for (what, inserted) in
            [("NUL", &b"\0"[..]), ("a byte that is no UTF-8", b"\xff"), ("a line end", b"\n")]
        {
            if round < 4 {
                let damaged = [&bytes[..at], inserted, &bytes[at..]].concat();
                add(&format!("with {what} after {at} bytes"), damaged);
            }
        }
        if bytes.is_empty() {
            continue;
        }
        let (at, bit) = (random.below(bytes.len()), random.below(8));
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << bit;
        add(&format!("with bit {bit} of byte {at} changed"), flipped);
        let words = ["nan", "-1", "1e999", "inf", "0", "1e-320", "x", "#"];
        let word = words[random.below(words.len())];
        let (start, end) = word_around(bytes, at);
        let replaced = [&bytes[..start], word.as_bytes(), &bytes[end..]].concat();
        add(&format!("with `{word}` in bytes {start} to {end}"), replaced);
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        let (one, other) = (random.below(lines.len()), random.below(lines.len()));
        lines.swap(one, other);
        add(&format!("with lines {} and {} exchanged", one + 1, other + 1), lines.concat());
        lines.remove(one);
        add(&format!("without line {}", one + 1), lines.concat());
    }
    damages
}

/// The bytes between two blanks, commas or line ends.
fn word_around(bytes: &[u8], at: usize) -> (usize, usize) {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
    let start = bytes[..at].iter().rposition(ends).map_or(0, |before| before + 1);
    let end = bytes[at..].iter().position(ends).map_or(bytes.len(), |after| at + after);
    (start, end.max(start))
}
