//! A run over HTTP is the run of the command line: the same journal, the same registry, the same bytes; and it ends in
//! order, whatever becomes of the service.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Sandbox, fixture, kill, wait_until};

use super::service::{Answer, Service};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("serve::a_run_over_http_is_that_of_the_command_line", &[], same),
        trial("serve::runs_wait_are_bounded_and_can_be_cancelled", &[], queue),
        trial("serve::told_to_end_it_lets_runs_finish_and_begins_none", &[], drained),
        trial("serve::runs_that_do_not_finish_in_time_can_be_resumed", &[], interrupted),
        trial("serve::a_killed_service_leaves_what_resuming_makes_whole", &[], killed),
        trial("serve::what_was_accepted_and_waits_is_done_by_the_next_service", &[], taken_over),
    ]
}

pub(super) fn modules() -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::example()).with_plugins(fixture::hostile());
    // A first dataset, so that there is a data root.
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "first"]).success();
    sandbox
}

pub(super) fn star() -> Value {
    json!({"plugin": "light_curve", "name": "star", "parameters": {"reference_magnitude": 11.5}})
}

/// The version that the command line makes of the same request.
pub(super) fn expected_version() -> Value {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let arguments =
        ["prepare", "--plugin", "light_curve", "--name", "star", "--param", "reference_magnitude=11.5"];
    let _ = sandbox.run(arguments).success();
    version(&sandbox)
}

pub(super) fn version(sandbox: &Sandbox) -> Value {
    sandbox.json(["show", "star"]).pointer("/data/record/version").unwrap().clone()
}

/// A run that goes on until somebody ends it.
pub(super) fn endless() -> Value {
    json!({"plugin": "hostile", "parameters": {"deed": "loop"}})
}

pub(super) fn accepted(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = answer.json().pointer("/data/id").and_then(Value::as_str).unwrap().to_owned();
    assert_eq!(answer.headers["location"], format!("/api/v1/runs/{id}"));
    id
}

/// Asks until a run is in one of the states, and says what it is then.
pub(super) fn until(service: &Service, id: &str, states: &[&str]) -> Value {
    let mut found = None;
    wait_until(&format!("{id} is {states:?}"), || {
        let answer = service.get(&format!("/api/v1/runs/{id}"));
        // A process that was started has not told the journal yet.
        if answer.status != 503 {
            let run = answer.json()["data"].take();
            found = states.iter().any(|state| run["state"] == **state).then_some(run);
        }
        found.is_some()
    });
    found.unwrap()
}

/// Waits until the service has heard of its end.
pub(super) fn until_draining(service: &Service) {
    wait_until("it hears of its end", || {
        let answer = service.get("/readyz");
        // Who is merely busy says 503, too.
        answer.status == 503 && answer.json()["error"]["code"] == "stopping"
    });
}

fn same() {
    let sandbox = modules();
    let service = Service::start_with_token(&sandbox, &[]);
    let id = accepted(&service.post("/api/v1/runs", &star()));
    let run = until(&service, &id, &["completed", "failed"]);
    assert_eq!((&run["state"], &run["exit_code"]), (&json!("completed"), &json!(0)), "{run}");
    assert_eq!(version(&sandbox), expected_version());
    assert_eq!(service.json(&format!("/api/v1/runs/{id}")), sandbox.json(["run", "show", &id]));
    let listed = sandbox.json(["run", "list"]);
    assert_eq!(listed.pointer("/data/runs/0/id"), Some(&json!(id)));
    assert_eq!(listed.pointer("/data/runs/0/trigger"), Some(&json!("http")));
    let registered = sandbox.json(["audit", "list"]);
    let last = registered.pointer("/data/entries").and_then(Value::as_array).unwrap().last().unwrap();
    for actor in [&run["actor"], &last["actor"]] {
        assert!(actor.as_str().unwrap().ends_with(" over HTTP from 127.0.0.1"), "{run}: {last}");
    }
    let served = service.json("/api/v1/runs");
    assert_eq!(served.pointer("/data/runs"), listed.pointer("/data/runs"));

    // Inputs lie where the configuration lets them.
    let table = "time_day,magnitude,uncertainty_magnitude\n1,2,3\n";
    let outside = sandbox.write("outside.csv", table);
    std::fs::create_dir_all(sandbox.data_root().join("raw")).unwrap();
    std::fs::copy(&outside, sandbox.data_root().join("raw/inside.csv")).unwrap();
    let with = |input: &str| {
        let mut body = star();
        body["name"] = json!("given");
        body["inputs"] = json!({"table": input});
        service.post("/api/v1/runs", &body)
    };
    for input in [outside.to_str().unwrap(), "../../work/outside.csv", "/etc/passwd", "s3://bucket/key"] {
        with(input).demand_refusal(400, "bad-request");
    }
    let run = until(&service, &accepted(&with("inside.csv")), &["completed", "failed"]);
    assert_eq!(run["state"], "completed", "{run}");

    // What fails tells why, as it does on the command line.
    let id = accepted(&service.post("/api/v1/runs", &json!({"plugin": "nobody"})));
    let run = until(&service, &id, &["completed", "failed"]);
    assert_eq!((&run["state"], &run["exit_code"]), (&json!("failed"), &json!(2)), "{run}");
    let _ = sandbox.run(["check"]).success();
    let _ = sandbox.run(["audit", "verify"]).success();
    service.end();
}

fn queue() {
    let sandbox = modules();
    let bounds = [("PBUF_SERVE_CONCURRENT_RUNS", "1"), ("PBUF_SERVE_QUEUED_RUNS", "1")];
    let service = Service::start_with_token(&sandbox, &bounds);
    let first = accepted(&service.post("/api/v1/runs", &endless()));
    until(&service, &first, &["running"]);
    let second = accepted(&service.post("/api/v1/runs", &star()));
    service.post("/api/v1/runs", &star()).demand_refusal(503, "busy");
    let status = service.json("/api/v1/status");
    let numbers = [status.pointer("/data/running"), status.pointer("/data/waiting")];
    assert_eq!(numbers, [Some(&json!(1)), Some(&json!(1))]);
    assert_eq!(until(&service, &second, &["waiting"])["request"]["plugin"], "light_curve");
    assert_eq!(service.json("/api/v1/runs").pointer("/data/waiting/0/id"), Some(&json!(second)));

    let cancel = |id: &str| service.post(&format!("/api/v1/runs/{id}/cancel"), &json!(null));
    for id in [&second, &first] {
        let answer = cancel(id);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json().pointer("/data/run/state"), Some(&json!("cancelled")), "{answer:?}");
        until(&service, id, &["cancelled"]);
    }
    cancel(&first).demand_refusal(409, "over");
    cancel("20260101T000000000Z-00000000").demand_refusal(404, "not-found");
    assert_eq!(sandbox.run(["show", "star"]).code, Some(2), "it was never prepared");
    let third = accepted(&service.post("/api/v1/runs", &star()));
    until(&service, &third, &["completed"]);
    let _ = sandbox.run(["check"]).success();
    service.end();
}

fn drained() {
    let sandbox = modules();
    let service = Service::start_with_token(&sandbox, &[("PBUF_SERVE_CONCURRENT_RUNS", "1")]);
    let running = accepted(&service.post("/api/v1/runs", &endless()));
    until(&service, &running, &["running"]);
    let waiting = accepted(&service.post("/api/v1/runs", &star()));
    service.signal("TERM");
    until_draining(&service);
    let refused = service.post("/api/v1/runs", &star());
    refused.demand_refusal(503, "stopping");
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    assert_eq!(service.get("/livez").status, 200);
    assert_eq!(until(&service, &running, &["running"])["state"], "running", "it may finish");
    // What runs may be ended, too: nothing else keeps the service.
    assert_eq!(service.post(&format!("/api/v1/runs/{running}/cancel"), &json!(null)).status, 200);
    assert_eq!(service.wait().code(), Some(0));
    // What waited is done by the next service.
    let service = Service::start_with_token(&sandbox, &[]);
    until(&service, &waiting, &["completed"]);
    service.end();
    assert_eq!(version(&sandbox), expected_version());
    let _ = sandbox.run(["check"]).success();
}

fn interrupted() {
    let sandbox = modules();
    let service = Service::start_with_token(&sandbox, &[("PBUF_SERVE_DRAIN_SECONDS", "0")]);
    let id = accepted(&service.post("/api/v1/runs", &endless()));
    until(&service, &id, &["running"]);
    service.end();
    let run = sandbox.json(["run", "show", &id]);
    assert_eq!(run.pointer("/data/state"), Some(&json!("interrupted")), "{run}");
    let _ = sandbox.run(["check"]).success();
}

fn killed() {
    let sandbox = modules();
    let expected = expected_version();
    for _ in 0..3 {
        let service = Service::start_with_token(&sandbox, &[]);
        let endless = accepted(&service.post("/api/v1/runs", &endless()));
        let process = until(&service, &endless, &["running"])["process"].as_u64().unwrap();
        let id = accepted(&service.post("/api/v1/runs", &star()));
        kill("KILL", service.process());
        drop(service);
        kill("KILL", u32::try_from(process).unwrap());
        let state = |id: &str| {
            let answer = sandbox.run_json(["run", "show", id]).1;
            answer.pointer("/data/state").and_then(Value::as_str).map(str::to_owned)
        };
        let is_running = |state: &Option<String>| state.as_deref() == Some("running");
        let mut ended = None;
        wait_until("no run goes on", || {
            let one_runs = is_running(&state(&endless));
            ended = state(&id);
            !one_runs && !is_running(&ended)
        });
        assert_eq!(state(&endless).as_deref(), Some("interrupted"));
        // Its process may be about to begin, may have been on its way, or may be done.
        if ended.is_some_and(|state| state != "completed") {
            let _ = sandbox.run(["run", "resume", &id]).success();
            assert_eq!(version(&sandbox), expected);
        }
        let arguments =
            ["prepare", "--plugin", "light_curve", "--name", "star", "--param", "reference_magnitude=11.5"];
        let _ = sandbox.run(arguments).success();
        assert_eq!(version(&sandbox), expected);
        let _ = sandbox.run(["check"]).success();
        let _ = sandbox.run(["audit", "verify"]).success();
    }
}

fn taken_over() {
    let sandbox = modules();
    let one_at_a_time = [("PBUF_SERVE_CONCURRENT_RUNS", "1")];
    let service = Service::start_with_token(&sandbox, &one_at_a_time);
    let endless = accepted(&service.post("/api/v1/runs", &endless()));
    let process = until(&service, &endless, &["running"])["process"].as_u64().unwrap();
    let waiting = accepted(&service.post("/api/v1/runs", &star()));
    let cancelled = accepted(&service.post("/api/v1/runs", &star()));
    assert_eq!(service.post(&format!("/api/v1/runs/{cancelled}/cancel"), &json!(null)).status, 200);
    kill("KILL", service.process());
    drop(service);
    kill("KILL", u32::try_from(process).unwrap());

    // Who may not change anything begins nothing.
    let service = Service::start(&sandbox, &["--read-only"], &[]);
    assert_eq!(service.json("/api/v1/runs").pointer("/data/waiting"), Some(&json!([])));
    service.end();
    // Neither does anybody in maintenance.
    let _ = sandbox.run(["maintenance", "on", "--reason", "a disk is changed"]).success();
    let service = Service::start_with_token(&sandbox, &one_at_a_time);
    assert_eq!(service.json("/api/v1/runs").pointer("/data/waiting"), Some(&json!([])));
    assert_eq!(sandbox.run(["show", "star"]).code, Some(2));
    // But when it is over.
    let _ = sandbox.run(["maintenance", "off"]).success();
    let run = until(&service, &waiting, &["completed", "failed"]);
    assert_eq!((&run["state"], &run["trigger"]), (&json!("completed"), &json!("http")), "{run}");
    assert_eq!(version(&sandbox), expected_version());
    until(&service, &endless, &["interrupted"]);
    until(&service, &cancelled, &["cancelled"]);
    service.end();
    let service = Service::start_with_token(&sandbox, &one_at_a_time);
    assert_eq!(service.json("/api/v1/runs").pointer("/data/waiting"), Some(&json!([])), "each is done once");
    service.end();
    let _ = sandbox.run(["check"]).success();
}
