//! The service: what it answers, what it refuses, what it bears, how it ends.

mod contract;
mod drains;
mod limits;
mod maintenance;
mod runs;
mod service;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Sandbox, fixture};

use crate::trial;
pub(crate) use service::Service;
use service::{TOKEN, token_file};

pub(crate) fn trials() -> Vec<Trial> {
    let own = vec![
        trial("serve::answers_are_what_the_verbs_print", &[], answers),
        trial("serve::what_is_kept_is_made_again_when_something_changes", &[], kept),
        trial("serve::refusals_have_one_form", &[], refusals),
        trial("serve::a_page_of_another_site_is_not_answered", &[], other_hosts),
        trial("serve::pages_health_and_metrics_are_at_their_addresses", &[], pages),
        trial("serve::other_machines_need_a_token", &[], tokens),
        trial("serve::a_manager_is_told_when_it_is_ready_and_when_it_ends", &[], told),
    ];
    [own, limits::trials(), maintenance::trials(), runs::trials(), drains::trials(), contract::trials()]
        .into_iter()
        .flatten()
        .collect()
}

/// Two datasets of a module.
pub(crate) fn prepared() -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    for name in ["star", "moon"] {
        let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", name]).success();
    }
    sandbox
}

fn answers() {
    let sandbox = prepared();
    let service = Service::start(&sandbox, &[], &[]);
    for (path, verb) in [
        ("/api/v1/datasets", &["list", "--all"][..]),
        ("/api/v1/datasets/star", &["show", "star"]),
        ("/api/v1/plugins", &["plugin", "list"]),
        ("/api/v1/audit", &["audit", "list"]),
    ] {
        let answer = service.get(path);
        assert_eq!(answer.json(), sandbox.json(verb), "{path}");
        assert_eq!(answer.headers["content-type"], "application/json");
        let tag = answer.headers["etag"].as_str();
        let again = service.ask("GET", path, &[("if-none-match", tag)], "");
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        let head = service.ask("HEAD", path, &[], "");
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
    }
    let page = service.get("/api/v1/reports/star");
    let _ = sandbox.run(["report", "star", "--output", "star.html"]).success();
    assert_eq!(page.body, std::fs::read_to_string(sandbox.path("work/star.html")).unwrap());
    assert!(page.headers["content-security-policy"].starts_with("default-src 'none'"), "{page:?}");

    let part = service.json("/api/v1/audit?after=1&limit=1");
    let entries = part.pointer("/data/entries").and_then(Value::as_array).unwrap();
    assert_eq!(entries.iter().map(|entry| &entry["sequence"]).collect::<Vec<_>>(), [2]);

    let record = sandbox.json(["show", "star"]);
    let version = record.pointer("/data/record/version").and_then(Value::as_str).unwrap();
    let lineage = service.json("/api/v1/lineage/star");
    assert_eq!(lineage.pointer("/data/version"), record.pointer("/data/record/version"));
    assert_eq!(lineage.pointer("/data/module/id"), Some(&json!("light_curve")));
    assert_eq!(lineage.pointer("/data/inputs/0/role"), Some(&json!("table")));
    assert_eq!(lineage.pointer("/data/history/0/sequence"), Some(&json!(1)));
    let exact = service.json(&format!("/api/v1/datasets/star@{}", &version[..8]));
    assert_eq!(exact.pointer("/data/record/version"), record.pointer("/data/record/version"));

    let status = service.json("/api/v1/status");
    assert_eq!(status.pointer("/data/datasets"), Some(&json!(2)));
    assert_eq!(status.pointer("/data/read_only"), Some(&json!(true)));
    assert_eq!(service.get("/livez").status, 200);
    assert_eq!(service.get("/readyz").status, 200);
    service.end();
}

fn pages() {
    let sandbox = prepared();
    let service = Service::start(&sandbox, &[], &[]);
    for path in ["/", "/datasets/star", "/runs", "/modules", "/health-report"] {
        let page = service.get(path);
        assert_eq!(page.status, 200, "{path}: {page:?}");
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert!(page.headers["content-security-policy"].starts_with("default-src 'self'"), "{page:?}");
        for asset in ["/assets/style.css", "/assets/refresh.js"] {
            assert!(page.body.contains(asset), "{path}");
            assert_eq!(service.get(asset).status, 200);
        }
    }
    assert!(service.get("/").body.contains("star"));
    service.get("/datasets/nobody").demand_refusal(404, "not-found");
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    for path in ["/datasets/nobody", "/nope", "/runs/nope"] {
        let page = service.ask("GET", path, &browser, "");
        assert!(page.headers["content-type"].starts_with("text/html"), "{page:?}");
        assert!(page.status == 404 && page.body.contains("Not found"), "{page:?}");
        assert!(page.headers["content-security-policy"].starts_with("default-src 'self'"), "{page:?}");
    }
    service.ask("GET", "/api/v1/datasets/nobody", &browser, "").demand_refusal(404, "not-found");
    let overview = service.get("/datasets");
    assert_eq!((overview.status, overview.headers["location"].as_str()), (303, "/"));
    let health = service.get("/health");
    let verdict = health.json();
    assert!(["healthy", "degraded", "unhealthy"].map(Value::from).contains(&verdict["status"]), "{verdict}");
    assert_eq!(health.status == 503, verdict["status"] == "unhealthy");
    assert!(verdict["available_modules"].as_array().is_some_and(|modules| !modules.is_empty()), "{verdict}");
    let metrics = service.get("/metrics");
    assert!(metrics.headers["content-type"].starts_with("text/plain"), "{metrics:?}");
    for line in [
        "http_requests_total{route=\"/datasets/{name}\",method=\"GET\",code=\"404\"} 2",
        "http_requests_total{route=\"/health\",method=\"GET\",code=",
        "host_queue_length 0",
        "process_cpu_seconds_total ",
        "process_resident_memory_bytes ",
        "process_open_fds ",
        "process_max_fds ",
        "host_datasets{state=\"current\"} 2",
    ] {
        assert!(metrics.body.contains(line), "{line}: {}", metrics.body);
    }
    let report = service.json("/api/v1/reports/deployment");
    assert_eq!(report["schema"], "host.operations-report/1");
    service.end();
}

fn kept() {
    let sandbox = prepared();
    let service = Service::start(&sandbox, &[], &[]);
    let listed = || service.json("/api/v1/datasets");
    assert_eq!(listed(), listed());
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "sun"]).success();
    assert_eq!(listed(), sandbox.json(["list", "--all"]));
    let _ = sandbox.run(["retire", "sun", "--reason", "set"]).success();
    assert_eq!(listed(), sandbox.json(["list", "--all"]));
    service.get("/api/v1/datasets/sun").demand_refusal(404, "not-found");
    assert_eq!(service.json("/api/v1/datasets/star"), sandbox.json(["show", "star"]));
    service.end();
}

fn refusals() {
    let sandbox = prepared();
    sandbox.write("secret", "nobody's business");
    let service = Service::start(&sandbox, &[], &[]);
    for path in [
        "/nothing",
        "//api/v1/status",
        "/api/v1/status/",
        "/api/v1/../v1/status",
        "/../../../etc/passwd",
        "/api/v1/datasets/..",
        "/api/v1/datasets/../../../../etc/passwd",
        "/api/v1/datasets/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/datasets/%2e%2e%2f%2e%2e%2fsecret",
        "/api/v1/datasets/%2fetc%2fpasswd",
        "/api/v1/datasets/star%00",
        "/api/v1/datasets/star%2fdataset.json",
        "/api/v1/datasets/%ff%fe",
        "/api/v1/datasets/star@",
        "/api/v1/datasets/star@zz",
        "/api/v1/datasets/star@%2e%2e",
        "/api/v1/datasets/nobody",
        "/api/v1/reports/..%2fwork",
        "/api/v1/reports/.",
        "/api/v1/lineage/-star",
        "/api/v1/runs/..%2f..%2fhost.log",
        "/api/v1/runs/20260101T000000000Z-00000000",
    ] {
        service.get(path).demand_refusal(404, "not-found");
    }
    for path in [
        "/api/v1/audit?limit=0",
        "/api/v1/audit?limit=-1",
        "/api/v1/audit?limt=1",
        "/api/v1/audit?limit=x",
        "/api/v1/runs?limit=1001",
        "/api/v1/reports/weekly?date=2026-01-01",
        "/api/v1/status?pretty",
    ] {
        service.get(path).demand_refusal(400, "bad-request");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        let answer = service.ask(method, "/api/v1/status", &[], "");
        answer.demand_refusal(405, "wrong-method");
        assert_eq!(answer.headers["allow"], "GET,HEAD");
    }
    service.ask("POST", "/api/v1/runs", &[], "{}").demand_refusal(403, "read-only");
    // What is no HTTP gets no answer in JSON, but it gets an end.
    assert_eq!(service.send(b"\x16\x03\x01\x02\x00 hello\r\n\r\n").status, 400);
    let long = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(100_000));
    assert!([414, 431].contains(&service.send(long.as_bytes()).status));
    let many = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(200));
    assert_eq!(service.send(many.as_bytes()).status, 431);
    service.end();
}

fn other_hosts() {
    let sandbox = prepared();
    let service = Service::start(&sandbox, &[], &[]);
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "10.0.0.1"] {
        service.ask("GET", "/api/v1/status", &[("host", host)], "").demand_refusal(421, "wrong-host");
    }
    service
        .send(b"GET /api/v1/status HTTP/1.1\r\nconnection: close\r\n\r\n")
        .demand_refusal(400, "bad-request");
    let own = format!("127.0.0.1:{}", service.address.port());
    for host in ["localhost", "127.0.0.1", "[::1]", own.as_str()] {
        let answer = service.ask("GET", "/api/v1/status", &[("host", host)], "");
        assert_eq!(answer.status, 200, "{host}");
        assert!(!answer.headers.keys().any(|name| name.starts_with("access-control-")), "{answer:?}");
        assert_eq!(answer.headers["x-frame-options"], "DENY");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert!(answer.headers["content-security-policy"].starts_with("default-src 'self'"), "{answer:?}");
    }
    service.end();
}

fn tokens() {
    let sandbox = prepared();
    let listening = ["serve", "--listen", "0.0.0.0:0"];
    let _ = sandbox.run(listening).failure(17, &["can be reached by other machines", "serve.token_file"]);
    // At the default place a token is found, and held to the same rules.
    std::fs::create_dir(sandbox.path("home/.pbuf")).unwrap();
    let usual = sandbox.path("home/.pbuf/serve-token");
    std::fs::copy(token_file(&sandbox), &usual).unwrap();
    std::fs::set_permissions(&usual, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let _ = sandbox.run(listening).failure(12, &["mode is 0644"]);
    std::fs::remove_file(&usual).unwrap();
    let file = token_file(&sandbox);
    let with_file = |mode: u32| {
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        let mut command = sandbox.command(listening);
        command.env("PBUF_SERVE_TOKEN_FILE", &file);
        command
    };
    let _ = tests::Outcome::of(&mut with_file(0o644)).failure(12, &["mode is 0644", "chmod 600"]);
    drop(with_file(0o600));
    let variables = [("PBUF_SERVE_TOKEN_FILE", file.to_str().unwrap())];
    let mut service = Service::start(&sandbox, &["--listen", "0.0.0.0:0"], &variables);
    service.address.set_ip([127, 0, 0, 1].into());
    assert_eq!(service.get("/livez").status, 200);
    assert_eq!(service.get("/readyz").status, 200, "what balances load has no token");
    for path in ["/api/v1/status", "/api/v1/datasets", "/health", "/nothing"] {
        let answer = service.get(path);
        answer.demand_refusal(401, "unauthorized");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    let ask = |text: &str| {
        service.ask("GET", "/api/v1/status", &[("authorization", text), ("host", "host.example")], "").status
    };
    assert_eq!(ask(&format!("Bearer {TOKEN}")), 200);
    assert_eq!(ask(&format!("bearer {TOKEN}")), 200);
    for wrong in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        TOKEN.to_owned(),
        format!("Basic {TOKEN}"),
        format!("Bearer {}", &TOKEN[1..]),
        format!("Bearer {TOKEN}0"),
        format!("Bearer {}", "0".repeat(20_000)),
    ] {
        assert_eq!(ask(&wrong), 401, "{wrong}");
    }
    service.end();
    let log = std::fs::read_to_string(sandbox.data_root().join("logs/processing.log")).unwrap();
    assert!(log.contains("127.0.0.1 was refused at GET /api/v1/status"), "{log}");
    assert!(!log.contains(&TOKEN[1..]), "{log}");
}

fn told() {
    let sandbox = prepared();
    let socket = sandbox.path("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(tests::LONGEST_WAIT)).unwrap();
    let next = || {
        let mut text = [0; 100];
        let length = manager.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    let service = Service::start(&sandbox, &[], &[("NOTIFY_SOCKET", socket.to_str().unwrap())]);
    assert_eq!(next(), "READY=1");
    service.signal("INT");
    assert_eq!(next(), "STOPPING=1");
    assert_eq!(service.wait().code(), Some(0));
}
