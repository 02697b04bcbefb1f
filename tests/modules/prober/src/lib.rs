//! A module that tries what it is not allowed, or leaves something behind; see `probes` and `deed` in `module.json`.

mod allowed;
mod forbidden;
mod leavings;

use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, Table};

/// What was tried and the error number, or zero.
type Probe = (&'static str, i32);

#[derive(Default)]
struct Prober;

/// How often this process was asked.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// What the constructor below was told.
static AT_LOAD: AtomicI32 = AtomicI32::new(-1);

/// Runs when the library is loaded, before anybody can call it.
extern "C" fn constructor() {
    AT_LOAD.store(errno(std::fs::File::open("/etc/passwd")), Ordering::SeqCst);
}

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = constructor;

/// The error number of an attempt.
fn errno<T>(attempt: std::io::Result<T>) -> i32 {
    attempt.err().map_or(0, |error| error.raw_os_error().unwrap_or(-1))
}

/// The error number of a call that answers -1.
fn errno_of(answer: i64) -> i32 {
    if answer < 0 { std::io::Error::last_os_error().raw_os_error().unwrap_or(-1) } else { 0 }
}

impl DerivationModule for Prober {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        parameters: &Parameters,
        _context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        let calls = CALLS.fetch_add(1, Ordering::SeqCst) + 1;
        let bytes = inputs.require("bytes")?.bytes;
        let victim = parameters.text("victim")?.unwrap_or_default();
        let mut probes = match parameters.text("probes")?.unwrap_or_default() {
            "forbidden" => forbidden::everything(victim),
            "files-and-sockets" => forbidden::files_and_sockets(victim),
            "inherited" => {
                vec![("read descriptor 9", errno_of(unsafe { libc::lseek(9, 0, libc::SEEK_SET) }))]
            }
            "allowed" => allowed::everything(bytes),
            _ => vec![("calls", i32::try_from(calls).unwrap_or(-1))],
        };
        probes.push(("constructor reads /etc/passwd", AT_LOAD.load(Ordering::SeqCst)));
        leavings::leave(parameters.text("deed")?.unwrap_or_default())?;
        let (names, numbers): (Vec<String>, Vec<f64>) =
            probes.into_iter().map(|(name, number)| (name.to_owned(), f64::from(number))).unzip();
        let table = Table::new("answers").column("row_id", names).column("errno", numbers);
        Ok(Derived::new("answers").table(table.build()))
    }
}

plugin_api::export_module! {
    module: Prober,
    descriptor: "../module.json",
    files: ["../input.txt"],
}
