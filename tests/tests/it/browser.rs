//! Chromium with a page that a test reads and uses as a person does, by the DevTools protocol:
//! <https://chromedevtools.github.io/devtools-protocol/>.

use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::clients::chromium;
use crate::waiting::{eventually, within_limit};

/// The browser reads commands from its file descriptor 3, and writes responses to 4.
const WITH_PIPES: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"#;

/// A page in a browser, which ends with it.
pub(crate) struct Browser {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last_id: u64,
    session: Option<String>,
    _process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Opens a page.
    pub(crate) async fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new("sh")
            .args(["-c", WITH_PIPES])
            .arg(chromium::program())
            .args(chromium::OPTIONS)
            .args(["--remote-debugging-pipe", &format!("--user-data-dir={}", profile.path().display())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let output = BufReader::new(output);
        let mut browser =
            Self { input, output, last_id: 0, session: None, _process: process, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": url })).await["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = browser.call("Target.attachToTarget", attach).await["sessionId"].clone();
        browser.session = session.as_str().map(str::to_owned);
        browser
    }

    /// Calls a method of the protocol, and returns its result.
    pub(crate) async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        let mut text = command.to_string().into_bytes();
        text.push(0);
        self.input.write_all(&text).await.unwrap();
        within_limit(method, self.response(method)).await
    }

    async fn response(&mut self, method: &str) -> Value {
        loop {
            let mut text = Vec::new();
            self.output.read_until(0, &mut text).await.unwrap();
            assert_eq!(text.pop(), Some(0), "Chromium ended during {method}");
            let mut message: Value = serde_json::from_slice(&text).unwrap();
            // Other messages are events.
            if message["id"] == self.last_id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    /// Evaluates an expression in the page, and returns its value, which may be that of a promise.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut result = self.call("Runtime.evaluate", parameters).await;
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result:#}");
        result["result"]["value"].take()
    }

    /// Waits until an expression is true in the page.
    pub(crate) async fn wait_until(&mut self, expression: &str) {
        let is_true = async || (self.evaluate(expression).await == true).then_some(());
        eventually(expression, is_true).await;
    }

    /// Presses and releases a key, such as `Tab`.
    pub(crate) async fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, None),
            "Enter" => (13, Some("\r")),
            _ => panic!("this key is not known here: {key}"),
        };
        let kind = if text.is_some() { "keyDown" } else { "rawKeyDown" };
        for kind in [kind, "keyUp"] {
            let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text.unwrap_or_default() });
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Sets media features, such as `prefers-color-scheme`.
    pub(crate) async fn prefer(&mut self, name: &str, value: &str) {
        self.call("Emulation.setEmulatedMedia", json!({ "features": [{ "name": name, "value": value }] }))
            .await;
    }

    /// Sets the size of the window.
    pub(crate) async fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }
}
