//! A page in headless Chromium, which tests use as people do: with the keyboard and the mouse.
//!
//! Chromium is controlled over two pipes with the [DevTools protocol](https://chromedevtools.github.io/devtools-protocol/),
//! messages of JSON that end with a zero byte.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex, watch};

use crate::clients::chromium::{options_for_tests, program};
use crate::waiting::within_limit;

/// A page, in a browser of its own, which ends with it.
pub(crate) struct Page {
    input: Mutex<ChildStdin>,
    /// All messages of the browser so far.
    messages: watch::Receiver<Arc<Vec<Value>>>,
    last_id: AtomicU64,
    session: String,
    _browser: Child,
    _profile: TempDir,
}

/// A request of the page, as the browser has sent it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) range: Option<String>,
    pub(crate) status: Option<u64>,
    /// Bytes of the response with its headers.
    pub(crate) bytes: u64,
}

impl Page {
    /// Opens a page of this size.
    pub(crate) async fn open(url: &str, width: u32, height: u32) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Command::new("sh")
            // Chromium reads commands from descriptor 3, and writes to 4.
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#])
            .arg(program())
            .args(options_for_tests())
            .args(["--remote-debugging-pipe", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = Mutex::new(browser.stdin.take().unwrap());
        let (sender, messages) = watch::channel(Arc::default());
        tokio::spawn(receive(browser.stdout.take().unwrap(), sender));
        let mut page = Self {
            input,
            messages,
            last_id: AtomicU64::new(0),
            session: String::new(),
            _browser: browser,
            _profile: profile,
        };
        let target = page.send("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = page.send("Target.attachToTarget", attach).await;
        attached["sessionId"].as_str().unwrap().clone_into(&mut page.session);
        page.send("Network.enable", json!({})).await;
        page.send("Page.enable", json!({})).await;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        page.send("Emulation.setDeviceMetricsOverride", size).await;
        page.navigate(url).await;
        page
    }

    /// Opens a URL, and waits until its document is there: a script that runs before ends with the document before it.
    async fn navigate(&self, url: &str) {
        let before = self.messages.borrow().len();
        self.send("Page.navigate", json!({ "url": url })).await;
        let is_navigated = |message: &Value| {
            let frame = &message["params"]["frame"]["url"];
            message["method"] == "Page.frameNavigated" && frame.as_str().is_some_and(|it| it.starts_with(url))
        };
        let (navigated, _) = self.message("the navigation", before, is_navigated).await;
        self.message("the document", navigated, |message| message["method"] == "Page.domContentEventFired")
            .await;
    }

    /// Sends a command, and returns its result.
    pub(crate) async fn send(&self, method: &str, parameters: Value) -> Value {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.lock().await.write_all(&bytes).await.unwrap();
        let response = self.message(&message.to_string(), 0, |message| message["id"] == id).await.1;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].clone()
    }

    /// Waits for a message, and returns it with the number of messages up to it. `from` messages are skipped.
    async fn message(&self, what: &str, from: usize, is_it: impl Fn(&Value) -> bool) -> (usize, Value) {
        let mut messages = self.messages.clone();
        let find = |messages: &Arc<Vec<Value>>| {
            let found = messages.iter().enumerate().skip(from).find(|(_, message)| is_it(message));
            found.map(|(index, message)| (index + 1, message.clone()))
        };
        let wait = messages.wait_for(|messages| find(messages).is_some());
        let messages = within_limit(what, wait).await.unwrap_or_else(|_| panic!("Chromium ended: {what}"));
        find(&messages).unwrap()
    }

    /// Returns the value of an expression of JavaScript.
    pub(crate) async fn evaluate(&self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let result = self.send("Runtime.evaluate", parameters).await;
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Waits until an expression of JavaScript is true, and returns its value. It is evaluated after each change of the page.
    pub(crate) async fn wait_for(&self, expression: &str) -> Value {
        let script = format!(
            "new Promise((resolve) => {{
                const check = () => {{
                    const value = {expression}
                    if (value) {{ observer.disconnect(); resolve(value) }}
                }}
                const observer = new MutationObserver(check)
                observer.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }})
                check()
            }})"
        );
        within_limit(expression, self.evaluate(&script)).await
    }

    /// Presses a key, such as `Tab`, `Enter` or `+`.
    pub(crate) async fn press(&self, key: &str) {
        let text = match key {
            "Enter" => "\r",
            key if key.chars().count() == 1 => key,
            _ => "",
        };
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "ArrowLeft" => 37,
            "ArrowRight" => 39,
            _ => 0,
        };
        let event = json!({ "type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code });
        self.send("Input.dispatchKeyEvent", event).await;
        let event = json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code });
        self.send("Input.dispatchKeyEvent", event).await;
    }

    /// Returns the requests to URLs that contain a text, in their order. Preflights are among them.
    pub(crate) fn requests(&self, part: &str) -> Vec<Sent> {
        let messages = Arc::clone(&self.messages.borrow());
        let of = |method: &str| -> Vec<&Value> {
            messages.iter().filter(|message| message["method"] == method).map(|it| &it["params"]).collect()
        };
        let (responses, finished) = (of("Network.responseReceived"), of("Network.loadingFinished"));
        let sent = of("Network.requestWillBeSent").into_iter().filter_map(|sent| {
            let url = sent["request"]["url"].as_str()?;
            let is_same = |other: &&&Value| other["requestId"] == sent["requestId"];
            url.contains(part).then(|| Sent {
                method: sent["request"]["method"].as_str().unwrap_or_default().to_owned(),
                url: url.to_owned(),
                range: sent["request"]["headers"]["range"].as_str().map(str::to_owned),
                status: responses.iter().find(is_same).and_then(|it| it["response"]["status"].as_u64()),
                bytes: finished
                    .iter()
                    .find(is_same)
                    .and_then(|it| it["encodedDataLength"].as_u64())
                    .unwrap_or_default(),
            })
        });
        sent.collect()
    }

    /// Answers the next GET request to a URL with this JSON in place of the server, and lets all later ones pass.
    ///
    /// Call it before the request, and wait for what it returns after causing the request.
    pub(crate) async fn replace_next(&self, url_pattern: &str, text: String) -> impl Future<Output = ()> {
        self.replace(url_pattern, text, 1).await
    }

    /// Answers the next GET requests to a URL.
    pub(crate) async fn replace(
        &self,
        url_pattern: &str,
        text: String,
        count: usize,
    ) -> impl Future<Output = ()> {
        let pattern = json!({ "patterns": [{ "urlPattern": url_pattern, "requestStage": "Request" }] });
        self.send("Fetch.enable", pattern).await;
        let mut seen = self.messages.borrow().len();
        async move {
            let mut left = count;
            while left > 0 {
                let is_paused = |message: &Value| message["method"] == "Fetch.requestPaused";
                let (next, message) = self.message("a request to replace", seen, is_paused).await;
                seen = next;
                let request = &message["params"];
                let id = request["requestId"].clone();
                if request["request"]["method"] != "GET" {
                    self.send("Fetch.continueRequest", json!({ "requestId": id })).await;
                    continue;
                }
                let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &text);
                let headers = json!([
                    { "name": "content-type", "value": "application/json" },
                    { "name": "access-control-allow-origin", "value": "*" },
                ]);
                let response =
                    json!({ "requestId": id, "responseCode": 200, "responseHeaders": headers, "body": body });
                self.send("Fetch.fulfillRequest", response).await;
                left -= 1;
            }
            self.send("Fetch.disable", json!({})).await;
        }
    }
}

/// Receives messages until the browser ends.
async fn receive(output: ChildStdout, messages: watch::Sender<Arc<Vec<Value>>>) {
    let mut output = BufReader::new(output);
    let mut message = Vec::new();
    while output.read_until(0, &mut message).await.is_ok_and(|read| read > 0) {
        message.pop();
        let value = serde_json::from_slice(&message).unwrap();
        messages.send_modify(|messages| Arc::make_mut(messages).push(value));
        message.clear();
    }
}
