//! The files, held against the tools that will read them.

use std::process::{Command, Stdio};

use tests::{Sandbox, host, needs};

use super::{commands, path, text};

fn accepted(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

pub(super) fn systemd() {
    let sandbox = Sandbox::new();
    // The program of a unit must exist; an instance of a template is a file of its name.
    let write = |name: &str, template: &str| {
        let unit = text(template).replace("/usr/local/bin/host", &host().to_string_lossy());
        sandbox.write(&format!("units/{name}"), unit)
    };
    let service = write("host.service", "host.service");
    let job = write("host-schedule@daily.service", "host-schedule@.service");
    let timers = ["daily", "weekly", "monthly", "quarterly"]
        .map(|period| write(&format!("host-schedule@{period}.timer"), "host-schedule@.timer"));
    for unit in [&service, &job].into_iter().chain(&timers) {
        let said = accepted(Command::new("systemd-analyze").arg("verify").arg(unit));
        // It reads the units of this machine as well, which may have faults of their own.
        assert!(!said.contains("host.service") && !said.contains("host-schedule@"), "{said}");
    }
    for unit in [&service, &job] {
        let flags = ["security", "--offline=true", "--threshold=20"];
        let _ = accepted(Command::new("systemd-analyze").args(flags).arg(unit));
    }
}

/// The user that the files belong to is one of the machine they are for.
pub(super) fn logrotate() {
    let text = text("logrotate.conf");
    let own = text.replace("su host host", "su root root").replace("0644 host host", "0644 root root");
    assert_ne!(own, text);
    let sandbox = Sandbox::new();
    let file = sandbox.write("logrotate.conf", own);
    let state = sandbox.path("work/state");
    let said = accepted(Command::new("logrotate").arg("--debug").arg("--state").arg(state).arg(file));
    assert!(said.contains("after 1 days (30 rotations)") && !said.contains("error: "), "{said}");
}

pub(super) fn promtool() {
    let said = accepted(Command::new("promtool").args(["check", "config"]).arg(path("prometheus.yml")));
    assert!(said.contains("alerts.yml"), "{said}");
}

/// Without Airflow nobody knows whether it would run; that it is Python can be known.
pub(super) fn python() {
    let parse = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
    let _ = accepted(Command::new(needs::python()).args(["-c", parse]).arg(path("airflow.py")));
}

pub(super) fn shell() {
    let dockerfile = text("Dockerfile").replace("\\\n", " ");
    let built = dockerfile.lines().filter_map(|line| line.strip_prefix("RUN ")).map(str::to_owned);
    let airflow = commands::of_airflow().into_iter().map(|command| command.replace("{{ ds }}", "2026-01-31"));
    let scripts: Vec<String> = built.chain(airflow).chain(commands::of_crontab()).collect();
    assert!(scripts.len() > 10, "{scripts:?}");
    for script in scripts {
        let _ = accepted(Command::new("sh").args(["-n", "-c", &script]));
    }
}

/// What is copied into the container are the libraries that the build makes.
pub(super) fn modules() {
    let dockerfile = text("Dockerfile");
    let copied = dockerfile.lines().find(|line| line.contains("cp target/release/host")).unwrap();
    let pattern = copied.split_whitespace().find_map(|word| word.strip_prefix("target/release/lib")).unwrap();
    let built = host().parent().unwrap().to_owned();
    let script = format!("cd '{}' && ls lib{pattern}", built.display());
    let listed = accepted(Command::new("sh").args(["-c", &script]));
    for module in ["bao", "cc", "cmb", "futures", "rsd", "sn"] {
        assert!(listed.lines().any(|line| line == format!("lib{module}.so")), "{listed}");
    }
}
