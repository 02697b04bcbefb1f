//! What every module must keep to, for this one.

use cc::CosmicChronometers;

plugin_api::conformance!(
    CosmicChronometers,
    Example::new("unknown points with a covariance")
        .input("table", "0.5, 90, 10\n0.75, 98.8, 33.6\n1.0, 125, 12\n")
        .input("covariance", "101 5 3\n5 1130 2\n3 2 145\n"),
    Example::new("errors alone, on purpose")
        .input("table", "0.5 90 10\n1.0 125 12\n")
        .parameter("systematics", "none")
        .parameter("d4000_redshifts", "0.5"),
);
