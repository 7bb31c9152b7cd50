//! Counts the instructions of hot code with Valgrind, and compares them with their maximum.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use ::instructions::MAXIMUM_INSTRUCTIONS;
use anyhow::{Context, Result, bail};
use command_line::terminal::{self, Step, TerminalProgress};
use machine::cargo_tool::GUNGRAUN_RUNNER;
use machine::{command, valgrind};
use serde::Deserialize;
use serde_json::Value;

use super::figure::{Figure, Figures};
use super::unit::Unit;

pub(super) fn measure(figures: &mut Figures) -> Result<()> {
    valgrind::find()?;
    let runner = GUNGRAUN_RUNNER.program(&TerminalProgress)?;
    let step = Step::begin("instructions, in a build without optimization");
    let counts = count(&runner)?;
    step.done(format!("{} benchmarks", counts.len()));
    for (benchmark, maximum) in MAXIMUM_INSTRUCTIONS {
        let counted = *counts.get(benchmark).with_context(|| format!("{benchmark} was not counted"))?;
        let figure = Figure::count(benchmark, u32::try_from(counted)?).target(maximum.into());
        if figure.is_met() == Some(false) {
            terminal::report(format!(
                "{benchmark}: {} instructions, at most {}. If the work is necessary, raise the maximum in \
                 runtime/instructions/src/lib.rs.",
                Unit::Count.show(figure.measured.median),
                Unit::Count.show(maximum.into()),
            ));
        }
        figures.add(figure);
    }
    Ok(())
}

/// Runs the benchmarks, and returns the number of instructions of each.
fn count(runner: &Path) -> Result<BTreeMap<String, u64>> {
    // The same features and profile as in other builds: no dependency is compiled for this.
    let mut command = command::cargo();
    command.args(["bench", "--quiet", "--profile", "dev", "--workspace", "--bench", "instructions", "--"]);
    command.args(["--output-format=json", "--parallel=auto"]);
    command.env("PATH", path_with(runner)?).stderr(Stdio::inherit());
    let output = command.output().context("Cargo cannot be started")?;
    let counts = parse(&output.stdout)?;
    // A count above its maximum fails the program too. The figures show which it is.
    let is_above = |(benchmark, maximum): &(&str, u32)| {
        counts.get(*benchmark).is_some_and(|count| *count > u64::from(*maximum))
    };
    if !output.status.success() && !MAXIMUM_INSTRUCTIONS.iter().any(is_above) {
        bail!("the instructions could not be counted ({}); the reason is above", output.status);
    }
    Ok(counts)
}

/// Returns `PATH` with the directory of a program first.
fn path_with(program: &Path) -> Result<OsString> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let directory = program.parent().map(Path::to_path_buf);
    let paths = directory.into_iter().chain(std::env::split_paths(&inherited));
    std::env::join_paths(paths).context("PATH cannot be extended")
}

/// A benchmark in the output of gungraun.
#[derive(Deserialize)]
struct Benchmark {
    function_name: String,
    id: String,
    profiles: Value,
}

/// Parses one line for each benchmark.
fn parse(printed: &[u8]) -> Result<BTreeMap<String, u64>> {
    let benchmarks = serde_json::Deserializer::from_slice(printed).into_iter::<Benchmark>();
    let count = |benchmark: serde_json::Result<Benchmark>| {
        let Benchmark { function_name, id, profiles } =
            benchmark.context("gungraun printed something else")?;
        let instructions = profiles.pointer("/0/data/total/metrics/Ir/values/new");
        let instructions = instructions.and_then(Value::as_u64).context("a benchmark has no count")?;
        Ok((format!("{function_name}::{id}"), instructions))
    };
    benchmarks.map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn each_line_is_a_count() {
        let line = |id: &str, values: &str| {
            format!(
                r#"{{"function_name": "sign", "id": "{id}", "kind": "LibraryBenchmark", "profiles": [{{"data":
                {{"parts": [], "total": {{"metrics": {{"Ir": {{"values": {values}}}}}, "regressions": []}}}}}}]}}"#
            )
        };
        let printed = [line("ec", r#"{"new": 5, "old": 4}"#), line("rsa", r#"{"new": 7}"#)].join("\n");
        let counts = parse(printed.as_bytes()).unwrap();
        assert_eq!(
            counts.into_iter().collect::<Vec<_>>(),
            [("sign::ec".to_owned(), 5), ("sign::rsa".to_owned(), 7)]
        );
        assert!(parse(b"error").is_err());
    }
}
