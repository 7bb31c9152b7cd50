//! Paths of viewer assets: the URLs of every accepted path open exactly its object.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Url;

use crate::aws::Aws;
use crate::client::Client;

const CASES: usize = 40;

/// Returns segments of any characters except control characters, including those that encoders and parsers treat specially.
fn paths() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        "[ -.0-\\[\\]-~]{1,12}",
        "\\PC{1,8}",
        "[%+?#&=*;@:,'\"<>{}|^`~ ]{1,6}",
        "%[0-9a-fA-F]{2}",
        "\\.{3,5}",
        "(\\.\\.?|%2[eEfF])[a-z%]",
    ];
    let segment = segment.prop_filter("no dot segment, slash or backslash", |segment| {
        segment != "." && segment != ".." && !segment.contains(['/', '\\'])
    });
    prop::collection::vec(segment, 1..4).prop_map(|segments| segments.join("/"))
}

#[tokio::test]
async fn accepted_path_opens_its_object_at_the_edge_and_in_s3() {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let bucket = &client.stack.buckets.assets;
    let thumbnail = &client.stack.assets.thumbnail;
    let known = Url::parse(&client.sign(thumbnail).await).unwrap().path().to_owned();
    let prefix = known.trim_start_matches('/').strip_suffix(thumbnail).unwrap().to_owned();
    let mut runner = TestRunner::default();
    for number in 0..CASES {
        let path = format!("paths/{number}/{}", paths().new_tree(&mut runner).unwrap().current());
        let content = format!("{number}: {path}");
        aws.put_object(bucket, &format!("{prefix}{path}"), content.as_bytes()).await;
        for url in [client.sign(&path).await, client.presign(&path).await] {
            let response = client.open(&url).await;
            assert_eq!(response.status(), 200, "{path:?}");
            assert_eq!(response.text().await.unwrap(), content, "{path:?}");
        }
    }
}
