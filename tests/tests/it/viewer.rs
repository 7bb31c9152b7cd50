//! The viewer in a browser: what it shows of the demo assets and of bad ones, and which requests that takes.

mod accessibility;
mod assets;
mod deployed;
mod expiry;
pub(crate) mod files;
mod problems;

use openapi::SignedPackage;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::browser::Page;
use crate::client::{Client, json_of};
use crate::fixture::Dataset;

/// A package of one test, whose assets it writes.
pub(crate) struct Package {
    pub(crate) client: Client,
    aws: Aws,
    pub(crate) dataset: Dataset,
    pub(crate) node_id: String,
    prefix: String,
}

impl Package {
    pub(crate) async fn create() -> Self {
        let (client, aws) = (Client::new().await, Aws::new().await);
        let mut dataset = Dataset::create().await;
        let node_id = dataset.live_package("assets").await.node_id;
        let signed = sign(&client, &dataset.node_id, &node_id).await;
        let prefix = signed.base_url.strip_prefix(&format!("{}/", client.stack.cdn_url)).unwrap().to_owned();
        Self { client, aws, dataset, node_id, prefix }
    }

    pub(crate) async fn put(&self, path: &str, bytes: &[u8]) {
        let key = format!("{}{path}", self.prefix);
        self.aws.put_object(&self.client.stack.buckets.assets, &key, bytes).await;
    }

    /// Opens an asset in the viewer, which shows this package.
    async fn open(&self, page: &Page, path: &str) {
        set(page, "dataset", &self.dataset.node_id).await;
        set(page, "package", &self.node_id).await;
        open(page, path).await;
    }
}

async fn sign(client: &Client, dataset: &str, package: &str) -> SignedPackage {
    let parameters = [("dataset_id", dataset), ("package_id", package), ("scope", "package")];
    json_of(client.get("/cloudfront/sign", &parameters).await).await
}

/// Opens the viewer.
async fn viewer(client: &Client) -> Page {
    let page = Page::open(&client.stack.viewer_url, 1280, 900).await;
    page.wait_for("document.documentElement.dataset.state === 'ready'").await;
    page
}

async fn set(page: &Page, id: &str, value: &str) {
    let script = format!(
        "{{ const field = document.getElementById({}); field.value = {}; field.dispatchEvent(new Event('change')) }}",
        json!(id),
        json!(value)
    );
    page.evaluate(&script).await;
}

/// Opens an asset of the package that the viewer shows.
async fn open(page: &Page, path: &str) {
    set(page, "path", path).await;
    page.evaluate("document.querySelector('#open [type=submit]').click()").await;
}

/// Opens an asset, and waits until it is on the screen.
async fn open_and_show(page: &Page, path: &str) {
    open(page, path).await;
    shown(page).await;
}

async fn shown(page: &Page) {
    let state = page
        .wait_for("['shown', 'failed'].find((it) => it === document.getElementById('content').dataset.state)")
        .await;
    assert_eq!(state, "shown", "{}", content(page).await);
}

/// Returns the text of the asset on the screen.
async fn content(page: &Page) -> String {
    page.evaluate("document.getElementById('content').innerText").await.as_str().unwrap().to_owned()
}

/// Returns the error that the viewer shows.
async fn problem(page: &Page) -> String {
    let text: Value = page.wait_for("document.querySelector('#content [role=alert]')?.innerText").await;
    text.as_str().unwrap().to_owned()
}

/// Clicks the element with a text.
async fn click(page: &Page, selector: &str, text: &str) {
    let script = format!(
        "[...document.querySelectorAll({})].find((it) => it.textContent.trim() === {} || it.getAttribute('aria-label') === {}).click()",
        json!(selector),
        json!(text),
        json!(text)
    );
    page.evaluate(&script).await;
}
