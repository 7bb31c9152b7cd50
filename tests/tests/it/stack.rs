//! The local stack that all tests share, and the stacks of tests that change what is deployed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};

use faults::{AwsProxy, Faults};
use rights::identity::Credentials;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::command::{Run, command};
use crate::output;

/// The parts of `stack.json` that tests read.
#[derive(Deserialize)]
pub(crate) struct Stack {
    pub(crate) api_url: String,
    pub(crate) cdn_url: String,
    pub(crate) console_url: String,
    pub(crate) viewer_url: String,
    pub(crate) issuer_url: String,
    pub(crate) aws_endpoint_url: String,
    pub(crate) credentials: BTreeMap<String, Credentials>,
    pub(crate) database_url: String,
    pub(crate) tokens: BTreeMap<String, String>,
    pub(crate) organization_id: i32,
    pub(crate) dataset_id: String,
    pub(crate) packages: Packages,
    pub(crate) assets: Assets,
    pub(crate) queues: Queues,
    pub(crate) buckets: Buckets,
    #[serde(rename = "stack_name")]
    pub(crate) name: String,
}

/// Node ids of the demo packages.
#[derive(Deserialize)]
pub(crate) struct Packages {
    pub(crate) live_file: String,
    pub(crate) viewer: String,
    pub(crate) deleted_file: String,
    pub(crate) deleted_folder: String,
    pub(crate) other_file: String,
}

/// Paths of the viewer assets.
#[derive(Deserialize)]
pub(crate) struct Assets {
    pub(crate) parquet: String,
    pub(crate) zarr: String,
    pub(crate) thumbnail: String,
}

/// URLs of the queues.
#[derive(Deserialize)]
pub(crate) struct Queues {
    pub(crate) restore: String,
    pub(crate) dead_letters: String,
    pub(crate) jobs: String,
}

/// Names of the buckets.
#[derive(Deserialize)]
pub(crate) struct Buckets {
    pub(crate) assets: String,
    pub(crate) storage: String,
}

/// A stack that runs as long as our end of its command's input is open: it ends with the test binary, however that ends.
pub(crate) struct Running {
    pub(crate) stack: Stack,
    /// Its `stack.json`.
    pub(crate) file: PathBuf,
    input: Mutex<Option<ChildStdin>>,
}

impl Running {
    /// Returns the current content of its `stack.json`.
    pub(crate) fn described(&self) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(&self.file).unwrap()).unwrap()
    }

    /// Ends the stack without waiting.
    pub(crate) fn end(&self) {
        drop(self.input.lock().unwrap().take());
    }
}

type Cell = OnceCell<Result<Running, String>>;

static SHARED: Cell = Cell::const_new();
static OF_DESTRUCTION: Cell = Cell::const_new();

/// Returns the stack, which the first caller starts.
pub(crate) async fn stack() -> &'static Stack {
    &running(&SHARED, "shared").await.stack
}

/// Returns the path of its `stack.json`, which `cargo xtask local -- COMMAND` passes to the command.
pub(crate) async fn stack_file() -> &'static Path {
    &running(&SHARED, "shared").await.file
}

/// Returns the stack that is destroyed.
pub(crate) async fn stack_of_destruction() -> &'static Running {
    running(&OF_DESTRUCTION, "destruction").await
}

/// Starts a proxy in front of AWS in a stack.
pub(crate) async fn aws_proxy(stack: &Stack, faults: &Arc<Faults>) -> AwsProxy {
    let credentials = stack.credentials.values().cloned();
    AwsProxy::start(&stack.aws_endpoint_url, credentials, Arc::clone(faults)).await.unwrap()
}

async fn running(cell: &'static Cell, name: &'static str) -> &'static Running {
    match cell.get_or_init(|| start(name.to_owned())).await {
        Ok(running) => running,
        // Every test fails with the reason instead of trying again.
        Err(reason) => panic!("the local stack did not come up: {reason}"),
    }
}

/// Starts a stack with a name for its state directory.
pub(crate) async fn start(name: String) -> Result<Running, String> {
    output::show_what_else_happened();
    let started = tokio::task::spawn_blocking(move || start_command(&name)).await;
    started.unwrap_or_else(|panicked| Err(panicked.to_string()))
}

/// Returns the command `cargo xtask`, without Cargo's own output.
pub(crate) fn cargo_xtask() -> Command {
    let mut command = cargo();
    command.args(["run", "--package", "xtask", "--"]).env("CARGO_TERM_QUIET", "true");
    command
}

/// The program that runs the commands which need no AWS.
pub(crate) fn xtask() -> Command {
    program("xtask")
}

/// The program that `cargo xtask` becomes for all other commands.
pub(crate) fn xtask_commands() -> Command {
    program("xtask-commands")
}

/// A program of the command line, which the first to ask builds.
fn program(name: &str) -> Command {
    static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
        let mut build = cargo();
        build.args(["build", "--quiet", "--workspace", "--bin", "xtask", "--bin", "xtask-commands"]);
        assert!(build.status().unwrap().success(), "the command line cannot be built");
        // Cargo puts tests into `deps`, below the programs.
        std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
    });
    let mut command = Command::new(DIRECTORY.join(name));
    command.current_dir(repository());
    command
}

/// Returns a command for the environment of the shared stack, without a terminal.
pub(crate) async fn xtask_of_stack(arguments: &[&str]) -> tokio::process::Command {
    command(running(&SHARED, "shared").await, arguments)
}

/// Returns exit code, standard output and standard error of a command for the shared stack.
pub(crate) async fn run_xtask_of_stack(arguments: &[&str]) -> (Option<i32>, String, String) {
    let ended = Run::start_command(xtask_of_stack(arguments).await).end().await;
    (ended.code, ended.stdout, ended.stderr)
}

/// Returns the directory in which Cargo builds, which the command line uses too.
pub(crate) fn target_directory() -> &'static Path {
    static TARGET: LazyLock<PathBuf> = LazyLock::new(|| {
        let output = cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output().unwrap();
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        metadata["target_directory"].as_str().unwrap().into()
    });
    &TARGET
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository());
    command
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Returns a state directory for the tests. It is kept after a failure, until the next run.
pub(crate) fn state_directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e").join(name);
    std::fs::create_dir_all(&path).unwrap();
    // The stack of an earlier run of the tests may still be shutting down, and holds this lock until it ends.
    let lock = File::options().create(true).append(true).open(path.join("lock")).unwrap();
    lock.lock().unwrap();
    path
}

fn start_command(name: &str) -> Result<Running, String> {
    let directory = state_directory(name);
    let log = directory.with_extension("log");
    let errors = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    output::add_log(&log);
    let mut child = xtask_commands()
        .args(["local", "--state"])
        .arg(&directory)
        .args(["--", "sh", "-c", r#"echo "$PACKAGES_STACK"; exec cat"#])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .map_err(|error| format!("the command line does not start: {error}"))?;
    let input = child.stdin.take().ok_or("no input")?;
    let output = child.stdout.take().ok_or("no output")?;
    let file = BufReader::new(output).lines().map_while(Result::ok).next();
    let Some(file) = file.map(PathBuf::from) else {
        let output = std::fs::read_to_string(&log).unwrap_or_default();
        return Err(format!("it printed:\n{output}"));
    };
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let stack = serde_json::from_str(&text).map_err(|error| format!("stack.json: {error}"))?;
    Ok(Running { stack, file, input: Mutex::new(Some(input)) })
}
