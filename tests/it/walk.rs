//! A new operator's walk: the block below "Operating it" in the README, line by line, in an empty home; then the page.

use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use tests::{Outcome, Sandbox, repository};

use crate::serve::Service;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("walk::the_readme_leads_a_new_operator_to_a_certified_service", &[], walked)]
}

/// The lines to type.
fn lines() -> Vec<String> {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let section = readme.split_once("### Operating it\n").unwrap().1;
    let block = section.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    block.lines().map(str::to_owned).collect()
}

/// A shell as the operator has it: a home with nothing in it, and the host among the programs.
fn shell(sandbox: &Sandbox, line: &str) -> Command {
    let programs = tests::host().parent().map(Path::display).unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .env_clear()
        .env("PATH", format!("{programs}:/usr/local/bin:/usr/bin:/bin"))
        .env("HOME", sandbox.path("home"))
        .env("USER", "operator")
        .current_dir(sandbox.path("work"))
        .stdin(Stdio::null());
    // How full this machine is just now says nothing about the host.
    for limit in ["MEMORY", "DISK_WARNING", "DISK", "CPU"] {
        command.env(format!("PBUF_ALERTS_{limit}_PERCENT"), "100");
    }
    command
}

fn walked() {
    let sandbox = Sandbox::new();
    let mut lines = lines();
    let last = lines.pop().unwrap();
    assert!(lines.len() >= 7 && last.starts_with("host serve"), "{lines:?}, {last}");
    let mut said = String::new();
    for line in &lines {
        said += &Outcome::of(&mut shell(&sandbox, line)).success().stdout;
    }
    for word in ["prepared  ", "created   ", "drilled   ", "CERTIFIED until ", "READY FOR PRODUCTION"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    // The port of the README may be taken here.
    let service = Service::of(shell(&sandbox, &format!("exec {}", last.replace(":8080", ":0"))));
    let page = service.get("/").body;
    let names: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("prepared  ")).collect();
    assert_eq!(names.len(), 5, "{said}");
    for name in names {
        assert!(page.contains(&format!("/datasets/{name}")), "{name} is not on the page:\n{page}");
        assert_eq!(service.get(&format!("/datasets/{name}")).status, 200, "{name}");
    }
    assert_eq!(service.get("/health").status, 200);
    assert!(service.get("/metrics").body.contains("\nhost_certification_valid 1\n"));
    service.end();
}
