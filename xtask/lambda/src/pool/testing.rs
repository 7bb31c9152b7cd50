//! Small real functions for tests: Python scripts that use the Runtime API.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{FunctionPool, LogSink, PoolSettings, TraceSink};
use crate::control_plane::{DeployedFunction, FunctionRevision};
use crate::role::Roles;

/// The beginning of each script.
///
/// It defines `post(path, value)` for the Runtime API, `wait_at(port, text)` for a [`Gate`], and `main(handle)`,
/// which responds to each event with `handle(event, context)`.
const PRELUDE: &str = r#"#!/usr/bin/env python3
import json, os, socket, subprocess, sys, time, urllib.request
API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
def post(path, value):
    try:
        OPEN(urllib.request.Request(API + path, data=json.dumps(value).encode(), method="POST"))
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode(), flush=True)
def wait_at(port, text):
    gate = socket.create_connection(("127.0.0.1", port))
    gate.sendall(text.encode())
    gate.shutdown(socket.SHUT_WR)
    gate.recv(1)
def main(handle):
    while True:
        answer = OPEN(API + "invocation/next")
        headers = {name.lower(): value for name, value in answer.getheaders()}
        id = headers["lambda-runtime-aws-request-id"]
        post("invocation/" + id + "/response", handle(json.load(answer), headers))
"#;

/// Returns a function with the prelude and this Python code as its bootstrap.
pub(crate) fn function(name: &str, code: &str) -> DeployedFunction {
    DeployedFunction {
        arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}").parse().unwrap(),
        revision: FunctionRevision::new("1"),
        handler: "bootstrap".to_owned(),
        timeout: Duration::from_secs(20),
        memory_megabytes: 128,
        role: format!("arn:aws:iam::000000000000:role/{name}"),
        log_group: format!("/aws/lambda/{name}"),
        log_format: "JSON".to_owned(),
        has_active_tracing: true,
        environment: BTreeMap::from([("OWN".to_owned(), "own".to_owned())]),
        code: zip_with("bootstrap", format!("{PRELUDE}{code}").as_bytes()).into(),
    }
}

/// Returns a function that responds with a Python expression over `event` and `context`.
pub(crate) fn function_returning(name: &str, expression: &str) -> DeployedFunction {
    function(name, &format!("main(lambda event, context: {expression})\n"))
}

pub(crate) fn zip_with(file: &str, content: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(file, SimpleFileOptions::default()).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}

/// A gate at which functions wait until a test releases them.
pub(crate) struct Gate {
    listener: TcpListener,
    port: u16,
}

impl Gate {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// Returns Python code that sends a text to the gate and waits.
    pub(crate) fn wait(&self, text: &str) -> String {
        format!("wait_at({}, {text})", self.port)
    }

    /// Waits for the next arrival.
    ///
    /// Returns its text, and a stream that releases it when dropped.
    pub(crate) async fn arrival(&self) -> (String, TcpStream) {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        (text, stream)
    }
}

/// A pool with its directory and the ids of its processes.
pub(crate) struct TestPool {
    pub(crate) pool: FunctionPool,
    pub(crate) directory: TempDir,
    spawned: Arc<Mutex<Vec<u32>>>,
}

impl TestPool {
    /// Starts a pool with at most two instances per function.
    pub(crate) async fn with(functions: Vec<DeployedFunction>) -> Self {
        Self::with_limit(functions, 2).await
    }

    pub(crate) async fn with_limit(functions: Vec<DeployedFunction>, maximum_instances: usize) -> Self {
        Self::start(functions, maximum_instances, None, None).await
    }

    /// Starts a pool that sends the output of its functions to this sink.
    pub(crate) async fn with_log_sink(sink: LogSink, functions: Vec<DeployedFunction>) -> Self {
        Self::start(functions, 2, Some(sink), None).await
    }

    /// Starts a pool that sends the traces of its functions to this sink.
    pub(crate) async fn with_trace_sink(sink: TraceSink, functions: Vec<DeployedFunction>) -> Self {
        Self::start(functions, 2, None, Some(sink)).await
    }

    async fn start(
        functions: Vec<DeployedFunction>,
        maximum_instances: usize,
        log_sink: Option<LogSink>,
        trace_sink: Option<TraceSink>,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let spawned: Arc<Mutex<Vec<u32>>> = Arc::default();
        let recorder = Arc::clone(&spawned);
        let settings = PoolSettings {
            code_directory: directory.path().join("code"),
            log_directory: directory.path().join("logs"),
            log_sink,
            trace_sink,
            roles: Roles::without_permissions(),
            environment: BTreeMap::from([("GIVEN".to_owned(), "given".to_owned())]),
            maximum_instances,
            on_spawn: Arc::new(move |id| recorder.lock().unwrap().push(id)),
        };
        let pool = FunctionPool::new(functions, settings).await.unwrap();
        Self { pool, directory, spawned }
    }

    /// Returns the ids of all processes started so far, in order.
    pub(crate) fn spawned(&self) -> Vec<u32> {
        self.spawned.lock().unwrap().clone()
    }
}
