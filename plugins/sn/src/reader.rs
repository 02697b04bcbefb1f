//! Reads the columns of each layout.

use cosmology::text::{TextColumn, TextTable, shortened};
use plugin_api::ModuleError;

use crate::layout::{Layout, TABLE, UNDERSTOOD};
use crate::sample::{Extra, ObservableKind, Sample};

/// Columns that are carried along: name in the file, name here, and the largest value that means "none".
type Carried = (&'static str, &'static str, Option<f64>);

/// `-9` in files of SNANA.
const NONE: Option<f64> = Some(-9.0);

const PANTHEON_PLUS: &[Carried] = &[
    ("MU_SH0ES", "mu", None),
    ("MU_SH0ES_ERR_DIAG", "mu_error_diagonal", None),
    ("zHDERR", "z_hd_error", None),
    ("zCMBERR", "z_cmb_error", None),
    ("zHELERR", "z_hel_error", None),
    ("x1", "x1", None),
    ("x1ERR", "x1_error", None),
    ("c", "c", None),
    ("cERR", "c_error", None),
    ("HOST_LOGMASS", "host_log_mass", NONE),
    ("HOST_LOGMASS_ERR", "host_log_mass_error", NONE),
    ("VPEC", "peculiar_velocity", None),
    ("VPECERR", "peculiar_velocity_error", None),
    ("CEPH_DIST", "ceph_distance", NONE),
];
const DES: &[Carried] = &[
    ("MUERR_VPEC", "mu_error_peculiar_velocity", None),
    ("MUERR_SYS", "mu_error_systematic", None),
    ("PROBIA_BEAMS", "probability_ia", None),
];
const LIGHT_CURVES: &[Carried] = &[
    ("dz", "z_cmb_error", None),
    ("x1", "x1", None),
    ("dx1", "x1_error", None),
    ("color", "c", None),
    ("dcolor", "c_error", None),
    ("3rdvar", "host_log_mass", None),
    ("d3rdvar", "host_log_mass_error", None),
    ("cov_m_s", "covariance_m_b_x1", None),
    ("cov_m_c", "covariance_m_b_c", None),
    ("cov_s_c", "covariance_x1_c", None),
];

/// Reads a table of a known layout.
pub(crate) fn sample(table: &TextTable<'_>, layout: Layout) -> Result<Sample, ModuleError> {
    let reader = Reader { table };
    match layout {
        Layout::PantheonPlus => {
            let carried = (PANTHEON_PLUS, ("m_b_corr", "m_b_corr_err_DIAG"));
            let mut sample = reader.hubble_diagram(layout, "CID", carried)?;
            sample.is_calibrator = Some(reader.flags("IS_CALIBRATOR")?);
            sample.used_in_shoes_hf = Some(reader.flags("USED_IN_SH0ES_HF")?);
            reader.refuse_without_distance(&sample)?;
            Ok(sample)
        }
        Layout::DesY5 => reader.hubble_diagram(layout, "CID", (DES, ("MU", "MUERR_FINAL"))),
        Layout::DesDovekie => {
            let name = if table.column("CID").is_some() { "CID" } else { "Index" };
            reader.hubble_diagram(layout, name, (DES, ("MU", "MUERR")))
        }
        Layout::LightCurveParameters => reader.light_curve_parameters(),
        Layout::DistanceModuli => reader.distance_moduli(),
    }
}

struct Reader<'t, 'a> {
    table: &'t TextTable<'a>,
}

impl<'t, 'a> Reader<'t, 'a> {
    fn required(&self, name: &str) -> Result<TextColumn<'t, 'a>, ModuleError> {
        self.table.column(name).ok_or_else(|| {
            ModuleError::bad_input(TABLE, format!("the column `{name}` is missing")).hint(UNDERSTOOD)
        })
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, ModuleError> {
        let column = self.required(name)?;
        let plain = |(row, text): (usize, &str)| {
            if text.is_empty()
                || text.len() > 64
                || text.contains(|one: char| one.is_control() || ", ".contains(one))
            {
                return Err(column.refuse(row, format!("`{}` is no name of a supernova", shortened(text))));
            }
            Ok(text.to_owned())
        };
        column.fields().enumerate().map(plain).collect()
    }

    fn redshifts(&self, name: &str) -> Result<Vec<f64>, ModuleError> {
        let column = self.required(name)?;
        let numbers = column.numbers()?;
        // Heliocentric redshifts of the nearest galaxies may be negative, but no release has one.
        match numbers.iter().position(|z| !(*z > 0.0 && *z <= 10.0)) {
            Some(row) => Err(column
                .refuse(row, format!("a redshift of {}, expected more than 0 and at most 10", numbers[row]))),
            None => Ok(numbers),
        }
    }

    fn optional_redshifts(&self, name: &str) -> Result<Option<Vec<f64>>, ModuleError> {
        self.table.column(name).map(|_| self.redshifts(name)).transpose()
    }

    fn magnitudes(&self, name: &str) -> Result<Vec<f64>, ModuleError> {
        let column = self.required(name)?;
        let numbers = column.numbers()?;
        match numbers.iter().position(|value| value.abs() > 100.0) {
            Some(row) => Err(column.refuse(row, format!("{} is no magnitude", numbers[row]))),
            None => Ok(numbers),
        }
    }

    /// Errors: all positive, or all zero where the covariance holds everything, which is none.
    fn errors(&self, name: &str) -> Result<Option<Vec<f64>>, ModuleError> {
        let column = self.required(name)?;
        let numbers = column.numbers()?;
        if numbers.iter().all(|error| *error == 0.0) {
            return Ok(None);
        }
        match numbers.iter().position(|error| *error <= 0.0) {
            Some(row) => {
                Err(column.refuse(row, format!("an error of {}, expected a positive number", numbers[row])))
            }
            None => Ok(Some(numbers)),
        }
    }

    fn flags(&self, name: &str) -> Result<Vec<bool>, ModuleError> {
        let column = self.required(name)?;
        let flag = |(row, text): (usize, &str)| match text {
            "1" => Ok(true),
            "0" => Ok(false),
            _ => Err(column.refuse(row, format!("`{}` is neither 0 nor 1", shortened(text)))),
        };
        column.fields().enumerate().map(flag).collect()
    }

    fn extras(&self, carried: &[Carried]) -> Result<Vec<Extra>, ModuleError> {
        let mut extras = Vec::new();
        for &(in_file, name, none) in carried {
            let Some(column) = self.table.column(in_file) else { continue };
            let value = |value: f64| (!none.is_some_and(|none| value <= none)).then_some(value);
            extras.push(Extra { name, values: column.numbers()?.into_iter().map(value).collect() });
        }
        Ok(extras)
    }

    /// A calibrator is one by its Cepheid distance, which stands for the theory.
    fn refuse_without_distance(&self, sample: &Sample) -> Result<(), ModuleError> {
        let flags = sample.is_calibrator.iter().flatten();
        let without = flags.enumerate().position(|(row, flag)| {
            *flag && !sample.calibrator_distance(row).is_some_and(|distance| distance > 0.0)
        });
        match without {
            Some(row) => Err(self
                .required("CEPH_DIST")?
                .refuse(row, format!("`{}` calibrates, but has no Cepheid distance", sample.row_id(row)))
                .hint("get the file again, or write 0 for `IS_CALIBRATOR`")),
            None => Ok(()),
        }
    }

    /// The published column, which must hold what its name says.
    fn of_kind(&self, name: &str, redshifts: &[f64], kind: ObservableKind) -> Result<Vec<f64>, ModuleError> {
        let values = self.magnitudes(name)?;
        let found = ObservableKind::by_size(redshifts, &values);
        if found == kind {
            return Ok(values);
        }
        let message = format!(
            "the column `{name}` holds values of the size of a {}, not of a {}",
            found.name(),
            kind.name()
        );
        Err(self
            .required(name)?
            .refuse(0, message)
            .hint("two columns may have changed places: get the file again"))
    }

    /// A table with `zHD`: names of the columns with the identity, and with the observable and its error.
    fn hubble_diagram(
        &self,
        layout: Layout,
        name: &str,
        (carried, (observable, error)): (&[Carried], (&str, &str)),
    ) -> Result<Sample, ModuleError> {
        let z_hd = self.redshifts("zHD")?;
        let kind = match layout {
            Layout::PantheonPlus => ObservableKind::Magnitude,
            _ => ObservableKind::Modulus,
        };
        let published = self.of_kind(observable, &z_hd, kind)?;
        Ok(Sample {
            layout,
            lines: self.table.lines().to_vec(),
            names: self.texts(name)?,
            surveys: Some(self.texts("IDSURVEY")?),
            z: z_hd.clone(),
            z_hd: Some(z_hd),
            z_cmb: self.optional_redshifts("zCMB")?,
            z_hel: Some(self.redshifts("zHEL")?),
            observable: published.clone(),
            published,
            kind,
            error: self.errors(error)?,
            is_calibrator: None,
            used_in_shoes_hf: None,
            extras: self.extras(carried)?,
        })
    }

    fn light_curve_parameters(&self) -> Result<Sample, ModuleError> {
        let z_cmb = self.redshifts("zcmb")?;
        // Compilations without heliocentric redshifts repeat the other one, because the layout has the column.
        let z_hel = self.redshifts("zhel")?;
        let z_hel = (z_hel != z_cmb).then_some(z_hel);
        let published = self.magnitudes("mb")?;
        let mut extras = self.extras(LIGHT_CURVES)?;
        // What the layout demands and the release does not have is filled with zeros.
        extras.retain(|extra| extra.values.iter().flatten().any(|value| *value != 0.0));
        Ok(Sample {
            layout: Layout::LightCurveParameters,
            lines: self.table.lines().to_vec(),
            names: self.texts("name")?,
            surveys: None,
            kind: ObservableKind::by_size(&z_cmb, &published),
            z: z_cmb.clone(),
            z_hd: None,
            z_cmb: Some(z_cmb),
            z_hel,
            observable: published.clone(),
            published,
            error: self.errors("dmb")?,
            is_calibrator: None,
            used_in_shoes_hf: None,
            extras,
        })
    }

    fn distance_moduli(&self) -> Result<Sample, ModuleError> {
        let z = self.redshifts("z")?;
        let published = self.magnitudes("mu")?;
        let names = match self.table.column("name") {
            Some(_) => self.texts("name")?,
            None => z.iter().map(|z| format!("z{z}")).collect(),
        };
        Ok(Sample {
            layout: Layout::DistanceModuli,
            lines: self.table.lines().to_vec(),
            names,
            surveys: None,
            kind: ObservableKind::by_size(&z, &published),
            z,
            z_hd: None,
            z_cmb: None,
            z_hel: None,
            observable: published.clone(),
            published,
            error: self.table.column("dmu").map(|_| self.errors("dmu")).transpose()?.flatten(),
            is_calibrator: None,
            used_in_shoes_hf: None,
            extras: Vec::new(),
        })
    }
}
