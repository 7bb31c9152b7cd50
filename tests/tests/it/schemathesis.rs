//! The service responds as `openapi.json` says, to valid and to invalid requests that Schemathesis makes from it.

use std::path::Path;

use machine::directory::StateDirectory;
use machine::python::PythonEnvironment;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::client::Client;
use crate::stack::{state_directory, target_directory};

const ENVIRONMENT: PythonEnvironment = PythonEnvironment {
    purpose: "Schemathesis",
    package: "schemathesis",
    requirements: include_str!("schemathesis/requirements.txt"),
};
const CONFIGURATION: &str = include_str!("schemathesis/schemathesis.toml");

/// Returns whether Schemathesis found nothing, and what it printed.
async fn run(document: &Value) -> (bool, String) {
    let client = Client::new().await;
    let stack = client.stack;
    let directory = StateDirectory::open(&state_directory("schemathesis")).unwrap();
    let installation = ENVIRONMENT.install(&directory, &target_directory().join("tools")).await.unwrap();
    let working_directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(working_directory.path().join(name), text).unwrap();
    write("schemathesis.toml", CONFIGURATION);
    write("openapi.json", &document.to_string());
    let program = installation.python().parent().map(|bin| bin.join("schemathesis")).unwrap();
    let output = Command::new(installation.python())
        .args(["-I".as_ref(), program.as_path(), Path::new("--no-color")])
        .args(["run", "openapi.json"])
        .current_dir(working_directory.path())
        .env("API_URL", &stack.api_url)
        .env("TOKEN", &stack.tokens["editor"])
        .env("DATASET_ID", &stack.dataset_id)
        .env("PACKAGE_ID", &stack.packages.viewer)
        .env("PRESIGNED_URL", client.presign(&stack.assets.thumbnail).await)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let printed = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    (output.status.success(), printed.concat())
}

#[tokio::test]
async fn service_responds_as_the_document_says() {
    let (found_nothing, printed) = run(&openapi::openapi_document()).await;
    assert!(found_nothing && printed.contains("No issues found"), "{printed}");
    assert!(printed.contains(&format!("Tested: {}", openapi::ROUTES.len())), "{printed}");
}

#[tokio::test]
async fn wrong_document_is_found() {
    let mut document = openapi::openapi_document();
    // As the document was before it had the gateway's own errors.
    document["components"]["schemas"]["GatewayErrorBody"]["required"] = json!(["message", "errorId"]);
    let (found_nothing, printed) = run(&document).await;
    assert!(!found_nothing, "{printed}");
    assert!(printed.contains("Response violates schema"), "{printed}");
}
