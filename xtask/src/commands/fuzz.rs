//! `cargo xtask fuzz`: runs the fuzz targets.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use command_line::terminal::TerminalProgress;
use command_line::{Outcome, terminal};
use machine::cargo_tool::CARGO_FUZZ;
use machine::{command, repository, workspace};

/// The targets. Each has a file in `runtime/fuzz/targets` and seeds in `runtime/fuzz/seeds`.
const TARGETS: [&str; 3] = ["asset_path", "event", "s3_url"];

/// Options of `fuzz`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The only target to run, in place of all.
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let built = build()?;
    let chosen = arguments.target.as_deref();
    for target in TARGETS.into_iter().filter(|target| chosen.is_none_or(|chosen| chosen == *target)) {
        terminal::say(format!("\n{}", terminal::paint(&format!("== {target}"), "1")));
        fuzz(target, &built.join(target), arguments.seconds)?;
    }
    Ok(Outcome::Done)
}

/// Builds all targets and returns the directory of their programs.
fn build() -> Result<PathBuf> {
    let program = CARGO_FUZZ.program(&TerminalProgress)?;
    let platform = host_platform()?;
    let directory = workspace::target().join("fuzz/build");
    command::run_blocking(
        command::at_root(program)
            // Without a sanitizer, which safe code hardly needs, the stable compiler works.
            .args(["build", "--fuzz-dir", "runtime/fuzz", "--features", "targets", "--sanitizer", "none"])
            // The release profile would run link-time optimization on the AWS SDK once per target.
            .args(["--dev", "--target", &platform, "--target-dir"])
            .arg(&directory)
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1"),
    )?;
    Ok(directory.join(platform).join("debug"))
}

/// Returns the compiler's host target, such as `x86_64-unknown-linux-gnu`.
fn host_platform() -> Result<String> {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler).args(["--print", "host-tuple"]).output();
    let output = output.context("`rustc --print host-tuple` could not be started")?;
    if !output.status.success() {
        bail!("`rustc --print host-tuple` failed ({})", output.status);
    }
    Ok(String::from_utf8(output.stdout).context("the host platform is no text")?.trim().to_owned())
}

/// Runs one target. Its corpus is kept, and failing inputs are written to a directory.
fn fuzz(target: &str, program: &Path, seconds: u32) -> Result<()> {
    let corpus = workspace::target().join("fuzz/corpus").join(target);
    let findings = workspace::target().join("fuzz/findings").join(target);
    for directory in [&corpus, &findings] {
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    }
    let mut prefix = OsString::from("-artifact_prefix=");
    prefix.push(findings.join(""));
    let mut command = command::at_root(program);
    command
        .arg(&corpus)
        .arg(repository::root().join("runtime/fuzz/seeds").join(target))
        .arg(prefix)
        .arg(format!("-max_total_time={seconds}"))
        // An input that takes ten seconds is also a failure.
        .args(["-timeout=10", "-max_len=8192", "-print_final_stats=1"]);
    let start = SystemTime::now();
    command::run_blocking(&mut command).map_err(|failure| match written_since(start, &findings) {
        Some(input) => anyhow!(
            "`{target}` fails for an input, which is kept; the reason is above. To reproduce it, run\n  {} {}",
            program.display(),
            input.display(),
        ),
        None => failure,
    })
}

/// Returns a file that was created or changed since the start.
fn written_since(start: SystemTime, directory: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(directory).ok()?.flatten();
    let is_new =
        |file: &fs::DirEntry| file.metadata().and_then(|data| data.modified()).is_ok_and(|at| at >= start);
    files.find(is_new).map(|file| file.path())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use machine::repository;

    use super::TARGETS;

    #[test]
    fn every_target_is_known_and_has_seeds() {
        let fuzz = repository::root().join("runtime/fuzz");
        let names = |directory: &str| -> BTreeSet<String> {
            let files = fs::read_dir(fuzz.join(directory)).unwrap().map(|file| file.unwrap().path());
            files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
        };
        let known: BTreeSet<String> = TARGETS.map(str::to_owned).into();
        assert_eq!((names("targets"), names("seeds")), (known.clone(), known));
    }
}
