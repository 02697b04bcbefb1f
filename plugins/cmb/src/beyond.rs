//! Parameters that change the distances of flat ΛCDM. The formulas here know none of them: what a file states of one
//! must be what flat ΛCDM has, or it is refused.

use cosmology::constants::CMB_TEMPERATURE_K;
use plugin_api::ModuleError;

use crate::base_parameter::BaseParameter;

/// What is known of such a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Beyond {
    /// It has this value in flat ΛCDM.
    Value(f64),
    /// It follows from the sum of the neutrino masses, and says nothing new beside it.
    FollowsFromMasses,
    /// It says of neutrinos what depends on other settings of the program that wrote it.
    Neutrinos,
}

/// Names in CLASS, CAMB, CosmoMC and Cobaya, in whatever case.
fn of(name: &str) -> Option<Beyond> {
    Some(match name.to_lowercase().as_str() {
        "omegak" | "omega_k" | "omega0_k" | "omk" | "wa" | "w_a" | "wa_fld" | "meffsterile" | "fede"
        | "f_ede" => Beyond::Value(0.0),
        "w" | "w0" | "w_0" | "w0_fld" | "wde" => Beyond::Value(-1.0),
        "tcmb" | "t_cmb" => Beyond::Value(CMB_TEMPERATURE_K),
        "omeganuh2" | "omnuh2" => Beyond::FollowsFromMasses,
        "n_ur" | "omega_ur" | "n_ncdm" | "deg_ncdm" | "omega_ncdm" | "t_ncdm" | "m_tot" => Beyond::Neutrinos,
        name if name.starts_with("m_ncdm") => Beyond::Neutrinos,
        _ => return None,
    })
}

/// What a file says of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stated {
    Value(f64),
    /// That it takes more than one value.
    Varying,
}

/// Refuses a model whose distances are not computed here; `names` are all of the file.
pub(crate) fn check<'n>(
    role: &str,
    name: &str,
    stated: Stated,
    mut names: impl Iterator<Item = &'n str>,
) -> Result<(), ModuleError> {
    let Some(beyond) = of(name) else { return Ok(()) };
    let shown = match stated {
        Stated::Value(value) => format!("{name} = {value}"),
        Stated::Varying => format!("{name} varies"),
    };
    let masses = |name: &str| matches!(BaseParameter::of(name), Some((BaseParameter::NeutrinoMasses, _)));
    match (beyond, stated) {
        (Beyond::Value(expected), Stated::Value(value)) if (value - expected).abs() < 1e-12 => Ok(()),
        (Beyond::FollowsFromMasses, _) if names.any(masses) => Ok(()),
        (Beyond::Value(expected), _) => {
            let message = format!("{shown}, but distances are computed in flat ΛCDM, where it is {expected}");
            Err(ModuleError::bad_input(role, message))
        }
        (Beyond::FollowsFromMasses | Beyond::Neutrinos, _) => {
            let message = format!("{shown}, which states neutrinos in a way that is not read");
            Err(ModuleError::bad_input(role, message).hint(
                "state `mnu`, the sum of their masses in eV, and `nnu`, their effective number, instead; or leave it out and \
                 pass `--param sum_neutrino_masses_ev=… --param effective_neutrino_number=…`",
            ))
        }
    }
}
