//! The service is told to end at a moment that chance chooses, with whatever runs.

use libtest_mimic::Trial;

use super::runs::{accepted, endless, expected_version, modules, star, until, until_draining, version};
use super::service::Service;
use crate::matrix::{Cases, Random, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("serve::told_to_end_it_drains_whatever_runs", &[], drains)]
}

/// Told to end once or twice, with none to two runs that may or may not finish in time, and one that may wait for them:
/// none is begun, none is lost.
fn drains() {
    let expected = expected_version();
    let mut random = Random::of("H2");
    let mut cases = Cases::of("H2", "serve");
    for number in 0..20 {
        let (endless_runs, signal) = (random.below(3), ["TERM", "INT"][random.below(2)]);
        let (is_patient, is_told_twice) = (random.below(2) == 0, random.below(4) == 0);
        // Either there is room for every run, or the last one waits.
        let concurrent = if random.below(3) == 0 { endless_runs.max(1) } else { 4 }.to_string();
        cases.run(&number.to_string(), || {
            let sandbox = modules();
            let drain = ("PBUF_SERVE_DRAIN_SECONDS", if is_patient { "600" } else { "0" });
            let service =
                Service::start_with_token(&sandbox, &[drain, ("PBUF_SERVE_CONCURRENT_RUNS", &concurrent)]);
            let runs: Vec<String> =
                (0..endless_runs).map(|_| accepted(&service.post("/api/v1/runs", &endless()))).collect();
            for id in &runs {
                until(&service, id, &["running"]);
            }
            let finishing = accepted(&service.post("/api/v1/runs", &star()));
            service.signal(signal);
            if is_patient && !is_told_twice && endless_runs > 0 {
                until_draining(&service);
                service.post("/api/v1/runs", &star()).demand_refusal(503, "stopping");
                for id in &runs {
                    let _ = sandbox.run(["run", "cancel", id]).success();
                }
            } else if endless_runs > 0 && is_patient {
                // It is running as long as the endless ones are: the second signal reaches it.
                until_draining(&service);
                service.signal(signal);
                for id in &runs {
                    let _ = sandbox.run(["run", "cancel", id]);
                }
            }
            let code = service.wait().code();
            demand(Wrong::Died, matches!(code, Some(0 | 130)), || format!("{code:?}"))?;
            // What was accepted is done, can be gone on with, or is begun by the next service.
            let shown = sandbox.run(["run", "show", &finishing]);
            if shown.stderr.contains("has not begun") {
                let service = Service::start_with_token(&sandbox, &[]);
                until(&service, &finishing, &["completed"]);
                service.end();
            } else if !shown.stdout.starts_with("completed") {
                let resumed = sandbox.run(["run", "resume", &finishing]);
                demand(Wrong::Lost, resumed.code == Some(0), || format!("{shown:?}: {resumed:?}"))?;
            }
            assert_eq!(version(&sandbox), expected);
            let _ = sandbox.run(["check"]).success();
            let _ = sandbox.run(["audit", "verify"]).success();
            Ok(())
        });
    }
    cases.finish(20);
}
