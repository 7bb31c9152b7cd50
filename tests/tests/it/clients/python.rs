//! aiohttp, fsspec, httpx and requests, installed on first use into the directory of tools.

use std::process::Stdio;

use machine::directory::StateDirectory;
use machine::python::PythonEnvironment;
use tokio::io::AsyncWriteExt as _;

use super::{Answer, Request};
use crate::stack::{state_directory, target_directory};

const CLIENTS: &str = include_str!("clients.py");
const ENVIRONMENT: PythonEnvironment = PythonEnvironment {
    purpose: "the Python HTTP clients",
    package: "aiohttp",
    requirements: include_str!("requirements.txt"),
};

/// Sends requests with one of the clients.
pub(super) async fn send(client: &str, requests: &[Request]) -> Vec<Answer> {
    let directory = StateDirectory::open(&state_directory(client)).unwrap();
    let installation = ENVIRONMENT.install(&directory, &target_directory().join("tools")).await.unwrap();
    let mut process = tokio::process::Command::new(installation.python())
        .args(["-I", "-c", CLIENTS, client])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(&serde_json::to_vec(requests).unwrap()).await.unwrap();
    drop(input);
    let output = process.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{client} failed; its traceback is above");
    serde_json::from_slice(&output.stdout).unwrap()
}
