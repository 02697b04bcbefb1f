//! What is not read, and what is said of it.

use super::server::{Fault, KEY_ID, SECRET, Server};
use super::{curve, nothing_is_registered, prepare, prepare_with, preparing, sandbox};
use crate::ingest::packing::gzip;

pub(super) fn lasting() {
    let server = Server::start(|seen, _| seen.path.contains("forbidden").then_some(Fault::Status(403)));
    server.put("star.csv", curve(5));
    let sandbox = sandbox();
    for (url, texts) in [
        ("s3://data/forbidden.csv", ["403 Forbidden, Spoilt", "hint: check `AWS_ACCESS_KEY_ID`"]),
        ("s3://data/none.csv", ["there is no such object", "hint: check the address"]),
        (
            "s3://none/star.csv",
            ["the store has no bucket `none`", "hint: check the address, and `AWS_REGION`"],
        ),
    ] {
        let asked = server.seen().len();
        let cause = format!("caused by: `{url}`: ");
        let _ = prepare(&server, &sandbox, url)
            .failure(16, &["error: cannot read input `table`", &cause])
            .failure(16, &texts);
        assert_eq!(server.seen().len() - asked, 1, "{url}");
    }
    let asked = server.seen().len();
    let wrong = [("AWS_SECRET_ACCESS_KEY", "not the right one")];
    let _ = prepare_with(&server, &sandbox, "s3://data/star.csv", &wrong)
        .failure(16, &["403 Forbidden, SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"]);
    assert_eq!(server.seen().len() - asked, 1);
    let half = [("AWS_SECRET_ACCESS_KEY", "")];
    let _ = prepare_with(&server, &sandbox, "s3://data/star.csv", &half)
        .failure(17, &["the environment does not say how to reach", "hint: look at `AWS_ACCESS_KEY_ID`"]);
    // Nobody listens there.
    let nobody = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    let _ = prepare_with(&server, &sandbox, "s3://data/star.csv", &nobody)
        .failure(21, &["the store cannot be reached", "hint: check `AWS_REGION` and `AWS_ENDPOINT_URL`"]);
    // No variable, and no service of a cloud.
    let none = [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1"),
    ];
    let _ = prepare_with(&server, &sandbox, "s3://data/star.csv", &none)
        .failure(16, &["the environment holds no credentials", "hint: set `AWS_ACCESS_KEY_ID`"]);
    nothing_is_registered(&sandbox);
}

pub(super) fn wrong_bytes() {
    for packed in [false, true] {
        let server = Server::start(|seen, _| (seen.method == "GET").then_some(Fault::Flip));
        let text = curve(300).into_bytes();
        server.put("star.csv", if packed { gzip(&text) } else { text });
        let sandbox = sandbox();
        let _ = prepare(&server, &sandbox, "s3://data/star.csv").failure(
            12,
            &[
                "cannot read input `table`",
                "`s3://data/star.csv` has not the checksum that the store keeps",
                "hint: type the same again",
            ],
        );
        nothing_is_registered(&sandbox);
    }
}

pub(super) fn changed() {
    let text = curve(5000);
    for length in [1, text.len(), 2 * text.len()] {
        let server = Server::start(move |seen, earlier| match (seen.method.as_str(), earlier) {
            ("GET", 0) => Some(Fault::Cut(1000)),
            ("GET", _) => Some(Fault::Replace(length)),
            _ => None,
        });
        server.put("star.csv", text.as_bytes());
        let sandbox = sandbox();
        let _ = prepare(&server, &sandbox, "s3://data/star.csv")
            .failure(16, &["`s3://data/star.csv` changed while it was read", "hint: type the same again"]);
        assert_eq!(server.seen().len(), 2, "{length}");
        nothing_is_registered(&sandbox);
    }
}

pub(super) fn limits() {
    let (server, sandbox, text) = (Server::faultless(), sandbox(), curve(40));
    server.put("plain.csv", text.as_bytes());
    server.put("packed.csv.gz", gzip(text.as_bytes()));
    let size = text.len();
    for (key, limit, unpacked) in [
        ("plain.csv", size - 1, ""),
        ("packed.csv.gz", size - 1, " when unpacked"),
        ("packed.csv.gz", 20, ""),
    ] {
        let message = format!("input `table` is larger than {limit} B{unpacked}: `s3://data/{key}`");
        let limit = limit.to_string();
        let limit = [("PBUF_PROCESSING_MAX_INPUT_SIZE_BYTES", limit.as_str())];
        let _ = prepare_with(&server, &sandbox, &format!("s3://data/{key}"), &limit)
            .failure(15, &[&message, "hint: to allow more, set `processing.max_input_size_bytes`"]);
    }
    server.put("cut.csv.gz", &gzip(text.as_bytes())[..60]);
    let _ = prepare(&server, &sandbox, "s3://data/cut.csv.gz").failure(16, &["damaged or truncated gzip"]);
    server.put("empty.csv", "");
    let _ = prepare(&server, &sandbox, "s3://data/empty.csv").failure(16, &["line 1: the file is empty"]);
    nothing_is_registered(&sandbox);
    let size = size.to_string();
    let exact = [("PBUF_PROCESSING_MAX_INPUT_SIZE_BYTES", size.as_str())];
    let _ = prepare_with(&server, &sandbox, "s3://data/plain.csv", &exact).success();
}

pub(super) fn addresses() {
    let (server, sandbox) = (Server::faultless(), sandbox());
    for (url, text) in [
        ("s3://me:hush@data/star.csv", "it holds a name or password"),
        ("s3://data/star.csv?X-Amz-Signature=hush", "it holds a query or fragment"),
        ("https://example.org/star.csv", "there are `s3`, `az`, `gs` and `file`"),
        ("s3://data", "names no object"),
        ("file://elsewhere/star.csv", "three slashes"),
    ] {
        let outcome = prepare(&server, &sandbox, url).failure(2, &["input `table`", text]);
        assert!(!outcome.stderr.contains("hush"), "{outcome:?}");
        let export = ["export", "star", "--format", "csv", "--output", url];
        if url != "s3://data" {
            let _ = server.run(&sandbox, &export).failure(2, &["`--output`", text]);
        }
    }
    for (endpoint, text) in [
        ("http://s3.example.org", "`s3.example.org` would be spoken to in plain text"),
        ("http://me:hush@127.0.0.1:1", "holds a name, a password or a query"),
        ("example", "refused"),
    ] {
        let variables = [("AWS_ENDPOINT_URL", endpoint)];
        let outcome = prepare_with(&server, &sandbox, "s3://data/star.csv", &variables);
        let outcome = outcome.failure(17, &["the endpoint of the object store is refused", text]);
        assert!(!outcome.stderr.contains("hush"), "{outcome:?}");
    }
    let hint = "hint: give an endpoint with `https://`, or set `AWS_ALLOW_HTTP=true`";
    let variables = [("AWS_ENDPOINT_URL", "http://s3.example.org")];
    let _ = prepare_with(&server, &sandbox, "s3://data/star.csv", &variables).failure(17, &[hint]);
    assert!(server.seen().is_empty());
    nothing_is_registered(&sandbox);
}

/// With everything that can be logged, in success and in failure.
pub(super) fn secrets() {
    let server = Server::start(|seen, _| seen.path.contains("busy").then_some(Fault::Status(503)));
    server.put("star.csv", curve(50));
    let token = "FwoGZXIvYXdzEBYaDHsessionTOKEN";
    let sandbox = sandbox();
    let mut said = String::new();
    for (more, variables) in [
        (&["star.csv"][..], &[][..]),
        (&["none.csv"], &[]),
        (&["busy.csv"], &[("PBUF_FETCH_ATTEMPTS", "2")]),
        (&["star.csv"], &[("AWS_SESSION_TOKEN", token)]),
        (&["star.csv"], &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]),
    ] {
        let input = format!("table=s3://data/{}", more[0]);
        let arguments = [&["-vvv"][..], &preparing(&input)].concat();
        let logged = [("PBUF_DATA_PREPARATION_LOG_LEVEL", "debug"), ("PBUF_LOGGING_FILE_LOGGING", "true")];
        let outcome = server.run_with(&sandbox, &arguments, &[variables, &logged].concat());
        said.push_str(&outcome.stdout);
        said.push_str(&outcome.stderr);
    }
    let arguments = ["-vvv", "export", "star", "--format", "csv", "--output", "s3://data/out"];
    said.push_str(&server.run(&sandbox, &arguments).success().stderr);
    assert!(said.contains("TRACE") && said.contains("DEBUG"), "{said}");
    let kept = tests::tree(&sandbox.path(""));
    for secret in [SECRET, KEY_ID, token] {
        assert!(!said.contains(secret), "`{secret}` is said");
        for (path, bytes) in &kept {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "`{secret}` is in `{}`", path.display());
        }
    }
}
