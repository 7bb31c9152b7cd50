//! Each bad asset is named in words.

use serde_json::json;

use super::files::declaring;
use super::{Package, click, open_and_show, problem, viewer};
use crate::client::Client;

fn document(value: &serde_json::Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

#[tokio::test]
async fn bad_assets_are_named_in_words() {
    let package = Package::create().await;
    let attributes = json!({ "multiscales": [{ "version": "0.4", "datasets": [{ "path": "0" }],
        "axes": [{ "name": "y" }, { "name": "x" }] }] });
    let array = |chunks: [u64; 2]| {
        document(
            &json!({ "zarr_format": 2, "shape": [256, 256], "chunks": chunks, "dtype": "<u2", "order": "C",
            "compressor": null, "filters": null, "fill_value": 0, "dimension_separator": "/" }),
        )
    };
    let unknown = json!({ "zarr_format": 2, "shape": [256, 256], "chunks": [64, 64], "dtype": "<u2", "order": "C",
        "compressor": { "id": "unheard" }, "filters": null, "fill_value": 0, "dimension_separator": "/" });
    let third = json!({ "zarr_format": 3, "node_type": "group", "attributes": { "ome": attributes } });
    for (path, bytes) in [
        ("text.parquet", b"This is no Parquet, although its name says so.".to_vec()),
        ("empty.parquet", Vec::new()),
        ("cut.parquet", [vec![0; 100], vec![255, 255, 255, 127], b"PAR1".to_vec()].concat()),
        ("noise.parquet", [vec![7; 100], vec![90, 0, 0, 0], b"PAR1".to_vec()].concat()),
        ("text.png", b"no picture".to_vec()),
        ("missing.zarr/.zattrs", document(&attributes)),
        ("broken.zarr/.zattrs", document(&attributes)),
        ("broken.zarr/0/.zarray", b"{ broken".to_vec()),
        ("huge.zarr/.zattrs", document(&attributes)),
        ("huge.zarr/0/.zarray", array([1 << 20, 1 << 20])),
        ("unknown.zarr/.zattrs", document(&attributes)),
        ("unknown.zarr/0/.zarray", document(&unknown)),
        ("unknown.zarr/0/0/0", vec![1; 100]),
        ("short.zarr/.zattrs", document(&attributes)),
        ("short.zarr/0/.zarray", array([64, 64])),
        ("short.zarr/0/0/0", vec![1; 100]),
        ("text.zarr/.zattrs", b"no JSON".to_vec()),
        ("third.zarr/zarr.json", document(&third)),
        ("table.zarr/.zattrs", document(&json!({}))),
    ] {
        package.put(path, &bytes).await;
    }
    let page = viewer(&package.client).await;
    for (path, expected) in [
        ("nothing.parquet", "There is no asset nothing.parquet"),
        ("nothing.png", "There is no asset nothing.png"),
        ("nothing.zarr", "There is no OME-Zarr image at nothing.zarr"),
        ("nothing.bin", "There is no asset nothing.bin"),
        ("a/../b.parquet", "b.parquet"),
        ("text.parquet", "text.parquet is not a Parquet file"),
        ("empty.parquet", "empty.parquet is not a Parquet file"),
        ("cut.parquet", "cut.parquet cannot be read as Parquet"),
        ("noise.parquet", "noise.parquet cannot be read as Parquet"),
        ("text.png", "text.png is not a picture"),
        ("missing.zarr", "missing.zarr/0/.zarray does not exist"),
        ("broken.zarr", "broken.zarr/0/.zarray is damaged"),
        ("huge.zarr", "huge.zarr/0/.zarray declares chunks of 2.20 TB"),
        ("unknown.zarr", "unheard"),
        ("short.zarr", "short.zarr/0/0/0 is damaged"),
        ("text.zarr", "text.zarr/.zattrs is not JSON"),
        ("third.zarr", "third.zarr/0/zarr.json does not exist"),
        ("table.zarr", "its attributes have no multiscales"),
    ] {
        package.open(&page, path).await;
        let problem = problem(&page).await;
        assert!(problem.contains(expected), "{path}: {problem}");
        assert!(!problem.contains("Signature="), "{path}: {problem}");
    }
}

#[tokio::test]
async fn row_group_that_declares_two_gigabytes_is_refused() {
    let package = Package::create().await;
    package.put("huge.parquet", &declaring(2 << 30)).await;
    let page = viewer(&package.client).await;
    package.open(&page, "huge.parquet").await;
    super::shown(&page).await;
    let before = page.requests("huge.parquet").len();
    for tab in ["Rows", "Plot"] {
        click(&page, "[role=tab]", tab).await;
        let problem = page.wait_for("[...document.querySelectorAll('#content [role=alert]')].find((it) => it.checkVisibility())?.innerText").await;
        assert!(problem.as_str().unwrap().contains("declares 2.15 GB for the column c"), "{problem}");
    }
    assert_eq!(page.requests("huge.parquet").len(), before, "nothing of it was requested");
}

#[tokio::test]
async fn user_without_access_and_unknown_package_are_named() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    super::set(&page, "user", "guest").await;
    super::open(&page, &client.stack.assets.thumbnail).await;
    let denied = problem(&page).await;
    assert!(denied.contains("403"), "{denied}");
    super::set(&page, "user", "viewer").await;
    super::set(&page, "package", "N:package:00000000-0000-0000-0000-000000000000").await;
    super::open(&page, &client.stack.assets.thumbnail).await;
    let unknown = page.wait_for("[...document.querySelectorAll('#content [role=alert]')].find((it) => it.innerText.includes('404'))?.innerText").await;
    assert!(unknown.as_str().unwrap().contains("ids of the dataset and the package"), "{unknown}");
    super::set(&page, "package", &client.stack.packages.viewer).await;
    open_and_show(&page, &client.stack.assets.thumbnail).await;
}
