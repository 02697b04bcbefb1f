//! `host check --json | host prepare --from -`.

use std::io::Write;
use std::process::Stdio;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox};

use super::{HARMS, current, damage, derived, flip, prepared, versions};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("repair::what_check_names_is_derived_again", &[], each_kind),
        trial("repair::what_cannot_be_derived_again_is_named_with_the_reason", &[], lost),
        trial("repair::a_list_of_names_comes_in_three_forms", &[], lists),
        trial("repair::nothing_damaged_is_nothing_to_do", &[], nothing),
    ]
}

/// `host … < text`
fn with_input(sandbox: &Sandbox, arguments: &[&str], text: &str) -> Outcome {
    let mut command = sandbox.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `host check --json | host prepare --from -`
fn repaired_by_deriving(sandbox: &Sandbox) -> Outcome {
    let report = sandbox.run(["check", "--json"]).stdout;
    with_input(sandbox, &["prepare", "--from", "-"], &report)
}

fn each_kind() {
    for (kind, harm) in HARMS {
        let sandbox = prepared();
        let (before, was_current) = (derived(&sandbox), current(&sandbox));
        for version in versions(&sandbox) {
            harm(&sandbox.data_root().join(version));
        }
        let found = damage(&sandbox);
        assert!(found.len() >= 3 && found.iter().any(|item| item["kind"] == kind), "{kind}: {found:#?}");
        let outcome = repaired_by_deriving(&sandbox).success();
        assert!(outcome.stdout.ends_with("3 prepared, 0 failed\n"), "{kind}: {outcome:?}");
        let _ = sandbox.run(["check"]).success();
        assert_eq!(damage(&sandbox), [] as [Value; 0], "{kind}");
        assert_eq!(derived(&sandbox), before, "{kind}: other bytes");
        assert_eq!(current(&sandbox), was_current, "{kind}: another version is current");
        let _ = sandbox.run(["audit", "verify"]).success();
    }
}

fn lost() {
    let sandbox = prepared();
    for version in versions(&sandbox) {
        flip(&sandbox.data_root().join(version).join("data.parquet"));
    }
    // The one record of `other` is gone: nobody says how it was made.
    std::fs::remove_file(sandbox.data_root().join("registry/derived/other/00000001.json")).unwrap();
    let damaged = derived(&sandbox);
    let outcome = repaired_by_deriving(&sandbox).failure(4, &["2 of 4 datasets failed"]);
    for text in
        ["no readable record says how version", "registry/derived/other/00000001.json", "repair --dry-run"]
    {
        assert!(outcome.stdout.contains(text), "`{text}` is not in {}", outcome.stdout);
    }
    let after = derived(&sandbox);
    let (mut kept, mut put_back) = (0, 0);
    for (path, bytes) in damaged.iter().filter(|(path, _)| path.ends_with("data.parquet")) {
        if path.starts_with("other") {
            assert_eq!(&after[path], bytes, "what cannot be put right is left as it is");
            kept += 1;
        } else {
            assert_ne!(&after[path], bytes);
            put_back += 1;
        }
    }
    assert_eq!((kept, put_back), (1, 2));
    // Without its module nothing can be derived.
    let sandbox = prepared();
    for version in versions(&sandbox) {
        flip(&sandbox.data_root().join(version).join("data.parquet"));
    }
    let report = sandbox.run(["check", "--json"]).stdout;
    let bare = sandbox.without_plugins();
    let outcome =
        with_input(&bare, &["prepare", "--from", "-"], &report).failure(2, &["all 3 datasets failed"]);
    assert!(outcome.stdout.contains("light_curve"), "{outcome:?}");
}

fn lists() {
    let sandbox = prepared();
    let was_current = current(&sandbox);
    let older = versions(&sandbox).into_iter().find(|version| {
        let digest = version.file_name().unwrap().to_str().unwrap();
        version.starts_with("derived/one") && !was_current.iter().any(|(_, current)| current == digest)
    });
    let digest = older.unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let cases = [
        format!("one@{}\nother # again\n", &digest[..12]),
        format!("{{\"name\": \"one\", \"version\": \"{digest}\"}}\n\"other\"\n"),
        format!("\"one@{digest}\"\n{{\"name\": \"other\"}}\n"),
    ];
    for list in cases {
        let before = derived(&sandbox);
        for version in versions(&sandbox)
            .iter()
            .filter(|version| !version.starts_with("derived/one") || version.ends_with(&digest))
        {
            flip(&sandbox.data_root().join(version).join("data.parquet"));
        }
        let file = sandbox.write("again.txt", &list);
        let outcome = sandbox.run(["prepare", "--from", file.to_str().unwrap()]).success();
        assert!(outcome.stdout.ends_with("2 prepared, 0 failed\n"), "{list}: {outcome:?}");
        assert_eq!(derived(&sandbox), before, "{list}");
        assert_eq!(current(&sandbox), was_current, "{list}");
    }
    let _ = with_input(&sandbox, &["prepare", "--from", "-"], "moon\n").failure(2, &["moon"]);
}

fn nothing() {
    let sandbox = prepared();
    let before = tests::tree(&sandbox.data_root().join("registry/derived"));
    let outcome = repaired_by_deriving(&sandbox).success();
    assert_eq!(outcome.stdout, "nothing to prepare\n");
    assert_eq!(tests::tree(&sandbox.data_root().join("registry/derived")), before);
    let failed = with_input(&sandbox, &["prepare", "--from", "-"], "{\"schema\": \"host.error/1\"}");
    let _ = failed.failure(16, &["failure of another command"]);
}
