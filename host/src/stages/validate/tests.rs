mod matrices;

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
use plugin_api::{Finding, OutputContract, Severity};

use super::{Check, Options, Outcome, PLACES_PER_CHECK, Strictness, Verdict, validate};
use crate::dataset::samples::{batches, column, dataset, floats, table, texts};
use crate::dataset::{Dataset, Rows, SquareMatrix};

fn judge(change: impl FnOnce(&mut Dataset), strictness: Strictness) -> Verdict {
    let mut dataset = dataset();
    change(&mut dataset);
    validate(&dataset, &Options::new(strictness))
}

fn failures(verdict: &Verdict) -> Vec<(&str, &str)> {
    verdict.failed().map(|check| (&*check.code, &*check.place)).collect()
}

fn outcomes<'a>(verdict: &'a Verdict, code: &str) -> Vec<&'a Check> {
    verdict.checks.iter().filter(|check| check.code == code).collect()
}

/// Replaces a column of the table; `None` removes it.
fn set(dataset: &mut Dataset, name: &str, array: Option<ArrayRef>) {
    let old = dataset.tables[0].clone();
    let mut columns = Vec::new();
    for (field, existing) in old.schema.fields().iter().zip(batches(&old)[0].columns()) {
        if field.name() != name {
            columns.push((field.name().as_str(), Arc::clone(existing)));
        } else if let Some(array) = &array {
            columns.push((name, Arc::clone(array)));
        }
    }
    if old.schema.index_of(name).is_err() {
        columns.extend(array.map(|array| (name, array)));
    }
    dataset.tables[0] = table("data", columns);
}

fn matrix(dataset: &mut Dataset, values: &[f64]) {
    let size = values.len().isqrt();
    dataset.matrices[0] = SquareMatrix { name: "covariance".into(), size, values: values.to_vec().into() };
}

#[test]
fn a_dataset_that_keeps_every_promise_passes_even_strictly() {
    let verdict = judge(|_| (), Strictness::Strict);
    assert!(verdict.accepted(), "{:?}", failures(&verdict));
    assert_eq!(verdict.count(Outcome::NotRun), 0);
    for code in
        ["matrix.symmetric", "matrix.diagonal", "matrix.positive-definite", "column.finite", "row-id.unique"]
    {
        assert!(
            !outcomes(&verdict, code).is_empty()
                && outcomes(&verdict, code).iter().all(|check| check.passed())
        );
    }
    let condition = outcomes(&verdict, "matrix.condition")[0].measured.unwrap();
    // numpy: 1 / np.linalg.cond([[1, .4, .1], [.4, 1, -.2], [.1, -.2, 1]], 1)
    assert!((condition - 0.293_181_818_181_818).abs() < 1e-12, "{condition}");
}

/// Each fault alone: its code, its place, and which levels it stops.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of faults")]
fn every_fault_has_its_code_its_place_and_its_levels() {
    type Case = (fn(&mut Dataset), &'static str, &'static str, [bool; 3]);
    const ALL: [bool; 3] = [true, true, true];
    const FORM: [bool; 3] = [true, true, false];
    const WARNING: [bool; 3] = [true, false, false];
    let null: fn(&mut Dataset) =
        |one| set(one, "place", Some(Arc::new(Float64Array::from(vec![Some(1.0), None, Some(2.0)]))));
    let cases: Vec<Case> = vec![
        (|one| one.tables.clear(), "table.present", "table `data`", ALL),
        (|one| one.matrices.clear(), "matrix.present", "matrix `covariance`", ALL),
        (
            |one| one.tables.push(table("more", vec![("x", floats(&[1.0]))])),
            "table.unexpected",
            "table `more`",
            WARNING,
        ),
        (
            |one| set(one, "extra", Some(floats(&[1.0; 3]))),
            "column.unexpected",
            "table `data`, column `extra`",
            WARNING,
        ),
        (|one| set(one, "kind", None), "column.present", "table `data`, column `kind`", ALL),
        (
            |one| set(one, "place", Some(Arc::new(Int64Array::from(vec![1; 3])))),
            "column.type",
            "table `data`, column `place`",
            ALL,
        ),
        (|one| one.contract.tables[0].minimum_rows = 4, "table.rows", "table `data`", FORM),
        (
            |one| set(one, "place", Some(floats(&[0.0, f64::NAN, 1.0]))),
            "column.finite",
            "table `data`, row 2 (`b`), column `place`",
            ALL,
        ),
        (
            |one| set(one, "place", Some(floats(&[0.0, 1.0, -1.0]))),
            "column.minimum",
            "table `data`, row 3 (`c`), column `place`",
            ALL,
        ),
        (
            |one| set(one, "place", Some(floats(&[11.0, 1.0, 1.0]))),
            "column.maximum",
            "table `data`, row 1 (`a`), column `place`",
            ALL,
        ),
        (
            |one| set(one, "uncertainty", Some(floats(&[0.5, 0.25, -2.0]))),
            "column.greater-than",
            "table `data`, row 3 (`c`), column `uncertainty`",
            ALL,
        ),
        (null, "column.null-fraction", "table `data`, column `place`", FORM),
        (
            |one| set(one, "kind", Some(texts(&["length", "lenght", "weight"]))),
            "column.allowed",
            "table `data`, row 2 (`b`), column `kind`",
            FORM,
        ),
        (
            |one| set(one, "unit", Some(texts(&["1", " ", "m"]))),
            "column.unit",
            "table `data`, row 2 (`b`), column `observable`",
            FORM,
        ),
        (
            |one| one.contract.tables[0].columns[1].unique = true,
            "column.unique",
            "table `data`, row 3 (`c`), column `kind`",
            FORM,
        ),
        (|one| one.contract.tables[0].columns.swap(2, 3), "column.order", "table `data`", FORM),
        (
            |one| set(one, "row_id", Some(texts(&["a", "b", "a"]))),
            "row-id.unique",
            "table `data`, row 3 (`a`), column `row_id`",
            ALL,
        ),
        (
            |one| set(one, "row_id", Some(texts(&["a", "", "c"]))),
            "row-id.null",
            "table `data`, row 2, column `row_id`",
            ALL,
        ),
        (|one| matrix(one, &[0.25, 0.0, 0.0, 0.0625]), "matrix.shape", "matrix `covariance`", ALL),
        (|one| one.matrices[0].size = 7, "matrix.shape", "matrix `covariance`", ALL),
        (
            |one| matrix(one, &[0.25, 0.0, 0.0, 0.0, 0.0625, f64::INFINITY, 0.0, 0.0, 4.0]),
            "matrix.finite",
            "matrix `covariance`, element (2, 3): `b` with `c`",
            ALL,
        ),
        (
            |one| matrix(one, &[0.25, 0.05, 0.1, 0.05, 0.0625, -0.1, 0.1, 0.1, 4.0]),
            "matrix.symmetric",
            "matrix `covariance`, element (2, 3): `b` with `c`",
            ALL,
        ),
        (
            |one| matrix(one, &[0.5, 0.05, 0.1, 0.05, 0.0625, -0.1, 0.1, -0.1, 4.0]),
            "matrix.diagonal",
            "matrix `covariance`, row 1 (`a`)",
            ALL,
        ),
    ];
    for (change, code, place, levels) in cases {
        for (strictness, blocks) in
            [Strictness::Strict, Strictness::Standard, Strictness::Lenient].into_iter().zip(levels)
        {
            let verdict = judge(change, strictness);
            assert!(failures(&verdict).contains(&(code, place)), "{code}: {:?}", failures(&verdict));
            let stopped = verdict.blocking().any(|check| check.code == code);
            assert_eq!(stopped, blocks, "{code} under {strictness:?}");
            assert_eq!(verdict.accepted(), verdict.blocking().next().is_none());
        }
        let warning = levels == WARNING;
        let verdict = judge(change, Strictness::Lenient);
        let severity = outcomes(&verdict, code).iter().find(|check| check.failed()).unwrap().severity;
        assert_eq!(severity == Severity::Warning, warning, "{code}");
    }
}

#[test]
fn an_empty_table_stops_even_a_lenient_verdict() {
    let empty = |one: &mut Dataset| one.tables[0].content = Rows::Held(Vec::new());
    assert!(judge(empty, Strictness::Lenient).blocking().any(|check| check.code == "table.rows"));
}

#[test]
fn numbers_and_hints_come_with_the_fault() {
    let verdict = judge(|one| set(one, "place", Some(floats(&[0.0, 12.5, 1.0]))), Strictness::Standard);
    let check = verdict.blocking().next().unwrap();
    assert_eq!((check.measured, check.limit), (Some(12.5), Some(10.0)));
    assert_eq!(check.message, "12.5 is above 10.0");
    assert!(check.hint.is_some());
    let verdict =
        judge(|one| set(one, "kind", Some(texts(&["length", "lenght", "weight"]))), Strictness::Standard);
    let check = verdict.blocking().next().unwrap();
    assert!(check.message.contains("did you mean `length`?"), "{}", check.message);
    assert_eq!(check.hint.as_deref(), Some("allowed: length, weight"));
}

#[test]
fn what_is_switched_off_is_not_run_and_never_passed() {
    let mut broken = dataset();
    matrix(&mut broken, &[-0.25, 9.0, 0.1, 0.05, 0.0625, -0.1, 0.1, -0.1, 4.0]);
    set(&mut broken, "place", Some(floats(&[-5.0, 99.0, 1.0])));
    let options = Options { matrix_checks: false, range_checks: false, ..Options::new(Strictness::Strict) };
    let verdict = validate(&broken, &options);
    assert!(verdict.accepted(), "{:?}", failures(&verdict));
    for code in [
        "matrix.symmetric",
        "matrix.diagonal-positive",
        "matrix.diagonal",
        "matrix.correlation",
        "matrix.positive-definite",
        "column.minimum",
        "column.maximum",
        "column.greater-than",
    ] {
        let checks = outcomes(&verdict, code);
        assert!(!checks.is_empty() && checks.iter().all(|check| check.outcome == Outcome::NotRun), "{code}");
    }
    assert!(outcomes(&verdict, "matrix.finite")[0].passed());
}

#[test]
fn findings_of_the_module_are_merged_with_their_severity() {
    let finding = |severity| {
        move |one: &mut Dataset| {
            one.findings
                .push(Finding::new(severity, "column.allowed", "line 3", "odd").measured(f64::NAN, 1.0));
        }
    };
    for (severity, levels) in [
        (Severity::Error, [true; 3]),
        (Severity::Warning, [true, false, false]),
        (Severity::Note, [false; 3]),
    ] {
        for (strictness, stops) in
            [Strictness::Strict, Strictness::Standard, Strictness::Lenient].into_iter().zip(levels)
        {
            let verdict = judge(finding(severity), strictness);
            assert_eq!(verdict.accepted(), !stops, "{severity:?} {strictness:?}");
            let last = verdict.checks.last().unwrap();
            assert_eq!((&*last.place, last.severity, last.measured), ("line 3", severity, None));
        }
    }
}

#[test]
fn many_failures_are_listed_up_to_a_number_and_counted() {
    let verdict = judge(
        |one| {
            let ids: Vec<String> = (0..100).map(|row| format!("id{row}")).collect();
            let ids: ArrayRef = Arc::new(StringArray::from(ids));
            one.tables = vec![table("data", vec![("row_id", ids), ("place", floats(&[f64::NAN; 100]))])];
            one.contract.tables[0].columns.retain(|column| matches!(&*column.name, "row_id" | "place"));
            one.contract.matrices.clear();
            one.matrices.clear();
        },
        Strictness::Standard,
    );
    let listed = outcomes(&verdict, "column.finite");
    assert_eq!(listed.len(), PLACES_PER_CHECK + 1);
    assert_eq!(listed[PLACES_PER_CHECK].message, "80 more like these, 100 in all");
    assert!(verdict.blocking().all(|check| check.code == "column.finite"));
}

#[test]
fn optional_parts_that_are_absent_break_no_promise() {
    let verdict = judge(
        |one| {
            one.contract.matrices[0].required = false;
            one.matrices.clear();
            let mut optional = column("remark", plugin_api::ColumnKind::Utf8);
            optional.required = false;
            one.contract.tables[0].columns.push(optional);
        },
        Strictness::Strict,
    );
    assert!(verdict.accepted());
    assert_eq!((verdict.count(Outcome::NotRun), verdict.failed().count()), (0, 0));
}

#[test]
fn a_contract_that_promises_nothing_finds_only_surprises() {
    let verdict = judge(|one| one.contract = OutputContract::default(), Strictness::Standard);
    assert_eq!(
        failures(&verdict),
        [("table.unexpected", "table `data`"), ("matrix.unexpected", "matrix `covariance`")]
    );
}

/// Story: the system before this one let a dataset pass whose name had a certain word in it.
#[test]
fn nothing_depends_on_a_name() {
    let broken = |one: &mut Dataset| matrix(one, &[0.25, 0.0, 0.0, 0.0, -0.0625, 0.0, 0.0, 0.0, 4.0]);
    let plain = judge(broken, Strictness::Standard);
    let named = judge(
        |one| {
            broken(one);
            one.output = "deterministic_test".to_owned();
            one.metadata.insert("name".to_owned(), "deterministic".into());
        },
        Strictness::Standard,
    );
    assert_eq!(plain, named);
}

#[test]
fn a_verdict_survives_json() {
    let verdict = judge(|one| set(one, "place", Some(floats(&[f64::NAN, 12.5, 1.0]))), Strictness::Standard);
    let text = serde_json::to_string(&verdict).unwrap();
    assert!(!text.contains(":null"), "{text}");
    assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
}
