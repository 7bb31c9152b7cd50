//! `cargo xtask telemetry`: checks what the functions of local stacks have logged and traced.
//!
//! Each line must follow the schema of the contract, and nothing may contain a secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use command_line::{Outcome, output, terminal};
use openapi::telemetry::{Summary, check_line};
use serde_json::{Map, Value};

/// Texts that begin or are part of a secret: signatures, tokens and keys.
const SECRETS: [&str; 7] = [
    "X-Amz-Signature=",
    "X-Amz-Security-Token=",
    "X-Amz-Credential=",
    "&Signature=",
    "?Signature=",
    "PRIVATE KEY",
    "Bearer ",
];

/// The beginning of each JSON Web Token: `{"` in base64.
const TOKEN: &str = "eyJ";
/// The length of the first part of a token. A shorter text, such as the id of a request, can begin in the same way.
const TOKEN_PART: usize = 12;

/// The number of examples of each problem.
const EXAMPLES: usize = 3;

/// Options of `telemetry`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Check the logs and the traces in the directories below this one, which local stacks have left.
    #[arg(long, value_name = "DIRECTORY")]
    recorded: PathBuf,
}

/// What was found in all files.
#[derive(Default)]
struct Report {
    lines: usize,
    summaries: BTreeMap<&'static str, usize>,
    traces: usize,
    /// Files and lines by problem.
    problems: BTreeMap<String, Vec<String>>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let mut report = Report::default();
    let mut files = Vec::new();
    find(&arguments.recorded, &mut files)?;
    for file in &files {
        report.check(file)?;
    }
    ensure!(
        report.lines > 0,
        "no function has logged anything in {}; run the end-to-end tests first",
        arguments.recorded.display()
    );
    output::print(report.to_text())?;
    for (problem, places) in &report.problems {
        let examples = places[..places.len().min(EXAMPLES)].join("\n    ");
        terminal::report(format!("{problem}, {} times:\n    {examples}", places.len()));
    }
    Ok(if report.problems.is_empty() { Outcome::Done } else { Outcome::Differences })
}

/// Finds the files with lines of functions and with documents of traces.
fn find(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("cannot read {}", directory.display());
    for entry in std::fs::read_dir(directory).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let path = entry.path();
        if entry.file_type().with_context(unreadable)?.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "log" || extension == "jsonl") {
            files.push(path);
        }
    }
    Ok(())
}

impl Report {
    fn check(&mut self, file: &Path) -> Result<()> {
        let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        for (index, line) in String::from_utf8_lossy(&text).lines().enumerate() {
            let Ok(Value::Object(fields)) = serde_json::from_str(line) else { continue };
            let problems = self.check_object(&fields);
            let secrets = SECRETS.iter().filter(|secret| line.contains(**secret));
            let secrets = secrets.map(|secret| format!("contains {secret:?}"));
            let token = has_token(line).then(|| "contains a token".to_owned());
            for problem in problems.into_iter().chain(secrets).chain(token) {
                let place = format!("{}:{}", file.display(), index + 1);
                self.problems.entry(problem).or_default().push(place);
            }
        }
        Ok(())
    }

    /// Checks a line or a document, and returns what is wrong with it.
    fn check_object(&mut self, fields: &Map<String, Value>) -> Vec<String> {
        if fields.contains_key("trace_id") && fields.contains_key("start_time") {
            self.traces += 1;
            return Vec::new();
        }
        // Lines of the emulator, for example, are not those of a function.
        if !fields.contains_key("level") || !fields.contains_key("target") {
            return Vec::new();
        }
        self.lines += 1;
        let message = fields.get("message").and_then(Value::as_str);
        if let Some(summary) = Summary::ALL.into_iter().find(|summary| Some(summary.message()) == message) {
            *self.summaries.entry(summary.message()).or_default() += 1;
        }
        check_line(fields).iter().map(ToString::to_string).collect()
    }

    fn to_text(&self) -> String {
        let counts = self.summaries.iter().map(|(summary, count)| format!("{count} of a {summary}"));
        let summaries = counts.collect::<Vec<_>>().join(", ");
        format!("{} lines, summaries: {summaries}; {} documents of traces", self.lines, self.traces)
    }
}

/// Returns whether a text has a JSON Web Token: parts in base64, with dots between them.
fn has_token(text: &str) -> bool {
    text.match_indices(TOKEN).any(|(start, _)| {
        let rest = &text[start..];
        let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '-' && it != '_');
        end.is_some_and(|end| end >= TOKEN_PART && rest[end..].starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Outcome, has_token, run};

    fn outcome(file: &str, text: &str) -> Outcome {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("stack")).unwrap();
        std::fs::write(directory.path().join("stack").join(file), text).unwrap();
        let line = r#"{"timestamp":"t","level":"INFO","message":"m","target":"runtime::api"}"#;
        std::fs::write(directory.path().join("other.log"), format!("text\n{line}\n")).unwrap();
        run(&Arguments { recorded: directory.path().to_owned() }).unwrap()
    }

    #[test]
    fn lines_outside_of_the_schema_and_secrets_are_differences() {
        assert!(matches!(outcome("a.log", ""), Outcome::Done));
        let unknown = r#"{"timestamp":"t","level":"INFO","message":"m","target":"runtime","unknown":1}"#;
        assert!(matches!(outcome("a.log", unknown), Outcome::Differences));
        let trace = |name: &str| format!(r#"{{"trace_id":"1-a","start_time":1,"name":"{name}"}}"#);
        assert!(matches!(outcome("traces.jsonl", &trace("S3")), Outcome::Done));
        assert!(matches!(
            outcome("traces.jsonl", &trace("https://a/b?X-Amz-Signature=1")),
            Outcome::Differences
        ));
    }

    #[test]
    fn token_is_told_from_an_id() {
        assert!(has_token("Authorization: eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"));
        for other in ["zeyJt4dLFSOCz7ns=", "eyJ.eyJ", "eyJhbGciOiJSUzI1NiJ9", ""] {
            assert!(!has_token(other), "{other}");
        }
    }

    #[test]
    fn directory_without_lines_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(run(&Arguments { recorded: directory.path().to_owned() }).is_err());
    }
}
