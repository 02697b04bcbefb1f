//! The numbers that summarise what the cosmic microwave background says of the expansion.

use std::fmt;

/// A compressed observable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
    ShiftParameter,
    AcousticScale,
    Baryons,
    SpectralIndex,
    AcousticAngle,
    BaryonsAndColdMatter,
}

impl Quantity {
    pub(crate) const ALL: [Self; 6] = [
        Self::ShiftParameter,
        Self::AcousticScale,
        Self::Baryons,
        Self::SpectralIndex,
        Self::AcousticAngle,
        Self::BaryonsAndColdMatter,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::ShiftParameter => "R",
            Self::AcousticScale => "l_A",
            Self::Baryons => "omega_b",
            Self::SpectralIndex => "n_s",
            Self::AcousticAngle => "theta_star",
            Self::BaryonsAndColdMatter => "omega_bc",
        }
    }

    /// The quantity of a name as releases write it; nothing is guessed.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "R" | "r" => Self::ShiftParameter,
            "l_A" | "la" | "lA" | "l_a" => Self::AcousticScale,
            "omega_b" | "omegabh2" | "ombh2" | "wb" | "Omega_b h^2" => Self::Baryons,
            "n_s" | "ns" => Self::SpectralIndex,
            "theta_star" | "thetastar" => Self::AcousticAngle,
            "omega_bc" | "ombch2" => Self::BaryonsAndColdMatter,
            _ => return None,
        })
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::AcousticAngle => "rad",
            _ => "1",
        }
    }

    /// Definition and its source.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::ShiftParameter => {
                "shift parameter sqrt(Ω_m H0²) D_M(z*)/c: Bond, Efstathiou & Tegmark 1997, arXiv:astro-ph/9702100; \
                 Komatsu et al. 2009, arXiv:0803.0547, equation 69"
            }
            Self::AcousticScale => {
                "acoustic scale π D_M(z*)/r_s(z*): Komatsu et al. 2009, arXiv:0803.0547, equation 65"
            }
            Self::Baryons => "physical density of baryons, Ω_b h²",
            Self::SpectralIndex => "scalar spectral index at k = 0.05/Mpc",
            Self::AcousticAngle => "angle of the sound horizon r_s(z*)/D_M(z*) = π/l_A",
            Self::BaryonsAndColdMatter => {
                "physical density of baryons and cold dark matter without neutrinos, (Ω_b + Ω_c) h²"
            }
        }
    }

    /// Values that some universe compatible with acoustic peaks has had since they were first measured. A value outside
    /// is another quantity or another unit.
    pub(crate) fn possible_values(self) -> (f64, f64) {
        match self {
            Self::ShiftParameter => (1.5, 2.0),
            Self::AcousticScale => (290.0, 315.0),
            Self::Baryons => (0.018, 0.028),
            Self::SpectralIndex => (0.85, 1.1),
            Self::AcousticAngle => (0.0100, 0.0108),
            Self::BaryonsAndColdMatter => (0.1, 0.2),
        }
    }

    /// Standard errors in units of the value, from a tenth of Planck's to a little more than those of WMAP after five
    /// years (Komatsu et al. 2009, table 10: R 1.1 %, l_A 0.28 %; table 1: ω_b 2.7 %, n_s 1.5 %).
    pub(crate) fn possible_relative_errors(self) -> (f64, f64) {
        match self {
            Self::ShiftParameter => (2e-4, 0.03),
            Self::AcousticScale | Self::AcousticAngle => (2e-5, 0.004),
            Self::Baryons => (6e-4, 0.06),
            Self::SpectralIndex => (4e-4, 0.03),
            Self::BaryonsAndColdMatter => (8e-4, 0.1),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.label())
    }
}
