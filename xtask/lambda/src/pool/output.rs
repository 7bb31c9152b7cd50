//! The standard output and standard error of an instance.

use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::pipe::Receiver;

use super::log_delivery::{LogSink, LogStream, MAXIMUM_LINE_BYTES};

/// Opens the standard output and standard error of an instance.
///
/// Without a sink, they go directly to the function's log file. With a sink, a pipe leads to both.
pub(super) async fn open(
    file: &Path,
    sink: Option<&LogSink>,
    stream: Arc<LogStream>,
) -> io::Result<(Stdio, Stdio)> {
    let file = OpenOptions::new().create(true).append(true).open(file).await?;
    let Some(sink) = sink.cloned() else {
        let file = file.into_std().await;
        return Ok((file.try_clone()?.into(), file.into()));
    };
    let (reader, writer) = io::pipe()?;
    // The task ends when the last process closes its end of the pipe.
    tokio::spawn(copy(receiver(reader)?, file, sink, stream));
    Ok((writer.try_clone()?.into(), writer.into()))
}

fn receiver(reader: PipeReader) -> io::Result<Receiver> {
    Receiver::from_owned_fd(OwnedFd::from(reader))
}

async fn copy(from: Receiver, mut file: File, sink: LogSink, stream: Arc<LogStream>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut next = (&mut from).take(MAXIMUM_LINE_BYTES as u64);
        match next.read_until(b'\n', &mut line).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
        // Errors are ignored: if a full disk stopped the reader, the function would block on its output.
        let _not_written = file.write_all(&line).await;
        sink.take(&stream, &line);
    }
    let _not_written = file.flush().await;
}
