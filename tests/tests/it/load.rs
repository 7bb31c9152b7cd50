//! `cargo xtask load`: it sends requests at a fixed rate, and reports what it measured.

use serde_json::Value;
use tokio::process::Command;

use crate::command::{Ended, Run};
use crate::stack::{stack, stack_file, xtask_commands};

/// Everything but restores: other tests restore the same file.
const MIX: &str = "
[weights]
sign-file = 1
sign-package = 1
presign-redirect = 1
presign-json = 1
presign-head-redirect = 1
presign-head = 1
proxy-redirect = 1
proxy-head = 1
preflight = 1
cdn-file = 1
cdn-range = 1
cdn-missing = 1
no-token = 1
other-dataset = 1
";

async fn load(arguments: &[&str]) -> Ended {
    let mut command = Command::from(xtask_commands());
    command.arg("load").args(arguments).env("PACKAGES_STACK", stack_file().await).kill_on_drop(true);
    command.stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Run::start_command(command).end().await
}

#[tokio::test]
async fn load_measures_each_operation_without_errors() {
    stack().await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (mix, json, page) = (file("mix.toml"), file("a/report.json"), file("b/report.html"));
    std::fs::write(&mix, MIX).unwrap();
    let arguments = [
        "--for",
        "3s",
        "--rate",
        "20",
        "--arrivals",
        "constant",
        "--mix",
        &mix,
        "--json",
        &json,
        "--report",
        &page,
    ];
    let ended = load(&arguments).await;
    ended.success();

    let report: Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!((&report["offered"], &report["dropped"]), (&60.into(), &0.into()));
    assert_eq!((&report["total"]["requests"], &report["total"]["errors"]), (&60.into(), &0.into()));
    assert!(report["total"]["latency_ms"]["p99"].as_f64().unwrap() > 0.0);
    assert_eq!(report["operations"].as_array().unwrap().len(), 14);
    assert!(report["functions"].as_array().unwrap().iter().any(|function| function["instances"] != 0));
    let observed: Vec<&str> =
        report["resources"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    for name in ["stack", "emulator", "database"] {
        assert!(observed.contains(&name), "{observed:?}");
    }
    assert!(std::fs::read_to_string(page).unwrap().contains("<svg"));
}

#[tokio::test]
async fn missed_limit_and_wrong_usage_have_their_exit_codes() {
    let directory = tempfile::tempdir().unwrap();
    let mix = directory.path().join("mix.toml");
    let mix = mix.to_str().unwrap();
    std::fs::write(mix, "[weights]\nsign-package = 1\n").unwrap();
    let report = directory.path().join("report.html");
    let report = report.to_str().unwrap();
    let arguments = [
        "--for",
        "1s",
        "--rate",
        "5",
        "--arrivals",
        "constant",
        "--mix",
        mix,
        "--report",
        report,
        "--p99",
        "1ms",
    ];
    // It asks the database and signs, which takes longer on every machine.
    let ended = load(&arguments).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("missed: p99 is"), "{}", ended.stderr);

    std::fs::write(mix, "[weights]\nsign-package = 1\nsign = 1\n").unwrap();
    let ended = load(&arguments).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("is not a mix") && ended.stderr.contains("line 3"), "{}", ended.stderr);
}
