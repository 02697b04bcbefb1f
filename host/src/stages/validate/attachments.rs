//! What travels with the numbers: stated models and pictures must speak of tables, columns and matrices that exist.

use std::collections::BTreeSet;

use plugin_api::{Plot, ReferenceModel, Series};

use super::verdict::{Failure, Verdict};
use crate::dataset::Dataset;
use crate::stages::comparison;

const HINT: &str = "this is a fault of the module: report it to its authors";

pub(super) fn check(dataset: &Dataset, verdict: &mut Verdict) {
    let mut names = BTreeSet::new();
    for model in &dataset.models {
        check_model(dataset, model, names.insert(&model.name), verdict);
    }
    for (name, plot) in &dataset.plots {
        let problems = plot_problems(dataset, plot);
        conclude(
            "plot.reference",
            &format!("plot `{name}`"),
            problems,
            "everything it shows is there",
            verdict,
        );
    }
}

fn check_model(dataset: &Dataset, model: &ReferenceModel, is_first: bool, verdict: &mut Verdict) {
    let mut problems = comparison::problems(dataset, model);
    if !is_first {
        problems.push("another model has the same name".to_owned());
    }
    let passed = format!("{} predictions, one for each row", model.prediction.len());
    conclude("model.shape", &format!("model `{}`", model.name), problems, &passed, verdict);
}

fn conclude(code: &str, place: &str, problems: Vec<String>, passed: &str, verdict: &mut Verdict) {
    if problems.is_empty() {
        verdict.pass(code, place.to_owned(), passed);
    }
    for problem in problems {
        verdict.fail(code, place.to_owned(), Failure::new(problem).hint(HINT));
    }
}

fn plot_problems(dataset: &Dataset, plot: &Plot) -> Vec<String> {
    let mut problems = Vec::new();
    match plot {
        Plot::Points { series, curves, residuals, .. } => {
            for one in series {
                series_problems(dataset, one, &mut problems);
            }
            if series.is_empty() && curves.is_empty() {
                problems.push("it has neither a series nor a curve".to_owned());
            }
            for curve in curves {
                let (x, y) = (curve.x.len(), curve.y.len());
                if x != y {
                    problems.push(format!("curve `{}` has {x} and {y} coordinates", curve.label));
                }
                if let Some(owner) =
                    curve.series.as_ref().filter(|name| series.iter().all(|one| one.label != **name))
                {
                    problems.push(format!(
                        "curve `{}` belongs to a series `{owner}` that is not there",
                        curve.label
                    ));
                }
            }
            let wanted = residuals.as_ref().map(|residuals| &residuals.model);
            if let Some(wanted) =
                wanted.filter(|wanted| dataset.models.iter().all(|model| model.name != **wanted))
            {
                problems.push(format!("there is no model `{wanted}`"));
            }
        }
        Plot::Correlation { matrix, labels, .. } => match (dataset.matrix(matrix), labels) {
            (None, _) => problems.push(format!("there is no matrix `{matrix}`")),
            (Some(_), None) => {}
            (Some(_), Some(labels)) => {
                let contract = dataset.contract.matrices.iter().find(|contract| contract.name == *matrix);
                let table = contract.map_or("", |contract| &contract.rows_of);
                column(dataset, table, labels, &mut problems);
            }
        },
        Plot::Ellipses { table, value, label, matrix, .. } => {
            column(dataset, table, value, &mut problems);
            column(dataset, table, label, &mut problems);
            let rows = dataset.table(table).map(crate::dataset::Table::rows);
            match dataset.matrix(matrix) {
                None => problems.push(format!("there is no matrix `{matrix}`")),
                Some(matrix) if rows.is_some_and(|rows| rows != matrix.size) => {
                    problems.push(format!("matrix `{}` does not belong to table `{table}`", matrix.name));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

fn series_problems(dataset: &Dataset, series: &Series, problems: &mut Vec<String>) {
    let only = series.only.as_ref().map(|only| &only.column);
    for name in [&series.x, &series.y].into_iter().chain(&series.error).chain(only) {
        column(dataset, &series.table, name, problems);
    }
    if !(series.scale.is_finite() && series.scale != 0.0) {
        problems.push(format!("series `{}` is multiplied by {}", series.label, series.scale));
    }
}

fn column(dataset: &Dataset, table: &str, name: &str, problems: &mut Vec<String>) {
    match dataset.table(table) {
        None => problems.push(format!("there is no table `{table}`")),
        Some(found) if found.column(name).is_none() => {
            problems.push(format!("table `{table}` has no column `{name}`"));
        }
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use plugin_api::{Axis, Curve, Residuals};

    use super::super::{Options, Strictness, validate};
    use super::*;
    use crate::dataset::samples::{dataset, model, points};

    /// Codes and messages of what fails, however lenient.
    fn failures(change: impl FnOnce(&mut Dataset)) -> Vec<(String, String)> {
        let mut dataset = dataset();
        dataset.models = vec![model()];
        dataset.plots.insert("over_place".to_owned(), points());
        change(&mut dataset);
        let verdict = validate(&dataset, &Options::new(Strictness::Lenient));
        verdict.blocking().map(|check| (check.code.clone(), check.message.clone())).collect()
    }

    fn with(plot: Plot) -> Vec<(String, String)> {
        failures(|dataset| drop(dataset.plots.insert("over_place".to_owned(), plot)))
    }

    #[test]
    fn what_speaks_of_nothing_else_than_the_dataset_passes() {
        assert_eq!(failures(|_| ()), []);
    }

    #[test]
    fn a_model_that_does_not_fit_breaks_the_contract() {
        let failed = failures(|dataset| dataset.models[0].prediction = vec![1.0]);
        assert_eq!(failed, [("model.shape".into(), "it has 1 predictions, table `data` has 3 rows".into())]);
        let twice = failures(|dataset| dataset.models.push(model()));
        assert_eq!(twice, [("model.shape".into(), "another model has the same name".into())]);
    }

    #[test]
    fn a_plot_of_what_is_not_there_breaks_the_contract() {
        let axis = Axis { label: String::new(), unit: String::new(), logarithmic: false };
        let empty = |curves, residuals| Plot::Points {
            title: String::new(),
            x: axis.clone(),
            y: axis.clone(),
            series: Vec::new(),
            curves,
            residuals,
        };
        let curve = Curve { label: "c".into(), series: Some("s".into()), x: vec![1.0], y: Vec::new() };
        let residuals = Residuals { model: "nobody".into(), label: String::new() };
        let correlation = |matrix: &str, labels: &str| Plot::Correlation {
            title: String::new(),
            matrix: matrix.to_owned(),
            labels: Some(labels.to_owned()),
        };
        let ellipses = |table: &str, matrix: &str| Plot::Ellipses {
            title: String::new(),
            table: table.to_owned(),
            value: "observable".to_owned(),
            label: "row_id".to_owned(),
            matrix: matrix.to_owned(),
        };
        for (plot, expected) in [
            (empty(Vec::new(), None), vec!["neither a series nor a curve"]),
            (
                empty(vec![curve], Some(residuals)),
                vec!["1 and 0 coordinates", "series `s`", "no model `nobody`"],
            ),
            (correlation("m", "row_id"), vec!["no matrix `m`"]),
            (correlation("covariance", "name"), vec!["no column `name`"]),
            (ellipses("dat", "m"), vec!["no table `dat`", "no table `dat`", "no matrix `m`"]),
        ] {
            let failed = with(plot);
            assert_eq!(failed.len(), expected.len(), "{failed:?}");
            for ((code, message), expected) in failed.iter().zip(expected) {
                assert!(code == "plot.reference" && message.contains(expected), "{message}");
            }
        }
        let mut scaled = points();
        if let Plot::Points { series, .. } = &mut scaled {
            (series[0].scale, series[0].x) = (f64::INFINITY, "nowhere".to_owned());
        }
        let failed = with(scaled);
        assert!(
            failed[0].1.contains("no column `nowhere`") && failed[1].1.contains("multiplied by inf"),
            "{failed:?}"
        );
    }
}
