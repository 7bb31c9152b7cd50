//! Manual pages.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_mangen::Man;

use crate::outcome::Outcome;
use crate::output;

/// Options of `man`.
#[derive(Args)]
pub struct Arguments {
    /// Write one page for each command into this directory. Without it, the page of the program is printed.
    #[arg(value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

impl Arguments {
    /// Prints the page of a program, or writes those of all its commands.
    pub fn run(self, command: Command) -> Result<Outcome> {
        match self.directory {
            None => output::print(page(command)?.trim_end())?,
            Some(directory) => {
                let write = || {
                    fs::create_dir_all(&directory)?;
                    clap_mangen::generate_to(command, &directory)
                };
                write()
                    .with_context(|| format!("cannot write the manual pages into {}", directory.display()))?;
                output::print(directory.display())?
            }
        };
        Ok(Outcome::Done)
    }
}

fn page(command: Command) -> Result<String> {
    let mut page = Vec::new();
    Man::new(command.disable_help_subcommand(true)).render(&mut page).context("cannot render the page")?;
    String::from_utf8(page).context("the page is not UTF-8")
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::Arguments;

    #[test]
    fn every_command_has_a_page() {
        let directory = tempfile::tempdir().unwrap();
        let keys = Command::new("keys").subcommand(Command::new("rotate").about("Rotate."));
        let command = Command::new("cargo-xtask").bin_name("cargo xtask").subcommand(keys);
        let path = directory.path().join("pages");
        Arguments { directory: Some(path.clone()) }.run(command).unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["cargo-xtask-keys-rotate.1", "cargo-xtask-keys.1", "cargo-xtask.1"]);
        let page = std::fs::read_to_string(path.join("cargo-xtask-keys-rotate.1")).unwrap();
        assert!(page.contains("cargo xtask keys rotate") && page.contains("Rotate."), "{page}");
    }
}
