//! A server on loopback that answers each request as a test says, one connection for each.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// First byte of the `Range` header.
    pub(crate) range: Option<usize>,
}

/// A running server; its thread ends with the process.
pub(crate) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers with `answer`, which also gets the number of the request.
    pub(crate) fn start(
        answer: impl Fn(&mut TcpStream, &Request, usize) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, answer, seen) = (stream.unwrap(), Arc::clone(&answer), Arc::clone(&seen));
                std::thread::spawn(move || {
                    let Some(request) = read_request(&mut stream) else { return };
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    // A client that hangs up has what it wanted.
                    let _ = answer(&mut stream, &request, number);
                });
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The first byte that each request asked for.
    pub(crate) fn ranges(&self) -> Vec<Option<usize>> {
        self.requests().into_iter().map(|request| request.range).collect()
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        text.push(byte[0]);
    }
    let text = String::from_utf8(text).unwrap().to_ascii_lowercase();
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let range = text.lines().find_map(|line| line.strip_prefix("range: bytes="));
    Some(Request { path, range: range.map(|range| range.trim_end_matches('-').parse().unwrap()) })
}

/// A head with `Connection: close`, and the body.
pub(crate) fn respond(
    stream: &mut TcpStream,
    status: &str,
    headers: &[&str],
    body: &[u8],
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

/// As a good server does, up to byte `until` of the file.
pub(crate) fn serve_until(
    stream: &mut TcpStream,
    request: &Request,
    content: &[u8],
    until: usize,
) -> std::io::Result<()> {
    let start = request.range.unwrap_or(0);
    let length = format!("Content-Length: {}", content.len() - start);
    let range = format!("Content-Range: bytes {start}-{}/{}", content.len() - 1, content.len());
    let body = &content[start..until.max(start)];
    match request.range {
        Some(_) => respond(stream, "206 Partial Content", &[&length, &range], body),
        None => respond(stream, "200 OK", &[&length], body),
    }
}

/// As a good server does.
pub(crate) fn serve(stream: &mut TcpStream, request: &Request, content: &[u8]) -> std::io::Result<()> {
    serve_until(stream, request, content, content.len())
}
