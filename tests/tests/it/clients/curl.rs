//! curl.

use std::fmt::Write as _;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Answer, Request};

/// Sends requests with one process, over a configuration that lists them.
pub(super) async fn send(requests: &[Request]) -> Vec<Answer> {
    let directory = tempfile::tempdir().unwrap();
    let mut configuration = String::new();
    for (number, Request { method, url, .. }) in requests.iter().enumerate() {
        let next = if number > 0 { "next\n" } else { "" };
        let head = if *method == "HEAD" { "head\n" } else { "" };
        let write_out = r#"write-out = "%{http_code}\n""#;
        writeln!(configuration, "{next}{head}silent\nurl = \"{url}\"\noutput = \"{number}\"\n{write_out}")
            .unwrap();
    }
    let mut process = Command::new("curl")
        .args(["--disable", "--config", "-"])
        .current_dir(directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(configuration.as_bytes()).await.unwrap();
    drop(input);
    let output = process.wait_with_output().await.unwrap();
    assert!(output.status.success(), "curl failed with {}", output.status);
    let told = String::from_utf8(output.stdout).unwrap();
    let answer = |(number, status): (usize, &str)| {
        // Of a HEAD, curl writes the headers.
        let written = std::fs::read(directory.path().join(number.to_string())).unwrap_or_default();
        let headers = String::from_utf8_lossy(&written).to_lowercase();
        let size =
            headers.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        let size = size.unwrap_or(written.len());
        Answer { status: status.parse().unwrap(), size, body: STANDARD.encode(&written) }
    };
    told.lines().enumerate().map(answer).collect()
}
