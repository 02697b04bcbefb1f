//! Pictures of a dataset, declared by the module and drawn by the host.
//!
//! A module says what stands where; colours, marks and layout are the host's. Text is drawn as it is written, so
//! indices and Greek letters are those of Unicode (`σ₈`, `χ²`, `ωᵦ`). A picture that names a table, column, matrix or
//! model that is not in the result breaks the contract (`plot.reference`).

use serde::{Deserialize, Serialize};

/// A picture that shows a dataset at a glance: `host plot NAME` draws it, and the report of a dataset holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Plot {
    /// Points with error bars over an axis, curves beside them, and below them how far the points are from a model.
    /// What an axis cannot show, such as 0 on a logarithmic one, is left out and counted below the picture.
    Points {
        /// Above the picture.
        title: String,
        /// Horizontal axis.
        x: Axis,
        /// Vertical axis.
        y: Axis,
        /// Points; each series has a colour, and a name of its own in the legend.
        series: Vec<Series>,
        /// Lines drawn through the given nodes.
        #[serde(default)]
        curves: Vec<Curve>,
        /// A second panel with observed minus predicted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        residuals: Option<Residuals>,
    },
    /// The correlations of a matrix, as a square of colours from -1 to 1. Of more than 600 rows, each pixel is the
    /// strongest of several correlations.
    Correlation {
        /// Above the picture.
        title: String,
        /// The covariance.
        matrix: String,
        /// Column of the matrix's table that names its rows; used for up to 40 of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        labels: Option<String>,
    },
    /// Confidence regions of a Gaussian, one panel for each pair of rows (of the first eight): the 68.27 % and 95.45 %
    /// regions of two parameters.
    Ellipses {
        /// Above the picture.
        title: String,
        /// Table whose rows are the parameters.
        table: String,
        /// Column with the mean of each.
        value: String,
        /// Column with the name of each. The unit follows from the contract of `value`.
        label: String,
        /// Their covariance.
        matrix: String,
    },
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// What it shows, without the unit.
    pub label: String,
    /// Unit; empty or `1` for a pure number. `km s^-1` is drawn as `km s⁻¹`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Whether equal distances are equal ratios.
    #[serde(default)]
    pub logarithmic: bool,
}

/// Points of one colour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name in the legend.
    pub label: String,
    /// Table that the points come from.
    pub table: String,
    /// Column with the horizontal coordinates.
    pub x: String,
    /// Column with the vertical coordinates.
    pub y: String,
    /// Column with the standard deviations of `y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Only rows in which this column holds this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// What `y` and `error` are multiplied by to bring them to the unit of the axis; 1 unless said otherwise.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub scale: f64,
}

fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(scale: &f64) -> bool {
    scale.to_bits() == 1.0_f64.to_bits()
}

/// A choice of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Only {
    /// A text column.
    pub column: String,
    /// The text it must hold.
    pub equals: String,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Name in the legend; empty for none.
    pub label: String,
    /// Label of the series whose colour it takes; absent for the colour of lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Horizontal coordinates, rising.
    pub x: Vec<f64>,
    /// Vertical coordinates, in the unit of the axis.
    pub y: Vec<f64>,
}

/// The panel of residuals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residuals {
    /// Name of the [`ReferenceModel`](crate::ReferenceModel) that is subtracted, with its free offset if it has one,
    /// from the series that show the model's table and column.
    pub model: String,
    /// What the axis shows, without the unit, which is that of the vertical axis.
    pub label: String,
}
