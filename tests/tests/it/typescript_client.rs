//! The examples in the README of the TypeScript client, run in a project that has only its tarball.

use std::process::Command;

use machine::Unreported;
use machine::node::TYPESCRIPT_CLIENT;

use crate::client::Client;

const README: &str = include_str!("../../../openapi/typescript/README.md");

/// Returns the standard output of a program that must succeed.
fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (printed, errors) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{printed}{errors}");
    printed
}

#[tokio::test]
async fn examples_of_the_readme_run_with_the_tarball_alone() {
    let client = Client::new().await;
    let stack = client.stack;
    let project = tempfile::tempdir().unwrap();
    let mut pack = TYPESCRIPT_CLIENT.script("pack", &Unreported).unwrap();
    let tarball = output_of(pack.arg("--").arg(project.path()));
    std::fs::write(project.path().join("package.json"), r#"{ "type": "module" }"#).unwrap();
    let mut install = Command::new("npm");
    install.args(["install", "--offline", "--silent", "--no-audit", "--no-fund", tarball.trim()]);
    output_of(install.current_dir(project.path()));

    let examples: Vec<&str> =
        README.split("```ts\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 2);
    let example = examples
        .concat()
        .replace("https://api2.pennsieve.io/packages", &stack.api_url)
        .replace("ACCESS_TOKEN", &stack.tokens["editor"])
        .replace("N:dataset:…", &stack.dataset_id)
        .replace("N:package:…", &stack.packages.viewer)
        .replace("eeg.parquet", &stack.assets.parquet)
        .replace("thumbnail.png", &stack.assets.thumbnail);
    std::fs::write(project.path().join("example.js"), example).unwrap();
    let printed = output_of(Command::new("node").arg("example.js").current_dir(project.path()));

    let not_deleted = format!("deleted package {} not found in dataset", stack.packages.viewer);
    for text in [&not_deleted, &format!("{} 206 4 ", stack.assets.parquet), "\nPAR1\n", "\n404\n"] {
        assert!(printed.contains(text), "{text} in:\n{printed}");
    }
    let url = printed.lines().find(|line| line.contains(&stack.assets.thumbnail)).unwrap();
    assert_eq!(client.open(url).await.status(), 200, "{printed}");
}
