//! `cargo xtask local --watch`: what is saved is deployed to the running stack.
//!
//! Compiling would take longer than everything else here, and a test must not change the source that others build. So
//! the stack has a checkout of its own, with only what the command line reads. In it, the source of the API function is
//! a shell script, and a script in place of Cargo checks its syntax and copies it. All else is real: the build's result
//! is zipped, reviewed, uploaded, deployed and served.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use openapi::variables;
use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::client::Client;
use crate::command::{LIMIT, StandardError};
use crate::stack::{Stack, repository, stack, state_directory, target_directory, xtask_commands};

/// Takes the place of Cargo. `PROGRAMS` is the directory of the functions that Cargo has built.
const CARGO: &str = r#"#!/bin/sh
case "$1" in
metadata)
    echo "{\"target_directory\":\"$PWD/target\"}"
    ;;
build)
    sh -n runtime/src/api.rs || exit 101
    if grep -q endless runtime/src/api.rs; then
        echo "compiling forever" >&2
        sleep 600
    fi
    cp runtime/src/api.rs target/api
    for program in "$PWD/target/api" PROGRAMS/restore PROGRAMS/authorizer; do
        echo "{\"reason\":\"compiler-artifact\",\"manifest_path\":\"$PWD/runtime/Cargo.toml\",\
\"target\":{\"name\":\"${program##*/}\",\"kind\":[\"bin\"]},\"executable\":\"$program\"}"
    done
    ;;
esac
"#;

/// A checkout whose API function is a script.
struct Checkout {
    directory: TempDir,
    programs: PathBuf,
}

impl Checkout {
    fn new() -> Self {
        let programs = Path::new(xtask_commands().get_program()).parent().unwrap().to_owned();
        let checkout = Self { directory: tempfile::tempdir().unwrap(), programs };
        for directory in ["openapi", "runtime/src", "stack/environments", "target", "xtask"] {
            fs::create_dir_all(checkout.path(directory)).unwrap();
        }
        for file in ["Cargo.lock", "runtime/Cargo.toml"] {
            fs::write(checkout.path(file), "").unwrap();
        }
        let environment = "stack/environments/local.toml";
        fs::copy(repository().join(environment), checkout.path(environment)).unwrap();
        symlink(target_directory().join("tools"), checkout.path("target/tools")).unwrap();
        let cargo = CARGO.replace("PROGRAMS", checkout.programs.to_str().unwrap());
        fs::write(checkout.path("cargo"), cargo).unwrap();
        fs::set_permissions(checkout.path("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        checkout
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// Saves the source of the API function: these lines, and then the function that Cargo has built.
    fn save(&self, lines: &str) {
        let function = self.programs.join("api");
        let script = format!("#!/bin/sh\n{lines}\nexec '{}'\n", function.display());
        fs::write(self.path("runtime/src/api.rs"), script).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::from(xtask_commands());
        command
            .args(arguments)
            .env("CARGO", self.path("cargo"))
            .env("CARGO_MANIFEST_DIR", self.path("xtask"))
            .kill_on_drop(true);
        command
    }
}

/// Starts a stack that watches a checkout, and waits until it is up.
async fn start(checkout: &Checkout, directory: &Path) -> (Child, StandardError) {
    let mut command = checkout.command(&["local", "--watch", "--state"]);
    command.arg(directory).args(["--", "cat"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = StandardError::capture(&mut child);
    stderr.wait_for("  up after ").await;
    (child, stderr)
}

async fn status_of_signature(client: &Client) -> StatusCode {
    client.get("/cloudfront/sign", &client.asset(&client.stack.assets.parquet)).await.status()
}

#[tokio::test]
async fn saved_code_is_served_and_code_that_does_not_compile_is_not() {
    // The functions are built before the shared stack is up.
    stack().await;
    let checkout = Checkout::new();
    checkout.save("");
    let directory = state_directory("watching");
    let (mut child, mut stderr) = start(&checkout, &directory).await;
    let file = directory.join("stack.json");
    let described: Stack = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let client = Client::for_stack(Box::leak(Box::new(described)));
    assert_eq!(status_of_signature(&client).await, StatusCode::OK);

    checkout.save("if");
    stderr.wait_for("✗ runtime/src/api.rs: not built, the old code serves").await;
    assert!(stderr.text.to_lowercase().contains("syntax error"), "{}", stderr.text);
    assert_eq!(status_of_signature(&client).await, StatusCode::OK);

    // Without this variable, the endpoint is disabled.
    checkout.save(&format!("unset {}", variables::CLOUDFRONT_KEY_ID));
    stderr.wait_for("↻ runtime/src/api.rs: api swapped ").await;
    assert_eq!(status_of_signature(&client).await, StatusCode::SERVICE_UNAVAILABLE);

    let mut diff = checkout.command(&["diff", "--env", "local"]);
    let diff = diff.env("PACKAGES_STACK", &file).stdin(Stdio::null()).output().await.unwrap();
    assert_eq!(diff.status.code(), Some(0), "{}", String::from_utf8_lossy(&diff.stdout));

    // Waiting for its end would close its input first, which ends the command that it runs.
    let _input = child.stdin.take();
    checkout.save("# endless");
    stderr.wait_for("compiling forever").await;
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
    // The compiler has the same standard error, which therefore ends with the last process.
    let ended = timeout(LIMIT, async { tokio::join!(child.wait(), stderr.read_to_end()) }).await;
    let Ok((status, ())) = ended else { panic!("it does not end; it said:\n{}", stderr.text) };
    assert_eq!(status.unwrap().code(), Some(130), "{}", stderr.text);
}
