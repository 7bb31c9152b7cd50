//! The clients of AWS services.

use super::Connection;
use super::calls::CallReporter;

/// Adds a method that returns the client of a service, whose calls are reported to the operator.
macro_rules! clients {
    ($($(#[$documentation:meta])* $name:ident: $service:ident,)*) => {
        impl Connection {
            $(
                $(#[$documentation])*
                pub fn $name(&self) -> $service::Client {
                    let settings = $service::config::Builder::from(&self.configuration);
                    let settings = settings.interceptor(CallReporter::new(&self.operator));
                    $service::Client::from_conf(settings.build())
                }
            )*
        }
    };
}

clients! {
    /// Returns an ACM client.
    acm: aws_sdk_acm,
    /// Returns a Cloud Control client.
    cloud_control: aws_sdk_cloudcontrol,
    /// Returns a CloudFormation client.
    cloudformation: aws_sdk_cloudformation,
    /// Returns a CloudFront client.
    cloudfront: aws_sdk_cloudfront,
    /// Returns a CloudWatch client.
    cloudwatch: aws_sdk_cloudwatch,
    /// Returns a CloudWatch Logs client.
    cloudwatch_logs: aws_sdk_cloudwatchlogs,
    /// Returns an X-Ray client.
    xray: aws_sdk_xray,
    /// Returns an IAM client.
    iam: aws_sdk_iam,
    /// Returns an SQS client.
    sqs: aws_sdk_sqs,
    /// Returns an SSM client, for the Parameter Store.
    ssm: aws_sdk_ssm,
}
