//! Checks which crates a crate must not depend on, directly or indirectly.

use std::collections::BTreeSet;

use machine::command;

const FORBIDDEN: [(&str, &[&str]); 8] = [
    // This crate compiles in seconds and without a C compiler.
    ("xtask", &["aws-", "sqlx", "axum", "parquet", "reqwest", "ring", "cc", "deploy", "local-stack"]),
    // This crate returns values and reports to an operator.
    (
        "deploy",
        &["clap", "indicatif", "comfy-table", "command-line", "local-stack", "edge", "lambda", "faults"],
    ),
    // These commands work where the functions do not compile.
    ("operator", &["runtime", "local-stack", "edge", "lambda", "faults", "parquet"]),
    // These crates serve what is deployed, and are not deployed themselves.
    ("edge", &["openapi", "runtime", "stack", "deploy", "lambda", "local-stack"]),
    ("lambda", &["runtime", "stack", "deploy", "edge", "local-stack"]),
    // The guard judges what is deployed, not what the code says. It signs, so it has a cryptographic library.
    ("rights", &["aws-sdk-", "openapi", "runtime", "stack", "deploy", "local-stack", "lambda", "edge"]),
    ("cloudformation-rules", &["aws-", "stack", "tokio", "chrono", "rand"]),
    ("stack", &["aws-", "sqlx", "tokio", "chrono", "rand"]),
];

#[test]
fn crates_have_no_forbidden_dependencies() {
    for (name, forbidden) in FORBIDDEN {
        let mut tree = command::cargo();
        tree.args([
            "tree",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{lib}|{p}",
            "--package",
            name,
        ]);
        let output = tree.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        let packages = printed.lines().filter_map(|line| line.split_once('|')?.1.split(' ').next());
        let found: BTreeSet<&str> = packages
            .filter(|package| {
                forbidden.iter().any(|other| match other.strip_suffix('-') {
                    Some(_) => package.starts_with(other),
                    None => package == other,
                })
            })
            .collect();
        assert!(found.is_empty(), "{name} depends on {found:?}");
    }
}
