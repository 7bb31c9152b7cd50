use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use machine::command;
use stack::Architecture;

use super::{copy_if_changed, release_command};

/// Creates a program that prints its arguments and environment.
fn program(directory: &Path, text: &str) -> PathBuf {
    let path = directory.join("cargo-lambda");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn release_build_inherits_no_build_settings() {
    let directory = tempfile::tempdir().unwrap();
    let program = program(directory.path(), "pwd; env");
    let variables =
        [("HOME", "/home/somebody"), ("CFLAGS", "-march=native"), ("CARGO_PROFILE_RELEASE_LTO", "off")];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let mut command = release_command(Architecture::X86_64, &program, "/bin:/usr/bin".as_ref(), variables);
    let printed = String::from_utf8(command::output(&mut command).await.unwrap()).unwrap();
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("/"));
    // The shell sets some variables itself.
    let of_shell = ["PWD", "OLDPWD", "SHLVL", "_"];
    let mut names: Vec<&str> = lines.filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.retain(|name| !of_shell.contains(name));
    names.sort_unstable();
    assert_eq!(names, ["AWS_LC_SYS_SMALL", "CARGO_TARGET_DIR", "HOME", "PATH"]);
}

#[test]
fn release_is_built_for_its_architecture_with_locked_dependencies() {
    let command = release_command(Architecture::Arm64, "cargo-lambda".as_ref(), "/bin".as_ref(), []);
    let words: Vec<_> = command.as_std().get_args().map(|word| word.to_string_lossy()).collect();
    for word in ["--release", "--locked", "--arm64", "--manifest-path"] {
        assert!(words.iter().any(|it| it == word), "{word} is not in {words:?}");
    }
}

#[test]
fn older_build_replaces_the_copy_too() {
    let directory = tempfile::tempdir().unwrap();
    let (program, bootstrap) = (directory.path().join("api"), directory.path().join("api-placed/bootstrap"));
    let write = |text: &str, modified: SystemTime| {
        fs::write(&program, text).unwrap();
        fs::File::options().write(true).open(&program).unwrap().set_modified(modified).unwrap();
    };
    let now = SystemTime::now();
    for (text, modified) in [("new", now), ("old", now - Duration::from_mins(1)), ("odd", now)] {
        write(text, modified);
        copy_if_changed(&program, &bootstrap).unwrap();
        assert_eq!(fs::read_to_string(&bootstrap).unwrap(), text);
    }
}
