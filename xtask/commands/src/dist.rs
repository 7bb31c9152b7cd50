//! `cargo xtask dist`: builds the program for operators.

use anyhow::Result;
use command_line::{Outcome, output};
use deploy::build::build_operator_program;
use operator::terminal::Terminal;

pub(crate) async fn run() -> Result<Outcome> {
    let program = build_operator_program(&Terminal).await?;
    output::print(format_args!("{}  {}  {} bytes", program.hash, program.path.display(), program.size))?;
    Ok(Outcome::Done)
}
