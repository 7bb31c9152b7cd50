//! The X-Ray daemon that Lambda runs beside each function.
//!
//! It listens for UDP, so sending neither waits nor fails:
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon>.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, OnceLock};

/// The line before each document.
const HEADER: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";

/// The daemon, to which a socket is opened on first use.
#[derive(Clone, Debug)]
pub(super) struct Daemon {
    address: SocketAddr,
    socket: Arc<OnceLock<Option<UdpSocket>>>,
}

impl Daemon {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, socket: Arc::default() }
    }

    /// Sends a document. It is lost if it cannot be sent immediately.
    pub(super) fn send(&self, document: &[u8]) {
        if let Some(socket) = self.socket.get_or_init(|| open(self.address).ok()) {
            let _lost = socket.send(&[HEADER, document].concat());
        }
    }
}

fn open(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.set_nonblocking(true)?;
    socket.connect(address)?;
    Ok(socket)
}
