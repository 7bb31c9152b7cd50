//! `cargo xtask doctor --env`: checks what an environment needs.

use anyhow::{Result, bail};
use clap::Args;
use command_line::terminal::Palette;
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::checks::{self, Check, CheckResult};

use crate::connect::connect;
use crate::terminal::aws_error_message;

/// Options of `doctor`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let checks = match connect(&environment).await {
        Ok(connection) => checks::check(&environment, &connection).await?,
        Err(error) => {
            let causes: Vec<String> = error.chain().filter_map(aws_error_message).collect();
            let text = [vec![error.to_string()], causes].concat().join("\n");
            vec![Check::new("credentials", CheckResult::Failed(text))]
        }
    };
    let palette = Palette::for_output();
    for check in &checks {
        output::print(to_text(check, palette))?;
    }
    let failed = checks.iter().filter(|check| matches!(check.result, CheckResult::Failed(_))).count();
    if failed > 0 {
        bail!(
            "{failed} of {} checks failed; do what is listed above, then run the command again",
            checks.len()
        );
    }
    Ok(Outcome::Done)
}

/// The width of the column of names; `rights: deployment-resources` is the longest.
const WIDTH: usize = 30;

/// Formats a check: a mark, its subject, and its result or what to do.
fn to_text(check: &Check, palette: Palette) -> String {
    let (mark, color, text) = match &check.result {
        CheckResult::Passed(text) => ("✓", "32", text.clone()),
        CheckResult::Pending(text) => ("·", "2", text.clone()),
        CheckResult::Failed(text) => ("✗", "31", text.clone()),
        CheckResult::Unknown(reason) => ("?", "33", format!("could not be checked: {reason}")),
    };
    let indentation = format!("\n{}", " ".repeat(2 + WIDTH));
    let mark = palette.paint(mark, color);
    format!("{mark} {:<WIDTH$}{}", check.subject, text.replace('\n', &indentation))
}

#[cfg(test)]
mod tests {
    use command_line::terminal::Palette;
    use deploy::checks::{Check, CheckResult};

    use super::to_text;

    #[test]
    fn check_is_one_line_with_a_mark() {
        let text = |result| to_text(&Check::new("names", result), Palette::default());
        let lines = [
            text(CheckResult::Passed("none is taken".to_owned())),
            text(CheckResult::Pending("imported".to_owned())),
            text(CheckResult::Failed("taken\nrename it".to_owned())),
            text(CheckResult::Unknown("denied".to_owned())),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        ✓ names                         none is taken
        · names                         imported
        ✗ names                         taken
                                        rename it
        ? names                         could not be checked: denied
        ");
    }
}
