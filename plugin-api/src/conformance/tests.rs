//! The suite is tested by modules that are wrong on purpose: each must fail the check that is made for its fault.

mod wrong;

use serde_json::{Value, json};

use super::alone::Surroundings;
use super::data::sha256;
use super::run::{Derive, Functions};
use super::{Check, Faults, Suite, alone};
use crate::{
    Axis, Context, Curve, Derived, ExportContent, ExportFile, ExportFormat, Finding, Inputs, Matrix,
    ModuleError, Parameters, Plot, ReferenceModel, Series, Table,
};

const READINGS: &[u8] = b"20.5\n21\n19.5\n";
/// Of the empty text, so of no file here.
const OTHER_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn description() -> Value {
    json!({
        "schema": "host.module/1", "id": "thermometer", "title": "Temperatures in kelvin",
        "inputs": [{ "role": "readings", "required": true, "meaning": "one temperature a line, in °C" }],
        "parameters": [
            { "name": "offset", "type": "number", "unit": "K", "meaning": "added to all", "default": 0.0,
              "minimum": -1.0, "maximum": 1.0 },
            { "name": "scale", "type": "string", "meaning": "of the readings", "allowed": ["celsius"] }
        ],
        "outputs": { "temperatures": {
            "tables": [{ "name": "data", "row_id": "row_id", "columns": [
                { "name": "row_id", "type": "utf8", "meaning": "line of the reading" },
                { "name": "temperature", "type": "float64", "unit": "K", "meaning": "temperature", "minimum": 0 },
                { "name": "uncertainty", "type": "float64", "unit": "K", "meaning": "its error" }
            ] }],
            "matrices": [{ "name": "covariance", "rows_of": "data", "symmetric": true, "positive_definite": true,
                           "diagonal_is_square_of": "uncertainty" }]
        } },
        "bundled": [{ "name": "three_days", "title": "Three made-up readings",
            "inputs": { "readings": { "file": "../three.txt", "sha256": sha256(READINGS) } } }],
        "catalogue": "../catalogue.json"
    })
}

fn catalogue() -> Value {
    json!({ "schema": "host.datasets/1", "datasets": { "three_days_more": {
        "title": "Three made-up readings, again",
        "inputs": { "readings": { "bundled": "../three.txt", "sha256": sha256(READINGS), "bytes": READINGS.len() } },
        "parameters": { "scale": "celsius" },
        "citation": [{ "text": "nobody, nowhere" }],
        "conflicts": [{ "with": ["three_days"], "reason": "the same readings" }]
    } } })
}

/// A section as `export_module!` writes it, at run time.
fn section(description: &Value, catalogue: &Value) -> &'static [u8] {
    let manifest = r#"{"schema":"host.manifest/1","version":"0.1.0","api":"1.1"}"#;
    let (description, catalogue) = (description.to_string(), catalogue.to_string());
    let records: [(u32, &str, &[u8]); 4] = [
        (1, "", manifest.as_bytes()),
        (2, "", description.as_bytes()),
        (3, "../three.txt", READINGS),
        (3, "../catalogue.json", catalogue.as_bytes()),
    ];
    let mut bytes = crate::section::MAGIC.to_vec();
    for (kind, name, content) in records {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
        bytes.extend((content.len() as u64).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(content);
    }
    bytes.extend([0; 16]);
    bytes.leak()
}

fn suite_of(description: &Value, catalogue: &Value, derive: Derive) -> Suite {
    let section = section(description, catalogue);
    let surroundings = Surroundings::Tests("conformance::tests".to_owned());
    Suite::read(section, Box::new(Functions { derive, inspect }), surroundings, Vec::new()).unwrap()
}

fn suite(derive: Derive) -> Suite {
    suite_of(&description(), &catalogue(), derive)
}

fn derive<'a>(
    inputs: &Inputs<'a>,
    parameters: &Parameters,
    context: &Context<'a>,
) -> Result<Derived<'a>, ModuleError> {
    let offset = parameters.number("offset")?.unwrap_or_default();
    parameters.text("scale")?;
    let (mut row_id, mut temperature) = (Vec::new(), Vec::new());
    context.progress(0.0, "reading");
    for (number, line) in (1..).zip(inputs.require("readings")?.text()?.lines()) {
        context.check_cancelled()?;
        let celsius: f64 = line
            .trim()
            .parse()
            .map_err(|_| ModuleError::bad_input("readings", format!("`{line}` is no number")).line(number))?;
        row_id.push(number.to_string());
        temperature.push(celsius + 273.15 + offset);
    }
    if row_id.is_empty() {
        return Err(ModuleError::bad_input("readings", "there is no reading in it").line(1));
    }
    context.progress(1.0, "read");
    Ok(result(row_id, temperature))
}

fn result(row_id: Vec<String>, temperature: Vec<f64>) -> Derived<'static> {
    let size = row_id.len();
    let covariance = (0..size * size).map(|at| if at % (size + 1) == 0 { 0.25 } else { 0.0 });
    let model = ReferenceModel {
        name: "room".to_owned(),
        meaning: "a room at 20 °C".to_owned(),
        parameters: std::collections::BTreeMap::default(),
        table: "data".to_owned(),
        column: "temperature".to_owned(),
        matrix: Some("covariance".to_owned()),
        uncertainty: None,
        prediction: vec![293.15; size],
        free_offset: false,
    };
    let axis = |label: &str| Axis { label: label.to_owned(), unit: "K".to_owned(), logarithmic: false };
    let series = Series {
        label: "readings".to_owned(),
        table: "data".to_owned(),
        x: "temperature".to_owned(),
        y: "temperature".to_owned(),
        error: Some("uncertainty".to_owned()),
        only: None,
        scale: 1.0,
    };
    let curve = Curve { label: "line".to_owned(), series: None, x: vec![0.0, 1.0], y: vec![0.0, 1.0] };
    let columns = ExportContent::Columns {
        table: "data".to_owned(),
        columns: vec!["temperature".to_owned()],
        header: None,
    };
    let table = Table::new("data")
        .column("row_id", row_id)
        .column("temperature", temperature)
        .column("uncertainty", vec![0.5; size])
        .build();
    Derived::new("temperatures")
        .table(table)
        .matrix(Matrix::new("covariance", size, covariance.collect()))
        .model(model)
        .plot(
            "readings",
            Plot::Points {
                title: "Readings".to_owned(),
                x: axis("temperature"),
                y: axis("temperature"),
                series: vec![series],
                curves: vec![curve],
                residuals: None,
            },
        )
        .export(
            "plain",
            ExportFormat {
                meaning: "numbers".to_owned(),
                files: vec![ExportFile { suffix: ".txt".to_owned(), content: columns }],
            },
        )
}

fn inspect<'a>(
    inputs: &Inputs<'a>,
    parameters: &Parameters,
    context: &Context<'a>,
) -> Result<Vec<Finding>, ModuleError> {
    derive(inputs, parameters, context).map(|derived| derived.findings)
}

const CHECKS: [(&str, Check); 12] = [
    ("description", super::the_description_is_consistent),
    ("data", super::embedded_data_are_what_the_description_says),
    ("contract", super::examples_keep_the_contract),
    ("results", super::bundled_datasets_give_their_results),
    ("references", super::exports_models_and_plots_refer_to_what_is_there),
    ("repetition", super::the_same_input_gives_the_same_result),
    ("progress", super::progress_rises_from_0_to_1),
    ("cancellation", super::cancellation_is_obeyed),
    ("missing", super::missing_inputs_are_named),
    ("damage", super::damaged_inputs_are_refused_with_their_place),
    ("parameters", super::odd_parameters_are_refused),
    ("leftovers", left_by_a_sound_module),
];

fn left_by_a_sound_module(suite: &Suite) -> Faults {
    alone::alone(suite, "a_sound_module_passes_every_check", |suite| {
        let limits = super::limits_are_honoured(suite).into_iter();
        limits.chain(alone::left_by(suite)).collect()
    })
}

/// The one fault that the named check finds.
#[track_caller]
fn expect(suite: &Suite, check: &str, phrase: &str) {
    let (_, run) = CHECKS.iter().find(|(name, _)| *name == check).unwrap();
    let faults = run(suite);
    assert!(faults.iter().any(|fault| fault.contains(phrase)), "{check}, `{phrase}`: {faults:#?}");
}

#[test]
fn a_sound_module_passes_every_check() {
    let suite = suite(derive);
    assert_eq!(suite.examples.len(), 2);
    for (name, check) in CHECKS {
        suite.demand(name, check);
    }
}

#[test]
fn a_failure_names_module_check_and_fault() {
    fn idle<'a>(inputs: &Inputs<'a>, _: &Parameters, _: &Context<'a>) -> Result<Derived<'a>, ModuleError> {
        inputs.require("readings")?;
        Ok(Derived::new("nothing"))
    }
    let caught = std::panic::catch_unwind(|| suite(idle).demand("the_contract", CHECKS[2].1)).unwrap_err();
    let message = caught.downcast_ref::<String>().unwrap();
    let expected =
        "module `thermometer`, the_contract:\n  * example `three_days`: output `nothing` is not in";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn what_is_wrong_in_a_description_is_named() {
    for (place, value, phrase) in [
        ("/schema", json!("host.module/2"), "schema is `host.module/2`"),
        ("/id", json!("Thermo meter"), "id `Thermo meter`"),
        ("/title", json!(" "), "title must be one line"),
        ("/inputs/0/meaning", json!(""), "input role `readings` has no meaning"),
        ("/parameters/1/name", json!("offset"), "parameter `offset` is declared twice"),
        ("/parameters/0/default", json!(2.0), "parameter `offset`: the default `2.0` is outside"),
        ("/parameters/0/default", json!("a"), "the default `\"a\"` is of another type"),
        ("/parameters/0/unit", Value::Null, "parameter `offset`: a number needs a unit"),
        ("/parameters/0/minimum", json!(5.0), "minimum is above maximum"),
        ("/outputs", json!({}), "no output is promised"),
        ("/outputs/temperatures/tables/0/row_id", json!("id"), "row_id `id` is none"),
        (
            "/outputs/temperatures/tables/0/columns/1/unit",
            Value::Null,
            "column `temperature`: a float needs a unit",
        ),
        (
            "/outputs/temperatures/tables/0/columns/1/name",
            json!("row_id"),
            "column `row_id` is declared twice",
        ),
        (
            "/outputs/temperatures/tables/0/columns/1/null_fraction",
            json!(2.0),
            "null_fraction is no fraction",
        ),
        ("/outputs/temperatures/matrices/0/rows_of", json!("rows"), "rows of `rows`, which is no table"),
        ("/outputs/temperatures/matrices/0/name", json!("data"), "table or matrix `data` is declared twice"),
        ("/outputs/temperatures/matrices/0/diagonal_is_square_of", json!("row_id"), "`row_id` is no float64"),
    ] {
        let mut description = description();
        set(&mut description, place, value);
        expect(&suite_of(&description, &catalogue(), derive), "description", phrase);
    }
    let mut misspelt = description();
    misspelt["inputs"][0]["requried"] = json!(true);
    expect(&suite_of(&misspelt, &catalogue(), derive), "description", "key `/inputs/0/requried`");
}

fn set(document: &mut Value, place: &str, value: Value) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[key] = value;
}

#[test]
fn what_is_wrong_with_embedded_data_is_named() {
    for (place, value, phrase) in [
        (
            "/bundled/0/inputs/readings/sha256",
            json!(OTHER_SHA256),
            "`three_days`: file `../three.txt` has sha256",
        ),
        ("/bundled/0/inputs/readings/file", json!("../3.txt"), "file `../3.txt` is not embedded"),
        ("/bundled/0/inputs", json!({}), "the required input `readings` is missing"),
        (
            "/bundled/0/inputs/table",
            json!({"file": "../three.txt", "sha256": OTHER_SHA256}),
            "`table` is no input role",
        ),
        ("/bundled/0/parameters", json!({"ofset": 1.0}), "`ofset` is no parameter"),
        ("/bundled/0/parameters", json!({"scale": "kelvin"}), "`kelvin` is not among the allowed"),
        ("/bundled/0/title", json!(""), "it has no title"),
        ("/catalogue", json!("../list.json"), "catalogue `../list.json` is not embedded"),
        ("/catalogue", Value::Null, "file `../catalogue.json` is embedded, and nothing names it"),
    ] {
        let mut description = description();
        set(&mut description, place, value);
        expect(&suite_of(&description, &catalogue(), derive), "data", phrase);
    }
    let dataset = "/datasets/three_days_more";
    for (place, value, phrase) in [
        ("/inputs/readings/bytes", json!(3), "another number of bytes"),
        ("/inputs/readings/sha256", json!(OTHER_SHA256), "has sha256"),
        ("/inputs/readings/sha256", json!("ABC"), "in lower-case hexadecimal"),
        ("/inputs/readings/url", json!("https://example.org/a"), "either `url` or `bundled`"),
        ("/inputs", json!({"readings": {"url": "http://example.org/a"}}), "does not begin with `https://`"),
        ("/conflicts", json!([{"with": []}]), "a conflict needs names"),
        ("/citation", json!([]), "it cites nothing"),
        ("/parameters", json!({"offset": 7}), "parameter `offset`: the value `7` is outside"),
    ] {
        let mut catalogue = catalogue();
        set(&mut catalogue, &format!("{dataset}{place}"), value);
        expect(&suite_of(&description(), &catalogue, derive), "data", phrase);
    }
    let other_schema = json!({"schema": "datasets", "datasets": {}});
    expect(&suite_of(&description(), &other_schema, derive), "data", "has the schema `datasets`");
}
