//! Modules that are wrong on purpose in what they do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::super::{Faults, Suite, alone};
use super::{derive, expect, result, suite};
use crate::{
    Context, Curve, Derived, ExportContent, ExportFormat, Fault, Finding, Inputs, ModuleError, Parameters,
    Plot, Series, Severity,
};

/// The suite of a module that does something else than [`derive`].
macro_rules! doing {
    (|$inputs:pat_param, $parameters:pat_param, $context:pat_param| $body:expr) => {{
        fn wrong<'a>(
            $inputs: &Inputs<'a>,
            $parameters: &Parameters,
            $context: &Context<'a>,
        ) -> Result<Derived<'a>, ModuleError> {
            $body
        }
        suite(wrong)
    }};
}

/// The suite of a module that spoils what [`derive`] returns.
macro_rules! spoiling {
    (|$derived:ident| $change:expr) => {
        doing!(|inputs, parameters, context| {
            let mut sound = derive(inputs, parameters, context)?;
            let $derived = &mut sound;
            $change;
            Ok(sound)
        })
    };
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|row| row.to_string()).collect()
}

#[test]
fn a_result_that_breaks_the_contract_is_named() {
    for (suite, phrase) in [
        (spoiling!(|derived| derived.output = "readings".to_owned()), "output `readings` is not in"),
        (spoiling!(|derived| derived.tables.clear()), "table `data` is there 0 times"),
        (spoiling!(|derived| derived.matrices.clear()), "matrix `covariance` is missing"),
        (spoiling!(|derived| derived.matrices[0].size = 2), "matrix `covariance` has size 2 and 9 elements"),
        (spoiling!(|derived| derived.matrices[0].name = "C".to_owned()), "matrix `C` is not in"),
        (spoiling!(|derived| derived.matrices[0].values[1] = 0.1), "it is not symmetric"),
        (spoiling!(|derived| derived.matrices[0].values[0] = 0.3), "its diagonal is not the square"),
        (spoiling!(|derived| derived.matrices[0].values.fill(0.25)), "it is not positive definite"),
        (spoiling!(|derived| derived.models[0].prediction[0] = f64::NAN), "does not survive JSON"),
        (spoiling!(|derived| *derived = result(ids(0), vec![])), "has only 0 rows"),
        (spoiling!(|derived| *derived = result(ids(1), vec![1.0, 2.0])), "differ in length or type"),
        (spoiling!(|derived| *derived = result(ids(1), vec![-2.0])), "-2 is outside of the promised range"),
        (spoiling!(|derived| *derived = result(ids(1), vec![f64::NAN])), "NaN is outside"),
        (spoiling!(|derived| *derived = result(vec!["a".to_owned(); 2], vec![1.0; 2])), "`a` occurs twice"),
        (spoiling!(|derived| *derived = result(vec![String::new()], vec![1.0])), "a row has no name"),
        (
            spoiling!(|derived| {
                let finding = Finding::new(Severity::Error, "reading.absurd", "input `readings`", "too hot");
                derived.findings.push(finding);
            }),
            "finding `reading.absurd`: too hot",
        ),
        (
            spoiling!(|derived| derived.tables[0].fields[1].name = "kelvin".to_owned()),
            "column `temperature` is missing",
        ),
        (spoiling!(|derived| derived.tables[0].fields.swap(1, 2)), "in another order than in the contract"),
        (doing!(|_, _, _| Err(ModuleError::internal("no idea"))), "example `three_days`: no idea"),
    ] {
        expect(&suite, "contract", phrase);
    }
}

#[test]
fn references_to_what_is_not_there_are_named() {
    fn points<'d>(derived: &'d mut Derived<'_>) -> (&'d mut Vec<Series>, &'d mut Vec<Curve>) {
        match derived.plots.get_mut("readings") {
            Some(Plot::Points { series, curves, .. }) => (series, curves),
            _ => panic!("the plot of the sound module"),
        }
    }
    fn correlation(labels: &str) -> Plot {
        let (title, matrix) = ("Correlations".to_owned(), "covariance".to_owned());
        Plot::Correlation { title, matrix, labels: Some(labels.to_owned()) }
    }
    for (suite, phrase) in [
        (spoiling!(|derived| derived.models[0].prediction.truncate(1)), "one finite prediction for each row"),
        (
            spoiling!(|derived| derived.models[0].column = "row_id".to_owned()),
            "`row_id` of table `data` is Utf8",
        ),
        (spoiling!(|derived| derived.models[0].matrix = None), "either `matrix` or `uncertainty`"),
        (spoiling!(|derived| points(derived).0[0].x = "time".to_owned()), "there is no column `time`"),
        (spoiling!(|derived| points(derived).1[0].x.truncate(1)), "curve `line` has no finite nodes"),
        (
            spoiling!(|derived| points(derived).1[0].series = Some("b".to_owned())),
            "a series that is not there",
        ),
        (
            spoiling!(|derived| derived.plots.insert("c".to_owned(), correlation("name"))),
            "no text column `name`",
        ),
        (
            spoiling!(|derived| derived.exports.insert("none".to_owned(), ExportFormat::default())),
            "export `none`: it has no file",
        ),
        (
            spoiling!(|derived| derived.exports.get_mut("plain").unwrap().files[0].content =
                ExportContent::Matrix { matrix: "precision".to_owned(), leading_size: false }),
            "export `plain`: there is no matrix `precision`",
        ),
    ] {
        expect(&suite, "references", phrase);
    }
}

#[test]
fn a_module_that_misbehaves_while_it_runs_is_named() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    expect(
        &spoiling!(|derived| derived
            .metadata
            .insert("call".to_owned(), CALLS.fetch_add(1, Ordering::SeqCst).into())),
        "repetition",
        "two derivations differ",
    );
    let backwards = doing!(|inputs, parameters, context| {
        let derived = derive(inputs, parameters, context);
        context.progress(0.5, "read again");
        derived
    });
    expect(&backwards, "progress", "progress falls: [0.0, 1.0, 0.5]");
    let percent = doing!(|inputs, parameters, context| {
        context.progress(50.0, "in percent");
        derive(inputs, parameters, context)
    });
    expect(&percent, "progress", "progress of 50");
    let offended = doing!(|inputs, parameters, context| {
        context.check_cancelled().map_err(|_| ModuleError::internal("stopped"))?;
        derive(inputs, parameters, context)
    });
    expect(&offended, "cancellation", "it failed otherwise: stopped");
    let deaf = doing!(|inputs, parameters, _| {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1050) {
            std::hint::spin_loop();
        }
        derive(inputs, parameters, &Context::detached())
    });
    expect(&deaf, "cancellation", "it went on for more than a second");
    expect(&deaf, "cancellation", "it did not ask for 1.");
    let slow = doing!(|inputs, parameters, context| {
        let stop = context.check_cancelled();
        let start = Instant::now();
        while stop.is_err() && start.elapsed() < Duration::from_millis(1050) {
            std::hint::spin_loop();
        }
        stop?;
        derive(inputs, parameters, context)
    });
    expect(&slow, "cancellation", "told to stop at its question 1: it went on for more than a second");
}

#[test]
fn what_a_module_does_with_bad_input_is_judged() {
    let inventive = doing!(|inputs, parameters, context| match inputs.get("readings") {
        Some(_) => derive(inputs, parameters, context),
        None => Ok(result(ids(1), vec![293.0])),
    });
    expect(&inventive, "missing", "without `readings`: it is required, and nobody missed it");
    let vague = doing!(|inputs, parameters, context| match inputs.get("readings") {
        Some(_) => derive(inputs, parameters, context),
        None => Err(ModuleError::bad_parameter("offset", "an input is missing")),
    });
    expect(&vague, "missing", "does not name that input");

    /// A module whose refusals are all this one.
    macro_rules! refusing {
        (|$error:pat_param| $refusal:expr) => {
            doing!(
                |inputs, parameters, context| derive(inputs, parameters, context).map_err(|$error| $refusal)
            )
        };
    }
    for (suite, phrase) in [
        (refusing!(|error| panic!("{error}")), "panicked at"),
        (refusing!(|error| ModuleError::internal(error.to_string())), "an internal error"),
        (refusing!(|_| ModuleError::Cancelled), "it says that it was cancelled"),
        (refusing!(|_| ModuleError::bad_input("reading", "wrong")), "`reading` is no input role"),
        (refusing!(|_| ModuleError::bad_parameter("hat", "wrong")), "`hat` is no parameter"),
        (
            refusing!(|_| ModuleError::bad_input("readings", "wrong")),
            "no refusal of a damaged text names a line",
        ),
        (refusing!(|_| ModuleError::bad_input("readings", "")), "a refusal without a message"),
        (
            refusing!(|_| ModuleError::BadInput(Fault {
                subject: "readings".to_owned(),
                message: "a\nb".to_owned(),
                ..Fault::default()
            })),
            "the message holds control characters",
        ),
        (
            refusing!(|_| ModuleError::BadInput(Fault {
                subject: "readings".to_owned(),
                message: "7".repeat(5000),
                ..Fault::default()
            })),
            "the message repeats a long input",
        ),
        (
            doing!(|inputs, parameters, context| {
                derive(inputs, parameters, context).or_else(|_| Ok(Derived::new("temperatures")))
            }),
            "table `data` is there 0 times",
        ),
    ] {
        expect(&suite, "damage", phrase);
    }
    let credulous = doing!(|inputs, parameters, context| {
        derive(inputs, parameters, context).or_else(|_| Ok(result(ids(0), vec![])))
    });
    expect(&credulous, "damage", "input `readings` empty: it is taken for data");
    let brittle = doing!(|inputs, parameters, context| {
        assert!(parameters.number("offset")?.unwrap_or_default() < 1e300, "too large");
        derive(inputs, parameters, context)
    });
    expect(&brittle, "parameters", "`offset=1e+308`: panicked at");
}

/// Called by a test of its own, whose name is `test`: it is started once more, and must fail there.
#[track_caller]
fn expect_alone(suite: &Suite, test: &str, work: fn(&Suite) -> Faults, phrase: &str) {
    let faults = alone::alone(suite, &format!("wrong::{test}"), work);
    let alone = std::env::vars_os().any(|(name, _)| name == "HOST_CONFORMANCE_ALONE");
    assert!(!alone || faults.is_empty(), "{faults:?}");
    assert!(alone || faults.iter().any(|fault| fault.contains(phrase)), "{faults:?}");
}

#[test]
fn a_size_that_is_believed_is_noticed() {
    let suite = doing!(|inputs, parameters, context| {
        let derived = derive(inputs, parameters, context)?;
        let first = inputs.require("readings")?.text()?.lines().next().and_then(|line| line.parse().ok());
        let believed = vec![1_u64; first.unwrap_or_default()];
        context.progress(1.0, &format!("{} believed", believed.len()));
        Ok(derived)
    });
    let phrase = if cfg!(unix) { "memory allocation of 32000000000 bytes failed" } else { "" };
    expect_alone(&suite, "a_size_that_is_believed_is_noticed", super::super::limits_are_honoured, phrase);
}

#[test]
fn a_thread_that_is_left_is_noticed() {
    let suite = doing!(|inputs, parameters, context| {
        std::thread::spawn(|| std::thread::park_timeout(Duration::from_mins(1)));
        derive(inputs, parameters, context)
    });
    let phrase = if cfg!(target_os = "linux") { "a thread was left running" } else { "" };
    expect_alone(&suite, "a_thread_that_is_left_is_noticed", alone::left_by, phrase);
}

#[test]
fn a_file_that_is_written_is_noticed() {
    let suite = doing!(|inputs, parameters, context| {
        let _ = std::fs::create_dir("cache");
        derive(inputs, parameters, context)
    });
    let phrase = "the file `cache` was written";
    expect_alone(&suite, "a_file_that_is_written_is_noticed", alone::left_by, phrase);
}

#[test]
fn a_test_that_the_binary_does_not_know_proves_nothing() {
    let faults = alone::alone(&suite(derive), "no_such_test", alone::left_by);
    assert!(faults.iter().any(|fault| fault.contains("does not know the test")), "{faults:?}");
}
