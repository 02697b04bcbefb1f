//! The manual for operators: every command in it is one of the host, and each trouble in it is made once, to see that the
//! first command of its entry says what the manual says.

use std::os::unix::fs::PermissionsExt;

use clap::Parser;
use host::cli::Cli;
use libtest_mimic::Trial;
use tests::{Sandbox, fixture, repository, tree};

use crate::serve::Service;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("manual::every_command_is_one_of_the_host", &[], understood),
        trial("manual::each_trouble_is_named_by_the_first_command_of_its_entry", &[], diagnosed),
    ]
}

/// A heading, the commands below it, and what is printed.
#[derive(Debug, Default)]
struct Entry {
    heading: String,
    commands: Vec<String>,
    said: Vec<String>,
}

fn entries() -> Vec<Entry> {
    let text = std::fs::read_to_string(repository().join("host/docs/operating.md")).unwrap();
    let mut entries: Vec<Entry> = Vec::new();
    let mut block = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("### ").or_else(|| line.strip_prefix("## ")) {
            entries.push(Entry { heading: heading.to_owned(), ..Entry::default() });
        } else if let Some(kind) = line.strip_prefix("```") {
            block = Some(kind.to_owned()).filter(|kind| !kind.is_empty());
        } else if let (Some(kind), Some(entry)) = (&block, entries.last_mut()) {
            let lines = if kind == "sh" { &mut entry.commands } else { &mut entry.said };
            lines.push(line.to_owned());
        }
    }
    entries
}

fn words(command: &str) -> Vec<&str> {
    command.split_whitespace().collect()
}

fn understood() {
    let commands: Vec<String> = entries().into_iter().flat_map(|entry| entry.commands).collect();
    assert!(commands.len() > 30, "{commands:?}");
    for command in commands.iter().filter(|command| !command.starts_with("curl ")) {
        assert_eq!(words(command)[0], "host", "{command}");
        let read = Cli::try_parse_from(words(command));
        read.unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}

/// Makes a trouble in a data root with one dataset.
type Break = (&'static str, fn(&Sandbox));

fn nothing(_: &Sandbox) {}

fn overwrite(sandbox: &Sandbox, end: &str) {
    let files = tree(&sandbox.data_root());
    let (file, mut bytes) =
        files.into_iter().find(|(file, _)| file.to_string_lossy().ends_with(end)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let _ = sandbox.write(&format!("../data/{}", file.display()), bytes);
}

const TROUBLES: [Break; 21] = [
    ("A folder or a dataset is not where it should be", nothing),
    ("Permission is denied, or others may write", |sandbox| {
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(sandbox.data_root().join("registry"), open).unwrap();
    }),
    ("A derivation needs more memory than it may have", |sandbox| {
        let _ = sandbox.run(["prepare", "--plugin", "futures", "--max-memory", "96MiB"]);
    }),
    ("The registry cannot be reached", |sandbox| {
        std::fs::remove_dir_all(sandbox.data_root()).unwrap();
    }),
    ("A dataset fails", |sandbox| {
        let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--input", "table=nowhere.csv"]);
    }),
    ("A result is refused", |sandbox| {
        let _ = sandbox.run(["prepare", "--plugin", "hostile", "--param", "deed=not-a-number"]);
    }),
    ("It is slow", nothing),
    ("A graphics processor has no memory left", nothing),
    ("A setting is wrong", |sandbox| {
        let _ = sandbox.write("pbuf.json", r#"{"processing": {"timeout": 3}}"#);
    }),
    ("The index cannot be read", |sandbox| {
        let _ = sandbox.write("../data/registry/index.sqlite", "no database");
    }),
    ("A store in the network does not answer", |sandbox| {
        let arguments = ["prepare", "--plugin", "light_curve", "--input", "table=s3://bucket/key"];
        let mut command = sandbox.command(arguments);
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        command.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "key");
        let _ = tests::Outcome::of(&mut command);
    }),
    ("Data have become worse", nothing),
    ("The service answers late", nothing),
    ("Nothing may be written", |sandbox| {
        let _ = sandbox.run(["maintenance", "on", "--reason", "a disk is changed"]).success();
    }),
    ("A file of a dataset is damaged", |sandbox| overwrite(sandbox, ".parquet")),
    ("A version that nobody registered, or a file that is not the host's", |sandbox| {
        let dataset = sandbox.data_root().join("derived/star");
        tests::copy_folder(&dataset, &sandbox.data_root().join("derived/moon"));
    }),
    ("A record is damaged or gone", |sandbox| {
        std::fs::remove_file(sandbox.data_root().join("registry/derived/star/00000001.json")).unwrap();
    }),
    ("Somebody changed the audit log", |sandbox| overwrite(sandbox, "audit.jsonl")),
    ("A module does not run", |sandbox| {
        let file = format!("modules/{}odd{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let _ = sandbox.write(&file, "no library");
        let folder = sandbox.path("work/modules");
        let setting = serde_json::json!({"plugins": {"directories": [folder]}}).to_string();
        let _ = sandbox.write("../home/.pbuf/data_preparation_config.json", setting);
    }),
    ("A job that recurs failed", |sandbox| {
        let _ = sandbox.run(["backup", "init"]).success();
        overwrite(sandbox, "audit.jsonl");
        let reports = sandbox.data_root().join("logs/reports");
        let _ = sandbox.write(reports.to_str().unwrap(), "a file in place of the folder");
        let _ = sandbox.run(["schedule", "run", "daily"]);
    }),
    ("Nobody was told of what is wrong", nothing),
];

fn diagnosed() {
    let entries: Vec<Entry> = entries().into_iter().filter(|entry| !entry.said.is_empty()).collect();
    let headings: Vec<&str> = entries.iter().map(|entry| entry.heading.as_str()).collect();
    assert_eq!(headings, TROUBLES.map(|(heading, _)| heading), "each entry has a trouble");
    for (entry, (_, break_it)) in entries.iter().zip(TROUBLES) {
        let sandbox = Sandbox::new().with_plugins(fixture::example()).with_plugins(fixture::hostile());
        let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "star"]).success();
        break_it(&sandbox);
        let first = words(&entry.commands[0]);
        let said = if first[0] == "curl" {
            let (_, path) = first.last().unwrap().rsplit_once("8080").unwrap();
            let service = Service::start(&sandbox, &[], &[]);
            let _ = service.get("/");
            let said = service.get(path).body;
            service.end();
            said
        } else {
            let outcome = sandbox.run(&first[1..]);
            outcome.stdout + &outcome.stderr
        };
        for line in &entry.said {
            assert!(said.contains(line), "{}: `{line}` is not in\n{said}", entry.heading);
        }
    }
}
