//! What a command prints on standard output.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};

/// Whether somebody still reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputState {
    /// The output is open.
    Open,
    /// The pipe was closed, as with `| head`.
    Closed,
}

/// Prints text and a line break on standard output.
///
/// A closed pipe is not an error: nobody wants the rest of the output, and work in progress, such as a deployment,
/// must not be cut short. Any other failure to write is an error.
pub fn print(text: impl Display) -> Result<OutputState> {
    print_to(&mut io::stdout().lock(), text)
}

fn print_to(output: &mut impl Write, text: impl Display) -> Result<OutputState> {
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Ok(()) => Ok(OutputState::Open),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(OutputState::Closed),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind, Write};

    use super::{OutputState, print_to};

    /// An output that fails.
    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn closed_pipe_is_not_an_error_but_a_full_disk_is() {
        let mut written = Vec::new();
        assert_eq!(print_to(&mut written, "text").unwrap(), OutputState::Open);
        assert_eq!(written, b"text\n");
        assert_eq!(print_to(&mut Failing(ErrorKind::BrokenPipe), "text").unwrap(), OutputState::Closed);
        let error = print_to(&mut Failing(ErrorKind::StorageFull), "text").unwrap_err();
        assert_eq!(error.to_string(), "cannot write to standard output");
    }
}
