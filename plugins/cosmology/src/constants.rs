//! Constants of nature, in the units that survey papers use.

/// Speed of light in km/s, exact by definition of the metre.
pub const SPEED_OF_LIGHT_KM_S: f64 = 299_792.458;

/// Temperature of the cosmic microwave background in K: Fixsen 2009, arXiv:0911.1955, abstract, 2.72548 ± 0.00057,
/// rounded as in Planck 2018 results VI and in the distance priors made from it.
pub const CMB_TEMPERATURE_K: f64 = 2.7255;
