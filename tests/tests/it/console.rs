//! The console in a browser, and its endpoints.
//!
//! The tests take turns on a stack of their own, because they restore the demo folder and rotate its keys.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::browser::Page;
use crate::client::{http, json_of};
use crate::keys::wait_until_the_key_signs;
use crate::stack::{Running, Stack};
use crate::turns::{Turn, Turns};
use crate::waiting::eventually;

static TURNS: Turns = Turns::for_stack("console");

/// The row of the folder that the demo has deleted.
const FOLDER: &str = "[...document.querySelectorAll('.branch')].find(it => it.querySelector('.name').textContent === 'sub-03/')";

/// Opens the console of a stack.
async fn open() -> (Page, &'static Running, Turn) {
    let turn = TURNS.next().await;
    let page = Page::open(&turn.running.stack.console_url, 1280, 900).await;
    page.wait_for(&format!("document.querySelector('#keys-panel td') !== null && {FOLDER} !== undefined"))
        .await;
    (page, turn.running, turn)
}

/// Sends what the page sends for an action.
async fn act(stack: &Stack, action: &str, parameters: Value) -> (StatusCode, String) {
    let request = http().request(Method::POST, format!("{}/actions/{action}", stack.console_url));
    let response = request.header("x-console-action", "1").json(&parameters).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

/// Sets a media feature, such as `prefers-color-scheme`.
async fn prefer(page: &Page, name: &str, value: &str) {
    page.send("Emulation.setEmulatedMedia", json!({ "features": [{ "name": name, "value": value }] })).await;
}

/// Sets the size of the window.
async fn resize(page: &Page, width: u32, height: u32) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    page.send("Emulation.setDeviceMetricsOverride", size).await;
}

async fn state(page: &Page) -> Value {
    page.evaluate(&format!("{FOLDER}.querySelector('.badge').textContent")).await
}

async fn wait_for_state(page: &Page, state: &str) {
    page.wait_for(&format!("{FOLDER}.querySelector('.badge').textContent === '{state}'")).await;
}

#[tokio::test]
async fn states_in_the_tree_change_during_a_restore_without_a_reload() {
    let (page, running, _turn) = open().await;
    page.evaluate("window.notReloaded = true").await;
    if state(&page).await != "DELETED" {
        let folder = json!({ "package": running.stack.packages.deleted_folder });
        assert_eq!(act(&running.stack, "delete", folder).await.0, StatusCode::OK);
        wait_for_state(&page, "DELETED").await;
    }
    page.evaluate(&format!(
        "window.states = ['DELETED'];
             new MutationObserver(() => {{
                 const state = {FOLDER}.querySelector('.badge').textContent;
                 if (states.at(-1) !== state) states.push(state);
             }}).observe({FOLDER}, {{ subtree: true, childList: true, characterData: true }});
             {FOLDER}.querySelector('.small').click()"
    ))
    .await;
    wait_for_state(&page, "READY").await;
    let states = page.evaluate("states").await;
    assert!(
        [json!(["DELETED", "RESTORING", "READY"]), json!(["DELETED", "READY"])].contains(&states),
        "{states}"
    );
    let facts = page.evaluate(&format!("{FOLDER}.querySelector('.facts').textContent")).await;
    assert_eq!(facts, "70 READY", "the contents too");
    let message = page.evaluate("document.getElementById('package-message').textContent").await;
    assert!(message.as_str().unwrap().starts_with("sub-03 is READY, "), "{message}");

    // The request, with its outcome, its trace and its log.
    page.wait_for(
        "document.querySelector('#request-list tbody')?.textContent.includes('POST /restore') ?? false",
    )
    .await;
    let press = |label: &str| {
        format!(
            "document.querySelector('#request-list button[aria-label=\"{label} of POST /restore\"]')?.click()"
        )
    };
    page.wait_for(
        "document.querySelector('#request-list button[aria-label=\"Trace of POST /restore\"]') !== null",
    )
    .await;
    page.evaluate(&press("Trace")).await;
    page.wait_for(
        "document.querySelector('#waterfall h3')?.textContent.startsWith('POST /restore') ?? false",
    )
    .await;
    let has_log = async || {
        page.evaluate(&press("Log")).await;
        page.evaluate(
            "document.querySelector('#request-log pre')?.textContent.includes('outcome=ok') ?? false",
        )
        .await
        .as_bool()
        .filter(|is| *is)
    };
    eventually("the log is shown", has_log).await;
    assert_eq!(page.evaluate("window.notReloaded").await, true);
    assert_eq!(page.evaluate("document.getElementById('problem').hidden").await, true);
}

#[tokio::test]
async fn rejected_restore_is_shown_with_its_user_and_status() {
    let (page, _running, _turn) = open().await;
    page.evaluate(
        "document.querySelector('#users input[value=viewer]').click();
             [...document.querySelectorAll('.branch')]
                 .find(it => it.querySelector('.name').textContent === 'band-power-draft.csv')
                 .querySelector('.small').click()",
    )
    .await;
    let message = "document.getElementById('package-message').textContent";
    page.wait_for(&format!("{message}.includes('POST /restore as viewer: 403')")).await;
}

#[tokio::test]
async fn keyboard_reaches_every_control_and_its_focus_is_visible() {
    let (page, _running, _turn) = open().await;
    page.evaluate(include_str!("console/controls.js")).await;
    page.wait_for("document.querySelectorAll('#operations summary').length > 3").await;
    let expected = page.evaluate("controls()").await;
    let expected: Vec<&str> = expected.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(expected.len() > 40, "{expected:?}");
    let mut reached = Vec::new();
    for _ in &expected {
        page.press("Tab").await;
        let focused = page.evaluate("focused()").await;
        assert_eq!(focused["isVisible"], true, "the focus of {}", focused["name"]);
        reached.push(focused["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(reached, expected);
}

#[tokio::test]
async fn restore_with_the_keyboard_keeps_the_focus() {
    let (page, _running, _turn) = open().await;
    let before = state(&page).await;
    page.evaluate(&format!("{FOLDER}.querySelector('.small').focus()")).await;
    for _ in 0..2 {
        let target = if state(&page).await == "READY" { "DELETED" } else { "READY" };
        page.press("Enter").await;
        wait_for_state(&page, target).await;
        let has_focus = format!("document.activeElement === {FOLDER}.querySelector('.small')");
        assert_eq!(page.evaluate(&has_focus).await, true);
    }
    assert_eq!(state(&page).await, before);
}

#[tokio::test]
async fn contrast_is_sufficient_in_light_and_dark() {
    let (page, _running, _turn) = open().await;
    page.wait_for("document.querySelectorAll('#operations summary').length > 3").await;
    page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true; })").await;
    for scheme in ["light", "dark"] {
        prefer(&page, "prefers-color-scheme", scheme).await;
        let result = page.evaluate(include_str!("console/contrast.js")).await;
        assert!(result["checked"].as_u64().unwrap() > 200, "{result}");
        assert_eq!(result["problems"], json!([]), "{scheme}");
    }
}

#[tokio::test]
async fn page_fits_a_telephone_and_moves_nothing_where_that_is_not_wanted() {
    let (page, running, _turn) = open().await;
    resize(&page, 360, 800).await;
    assert_eq!(page.evaluate("document.documentElement.scrollWidth <= innerWidth").await, true);

    prefer(&page, "prefers-reduced-motion", "reduce").await;
    if state(&page).await == "READY" {
        act(&running.stack, "delete", json!({ "package": running.stack.packages.deleted_folder })).await;
        wait_for_state(&page, "DELETED").await;
    } else {
        page.evaluate(&format!("{FOLDER}.querySelector('.small').click()")).await;
        wait_for_state(&page, "READY").await;
    }
    assert_eq!(page.evaluate("document.getAnimations().length").await, 0);
}

#[tokio::test]
async fn dead_letters_are_listed_with_reasons_and_redriven() {
    let (page, running, _turn) = open().await;
    let (stack, aws) = (&running.stack, Aws::for_stack(&running.stack));
    let package = json!({ "id": 1, "nodeId": "N:package:lost", "type": 1 });
    let message = json!({
        "orgId": stack.organization_id, "datasetId": 1, "userId": "N:user:1", "package": package,
    });
    for body in [message.to_string(), "no message".to_owned()] {
        aws.send(&stack.queues.dead_letters, &body).await;
    }
    page.wait_for("document.querySelectorAll('.letters li').length === 2").await;
    let letters = page.evaluate("document.querySelector('.letters').textContent").await;
    let letters = letters.as_str().unwrap();
    assert!(
        letters.contains("N:package:lost") && letters.contains("there is no such package in this dataset"),
        "{letters}"
    );
    assert!(letters.contains("the body is not a restore message"), "{letters}");

    let (status, moved) = act(stack, "redrive", json!({})).await;
    assert_eq!((status, &*moved), (StatusCode::OK, r#"{"left":1,"moved":1}"#));
    page.wait_for("document.querySelectorAll('.letters li').length === 1").await;
}

#[tokio::test]
async fn rotation_is_started_and_followed_step_by_step() {
    let (page, running, _turn) = open().await;
    let key = "document.querySelector('#keys-panel td code').title";
    let before = page.evaluate(key).await;
    page.evaluate("[...document.querySelectorAll('#keys-panel button')].find(it => it.textContent === 'Rotate').click()").await;
    page.wait_for("document.querySelectorAll('.steps li').length > 0").await;
    let again = json!({ "algorithm": "ec-p256", "overlap": "10s" });
    let (status, text) = act(&running.stack, "rotate", again).await;
    assert_eq!((status, &*text), (StatusCode::BAD_GATEWAY, "a rotation is running already\n"));
    page.wait_for(
        "document.querySelector('#keys-panel .message').textContent.endsWith('signs, and is the only key.')",
    )
    .await;
    let steps = page.evaluate("[...document.querySelectorAll('.steps li')].map(it => it.className)").await;
    assert!(steps.as_array().unwrap().iter().all(|step| step == "done"), "{steps}");
    page.wait_for(&format!(
        "document.querySelectorAll('#keys-panel tbody tr').length === 1 && {key} !== {before}"
    ))
    .await;
    wait_until_the_key_signs(&crate::client::Client::for_stack(&running.stack)).await;
}

#[tokio::test]
async fn other_sites_can_do_nothing_on_the_console() {
    let (_page, running, _turn) = open().await;
    let console = &running.stack.console_url;
    for (header, value) in [("origin", "https://evil.test"), ("x-other", "1")] {
        let request = http().post(format!("{console}/actions/rotate")).header(header, value);
        let response =
            request.json(&json!({ "algorithm": "ec-p256", "overlap": "10s" })).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
    }
    let stack: Value = json_of(http().get(format!("{console}/stack.json")).send().await.unwrap()).await;
    assert_eq!(stack["api_url"], running.stack.api_url.as_str());
}
