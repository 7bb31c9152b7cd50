//! Ports of the loopback interface: the usual one where it is free, any other where it is not.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::process::{Failure, ServiceError};

/// Listens on the usual port of 127.0.0.1, or on any free one if that is taken or none is usual.
///
/// For servers of this process: nothing can take the port between finding and using it.
pub async fn bind(usual: Option<u16>) -> io::Result<TcpListener> {
    if let Some(port) = usual
        && let Ok(listener) = TcpListener::bind(address(port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind(address(0)).await
}

/// A port of 127.0.0.1 for a process to be started: the usual one, or any free one if that is taken.
///
/// It is free now; the process must still report when it finds it taken.
pub async fn free_port(usual: Option<u16>) -> io::Result<u16> {
    match usual {
        Some(port) if is_free(port).await => Ok(port),
        _ => Ok(bind(None).await?.local_addr()?.port()),
    }
}

/// Whether a process could listen on this port of 127.0.0.1 now.
///
/// macOS lets one bind 127.0.0.1 while another listens on all interfaces, hence the attempt to connect.
pub async fn is_free(port: u16) -> bool {
    let answered = timeout(Duration::from_millis(500), TcpStream::connect(address(port))).await;
    !matches!(answered, Ok(Ok(_))) && TcpListener::bind(address(port)).await.is_ok()
}

/// Whether a process that was given this port failed for want of it: another may take it before it gets there.
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
    async fn a_port_that_is_taken_is_replaced_by_another() {
        let taken = bind(None).await.unwrap();
        let usual = taken.local_addr().unwrap().port();
        assert_ne!(bound(usual).await, usual);
        assert_ne!(free_port(Some(usual)).await.unwrap(), usual);
        assert!(!is_free(usual).await);
    }

    #[tokio::test]
    async fn the_usual_port_is_taken_when_it_is_free() {
        // Whatever else runs here may take a port right after it was given back, but not each time.
        for _ in 0..20 {
            let usual = bind(None).await.unwrap().local_addr().unwrap().port();
            if free_port(Some(usual)).await.unwrap() == usual && bound(usual).await == usual {
                return;
            }
        }
        panic!("a free port is not taken");
    }

    #[tokio::test]
    async fn a_port_taken_on_all_interfaces_is_taken() {
        let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        assert!(!is_free(taken.local_addr().unwrap().port()).await);
    }
}
