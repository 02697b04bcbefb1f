//! The OpenAPI document is kept: every operation in it is called with what is right, missing and hostile, and answers
//! with a status that the document names and a body that fits the schema.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::repository;

use super::prepared;
use super::service::{Answer, Service, TOKEN};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("serve::the_document_is_as_committed", &[], committed),
        trial("serve::every_answer_is_as_the_document_says", &[], kept),
    ]
}

/// Texts that have broken something somewhere.
const HOSTILE: [&str; 16] = [
    "",
    "0",
    "-1",
    "999999999999999999999999",
    "1e309",
    "NaN",
    "..",
    "%2e%2e%2f",
    "%00",
    "%ff",
    "'%22--",
    "%3Cscript%3E",
    "$%7Bjndi%7D",
    "%F0%9F%92%A9",
    "star@%2e",
    "a%0d%0aset-cookie:x",
];

fn committed() {
    let sandbox = tests::Sandbox::new();
    let document = sandbox.run(["serve", "--print-openapi"]).success().stdout;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(repository().join("tests/it/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("openapi", document));
    let parsed: Value = serde_json::from_str(&document).unwrap();
    for (path, operations) in parsed["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} says nothing");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["description"].is_string(), "{method} {path} {status}");
            }
        }
    }
}

fn kept() {
    let sandbox = prepared();
    let service = Service::start_with_token(&sandbox, &[]);
    let document = service.json("/openapi.json");
    let token = format!("Bearer {TOKEN}");
    let json_body = [("authorization", token.as_str()), ("content-type", "application/json")];
    let mut calls = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let mut check = |path: &str, headers: &[(&str, &str)], body: &str| {
                let answer = service.ask(&method.to_uppercase(), path, headers, body);
                let place = format!("{method} {path} {body}");
                demand_fit(&document, operation, &answer, &place);
                calls += 1;
            };
            let named: Vec<String> = ["star", "nobody"]
                .into_iter()
                .chain(HOSTILE)
                .chain(["20260101T000000000Z-00000000"])
                .map(|name| path.replace("{name}", name).replace("{id}", name))
                .collect();
            let named = if path.contains('{') { named } else { vec![path.clone()] };
            let known: BTreeMap<&str, &Value> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "query")
                .map(|parameter| (parameter["name"].as_str().unwrap(), parameter))
                .collect();
            for path in &named {
                // A path that the hostile name changed into another one is none of this operation.
                if path.ends_with('/') || path.contains("//") {
                    continue;
                }
                check(path, &json_body, "");
                check(path, &[], "");
                check(path, &[("authorization", "Bearer wrong")], "{}");
                check(path, &[("if-none-match", "*"), ("authorization", &token)], "");
            }
            for name in known.keys() {
                for value in HOSTILE {
                    check(&format!("{path}?{name}={value}"), &json_body, "");
                }
            }
            if method == "post" && !path.contains('{') {
                for body in bodies() {
                    check(path, &json_body, &body);
                }
                check(path, &[("authorization", &token), ("content-type", "text/plain")], "{}");
            }
        }
    }
    assert!(calls > 200, "{calls} calls");
    service.end();
}

/// Requests for runs, of which none is a good one.
fn bodies() -> Vec<String> {
    let hostile = HOSTILE.map(|text| json!({"plugin": text}));
    let wrong = [
        json!(null),
        json!([]),
        json!({}),
        json!({"plugin": 1}),
        json!({"plugin": "light_curve", "extra": 1}),
        json!({"plugin": "light_curve", "inputs": {"table": "../../../../etc/passwd"}}),
        json!({"plugin": "light_curve", "inputs": {"table": "/etc/passwd"}}),
        json!({"plugin": "light_curve", "inputs": ["x"]}),
        json!({"plugin": "light_curve", "parameters": {"x": {"deep": []}}}),
        json!({"dataset": "a b"}),
        json!({"plugin": "x".repeat(100_000)}),
    ];
    let texts = ["{", "\u{feff}{}", "{\"plugin\":\"a\",\"plugin\":\"b\"}"].map(str::to_owned);
    let deep = "[".repeat(100_000);
    hostile.iter().chain(&wrong).map(Value::to_string).chain(texts).chain([deep]).collect()
}

fn demand_fit(document: &Value, operation: &Value, answer: &Answer, place: &str) {
    let responses = &operation["responses"];
    let response = &responses[answer.status.to_string()];
    assert!(response.is_object(), "{place}: {} is not documented", answer.status);
    // A machine that is busy with other tests may be unhealthy, and says so.
    assert!(answer.status < 500 || place.starts_with("get /health "), "{place}: {answer:?}");
    let media_type = answer.headers.get("content-type").map_or("", |text| text.split(';').next().unwrap());
    let content = response["content"].as_object();
    match content.and_then(|content| content.get(media_type)) {
        None => assert!(content.is_none() && answer.body.is_empty(), "{place}: {media_type}: {answer:?}"),
        Some(content) if media_type == "application/json" => {
            let faults = faults(document, &content["schema"], &answer.json(), "");
            assert!(faults.is_empty(), "{place}: {faults:?}");
        }
        Some(_) => {}
    }
}

/// Where a value does not fit a schema, as far as this document uses schemas.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target =
            document.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere");
        return faults(document, target, value, at);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |allowed: &Value| allowed == kind || (allowed == "number" && kind == "integer");
    let typed = match &schema["type"] {
        Value::Null => true,
        Value::Array(allowed) => allowed.iter().any(fits),
        allowed => fits(allowed),
    };
    if !typed {
        return vec![format!("{at} is {kind}, not {}", schema["type"])];
    }
    let mut found = Vec::new();
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{at}/{name} is missing"));
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(field) = value.get(name) {
            found.extend(faults(document, property, field, &format!("{at}/{name}")));
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(document, &schema["items"], item, &format!("{at}/{index}")));
    }
    found
}
