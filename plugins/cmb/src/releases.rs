//! Published distance priors that are recognised by their numbers, and the convention of each, which no file states.

use cosmology::matrix::SquareMatrix;
use cosmology::numbers::NumbersDigest;
use plugin_api::{Input, ModuleError};

use crate::base::Published;
use crate::base_parameter::BaseParameter;
use crate::convention::{
    Convention, DecouplingRedshift, PLANCK_NEUTRINO_MASS_EV, PLANCK_NEUTRINO_NUMBER, RadiationKind,
};
use crate::quantity::Quantity;
use crate::reader::{self, COVARIANCE, Content, PARAMETERS, PRIORS, Values};
use crate::settings::CovarianceKind;
use crate::table::Printed;

const LCDM: &str = include_str!("../bundled/planck2018_distance_priors_lcdm.txt");
const LCDM_INVERSE: &str = include_str!("../bundled/planck2018_distance_priors_lcdm_inverse_covariance.txt");
const LCDM_TABLE: &str = include_str!("../bundled/planck2018_distance_priors_lcdm_table.csv");
const DESI: &str = include_str!("../bundled/desi_dr2_cmb_compression.txt");

/// Best fit and covariance of the base parameters of Planck that MontePython ships.
pub(crate) const BASE_RELEASE: &str = "planck2018_base_parameters";
/// Names of the parameters in both of its files, in their order.
const BASE_NAMES: [&str; 13] = [
    "omega_b",
    "omega_cdm",
    "100*theta_s",
    "ln10^{10}A_s",
    "n_s",
    "tau_reio",
    "A_planck",
    "z_reio",
    "Omega_Lambda",
    "YHe",
    "H0",
    "A_s",
    "sigma8",
];
/// Digests of all numbers of its best fit and of its matrix.
const BASE_DIGESTS: [(&str, &str); 2] = [(PARAMETERS, "3e57d958ace46dc9"), (COVARIANCE, "72b1a71306467ab1")];
/// The convention of the dataset that the catalogue lists under [`BASE_RELEASE`].
pub(crate) const BASE_CONVENTION: Convention = Convention {
    z_star: DecouplingRedshift::HuSugiyama,
    radiation: RadiationKind::Standard,
    sum_neutrino_masses_ev: Some(PLANCK_NEUTRINO_MASS_EV),
    effective_neutrino_number: Some(PLANCK_NEUTRINO_NUMBER),
};

/// Chen, Huang & Wang 2019 compute their theory so; massive neutrinos are part of Ω_m, and the paper states none.
const CHEN_HUANG_WANG: Convention = Convention {
    z_star: DecouplingRedshift::HuSugiyama,
    radiation: RadiationKind::ChenHuangWang,
    sum_neutrino_masses_ev: None,
    effective_neutrino_number: None,
};

/// θ* is that of CAMB. z* = 1089.92 at the reference cosmology: Planck 2018 results VI, arXiv:1807.06209, table 2.
/// N_eff = 3.044 and one neutrino of 0.06 eV: DESI Collaboration 2025, arXiv:2503.14738, section on models.
const CAMB: Convention = Convention {
    z_star: DecouplingRedshift::Boltzmann { at_reference: 1089.92 },
    radiation: RadiationKind::ExactNeutrinos,
    sum_neutrino_masses_ev: Some(PLANCK_NEUTRINO_MASS_EV),
    effective_neutrino_number: Some(3.044),
};

/// A published row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ReleasedRow {
    pub(crate) quantity: Quantity,
    pub(crate) value: f64,
    /// As the printed table rounds it.
    pub(crate) rounded: f64,
}

/// Published distance priors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Release {
    pub(crate) name: &'static str,
    pub(crate) rows: Vec<ReleasedRow>,
    pub(crate) kind: CovarianceKind,
    /// In the form `kind` says.
    pub(crate) matrix: SquareMatrix,
    /// The same as a covariance.
    pub(crate) covariance: SquareMatrix,
    pub(crate) convention: Convention,
}

pub(crate) fn known() -> Result<Vec<Release>, ModuleError> {
    let damaged = |error: &dyn std::fmt::Display| {
        ModuleError::internal(format!("a bundled release is damaged: {error}"))
    };
    let read = |text: &'static str| -> Result<Values, ModuleError> {
        match reader::read(&Input { role: PRIORS, name: "bundled", bytes: text.as_bytes() }) {
            Ok(Content::Values(values)) => Ok(values),
            Ok(Content::Chain(_)) => Err(damaged(&"a chain")),
            Err(error) => Err(damaged(&error)),
        }
    };
    let (lcdm, table, desi) = (read(LCDM)?, read(LCDM_TABLE)?, read(DESI)?);
    let inverse = SquareMatrix::read(COVARIANCE, LCDM_INVERSE, 3).map_err(|error| damaged(&error))?.matrix;
    let lcdm_covariance = inverse.inverted().map_err(|error| damaged(&error))?;
    let printed =
        table.printed.as_ref().and_then(Printed::covariance).ok_or_else(|| damaged(&"no correlations"))?;
    let desi_covariance = desi.covariance.clone().ok_or_else(|| damaged(&"no covariance"))?;
    Ok(vec![
        Release {
            name: "planck2018_distance_priors_lcdm",
            rows: rows(&lcdm, &table),
            kind: CovarianceKind::Inverse,
            matrix: inverse,
            covariance: lcdm_covariance,
            convention: CHEN_HUANG_WANG,
        },
        Release {
            name: "planck2018_distance_priors_lcdm_ns",
            rows: rows(&table, &table),
            kind: CovarianceKind::Covariance,
            matrix: printed.clone(),
            covariance: printed,
            convention: CHEN_HUANG_WANG,
        },
        Release {
            name: "desi_dr2_cmb_compression",
            rows: rows(&desi, &desi),
            kind: CovarianceKind::Covariance,
            matrix: desi_covariance.clone(),
            covariance: desi_covariance,
            convention: CAMB,
        },
    ])
}

fn rows(values: &Values, table: &Values) -> Vec<ReleasedRow> {
    let row = |(precise, rounded): (&reader::Entry, &reader::Entry)| {
        let quantity = Quantity::from_name(&precise.name)?;
        Some(ReleasedRow { quantity, value: precise.value, rounded: rounded.value })
    };
    values.entries.iter().zip(&table.entries).filter_map(row).collect()
}

/// How a file compares with that of [`BASE_RELEASE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    Same,
    /// The same numbers, but at this place (from 0) under a name other than this.
    OtherName(usize, &'static str),
    Other,
}

/// Numbers say what they are only together with their names. Spellings of one parameter are one name.
pub(crate) fn likeness(file: &Published) -> Likeness {
    let digest = NumbersDigest::of(&file.numbers);
    if !BASE_DIGESTS.contains(&(file.role, digest.as_str())) {
        return Likeness::Other;
    }
    let same = |found: &str, published: &str| {
        let known = BaseParameter::of(published);
        found == published || (known.is_some() && BaseParameter::of(found) == known)
    };
    let mut names = file.names.iter().zip(BASE_NAMES).enumerate();
    match names.find(|(_, (found, published))| !same(found, published)) {
        Some((index, (_, published))) => Likeness::OtherName(index, published),
        None => Likeness::Same,
    }
}

/// The names of all known releases.
pub(crate) fn refuse_unknown(name: &str, releases: &[Release]) -> ModuleError {
    let mut names: Vec<&str> = releases.iter().map(|release| release.name).collect();
    names.push(BASE_RELEASE);
    ModuleError::bad_parameter("release", format!("no known release is called `{}`", name.escape_debug()))
        .hint(format!("`auto`, `none`, or one of {}", names.join(", ")))
}
