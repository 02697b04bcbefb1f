//! The same numbers, whatever is linked into the module; see `Cargo.toml`.

use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, Table};

#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Default)]
struct Companions;

impl DerivationModule for Companions {
    fn derive<'a>(
        &self,
        _inputs: &Inputs<'a>,
        _parameters: &Parameters,
        _context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        let numbers: Vec<f64> = (1..=1000).map(f64::from).collect();
        let row_id: Vec<String> = (1..=1000).map(|row| row.to_string()).collect();
        let table = Table::new("data").column("row_id", row_id).column("root", roots(numbers)).build();
        Ok(Derived::new("numbers").table(table))
    }
}

#[cfg(feature = "arrow")]
fn roots(numbers: Vec<f64>) -> Vec<f64> {
    use arrow_array::types::Float64Type;
    let numbers = arrow_array::Float64Array::from(numbers);
    numbers.unary::<_, Float64Type>(f64::sqrt).values().to_vec()
}

#[cfg(not(feature = "arrow"))]
fn roots(numbers: Vec<f64>) -> Vec<f64> {
    numbers.into_iter().map(f64::sqrt).collect()
}

plugin_api::export_module! {
    module: Companions,
    descriptor: "../module.json",
}
