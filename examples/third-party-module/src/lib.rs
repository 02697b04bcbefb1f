//! A module as a stranger writes it. The contract is in `module.json`; this is all the code there is.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use plugin_api::{
    Axis, Context, DerivationModule, Derived, Inputs, Matrix, ModuleError, Parameters, Plot, ReferenceModel,
    Residuals, Series, Table,
};

#[derive(Default)]
struct LightCurve;

impl DerivationModule for LightCurve {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        let reference = parameters.number("reference_magnitude")?.ok_or_else(|| {
            ModuleError::bad_parameter("reference_magnitude", "it is missing")
                .hint("give `--param reference_magnitude=12`")
        })?;
        let text = inputs.require("table")?.text()?;
        let (mut row_id, mut time, mut flux, mut uncertainty) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (number, line) in (1..).zip(text.lines()).skip(1).filter(|(_, line)| !line.trim().is_empty()) {
            context.check_cancelled()?;
            let [time_day, magnitude, uncertainty_magnitude] = three_numbers(line, number)?;
            let relative = 10_f64.powf(-0.4 * (magnitude - reference));
            row_id.push(format!("{}", row_id.len() + 1));
            time.push(time_day);
            flux.push(relative);
            // dF = F ln(10)/2.5 dm
            uncertainty.push(relative * 0.4 * std::f64::consts::LN_10 * uncertainty_magnitude);
        }
        let size = flux.len();
        let covariance = (0..size * size)
            .map(|at| if at / size == at % size { uncertainty[at / size].powi(2) } else { 0.0 });
        let covariance = Matrix::new("covariance", size, covariance.collect());
        let table = Table::new("data")
            .column("row_id", row_id)
            .column("time", time)
            .column("flux", flux)
            .column("uncertainty", uncertainty)
            .build();
        let derived = Derived::new("curve").table(table).matrix(covariance);
        Ok(derived
            .note("reference_magnitude", reference)
            .model(constant(size))
            .plot("brightness", brightness()))
    }
}

/// A star that does not vary, however bright it is: how much the observations speak against it is what `host show`
/// prints as chi-squared.
fn constant(rows: usize) -> ReferenceModel {
    ReferenceModel {
        name: "constant_brightness".to_owned(),
        meaning: "the same flux at all times; its level is fitted".to_owned(),
        parameters: BTreeMap::new(),
        table: "data".to_owned(),
        column: "flux".to_owned(),
        matrix: Some("covariance".to_owned()),
        uncertainty: None,
        prediction: vec![0.0; rows],
        free_offset: true,
    }
}

/// What `host plot` draws.
fn brightness() -> Plot {
    let axis =
        |label: &str, unit: &str| Axis { label: label.to_owned(), unit: unit.to_owned(), logarithmic: false };
    Plot::Points {
        title: "Brightness over time".to_owned(),
        x: axis("time since the first observation", "d"),
        y: axis("flux relative to the reference magnitude", "1"),
        series: vec![Series {
            label: "observations".to_owned(),
            table: "data".to_owned(),
            x: "time".to_owned(),
            y: "flux".to_owned(),
            error: Some("uncertainty".to_owned()),
            only: None,
            scale: 1.0,
        }],
        curves: Vec::new(),
        residuals: Some(Residuals {
            model: "constant_brightness".to_owned(),
            label: "difference from constant".to_owned(),
        }),
    }
}

fn three_numbers(line: &str, number: u64) -> Result<[f64; 3], ModuleError> {
    let bad = |field: u64, what: String| ModuleError::bad_input("table", what).line(number).column(field);
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let [time, magnitude, uncertainty] = fields.as_slice() else {
        return Err(bad(1, format!("expected 3 fields, found {}", fields.len())));
    };
    let read = |field: u64, text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
            .ok_or_else(|| bad(field, format!("`{text}` is no number")))
    };
    Ok([read(1, time)?, read(2, magnitude)?, read(3, uncertainty)?])
}

plugin_api::export_module! {
    module: LightCurve,
    descriptor: "../module.json",
    files: ["../brightness.csv", "../catalogue.json"],
}

#[cfg(test)]
plugin_api::conformance!(LightCurve);
