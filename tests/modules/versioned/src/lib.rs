//! Built against several versions of the interface; see `tests/fixture.rs`. Tells when it is loaded.

use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, Table};

/// Runs when the library is loaded, before anybody calls it.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
static ON_LOAD: extern "C" fn() = on_load;

extern "C" fn on_load() {
    if let Some(folder) = std::env::var_os("MODULE_TRACE") {
        let _ = std::fs::write(std::path::Path::new(&folder).join("MODULE_ID"), "loaded");
    }
}

#[derive(Default)]
struct Versioned;

impl DerivationModule for Versioned {
    fn derive<'a>(
        &self,
        _inputs: &Inputs<'a>,
        _parameters: &Parameters,
        _context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        Ok(Derived::new("numbers").table(Table::new("data").column("value", vec![1.0, 2.0, 3.0]).build()))
    }
}

plugin_api::export_module! {
    module: Versioned,
    descriptor: "../module.json",
}
