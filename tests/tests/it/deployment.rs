//! What is deployed, as the emulator's CloudFormation tells it, and deploying once more.

use std::process::Stdio;

use stack::OutputName;

use crate::aws::{Aws, elements};
use crate::stack::{stack, stack_file, xtask};

#[tokio::test]
async fn cloudformation_lists_the_stack_its_resources_and_its_outputs() {
    let aws = Aws::new().await;
    let described = aws.cloudformation("DescribeStacks").await;
    assert_eq!(elements(&described, "StackStatus"), ["CREATE_COMPLETE"]);
    let mut outputs = elements(&described, "OutputKey");
    outputs.sort_unstable();
    let expected: Vec<_> = OutputName::ALL.iter().map(|name| name.as_str()).collect();
    assert_eq!(outputs, expected);
    assert!(described.contains(&stack().await.queues.restore));

    let listed = aws.cloudformation("ListStackResources").await;
    let types = elements(&listed, "ResourceType");
    assert!(types.len() >= 30, "{types:?}");
    for wanted in ["AWS::ApiGatewayV2::Api", "AWS::CloudFront::Distribution", "AWS::SQS::Queue"] {
        assert!(types.contains(&wanted), "{wanted} is not among {types:?}");
    }
    assert_eq!(types.iter().filter(|name| **name == "AWS::Lambda::Function").count(), 3);
    assert!(elements(&listed, "ResourceStatus").iter().all(|status| *status == "CREATE_COMPLETE"));
}

#[tokio::test]
async fn a_second_deployment_says_that_nothing_changed_and_changes_nothing() {
    let aws = Aws::new().await;
    let state = async || {
        let described = aws.cloudformation("DescribeStacks").await;
        let events = aws.cloudformation("DescribeStackEvents").await;
        let resources = aws.cloudformation("ListStackResources").await;
        let texts = |xml: &str, name| elements(xml, name).iter().map(|text| (*text).to_owned()).collect();
        let [updated, events, resources]: [Vec<String>; 3] = [
            texts(&described, "LastUpdatedTime"),
            texts(&events, "EventId"),
            texts(&resources, "PhysicalResourceId"),
        ];
        (updated, events, resources)
    };
    let before = state().await;
    let mut command = xtask();
    command
        .args(["deploy", "--env", "local", "--yes"])
        .env("PACKAGES_STACK", stack_file().await)
        .env("AWS_ENDPOINT_URL", &stack().await.aws_endpoint_url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .stdin(Stdio::null());
    let output = tokio::process::Command::from(command).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("no changes"), "{said}");
    let outputs: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outputs["RestoreQueueUrl"], stack().await.queues.restore.as_str());
    assert_eq!(state().await, before);
}
