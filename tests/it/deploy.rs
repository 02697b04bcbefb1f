//! `host deploy print`, and the files it prints: they parse, name only what the host knows, and pass their own tools.

mod checked;
mod commands;
mod kubernetes;

use std::collections::BTreeSet;
use std::path::PathBuf;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::needs::Need;
use tests::{Sandbox, repository};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("deploy::every_file_is_printed_as_it_stands", &[], printed),
        trial("deploy::command_lines_are_ones_that_the_host_understands", &[], commands::understood),
        trial("deploy::variables_and_settings_are_ones_that_the_host_reads", &[], names),
        trial("deploy::kubernetes_files_fit_together_and_are_shut", &[], kubernetes::fit),
        trial("deploy::the_container_is_shut_and_has_a_token", &[], compose),
        trial("deploy::commands_are_shell", &[], checked::shell),
        trial("deploy::the_container_holds_the_modules_that_are_built", &[], checked::modules),
        trial(
            "deploy::systemd_accepts_the_units_and_finds_them_shut",
            &[Need::SystemdAnalyze],
            checked::systemd,
        ),
        trial("deploy::logrotate_accepts_its_file", &[Need::Logrotate, Need::Root], checked::logrotate),
        trial("deploy::promtool_accepts_the_scrape", &[Need::Promtool], checked::promtool),
        trial("deploy::python_accepts_the_dag", &[Need::Python], checked::python),
    ]
}

/// Every kind, and the files it stands for.
const KINDS: [(&str, &[&str]); 14] = [
    ("systemd", &["host.service"]),
    ("systemd-timer", &["host-schedule@.timer", "host-schedule@.service"]),
    ("logrotate", &["logrotate.conf"]),
    ("cron", &["crontab"]),
    ("dockerfile", &["Dockerfile"]),
    ("compose", &["compose.yaml"]),
    ("k8s-job", &["k8s-job.yaml"]),
    ("k8s-deployment", &["k8s-deployment.yaml"]),
    ("k8s-hpa", &["k8s-hpa.yaml"]),
    ("k8s-rbac", &["k8s-rbac.yaml"]),
    ("airflow", &["airflow.py"]),
    ("prometheus", &["prometheus.yml"]),
    ("alerts", &["alerts.yml"]),
    ("grafana", &["grafana-dashboard.json"]),
];

fn path(file: &str) -> PathBuf {
    repository().join("examples/deploy").join(file)
}

fn text(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap()
}

/// Every file with its text.
fn texts() -> impl Iterator<Item = (&'static str, String)> {
    KINDS.iter().flat_map(|(_, files)| *files).map(|file| (*file, text(file)))
}

/// The documents of a YAML file.
fn yaml(file: &str) -> Vec<Value> {
    use serde::Deserialize;

    let text = text(file);
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    // By way of a value that refuses a key that stands there twice.
    let documents = documents.map(|document| serde_yaml_ng::Value::deserialize(document).unwrap());
    documents.map(|document| serde_json::to_value(document).unwrap()).collect()
}

fn printed() {
    let sandbox = Sandbox::new();
    let mut known = BTreeSet::from(["README.md".to_owned()]);
    for (kind, files) in KINDS {
        let shown = sandbox.run(["deploy", "print", kind]).success().stdout;
        let json = sandbox.json(["deploy", "print", kind]);
        if let [file] = files {
            assert_eq!(shown, text(file), "{kind}");
        }
        for (index, file) in files.iter().enumerate() {
            assert!(shown.contains(&text(file)), "{kind}: {file}");
            assert_eq!(json["data"]["files"][index]["text"], text(file), "{kind}: {file}");
            assert_eq!(json["data"]["files"][index]["name"], *file, "{kind}");
            known.insert((*file).to_owned());
        }
    }
    let entries = std::fs::read_dir(path("")).unwrap();
    let there: BTreeSet<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, known);
    assert!(!sandbox.data_root().exists(), "nothing is left behind");
    let _ = sandbox.run(["deploy", "print", "systemd-timers"]).failure(2, &["systemd-timer"]);
}

fn names() {
    let word = |letter: char| !(letter.is_ascii_alphanumeric() || letter == '_');
    for (file, text) in texts().chain([("README.md", text("README.md"))]) {
        for name in text.split(word).filter(|word| word.starts_with("PBUF_")) {
            let known = host::env_vars::ALL.iter().any(|variable| variable.name == name);
            assert!(known, "{file}: nothing reads `{name}`");
        }
        for quoted in text.split('`').skip(1).step_by(2) {
            let Some((section, key)) = quoted.split_once('.') else { continue };
            let is_file = path(quoted).exists() || key == "*";
            if host::config::keys::sections().contains(&section) && !is_file {
                assert!(host::config::keys::find(quoted).is_some(), "{file}: there is no setting `{quoted}`");
            }
        }
    }
    // A list that nothing is found in would hold for anything.
    assert!(text("host.service").contains("PBUF_DATA_PREPARATION_OUTPUT_DIR="));
    assert!(text("host.service").contains("`serve.drain_seconds`"));
}

fn compose() {
    let documents = yaml("compose.yaml");
    let host = &documents[0]["services"]["host"];
    assert_eq!(host["read_only"], true);
    assert_eq!(host["cap_drop"][0], "ALL");
    assert_eq!(host["security_opt"][0], "no-new-privileges:true");
    assert_eq!(host["user"], "10001:10001");
    assert!(text("Dockerfile").contains("USER 10001:10001\n"));
    assert!(text("Dockerfile").contains("VOLUME [\"/var/lib/host\"]\n"));
    assert_eq!(host["volumes"][0], "data:/var/lib/host");
    assert!(documents[0]["volumes"].get("data").is_some());
    let secret = host["secrets"][0].as_str().unwrap();
    assert!(documents[0]["secrets"][secret]["file"].is_string());
    assert_eq!(host["environment"]["PBUF_SERVE_TOKEN_FILE"], format!("/run/secrets/{secret}"));
    assert_eq!(host["ports"][0], "127.0.0.1:8080:8080");
}
