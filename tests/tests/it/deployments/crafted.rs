//! Releases that no source results in.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::digest;
use serde_json::{Value, json};
use stack::DeployedTemplate;

use super::run;
use crate::aws::Aws;
use crate::stack::Running;

const BUCKET: &str = "packages-service-artifacts-local";
const SERVICE: &str = "packages-service";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The deployed stack.
#[derive(Debug, PartialEq)]
pub(super) struct Deployed {
    /// Its release.
    pub(super) release: String,
    pub(super) template: Value,
}

/// Returns the deployed release and its template.
pub(super) async fn deployed(running: &'static Running) -> Deployed {
    let manifest = manifest(running).await;
    let template = object(running, "templates", &manifest).await;
    Deployed { release: manifest["id"].as_str().unwrap().to_owned(), template }
}

async fn manifest(running: &'static Running) -> Value {
    let ended = run(running, &["releases", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let releases: Value = serde_json::from_str(&ended.stdout).unwrap();
    let releases = releases.as_array().unwrap();
    let deployed: Vec<_> = releases.iter().filter(|it| it["is_deployed"] == true).collect();
    let [deployed] = deployed[..] else { panic!("not one release is deployed: {releases:#?}") };
    deployed["release"].clone()
}

/// Returns the recorded end of the last deployment of a release.
pub(super) async fn ending(running: &'static Running, release: &str) -> Value {
    let ended = run(running, &["releases", "--json"]).await;
    let releases: Value = serde_json::from_str(&ended.stdout).unwrap();
    let found = releases.as_array().unwrap().iter().find(|it| it["release"]["id"] == release).unwrap();
    found["release"]["deployments"].as_array().unwrap().last().unwrap()["ending"].clone()
}

async fn object(running: &'static Running, kind: &str, manifest: &Value) -> Value {
    let key = format!("{SERVICE}/{kind}/{}.json", manifest["template"].as_str().unwrap());
    serde_json::from_slice(&Aws::for_stack(&running.stack).get_object(BUCKET, &key).await).unwrap()
}

/// Creates a release like the deployed one, but with another template or contract. Returns its id.
pub(super) async fn craft(running: &'static Running, edit: impl FnOnce(&mut Value, &mut Value)) -> String {
    let mut manifest = manifest(running).await;
    let mut template = object(running, "templates", &manifest).await;
    let mut contract = object(running, "contracts", &manifest).await;
    edit(&mut template, &mut contract);
    let bytes = DeployedTemplate::from(template.clone()).without_keys().to_string();
    let digest = digest::digest(&digest::SHA256, bytes.as_bytes());
    let hash = digest.as_ref().iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let id = format!("20260101T{:02}{:02}{:02}Z-crafted", number / 3600, number / 60 % 60, number % 60);
    manifest["id"] = json!(id);
    manifest["template"] = json!(hash);
    manifest["deployments"] = json!([]);
    let aws = Aws::for_stack(&running.stack);
    for (key, value) in [
        (format!("{SERVICE}/templates/{hash}.json"), template),
        (format!("{SERVICE}/contracts/{hash}.json"), contract),
        (format!("{SERVICE}/releases/local/{id}.json"), manifest),
    ] {
        aws.put_object(BUCKET, &key, value.to_string().as_bytes()).await;
    }
    id
}

/// Returns the name of a deployed alarm that can be deleted: no composite alarm names it.
pub(super) async fn deletable_alarm(running: &'static Running) -> String {
    let template = deployed(running).await.template;
    template["Resources"]["DeadLettersAlarm"]["Properties"]["AlarmName"].as_str().unwrap().to_owned()
}

/// Returns the properties of the first resource of a type.
pub(super) fn first<'a>(template: &'a mut Value, resource_type: &str) -> &'a mut Value {
    let mut resources = template["Resources"].as_object_mut().unwrap().values_mut();
    &mut resources.find(|resource| resource["Type"] == resource_type).unwrap()["Properties"]
}
