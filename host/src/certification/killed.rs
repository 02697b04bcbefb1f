//! A preparation that is killed: a process of the host, ended without warning after each of its stages.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::bench::{Bench, Golden, NO_EXAMPLE};
use super::faults::damage;
use super::line::{Evidence, Outcome};
use crate::env_vars;
use crate::error::{Error, Kind, Result};
use crate::registry::{DataRoot, Registry};

/// The process says in its log when one of these is done.
const STAGES: [&str; 4] = ["plan", "ingest", "derive", "validate"];

/// Kills a preparation after each stage, looks for damage, and lets the last one come to its end.
pub(super) fn prepare(bench: &mut Bench<'_>) -> Result<Outcome> {
    let Some(golden) = bench.quickest() else { return Ok(Outcome::skipped(NO_EXAMPLE)) };
    let mut told = Vec::new();
    let mut killed = 0;
    for stage in STAGES {
        let ended = kill_after(stage, bench, &golden)?;
        let registry = Registry::open(DataRoot::open(bench.path("killed"))?);
        if let Some(torn) = damage(&registry)? {
            return Ok(Outcome::of(false, format!("killed after `{stage}`, torn: {torn}")));
        }
        killed += usize::from(ended);
        told.push(Evidence::fact(format!("`{stage}`: {}", if ended { "killed" } else { "was faster" })));
    }
    let registry = bench.registry("killed")?;
    let prepared = bench.prepare(&golden.module, &registry)?;
    let same = prepared.registered.version == golden.version && damage(&registry)?.is_none();
    let rerun = if same { "the rerun gave the same version" } else { "the rerun gave another version" };
    let measured = format!("killed {killed} times, nothing torn; {rerun}");
    told.push(Evidence::digest("version of the rerun", prepared.registered.version));
    Ok(Outcome::of(same && killed > 0, measured).shown_by(told))
}

/// Whether the process was there to be killed when it had said that a stage was done.
fn kill_after(stage: &str, bench: &Bench<'_>, golden: &Golden) -> Result<bool> {
    let no_process = |error: std::io::Error| {
        Error::new(Kind::Internal, "cannot start a process that is to be killed").cause(error.to_string())
    };
    let program = std::env::current_exe().map_err(no_process)?;
    let root = bench.path("killed");
    let mut child = Command::new(program)
        .args(&bench.subject.flags)
        .arg("--data-root")
        .arg(&root)
        .args([
            "-vv",
            "--log-format",
            "json",
            "--no-progress",
            "prepare",
            "--plugin",
            &golden.module,
            "--force",
        ])
        // Wherever the settings put these, the process must not write there.
        .env(env_vars::PBUF_REGISTRY_BASE_DIR, root.join("registry"))
        .env(env_vars::PBUF_FRAMEWORK_LOG_DIRECTORY, root.join("logs"))
        .env(env_vars::PBUF_FRAMEWORK_CACHE_DIRECTORY, root.join("cache"))
        .env(env_vars::PBUF_REGISTRY_ENABLED, "true")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(no_process)?;
    let said = child.stderr.take().map(BufReader::new);
    let done = said.into_iter().flat_map(BufRead::lines).map_while(std::io::Result::ok).any(|line| {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        line.pointer("/fields/stage").and_then(serde_json::Value::as_str) == Some(stage)
    });
    // One that has ended already cannot be killed, and is waited for all the same.
    let _ = child.kill();
    let status = child.wait().map_err(no_process)?;
    Ok(done && !status.success())
}
