//! Exports that become objects.

use tests::{Sandbox, tree};

use super::server::{Fault, Server};
use super::{curve, prepare, sandbox};

/// Rows of a dataset whose covariance of 8.8 MB is sent in two parts.
const ROWS_OF_PARTS: u32 = 1050;

/// For a server that says nothing.
const SOON: [(&str, &str); 1] = [("PBUF_FETCH_TIMEOUT_SECONDS", "3")];

fn prepared(rows: u32) -> Sandbox {
    let sandbox = sandbox();
    let path = sandbox.write("star.csv", curve(rows));
    let _ = prepare(&Server::faultless(), &sandbox, path.to_str().unwrap()).success();
    sandbox
}

fn export(server: &Server, sandbox: &Sandbox, format: &str) -> tests::Outcome {
    export_with(server, sandbox, format, &[])
}

fn export_with(
    server: &Server,
    sandbox: &Sandbox,
    format: &str,
    variables: &[(&str, &str)],
) -> tests::Outcome {
    let arguments = ["export", "star", "--format", format, "--output", "s3://data/out"];
    server.run_with(sandbox, &arguments, variables)
}

fn local(sandbox: &Sandbox, format: &str) -> Vec<(String, Vec<u8>)> {
    let folder = sandbox.path(&format!("local-{format}"));
    let _ =
        sandbox.run(["export", "star", "--format", format, "--output", folder.to_str().unwrap()]).success();
    tree(&folder).into_iter().map(|(path, bytes)| (format!("out/{}", path.display()), bytes)).collect()
}

pub(super) fn same_bytes() {
    let sandbox = prepared(ROWS_OF_PARTS);
    for format in ["parquet", "npz"] {
        let server = Server::faultless();
        let outcome = export(&server, &sandbox, format).success();
        let (objects, local) = (server.objects(), local(&sandbox, format));
        assert_eq!(
            objects.iter().map(|(key, _)| key).collect::<Vec<_>>(),
            local.iter().map(|(key, _)| key).collect::<Vec<_>>()
        );
        assert!(objects == local, "{format}: other bytes");
        let mut named: Vec<&str> =
            outcome.stdout.lines().map(|line| line.trim_start_matches("s3://data/")).collect();
        named.sort_unstable();
        assert_eq!(named, objects.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>());
        // The server keeps a checksum of what is sent whole, so that it need not be read back.
        let seen = server.seen();
        let small = seen.iter().filter(|seen| seen.path.contains("metadata.json"));
        let small: Vec<&str> = small.map(|seen| seen.method.as_str()).collect();
        assert!(small.is_empty() || small == ["PUT", "HEAD"], "{seen:?}");
        let parts = seen.iter().filter(|seen| seen.path.contains("partNumber")).count();
        assert_eq!(parts, 2, "{seen:?}");
        assert_eq!(server.begun_uploads(), Vec::<String>::new());
        // Again, over what is there.
        let _ = export(&server, &sandbox, format).success();
        assert!(server.objects() == local, "{format}: other bytes");
    }
}

pub(super) fn passing() {
    let sandbox = prepared(ROWS_OF_PARTS);
    for fault in [Fault::Status(503), Fault::Status(429), Fault::Silence] {
        let server = Server::start(move |seen, earlier| {
            let of_upload = match fault {
                // The host waits in proportion to what it sends: the second part is the small one.
                Fault::Silence => seen.path.contains("partNumber=2"),
                _ => matches!(seen.method.as_str(), "PUT" | "POST"),
            };
            (of_upload && earlier == 0).then_some(fault)
        });
        let outcome =
            export_with(&server, &sandbox, "parquet", if fault == Fault::Silence { &SOON } else { &[] });
        assert_eq!(outcome.code, Some(0), "{fault:?}: {outcome:?}");
        assert!(server.objects() == local(&sandbox, "parquet"), "{fault:?}: other bytes");
        assert_eq!(server.begun_uploads(), Vec::<String>::new());
    }
    // The answer to the last request is lost: the object is there, and that is seen.
    let server = Server::start(|seen, _| {
        (seen.method == "POST" && seen.path.contains("uploadId=")).then_some(Fault::Deaf)
    });
    let _ = export_with(&server, &sandbox, "parquet", &SOON).success();
    assert!(server.objects() == local(&sandbox, "parquet"));
}

pub(super) fn failing() {
    let (large, small) = (prepared(ROWS_OF_PARTS), prepared(5));
    let part = |seen: &super::server::Seen, number: &str| seen.path.contains(&format!("partNumber={number}"));
    // The second part never succeeds.
    let server = Server::start(move |seen, _| part(seen, "2").then_some(Fault::Status(500)));
    let _ = export(&server, &large, "npz").failure(
        21,
        &[
            "error: cannot write `star.npz`",
            "`s3://data/out/star.npz`",
            "500 Internal Server Error",
            "tried 3 times",
        ],
    );
    assert_eq!((server.objects(), server.begun_uploads()), (Vec::new(), Vec::new()));
    assert_eq!(server.methods().last().map(String::as_str), Some("DELETE"), "{:?}", server.seen());
    assert_eq!(server.seen().iter().filter(|seen| part(seen, "2")).count(), 3);
    // It cannot even be given up: that is said.
    let server = Server::start(move |seen, _| {
        (part(seen, "1") || seen.method == "DELETE").then_some(Fault::Status(500))
    });
    let _ = export(&server, &large, "npz").failure(21, &["what was sent of it stays in the store"]);
    assert!(server.objects().is_empty());
    // What arrives is not what was sent.
    for (sandbox, format) in [(&large, "npz"), (&small, "json")] {
        let server = Server::start(|seen, _| (seen.method == "PUT").then_some(Fault::FlipSent));
        let outcome = export(&server, sandbox, format);
        assert!(matches!(outcome.code, Some(12 | 16 | 18 | 21)), "{outcome:?}");
        assert!(outcome.stderr.contains("error: cannot write `star."), "{outcome:?}");
        assert_eq!((server.objects(), server.begun_uploads()), (Vec::new(), Vec::new()));
    }
    for (status, code, text) in [(403, 18, "403 Forbidden, Spoilt"), (503, 21, "tried 3 times")] {
        let server = Server::start(move |seen, _| (seen.method == "PUT").then_some(Fault::Status(status)));
        let _ = export(&server, &small, "json").failure(code, &["cannot write `star.json`", text]);
        assert_eq!(server.seen().len(), if status == 403 { 1 } else { 3 });
        assert!(server.objects().is_empty());
    }
    let server = Server::faultless();
    let absent = ["export", "star", "--format", "json", "--output", "s3://absent"];
    let _ = server.run(&small, &absent).failure(18, &["the store has no bucket `absent`"]);
}

/// A layout that names its folder cannot name one among objects.
pub(super) fn folders() {
    let (server, sandbox) = (Server::faultless(), Sandbox::new());
    let _ = sandbox.run(["prepare", "--plugin", "bao", "--name", "star"]).success();
    let _ = export(&server, &sandbox, "cobaya")
        .failure(2, &["this format writes down the path of its folder", "hint: export to a folder"]);
    assert!(server.seen().is_empty() && server.objects().is_empty());
}
