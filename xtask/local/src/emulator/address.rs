//! The address of AWS in the local stack, which is that of the server in front of the emulator.

use std::io;

use machine::directory::StateDirectory;
use machine::ports;
use tokio::net::TcpListener;

/// The file with the port in the state directory.
pub(super) const PORT: &str = "emulator/port";

/// The reason why AWS has no address.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The kept data requires a port that another process uses.
    #[error(
        "port {0}, which the kept data requires, is in use.\nEnd the process that listens there, or start \
         without --keep."
    )]
    PortTaken(u16),
    /// No port is free.
    #[error("cannot find a port for AWS: {0}")]
    Port(#[from] io::Error),
}

/// Listens on the port of kept data, because that contains URLs of queues, or else on the usual one if that is free.
pub async fn listen(directory: &StateDirectory, usual_port: u16) -> Result<TcpListener, AddressError> {
    match kept_port(directory).await {
        Some(port) if ports::is_free(port).await => Ok(ports::bind(Some(port)).await?),
        Some(port) => Err(AddressError::PortTaken(port)),
        None => Ok(ports::bind(Some(usual_port)).await?),
    }
}

/// Returns the port of kept data, if there is any.
async fn kept_port(directory: &StateDirectory) -> Option<u16> {
    tokio::fs::read_to_string(directory.file(PORT)).await.ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_whole_port_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::open(root.path()).unwrap();
        assert_eq!(kept_port(&directory).await, None);
        directory.write(PORT, b"456\xff").await.unwrap();
        assert_eq!(kept_port(&directory).await, None);
        directory.write(PORT, b"4566").await.unwrap();
        assert_eq!(kept_port(&directory).await, Some(4566));
    }

    #[tokio::test]
    async fn port_of_kept_data_must_be_free() {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::open(root.path()).unwrap();
        let first = listen(&directory, 0).await.unwrap();
        let port = first.local_addr().unwrap().port();
        directory.write(PORT, port.to_string().as_bytes()).await.unwrap();
        let taken = listen(&directory, 0).await;
        assert!(matches!(taken, Err(AddressError::PortTaken(taken)) if taken == port));
        drop(first);
        assert_eq!(listen(&directory, 0).await.unwrap().local_addr().unwrap().port(), port);
    }
}
