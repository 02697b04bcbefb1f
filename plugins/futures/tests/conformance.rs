//! What every module must keep to, for this one.

use futures::Futures;

plugin_api::conformance!(
    Futures,
    Example::new("the same bars as the reference takes them")
        .input("bars", *include_bytes!("../bundled/synthetic.dbn.zst"))
        .parameter("mode", "compat"),
);
