//! What the viewer shows of good assets, and which requests that takes.

use super::files::doubles;
use super::{Package, click, content, open, open_and_show, shown, viewer};
use crate::client::Client;

/// What one column of a Parquet file of 50 MB may cost.
const LARGEST_COLUMN: u64 = 2_500_000;

#[tokio::test]
async fn viewer_reads_only_the_columns_and_row_groups_that_it_shows() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    open_and_show(&page, &client.stack.assets.parquet).await;
    let text = content(&page).await;
    for expected in ["5,000", "timestamp (µs, UTC)", "uncompressed", "4,990"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let requests = page.requests(&client.stack.assets.parquet);
    let methods: Vec<&str> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["HEAD", "GET"], "the size and the footer; neither needs a preflight");
    assert_eq!(page.requests("scope=package").iter().filter(|it| it.method == "GET").count(), 1);

    click(&page, "[role=tab]", "Rows").await;
    page.wait_for("document.querySelector('table.rows')?.innerText.includes('2025-03-14 09:00:00.068')")
        .await;
    assert_eq!(page.requests(&client.stack.assets.parquet).len(), 2 + 6, "six columns of one row group");

    click(&page, "[role=tab]", "Plot").await;
    page.wait_for(
        "document.querySelector('canvas.plot').ariaLabel?.startsWith('Line plot of c3, rows 0 to 4,999')",
    )
    .await;
    page.wait_for("!document.getElementById('content').innerText.includes('Reading')").await;
    let requests = page.requests(&client.stack.assets.parquet);
    assert_eq!(requests.len(), 2 + 6 + 4, "the other four row groups of one column");
    let mut ranges: Vec<String> = requests[1..].iter().filter_map(|request| request.range.clone()).collect();
    ranges.sort();
    ranges.dedup();
    assert_eq!(ranges.len(), 1 + 6 + 4, "no range is requested twice");
    assert!(requests.iter().all(|request| matches!(request.status, Some(200 | 206))), "{requests:?}");
}

#[tokio::test]
async fn one_column_of_a_large_file_costs_what_it_needs() {
    let package = Package::create().await;
    let file = tokio::task::spawn_blocking(|| doubles(22, 10, 28_500)).await.unwrap();
    assert!(file.len() > 50_000_000, "{}", file.len());
    package.put("large.parquet", &file).await;
    let page = viewer(&package.client).await;
    package.open(&page, "large.parquet").await;
    shown(&page).await;
    click(&page, "button", "Plot c7").await;
    page.wait_for("document.querySelector('canvas.plot').ariaLabel?.includes('c7, rows 0 to 284,999: least 0.07, greatest 284999,')").await;
    page.wait_for("!document.getElementById('content').innerText.includes('Reading')").await;
    let requests = page.requests("large.parquet");
    let ranges: Vec<_> = requests.iter().map(|request| request.range.as_deref()).collect();
    assert_eq!(ranges.len(), 13, "the size, the footer in two parts, and ten row groups: {ranges:?}");
    let bytes: u64 = requests.iter().map(|request| request.bytes).sum();
    assert!(bytes > 2_000_000 && bytes <= LARGEST_COLUMN, "{bytes} bytes");
}

#[tokio::test]
async fn image_is_read_chunk_by_chunk_and_moves_with_the_keyboard() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    let zarr = &client.stack.assets.zarr;
    open_and_show(&page, zarr).await;
    page.wait_for("/ 16 of 16 chunks/.test(document.querySelector('canvas.image').ariaLabel)").await;
    let text = content(&page).await;
    for expected in ["Hippocampus CA1", "OME-Zarr on Zarr 2", "c 3, y 512, x 512", "DAPI", "0.325 micrometer"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let chunks = |level: u8| page.requests(&format!("{zarr}/{level}/")).len();
    assert_eq!(chunks(0), 1 + 3 * 16, "the metadata and three channels of the largest level");
    assert_eq!(chunks(1), 1, "the metadata only");
    assert_eq!(chunks(2), 1 + 3, "the small level, which is shown first");
    let color = "[...document.querySelector('canvas.image').getContext('2d').getImageData(300, 200, 200, 200).data].some((it, index) => index % 4 < 3 && it > 100)";
    assert_eq!(page.evaluate(color).await, true, "the picture is not black");

    page.evaluate("document.querySelector('canvas.image').focus()").await;
    for key in ["+", "+", "ArrowRight", "ArrowLeft", "0"] {
        page.press(key).await;
    }
    page.wait_for("document.querySelector('canvas.image').ariaLabel.includes('of full size')").await;
    assert_eq!(chunks(0), 1 + 3 * 16, "no chunk is read twice");
}

#[tokio::test]
async fn picture_and_bytes_are_shown() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    open_and_show(&page, &client.stack.assets.thumbnail).await;
    assert_eq!(page.evaluate("document.querySelector('.picture img').naturalWidth > 0").await, true);
    page.evaluate("{ const kind = document.getElementById('kind'); kind.value = 'bytes'; kind.dispatchEvent(new Event('change')) }").await;
    page.wait_for("document.querySelector('pre.dump')?.textContent.includes('89 50 4e 47')").await;
    shown(&page).await;
    let ranges = page.requests(&client.stack.assets.thumbnail).into_iter().filter_map(|it| it.range);
    assert_eq!(ranges.collect::<Vec<_>>(), ["bytes=0-511"]);
}

/// One signature opens all assets of a package, and the page loads nothing from other sites.
#[tokio::test]
async fn one_signature_opens_all_assets() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    for path in [&client.stack.assets.parquet, &client.stack.assets.thumbnail, &client.stack.assets.parquet] {
        open_and_show(&page, path).await;
    }
    assert_eq!(page.requests("scope=package").iter().filter(|it| it.method == "GET").count(), 1);
    let others = page.requests("").into_iter().filter(|request| {
        let is_local = |scheme: &str| request.url.starts_with(scheme);
        !["http://127.0.0.1:", "blob:", "data:", "about:"].into_iter().any(is_local)
    });
    assert_eq!(others.count(), 0);
    open(&page, &client.stack.assets.parquet).await;
}
