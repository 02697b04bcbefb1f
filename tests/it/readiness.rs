//! `host deploy verify`: a good host is ready, each phase looks at more than the one before, and what is missing is said.

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Sandbox, fixture};

use crate::certify::{World, file_in, flip};
use crate::serve::Service;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("readiness::a_good_host_is_ready_for_production", &[], ready),
        trial("readiness::each_phase_names_what_is_missing", &[], refused),
        trial("readiness::a_new_host_was_refused_before_its_machine_was_looked_at", &[], fresh),
        trial("readiness::a_typo_made_a_host_not_ready_for_seven_days", &[], typo),
        trial("readiness::the_service_that_is_named_must_answer", &[], service),
    ]
}

/// What this machine has, whatever it is.
const SMALL: [&str; 6] = ["deploy", "verify", "--min-memory", "1MiB", "--min-disk", "1MiB"];

/// What `--json` says, and the ids of the lines that are not passed.
fn verify(world: &World, more: &[&str]) -> (Option<i32>, Value, Vec<String>) {
    let outcome = world.run(&[&SMALL[..], more, &["--json"]].concat());
    let said: Value =
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    let lines = said.pointer("/data/lines").and_then(Value::as_array).unwrap();
    let open = lines.iter().filter(|line| line["status"] != "pass");
    let open = open.map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    (outcome.code, said["data"].clone(), open)
}

fn ready() {
    let world = World::new();
    let _ =
        world.run(&SMALL).failure(3, &["certification.valid: fail: never certified", "type `host certify`"]);
    world.success(&["certify"]);
    let said = world.success(&SMALL);
    assert!(said.ends_with("READY FOR PRODUCTION\n"), "{said}");
    for id in ["system.memory", "storage.durable", "canary.derived", "backup.age", "quality.registered"] {
        assert!(said.contains(id), "{id}: {said}");
    }
    let mut lines = 0;
    for phase in ["preflight", "canary", "production"] {
        let (code, report, open) = verify(&world, &["--phase", phase]);
        assert_eq!((code, open.len()), (Some(0), 0), "{report:#}");
        let more = report["lines"].as_array().unwrap().len();
        assert!(more > lines, "{phase} looks at more");
        lines = more;
    }
    let said = world.success(&[&SMALL[..], &["--phase", "canary"]].concat());
    assert!(!said.contains("READY FOR PRODUCTION"), "{said}");

    let report = std::fs::read(world.sandbox.data_root().join("logs/deployment_report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["status"], "DEPLOYED");
    assert_eq!(report["framework_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["available_modules"][0]["id"], "light_curve");
    assert!(report["deployment_timestamp"].as_str().unwrap() > "2026");
    let configuration = &report["configuration"];
    assert_eq!(configuration["output_directory"], world.sandbox.data_root().display().to_string());
    assert_eq!(
        (&configuration["cache_enabled"], &configuration["validation_enabled"]),
        (&true.into(), &true.into())
    );
}

fn refused() {
    let mut world = World::new();
    world.success(&["certify"]);
    let _ = world
        .run(&["deploy", "verify", "--min-memory", "100000GiB", "--min-disk", "1MiB"])
        .failure(3, &["system.memory: fail:", "the host is not ready"]);
    let _ = world
        .run(&["deploy", "verify", "--min-memory", "1MiB", "--min-disk", "100000GiB"])
        .failure(3, &["system.disk: fail:", "free"]);
    let _ = world.run(&["deploy", "verify", "--min-disk", "much"]).failure(2, &["expected a size"]);
    // Production alone looks at backups and at what failed.
    for _ in 0..2 {
        let _ = world.run(&["prepare", "--plugin", "light_curve", "--force", "--max-memory", "1KiB"]);
    }
    world.variables.push(("PBUF_BACKUP_REPOSITORY", world.sandbox.path("nowhere").display().to_string()));
    flip(&file_in(&world.sandbox.data_root(), "audit.jsonl"));
    assert_eq!(verify(&world, &["--phase", "canary"]).2, [""; 0]);
    let (code, report, open) = verify(&world, &[]);
    assert_eq!(code, Some(3));
    for id in ["backup.age", "registry.audit", "runs.failed", "monitoring.health"] {
        assert!(open.iter().any(|open| open == id), "{id}: {open:?}");
    }
    assert_eq!(report["status"], "NOT_DEPLOYED");
    assert!(report["reasons"].as_array().unwrap().len() >= 4, "{report:#}");
    for (begin, end) in [
        (&["halt", "--reason", "a fire"][..], &["resume"][..]),
        (&["maintenance", "on", "--reason", "a new disk"], &["maintenance", "off"]),
    ] {
        world.success(begin);
        let (code, report, open) = verify(&world, &[]);
        assert!(code == Some(3) && open.iter().any(|id| id == "state.writable"), "{report:#}");
        world.success(end);
        assert!(!verify(&world, &[]).2.iter().any(|id| id == "state.writable"));
    }
    // A module that somebody may change is seen before anything is derived.
    world.break_module();
    assert_eq!(verify(&world, &["--phase", "preflight"]).2, ["security.trust"]);
    let _ = Sandbox::new().run(SMALL).failure(10, &["no data root"]);
}

/// The man page prescribes both phases on the first day of a host.
fn fresh() {
    for (phase, said) in [("preflight", "READY FOR CANARY"), ("canary", "READY FOR THE CHECKS OF PRODUCTION")]
    {
        let sandbox = Sandbox::new().with_plugins(fixture::example());
        let outcome = sandbox.run([&SMALL[..], &["--phase", phase]].concat()).success();
        assert!(outcome.stdout.contains(said), "{outcome:?}");
        let _ = sandbox.run(["check"]).success();
    }
}

fn typo() {
    let world = World::new();
    for arguments in [
        &["prepare", "--plugin", "boa"][..],
        &["prepare", "--plugin", "light_curve", "--input", "table=nowhere.csv"],
    ] {
        assert!(world.run(arguments).code.is_some_and(|code| code != 0));
    }
    let (_, report, open) = verify(&world, &[]);
    assert!(!open.iter().any(|id| id == "runs.failed"), "{report:#}");
    let lines = report["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["id"] == "runs.failed").unwrap();
    assert!(line["measured"].as_str().unwrap().ends_with(", 2 refused"), "{line:#}");
}

fn service() {
    let world = World::new();
    world.success(&["certify"]);
    let nobody = world.run(&[&SMALL[..], &["--url", "http://127.0.0.1:1"]].concat());
    let _ = nobody.failure(3, &["service.answers: fail: `http://127.0.0.1:1/health` does not answer"]);
    let service = Service::start(&world.sandbox, &[], &[]);
    let url = format!("http://{}", service.address);
    let (_, report, open) = verify(&world, &["--url", &url]);
    assert!(!open.iter().any(|id| id == "service.answers"), "{report:#}");
    service.end();
}
