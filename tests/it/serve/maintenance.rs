//! Maintenance binds a service that runs already: nothing is changed, everything is read, and it says so.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::Sandbox;

use super::service::Service;
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("serve::in_maintenance_everything_is_read_and_nothing_begins", &[], bound)]
}

fn body() -> Value {
    json!({"plugin": "light_curve", "name": "sun"})
}

fn reads(service: &Service, sandbox: &Sandbox) {
    assert_eq!(service.json("/api/v1/datasets"), sandbox.json(["list", "--all"]));
    let ready = service.get("/readyz");
    assert_eq!(ready.status, 200);
    assert!(ready.body.starts_with("ready, in maintenance since "), "{ready:?}");
    assert!(ready.body.ends_with(" by tester: a new disk\n"), "{ready:?}");
    let health = service.get("/health").json();
    assert_eq!(health["checks"]["maintenance"]["status"], "warning", "{health}");
}

fn bound() {
    let sandbox = super::prepared();
    let service = Service::start_with_token(&sandbox, &[]);
    let _ = sandbox.run(["maintenance", "on", "--reason", "a new disk"]).success();
    let refused = |service: &Service| {
        let answer = service.post("/api/v1/runs", &body());
        answer.demand_refusal(503, "maintenance");
        assert!(
            answer.body.contains("a new disk") && answer.body.contains("host maintenance off"),
            "{answer:?}"
        );
    };
    refused(&service);
    reads(&service, &sandbox);
    service.end();

    let service = Service::start_with_token(&sandbox, &[]);
    refused(&service);
    reads(&service, &sandbox);
    let _ = sandbox.run(["maintenance", "off"]).success();
    assert_eq!(service.post("/api/v1/runs", &body()).status, 202);
    assert_eq!(service.get("/readyz").body, "ready\n");
    service.end();
}
