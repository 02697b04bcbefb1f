//! The description is whole, and its parts fit together.

use serde_json::Value;

use super::{Faults, Suite, is_plain, repeated};
use crate::{
    ColumnContract, ColumnKind, OutputContract, ParameterKind, ParameterSpecification, TableContract,
};

/// The manifest and `module.json` are sound: schema, names, types, units, limits, and references between them.
#[must_use]
pub fn the_description_is_consistent(suite: &Suite) -> Faults {
    let descriptor = &suite.descriptor;
    let mut faults = manifest(&suite.manifest);
    faults.extend(unread_keys(&suite.written, &to_value(descriptor), ""));
    if descriptor.schema != "host.module/1" {
        faults.push(format!("schema is `{}`, expected `host.module/1`", descriptor.schema));
    }
    if !is_plain(&descriptor.id) {
        faults.push(format!("id `{}` must be lower-case letters, digits, `_` and `-`", descriptor.id));
    }
    if descriptor.title.trim().is_empty() || descriptor.title.contains('\n') {
        faults.push("title must be one line".to_owned());
    }
    names("input role", descriptor.inputs.iter().map(|input| input.role.as_str()), &mut faults);
    for input in descriptor.inputs.iter().filter(|input| input.meaning.trim().is_empty()) {
        faults.push(format!("input role `{}` has no meaning", input.role));
    }
    names("parameter", descriptor.parameters.iter().map(|parameter| parameter.name.as_str()), &mut faults);
    faults.extend(descriptor.parameters.iter().flat_map(parameter));
    names("output", descriptor.outputs.keys().map(String::as_str), &mut faults);
    if descriptor.outputs.is_empty() {
        faults.push("no output is promised".to_owned());
    }
    for (name, contract) in &descriptor.outputs {
        let faults_of_output = output(contract).into_iter().map(|fault| format!("output `{name}`: {fault}"));
        faults.extend(faults_of_output);
    }
    faults
}

fn manifest(manifest: &Value) -> Faults {
    let text = |key: &str| manifest.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut faults = Faults::new();
    if text("schema") != "host.manifest/1" {
        faults.push(format!("the manifest's schema is `{}`", text("schema")));
    }
    let core = text("version").split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<_> = core.split('.').map(str::parse::<u64>).collect();
    if numbers.len() != 3 || numbers.iter().any(Result::is_err) {
        faults.push(format!("version `{}` is not MAJOR.MINOR.PATCH", text("version")));
    }
    faults
}

fn to_value(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Keys that were written and that nobody reads: a misspelt one would silently promise nothing.
fn unread_keys(written: &Value, read: &Value, path: &str) -> Faults {
    let says_nothing = |value: &Value| {
        value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(serde_json::Map::is_empty)
    };
    match (written, read) {
        (Value::Object(written), Value::Object(read)) => written
            .iter()
            .flat_map(|(key, value)| match read.get(key) {
                Some(read) => unread_keys(value, read, &format!("{path}/{key}")),
                None if says_nothing(value) => Faults::new(),
                None => vec![format!("key `{path}/{key}` of the description means nothing")],
            })
            .collect(),
        (Value::Array(written), Value::Array(read)) => (0..)
            .zip(written.iter().zip(read))
            .flat_map(|(index, (written, read))| unread_keys(written, read, &format!("{path}/{index}")))
            .collect(),
        _ => Faults::new(),
    }
}

fn names<'n>(what: &str, names: impl Iterator<Item = &'n str> + Clone, faults: &mut Faults) {
    let plain = |name: &&str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    faults.extend(
        names
            .clone()
            .filter(|name| !plain(name))
            .map(|name| format!("{what} `{name}` must be letters, digits, `_` and `-`")),
    );
    faults.extend(repeated(names).iter().map(|name| format!("{what} `{name}` is declared twice")));
}

fn parameter(parameter: &ParameterSpecification) -> Faults {
    let name = &parameter.name;
    let is_number = matches!(parameter.kind, ParameterKind::Number | ParameterKind::Integer);
    let mut faults = Faults::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("parameter `{name}`: {what}"));
        }
    };
    demand(!parameter.meaning.trim().is_empty(), "it has no meaning");
    demand(
        parameter.kind != ParameterKind::Number || parameter.unit.is_some(),
        "a number needs a unit; `1` is dimensionless",
    );
    demand(
        is_number || (parameter.unit.is_none() && parameter.minimum.is_none() && parameter.maximum.is_none()),
        "only a number has unit, minimum and maximum",
    );
    demand(
        parameter.kind == ParameterKind::String || parameter.allowed.is_empty(),
        "only a string has a list of allowed values",
    );
    demand(ordered(parameter.minimum, parameter.maximum), "minimum is above maximum");
    if let Some(fault) = parameter.default.as_ref().and_then(|default| misfit(parameter, default)) {
        demand(false, &format!("the default {fault}"));
    }
    faults
}

fn ordered(minimum: Option<f64>, maximum: Option<f64>) -> bool {
    minimum.zip(maximum).is_none_or(|(minimum, maximum)| minimum <= maximum)
}

/// Why a host would refuse a value of a parameter.
pub(super) fn misfit(parameter: &ParameterSpecification, value: &Value) -> Option<String> {
    let of_type = match parameter.kind {
        ParameterKind::Number => value.is_number(),
        ParameterKind::Integer => value.is_i64(),
        ParameterKind::Boolean => value.is_boolean(),
        ParameterKind::String => value.is_string(),
    };
    if !of_type {
        return Some(format!("`{value}` is of another type"));
    }
    if let Some(number) = value.as_f64() {
        let below = parameter.minimum.is_some_and(|minimum| number < minimum);
        let above = parameter.maximum.is_some_and(|maximum| number > maximum);
        return (below || above).then(|| format!("`{value}` is outside of the limits"));
    }
    let text = value.as_str()?;
    let allowed = parameter.allowed.is_empty() || parameter.allowed.iter().any(|allowed| allowed == text);
    (!allowed).then(|| format!("`{text}` is not among the allowed values"))
}

fn output(contract: &OutputContract) -> Faults {
    let mut faults = Faults::new();
    if contract.tables.is_empty() {
        faults.push("it has no table".to_owned());
    }
    // Each becomes a file of its own.
    let tables = contract.tables.iter().map(|table| table.name.as_str());
    let matrices = contract.matrices.iter().map(|matrix| matrix.name.as_str());
    names("table or matrix", tables.chain(matrices), &mut faults);
    for table in &contract.tables {
        let faults_of_table = table_faults(table).into_iter();
        faults.extend(faults_of_table.map(|fault| format!("table `{}`: {fault}", table.name)));
    }
    for matrix in &contract.matrices {
        let Some(table) = contract.tables.iter().find(|table| table.name == matrix.rows_of) else {
            faults.push(format!(
                "matrix `{}` has the rows of `{}`, which is no table",
                matrix.name, matrix.rows_of
            ));
            continue;
        };
        let Some(name) = &matrix.diagonal_is_square_of else { continue };
        let column = table.columns.iter().find(|column| column.name == *name);
        if column.is_none_or(|column| column.kind != ColumnKind::Float64) {
            faults.push(format!(
                "matrix `{}`: `{name}` is no float64 column of table `{}`",
                matrix.name, table.name
            ));
        }
    }
    faults
}

fn table_faults(table: &TableContract) -> Faults {
    let mut faults = Faults::new();
    names("column", table.columns.iter().map(|column| column.name.as_str()), &mut faults);
    if let Some(row_id) = &table.row_id
        && !table.columns.iter().any(|column| column.name == *row_id && column.required)
    {
        faults.push(format!("row_id `{row_id}` is none of its required columns"));
    }
    for column in &table.columns {
        let faults_of_column = column_faults(table, column).into_iter();
        faults.extend(faults_of_column.map(|fault| format!("column `{}`: {fault}", column.name)));
    }
    faults
}

fn column_faults(table: &TableContract, column: &ColumnContract) -> Faults {
    let is_float = matches!(column.kind, ColumnKind::Float64 | ColumnKind::Float32);
    let is_number = is_float || matches!(column.kind, ColumnKind::Int64 | ColumnKind::Int32);
    let is_text = column.kind == ColumnKind::Utf8;
    let has_limits = column.minimum.is_some() || column.maximum.is_some() || column.greater_than.is_some();
    let has_unit = column.unit.is_some() || column.unit_column.is_some();
    let unit_is_text = column.unit_column.as_ref().is_none_or(|unit| {
        table.columns.iter().any(|other| other.name == *unit && other.kind == ColumnKind::Utf8)
    });
    [
        (!column.meaning.trim().is_empty(), "it has no meaning"),
        (!is_float || has_unit, "a float needs a unit or a unit_column; `1` is dimensionless"),
        (column.unit.is_none() || column.unit_column.is_none(), "it has a unit and a unit_column"),
        (!is_text || !has_unit, "a text has no unit"),
        (unit_is_text, "its unit_column is no text column of the table"),
        (is_number || !has_limits, "only a number has limits"),
        (is_text || column.allowed.is_empty(), "only a text has a list of allowed values"),
        (ordered(column.minimum.or(column.greater_than), column.maximum), "its limits allow nothing"),
        ((0.0..=1.0).contains(&column.null_fraction), "null_fraction is no fraction"),
    ]
    .into_iter()
    .filter(|(holds, _)| !holds)
    .map(|(_, what)| what.to_owned())
    .collect()
}
