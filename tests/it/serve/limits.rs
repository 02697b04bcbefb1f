//! Whoever asks too much, too slowly or too often is told so or shut out; who watches the service is always answered.

use std::io::{Read, Write};
use std::net::TcpStream;

use libtest_mimic::Trial;
use tests::needs::{self, Need};
use tests::wait_until;

use super::prepared;
use super::service::{Answer, Service, TOKEN};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("serve::slow_heads_and_silence_are_shut_out", &[], slow_heads),
        trial("serve::slow_bodies_are_given_up", &[], slow_bodies),
        trial("serve::long_bodies_are_refused", &[], long_bodies),
        trial("serve::who_asks_too_often_is_told_when_to_come_back", &[], too_often),
        trial("serve::ten_thousand_connections_leave_room_for_who_watches", &[Need::OpenFiles], many),
    ]
}

/// Waits until the service ends a connection, and says what it sent before.
fn until_closed(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "it was not shut out"),
    }
    String::from_utf8(text).unwrap()
}

fn slow_heads() {
    let sandbox = prepared();
    let service = Service::start(&sandbox, &[], &[("PBUF_SERVE_HEAD_SECONDS", "5")]);
    for begun in ["", "G", "GET /api/v1/status HTTP/1.1\r\nhost: localhost\r\nx-endless: "] {
        let mut stream = service.connect();
        stream.write_all(begun.as_bytes()).unwrap();
        let text = until_closed(stream);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{text}");
    }
    // A connection that was used and is silent then.
    let mut stream = service.connect();
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(until_closed(stream).starts_with("HTTP/1.1 200"));
    service.end();
}

fn slow_bodies() {
    let sandbox = prepared();
    let service = Service::start_with_token(&sandbox, &[("PBUF_SERVE_REQUEST_SECONDS", "2")]);
    let head = format!(
        "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    let mut stream = service.connect();
    stream.write_all(head.as_bytes()).unwrap();
    Answer::read(&mut stream).demand_refusal(408, "timeout");
    assert_eq!(service.get("/livez").status, 200);
    service.end();
}

fn long_bodies() {
    let sandbox = prepared();
    let service = Service::start_with_token(&sandbox, &[]);
    let long = format!("\"{}\"", "x".repeat(2 << 20));
    let token = format!("Bearer {TOKEN}");
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    service.ask("POST", "/api/v1/runs", &headers, &long).demand_refusal(413, "too-large");
    // Who has no token is refused before the body is looked at.
    service.ask("POST", "/api/v1/runs", &[], &long).demand_refusal(401, "unauthorized");
    let chunked = format!(
        "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\nauthorization: {token}\r\ntransfer-encoding: chunked\r\n\
         content-type: application/json\r\n\r\n200000\r\n{}",
        "x".repeat(0x20_0000)
    );
    service.send(chunked.as_bytes()).demand_refusal(413, "too-large");
    let smuggled =
        "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd";
    assert_eq!(service.send(smuggled.as_bytes()).status, 400);
    service.end();
}

fn too_often() {
    let sandbox = prepared();
    let service = Service::start(&sandbox, &[], &[("PBUF_SERVE_REQUESTS_PER_SECOND", "1")]);
    let answers: Vec<Answer> = (0..40).map(|_| service.get("/api/v1/status")).collect();
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!((1..=39).contains(&refused.len()), "{} of 40", refused.len());
    for answer in refused {
        answer.demand_refusal(429, "too-often");
        assert_eq!(answer.headers["retry-after"], "1");
    }
    assert!((0..40).all(|_| service.get("/livez").status == 200));
    service.end();
}

fn many() {
    needs::allow_open_files();
    let sandbox = prepared();
    // On a slow machine ten thousand take longer than the silent ones would be borne.
    let limits = [("PBUF_SERVE_MAX_CONNECTIONS", "100"), ("PBUF_SERVE_HEAD_SECONDS", "600")];
    let service = Service::start(&sandbox, &[], &limits);
    let silent: Vec<TcpStream> = (0..10_000).map(|_| service.connect()).collect();
    for _ in 0..20 {
        assert_eq!(service.get("/livez").status, 200);
        service.get("/api/v1/status").demand_refusal(503, "busy");
    }
    drop(silent);
    // Places are free as soon as the service has seen that nobody sits there any more.
    wait_until("a place becomes free", || service.get("/api/v1/status").status == 200);
    service.end();
}
