//! Pages in a browser, and an API that allows the origin of one of them.

use serde_json::{Value, json};

use super::{WHATEVER, craft, first, run, turn};
use crate::browser::Page;
use crate::stack::Stack;
use crate::waiting::eventually;

/// Returns the status of a request for a signature by a page at a URL, or the error of the browser.
async fn signed_by_page(stack: &Stack, url: &str) -> Value {
    let page = Page::open(url, 800, 600).await;
    let signature = format!("{}/cloudfront/sign?scope=package&dataset_id=", stack.api_url);
    let script = format!(
        "fetch({} + encodeURIComponent({}) + '&package_id=' + encodeURIComponent({}), {{ headers: {{ Authorization: {} }} }})
            .then((response) => response.status, (error) => String(error))",
        json!(signature),
        json!(stack.dataset_id),
        json!(stack.packages.viewer),
        json!(format!("Bearer {}", stack.tokens["viewer"])),
    );
    page.evaluate(&script).await
}

#[tokio::test]
async fn page_of_a_foreign_origin_may_not_call_the_api() {
    let (running, _turn) = turn().await;
    let stack = &running.stack;
    let (allowed, foreign) = (&stack.viewer_url, &stack.console_url);
    assert_eq!(signed_by_page(stack, foreign).await, 200, "every origin is allowed");
    let origin = allowed.trim_end_matches('/').to_owned();
    let restricted = craft(running, |template, _| {
        let body = &mut first(template, "AWS::ApiGatewayV2::Api")["Body"];
        body["x-amazon-apigateway-cors"]["allowOrigins"] = json!([origin]);
    });
    run(running, &[&WHATEVER[..], &["--release", &restricted.await]].concat()).await.success();
    eventually("the API with the origin", async || {
        (signed_by_page(stack, foreign).await == "TypeError: Failed to fetch").then_some(())
    })
    .await;
    assert_eq!(signed_by_page(stack, allowed).await, 200);
}
