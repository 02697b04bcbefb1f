//! Which z*, radiation and neutrinos a dataset is made with. The choice moves l_A by up to ten of Planck's standard
//! errors, so it is part of the data: a theory must be computed in the convention of the dataset it is compared with.

use cosmology::constants::{CMB_TEMPERATURE_K, SPEED_OF_LIGHT_KM_S};
use cosmology::neutrinos::MASS_PER_DENSITY_EV;
use cosmology::recombination::{EarlyUniverse, Radiation, hu_sugiyama_redshift};
use serde_json::{Value, json};

use crate::settings::Settings;

/// Where photons decouple.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum DecouplingRedshift {
    HuSugiyama,
    Fixed(f64),
    /// As a Boltzmann code finds it, which is not computed here; only for releases, with the value at the reference
    /// cosmology.
    Boltzmann {
        at_reference: f64,
    },
}

/// How radiation and neutrinos enter; [`Radiation`] without its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RadiationKind {
    Standard,
    ChenHuangWang,
    ExactNeutrinos,
}

impl RadiationKind {
    pub(crate) const ALL: [Self; 3] = [Self::Standard, Self::ChenHuangWang, Self::ExactNeutrinos];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::ChenHuangWang => "chen_huang_wang",
            Self::ExactNeutrinos => "exact_neutrinos",
        }
    }

    fn meaning(self) -> String {
        match self {
            Self::Standard => format!(
                "ω_r = 2.4728e-5 (T/2.7255 K)⁴ (1 + 0.22710731766 N_eff); massive neutrinos are matter at all times, \
                 ω_ν = Σm_ν/{MASS_PER_DENSITY_EV} eV, beside that"
            ),
            Self::ChenHuangWang => format!(
                "Ω_r = Ω_m/(1 + z_eq), z_eq = 2.5e4 ω_m (T/2.7 K)⁻⁴ (arXiv:1808.05724); ω_m includes massive \
                 neutrinos, which are matter at all times, ω_ν = Σm_ν/{MASS_PER_DENSITY_EV} eV"
            ),
            Self::ExactNeutrinos => "photons, two massless neutrinos and a massive one with its Fermi-Dirac \
                                     distribution, each N_eff/3 (arXiv:1001.4538, section 3.3)"
                .to_owned(),
        }
    }
}

/// One Planck base ΛCDM has a single massive neutrino of 0.06 eV and N_eff = 3.046: Planck 2018 results VI,
/// arXiv:1807.06209, section 2.1.
pub(crate) const PLANCK_NEUTRINO_MASS_EV: f64 = 0.06;
/// See [`PLANCK_NEUTRINO_MASS_EV`].
pub(crate) const PLANCK_NEUTRINO_NUMBER: f64 = 3.046;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Convention {
    pub(crate) z_star: DecouplingRedshift,
    pub(crate) radiation: RadiationKind,
    /// `None` where only the whole of ω_m enters.
    pub(crate) sum_neutrino_masses_ev: Option<f64>,
    /// `None` where radiation does not depend on it.
    pub(crate) effective_neutrino_number: Option<f64>,
}

/// What a universe has at decoupling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decoupling {
    pub(crate) z_star: f64,
    pub(crate) sound_horizon_mpc: f64,
    pub(crate) distance_mpc: f64,
    pub(crate) shift_parameter: f64,
    pub(crate) acoustic_scale: f64,
}

impl Convention {
    /// What the parameters say; what they do not say is the default that `module.json` documents.
    pub(crate) fn of_derivation(settings: &Settings) -> Self {
        let radiation = settings.radiation.unwrap_or(RadiationKind::Standard);
        Self {
            z_star: settings.z_star.unwrap_or(DecouplingRedshift::HuSugiyama),
            radiation,
            sum_neutrino_masses_ev: settings.sum_neutrino_masses_ev.or(Some(PLANCK_NEUTRINO_MASS_EV)),
            effective_neutrino_number: (radiation != RadiationKind::ChenHuangWang)
                .then(|| settings.effective_neutrino_number.unwrap_or(PLANCK_NEUTRINO_NUMBER)),
        }
    }

    /// The same for priors: their ω_m is that of whoever computes the theory, so masses matter only to a radiation that
    /// depends on them.
    pub(crate) fn of_priors(settings: &Settings) -> Self {
        let convention = Self::of_derivation(settings);
        match convention.radiation {
            RadiationKind::ChenHuangWang => {
                Self { sum_neutrino_masses_ev: settings.sum_neutrino_masses_ev, ..convention }
            }
            RadiationKind::Standard | RadiationKind::ExactNeutrinos => convention,
        }
    }

    /// What is not stated is that of the reference cosmology, Planck's; nothing depends on it but ω_bc there.
    fn mass_ev(&self) -> f64 {
        self.sum_neutrino_masses_ev.unwrap_or(PLANCK_NEUTRINO_MASS_EV)
    }

    fn radiation(&self) -> Radiation {
        let effective_number = self.effective_neutrino_number.unwrap_or(PLANCK_NEUTRINO_NUMBER);
        let mass_ev = self.mass_ev();
        match self.radiation {
            RadiationKind::Standard => Radiation::Standard { effective_number },
            RadiationKind::ChenHuangWang => Radiation::ChenHuangWang,
            RadiationKind::ExactNeutrinos => Radiation::ExactNeutrinos { effective_number, mass_ev },
        }
    }

    /// Physical density of massive neutrinos today.
    pub(crate) fn omega_neutrinos(&self) -> f64 {
        self.radiation().omega_neutrinos(self.mass_ev())
    }

    /// Decoupling in a flat ΛCDM universe; `omega_m` counts massive neutrinos.
    pub(crate) fn decoupling(&self, hubble_constant_km_s_mpc: f64, omega_b: f64, omega_m: f64) -> Decoupling {
        let universe =
            EarlyUniverse { hubble_constant_km_s_mpc, omega_b, omega_m, radiation: self.radiation() };
        let z_star = match self.z_star {
            DecouplingRedshift::HuSugiyama => hu_sugiyama_redshift(omega_b, omega_m),
            DecouplingRedshift::Fixed(z_star) | DecouplingRedshift::Boltzmann { at_reference: z_star } => {
                z_star
            }
        };
        let (sound_horizon_mpc, distance_mpc) =
            (universe.sound_horizon_mpc(z_star), universe.comoving_distance_mpc(z_star));
        Decoupling {
            z_star,
            sound_horizon_mpc,
            distance_mpc,
            // sqrt(Ω_m H0²) is 100 km/s/Mpc times sqrt(ω_m).
            shift_parameter: 100.0 * omega_m.sqrt() * distance_mpc / SPEED_OF_LIGHT_KM_S,
            acoustic_scale: std::f64::consts::PI * distance_mpc / sound_horizon_mpc,
        }
    }

    pub(crate) fn metadata(&self) -> Value {
        let z_star = match self.z_star {
            DecouplingRedshift::HuSugiyama => json!("hu_sugiyama"),
            DecouplingRedshift::Fixed(z_star) => json!(z_star),
            DecouplingRedshift::Boltzmann { .. } => json!("boltzmann"),
        };
        json!({
            "z_star": z_star,
            "z_star_meaning": "hu_sugiyama: fit of Hu & Sugiyama 1996 (arXiv:astro-ph/9510117, equation E-1), g1 with 0.0783; \
                               a number: that redshift; boltzmann: where the optical depth of a Boltzmann code is 1",
            "radiation": self.radiation.name(),
            "radiation_meaning": self.radiation.meaning(),
            "sum_neutrino_masses_ev": self.sum_neutrino_masses_ev,
            "effective_neutrino_number": self.effective_neutrino_number,
            "cmb_temperature_k": CMB_TEMPERATURE_K,
            "sound_horizon": "r_s = c/√3 ∫₀ᵃ da/(a² H sqrt(1 + R_b a)), R_b = 31500 ω_b (T/2.7 K)⁻⁴ \
                              (arXiv:astro-ph/9709112, equations 5 and 6)",
        })
    }
}
