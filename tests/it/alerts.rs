//! Who is told what, and that a secret stays one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{LONGEST_WAIT, Outcome, Sandbox, fixture};

use crate::serve::Service;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("alerts::nobody_is_told_unless_somebody_asked_for_it", &[], silent),
        trial("alerts::a_message_is_posted_and_mailed", &[], sent),
        trial("alerts::the_same_is_told_once_and_its_end_too", &[], once),
        trial("alerts::what_nobody_could_be_told_is_told_the_next_time", &[], undelivered),
        trial("alerts::the_service_tells_by_itself", &[], service),
        trial("alerts::an_address_is_in_no_message_log_or_setting", &[], secret),
    ]
}

/// Takes what is posted.
pub(crate) struct Hook {
    address: String,
    messages: Receiver<Value>,
}

impl Hook {
    pub(crate) fn start() -> Self {
        Self::answering("204 No Content")
    }

    fn answering(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/a-word-that-nobody-may-see", listener.local_addr().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let body = body(&stream);
                // First of all: whoever has the answer may be gone, and the test looks then.
                if sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    return;
                }
                let _ =
                    stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes());
            }
        });
        Self { address, messages }
    }

    /// What names the address.
    pub(crate) fn named(&self, sandbox: &Sandbox) -> String {
        format!("file:{}", private(sandbox, "hook", &self.address))
    }

    pub(crate) fn next(&self) -> Value {
        self.messages.recv_timeout(LONGEST_WAIT).unwrap()
    }

    fn is_silent(&self) -> bool {
        self.messages.try_recv().is_err()
    }
}

fn body(stream: &TcpStream) -> Vec<u8> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    body
}

/// A file that nobody else can use.
fn private(sandbox: &Sandbox, name: &str, text: &str) -> String {
    let path = sandbox.write(name, text);
    host::durable::set_mode(&path, 0o600).unwrap();
    path.to_str().unwrap().to_owned()
}

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "star"]).success();
    sandbox
}

fn run(sandbox: &Sandbox, variables: &[(&str, &str)], verb: &[&str]) -> Outcome {
    let mut command = sandbox.command(verb);
    command.envs(CALM).envs(variables.iter().copied());
    Outcome::of(&mut command)
}

/// Something that is certainly wrong: the disk may never be in use.
const WRONG: (&str, &str) = ("PBUF_ALERTS_DISK_PERCENT", "0");

/// What else the machine does is nobody's concern here: limits that no machine reaches.
pub(crate) const CALM: [(&str, &str); 2] =
    [("PBUF_ALERTS_CPU_PERCENT", "100"), ("PBUF_ALERTS_MEMORY_PERCENT", "100")];

/// Only what a test is about.
fn checks(message: &Value) -> Vec<&str> {
    let alerts = message.pointer("/details/alerts").and_then(Value::as_array).unwrap();
    alerts.iter().map(|alert| alert["check"].as_str().unwrap()).collect()
}

fn silent() {
    let sandbox = prepared();
    let _ = run(&sandbox, &[], &["alert", "test"]).failure(17, &["`alerts.webhook`", "mail_command"]);
    let _ = run(&sandbox, &[], &["alert", "check"]).failure(17, &[]);
    let listed = run(&sandbox, &[WRONG], &["alert", "list"]).success();
    assert!(listed.stdout.contains("disk") && listed.stdout.contains("nobody is told"), "{listed:?}");
    assert!(!sandbox.data_root().join("logs/alerts.jsonl").exists());
}

fn sent() {
    let sandbox = prepared();
    let hook = Hook::start();
    let mail = sandbox.path("work/mail");
    let command = format!("tee {}", mail.display());
    let variables = [
        ("PBUF_ALERTS_WEBHOOK", &*hook.named(&sandbox)),
        ("PBUF_ALERTS_MAIL_COMMAND", &*command),
        ("PBUF_ALERTS_MAIL_TO", "one@example.org, other@example.org"),
    ];
    let outcome = run(&sandbox, &variables, &["alert", "test"]).success();
    assert_eq!(outcome.stdout, "sent by webhook\nsent by mail\n");
    let message = hook.next();
    assert_eq!(message["schema"], "host.alert/1");
    assert!(message["text"].as_str().unwrap().contains("a test"), "{message}");
    let mail = std::fs::read_to_string(mail).unwrap();
    let (head, body) = mail.split_once("\n\n").unwrap();
    assert!(head.starts_with("To: one@example.org, other@example.org\nSubject: host on "), "{mail}");
    assert!(body.contains("host alert test"), "{mail}");
    let _ = run(&sandbox, &variables, &["alert", "test", "--channel", "mail"]).success();
    assert!(hook.is_silent());
    for (command, why) in [("false", "exit status: 1"), ("/no/such/program", "No such file")] {
        let variables = [("PBUF_ALERTS_MAIL_COMMAND", command)];
        let _ = run(&sandbox, &variables, &["alert", "test"]).failure(21, &[why]);
    }
}

fn once() {
    let sandbox = prepared();
    let hook = Hook::start();
    let named = hook.named(&sandbox);
    let webhook = ("PBUF_ALERTS_WEBHOOK", named.as_str());
    let _ = run(&sandbox, &[webhook, WRONG], &["alert", "check"]).success();
    let first = hook.next();
    assert!(checks(&first).contains(&"disk"), "{first}");
    let again = run(&sandbox, &[webhook, WRONG], &["alert", "check", "--json"]).success();
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    let new = again.pointer("/data/new").and_then(Value::as_array).unwrap();
    assert!(new.iter().all(|alert| alert["check"] != "disk"), "{again}");
    assert!(hook.is_silent());
    let well = ("PBUF_ALERTS_DISK_PERCENT", "100");
    let warning = ("PBUF_ALERTS_DISK_WARNING_PERCENT", "100");
    let _ = run(&sandbox, &[webhook, well, warning], &["alert", "check"]).success();
    let last = hook.next();
    assert!(last.pointer("/details/over").unwrap().as_array().unwrap().contains(&json!("disk")), "{last}");
}

fn undelivered() {
    let sandbox = prepared();
    let broken = Hook::answering("500 Internal Server Error");
    let named = broken.named(&sandbox);
    let outcome = run(&sandbox, &[("PBUF_ALERTS_WEBHOOK", &named), WRONG], &["alert", "check"]);
    let _ = outcome.failure(21, &["500"]);
    let hook = Hook::start();
    let named = hook.named(&sandbox);
    let _ = run(&sandbox, &[("PBUF_ALERTS_WEBHOOK", &named), WRONG], &["alert", "check"]).success();
    assert!(checks(&hook.next()).contains(&"disk"));
}

fn service() {
    let sandbox = prepared();
    let hook = Hook::start();
    let named = hook.named(&sandbox);
    let variables = [&CALM[..], &[("PBUF_ALERTS_WEBHOOK", &named), WRONG]].concat();
    let service = Service::start(&sandbox, &[], &variables);
    assert!(checks(&hook.next()).contains(&"disk"));
    service.end();
}

fn secret() {
    let sandbox = prepared();
    let word = "a-word-that-nobody-may-see";
    // Nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/{word}", listener.local_addr().unwrap());
    drop(listener);
    let file = private(&sandbox, "hook", &address);
    let named = format!("file:{file}");
    let outcome = run(&sandbox, &[("PBUF_ALERTS_WEBHOOK", &named)], &["-vvv", "alert", "test"]);
    let _ = outcome.failure(21, &["alerts.webhook"]);
    let shown = run(&sandbox, &[("PBUF_ALERTS_WEBHOOK", &named)], &["config", "show", "--json"]).success();
    assert!(shown.stdout.contains("\"file\""), "{shown:?}");
    for (variables, verb, code) in [
        (vec![("PBUF_ALERTS_WEBHOOK", address.as_str())], "list", 17),
        (vec![("PBUF_ALERTS_WEBHOOK", "env:HOOK"), ("HOOK", address.as_str())], "test", 21),
        (vec![("PBUF_ALERTS_WEBHOOK", "env:HOOK")], "test", 17),
    ] {
        let outcome = run(&sandbox, &variables, &["-vvv", "alert", verb]).failure(code, &[]);
        assert!(!outcome.stderr.contains(word) && !outcome.stdout.contains(word), "{outcome:?}");
    }
    let config = json!({"alerts": {"webhook": address}}).to_string();
    let config = sandbox.write("secret.json", config);
    let outcome = run(&sandbox, &[], &["--config", config.to_str().unwrap(), "alert", "list"]);
    let outcome = outcome.failure(17, &["secret.json:1", "mode 0600"]);
    assert!(!outcome.stderr.contains(word), "{outcome:?}");
    host::durable::set_mode(std::path::Path::new(&file), 0o644).unwrap();
    let outcome = run(&sandbox, &[("PBUF_ALERTS_WEBHOOK", &named)], &["alert", "test"]);
    let _ = outcome.failure(12, &["chmod 600"]);
    for (path, bytes) in tests::tree(&sandbox.data_root()) {
        assert!(!String::from_utf8_lossy(&bytes).contains(word), "{}", path.display());
    }
}
