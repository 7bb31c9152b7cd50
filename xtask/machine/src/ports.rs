//! Finds ports on the loopback interface: the default one if it is free, or any other.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::process::{Failure, ServiceError};

/// Listens on a port of 127.0.0.1: the default one, or any free one if that is taken or `None`.
///
/// Use it for servers in this process, because no other process can take the port in between.
pub async fn bind(usual: Option<u16>) -> io::Result<TcpListener> {
    if let Some(port) = usual
        && let Ok(listener) = TcpListener::bind(address(port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind(address(0)).await
}

/// Returns a free port of 127.0.0.1 for another process.
///
/// This is the default port, or any free one if that is taken. Another process may take the port before it is used,
/// so the process must still handle that case.
pub async fn free_port(usual: Option<u16>) -> io::Result<u16> {
    match usual {
        Some(port) if is_free(port).await => Ok(port),
        _ => Ok(bind(None).await?.local_addr()?.port()),
    }
}

/// Returns whether a process could listen on this port of 127.0.0.1 now.
///
/// On macOS, a process can bind 127.0.0.1 while another one listens on all interfaces. Therefore this also tries to
/// connect.
pub async fn is_free(port: u16) -> bool {
    let answered = timeout(Duration::from_millis(500), TcpStream::connect(address(port))).await;
    !matches!(answered, Ok(Ok(_))) && TcpListener::bind(address(port)).await.is_ok()
}

/// Returns whether a process seems to have failed because another one took its port first.
pub async fn was_lost(port: u16, error: &ServiceError) -> bool {
    matches!(error.failure, Failure::Exited(_)) && !is_free(port).await
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bound(usual: u16) -> u16 {
        bind(Some(usual)).await.unwrap().local_addr().unwrap().port()
    }

    #[tokio::test]
    async fn port_in_use_is_replaced_by_another() {
        let taken = bind(None).await.unwrap();
        let usual = taken.local_addr().unwrap().port();
        assert_ne!(bound(usual).await, usual);
        assert_ne!(free_port(Some(usual)).await.unwrap(), usual);
        assert!(!is_free(usual).await);
    }

    #[tokio::test]
    async fn usual_port_is_used_if_free() {
        // Another process may take a released port, but not every time.
        for _ in 0..20 {
            let usual = bind(None).await.unwrap().local_addr().unwrap().port();
            if free_port(Some(usual)).await.unwrap() == usual && bound(usual).await == usual {
                return;
            }
        }
        panic!("a free port is not taken");
    }

    #[tokio::test]
    async fn port_in_use_on_all_interfaces_is_not_free() {
        let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        assert!(!is_free(taken.local_addr().unwrap().port()).await);
    }
}
