//! How much a command prints on standard error.

use std::sync::OnceLock;

use clap::Args;

/// The options of all commands that set how much they print on standard error.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Verbosity {
    /// Print only results, warnings, errors and questions.
    #[arg(long, global = true, help_heading = "Global options", conflicts_with = "verbose")]
    quiet: bool,
    /// Print each call to AWS: service, operation, status or error code, and duration.
    #[arg(long, global = true, help_heading = "Global options")]
    verbose: bool,
}

/// The options of this process.
static CHOSEN: OnceLock<Verbosity> = OnceLock::new();

impl Verbosity {
    /// Applies the options to everything that this process prints from now on.
    pub fn apply(self) {
        // A second set is ignored: a process has one command line.
        let _ = CHOSEN.set(self);
    }
}

fn chosen() -> Verbosity {
    CHOSEN.get().copied().unwrap_or_default()
}

/// Returns whether only results, warnings, errors and questions are printed.
pub fn is_quiet() -> bool {
    chosen().quiet
}

/// Returns whether each call to AWS is printed.
pub fn is_verbose() -> bool {
    chosen().verbose
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Verbosity;

    #[derive(Debug, Parser)]
    struct Arguments {
        #[command(flatten)]
        verbosity: Verbosity,
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Command {
        Status,
    }

    #[test]
    fn options_may_follow_the_command_and_exclude_each_other() {
        for arguments in [["xtask", "--quiet", "status"], ["xtask", "status", "--quiet"]] {
            let Arguments { verbosity, command: Command::Status } =
                Arguments::try_parse_from(arguments).unwrap();
            assert!(verbosity.quiet && !verbosity.verbose);
        }
        let error = Arguments::try_parse_from(["xtask", "status", "--quiet", "--verbose"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
