//! The examples in the README of the TypeScript client, run in a project that has only its tarball.

use std::process::Command;

use crate::client::Client;
use crate::examples::{examples, output_of, project_with_client};

const README: &str = include_str!("../../../openapi/typescript/README.md");

#[tokio::test]
async fn examples_of_the_readme_run_with_the_tarball_alone() {
    let client = Client::new().await;
    let stack = client.stack;
    let project = project_with_client();
    let parts = ["## Call the API", "## Read assets"].map(|heading| examples(README, heading, "ts"));
    assert_eq!(parts.each_ref().map(Vec::len), [1, 1]);
    let example = parts
        .concat()
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
