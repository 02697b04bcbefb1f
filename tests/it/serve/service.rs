//! A service of a sandbox, and requests to it over plain sockets: nothing between the test and the wire.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;
use tests::{LONGEST_WAIT, Sandbox, kill};

/// The token that [`token_file`] writes.
pub(super) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A service that ends with the test.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Service {
    /// Starts one on a free port and waits until it listens.
    pub(crate) fn start(sandbox: &Sandbox, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let free = if flags.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] };
        let mut command = sandbox.command([&["serve"], free, flags].concat());
        command.envs(variables.iter().copied());
        Self::of(command)
    }

    /// Waits until the service that a command starts listens.
    pub(crate) fn of(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("`{line}`"));
        let address = address.split(' ').next().unwrap().parse().unwrap();
        Self { child, address }
    }

    /// The same for who has the token.
    pub(super) fn start_with_token(sandbox: &Sandbox, variables: &[(&str, &str)]) -> Self {
        let file = token_file(sandbox);
        // A test that waits asks often.
        let usual = [
            ("PBUF_SERVE_TOKEN_FILE", file.to_str().unwrap()),
            ("PBUF_SERVE_REQUESTS_PER_SECOND", "1000000"),
        ];
        Self::start(sandbox, &[], &[&usual, variables].concat())
    }

    /// A connection that is given up when nothing comes for long.
    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
        stream
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// A request with the token.
    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        let token = format!("Bearer {TOKEN}");
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        self.ask("POST", path, &headers, &body.to_string())
    }

    pub(super) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let length = body.len().to_string();
        let host = ("host", "localhost");
        let host = (!headers.iter().any(|(name, _)| *name == "host")).then_some(host);
        let length = (!body.is_empty()).then_some(("content-length", length.as_str()));
        let lines = headers.iter().copied().chain(host).chain(length);
        let lines: String = lines.map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
        let head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n{lines}\r\n");
        self.send(format!("{head}{body}").as_bytes())
    }

    /// What comes back for these bytes.
    pub(super) fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // Who is refused early may find that nobody listens to the rest.
        let _ = stream.write_all(bytes);
        Answer::read(&mut stream)
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn signal(&self, signal: &str) {
        kill(signal, self.child.id());
    }

    /// Waits for the end.
    pub(super) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Tells it to end, and waits.
    pub(crate) fn end(self) {
        self.signal("TERM");
        assert_eq!(self.wait().code(), Some(0));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    /// Reads until the connection ends.
    pub(super) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A connection that is reset after its answer has told all the same.
        let _ = stream.read_to_end(&mut bytes);
        Self::parse(&String::from_utf8(bytes).unwrap())
    }

    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: `{text}`"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self { status, headers: headers.collect(), body: body.to_owned() }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Demands the one form of refusals.
    pub(super) fn demand_refusal(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        let error = &body["error"];
        assert_eq!(error["code"], code, "{self:?}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:?}");
        assert!(error["hint"].is_string() || error["hint"].is_null(), "{self:?}");
        assert_eq!(error.as_object().unwrap().len(), 3, "{self:?}");
        assert_eq!(self.headers["x-content-type-options"], "nosniff");
    }
}

/// A token that nobody else can read.
pub(super) fn token_file(sandbox: &Sandbox) -> PathBuf {
    let file = sandbox.write("token", TOKEN);
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    file
}
