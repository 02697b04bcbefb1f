//! A browser, driven over a pipe by the DevTools protocol: <https://chromedevtools.github.io/devtools-protocol/>. Messages
//! are JSON objects, each ended by a zero byte.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

/// A browser with one page.
pub(super) struct Browser {
    child: Child,
    sends: ChildStdin,
    hears: Receiver<Value>,
    session: String,
    next: u64,
    complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub(super) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The browser expects the pipes at the descriptors 3 and 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
            ])
            .args(["--disable-background-networking", "--disable-extensions", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let sends = child.stdin.take().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (tell, hears) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while out.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                message.pop();
                let told = serde_json::from_slice(&message).map(|value| tell.send(value));
                if !matches!(told, Ok(Ok(()))) {
                    return;
                }
                message.clear();
            }
        });
        let session = String::new();
        let mut browser =
            Self { child, sends, hears, session, next: 0, complaints: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attach);
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            browser.call(domain, &json!({}));
        }
        browser
    }

    /// Asks for something and returns the answer.
    pub(super) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.sends.write_all(&bytes).unwrap();
        let answer = self.hear(|heard| heard["id"] == id);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Waits for a message, and notes every complaint of the page on the way.
    fn hear(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let heard = self.hears.recv_timeout(tests::LONGEST_WAIT).expect("the browser answers");
            let parameters = &heard["params"];
            let complaint = match heard["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" => true,
                // What was on its way when the page was left is given up.
                "Network.loadingFailed" => parameters["canceled"] != true,
                "Runtime.consoleAPICalled" => {
                    parameters["type"] == "error" || parameters["type"] == "warning"
                }
                "Log.entryAdded" => parameters["entry"]["level"] == "error",
                "Network.responseReceived" => {
                    parameters["response"]["status"].as_u64().is_none_or(|status| status >= 400)
                }
                _ => false,
            };
            if complaint {
                self.complaints.push(heard.to_string());
            }
            if wanted(&heard) {
                return heard;
            }
        }
    }

    /// Shows a page in a window of a width and demands that nobody complains.
    pub(super) fn show(&mut self, address: &str, width: u32) {
        let window = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", &window);
        self.call("Page.navigate", &json!({ "url": address }));
        self.hear(|heard| heard["method"] == "Page.loadEventFired");
        self.demand_quiet();
    }

    /// Nothing was complained of so far.
    pub(super) fn demand_quiet(&mut self) {
        // What was complained of before is told before the answer.
        self.evaluate("0");
        assert!(self.complaints.is_empty(), "{:#?}", self.complaints);
    }

    /// What an expression gives; a promise is waited for.
    pub(super) fn evaluate(&mut self, expression: &str) -> Value {
        let wanted = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &wanted);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Presses the Tab key.
    pub(super) fn tab(&mut self) {
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
            self.call("Input.dispatchKeyEvent", &key);
        }
    }

    /// Keeps a picture of the window, for whoever wants to look.
    pub(super) fn picture(&mut self) -> String {
        self.call("Page.captureScreenshot", &json!({}))["data"].as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
