//! The daemon that receives the documents of one function.
//!
//! A datagram has a line with its format, and then a document:
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon>.

use std::io;
use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::{Document, TraceSink};
use crate::role::RoleSession;

const MAXIMUM_DATAGRAM_BYTES: usize = 64 * 1024;

/// The daemon of a function. Dropping it closes its socket.
pub(in crate::pool) struct Daemon {
    address: SocketAddr,
    receiving: JoinHandle<()>,
}

impl Daemon {
    /// Opens a socket, and passes what it receives to the sink.
    pub(in crate::pool) async fn start(role: RoleSession, sink: TraceSink) -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?;
        Ok(Self { address, receiving: tokio::spawn(receive(socket, role, sink)) })
    }

    /// Returns the address for the variable `AWS_XRAY_DAEMON_ADDRESS`.
    pub(in crate::pool) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.receiving.abort();
    }
}

async fn receive(socket: UdpSocket, role: RoleSession, sink: TraceSink) {
    let mut datagram = vec![0; MAXIMUM_DATAGRAM_BYTES];
    loop {
        // An error is that of an earlier datagram.
        let Ok(size) = socket.recv(&mut datagram).await else { continue };
        if let Some(text) = document(&datagram[..size]) {
            sink.take(Document { role: role.clone(), text: text.to_owned() });
        } else {
            tracing::warn!(function = %role.function, "a datagram to the X-Ray daemon is malformed");
        }
    }
}

/// Returns the document in a datagram.
fn document(datagram: &[u8]) -> Option<&str> {
    let (header, document) = std::str::from_utf8(datagram).ok()?.split_once('\n')?;
    let header: serde_json::Value = serde_json::from_str(header).ok()?;
    (header["format"] == "json" && header["version"] == 1).then_some(document)
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn document_follows_the_line_with_its_format() {
        assert_eq!(
            document(b"{\"format\": \"json\", \"version\": 1}\n{\"id\":\"1\"}"),
            Some("{\"id\":\"1\"}")
        );
        for malformed in [
            &b"{\"id\":\"1\"}"[..],
            b"{\"format\":\"json\",\"version\":2}\n{}",
            b"{\"format\":\"xml\",\"version\":1}\n{}",
            b"\xff\n{}",
            b"",
        ] {
            assert_eq!(document(malformed), None);
        }
    }
}
