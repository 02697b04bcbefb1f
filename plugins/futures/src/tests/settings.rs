//! Parameters that a mode does not look at, and the month that bars are said to be of.

use plugin_api::{Context, DerivationModule, Input, Inputs, ModuleError, Parameters};
use serde_json::{Value, json};

use super::bundled::BUNDLED;
use super::derive;
use super::synthetic::{MadeBar, SYMBOLS, bars, file, metadata};
use crate::{BARS, Futures};

fn bad_parameter(values: &Value) -> (String, String) {
    let Err(ModuleError::BadParameter(fault)) = derive(BUNDLED, values) else { panic!("{values} is taken") };
    (fault.subject, fault.message)
}

fn given(mode: &str, name: &str, value: &Value) -> Value {
    let mut values = json!({"mode": mode});
    values[name] = value.clone();
    values
}

/// `mode=compat` with `tie=target` gave the same version as without.
#[test]
fn a_parameter_of_the_other_mode_is_refused_and_not_ignored() {
    for (mode, name, value) in [
        ("compat", "tie", json!("target")),
        ("compat", "horizon_seconds", json!(100)),
        ("compat", "as_of", json!("2025-10-01")),
        ("compat", "folds", json!(3)),
        ("compat", "embargo_seconds", json!(0)),
        ("strict", "compat_labels", json!("roll_aware")),
    ] {
        let found = bad_parameter(&given(mode, name, &value));
        assert_eq!(found, (name.to_owned(), format!("has no meaning in {mode} mode")));
    }
}

/// Whatever is said to be of strict mode alone is refused in compat mode, and what is taken anywhere changes something.
#[test]
fn every_parameter_of_strict_mode_alone_is_refused_in_compat_mode() {
    let module: Value = serde_json::from_str(include_str!("../../module.json")).unwrap();
    let mut refused = 0;
    for parameter in module["parameters"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        if !parameter["meaning"].as_str().unwrap().contains("in strict mode")
            || name == "session_start"
            || name == "session_end"
        {
            continue;
        }
        let other = match (&parameter["default"], parameter["type"].as_str().unwrap()) {
            (Value::String(_), _) => parameter["allowed"][1].clone(),
            (Value::Number(usual), "integer") => json!(usual.as_i64().unwrap() + 1),
            (Value::Number(usual), _) => json!(usual.as_f64().unwrap() * 1.01),
            _ => json!("2025-10-01"),
        };
        if name == "compat_labels" {
            continue;
        }
        let found = bad_parameter(&given("compat", name, &other));
        assert_eq!(found, (name.to_owned(), "has no meaning in compat mode".to_owned()));
        if name != "decay_per_month" {
            let settings = super::settings(&given("strict", name, &other));
            assert_ne!(settings, super::settings(&json!({})), "{name}");
        }
        refused += 1;
    }
    assert_eq!(refused, 20);
    let without = bad_parameter(&json!({"decay_per_month": 0.1}));
    assert_eq!(without, ("decay_per_month".to_owned(), "has no meaning without `as_of`".to_owned()));
    let crossed = bad_parameter(&json!({"win_rate_minimum": 0.5, "win_rate_maximum": 0.4}));
    assert_eq!(crossed.0, "win_rate_maximum");
}

/// The host gives every parameter that has a default.
#[test]
fn defaults_are_taken_in_both_modes() {
    let module: Value = serde_json::from_str(include_str!("../../module.json")).unwrap();
    for mode in ["compat", "strict"] {
        let mut values = json!({});
        for parameter in module["parameters"].as_array().unwrap() {
            if !parameter["default"].is_null() {
                values[parameter["name"].as_str().unwrap()] = parameter["default"].clone();
            }
        }
        values["mode"] = json!(mode);
        let settings = super::settings(&values);
        assert_eq!(settings, super::settings(&json!({"mode": mode})), "module and code have other defaults");
    }
}

/// A file of September that was given as August was registered without a word.
#[test]
fn bars_of_another_month_are_refused_with_place_cause_and_hint() {
    for mode in ["compat", "strict"] {
        assert!(derive(BUNDLED, &given(mode, "month", &json!("2025-09"))).is_ok());
        let Err(ModuleError::BadInput(fault)) = derive(BUNDLED, &given(mode, "month", &json!("2025-08")))
        else {
            panic!("bars of September are taken for August's")
        };
        assert_eq!(fault.subject, BARS);
        let first = "the first, bar 1 at 2025-09-12T12:30:00Z, is of the trading day 2025-09-12";
        assert!(fault.message.contains(first) && fault.message.contains("are not of 2025-08"), "{fault:?}");
        assert!(fault.hint.as_ref().unwrap().contains("most are of 2025-09"), "{fault:?}");
    }
    assert_eq!(
        bad_parameter(&json!({"month": "2025-9"})),
        ("month".to_owned(), "`2025-9` is no month".to_owned())
    );
}

/// Bars a second apart from a time on, in two months on either side of it.
fn around(times: &[(&str, u64)]) -> Vec<u8> {
    let mut bytes = metadata(3, &SYMBOLS, [20_250_701, 20_251_101], [0, u64::MAX]);
    for (start, count) in times {
        let start = u64::try_from(start.parse::<jiff::Timestamp>().unwrap().as_second()).unwrap();
        for second in 0..*count {
            bytes.extend(MadeBar::new(start + second, 101, [26_000; 4], 1).record());
        }
    }
    bytes
}

fn strays(times: &[(&str, u64)]) -> Option<String> {
    let bytes = around(times);
    let mut findings = derive(&bytes, &json!({"month": "2025-09"})).unwrap().findings.into_iter();
    findings.find(|finding| finding.code == "bars.other-month").map(|finding| finding.message)
}

#[test]
fn the_edges_of_a_month_are_of_it_and_strays_are_told_of() {
    // Sunday evening is of Monday's trade date; the last evening of September is of October's first, and of UTC's September.
    let month =
        [("2025-08-31T22:00:00Z", 500), ("2025-09-02T14:00:00Z", 2000), ("2025-09-30T22:00:00Z", 500)];
    assert_eq!(strays(&month), None);
    let longer = [month[0], month[1], ("2025-10-01T00:00:00Z", 7)];
    let told = strays(&longer).unwrap();
    assert!(
        told.starts_with("7 of 2507 bars are not of 2025-09: the first, bar 2501 at 2025-10-01T00:00:00Z"),
        "{told}"
    );
    let earlier = [("2025-08-29T20:00:00Z", 7), month[1]];
    assert!(strays(&earlier).unwrap().ends_with("is of the trading day 2025-08-29"));
}

#[test]
fn neighbours_of_other_months_are_refused_by_their_role() {
    let (own, july) = (file(&bars(31)), around(&[("2025-07-02T14:00:00Z", 100)]));
    let august = around(&[("2025-08-29T14:00:00Z", 100)]);
    let derive = |previous: &[u8]| {
        let inputs = [(BARS, &own[..]), ("previous", previous)];
        let inputs = inputs.map(|(role, bytes)| Input { role, name: "bars.dbn", bytes });
        let parameters = Parameters::new(json!({"month": "2025-09"}).as_object().unwrap().clone());
        Futures.derive(&Inputs::new(inputs.into()), &parameters, &Context::detached()).map(|_| ())
    };
    assert!(derive(&august).is_ok());
    let Err(ModuleError::BadInput(fault)) = derive(&july) else { panic!("July is taken for August") };
    assert_eq!(fault.subject, "previous");
    assert!(fault.message.starts_with("100 of 100 bars are not of 2025-08"), "{fault:?}");
}
