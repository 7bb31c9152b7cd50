//! Parses the arguments of a command line.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Parser};

/// The commands that delete something. A typing error must not lead to one of them.
const DESTRUCTIVE: [&str; 2] = ["destroy", "retire"];

/// Parses the arguments of this process.
///
/// Wrong usage is explained on standard error, and ends the process with exit code 2.
pub fn parse<P: Parser>() -> P {
    parse_from(P::command(), std::env::args_os()).unwrap_or_else(|error| error.exit())
}

/// Parses the arguments of this process as [`parse`] does, for a program that help texts show with another name.
pub fn parse_as<P: Parser>(program: &'static str) -> P {
    let command = P::command().name(program).bin_name(program);
    parse_from(command, std::env::args_os()).unwrap_or_else(|error| error.exit())
}

fn parse_from<P: Parser>(
    command: Command,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<P, clap::Error> {
    let mut usage = command.clone();
    let parsed = command.try_get_matches_from(arguments).and_then(|matches| P::from_arg_matches(&matches));
    parsed.map_err(|error| error.format(&mut usage)).map_err(|mut error| {
        if error.kind() == ErrorKind::InvalidSubcommand
            && let Some(ContextValue::Strings(names)) = error.get(ContextKind::SuggestedSubcommand)
        {
            let harmless = names.iter().filter(|name| !DESTRUCTIVE.contains(&name.as_str()));
            let harmless = harmless.cloned().collect();
            error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(harmless));
        }
        error
    })
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser, Subcommand};

    use super::parse_from;

    #[derive(Debug, Parser)]
    struct Arguments {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Debug, Subcommand)]
    enum Command {
        Deploy,
        Destroy,
    }

    #[test]
    fn typing_error_never_leads_to_a_command_that_deletes_something() {
        for wrong in ["depoly", "destory", "destro"] {
            let error =
                parse_from::<Arguments>(Arguments::command(), ["xtask".into(), wrong.into()]).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let text = error.to_string();
            assert!(!text.contains("destroy"), "{text}");
            assert!(wrong != "depoly" || text.contains("'deploy'"), "{text}");
        }
        for known in ["deploy", "destroy"] {
            assert!(parse_from::<Arguments>(Arguments::command(), ["xtask".into(), known.into()]).is_ok());
        }
    }
}
