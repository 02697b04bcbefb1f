//! Records what this copy of the crate was built by and for; the module manifest carries it.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = variable("TARGET");
    let features = variable("CARGO_CFG_TARGET_FEATURE");
    let rustc = Command::new(variable("RUSTC"))
        .arg("--version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    println!("cargo::rustc-env=PLUGIN_API_TARGET={target}");
    println!("cargo::rustc-env=PLUGIN_API_TARGET_FEATURES={features}");
    println!("cargo::rustc-env=PLUGIN_API_RUSTC={rustc}");
}

#[expect(clippy::disallowed_methods, reason = "cargo's own variables")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
