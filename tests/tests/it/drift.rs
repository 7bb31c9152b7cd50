//! `cargo xtask drift` reports what was changed by hand, and nothing else.

use openapi::RESTORE_QUEUE_VISIBILITY_SECONDS;
use serde_json::Value;

use crate::aws::Aws;
use crate::stack::{run_xtask_of_stack, stack};

#[tokio::test]
async fn manual_change_is_drift_until_it_is_reverted() {
    let (queue, aws) = (&stack().await.queues.restore, Aws::new().await);
    let deployed = RESTORE_QUEUE_VISIBILITY_SECONDS;
    let (code, stdout, stderr) = run_xtask_of_stack(&["drift"]).await;
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");

    // Long enough for the messages of other tests.
    let by_hand = (deployed + 1).to_string();
    aws.set_queue_attribute(queue, "VisibilityTimeout", &by_hand).await;
    let (code, stdout, stderr) = run_xtask_of_stack(&["drift"]).await;
    let filters =
        [(r"http://127.0.0.1:\d+/", "[emulator]/"), (r" +\d+\.\d s\n", "\n"), (r"\d+ (re|not)", "[n] $1")];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(format!("exit code {code:?}\n{stdout}\n{stderr}"), @r#"
        exit code Some(3)
        RestoreQueue  AWS::SQS::Queue  MODIFIED
          [emulator]/000000000000/local-restore-package-queue-use1
          /VisibilityTimeout
            deployed  5400
            now       5401


          ✓ drift            [n] resources checked, 1 drifted, [n] not checked
        CloudFormation did not check resources of these types: AWS::ApiGatewayV2::Api, AWS::ApiGatewayV2::Stage, AWS::CloudFront::CachePolicy, AWS::CloudFront::Distribution, AWS::CloudFront::KeyGroup, AWS::CloudFront::OriginAccessControl, AWS::CloudFront::PublicKey, AWS::CloudFront::ResponseHeadersPolicy, AWS::CloudWatch::Alarm, AWS::CloudWatch::CompositeAlarm, AWS::CloudWatch::Dashboard, AWS::Lambda::EventSourceMapping, AWS::Lambda::Permission, AWS::S3::BucketPolicy.
        A deployment does not revert this: it changes only what differs from the previous template.
        `cargo xtask drift --repair --env local` puts it back; or, to keep it, change the source accordingly and deploy.
        "#);
    });
    let (code, stdout, stderr) = run_xtask_of_stack(&["drift", "--json"]).await;
    assert_eq!(code, Some(3), "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let difference = &report["drifted"][0]["differences"][0];
    assert_eq!(difference["expected"], deployed.to_string());
    assert_eq!(difference["actual"], by_hand);

    aws.set_queue_attribute(queue, "VisibilityTimeout", &deployed.to_string()).await;
    let (code, stdout, stderr) = run_xtask_of_stack(&["drift"]).await;
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
}
