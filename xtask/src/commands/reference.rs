//! `cargo xtask reference`: writes docs/commands.md from the help texts of the commands.

use std::collections::BTreeMap;
use std::slice;

use anyhow::{Result, bail};
use clap::Args;
use command_line::Outcome;
use command_line::reference::{Section, sections};

use super::generated::GeneratedFile;
use crate::forwarded;

const PATH: &str = "docs/commands.md";
const INTRODUCTION: &str = "# Commands\n\n\
    What `cargo xtask --help` and the help of each command print; `cargo xtask reference` writes this file.\n";

/// Options of `reference`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Change nothing; exit with 3 if the file is out of date.
    #[arg(long)]
    check: bool,
}

/// Checks that the committed reference is up to date.
pub(crate) fn check(command: clap::Command) -> Result<Outcome> {
    run(&Arguments { check: true }, command)
}

pub(crate) fn run(arguments: &Arguments, command: clap::Command) -> Result<Outcome> {
    let text = reference(command)?;
    GeneratedFile { path: PATH, command: "reference", text: &text }.update(arguments.check)
}

/// Returns the reference. The help of forwarded commands comes from the program that runs them.
fn reference(command: clap::Command) -> Result<String> {
    let mut forwarded: BTreeMap<String, Vec<Section>> = BTreeMap::new();
    for section in forwarded::reference()? {
        let words: Vec<&str> = section.name.splitn(4, ' ').collect();
        forwarded.entry(words[..3.min(words.len())].join(" ")).or_default().push(section);
    }
    let mut text = INTRODUCTION.to_owned();
    for section in sections(command) {
        // These run in this program, except for the parts that need AWS.
        let is_own = ["cargo xtask doctor", "cargo xtask render"].contains(&section.name.as_str());
        let others = forwarded.get(&section.name).filter(|_| !is_own);
        if let Some(other) = others.and_then(|others| others.first())
            && other.summary != section.summary
        {
            bail!("`{}` is described differently: {} / {}", section.name, section.summary, other.summary);
        }
        for section in others.map_or(slice::from_ref(&section), Vec::as_slice) {
            text.push('\n');
            text.push_str(&section.markdown());
        }
    }
    Ok(text)
}
