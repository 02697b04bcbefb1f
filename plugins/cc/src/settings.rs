//! The parameters of the module.

use cosmology::release_choice::ReleaseChoice;
use plugin_api::{ModuleError, Parameters};

use crate::components::Component;

/// Which points were measured with D4000.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum D4000 {
    All,
    None,
    /// Those at these redshifts.
    Redshifts(Vec<f64>),
}

/// All parameters, each as the user gave it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// `None` when the user says nothing; empty for `none`.
    pub(crate) systematics: Option<Vec<Component>>,
    pub(crate) d4000: Option<D4000>,
    pub(crate) release: ReleaseChoice,
}

const SYSTEMATICS: &str = "systematics";
/// Name of the parameter that says which points were measured with D4000.
pub(crate) const D4000_REDSHIFTS: &str = "d4000_redshifts";

impl Settings {
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, ModuleError> {
        Ok(Self {
            systematics: parameters.text(SYSTEMATICS)?.map(systematics).transpose()?,
            d4000: parameters.text(D4000_REDSHIFTS)?.map(d4000).transpose()?,
            release: ReleaseChoice::read(parameters)?,
        })
    }
}

fn systematics(text: &str) -> Result<Vec<Component>, ModuleError> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let refuse = |message: String| {
        ModuleError::bad_parameter(SYSTEMATICS, message)
            .hint("give `none`, or a sum of `imf`, `stlib`, and one of `mod` and `mod_ooo`: `imf+mod_ooo`")
    };
    let mut chosen = Vec::new();
    for name in text.split('+').map(str::trim) {
        let component = Component::ALL.into_iter().find(|component| component.name() == name);
        let component = component.ok_or_else(|| refuse(format!("unknown component `{name}`")))?;
        if chosen.contains(&component) {
            return Err(refuse(format!("`{name}` stands there twice")));
        }
        chosen.push(component);
    }
    if chosen.contains(&Component::Model) && chosen.contains(&Component::ModelOddOneOut) {
        return Err(refuse(
            "`mod` and `mod_ooo` are two estimates of the same error, with and without the most deviant model: \
             together they would count it twice"
                .to_owned(),
        ));
    }
    // In the order of the table, so that the order of typing changes no bit of the sum.
    chosen.sort_unstable();
    Ok(chosen)
}

fn d4000(text: &str) -> Result<D4000, ModuleError> {
    match text {
        "all" => return Ok(D4000::All),
        "none" => return Ok(D4000::None),
        _ => {}
    }
    let redshift = |field: &str| {
        let field = field.trim();
        field.parse::<f64>().ok().filter(|z| z.is_finite()).ok_or_else(|| {
            ModuleError::bad_parameter(D4000_REDSHIFTS, format!("`{field}` is no redshift"))
                .hint("give `all`, `none`, or redshifts of the table separated by commas")
        })
    };
    text.split(',').map(redshift).collect::<Result<_, _>>().map(D4000::Redshifts)
}
