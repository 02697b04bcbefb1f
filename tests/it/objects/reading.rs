//! Inputs that are objects.

use serde_json::{Value, json};
use tests::{Outcome, Sandbox};

use super::server::{Fault, Server};
use super::{curve, prepare, prepare_with, preparing, sandbox, version};
use crate::fetch::server as plain;
use crate::ingest::packing::{gzip, zstd};
use crate::reference::releases::SIX_DEGREE_FIELD;

pub(super) fn same_version() {
    let (server, text) = (Server::faultless(), curve(500));
    let local = sandbox();
    let path = local.write("star.csv", &text);
    let _ = prepare(&server, &local, path.to_str().unwrap()).success();
    let as_url = sandbox();
    let _ = prepare(&server, &as_url, &format!("file://{}", path.display())).success();
    assert_eq!(version(&as_url), version(&local));
    assert!(server.seen().is_empty());
    for (key, bytes) in [
        ("deep/star.csv", text.clone().into_bytes()),
        ("star.csv.gz", gzip(text.as_bytes())),
        ("a b%20c+ü.csv.zst", zstd(text.as_bytes())),
    ] {
        server.put(key, bytes);
        let sandbox = sandbox();
        let url = format!("s3://data/{key}");
        let _ = prepare(&server, &sandbox, &url).success();
        assert_eq!(version(&sandbox), version(&local), "{key}");
        assert_eq!(server.methods(), ["GET"], "{key}");
        let shown = sandbox.json(["show", "star"]);
        let input = shown.pointer("/data/record/execution/inputs/0").unwrap();
        assert_eq!(input["origin"], json!(url));
        // The record says where to read it again.
        let _ = server.run(&sandbox, &["reproduce", "star"]).success();
        assert_eq!(server.methods().len(), 2);
    }
    // Without a name the key gives it; and the recipe is known already.
    let outcome = server.run(
        &local,
        &[
            "prepare",
            "--plugin",
            "light_curve",
            "--input",
            "table=s3://data/star.csv.gz",
            "--param",
            "reference_magnitude=12",
        ],
    );
    assert!(outcome.success().stdout.contains("star"));
}

pub(super) fn passing() {
    let object = "/data/star.csv";
    let text = curve(300);
    let local = sandbox();
    let path = local.write("star.csv", &text);
    let _ = prepare(&Server::faultless(), &local, path.to_str().unwrap()).success();
    let expected = version(&local);
    for (name, faults, requests) in [
        ("two 503", vec![Fault::Status(503), Fault::Status(503)], 3),
        ("a 429", vec![Fault::Status(429)], 2),
        ("a 500", vec![Fault::Status(500)], 2),
        ("a lost connection", vec![Fault::Cut(2000)], 2),
        ("a lost connection before the first byte", vec![Fault::Cut(0)], 2),
        ("two lost connections", vec![Fault::Cut(2000), Fault::Cut(5)], 3),
        ("silence", vec![Fault::Silence], 2),
    ] {
        let server = Server::start(move |seen, earlier| {
            faults.get(earlier).copied().filter(|_| seen.method == "GET" && seen.path == object)
        });
        server.put("star.csv", text.as_bytes());
        let sandbox = sandbox();
        let patience: &[_] = if name == "silence" { &[("PBUF_FETCH_TIMEOUT_SECONDS", "3")] } else { &[] };
        let outcome = prepare_with(&server, &sandbox, "s3://data/star.csv", patience);
        assert_eq!(outcome.code, Some(0), "{name}: {outcome:?}");
        let seen = server.seen();
        assert_eq!(seen.len(), requests, "{name}: {seen:?}");
        if name.starts_with("a lost connection") || name.starts_with("two lost") {
            // What is there is not sent again, and what goes on is the same object.
            assert!(seen[1..].iter().all(|seen| seen.if_match && seen.range.is_some()), "{name}: {seen:?}");
        }
        assert_eq!(version(&sandbox), expected, "{name}");
    }
}

pub(super) fn endless() {
    for (fault, texts) in [
        (Fault::Status(503), ["503 Service Unavailable, Spoilt; tried 3 times", "hint: type the same again"]),
        (Fault::Silence, ["nothing came for 2s; tried 3 times", "hint: type the same again"]),
        (Fault::Cut(1000), ["after 1000 of ", "tried 3 times"]),
    ] {
        let server = Server::start(move |seen, _| {
            (seen.method == "GET").then_some(match fault {
                // The rest is asked for by range, and comes to nothing.
                Fault::Cut(_) if seen.range.is_some() => Fault::Cut(0),
                fault => fault,
            })
        });
        server.put("star.csv", curve(500));
        let sandbox = sandbox();
        let patience: &[_] =
            if fault == Fault::Silence { &[("PBUF_FETCH_TIMEOUT_SECONDS", "2")] } else { &[] };
        let outcome = prepare_with(&server, &sandbox, "s3://data/star.csv", patience);
        let _ =
            outcome.failure(21, &["cannot read input `table`", "`s3://data/star.csv`"]).failure(21, &texts);
        // The server may be slower to read than the client to give up.
        tests::wait_until("every attempt is read", || server.seen().len() >= 3);
        assert_eq!(server.seen().len(), 3, "{fault:?}");
        super::nothing_is_registered(&sandbox);
    }
}

pub(super) fn neighbours() {
    let server = Server::faultless();
    for month in ["20250101", "20250201", "20250301"] {
        server.put(&format!("mean-{month}.txt"), SIX_DEGREE_FIELD);
    }
    server.put("next-20250301.txt", "no covariance at all");
    let sandbox = Sandbox::new();
    let run = |bucket: &str| {
        let neighbour = format!("covariance?=s3://{bucket}/next-{{next.first_day}}.txt");
        let arguments = [
            "prepare",
            "--plugin",
            "bao",
            "--partition",
            "2025-01..2025-03",
            "--input",
            "mean=s3://data/mean-{first_day}.txt",
            "--input",
            &neighbour,
            "--json",
        ];
        let outcome = server.run(&sandbox, &arguments);
        (outcome.code, serde_json::from_str::<Value>(&outcome.stdout).unwrap())
    };
    let statuses = |answer: &Value| {
        let items = answer.pointer("/data/datasets").and_then(Value::as_array).unwrap();
        items.iter().map(|item| item["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // February's neighbour is there, and is read; it is no covariance.
    let (code, answer) = run("data");
    assert_eq!(
        (code, statuses(&answer)),
        (Some(4), ["prepared", "failed", "prepared"].map(str::to_owned).to_vec())
    );
    let message = answer.pointer("/data/datasets/1/error/message").and_then(Value::as_str).unwrap();
    assert!(message.contains("covariance"), "{message}");
    // A bucket that is not there is a slip of the user's, no missing neighbour.
    let (_, answer) = run("absent");
    assert!(answer.to_string().contains("the store has no bucket `absent`"), "{answer:#}");
    // Without its required input a month fails alone.
    let arguments = ["prepare", "--plugin", "bao", "--partition", "2025-03..2025-04", "--force", "--input"];
    let outcome = server.run(&sandbox, &[&arguments[..], &["mean=s3://data/mean-{first_day}.txt"]].concat());
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    assert!(outcome.stdout.contains("there is no such object"), "{outcome:?}");
    let missing = ["prepare", "--plugin", "bao", "--input", "mean?=s3://data/none.txt"];
    let _ = server.run(&sandbox, &missing).failure(16, &["there is no file for `mean`"]);
}

pub(super) fn manifest() {
    let server = Server::faultless();
    let text = curve(20);
    server.put("star.csv", text.as_bytes());
    let sandbox = sandbox();
    let run = |input: &Value| {
        let document = json!({"schema": "host.datasets/1", "datasets": {"star": {
            "module": "light_curve", "inputs": {"table": input}, "parameters": {"reference_magnitude": 12},
        }}});
        let _ = sandbox.write("datasets.json", document.to_string());
        server.run(&sandbox, &["prepare", "star", "--manifest", "datasets.json"])
    };
    let url = "s3://data/star.csv";
    let _ = run(&json!({"url": url, "bytes": text.len()})).success();
    let _ = run(&json!({"url": url, "sha256": "0".repeat(64)})).failure(
        12,
        &["input `table` is not the file that the manifest pins", "`s3://data/star.csv` has sha256"],
    );
    let _ = run(&json!({"path": url})).failure(16, &["an object is named with `url`"]);
    let _ = run(&json!({"url": url})).success();
    let variable = ("PBUF_REGISTRY_MANIFEST_FILE", "datasets.json");
    let told = server.run_with(&sandbox, &["dataset", "info", "star"], &[variable]).success();
    assert!(told.stdout.contains(url), "{told:?}");
}

/// A stand-in, not their servers: it shows whom the host asks and how it reads the answer.
pub(super) fn other_stores() {
    let text = curve(20);
    let content = text.clone();
    let server =
        plain::Server::start(move |stream, request, _| match request.path.split('?').next().unwrap() {
            path if path.starts_with("/data/") => plain::respond(
                stream,
                "200 OK",
                &[
                    &format!("Content-Length: {}", content.len()),
                    "ETag: \"1\"",
                    "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT",
                    // The second is the checksum of the content (RFC 3720, computed apart from the host).
                    if path.contains("damaged") {
                        "x-goog-hash: crc32c=AAAAAA=="
                    } else {
                        "x-goog-hash: crc32c=UqMOxw=="
                    },
                ],
                content.as_bytes(),
            ),
            _ => plain::respond(
                stream,
                "404 Not Found",
                &["Content-Length: 0", "x-ms-error-code: ContainerNotFound"],
                b"",
            ),
        });
    let endpoint = server.url("");
    let endpoint = endpoint.trim_end_matches('/');
    let run = |input: &str| {
        let sandbox = sandbox();
        let mut command = sandbox.command(preparing(&format!("table={input}")));
        command.envs([
            ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0"),
            ("AZURE_STORAGE_ENDPOINT", endpoint),
            ("GOOGLE_BASE_URL", endpoint),
            ("GOOGLE_SKIP_SIGNATURE", "true"),
        ]);
        (Outcome::of(&mut command), sandbox)
    };
    let local = sandbox();
    let path = local.write("star.csv", &text);
    let _ = prepare(&Server::faultless(), &local, path.to_str().unwrap()).success();
    for store in ["az", "gs"] {
        let (outcome, sandbox) = run(&format!("{store}://data/star.csv"));
        let _ = outcome.success();
        assert_eq!(version(&sandbox), version(&local), "{store}");
        let damaged = format!("{store}://data/damaged.csv");
        let (outcome, _) = run(&damaged);
        let _ = outcome.failure(12, &[&format!("`{damaged}` has not the checksum")]);
    }
    let (outcome, _) = run("az://none/star.csv");
    let _ = outcome.failure(16, &["the store has no bucket `none`", "AZURE_STORAGE_ACCOUNT_NAME"]);
}
