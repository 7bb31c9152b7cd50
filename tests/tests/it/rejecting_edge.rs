//! A distribution that rejects every signature, so that a verification fails.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::command::{Ended, Run, command};
use crate::stack::Running;

/// An edge that rejects every request as CloudFront rejects a signature.
pub(crate) struct RejectingEdge {
    running: &'static Running,
    url: String,
    server: JoinHandle<()>,
}

impl RejectingEdge {
    pub(crate) async fn start(running: &'static Running) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let _ = connection.read(&mut [0; 8192]).await;
                let body = "<Error><Code>AccessDenied</Code></Error>";
                let head = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n", body.len());
                let response = format!("{head}connection: close\r\n\r\n{body}");
                let _ = connection.write_all(response.as_bytes()).await;
            }
        });
        Self { running, url, server }
    }

    /// Runs a command that requests signed URLs from this edge instead of that of the stack.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = command(self.running, arguments);
        let text = std::fs::read_to_string(&self.running.file).unwrap();
        let stack_file = self.running.file.with_file_name("rejecting.json");
        std::fs::write(&stack_file, text.replace(&self.running.stack.cdn_url, &self.url)).unwrap();
        command.env("PACKAGES_STACK", &stack_file);
        Run::start_command(command).end().await
    }
}

impl Drop for RejectingEdge {
    fn drop(&mut self) {
        self.server.abort();
    }
}
