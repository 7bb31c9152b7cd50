//! Changes of the trusted keys while the edge runs.

use std::time::Duration;

use chrono::{TimeDelta, Utc};

use super::super::distribution::{Distribution, KeyGroups, read};
use super::{KEY, start};

fn trusted(distribution: &Distribution) -> Vec<&str> {
    let keys = distribution.behavior("/P1/a").trusted_keys.as_ref().unwrap();
    keys.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn edge_trusts_the_previous_keys_until_it_learns_of_the_change() {
    let edge = start("none").await;
    let (cloudfront, s3) = (&edge.edge.cloudfront, &edge.edge.store.s3);
    let mut delayed = KeyGroups::new(Duration::from_mins(10));
    let mut immediate = KeyGroups::default();
    for groups in [&mut delayed, &mut immediate] {
        assert_eq!(trusted(&read(cloudfront, s3, "D1", groups).await.unwrap()), [KEY]);
    }
    let ago = |minutes| {
        let time = (Utc::now() - TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%M:%SZ");
        &*time.to_string().leak()
    };
    *edge.aws.key_group.lock().unwrap() = ("K2", ago(1));
    assert_eq!(trusted(&read(cloudfront, s3, "D1", &mut delayed).await.unwrap()), [KEY]);
    assert_eq!(trusted(&read(cloudfront, s3, "D1", &mut immediate).await.unwrap()), ["K2"]);
    *edge.aws.key_group.lock().unwrap() = ("K2", ago(11));
    assert_eq!(trusted(&read(cloudfront, s3, "D1", &mut delayed).await.unwrap()), ["K2"]);
}
