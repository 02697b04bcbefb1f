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
        let table = inputs.require("table")?.table()?;
        table.only(&["time_day", "magnitude", "uncertainty_magnitude"])?;
        let magnitudes = table.numbers("magnitude")?;
        let errors = table.numbers("uncertainty_magnitude")?;
        let (mut flux, mut uncertainty) = (Vec::new(), Vec::new());
        for (magnitude, error) in magnitudes.iter().zip(&errors) {
            context.check_cancelled()?;
            let relative = 10_f64.powf(-0.4 * (magnitude - reference));
            flux.push(relative);
            // dF = F ln(10)/2.5 dm
            uncertainty.push(relative * 0.4 * std::f64::consts::LN_10 * error);
        }
        let size = table.rows();
        let covariance = Matrix::of_standard_deviations("covariance", &uncertainty);
        let table = Table::new("data")
            .column("row_id", table.row_numbers())
            .column("time", table.numbers("time_day")?)
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

plugin_api::export_module! {
    module: LightCurve,
    descriptor: "../module.json",
    files: ["../brightness.csv", "../catalogue.json"],
}

#[cfg(test)]
plugin_api::conformance!(LightCurve);
