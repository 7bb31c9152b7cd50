//! `cargo xtask doctor`

use ::local::emulator::Installation;
use ::local::{emulator, postgres};
use anyhow::Result;
use comfy_table::Table;
use comfy_table::presets::NOTHING;

use crate::tools::{CARGO_LAMBDA, CFN_LINT, OPENAPI_SPEC_VALIDATOR};
use crate::{Outcome, workspace};

pub(crate) async fn run() -> Result<Outcome> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["WHAT", "FOR", "STATE"]);
    let tools = workspace::tools();
    let python = emulator::find_python()
        .await
        .map_or_else(|error| error.to_string(), |path| path.display().to_string());
    let server = postgres::find_server()
        .await
        .map_or_else(|error| error.to_string(), |path| path.display().to_string());
    let ministack = Installation::find(&tools).await.map_or("installed on first use", |_| "installed");
    table.add_row(["Python", "local, ci", &python]);
    table.add_row(["PostgreSQL", "local, test", &server]);
    table.add_row(["MiniStack", "local, test", ministack]);
    for (tool, used_by) in [(CARGO_LAMBDA, "build, deploy"), (CFN_LINT, "ci"), (OPENAPI_SPEC_VALIDATOR, "ci")]
    {
        let state =
            tool.find().map_or("installed on first use".to_owned(), |path| path.display().to_string());
        table.add_row([tool.name, used_by, &state]);
    }
    println!("{table}");
    Ok(Outcome::Done)
}
