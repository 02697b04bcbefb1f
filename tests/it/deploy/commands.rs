//! Every command line in the files, read by the definition that the host itself reads them by.

use clap::{Parser, ValueEnum};
use host::cli::Cli;
use host::operations::ReportKind;
use serde_json::Value;

use super::{text, texts, yaml};

/// What may stand where a file is filled in later: a day is a name, too.
const FILLED_IN: &str = "2026-01-31";

/// The words of a command up to where its output goes, with what is filled in later.
fn words(command: &str) -> Vec<String> {
    let mut filled = String::new();
    let mut rest = command;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        filled.push_str(FILLED_IN);
        rest = after.split_once("}}").unwrap().1;
    }
    filled.push_str(rest);
    let filled = filled.replace("%i", "daily").replace("KIND", "systemd");
    let words = filled.split_whitespace().map(str::to_owned);
    words.take_while(|word| !word.starts_with('>')).collect()
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// Commands that begin with the program, one for each place that has one.
fn of_units() -> Vec<Vec<String>> {
    let units = ["host.service", "host-schedule@.service"].map(text);
    let lines = units.iter().flat_map(|unit| unit.lines());
    let commands = lines.filter_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/"));
    commands.map(words).collect()
}

/// What `cron` hands to the shell.
pub(super) fn of_crontab() -> Vec<String> {
    let text = text("crontab");
    let lines =
        text.lines().filter(|line| line.starts_with(|first: char| first == '*' || first.is_ascii_digit()));
    let command = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(fields[5], "host", "the user: {line}");
        assert!(!line.contains('%'), "`%` is the end of a line there: {line}");
        fields[6..].join(" ")
    };
    lines.map(command).collect()
}

/// What Airflow hands to the shell.
pub(super) fn of_airflow() -> Vec<String> {
    let text = text("airflow.py");
    let commands = text.split("bash_command=\"").skip(1);
    commands.map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
}

fn of_dockerfile() -> Vec<Vec<String>> {
    let text = text("Dockerfile");
    let array =
        |line: &str| -> Vec<String> { serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap() };
    let with = |start: &str| array(text.lines().rfind(|line| line.starts_with(start)).unwrap());
    let (entry, arguments, probe) = (with("ENTRYPOINT"), with("CMD"), with("HEALTHCHECK"));
    vec![[entry, arguments].concat(), probe]
}

fn of_containers() -> Vec<Vec<String>> {
    let program = vec!["host".to_owned()];
    let of_pod = |file: &str| {
        let container = yaml(file)[0].pointer("/spec/template/spec/containers/0").unwrap().clone();
        assert!(container.get("command").is_none(), "{file} would not run the image's program");
        [program.clone(), list(&container["args"])].concat()
    };
    let composed = list(&yaml("compose.yaml")[0]["services"]["host"]["command"]);
    vec![of_pod("k8s-job.yaml"), of_pod("k8s-deployment.yaml"), [program.clone(), composed].concat()]
}

fn of_alerts() -> Vec<Vec<String>> {
    let documents = yaml("alerts.yml");
    let rules = documents[0].pointer("/groups/0/rules").and_then(Value::as_array).unwrap();
    let actions = rules.iter().map(|rule| rule["annotations"]["action"].as_str().unwrap());
    let commands = actions.flat_map(|action| action.split(';')).map(words);
    commands.filter(|words| words[0] == "host").collect()
}

/// Commands that comments and the README name.
fn of_prose() -> Vec<Vec<String>> {
    let texts = texts().map(|(_, text)| text).chain([text("README.md")]).collect::<String>();
    let quoted = texts.split('`').skip(1).step_by(2).map(words);
    quoted.filter(|words| words.len() > 1 && words[0] == "host").collect()
}

pub(super) fn understood() {
    let shell = of_crontab().into_iter().chain(of_airflow()).map(|command| words(&command)).collect();
    let places: [(Vec<Vec<String>>, usize); 6] = [
        (of_units(), 2),
        (shell, 10),
        (of_dockerfile(), 2),
        (of_containers(), 3),
        (of_alerts(), 10),
        (of_prose(), 3),
    ];
    for (commands, at_least) in places {
        assert!(commands.len() >= at_least, "not all were found: {commands:?}");
        for words in commands {
            assert_eq!(words[0], "host", "{words:?}");
            Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            if words[1] == "report" {
                assert!(ReportKind::from_str(&words[2], false).is_ok(), "{words:?} is no report on the host");
            }
        }
    }
}
