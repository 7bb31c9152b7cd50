//! The examples in documents, which tests run as they are.

use std::process::Command;

use machine::Unreported;
use machine::node::TYPESCRIPT_CLIENT;
use tempfile::TempDir;

/// Returns the blocks of code in a language, in the part of a document below a heading of level 2 or 3.
pub(crate) fn examples<'a>(document: &'a str, heading: &str, language: &str) -> Vec<&'a str> {
    let (_, rest) = document.split_once(&format!("\n{heading}\n")).unwrap();
    let mut part = rest.split("\n## ").next().unwrap();
    if heading.starts_with("### ") {
        part = part.split("\n### ").next().unwrap();
    }
    let mark = format!("```{language}\n");
    part.split(&mark).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// Returns the standard output of a program that must succeed.
pub(crate) fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (printed, errors) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{printed}{errors}");
    printed
}

/// Returns a Node project that has only the tarball of the TypeScript client.
pub(crate) fn project_with_client() -> TempDir {
    let project = tempfile::tempdir().unwrap();
    let mut pack = TYPESCRIPT_CLIENT.script("pack", &Unreported).unwrap();
    let tarball = output_of(pack.arg("--").arg(project.path()));
    std::fs::write(project.path().join("package.json"), r#"{ "type": "module" }"#).unwrap();
    let mut install = Command::new("npm");
    install.args(["install", "--offline", "--silent", "--no-audit", "--no-fund", tarball.trim()]);
    output_of(install.current_dir(project.path()));
    project
}

#[test]
fn examples_are_those_of_one_part_in_one_language() {
    let document =
        "# A\n\n## B\n\n```sh\n1\n```\n\n### C\n\n```sh\n2\n```\n```ts\n3\n```\n\n## D\n\n```sh\n4\n```\n";
    assert_eq!(examples(document, "## B", "sh"), ["1\n", "2\n"]);
    assert_eq!(examples(document, "### C", "ts"), ["3\n"]);
    assert_eq!(examples(document, "## D", "sh"), ["4\n"]);
}
