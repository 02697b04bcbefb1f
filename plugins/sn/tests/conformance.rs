//! What every module must keep to, for this one.

plugin_api::conformance!(sn::Sn);
