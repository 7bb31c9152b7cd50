//! A deployment that fails, and whose rollback fails.

use serde_json::{Value, json};
use stack::OutputName;

use super::crafted::{craft, first};
use super::terminal::assert_shows;
use super::{WHATEVER, run, turn};
use crate::aws::Aws;
use crate::command::Ended;

const ROUTE: &str = "POST /restore";

/// Returns the resource with a type, and its logical ID.
fn resource<'a>(template: &'a mut Value, resource_type: &str) -> (&'a String, &'a mut Value) {
    let mut resources = template["Resources"].as_object_mut().unwrap().iter_mut();
    resources.find(|(_, resource)| resource["Type"] == resource_type).unwrap()
}

/// Lets the first alarm fail after the stage was updated.
fn fail_after_the_stage(template: &mut Value) {
    let stage = resource(template, "AWS::ApiGatewayV2::Stage").0.clone();
    let (_, alarm) = resource(template, "AWS::CloudWatch::Alarm");
    alarm["DependsOn"] = json!([stage]);
    // Periods have 10, 20 or 30 seconds, or whole minutes.
    alarm["Properties"]["Period"] = json!(70);
}

fn error_of(ended: Ended) -> String {
    ended.failure().split_once("error: ").unwrap().1.to_owned()
}

#[tokio::test]
async fn failed_rollback_is_finished_without_what_cannot_be_restored() {
    let (running, _turn) = turn().await;
    let deploy = async |release: &str| run(running, &[&WHATEVER[..], &["--release", release]].concat()).await;
    let limited = craft(running, |template, _| {
        first(template, "AWS::ApiGatewayV2::Stage")["RouteSettings"] =
            json!({ ROUTE: { "ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 50 } });
    });
    deploy(&limited.await).await.success();

    // The settings of the route cannot be restored while it does not exist.
    let aws = Aws::for_stack(&running.stack);
    let api = aws.output(OutputName::ApiId).await;
    let route = aws.take_route(&api, ROUTE).await;
    let failing = craft(running, |template, _| {
        first(template, "AWS::ApiGatewayV2::Stage").as_object_mut().unwrap().remove("RouteSettings");
        fail_after_the_stage(template);
    });
    let failed = error_of(deploy(&failing.await).await);
    assert_shows!(failed);
    let still_failing = error_of(run(running, &WHATEVER).await);
    assert_shows!(still_failing);
    let advised = run(running, &[&WHATEVER[..], &["--skip", "ApiStage"]].concat()).await;
    aws.add_route(&api, &route).await;
    advised.success();
    assert_eq!(run(running, &["diff"]).await.code, Some(0));
}
