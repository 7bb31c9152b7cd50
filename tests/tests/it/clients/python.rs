//! aiohttp, fsspec, httpx and requests, installed on first use into the directory of tools.

use machine::directory::StateDirectory;
use machine::python::PythonEnvironment;
use tokio::process::Command;

use super::{ClientResponse, Request, run_with_input};
use crate::stack::{state_directory, target_directory};

const CLIENTS: &str = include_str!("clients.py");
const ENVIRONMENT: PythonEnvironment = PythonEnvironment {
    purpose: "the Python HTTP clients",
    package: "aiohttp",
    requirements: include_str!("requirements.txt"),
};

/// Sends requests with one of the clients.
pub(super) async fn send(client: &str, requests: &[Request]) -> Vec<ClientResponse> {
    let directory = StateDirectory::open(&state_directory(client)).unwrap();
    let installation = ENVIRONMENT.install(&directory, &target_directory().join("tools")).await.unwrap();
    let mut command = Command::new(installation.python());
    command.args(["-I", "-c", CLIENTS, client]);
    let responses = run_with_input(command, &serde_json::to_vec(requests).unwrap()).await;
    serde_json::from_slice(&responses).unwrap()
}
