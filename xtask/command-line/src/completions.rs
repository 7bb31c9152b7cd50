//! Completions of command lines by the shell.

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use clap::{Args, Command, ValueEnum};
use clap_complete::generate;
use clap_complete::shells::{Bash, Fish, Zsh};

use crate::environment;
use crate::outcome::Outcome;
use crate::output;

/// Completes `cargo xtask` with the function that is generated for `cargo_xtask`, and all else as before.
const BASH_FOR_CARGO: &str = include_str!("completions/cargo.bash");
/// The same for fish, with `cargo-xtask`.
const FISH_FOR_CARGO: &str = include_str!("completions/cargo.fish");

/// Options of `completions`.
#[derive(Args)]
pub struct Arguments {
    /// The shell.
    shell: Shell,
}

/// A shell whose completions can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Fish,
    Zsh,
}

impl Arguments {
    /// Prints the completions of a program.
    pub fn print(&self, command: Command) -> Result<Outcome> {
        let names = environment::names()?;
        print(&script(self.shell, command, &names)?)
    }

    /// Prints the completions of `cargo xtask`, whose command is named `cargo-xtask`.
    pub fn print_for_cargo(&self, command: Command) -> Result<Outcome> {
        let names = environment::names()?;
        print(&script_for_cargo(self.shell, command, &names)?)
    }
}

fn print(script: &str) -> Result<Outcome> {
    output::print(script.trim_end())?;
    Ok(Outcome::Done)
}

fn script(shell: Shell, command: Command, environments: &[String]) -> Result<String> {
    let name = command.get_name().to_owned();
    // Subcommands are named after this, which must be one word.
    let mut command = with_environments(command, environments).bin_name(name.clone());
    let mut script = Vec::new();
    match shell {
        Shell::Bash => generate(Bash, &mut command, name, &mut script),
        Shell::Fish => generate(Fish, &mut command, name, &mut script),
        Shell::Zsh => generate(Zsh, &mut command, name, &mut script),
    }
    String::from_utf8(script).context("the completions are not UTF-8")
}

fn script_for_cargo(shell: Shell, command: Command, environments: &[String]) -> Result<String> {
    // clap_complete replaces a hyphen in the name in two ways, and then no subcommand of a subcommand completes in bash.
    let command = if shell == Shell::Bash { command.name("cargo_xtask") } else { command };
    let own = script(shell, command, environments)?;
    Ok(match shell {
        Shell::Bash => own + "\n" + BASH_FOR_CARGO,
        Shell::Fish => own + "\n" + FISH_FOR_CARGO,
        // Cargo's own completions call this function: https://github.com/rust-lang/cargo/blob/master/src/etc/_cargo.
        Shell::Zsh => own,
    })
}

/// Returns a command whose option `--env` completes to the names of the environments.
fn with_environments(command: Command, names: &[String]) -> Command {
    let command = command.mut_args(|argument| {
        if argument.get_long() == Some("env") {
            argument.value_parser(PossibleValuesParser::new(names.to_owned()))
        } else {
            argument
        }
    });
    command.mut_subcommands(|subcommand| with_environments(subcommand, names))
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};

    use super::{Shell, script, script_for_cargo};

    fn command(name: &'static str) -> Command {
        let environment = Arg::new("name").long("env").value_name("NAME");
        Command::new(name).bin_name("two words").subcommand(Command::new("status").arg(environment))
    }

    #[test]
    fn environments_complete_in_every_shell() {
        let names = ["dev".to_owned(), "prod".to_owned()];
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            let script = script(shell, command("packages"), &names).unwrap();
            assert!(script.contains("status") && script.contains("prod"), "{script}");
            assert!(!script.contains("two words") && !script.contains("cargo"), "{script}");
        }
    }

    #[test]
    fn functions_that_complete_cargo_call_those_that_are_generated() {
        let bash = script_for_cargo(Shell::Bash, command("cargo-xtask"), &[]).unwrap();
        assert!(bash.starts_with("_cargo_xtask() {") && bash.contains(" _cargo_xtask xtask "), "{bash}");
        let fish = script_for_cargo(Shell::Fish, command("cargo-xtask"), &[]).unwrap();
        assert!(
            fish.contains("complete -c cargo-xtask ") && fish.contains("complete -C \"cargo-xtask "),
            "{fish}"
        );
        let zsh = script_for_cargo(Shell::Zsh, command("cargo-xtask"), &[]).unwrap();
        assert!(zsh.starts_with("#compdef cargo-xtask"), "{zsh}");
    }
}
