//! From the files to the dataset.

use std::collections::{BTreeMap, BTreeSet};

use cosmology::exports::{cosmosis, sacc};
use cosmology::matrix::SquareMatrix;
use cosmology::release_choice::ReleaseChoice;
use plugin_api::{
    Derived, ExportContent, ExportFile, ExportFormat, FieldSource, Finding, Inputs, Matrix, ModuleError,
    Parameters, Severity, Table,
};
use serde_json::json;

use crate::components::{COMPONENTS, Components};
use crate::recognition::{Recognition, recognise, shared as shared_rows};
use crate::releases::{Known, catalogue, known};
use crate::settings::{D4000, D4000_REDSHIFTS, Settings};
use crate::table::{self, Point, TABLE};
use crate::terms::Terms;
use crate::{checks, pictures};

/// Role of a full covariance.
pub(crate) const COVARIANCE: &str = "covariance";

/// What the column `method` holds, and what a reader sees.
const METHODS: [(&str, &str); 5] = [
    ("d4000", "D4000"),
    ("full_spectrum", "full spectrum"),
    ("lick", "Lick indices"),
    ("other", "other methods"),
    ("unspecified", "points"),
];

/// Derives the dataset; the whole of the module without a host.
pub(crate) fn derive(inputs: &Inputs<'_>, parameters: &Parameters) -> Result<Derived<'static>, ModuleError> {
    let settings = Settings::read(parameters)?;
    let points = table::read(&inputs.require(TABLE)?)?;
    let file =
        inputs.get(COVARIANCE).map(|input| SquareMatrix::read(COVARIANCE, input.text()?, points.len()));
    let file = file.transpose()?;
    let components = inputs.get(COMPONENTS).map(|input| Components::read(&input)).transpose()?;

    let releases = known()?;
    let mut recognition = recognise(&settings.release, &releases, &points, file.as_ref())?;
    let other = components.as_ref().filter(|components| components.digest != releases.components.numbers);
    if let Some(name) = recognition.name.filter(|_| other.is_some()) {
        recognition.name = None;
        recognition.findings.push(other_components(name, &settings.release));
    }
    demand(&settings.release, &recognition)?;
    let methods = methods(&points, &recognition, settings.d4000.as_ref())?;
    let terms = Terms::settle(&settings, file, components, &methods)?;
    let covariance = terms.covariance(&points);

    let mut findings = recognition.findings.clone();
    findings.extend(terms.finding());
    findings.extend(checks::points(&points, !recognition.rows.is_empty()));
    let is_d4000: Vec<bool> = methods.iter().map(|method| *method == "d4000").collect();
    findings.extend(checks::repeated_galaxies(&points, &is_d4000));
    if let Terms::Given(file) = &terms {
        findings.extend(checks::covariance(&points, file));
    }

    let row_order = if recognition.in_order || recognition.rows.is_empty() {
        "as in the file of the table"
    } else {
        "as in the file of the table, which is not the published order"
    };
    let mut derived = Derived::new("expansion_rates")
        .table(data(&points, &methods, &recognition, &covariance))
        .model(pictures::reference(&points))
        .export("fit", fit())
        .note("corrections", json!([]))
        .note("selections", json!([]))
        .note("row_order", row_order)
        .note("redshift_frame", "effective redshift of the galaxies compared, as published")
        .note("covariance_structure", terms.structure(&covariance))
        .note("systematics", terms.metadata(&points, &methods, &releases))
        .note("sources", json!(sources(&recognition, &releases)));
    derived = shared(derived, points.len());
    if recognition.name.is_none() {
        derived.metadata.extend(shared_rows(&releases, &points).metadata());
    }
    derived = catalogue()?.describe(derived, recognition.name);
    let shown: Vec<_> = METHODS.into_iter().filter(|(method, _)| methods.contains(method)).collect();
    derived = pictures::add(derived, &points, &shown, &covariance);
    derived.findings = findings;
    Ok(derived.matrix(Matrix::new("covariance", points.len(), covariance.into_values())))
}

/// The layouts that every probe has.
fn shared(derived: Derived<'_>, size: usize) -> Derived<'_> {
    let rows = sacc::Points {
        data_types: vec![sacc::data_type("H").unwrap_or_default().to_owned(); size],
        tracers: vec!["cosmic_chronometers".to_owned(); size],
        tags: vec![("z", sacc::Tag::Column("z")), ("method", sacc::Tag::Column("method"))],
    };
    let quantity = cosmosis::Quantity::Every("H");
    let gaussian = cosmosis::Gaussian { quantity, redshift: Some("z"), ruler_scale: 1.0 };
    sacc::add(cosmosis::add_gaussian(derived, &gaussian), &rows)
}

/// Known points with other components are another dataset.
fn other_components(name: &str, choice: &ReleaseChoice) -> Finding {
    let severity =
        if matches!(choice, ReleaseChoice::Named(_)) { Severity::Error } else { Severity::Warning };
    let message = format!("the table is that of `{name}`, but these are not the published components");
    let place = format!("input `{COMPONENTS}`");
    Finding::new(severity, "components.unpublished", place, message)
        .hint("get the file again; if the numbers are meant pass `--param release=none`")
}

/// Refuses known points that, with the other inputs, are not the dataset that was asked for.
fn demand(choice: &ReleaseChoice, recognition: &Recognition<'_>) -> Result<(), ModuleError> {
    match (choice, recognition.name) {
        (ReleaseChoice::Named(demanded), Some(name)) if name != demanded => {
            let message = format!("`{demanded}` is demanded, but with these inputs it is `{name}`");
            Err(ModuleError::bad_parameter("release", message)
                .hint(format!("pass `--param release={name}`, or the inputs of `{demanded}`")))
        }
        _ => Ok(()),
    }
}

/// How each point was measured: what the release says, or the user.
fn methods(
    points: &[Point],
    recognition: &Recognition<'_>,
    told: Option<&D4000>,
) -> Result<Vec<&'static str>, ModuleError> {
    let is_told = |z: f64| match told {
        None | Some(D4000::None) => false,
        Some(D4000::All) => true,
        Some(D4000::Redshifts(list)) => list.iter().any(|listed| listed.to_bits() == z.to_bits()),
    };
    if let Some(D4000::Redshifts(list)) = told
        && let Some(missing) =
            list.iter().find(|z| !points.iter().any(|point| point.z.to_bits() == z.to_bits()))
    {
        return Err(ModuleError::bad_parameter(
            D4000_REDSHIFTS,
            format!("no point has the redshift {missing}"),
        )
        .hint("write the redshifts as they stand in the table"));
    }
    if recognition.rows.is_empty() {
        let method = |point: &Point| match told {
            None => "unspecified",
            Some(_) if is_told(point.z) => "d4000",
            Some(_) => "other",
        };
        return Ok(points.iter().map(method).collect());
    }
    let known = |name: &str| METHODS.iter().map(|(method, _)| *method).find(|method| *method == name);
    let published = recognition.rows.iter().map(|row| known(&row.method).unwrap_or("other"));
    let published: Vec<&'static str> = published.collect();
    let contradicted =
        points.iter().zip(&published).find(|(point, method)| (**method == "d4000") != is_told(point.z));
    match contradicted.filter(|_| told.is_some()) {
        None => Ok(published),
        Some((point, method)) => {
            let message =
                format!("contradicts the recognised release, in which z = {} is `{method}`", point.z);
            Err(ModuleError::bad_parameter(D4000_REDSHIFTS, message)
                .hint("leave the parameter out, or pass `--param release=none`"))
        }
    }
}

fn data(
    points: &[Point],
    methods: &[&str],
    recognition: &Recognition<'_>,
    covariance: &SquareMatrix,
) -> Table<'static> {
    let number = |of: &dyn Fn(&Point) -> f64| -> Vec<f64> { points.iter().map(of).collect() };
    let mut used: BTreeMap<u64, u32> = BTreeMap::new();
    let row_id = |point: &Point| {
        let count = used.entry(point.z.to_bits()).or_default();
        *count += 1;
        if *count == 1 { format!("H_z{}", point.z) } else { format!("H_z{}_{count}", point.z) }
    };
    // A negative variance fails the contract; the zero here keeps the column free of NaN.
    let uncertainty = (0..points.len()).map(|row| covariance.get(row, row).max(0.0).sqrt());
    let source = |row: usize| recognition.rows.get(row).map(|released| released.source.clone());
    Table::new("data")
        .column("row_id", points.iter().map(row_id).collect::<Vec<String>>())
        .column("z", number(&|point| point.z))
        .column("observable", number(&|point| point.rate))
        .column("uncertainty", uncertainty.collect::<Vec<f64>>())
        .column("statistical_uncertainty", number(&|point| point.error))
        .column("statistical_share", shares(points, |shares| shares.statistical))
        .column("metallicity_share", shares(points, |shares| shares.metallicity))
        .column("method", methods.iter().map(|method| (*method).to_owned()).collect::<Vec<String>>())
        .column("source", (0..points.len()).map(source).collect::<Vec<Option<String>>>())
        .build()
}

fn shares(points: &[Point], of: impl Fn(&table::Shares) -> f64) -> Vec<Option<f64>> {
    points.iter().map(|point| point.shares.as_ref().map(&of)).collect()
}

/// The papers of the points, by the short names that stand in the table.
fn sources<'r>(recognition: &Recognition<'r>, releases: &'r Known) -> BTreeMap<&'r str, &'r str> {
    let used: BTreeSet<&str> = recognition.rows.iter().map(|row| row.source.as_str()).collect();
    used.into_iter().filter_map(|name| Some((name, releases.sources.get(name)?.as_str()))).collect()
}

fn fit() -> ExportFormat {
    let column = |name: &str| FieldSource::Column { table: "data".to_owned(), column: name.to_owned() };
    let fields = BTreeMap::from([
        ("observations".to_owned(), column("observable")),
        ("uncertainties".to_owned(), column("uncertainty")),
        ("redshifts".to_owned(), column("z")),
        ("covariance".to_owned(), FieldSource::Matrix { matrix: "covariance".to_owned() }),
        ("metadata".to_owned(), FieldSource::Metadata),
    ]);
    ExportFormat {
        meaning: "one JSON object for a fitting program; observations are H(z) in km/s/Mpc".to_owned(),
        files: vec![ExportFile {
            suffix: "_fit.json".to_owned(),
            content: ExportContent::Document { fields },
        }],
    }
}
