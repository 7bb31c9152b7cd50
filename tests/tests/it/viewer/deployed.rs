//! The viewer as `cargo xtask viewer --env NAME` serves it for a deployed environment: with a token that is pasted, and an
//! API that does not allow the page.

use ::viewer::{ApiAccess, ViewerEnvironment};
use tokio::net::TcpListener;

use super::{open, open_and_show, problem, set};
use crate::browser::Page;
use crate::client::Client;

#[tokio::test]
async fn pasted_token_opens_assets_through_the_server_of_the_page() {
    let client = Client::new().await;
    let environment = ViewerEnvironment {
        name: "deployed".to_owned(),
        api_url: client.stack.api_url.parse().unwrap(),
        api_access: ApiAccess::Proxied,
        cdn_url: client.stack.cdn_url.parse().unwrap(),
        issuer_url: None,
        users: Vec::new(),
        demo: None,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { ::viewer::serve(listener, &environment, std::future::pending()).await });
    let page = Page::open(&url, 1280, 900).await;
    page.wait_for("document.documentElement.dataset.state === 'ready'").await;

    let thumbnail = &client.stack.assets.thumbnail;
    open(&page, thumbnail).await;
    assert!(problem(&page).await.contains("A dataset and a package are needed"));
    set(&page, "dataset", &client.stack.dataset_id).await;
    set(&page, "package", &client.stack.packages.viewer).await;
    open(&page, thumbnail).await;
    assert!(problem(&page).await.contains("An access token is needed"));
    set(&page, "token", "expired").await;
    open(&page, thumbnail).await;
    let rejected = page.wait_for("[...document.querySelectorAll('#content [role=alert]')].find((it) => /The API responded with 40[13]/.test(it.innerText))?.innerText").await;
    assert!(!rejected.as_str().unwrap().contains("expired\""), "{rejected}");
    set(&page, "token", &format!("Bearer {}", client.stack.tokens["viewer"])).await;
    open_and_show(&page, thumbnail).await;
    assert!(page.requests(&client.stack.api_url).is_empty(), "the page does not call the API itself");
    let stored = page.evaluate("JSON.stringify(localStorage)").await;
    assert!(stored.as_str().unwrap().contains(thumbnail.as_str()), "{stored}");
    assert!(!stored.as_str().unwrap().contains(&client.stack.tokens["viewer"]), "the token is not stored");
}
