//! Generates the command reference from the help texts.

use std::fmt::Write as _;

use clap::Command;
use serde::{Deserialize, Serialize};

/// The width of the help texts, independent of the terminal.
const WIDTH: usize = 100;

/// The help of one command.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The full name of the command: `cargo xtask keys rotate`.
    pub name: String,
    /// The first line of its help.
    pub summary: String,
    /// The whole help text.
    pub help: String,
}

/// Returns the help of all commands below `command`.
pub fn sections(command: Command) -> Vec<Section> {
    let mut command = command.term_width(WIDTH).disable_help_subcommand(true);
    command.build();
    let mut sections = Vec::new();
    collect(&command, &mut sections);
    sections
}

fn collect(command: &Command, sections: &mut Vec<Section>) {
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let help = subcommand.clone().render_long_help().to_string();
        sections.push(Section {
            name: subcommand.get_bin_name().unwrap_or(subcommand.get_name()).to_owned(),
            summary: subcommand.get_about().map(ToString::to_string).unwrap_or_default(),
            help: help.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"),
        });
        collect(subcommand, sections);
    }
}

impl Section {
    /// Returns the section as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = write!(text, "## `{}`\n\n```text\n{}\n```\n", self.name, self.help.trim_end());
        text
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};

    use super::sections;

    #[test]
    fn every_command_has_a_section_below_that_of_its_parent() {
        let rotate = Command::new("rotate").about("Rotate.").arg(Arg::new("yes").long("yes"));
        let keys = Command::new("keys").about("Keys.").subcommand(rotate);
        let hidden = Command::new("hidden").hide(true);
        let command = Command::new("cargo xtask").bin_name("cargo xtask").subcommands([keys, hidden]);
        let names: Vec<_> = sections(command).into_iter().map(|section| section.name).collect();
        assert_eq!(names, ["cargo xtask keys", "cargo xtask keys rotate"]);
    }
}
