//! Constants of nature, in the units that survey papers use.

/// Speed of light in km/s, exact by definition of the metre.
pub const SPEED_OF_LIGHT_KM_S: f64 = 299_792.458;
