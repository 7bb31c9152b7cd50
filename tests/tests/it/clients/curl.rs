//! curl.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::process::Command;

use super::{ClientResponse, Request, run_with_input};

/// Sends requests with one process and a configuration that lists them.
pub(super) async fn send(requests: &[Request]) -> Vec<ClientResponse> {
    let directory = tempfile::tempdir().unwrap();
    let mut configuration = String::new();
    for (number, Request { method, url, .. }) in requests.iter().enumerate() {
        let next = if number > 0 { "next\n" } else { "" };
        let head = if *method == "HEAD" { "head\n" } else { "" };
        let write_out = r#"write-out = "%{http_code}\n""#;
        writeln!(configuration, "{next}{head}silent\nurl = \"{url}\"\noutput = \"{number}\"\n{write_out}")
            .unwrap();
    }
    let mut command = Command::new("curl");
    command.args(["--disable", "--config", "-"]).current_dir(directory.path());
    let statuses = String::from_utf8(run_with_input(command, configuration.as_bytes()).await).unwrap();
    let response = |(number, status): (usize, &str)| {
        // For a HEAD request, curl writes the headers.
        let written = std::fs::read(directory.path().join(number.to_string())).unwrap_or_default();
        let headers = String::from_utf8_lossy(&written).to_lowercase();
        let size =
            headers.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        let size = size.unwrap_or(written.len());
        ClientResponse { status: status.parse().unwrap(), size, body: STANDARD.encode(&written) }
    };
    statuses.lines().enumerate().map(response).collect()
}
