//! A command line as data, which one program prints and another one reads.
//!
//! `cargo xtask` forwards most commands to programs that take minutes to compile. Their descriptions let it complete
//! and document commands that it does not parse itself.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command, ValueHint};
use serde::{Deserialize, Serialize};

/// A command with its arguments and its subcommands.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandDescription {
    name: String,
    about: Option<String>,
    requires_subcommand: bool,
    arguments: Vec<ArgumentDescription>,
    subcommands: Vec<CommandDescription>,
}

/// An option or a positional argument.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own of an argument")]
struct ArgumentDescription {
    id: String,
    long: Option<String>,
    short: Option<char>,
    help: Option<String>,
    value_names: Vec<String>,
    /// The values that it can have, with their help. Empty if it takes any value, or none.
    possible_values: Vec<(String, Option<String>)>,
    takes_value: bool,
    can_repeat: bool,
    is_required: bool,
    is_path: bool,
    /// Whether it follows `--`.
    is_last: bool,
}

impl CommandDescription {
    /// Describes a command, without what is hidden.
    pub fn new(command: Command) -> Self {
        let mut command = command.disable_help_subcommand(true);
        // This adds the global options to each subcommand.
        command.build();
        Self::of(&command)
    }

    fn of(command: &Command) -> Self {
        let own = |argument: &&Arg| !argument.is_hide_set() && !is_builtin(argument);
        Self {
            name: command.get_name().to_owned(),
            about: command.get_about().map(ToString::to_string),
            requires_subcommand: command.is_subcommand_required_set(),
            arguments: command.get_arguments().filter(own).map(ArgumentDescription::of).collect(),
            subcommands: command.get_subcommands().filter(|it| !it.is_hide_set()).map(Self::of).collect(),
        }
    }

    /// Returns the name of the command.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the subcommands.
    pub fn into_subcommands(self) -> Vec<Self> {
        self.subcommands
    }

    /// Returns a command with this description, which parses nothing.
    pub fn into_command(self) -> Command {
        let mut command = Command::new(self.name).disable_help_subcommand(true);
        if let Some(about) = self.about {
            command = command.about(about);
        }
        command
            .subcommand_required(self.requires_subcommand)
            .args(self.arguments.into_iter().map(ArgumentDescription::into_argument))
            .subcommands(self.subcommands.into_iter().map(Self::into_command))
    }
}

/// Returns whether clap adds an option to every command.
fn is_builtin(argument: &Arg) -> bool {
    matches!(
        argument.get_action(),
        ArgAction::Help | ArgAction::HelpLong | ArgAction::HelpShort | ArgAction::Version
    )
}

impl ArgumentDescription {
    fn of(argument: &Arg) -> Self {
        let takes_value = argument.get_action().takes_values();
        let values = if takes_value { argument.get_possible_values() } else { Vec::new() };
        let value =
            |value: &PossibleValue| (value.get_name().to_owned(), value.get_help().map(ToString::to_string));
        let names = argument.get_value_names().unwrap_or_default();
        Self {
            id: argument.get_id().to_string(),
            long: argument.get_long().map(str::to_owned),
            short: argument.get_short(),
            help: argument.get_help().map(ToString::to_string),
            value_names: if takes_value {
                names.iter().map(ToString::to_string).collect()
            } else {
                Vec::new()
            },
            possible_values: values.iter().filter(|value| !value.is_hide_set()).map(value).collect(),
            takes_value,
            can_repeat: matches!(argument.get_action(), ArgAction::Append | ArgAction::Count),
            is_required: argument.is_required_set(),
            is_path: argument.get_value_hint() == ValueHint::AnyPath,
            is_last: argument.is_last_set(),
        }
    }

    fn into_argument(self) -> Arg {
        let action = match (self.takes_value, self.can_repeat) {
            (true, true) => ArgAction::Append,
            (true, false) => ArgAction::Set,
            (false, true) => ArgAction::Count,
            (false, false) => ArgAction::SetTrue,
        };
        let is_positional = self.long.is_none() && self.short.is_none();
        let mut argument = Arg::new(self.id).action(action).required(self.is_required).last(self.is_last);
        argument = argument.short(self.short);
        if let Some(long) = self.long {
            argument = argument.long(long);
        }
        if let Some(help) = self.help {
            argument = argument.help(help);
        }
        if !self.value_names.is_empty() {
            argument = argument.value_names(self.value_names);
        }
        if !self.possible_values.is_empty() {
            let values = self.possible_values.into_iter().map(|(name, help)| {
                let value = PossibleValue::new(name);
                if let Some(help) = help { value.help(help) } else { value }
            });
            argument = argument.value_parser(values.collect::<Vec<_>>());
        }
        if self.is_path {
            argument = argument.value_hint(ValueHint::AnyPath);
        }
        if is_positional && self.can_repeat {
            argument = argument.num_args(0..);
        }
        argument
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::{Arg, ArgAction, Command, value_parser};

    use super::CommandDescription;

    fn command() -> Command {
        let rotate = Command::new("rotate").about("Rotate.").args([
            Arg::new("algorithm")
                .long("algorithm")
                .value_name("KIND")
                .value_parser(["ec", "rsa"])
                .help("Kind."),
            Arg::new("yes").long("yes").short('y').action(ArgAction::SetTrue),
            Arg::new("hidden").long("hidden").hide(true),
        ]);
        let import =
            Command::new("import").arg(Arg::new("pem").required(true).value_parser(value_parser!(PathBuf)));
        let test = Command::new("test").arg(Arg::new("arguments").num_args(0..).last(true));
        let keys = Command::new("keys").subcommand_required(true).subcommands([rotate, import]);
        let quiet = Arg::new("quiet").long("quiet").global(true).action(ArgAction::SetTrue);
        Command::new("program").arg(quiet).subcommands([keys, test, Command::new("secret").hide(true)])
    }

    #[test]
    fn described_command_has_the_same_description() {
        let description = CommandDescription::new(command());
        let json = serde_json::to_string(&description).unwrap();
        let read: CommandDescription = serde_json::from_str(&json).unwrap();
        assert_eq!(read, description);
        assert_eq!(CommandDescription::new(read.into_command()), description);
    }

    #[test]
    fn hidden_parts_are_omitted_and_global_options_are_in_each_subcommand() {
        let keys = CommandDescription::new(command()).into_command();
        assert!(keys.find_subcommand("secret").is_none());
        let rotate = keys.find_subcommand("keys").unwrap().find_subcommand("rotate").unwrap();
        let options: Vec<_> = rotate.get_arguments().filter_map(Arg::get_long).collect();
        assert_eq!(options, ["algorithm", "yes", "quiet"]);
    }
}
