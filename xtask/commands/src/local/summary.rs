//! The summary that is printed when the stack has started.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use command_line::output;
use command_line::terminal::{paint, say};
use local_stack::StackFile;
use local_stack::not_emulated::NotEmulated;

/// Prints what is deployed and has no effect, the addresses of the stack, and an example.
pub(super) fn print(
    stack: &StackFile,
    path: &Path,
    without_effect: &[NotEmulated],
    elapsed: Duration,
) -> Result<()> {
    let path = std::env::current_dir()
        .ok()
        .and_then(|directory| path.strip_prefix(directory).ok())
        .unwrap_or(path)
        .display();
    say(format!("\n{}", paint("Deployed, but without effect here:", "1")));
    for entry in without_effect {
        say(format!("  {}", paint(&entry.to_string(), "2")));
    }
    say(format!("\n{} after {:.1} s\n", paint("The packages service is up", "1"), elapsed.as_secs_f64()));
    let line = |name: &str, value: &dyn std::fmt::Display| say(format!("  {name:<10} {value}"));
    line("Console", &stack.console_url);
    line("Viewer", &stack.viewer_url);
    line("API", &stack.api_url);
    line("CDN", &stack.cdn_url);
    line("Tokens", &format!("{}/token/editor, or owner, viewer, guest", stack.issuer_url));
    line("AWS", &format!("{} (credentials: in the details)", stack.aws_endpoint_url));
    line("Database", &stack.database_url);
    line("Details", &format!("{path}: ids, tokens, credentials, queues, buckets"));
    say(format!("\n{} restore the deleted folder with its 60 files:\n", paint("Try it:", "1")));
    output::print(example(stack))?;
    say(
        "\nThe restore is complete when a line below says that the messages of the restore queue were handled.",
    );
    say("`cargo xtask queue status --env local` counts those that are left.");
    say(format!("\n{}\n", paint("Ctrl-C ends it. What it does is shown here:", "2")));
    Ok(())
}

/// Returns a request that can be pasted into a shell.
fn example(stack: &StackFile) -> String {
    format!(
        "curl -X POST '{api}/restore?dataset_id={dataset}' \\\n  \
         -H \"Authorization: Bearer $(curl -s {issuer}/token/editor)\" \\\n  \
         -H 'Content-Type: application/json' -d '{{\"nodeIds\":[\"{folder}\"]}}'",
        api = stack.api_url,
        dataset = stack.dataset_id,
        issuer = stack.issuer_url,
        folder = stack.packages.deleted_folder,
    )
}
