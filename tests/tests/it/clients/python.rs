//! aiohttp, fsspec, httpx and requests, installed on first use into the directory of tools.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use local::emulator::find_python;
use tokio::io::AsyncWriteExt as _;

use super::{Answer, Request};

const CLIENTS: &str = include_str!("clients.py");
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// Sends requests with one of the clients.
pub(super) async fn send(client: &str, requests: &[Request]) -> Vec<Answer> {
    let system_python = find_python().await.unwrap();
    let python = tokio::task::spawn_blocking(|| installed(system_python.into())).await.unwrap();
    let mut process = tokio::process::Command::new(python)
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

/// The Python of the environment. Its name tells what is in it, and it gets that name only when it is complete.
fn installed(system_python: PathBuf) -> PathBuf {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("tools");
    fs::create_dir_all(&tools).unwrap();
    let lock = File::create(tools.join("http-clients.lock")).unwrap();
    lock.lock().unwrap();
    let fingerprint = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, REQUIREMENTS.as_bytes()).simple();
    let environment = tools.join(format!("http-clients-{fingerprint}"));
    let python = environment.join("bin/python");
    if !python.exists() {
        let partial = environment.with_added_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).unwrap();
        }
        run(Command::new(system_python).args(["-I", "-m", "venv"]).arg(&partial));
        let requirements = partial.join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS).unwrap();
        run(Command::new(partial.join("bin/python"))
            .args(["-I", "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--no-input"])
            .args(["--disable-pip-version-check", "-r"])
            .arg(&requirements));
        fs::rename(&partial, &environment).unwrap();
    }
    python
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(
        status.success(),
        "cannot install the Python clients, which needs the network: {command:?} failed"
    );
}
