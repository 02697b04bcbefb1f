//! The supernovae of a table, column by column.

use plugin_api::Table;

use crate::layout::Layout;

/// Supernovae, one entry of each column for each, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) layout: Layout,
    /// Line in the file, from 1.
    pub(crate) lines: Vec<u64>,
    /// Name of the supernova, or of the bin; never a number, even where it looks like one.
    pub(crate) names: Vec<String>,
    pub(crate) surveys: Option<Vec<String>>,
    /// The redshift that distances are computed at.
    pub(crate) z: Vec<f64>,
    pub(crate) z_hd: Option<Vec<f64>>,
    pub(crate) z_cmb: Option<Vec<f64>>,
    pub(crate) z_hel: Option<Vec<f64>>,
    /// The published magnitude or distance modulus.
    pub(crate) published: Vec<f64>,
    /// What is fitted: the published value, or one made of it and of stretch and colour.
    pub(crate) observable: Vec<f64>,
    pub(crate) kind: ObservableKind,
    /// The published error; absent where the file has none, or zeros.
    pub(crate) error: Option<Vec<f64>>,
    pub(crate) is_calibrator: Option<Vec<bool>>,
    pub(crate) used_in_shoes_hf: Option<Vec<bool>>,
    /// Further columns by their name in the contract, in its order.
    pub(crate) extras: Vec<Extra>,
}

/// A further column; `None` where the file says that it has no value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Extra {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<Option<f64>>,
}

/// What the observable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObservableKind {
    /// Corrected apparent magnitude: distance modulus plus the absolute magnitude M.
    Magnitude,
    /// Distance modulus, up to a constant.
    Modulus,
}

impl ObservableKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Magnitude => "magnitude",
            Self::Modulus => "modulus",
        }
    }

    /// The columns `mb` and `mu` are used for either; what they hold is told by their size, which differs by the absolute
    /// magnitude of -19.
    pub(crate) fn by_size(redshifts: &[f64], values: &[f64]) -> Self {
        let mut offsets: Vec<f64> =
            redshifts.iter().zip(values).map(|(z, value)| value - rough_modulus(*z)).collect();
        offsets.sort_by(f64::total_cmp);
        if offsets.get(offsets.len() / 2).is_some_and(|median| *median < -10.0) {
            Self::Magnitude
        } else {
            Self::Modulus
        }
    }
}

impl Sample {
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Identity of a row: the name, and the survey where one supernova may be in several.
    pub(crate) fn row_id(&self, row: usize) -> String {
        match &self.surveys {
            Some(surveys) => format!("{}_{}", self.names[row], surveys[row]),
            None => self.names[row].clone(),
        }
    }

    pub(crate) fn extra(&self, name: &str) -> Option<&[Option<f64>]> {
        self.extras.iter().find(|extra| extra.name == name).map(|extra| extra.values.as_slice())
    }

    /// A further number of a row; 0 where there is none.
    pub(crate) fn number(&self, name: &str, row: usize) -> f64 {
        self.extra(name).and_then(|values| values.get(row).copied().flatten()).unwrap_or(0.0)
    }

    /// Whether stretch and colour stand beside magnitudes that are not corrected for them.
    pub(crate) fn is_uncorrected(&self) -> bool {
        self.layout == Layout::LightCurveParameters
            && (self.extra("x1").is_some() || self.extra("c").is_some())
    }

    /// The Cepheid distance of a row that is a calibrator.
    pub(crate) fn calibrator_distance(&self, row: usize) -> Option<f64> {
        let is_calibrator = self.is_calibrator.as_ref().is_some_and(|flags| flags[row]);
        if is_calibrator { self.extra("ceph_distance").and_then(|distances| distances[row]) } else { None }
    }

    /// The rows at these places, which are inside.
    pub(crate) fn selected(&self, rows: &[usize]) -> Self {
        fn pick<T: Clone>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|&row| values[row].clone()).collect()
        }
        let numbers = |values: &Option<Vec<f64>>| values.as_ref().map(|values| pick(values, rows));
        let flags = |values: &Option<Vec<bool>>| values.as_ref().map(|values| pick(values, rows));
        Self {
            layout: self.layout,
            lines: pick(&self.lines, rows),
            names: pick(&self.names, rows),
            surveys: self.surveys.as_ref().map(|surveys| pick(surveys, rows)),
            z: pick(&self.z, rows),
            z_hd: numbers(&self.z_hd),
            z_cmb: numbers(&self.z_cmb),
            z_hel: numbers(&self.z_hel),
            published: pick(&self.published, rows),
            observable: pick(&self.observable, rows),
            kind: self.kind,
            error: numbers(&self.error),
            is_calibrator: flags(&self.is_calibrator),
            used_in_shoes_hf: flags(&self.used_in_shoes_hf),
            extras: self
                .extras
                .iter()
                .map(|extra| Extra { name: extra.name, values: pick(&extra.values, rows) })
                .collect(),
        }
    }

    /// The principal table of the result.
    pub(crate) fn table(&self, uncertainty: Vec<f64>) -> Table<'static> {
        let nullable = |values: &Option<Vec<f64>>| -> Vec<Option<f64>> {
            match values {
                Some(values) => values.iter().copied().map(Some).collect(),
                None => vec![None; self.len()],
            }
        };
        let published = Some(self.published.clone());
        let (m_b, mu) = match self.kind {
            ObservableKind::Magnitude => (published, None),
            ObservableKind::Modulus => (None, published),
        };
        let ids: Vec<String> = (0..self.len()).map(|row| self.row_id(row)).collect();
        let mut table = Table::new("data").column("row_id", ids).column("name", self.names.clone());
        if let Some(surveys) = &self.surveys {
            table = table.column("survey", surveys.clone());
        }
        table = table
            .column("z", self.z.clone())
            .column("z_hd", nullable(&self.z_hd))
            .column("z_cmb", nullable(&self.z_cmb))
            .column("z_hel", nullable(&self.z_hel))
            .column("observable", self.observable.clone())
            .column("uncertainty", uncertainty)
            .column("error_diagonal", nullable(&self.error))
            .column("m_b", nullable(&m_b))
            .column("mu", self.extra("mu").map_or_else(|| nullable(&mu), <[Option<f64>]>::to_vec));
        for extra in self.extras.iter().filter(|extra| extra.name != "mu") {
            table = table.column(extra.name, extra.values.clone());
        }
        if let Some(flags) = &self.is_calibrator {
            table = table.column("is_calibrator", flags.clone());
        }
        if let Some(flags) = &self.used_in_shoes_hf {
            table = table.column("used_in_shoes_hf", flags.clone());
        }
        table.build()
    }
}

/// Distance modulus to half a magnitude: second order in z, for 70 km/s/Mpc and a deceleration of -0.55.
pub(crate) fn rough_modulus(z: f64) -> f64 {
    5.0 * (cosmology::constants::SPEED_OF_LIGHT_KM_S / 70.0 * z * (1.0 + 0.775 * z)).log10() + 25.0
}
