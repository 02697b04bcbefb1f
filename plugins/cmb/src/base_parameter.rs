//! The parameters of flat ΛCDM that are read, and how programs call them.

/// A parameter that distances to decoupling, or the vector itself, depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BaseParameter {
    Baryons,
    ColdDarkMatter,
    HubbleConstant,
    SpectralIndex,
    NeutrinoMasses,
    NeutrinoNumber,
}

impl BaseParameter {
    pub(crate) const ALL: [Self; 6] = [
        Self::Baryons,
        Self::ColdDarkMatter,
        Self::HubbleConstant,
        Self::SpectralIndex,
        Self::NeutrinoMasses,
        Self::NeutrinoNumber,
    ];
    pub(crate) const REQUIRED: [Self; 3] = [Self::Baryons, Self::ColdDarkMatter, Self::HubbleConstant];

    /// Names in CLASS and MontePython, CAMB and CosmoMC, and Cobaya, each with what its values are multiplied by.
    pub(crate) fn names(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Baryons => &[
                ("omega_b", 1.0),
                ("omegabh2", 1.0),
                ("ombh2", 1.0),
                ("100*omega_b", 0.01),
                ("100omega_b", 0.01),
            ],
            Self::ColdDarkMatter => &[("omega_cdm", 1.0), ("omegach2", 1.0), ("omch2", 1.0)],
            Self::HubbleConstant => &[("H0", 1.0), ("h", 100.0)],
            Self::SpectralIndex => &[("n_s", 1.0), ("ns", 1.0)],
            Self::NeutrinoMasses => &[("mnu", 1.0), ("m_nu", 1.0), ("sum_mnu", 1.0)],
            Self::NeutrinoNumber => &[("nnu", 1.0), ("N_eff", 1.0), ("Neff", 1.0)],
        }
    }

    /// Name in messages and metadata.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Baryons => "omega_b",
            Self::ColdDarkMatter => "omega_cdm",
            Self::HubbleConstant => "H0",
            Self::SpectralIndex => "n_s",
            Self::NeutrinoMasses => "mnu",
            Self::NeutrinoNumber => "nnu",
        }
    }

    /// Whether a file may state it without its varying.
    pub(crate) fn is_of_neutrinos(self) -> bool {
        matches!(self, Self::NeutrinoMasses | Self::NeutrinoNumber)
    }

    /// The parameter of a name, and what its values are multiplied by; nothing is guessed.
    pub(crate) fn of(name: &str) -> Option<(Self, f64)> {
        let factor = |parameter: Self| {
            let (_, factor) = parameter.names().iter().find(|(known, _)| *known == name)?;
            Some((parameter, *factor))
        };
        Self::ALL.into_iter().find_map(factor)
    }

    /// Values and largest relative error that make sense; a value outside has another unit or another meaning.
    pub(crate) fn possible(self) -> (f64, f64, f64) {
        match self {
            Self::Baryons => (0.005, 0.1, 0.2),
            Self::ColdDarkMatter => (0.01, 0.5, 0.3),
            Self::HubbleConstant => (20.0, 150.0, 0.3),
            Self::SpectralIndex => (0.5, 1.5, 0.2),
            Self::NeutrinoMasses => (0.0, 5.0, f64::INFINITY),
            Self::NeutrinoNumber => (0.0, 10.0, f64::INFINITY),
        }
    }
}
