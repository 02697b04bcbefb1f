//! Datasets manifests: a file from elsewhere that must not reach further than its folder.

use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use tests::{Outcome, Sandbox};

use super::nothing_is_registered;
use crate::reference::releases::{SIX_DEGREE_FIELD, sha256};

/// Prepares the only dataset of a manifest in a folder of its own.
fn prepare(sandbox: &Sandbox, manifest: &str) -> Outcome {
    let path = sandbox.write("release/datasets.json", manifest);
    sandbox.run(["prepare", "numbers", "--manifest", path.to_str().unwrap()])
}

fn manifest(dataset: &Value) -> String {
    json!({"schema": "host.datasets/1", "datasets": {"numbers": dataset}}).to_string()
}

fn with_mean(mean: &Value) -> String {
    manifest(&json!({"module": "bao", "inputs": {"mean": mean}}))
}

pub(super) fn paths() {
    let sandbox = Sandbox::new();
    let outside = sandbox.write("outside/mean.txt", SIX_DEGREE_FIELD);
    let _ = sandbox.write("release/inner/mean.txt", SIX_DEGREE_FIELD);
    let folder = sandbox.path("work/release");
    symlink(&outside, folder.join("link.txt")).unwrap();
    symlink("link.txt", folder.join("chain.txt")).unwrap();
    symlink(sandbox.path("work/outside"), folder.join("linked")).unwrap();
    symlink("inner/mean.txt", folder.join("within.txt")).unwrap();
    let leaves = "input `mean` leaves the manifest's folder: ";
    for (path, why) in [
        ("../outside/mean.txt", "the path holds `..`"),
        ("inner/../../outside/mean.txt", "the path holds `..`"),
        ("inner/../inner/mean.txt", "the path holds `..`"),
        (outside.to_str().unwrap(), "the path is absolute"),
        ("link.txt", "a link leads to "),
        ("chain.txt", "a link leads to "),
        ("linked/mean.txt", "a link leads to "),
    ] {
        let outcome = prepare(&sandbox, &with_mean(&json!({"path": path})));
        let texts = [&format!("{leaves}{why}"), "hint: put the file below the folder of the manifest"];
        let _ = outcome.failure(16, &texts);
    }
    let outcome = prepare(&sandbox, &with_mean(&json!({"path": "absent.txt"})));
    let _ = outcome.failure(16, &["cannot read input `mean`", "absent.txt"]);
    nothing_is_registered(&sandbox);
    // A link that stays inside is as good as the file; so is a manifest that is named from elsewhere.
    let _ = prepare(&sandbox, &with_mean(&json!({"path": "within.txt"}))).success();
}

pub(super) fn pins() {
    let sandbox = Sandbox::new();
    let _ = sandbox.write("release/mean.txt", SIX_DEGREE_FIELD);
    let right = sha256(SIX_DEGREE_FIELD);
    let wrong = sha256("0.106 0.337 0.015 rs_over_DV\n");
    let size = SIX_DEGREE_FIELD.len();
    let pinned = |sha256: &str, bytes: usize| json!({"path": "mean.txt", "sha256": sha256, "bytes": bytes});
    let untrusted = "input `mean` is not the file that the manifest pins";
    let outcome = prepare(&sandbox, &with_mean(&pinned(&wrong, size)));
    let _ = outcome.failure(12, &[untrusted, &right, &wrong, "hint: get the released file again"]);
    let outcome = prepare(&sandbox, &with_mean(&pinned(&right, size + 1)));
    let _ = outcome.failure(12, &[untrusted, &format!("has size {size}, the manifest says {}", size + 1)]);
    for fault in ["", "12", &right[1..], &right.to_uppercase(), &format!("sha256:{right}")] {
        let outcome = prepare(&sandbox, &with_mean(&pinned(fault, size)));
        let _ = outcome.failure(16, &["is malformed", "is not a sha256 digest", "line 1 column "]);
    }
    nothing_is_registered(&sandbox);
    let _ = prepare(&sandbox, &with_mean(&pinned(&right, size))).success();
}

pub(super) fn malformed() {
    let sandbox = Sandbox::new();
    let _ = sandbox.write("release/mean.txt", SIX_DEGREE_FIELD);
    for (text, texts) in [
        ("", &["line 1 column 0"][..]),
        ("<html></html>", &["line 1 column 1"]),
        ("{\n \"schema\": \"host.datasets/1\",\n \"datasets\": {},\n}", &["line 4 column 1"]),
        ("{\"schema\": \"host.datasets/1\"}", &["missing field `datasets`", "line 1 column"]),
        (
            "{\"schema\": \"host.datasets/1\",\n \"dataset\": {}}",
            &["unknown field `dataset`", "`datasets`", "line 2 column"],
        ),
        (
            "{\"schema\": \"host.datasets/2\", \"datasets\": {}}",
            &["`host.datasets/2`, expected `host.datasets/1`"],
        ),
    ] {
        let _ = prepare(&sandbox, text).failure(16, &["datasets.json` is malformed"]).failure(16, texts);
    }
    for (dataset, texts) in [
        (json!({}), &["missing field `module`"][..]),
        (json!({"module": 1}), &["invalid type: integer `1`", "line 1 column"]),
        (json!({"module": "bao", "input": {}}), &["unknown field `input`", "`inputs`"]),
        (
            json!({"module": "bao", "inputs": {"mean": {"path": "mean.txt", "bytes": -1}}}),
            &["`-1`", "line 1 column"],
        ),
        (
            json!({"module": "bao", "inputs": {"mean": "mean.txt"}}),
            &["invalid type: string", "line 1 column"],
        ),
    ] {
        let outcome = prepare(&sandbox, &manifest(&dataset));
        let _ = outcome.failure(16, &["datasets.json` is malformed"]).failure(16, texts);
    }
    let inputs = json!({"mean": {"path": "mean.txt"}});
    let unknown = manifest(&json!({"module": "bao", "inputs": {"meen": {"path": "mean.txt"}}}));
    let _ = prepare(&sandbox, &unknown).failure(2, &["module `bao` has no input `meen`", "did you mean"]);
    let unknown = json!({"module": "bao", "inputs": inputs, "parameters": {"fiducial_rd": 147.78}});
    let outcome = prepare(&sandbox, &manifest(&unknown));
    let _ = outcome.failure(2, &["no parameter `fiducial_rd`", "did you mean `--param fiducial_rd_mpc=…`?"]);
    let wrong = json!({"module": "bao", "inputs": inputs, "parameters": {"fiducial_rd_mpc": "147.78"}});
    let outcome = prepare(&sandbox, &manifest(&wrong));
    let _ = outcome.failure(16, &["parameter `fiducial_rd_mpc`: expected a number"]);
    let _ = prepare(&sandbox, &manifest(&json!({"module": "boa"})))
        .failure(2, &["no module `boa`", "did you mean"]);
    let path = sandbox.write("release/datasets.json", manifest(&json!({"module": "bao"})));
    let path = path.to_str().unwrap();
    let outcome = sandbox.run(["prepare", "number", "--manifest", path]);
    let _ = outcome.failure(2, &["no dataset `number` in the manifest", "did you mean `numbers`?"]);
    let outcome = sandbox.run(["prepare", "numbers", "--manifest", "absent.json"]);
    let _ =
        outcome.failure(16, &["cannot read `absent.json`", "hint: name the manifest with `--manifest FILE`"]);
    nothing_is_registered(&sandbox);
}
