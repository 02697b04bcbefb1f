//! The command line as people and programs see it: help, exit codes, errors, listings, configuration, JSON envelopes.
//!
//! Snapshots are in `tests/it/snapshots`; `INSTA_UPDATE=always cargo test -p tests --test it` writes them anew.

use std::path::Path;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox, fixture, repository};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("cli::help_of_every_verb_is_as_documented", &[], help),
        trial("cli::exit_codes_are_as_documented", &[], exit_codes),
        trial("cli::errors_have_place_cause_and_hint", &[], errors),
        trial("cli::prepare_prints_what_it_made_where_and_how_it_was_checked", &[], prepare_output),
        trial("cli::the_readme_shows_what_is_printed", &[], readme),
        trial("cli::every_json_answer_has_the_envelope", &[], envelopes),
        trial("cli::configuration_layers_override_each_other", &[], configuration),
        trial("cli::every_setting_is_read_by_something", &[], settings_are_read),
        trial("cli::keys_of_the_configuration_are_as_documented", &[], configuration_keys),
        trial("cli::a_closed_pipe_is_no_error", &[], closed_pipe),
        trial("cli::colour_only_on_a_terminal", &[], no_colour),
        trial("cli::completions_and_man_page_are_made", &[], completions),
        trial("cli::a_summary_is_left_for_each_preparation", &[], summaries),
        trial("cli::unsafe_code_is_only_where_it_is_declared", &[], unsafe_places),
        trial("cli::the_host_knows_no_domain_word", &[], domain_words),
    ]
}

fn snapshot(name: &str, text: &str, sandbox: &Sandbox) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(repository().join("tests/it/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(&sandbox.path("").to_string_lossy().replace('.', r"\."), "SANDBOX/");
    settings.add_filter(&repository().to_string_lossy().replace('.', r"\."), "REPOSITORY");
    settings.add_filter(r"[0-9a-f]{64}", "SHA256");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME");
    settings.add_filter(r"took    \d+ ms", "took    N ms");
    // What a system has to confine a worker with differs.
    settings.add_filter(r"confined    \w+, (by|without) .*", "confined    LEVEL");
    settings.add_filter(r#""default": \d+"#, r#""default": N"#);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn help() {
    let sandbox = Sandbox::new();
    let mut text = String::new();
    for verb in [
        &[][..],
        &["prepare"],
        &["fetch"],
        &["dataset"],
        &["dataset", "list"],
        &["dataset", "info"],
        &["validate"],
        &["list"],
        &["show"],
        &["path"],
        &["export"],
        &["plot"],
        &["report"],
        &["diff"],
        &["check"],
        &["certify"],
        &["health"],
        &["doctor"],
        &["maintenance"],
        &["maintenance", "on"],
        &["halt"],
        &["resume"],
        &["status"],
        &["metrics"],
        &["reproduce"],
        &["retire"],
        &["serve"],
        &["run"],
        &["run", "list"],
        &["run", "cancel"],
        &["run", "resume"],
        &["plugin"],
        &["plugin", "list"],
        &["plugin", "info"],
        &["plugin", "verify"],
        &["plugin", "new"],
        &["plugin", "test"],
        &["plugin", "pack"],
        &["plugin", "key"],
        &["plugin", "index"],
        &["plugin", "install"],
        &["plugin", "upgrade"],
        &["plugin", "rollback"],
        &["plugin", "remove"],
        &["plugin", "enable"],
        &["plugin", "disable"],
        &["plugin", "lock"],
        &["trust"],
        &["trust", "add"],
        &["trust", "remove"],
        &["registry"],
        &["audit"],
        &["audit", "export"],
        &["backup"],
        &["backup", "create"],
        &["backup", "check"],
        &["backup", "restore"],
        &["backup", "forget"],
        &["config"],
        &["config", "show"],
        &["deploy"],
        &["deploy", "print"],
        &["deploy", "verify"],
        &["completions"],
        &["man"],
    ] {
        let outcome = sandbox.run(verb.iter().chain(&["--help"])).success();
        let _ = append(&mut text, format_args!("$ host {} --help\n{}\n", verb.join(" "), outcome.stdout));
    }
    snapshot("help", &text, &sandbox);
}

fn exit_codes() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile());
    let input = sandbox.write("empty.bin", "");
    let bad_input = format!("bytes={}", input.display());
    let bad_configuration = sandbox.write("bad.json", r#"{"processing": {"timeout": 1}}"#);
    let bad_configuration = bad_configuration.to_string_lossy().into_owned();
    let cases: [(&[&str], i32); 11] = [
        (&["list"], 10),
        (&["nonsense"], 2),
        (&["prepare"], 2),
        (&["prepare", "--plugin", "nobody"], 2),
        (&["prepare", "--plugin", "hostile", "--param", "deed=finding"], 3),
        (&["prepare", "--plugin", "hostile", "--param", "deed=panic"], 14),
        (&["prepare", "--plugin", "hostile", "--param", "deed=loop", "--timeout", "0.3"], 15),
        (&["prepare", "--plugin", "hostile", "--input", &bad_input], 16),
        (&["prepare", "--plugin", "hostile", "--param", "deeds=x"], 2),
        (&["list", "--config", &bad_configuration], 17),
        (&["show", "nothing"], 2),
    ];
    for (arguments, code) in cases {
        let outcome = sandbox.run(arguments);
        assert_eq!(outcome.code, Some(code), "{arguments:?}: {}{}", outcome.stdout, outcome.stderr);
    }
    let root = sandbox.write("in/the/way", "a file where the data root should be");
    let mut command = sandbox.command(["prepare", "--plugin", "hostile"]);
    command.arg("--data-root").arg(root.join("below"));
    let outcome = Outcome::of(&mut command);
    assert_eq!(outcome.code, Some(18), "{}", outcome.stderr);
}

fn errors() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile()).with_plugins(fixture::example());
    let csv = sandbox.write("bad.csv", "time_day,magnitude,uncertainty_magnitude\n1,2,3\n4,five,6\n");
    let table = format!("table={}", csv.display());
    let mut text = String::new();
    for arguments in [
        &["prepare", "--plugin", "light_curv"][..],
        &["prepare", "--plugin", "light_curve", "--input", "tabel=x.csv"],
        &["prepare", "--plugin", "light_curve", "--input", "table=absent.csv"],
        &["prepare", "--plugin", "light_curve", "--input", &table, "--param", "reference_magnitude=12"],
        &["prepare", "--plugin", "light_curve", "--param", "reference_magnitude=bright"],
        &["prepare", "--plugin", "light_curve", "--param", "reference_magnitude=99"],
        &["prepare", "--plugin", "hostile", "--param", "deed=panic"],
        &["prepare", "--plugin", "hostile", "--param", "deed=exit-0"],
        &["prepare", "--plugin", "hostile", "--param", "deed=finding"],
        &["prepare", "--plugin", "hostile", "--name", "../escape"],
        &["show", "example_star"],
    ] {
        let outcome = sandbox.run(arguments);
        let shown: Vec<&str> = arguments.to_vec();
        let _ = append(
            &mut text,
            format_args!("$ host {}\n{}{}", shown.join(" "), outcome.stdout, outcome.stderr),
        );
        let _ = append(&mut text, format_args!("[exit {}]\n\n", outcome.code.unwrap()));
    }
    let text = text.replace(&*fixture::hostile().to_string_lossy(), "FIXTURES/hostile");
    let text = text.replace(&*fixture::example().to_string_lossy(), "FIXTURES/example");
    let text = text.replace(&*tests::host().parent().unwrap().to_string_lossy(), "BESIDE_THE_HOST");
    snapshot("errors", &text, &sandbox);
}

fn prepare_output() {
    let sandbox = Sandbox::new();
    let mut text = String::new();
    for arguments in [
        &["prepare", "--plugin", "bao"][..],
        &["prepare", "--plugin", "bao"],
        &["list"],
        &["show", "desi_dr2_bao"],
        &["validate", "desi_dr2_bao"],
        &["check"],
        &["audit", "verify"],
        &["reproduce", "desi_dr2_bao"],
        &["registry", "rebuild"],
    ] {
        let outcome = sandbox.run(arguments).success();
        let _ = append(&mut text, format_args!("$ host {}\n{}\n", arguments.join(" "), outcome.stdout));
    }
    let hash = insta_short_hashes(&text);
    snapshot("prepare", &hash, &sandbox);
}

/// The README's first output, version and all, is what everybody gets.
fn readme() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let block = readme.split("```text\n").find(|block| block.starts_with("prepared")).unwrap();
    let sandbox = Sandbox::new();
    let printed = sandbox.run(["prepare", "--plugin", "bao"]).success().stdout;
    let printed = printed.replace(&*sandbox.data_root().to_string_lossy(), "~/.pbuf/data");
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().take_while(|line| *line != "```").map(str::trim_end);
        lines.filter(|line| !line.starts_with("  took")).map(str::to_owned).collect()
    };
    assert_eq!(lines(block), lines(&printed));
}

/// `host list` shows the first twelve digits.
fn insta_short_hashes(text: &str) -> String {
    text.lines()
        .map(|line| {
            let words = line.split(' ').map(|word| {
                let short = word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
                if short { "SHORT_SHA256" } else { word }
            });
            words.collect::<Vec<_>>().join(" ") + "\n"
        })
        .collect()
}

fn envelopes() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let prepared = sandbox.json(["prepare", "--plugin", "light_curve"]);
    let version = prepared.pointer("/data/datasets/0/dataset/version").and_then(Value::as_str).unwrap();
    assert_eq!(version.len(), 64);
    let output = sandbox.path("work/out");
    let output = output.to_string_lossy().into_owned();
    for (arguments, schema) in [
        (&["prepare", "--plugin", "light_curve", "--dry-run"][..], "host.plan/1"),
        (&["prepare", "--plugin", "light_curve"], "host.prepare/1"),
        (&["list"], "host.list/1"),
        (&["show", "example_star"], "host.show/1"),
        (&["path", "example_star"], "host.path/1"),
        (&["validate", "example_star"], "host.validate/1"),
        (&["export", "example_star", "--format", "csv", "--output", &output], "host.export/1"),
        (&["plot", "example_star", "--output", "x.svg"], "host.plot/1"),
        (&["report", "example_star"], "host.report/1"),
        (&["report", "daily"], "host.operations-report/1"),
        (&["run", "list"], "host.run-list/1"),
        (&["run", "show", "last"], "host.run-show/1"),
        (&["run", "logs", "last"], "host.run-logs/1"),
        (&["run", "resume", "last"], "host.prepare/1"),
        (&["diff", "example_star", "example_star"], "host.diff/1"),
        (&["check"], "host.check/1"),
        (&["reproduce", "example_star"], "host.reproduce/1"),
        (&["dataset", "list"], "host.dataset-list/1"),
        (&["dataset", "info", "example_star"], "host.dataset-info/1"),
        (&["fetch", "example_star"], "host.fetch/1"),
        (&["plugin", "list"], "host.plugin-list/1"),
        (&["plugin", "info", "light_curve"], "host.plugin-info/1"),
        (&["plugin", "verify", "light_curve"], "host.plugin-verify/1"),
        (&["registry", "rebuild"], "host.registry-rebuild/1"),
        (&["audit", "verify"], "host.audit-verify/1"),
        (&["audit", "list"], "host.audit-list/1"),
        (&["config", "show"], "host.config-show/1"),
        (&["config", "validate"], "host.config-validate/1"),
        (&["config", "schema"], "host.config-schema/1"),
        (&["completions", "bash"], "host.completions/1"),
        (&["man"], "host.man/1"),
    ] {
        let (code, answer) = sandbox.run_json(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {answer:#}");
        assert_eq!(answer["schema"], schema, "{arguments:?}");
        assert_eq!(answer["ok"], true);
        assert!(answer["error"].is_null() && !answer["data"].is_null(), "{arguments:?}");
    }
    let (code, failed) = sandbox.run_json(["show", "example_sta"]);
    assert_eq!(
        (code, &failed["ok"], &failed["error"]["exit"]),
        (Some(2), &Value::from(false), &Value::from(2))
    );
    let path = sandbox.json(["path", "example_star"]);
    assert!(Path::new(path["data"]["path"].as_str().unwrap()).join("dataset.json").is_file());
    let plain = sandbox.run(["path", "example_star"]).success();
    assert_eq!(plain.stdout.trim_end(), path["data"]["path"]);
}

fn configuration() {
    let sandbox = Sandbox::new();
    let value = |arguments: &[&str], variable: Option<&str>| {
        let mut command = sandbox.command(arguments);
        command.arg("--json");
        if let Some(value) = variable {
            command.env("PBUF_PROCESSING_TIMEOUT_SECONDS", value);
        }
        let answer: Value = serde_json::from_str(&Outcome::of(&mut command).success().stdout).unwrap();
        let settings = answer.pointer("/data/settings").and_then(Value::as_array).unwrap().clone();
        let setting =
            settings.into_iter().find(|setting| setting["key"] == "processing.timeout_seconds").unwrap();
        (setting["value"].as_f64().unwrap().to_string(), setting["origin"].as_str().unwrap().to_owned())
    };
    let show = ["config", "show", "--origin"];
    assert_eq!(value(&show, None), ("3600".to_owned(), "default".to_owned()));
    std::fs::create_dir(sandbox.path("home/.pbuf")).unwrap();
    std::fs::copy(
        sandbox.write("user.json", "{\n  \"processing\": { \"timeout_seconds\": 100 }\n}\n"),
        sandbox.path("home/.pbuf/data_preparation_config.json"),
    )
    .unwrap();
    let (found, origin) = value(&show, None);
    assert!(found == "100" && origin.starts_with("user") && origin.ends_with(":2"), "{origin}");
    let _ = sandbox.write("pbuf.json", r#"{"processing": {"timeout_seconds": 200}}"#);
    let (found, origin) = value(&show, None);
    assert!(found == "200" && origin.starts_with("project"), "{origin}");
    assert_eq!(
        value(&show, Some("300")),
        ("300".to_owned(), "env PBUF_PROCESSING_TIMEOUT_SECONDS".to_owned())
    );
    let outcome = sandbox.run(["config", "show", "--origin"]).success();
    assert!(outcome.stdout.contains("flag --data-root"), "{}", outcome.stdout);
    let _ = sandbox.write("pbuf.json", "{\n \"processing\": {\"timeout_second\": 200}\n}");
    let broken = sandbox.run(["config", "validate"]);
    assert_eq!(broken.code, Some(17));
    assert!(broken.stdout.contains("timeout_seconds") && broken.stdout.contains(":2:"), "{}", broken.stdout);
    let _ = sandbox.run(["list"]).failure(17, &["timeout_second", "did you mean"]);
}

/// Appends formatted text.
fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) -> std::fmt::Result {
    std::fmt::Write::write_fmt(text, arguments)
}

/// An accessor that nothing calls would be a key that does nothing.
fn settings_are_read() {
    let source = repository().join("host/src");
    let accessors = std::fs::read_to_string(source.join("config/accessors.rs")).unwrap();
    let names = accessors.lines().filter_map(|line| line.trim().strip_prefix("pub fn ")?.split('(').next());
    let used: String = tests::tree(&source)
        .into_iter()
        .filter(|(path, _)| !path.starts_with("config"))
        .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
        .collect();
    for name in names {
        assert!(used.contains(&format!(".{name}()")), "`{name}` is called by nothing outside `config`");
    }
}

fn configuration_keys() {
    let sandbox = Sandbox::new();
    let schema = sandbox.run(["config", "schema"]).success().stdout;
    snapshot("configuration-schema", &schema, &sandbox);
}

fn closed_pipe() {
    let sandbox = Sandbox::new();
    let host = tests::host();
    let mut command = std::process::Command::new("sh");
    let script = format!(
        "'{}' man prepare | true; '{}' --help | head -1 >/dev/null; echo ended",
        host.display(),
        host.display()
    );
    command.arg("-c").arg(script).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", sandbox.path("home"));
    let outcome = Outcome::of(&mut command).success();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("ended\n", ""));
}

fn no_colour() {
    let sandbox = Sandbox::new();
    for outcome in [sandbox.run(["plugin", "list"]), sandbox.run(["show", "x"])] {
        assert!(!outcome.stdout.contains('\u{1b}') && !outcome.stderr.contains('\u{1b}'));
    }
}

fn completions() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(sandbox.run(["completions", shell]).success().stdout.contains("reproduce"), "{shell}");
    }
    assert!(sandbox.run(["man"]).success().stdout.contains(".TH host"));
    let _ = sandbox.run(["man", "prepar"]).failure(2, &["host man prepare"]);
}

fn summaries() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(["prepare", "--plugin", "light_curve"]).success();
    let logs = tests::tree(&sandbox.data_root().join("logs/transformations"));
    let (name, bytes) = logs.into_iter().next().unwrap();
    assert!(name.to_string_lossy().contains("_processing_summary_"), "{}", name.display());
    let summary: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(summary["schema"], "host.processing-summary/1");
    assert!(summary["processing_duration_seconds"].as_f64().unwrap() > 0.0);
}

fn unsafe_places() {
    let allowed = [
        "host/src/modules/library.rs",
        "host/src/platform/linux/file_size.rs",
        "host/src/platform/linux/heap.rs",
        "host/src/platform/linux/inherited.rs",
        "host/src/platform/mapping.rs",
        "plugin-api/src/abi.rs",
        "plugin-api/src/arrow_c.rs",
        "plugin-api/src/export.rs",
        "plugin-api/src/host_side/array.rs",
        "plugin-api/src/host_side/c_module.rs",
        "plugin-api/src/host_side/mod.rs",
        "plugin-api/src/host_side/rust_module.rs",
        "plugin-api/src/host_side/services.rs",
        "plugin-api/src/host_side/stream.rs",
    ];
    for folder in ["host/src", "plugin-api/src", "plugins"] {
        for (path, bytes) in tests::tree(&repository().join(folder)) {
            let path = Path::new(folder).join(path);
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let has_unsafe = text.lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                code.contains("unsafe {") || code.contains("unsafe impl") || code.contains("unsafe fn")
            });
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            assert!(
                !(is_rust && has_unsafe) || allowed.iter().any(|one| path == Path::new(one)),
                "{}",
                path.display()
            );
        }
    }
}

fn domain_words() {
    let words = [
        "redshift",
        "cosmolog",
        "cobaya",
        "supernova",
        "baryon",
        "hubble",
        "megaparsec",
        "\"bao\"",
        "parallax",
    ];
    for (path, bytes) in tests::tree(&repository().join("host/src")) {
        let text = String::from_utf8(bytes).unwrap().to_lowercase();
        for word in words {
            assert!(!text.contains(word), "`{word}` in {}", path.display());
        }
    }
}
