//! Completions and manual pages contain the commands of all programs.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use crate::stack::xtask;

/// Prints the completions of the words after the name of the function that completes them.
const COMPLETE: &str = r#"
complete_words() {
    local function=$1
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    "$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    echo "${COMPREPLY[*]}"
}
"#;

fn printed(arguments: &[&str]) -> String {
    let output = xtask().args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the lines that a script for bash prints.
fn bash(script: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("script");
    std::fs::write(&path, script).unwrap();
    let output = Command::new("bash").arg("--norc").arg(&path).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values_and_leaves_the_rest_to_cargo() {
    let completions = printed(&["completions", "bash"]);
    let lines = [
        ("cargo xtask rol", "rollback"),
        ("cargo xtask oper", ""),
        ("cargo xtask keys ro", "rotate"),
        ("cargo xtask keys rotate --algorithm ''", "ec-p256 rsa-2048"),
        ("cargo xtask lock release --rea", "--reason"),
        ("cargo xtask deploy --env ''", "dev local prod"),
        ("cargo xtask fuzz --sec", "--seconds"),
        ("cargo bui", "previous"),
    ];
    let mut script = "_cargo() { COMPREPLY=(previous); }\ncomplete -F _cargo cargo\n".to_owned();
    // It can be read again, as by a new shell in a shell.
    script.push_str(&completions);
    script.push_str(&completions);
    script.push_str(COMPLETE);
    for (words, _) in lines {
        writeln!(script, "complete_words _cargo_with_xtask {words}").unwrap();
    }
    assert_eq!(bash(&script), lines.map(|(_, expected)| expected));
}

#[test]
fn other_shells_complete_the_commands_of_all_programs() {
    let zsh = printed(&["completions", "zsh"]);
    assert!(zsh.starts_with("#compdef cargo-xtask"), "{zsh}");
    assert!(zsh.contains("--allow-data-loss") && zsh.contains("'--seconds="), "{zsh}");
    let fish = printed(&["completions", "fish"]);
    let rotate = "keys; and __fish_seen_subcommand_from rotate\" -l algorithm";
    assert!(fish.contains(rotate) && fish.contains("complete -c cargo "), "{fish}");
}

#[test]
fn every_command_has_a_manual_page() {
    let directory = tempfile::tempdir().unwrap();
    printed(&["man", directory.path().to_str().unwrap()]);
    for (name, option) in [("deploy", "allow\\-data\\-loss"), ("keys-rotate", "overlap"), ("fuzz", "seconds")]
    {
        let page = std::fs::read_to_string(directory.path().join(format!("cargo-xtask-{name}.1"))).unwrap();
        assert!(page.contains(option), "{page}");
    }
    let overview = printed(&["man"]);
    assert!(overview.contains(r"cargo\-xtask\-local(1)"), "{overview}");
}
