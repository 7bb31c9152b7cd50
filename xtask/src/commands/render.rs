//! `cargo xtask render`: prints the template of an environment.

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Format, Outcome, output};
use stack::PlatformParameterValues;

use crate::forwarded::{self, Program};

/// Options of `render`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Print only the IAM policies of the functions' roles.
    #[arg(long)]
    iam: bool,
    /// Print the IAM policies that reviewing and deploying the environment need, by name.
    #[arg(long, conflicts_with = "iam")]
    policies: bool,
    /// The format to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let document = if arguments.policies {
        if !stack::operator_parameters(&environment).is_empty() {
            // The name of a role is in the Parameter Store, which has to be read.
            return forwarded::run(Program::Commands);
        }
        stack::operator_policies(&environment, &PlatformParameterValues::new())?
    } else if arguments.iam {
        stack::iam_policies(&stack::preview(&environment)?.to_value())
    } else {
        stack::preview(&environment)?.to_value()
    };
    output::print(arguments.format.to_text(&document)?.trim_end())?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_environment_renders() {
        for name in command_line::environment::names().unwrap() {
            let environment = command_line::environment::load(&name).unwrap();
            stack::preview(&environment).unwrap();
        }
    }
}
