//! The whole way of the data with a module from outside the workspace.

use libtest_mimic::Trial;
use tests::{Sandbox, fixture};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("way::third_party_module_is_prepared_cached_and_reproduced", &[], third_party_module)]
}

fn third_party_module() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let first = sandbox.json(["prepare", "--plugin", "light_curve"]);
    assert_eq!(first.pointer("/data/datasets/0/status").unwrap(), "prepared");
    let second = sandbox.json(["prepare", "--plugin", "light_curve"]);
    assert_eq!(second.pointer("/data/datasets/0/status").unwrap(), "cached");
    let version = "/data/datasets/0/dataset/version";
    assert_eq!(first.pointer(version), second.pointer(version));
    let _ = sandbox.run(["reproduce", "example_star"]).success();
    let _ = sandbox.run(["check"]).success();
    let _ = sandbox.run(["audit", "verify"]).success();
}
