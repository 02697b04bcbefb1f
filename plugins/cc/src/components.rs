//! Systematic components of the D4000 method: Moresco et al. 2020, ApJ 898, 82, arXiv:2003.07362, table 3.

use cosmology::numbers::NumbersDigest;
use cosmology::text::number_lines;
use plugin_api::{Input, ModuleError};

/// Role of the components.
pub(crate) const COMPONENTS: &str = "components";

const LAYOUT: &str = "each line is `z IMF stlib mod mod_ooo`, in per cent of H, as in data_MM20.dat";

/// A source of systematic error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Component {
    /// Initial mass function.
    Imf,
    /// Library of stellar spectra.
    StellarLibrary,
    /// Model of stellar populations.
    Model,
    /// The same without the most deviant model, "odd one out".
    ModelOddOneOut,
}

impl Component {
    pub(crate) const ALL: [Self; 4] = [Self::Imf, Self::StellarLibrary, Self::Model, Self::ModelOddOneOut];

    /// Name in the header of data_MM20.dat, in lower case.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Imf => "imf",
            Self::StellarLibrary => "stlib",
            Self::Model => "mod",
            Self::ModelOddOneOut => "mod_ooo",
        }
    }
}

/// The components over redshift.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Components {
    /// Rising.
    redshifts: Vec<f64>,
    /// Per cent of H at each redshift, in the order of [`Component::ALL`].
    per_cent: [Vec<f64>; 4],
    /// Recognises the file's numbers.
    pub(crate) digest: NumbersDigest,
}

impl Components {
    pub(crate) fn read(input: &Input<'_>) -> Result<Self, ModuleError> {
        let text = input.text()?;
        check_heading(text)?;
        let lines = number_lines(COMPONENTS, text)?;
        let digest = NumbersDigest::of(lines.iter().flat_map(|line| &line.values));
        let mut redshifts: Vec<f64> = Vec::new();
        let mut per_cent: [Vec<f64>; 4] = Default::default();
        for line in &lines {
            let refuse = |message: String| ModuleError::bad_input(COMPONENTS, message).line(line.number);
            let [z, values @ ..] = line.values.as_slice() else { continue };
            if values.len() != per_cent.len() {
                return Err(
                    refuse(format!("{} numbers in this line, expected 5", line.values.len())).hint(LAYOUT)
                );
            }
            if *z < 0.0 || redshifts.last().is_some_and(|before| z <= before) {
                return Err(refuse(format!("redshift {z} does not rise")).column(1));
            }
            redshifts.push(*z);
            for (column, (list, &value)) in (2..).zip(per_cent.iter_mut().zip(values)) {
                if !(0.0..100.0).contains(&value) {
                    return Err(refuse(format!("{value} is no error in per cent")).column(column));
                }
                list.push(value);
            }
        }
        if per_cent.iter().flatten().all(|&value| value < 1.0) {
            let message = "no component reaches 1 per cent: these are fractions";
            return Err(ModuleError::bad_input(COMPONENTS, message).hint(LAYOUT));
        }
        Ok(Self { redshifts, per_cent, digest })
    }

    /// Fraction of H: linear between the redshifts of the table, its last value beyond them, as `numpy.interp`.
    pub(crate) fn fraction(&self, component: Component, z: f64) -> f64 {
        let values = &self.per_cent[component as usize];
        let above = self.redshifts.partition_point(|&node| node <= z);
        let per_cent = match (above.checked_sub(1), self.redshifts.get(above)) {
            (None, _) => values.first().copied().unwrap_or_default(),
            (Some(below), None) => values[below],
            (Some(below), Some(end)) => {
                let slope = (values[above] - values[below]) / (end - self.redshifts[below]);
                values[below] + slope * (z - self.redshifts[below])
            }
        };
        per_cent / 100.0
    }

    /// First and last redshift.
    pub(crate) fn range(&self) -> (f64, f64) {
        let end = |node: Option<&f64>| node.copied().unwrap_or_default();
        (end(self.redshifts.first()), end(self.redshifts.last()))
    }
}

/// A heading that names the columns must name them in the order in which they are read.
fn check_heading(text: &str) -> Result<(), ModuleError> {
    for (number, line) in (1..).zip(text.lines()) {
        let heading = line.trim_start_matches(['\u{feff}', '#', ' ']).to_lowercase();
        let words: Vec<&str> = heading.split_ascii_whitespace().collect();
        let names_columns = line.contains('#') && words.contains(&"imf") && words.contains(&"mod_ooo");
        if names_columns && words != ["z", "imf", "stlib", "mod", "mod_ooo"] {
            let message = "the heading names the columns in another order";
            return Err(ModuleError::bad_input(COMPONENTS, message).line(number).hint(LAYOUT));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Components, ModuleError> {
        Components::read(&Input { role: COMPONENTS, name: "components.txt", bytes: text.as_bytes() })
    }

    #[test]
    fn interpolation_is_linear_inside_and_flat_outside() {
        let components = parse("# z IMF stlib mod mod_ooo\n0.1 1 2 3 4\n0.3 2 2 5 0\n").unwrap();
        for (z, expected) in [(0.0, 4.0), (0.1, 4.0), (0.2, 2.0), (0.25, 1.0), (0.3, 0.0), (2.0, 0.0)] {
            let found = components.fraction(Component::ModelOddOneOut, z);
            assert!((found - expected / 100.0).abs() < 1e-15, "{z}: {found}");
        }
        assert_eq!(components.range(), (0.1, 0.3));
    }

    #[test]
    fn what_cannot_be_components_is_refused() {
        for (text, place) in [
            ("0.1 1 2 3\n", "line 1: 4 numbers in this line, expected 5"),
            ("0.1 1 2 3 4\n0.1 1 2 3 4\n", "line 2, field 1: redshift 0.1 does not rise"),
            ("0.1 1 -2 3 4\n", "line 1, field 3: -2 is no error in per cent"),
            ("0.1 1 2 3 nan\n", "line 1, field 5: not a finite number"),
            ("0.1 0.01 0.02 0.03 0.04\n", "these are fractions"),
            ("# z IMF stlib mod_ooo mod\n0.1 1 2 3 4\n", "line 1: the heading names the columns in another"),
            ("", "there is no number in it"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(place), "{text:?}: {error}");
        }
    }
}
