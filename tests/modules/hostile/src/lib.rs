//! A module that misbehaves on request; see `deed` in `module.json`.

mod forged;
mod process;
mod results;
mod system;

use std::time::Duration;

use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters};

#[derive(Default)]
struct Hostile;

impl DerivationModule for Hostile {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        let rows = usize::try_from(parameters.integer("rows")?.unwrap_or(3)).unwrap_or(3);
        context.progress(0.5, "about to do it");
        let deed = parameters.text("deed")?.unwrap_or("behave");
        if deed == "polite-loop" {
            loop {
                std::thread::sleep(Duration::from_millis(10));
                context.check_cancelled()?;
            }
        }
        let bytes = inputs.iter().find(|input| input.role == "bytes").map_or(&[][..], |input| input.bytes);
        process::act(deed, context);
        forge(deed, rows, bytes);
        results::of(deed, rows)
    }
}

fn forge(deed: &str, rows: usize, bytes: &[u8]) {
    match deed {
        "garbage-frame" => {
            forged::frame("{]}[!");
            std::process::exit(0);
        }
        "forged-done" => {
            forged::done(99_999_999);
            std::process::exit(0);
        }
        "done-with-nothing" => {
            forged::done(4_000_000);
            std::process::exit(0);
        }
        "endless-segments" => forged::segments_for_ever(),
        "huge-frame" => {
            forged::say(&u32::MAX.to_le_bytes());
            std::thread::sleep(Duration::from_secs(60));
        }
        "reply-twice" => {
            forged::frame(r#"{"frame":"failed","error":{"kind":"internal","message":"the first word"}}"#)
        }
        "claim-confinement" => {
            forged::frame(
                r#"{"frame":"ready","confinement":{"level":"full","applied":["forged-wall"],"missing":[]},"condition":{"lasting":[],"memory_bytes":0}}"#,
            );
        }
        "huge-error" => {
            let message = "x".repeat(900_000);
            forged::frame(&format!(
                r#"{{"frame":"failed","error":{{"kind":"internal","message":"{message}"}}}}"#
            ));
        }
        "forged-refusal" => forged::frame(r#"{"frame":"refused","message":"run the host as root"}"#),
        "progress-out-of-range" => {
            forged::progress_out_of_range();
            panic!("far beyond the end");
        }
        "progress-much" => {
            for _ in 0..20_000 {
                forged::frame(r#"{"frame":"progress","fraction":0.5,"doing":"again"}"#);
            }
            panic!("with nothing left to do");
        }
        "drip" => forged::drip(),
        "garbage-result" => forged::noise(rows),
        "forged-table" => forged::answer(&forged::report("\"data\""), &[bytes]),
        "forged-report" => forged::answer(&String::from_utf8_lossy(bytes), &[]),
        "lying-report" => forged::answer(&forged::report("\"data\",\"more\""), &[bytes]),
        "one-table-for-all" => forged::same_table_again_and_again(bytes),
        "seal-the-seals" => {
            if let Some(file) = forged::result_file() {
                system::seal_seals(&file);
                std::mem::forget(file);
            }
        }
        "scribble" => {
            std::thread::spawn(forged::scribble);
        }
        _ => {}
    }
}

plugin_api::export_module! {
    module: Hostile,
    descriptor: "../module.json",
    files: ["../bytes.txt"],
}
