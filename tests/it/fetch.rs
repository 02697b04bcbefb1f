//! Files from servers that drop, truncate, lie, stall and change their mind: nothing appears in `raw/` but what the
//! catalogue pins, and what was received is not asked for again.

pub(crate) mod server;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Outcome, Sandbox, tree};

use crate::reference::releases::sha256;
use crate::trial;
use server::{Server, respond, serve, serve_until};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("fetch::a_file_appears_once_read_only_and_is_not_asked_for_again", &[], plain),
        trial("fetch::a_lost_connection_is_taken_up_where_it_ended", &[], dropped),
        trial("fetch::attempts_end_and_the_next_run_goes_on", &[], exhausted),
        trial("fetch::a_wrong_length_is_refused_before_it_is_stored", &[], lengths),
        trial("fetch::other_bytes_of_the_same_size_are_refused", &[], other_bytes),
        trial("fetch::a_web_page_is_called_one", &[], pages),
        trial("fetch::busy_servers_are_given_time", &[], busy),
        trial("fetch::a_refusal_goes_to_the_mirror_at_once", &[], refused),
        trial("fetch::a_server_without_ranges_sends_all_of_it_again", &[], no_ranges),
        trial("fetch::redirections_stay_where_they_may_lead", &[], redirections),
        trial("fetch::a_silent_server_is_left", &[], silent),
        trial("fetch::a_wrong_beginning_is_fetched_anew_once", &[], wrong_beginning),
        trial("fetch::a_killed_download_is_resumed", &[], killed),
        trial("fetch::two_processes_download_once", &[], together),
        trial("fetch::a_folder_is_searched_by_digest", &[], folder),
        trial("fetch::some_files_may_fail", &[], partly),
        trial("fetch::a_damaged_file_is_noticed_and_fetched_again", &[], damaged),
        trial("fetch::addresses_are_secure_or_local", &[], addresses),
    ]
}

/// A file of 200 kB that is no text.
fn content() -> Vec<u8> {
    (0..200_000_u32).map(|index| u8::try_from((index % 1013) * (index % 509) % 251).unwrap()).collect()
}

const HALF: usize = 100_000;

/// Writes a datasets manifest with one input for each dataset.
fn manifest(sandbox: &Sandbox, datasets: &[(&str, Value)]) {
    let datasets: serde_json::Map<String, Value> = datasets
        .iter()
        .map(|(name, input)| {
            ((*name).to_owned(), json!({"module": "light_curve", "inputs": {"table": input}}))
        })
        .collect();
    let manifest = json!({"schema": "host.datasets/1", "datasets": datasets});
    let _ = sandbox.write("datasets.json", manifest.to_string());
}

fn pinned(url: &str, content: &[u8]) -> Value {
    json!({"url": url, "sha256": sha256(content), "bytes": content.len()})
}

/// A sandbox whose dataset `star` is the file at an address.
fn sandbox(url: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    manifest(&sandbox, &[("star", pinned(url, &content()))]);
    sandbox
}

/// Runs `host fetch` with the manifest, three attempts and more patience than a slow machine needs.
fn fetch(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    fetch_with_patience(sandbox, arguments, "20")
}

/// The same for what is about a server that says nothing.
fn fetch_with_patience(sandbox: &Sandbox, arguments: &[&str], seconds: &str) -> Outcome {
    Outcome::of(&mut command(sandbox, arguments, seconds))
}

fn command(sandbox: &Sandbox, arguments: &[&str], patience_seconds: &str) -> std::process::Command {
    let mut command = sandbox.command(["fetch", "--manifest", "datasets.json"]);
    command.args(arguments).env("PBUF_FETCH_ATTEMPTS", "3");
    command.env("PBUF_FETCH_TIMEOUT_SECONDS", patience_seconds);
    command
}

fn raw(sandbox: &Sandbox, content: &[u8], name: &str) -> PathBuf {
    sandbox.data_root().join("raw").join(sha256(content)).join(name)
}

fn partial(sandbox: &Sandbox) -> PathBuf {
    sandbox.data_root().join("raw/.partial").join(sha256(content()))
}

/// The files of `raw/` that are not partial.
fn complete(sandbox: &Sandbox) -> Vec<PathBuf> {
    let files = tree(&sandbox.data_root().join("raw")).into_keys();
    files.filter(|path| !path.starts_with(".partial")).collect()
}

fn fetched(sandbox: &Sandbox) {
    assert_eq!(std::fs::read(raw(sandbox, &content(), "star.csv")).unwrap(), content());
    assert_eq!(complete(sandbox).len(), 1);
    assert!(!partial(sandbox).exists());
}

/// Fetches `star`, which must fail and leave nothing complete.
fn fails(sandbox: &Sandbox, code: i32, texts: &[&str]) {
    fails_with_patience(sandbox, "20", code, texts);
}

fn fails_with_patience(sandbox: &Sandbox, seconds: &str, code: i32, texts: &[&str]) {
    let _ = fetch_with_patience(sandbox, &["star"], seconds).failure(code, texts);
    assert_eq!(complete(sandbox), Vec::<PathBuf>::new());
}

fn plain() {
    let server = Server::start(|stream, request, _| serve(stream, request, &content()));
    let sandbox = sandbox(&server.url("some/star.csv?raw=true"));
    let outcome = fetch(&sandbox, &["star"]).success();
    assert!(outcome.stdout.starts_with("fetched  star.csv  195.3 KiB  for star\n"), "{}", outcome.stdout);
    fetched(&sandbox);
    let mode = std::fs::metadata(raw(&sandbox, &content(), "star.csv")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444);
    let again = fetch(&sandbox, &["star"]).success();
    assert!(again.stdout.starts_with("present  star.csv"), "{}", again.stdout);
    assert_eq!(server.requests().len(), 1);
    let answer = fetch(&sandbox, &["star", "--json"]).success().stdout;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let row = &answer["data"]["files"][0];
    assert_eq!((&answer["schema"], &row["status"]), (&json!("host.fetch/1"), &json!("present")));
    assert_eq!(row["file"]["sha256"], sha256(content()));
    let _ =
        fetch(&sandbox, &["stra"]).failure(2, &["no dataset `stra` in the manifest", "did you mean `star`?"]);
    let _ = fetch(&sandbox, &[]).failure(2, &["--all"]);
}

fn dropped() {
    let server = Server::start(|stream, request, number| {
        serve_until(stream, request, &content(), if number == 0 { HALF } else { 200_000 })
    });
    let sandbox = sandbox(&server.url("star.csv"));
    let _ = fetch(&sandbox, &["star"]).success();
    fetched(&sandbox);
    assert_eq!(server.ranges(), [None, Some(HALF)]);
}

fn exhausted() {
    let server = Server::start(|stream, request, number| {
        let until = if number < 3 { 1000 * (number + 1) } else { 200_000 };
        serve_until(stream, request, &content(), until)
    });
    let sandbox = sandbox(&server.url("star.csv"));
    fails(&sandbox, 21, &["error: cannot fetch `star.csv`", "tried 3 times", "hint: run the same again"]);
    assert_eq!(std::fs::read(partial(&sandbox)).unwrap(), content()[..3000]);
    let _ = fetch(&sandbox, &["star"]).success();
    fetched(&sandbox);
    assert_eq!(server.ranges(), [None, Some(1000), Some(2000), Some(3000)]);
}

fn lengths() {
    for (body, says) in [(199_999, "199999"), (200_001, "200001")] {
        let server = Server::start(move |stream, request, _| serve(stream, request, &vec![7; body]));
        let sandbox = sandbox(&server.url("star.csv"));
        fails(&sandbox, 12, &[&format!("it sends {says} bytes, the catalogue says 200000")]);
        assert_eq!(server.requests().len(), 1, "a lie is not asked for again");
    }
    // Without a length, and without an end.
    let server = Server::start(|stream, _, _| {
        respond(stream, "200 OK", &[], &content())?;
        loop {
            stream.write_all(&[0; 4096])?;
        }
    });
    let sandbox = sandbox(&server.url("star.csv"));
    fails(&sandbox, 12, &["it sends more than 200000 bytes, the catalogue says 200000"]);
    assert_eq!(server.requests().len(), 1);
}

fn other_bytes() {
    let server = Server::start(|stream, request, _| serve(stream, request, &vec![7; 200_000]));
    let sandbox = sandbox(&server.url("star.csv"));
    let found = sha256(vec![7; 200_000]);
    fails(&sandbox, 12, &["what it sent has sha256", &found, &sha256(content()), "hint: the published file"]);
    assert_eq!(server.requests().len(), 1);
}

fn pages() {
    let mut page = b"\n<!DOCTYPE html>\n<html>sign in</html>".to_vec();
    for size in [page.len(), 200_000] {
        page.resize(size, b' ');
        for framed in [true, false] {
            let page = page.clone();
            let server = Server::start(move |stream, request, _| {
                if framed { serve(stream, request, &page) } else { respond(stream, "200 OK", &[], &page) }
            });
            let sandbox = sandbox(&server.url("star.csv"));
            fails(&sandbox, 12, &["an HTML page"]);
            assert_eq!(server.requests().len(), 1);
        }
    }
}

fn busy() {
    for status in ["500 Internal Server Error", "503 Service Unavailable", "429 Too Many Requests"] {
        let server = Server::start(move |stream, request, number| match number {
            0 => respond(stream, status, &["Content-Length: 4"], b"busy"),
            _ => serve(stream, request, &content()),
        });
        let sandbox = sandbox(&server.url("star.csv"));
        let _ = fetch(&sandbox, &["star"]).success();
        fetched(&sandbox);
        assert_eq!(server.requests().len(), 2);
    }
    let server = Server::start(|stream, request, number| match number {
        0 => respond(stream, "429 Too Many Requests", &["Retry-After: 2", "Content-Length: 0"], b""),
        _ => serve(stream, request, &content()),
    });
    let patient = sandbox(&server.url("star.csv"));
    let started = Instant::now();
    let _ = fetch(&patient, &["star"]).success();
    assert!(started.elapsed() >= Duration::from_secs(2));
    let server = Server::start(|stream, _, _| {
        respond(stream, "503 Service Unavailable", &["Retry-After: 3600", "Content-Length: 0"], b"")
    });
    let sandbox = sandbox(&server.url("star.csv"));
    let texts = ["asks to come back in 3600 s", "run `host fetch star --from DIR`"];
    fails(&sandbox, 21, &texts);
    assert_eq!(server.requests().len(), 1);
}

fn refused() {
    for status in ["404 Not Found", "403 Forbidden", "410 Gone"] {
        let server = Server::start(move |stream, request, _| match request.path.as_str() {
            "/mirror/renamed.txt" => serve(stream, request, &content()),
            _ => respond(stream, status, &["Content-Length: 4"], b"gone"),
        });
        let alone = sandbox(&server.url("star.csv"));
        fails(&alone, 21, &["cannot fetch `star.csv`", &format!("it answers {}", &status[..3])]);
        assert_eq!(server.requests().len(), 1);
        assert!(!partial(&alone).exists());
        let sandbox = Sandbox::new();
        let mut input = pinned(&server.url("star.csv"), &content());
        input["mirrors"] = json!([server.url("also/gone"), server.url("mirror/renamed.txt")]);
        manifest(&sandbox, &[("star", input)]);
        let answer = fetch(&sandbox, &["star", "--json"]).success().stdout;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["data"]["files"][0]["fetched"]["from"], server.url("mirror/renamed.txt"));
        fetched(&sandbox);
        assert_eq!(server.requests().len(), 4);
    }
}

fn no_ranges() {
    let server = Server::start(|stream, _, number| {
        let body = if number == 0 { &content()[..HALF] } else { &content()[..] };
        respond(stream, "200 OK", &["Content-Length: 200000"], body)
    });
    let sandbox = sandbox(&server.url("star.csv"));
    let _ = fetch(&sandbox, &["star"]).success();
    fetched(&sandbox);
    assert_eq!(server.ranges(), [None, Some(HALF)]);
}

fn redirections() {
    let to = |location: &'static str| {
        Server::start(move |stream, request, number| match request.path.as_str() {
            "/there/star" => serve(stream, request, &content()),
            path if path.starts_with("/loop") => {
                let next = format!("Location: /loop{number}");
                respond(stream, "302 Found", &[&next, "Content-Length: 0"], b"")
            }
            _ => {
                let header = format!("Location: {location}");
                respond(stream, "301 Moved Permanently", &[&header, "Content-Length: 0"], b"")
            }
        })
    };
    for location in ["/there/star", "there/star"] {
        let server = to(location);
        let sandbox = sandbox(&server.url("star.csv"));
        let _ = fetch(&sandbox, &["star"]).success();
        fetched(&sandbox);
    }
    for (location, why) in [
        ("http://example.org/star.csv", "only `https` is fetched"),
        ("file:///etc/passwd", "does not follow"),
        ("ftp://127.0.0.1/star.csv", "its scheme is not `https`"),
        ("/loop", "redirects more than 5 times"),
    ] {
        let server = to(location);
        fails(&sandbox(&server.url("star.csv")), 21, &["it redirects", why]);
    }
}

fn silent() {
    const SILENCE: Duration = Duration::from_mins(2);
    let server = Server::start(|stream, request, number| {
        serve_until(stream, request, &content(), if number == 0 { HALF } else { 200_000 })?;
        if number == 0 {
            sleep(SILENCE);
        }
        Ok(())
    });
    let stalled = sandbox(&server.url("star.csv"));
    let started = Instant::now();
    let _ = fetch_with_patience(&stalled, &["star"], "3").success();
    assert!(started.elapsed() < SILENCE / 2, "the time-out does not hold");
    fetched(&stalled);
    assert_eq!(server.ranges(), [None, Some(HALF)]);
    // Not even a head.
    let server = Server::start(|_, _, _| {
        sleep(SILENCE);
        Ok(())
    });
    let mute = sandbox(&server.url("star.csv"));
    fails_with_patience(&mute, "0.5", 21, &["nothing came for 500ms; tried 3 times"]);
    // The server may be slower to read than the client to give up.
    tests::wait_until("every attempt is read", || server.requests().len() >= 3);
    assert_eq!(server.requests().len(), 3);
}

fn wrong_beginning() {
    let server = Server::start(|stream, request, _| serve(stream, request, &content()));
    let sandbox = sandbox(&server.url("star.csv"));
    let left = partial(&sandbox);
    std::fs::create_dir_all(left.parent().unwrap()).unwrap();
    let leave = |bytes: &[u8]| {
        let mut file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(&left).unwrap();
        file.write_all(bytes).unwrap();
    };
    leave(&[1; 50]);
    let _ = fetch(&sandbox, &["star"]).success();
    fetched(&sandbox);
    assert_eq!(server.ranges(), [Some(50), None]);
    // All of it was there when the process died; and more than all of it.
    for (bytes, requests) in [(content(), 2), (vec![0; 200_001], 3)] {
        std::fs::remove_file(raw(&sandbox, &content(), "star.csv")).unwrap();
        leave(&bytes);
        let _ = fetch(&sandbox, &["star"]).success();
        fetched(&sandbox);
        assert_eq!(server.requests().len(), requests);
    }
    // A server that resumes into nonsense every time is believed once.
    let server = Server::start(|stream, request, _| match request.range {
        Some(start) => {
            let mut other = content();
            other[start..].fill(7);
            serve(stream, request, &other)
        }
        None => serve_until(stream, request, &content(), HALF),
    });
    fails(&self::sandbox(&server.url("star.csv")), 12, &["what it sent has sha256"]);
    assert_eq!(server.ranges(), [None, Some(HALF), None, Some(HALF)]);
}

fn killed() {
    let server = Server::start(|stream, request, number| {
        serve_until(stream, request, &content(), if number == 0 { HALF } else { 200_000 })?;
        if number == 0 {
            // Until the test is over.
            sleep(Duration::from_hours(1));
        }
        Ok(())
    });
    let sandbox = sandbox(&server.url("star.csv"));
    let mut slow = command(&sandbox, &["star"], "3600");
    slow.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = slow.spawn().unwrap();
    tests::wait_until("half of the file is there", || {
        std::fs::metadata(partial(&sandbox)).is_ok_and(|file| file.len() == HALF as u64)
    });
    // SIGKILL.
    child.kill().unwrap();
    let _ = child.wait().unwrap();
    assert_eq!(complete(&sandbox), Vec::<PathBuf>::new());
    let _ = fetch(&sandbox, &["star"]).success();
    fetched(&sandbox);
    assert_eq!(server.ranges(), [None, Some(HALF)]);
}

fn together() {
    let server = Server::start(|stream, request, _| {
        serve_until(stream, request, &content(), HALF)?;
        sleep(Duration::from_millis(300));
        stream.write_all(&content()[HALF..])
    });
    let sandbox = sandbox(&server.url("star.csv"));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| fetch(&sandbox, &["star"]).success());
        }
    });
    fetched(&sandbox);
    assert_eq!(server.requests().len(), 1);
}

fn folder() {
    let server = Server::start(|stream, _, _| respond(stream, "500 Internal Server Error", &[], b""));
    let sandbox = Sandbox::new();
    manifest(
        &sandbox,
        &[
            ("planet", pinned(&server.url("planet.csv"), b"seven b")),
            ("star", pinned(&server.url("star.csv"), &content())),
        ],
    );
    let _ = sandbox.write("have/deep/inside/other name.bin", content());
    let _ = sandbox.write("have/same size", vec![7; 200_000]);
    let outcome = fetch(&sandbox, &["star", "--from", "have"]).success();
    assert!(outcome.stdout.starts_with("copied   star.csv"), "{}", outcome.stdout);
    fetched(&sandbox);
    let outcome = fetch(&sandbox, &["planet", "star", "--from", "have"]);
    let text = "0 fetched, 1 present, 1 failed";
    assert!(outcome.stdout.contains(text) && outcome.stdout.contains("no file below `have`"), "{outcome:?}");
    let _ = outcome.failure(4, &["1 of 2 files failed"]);
    let _ = fetch(&sandbox, &["planet", "--from", "have"]).failure(16, &["hint: leave out `--from`"]);
    let _ =
        fetch(&sandbox, &["planet", "--from", "absent"]).failure(16, &["cannot list the folder `absent`"]);
    assert!(server.requests().is_empty());
}

fn partly() {
    let server = Server::start(|stream, request, _| match request.path.as_str() {
        "/star.csv" => serve(stream, request, &content()),
        _ => respond(stream, "404 Not Found", &["Content-Length: 0"], b""),
    });
    let sandbox = Sandbox::new();
    let star = pinned(&server.url("star.csv"), &content());
    manifest(
        &sandbox,
        &[("again", star.clone()), ("moon", pinned(&server.url("moon"), b"1")), ("star", star)],
    );
    let outcome = fetch(&sandbox, &["again", "moon", "star"]);
    for text in ["for again, star", "failed   moon", "404", "1 fetched, 0 present, 1 failed"] {
        assert!(outcome.stdout.contains(text), "`{text}` is not in {}", outcome.stdout);
    }
    let _ = outcome.failure(4, &["1 of 2 files failed"]);
    fetched(&sandbox);
    assert_eq!(server.requests().len(), 2, "a file that two datasets share is fetched once");
    let answer = fetch(&sandbox, &["again", "moon", "star", "--json"]);
    assert_eq!(answer.code, Some(4));
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(answer.pointer("/data/files/1/error/code"), Some(&json!("network")));
    assert_eq!(answer.pointer("/data/files/1/error/exit"), Some(&json!(21)));
}

fn damaged() {
    let server = Server::start(|stream, request, _| serve(stream, request, &content()));
    let sandbox = sandbox(&server.url("star.csv")).with_plugins(tests::fixture::example());
    let prepare = || sandbox.run(["prepare", "star", "--manifest", "datasets.json"]);
    let texts = [
        "dataset `star`: the file `star.csv` of its input `table` is not there",
        "hint: run `host fetch star`",
    ];
    let _ = prepare().failure(16, &texts);
    let _ = fetch(&sandbox, &["star"]).success();
    let _ = prepare().failure(16, &["this is a binary file"]);
    let path = raw(&sandbox, &content(), "star.csv");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    flip(&path);
    let _ = prepare().failure(12, &["is not the file that the manifest pins", "hint: run `host fetch star`"]);
    let _ = fetch(&sandbox, &["star"]).success();
    fetched(&sandbox);
    assert_eq!(server.requests().len(), 2);
}

fn flip(path: &Path) {
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all(b"!").unwrap();
}

fn addresses() {
    for (url, why) in [
        ("http://example.org/star.csv", "only `https` is fetched"),
        ("ftp://example.org/star.csv", "its scheme is not `https`"),
        ("https://me:secret@example.org/star.csv", "it holds a name or password"),
        ("https://example.org/", "names no file"),
        ("star.csv", "no scheme or no host"),
    ] {
        fails(&sandbox(url), 16, &["`datasets.json` is malformed", why, "line 1 column"]);
    }
    // A server that speaks no TLS is not spoken to in plain text. Each waits for the other to say something.
    let server = Server::start(|stream, request, _| serve(stream, request, &content()));
    let address = server.url("star.csv").replace("http:", "https:");
    fails_with_patience(&sandbox(&address), "0.5", 21, &["cannot fetch `star.csv`", &address]);
    assert!(server.requests().is_empty());
    let refuses = sandbox("http://127.0.0.1:1/star.csv");
    fails(&refuses, 21, &["cannot fetch `star.csv`", "http://127.0.0.1:1/star.csv"]);
}
