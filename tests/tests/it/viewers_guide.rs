//! The examples in `docs/viewers.md`, run as they are against the demo data.

use std::os::unix::fs::symlink;
use std::process::Command;

use machine::Unreported;
use machine::directory::StateDirectory;
use machine::node::VIEWER_PAGE;
use smoke::PYTHON_CLIENTS;

use crate::client::Client;
use crate::clients::duckdb_wasm;
use crate::examples::{examples, output_of, project_with_client};
use crate::stack::{Stack, stack, state_directory, target_directory};

const GUIDE: &str = include_str!("../../../docs/viewers.md");

/// Returns the only example of a part in a language.
fn example(heading: &str, language: &str) -> &'static str {
    let found = examples(GUIDE, heading, language);
    assert_eq!(found.len(), 1, "{heading}");
    found[0]
}

/// Sets the variables that the examples read.
fn with_variables<'a>(command: &'a mut Command, stack: &Stack) -> &'a mut Command {
    command
        .env("API_URL", &stack.api_url)
        .env("TOKEN", &stack.tokens["viewer"])
        .env("DATASET_ID", &stack.dataset_id)
        .env("PACKAGE_ID", &stack.packages.viewer)
}

/// The rows of the Parquet file, by a reader that is not in the guide.
const ROWS: &str = "5000";

#[tokio::test]
async fn example_of_a_viewer_runs() {
    let stack = stack().await;
    let project = project_with_client();
    VIEWER_PAGE.install(&Unreported).unwrap();
    for name in ["hyparquet", "zarrita"] {
        let link = project.path().join("node_modules").join(name);
        symlink(VIEWER_PAGE.dependencies().join(name), link).unwrap();
    }
    std::fs::write(project.path().join("viewer.js"), example("## A viewer", "ts")).unwrap();
    let mut node = Command::new("node");
    let printed = output_of(with_variables(node.arg("viewer.js").current_dir(project.path()), stack));
    assert_eq!(printed, format!("1000 rows of {ROWS}\nplane [ 512, 512 ] of [ 3, 512, 512 ]\n"));
}

#[tokio::test]
async fn example_of_duckdb_wasm_runs() {
    let client = Client::new().await;
    let url = client.sign(&client.stack.assets.parquet).await;
    let example = example("### DuckDB-WASM", "js");
    assert_eq!(duckdb_wasm::printed_by(example, &url).await, format!("{ROWS} rows"));
    let missing = client.sign("missing.parquet").await;
    let printed = duckdb_wasm::printed_by(example, &missing).await;
    assert!(printed.contains("eeg.parquet") && !printed.contains("Signature"), "{printed}");
}

#[tokio::test]
async fn examples_of_a_notebook_run_one_after_the_other() {
    let stack = stack().await;
    let directory = StateDirectory::open(&state_directory("viewers-guide")).unwrap();
    let installation = PYTHON_CLIENTS.install(&directory, &target_directory().join("tools")).await.unwrap();
    let cells = examples(GUIDE, "## A notebook", "python");
    assert_eq!(cells.len(), 4);
    // It is renewed when a reader asks for it shortly before its end.
    let renewed = "assets.signed['expires_at'] = time.time() + 299\n\
        assets.query()\n\
        print('valid for', round((assets.signed['expires_at'] - time.time()) / 60), 'minutes')\n";
    let script = [cells.concat().as_str(), renewed].concat();
    let mut python = Command::new(installation.python());
    let printed = output_of(with_variables(python.args(["-I", "-c", &script]), stack));
    for line in [
        &format!("pyarrow: 1000 rows of {ROWS}\n"),
        &format!("DuckDB: {ROWS} rows\n"),
        "zarr: (3, 512, 512) channel 0 up to ",
        "/missing.parquet",
        "valid for 60 minutes\n",
    ] {
        assert!(printed.contains(line), "{line} in:\n{printed}");
    }
    assert!(!printed.contains("Signature"), "{printed}");
}

#[tokio::test]
async fn example_of_a_script_runs() {
    let client = Client::new().await;
    let directory = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", example("## A script", "sh")]).current_dir(directory.path());
    let printed = output_of(with_variables(&mut shell, client.stack));
    let parquet = std::fs::read(directory.path().join("eeg.parquet")).unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    assert!(std::fs::read(directory.path().join("thumbnail.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(printed.starts_with("PAR1HTTP/1.1 200"), "{printed}");
    let size = format!("content-length: {}", parquet.len());
    assert!(printed.to_ascii_lowercase().contains(&size), "{printed}");
}
