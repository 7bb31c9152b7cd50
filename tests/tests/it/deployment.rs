//! The deployed stack as the emulator's CloudFormation describes it, and a second deployment.

use stack::OutputName;

use crate::aws::{Aws, elements};
use crate::stack::{run_xtask_of_stack, stack};

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
async fn second_deployment_reports_and_makes_no_changes() {
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
    assert!(!before.1.is_empty() && !before.2.is_empty(), "{before:?}");
    let (code, stdout, stderr) = run_xtask_of_stack(&["deploy", "--yes"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("no changes"), "{stderr}");
    let outputs: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(outputs["RestoreQueueUrl"], stack().await.queues.restore.as_str());
    assert_eq!(state().await, before);
}
