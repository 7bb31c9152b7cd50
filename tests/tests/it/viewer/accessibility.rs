//! The viewer without a mouse, with little contrast to spare, and on narrow screens.

use serde_json::json;

use super::{click, content, open_and_show, shown, viewer};
use crate::browser::Page;
use crate::client::Client;

/// More controls than the page has.
const MOST_CONTROLS: usize = 60;

/// Presses Tab until an element has the focus, and checks that each one on the way shows it.
async fn tab_to(page: &Page, selector: &str) {
    for _ in 0..MOST_CONTROLS {
        page.press("Tab").await;
        let outline = page
            .evaluate("(({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && outlineWidth !== '0px')(getComputedStyle(document.activeElement))")
            .await;
        let focused = page.evaluate("document.activeElement.outerHTML.slice(0, 120)").await;
        assert_eq!(outline, true, "{focused} does not show that it has the focus");
        if page.evaluate(&format!("document.activeElement.matches({})", json!(selector))).await == true {
            return;
        }
    }
    panic!("{selector} cannot be reached with the keyboard");
}

#[tokio::test]
async fn everything_works_with_the_keyboard_alone() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    tab_to(&page, &format!("[data-path='{}']", client.stack.assets.parquet)).await;
    page.press("Enter").await;
    shown(&page).await;
    tab_to(&page, "[role=tab][aria-selected=true]").await;
    page.press("ArrowRight").await;
    page.wait_for("document.activeElement.textContent === 'Rows'").await;
    page.press("ArrowRight").await;
    page.wait_for("document.querySelector('canvas.plot').ariaLabel?.startsWith('Line plot')").await;
    tab_to(&page, "canvas.plot").await;
    page.press("+").await;
    page.wait_for("document.querySelector('canvas.plot').ariaLabel.includes('rows 1,250 to 3,749')").await;
    tab_to(&page, "[aria-label='Latest requests']").await;
}

#[tokio::test]
async fn every_text_has_contrast_and_every_control_a_name() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    let check = include_str!("contrast.js");
    for theme in ["light", "dark"] {
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        page.send("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        for width in [360, 1280] {
            let size = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
            page.send("Emulation.setDeviceMetricsOverride", size).await;
            for path in
                [&client.stack.assets.zarr, &client.stack.assets.thumbnail, &client.stack.assets.parquet]
            {
                open_and_show(&page, path).await;
                assert_eq!(page.evaluate(check).await, json!([]), "{path}, {theme}, {width} pixels");
            }
            for tab in ["Rows", "Plot"] {
                click(&page, "[role=tab]", tab).await;
                assert_eq!(page.evaluate(check).await, json!([]), "{tab}, {theme}, {width} pixels");
            }
            super::open(&page, "nothing.parquet").await;
            super::problem(&page).await;
            assert_eq!(page.evaluate(check).await, json!([]), "{}, {theme}", content(&page).await);
        }
    }
}
