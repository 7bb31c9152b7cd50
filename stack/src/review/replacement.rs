//! Which properties CloudFormation cannot change in place, and what is lost with a resource.

/// The properties of our resource types that are marked "Update requires: Replacement":
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>.
const REPLACING: &[(&str, &[&str])] = &[
    ("AWS::ApiGatewayV2::Api", &["ProtocolType"]),
    ("AWS::ApiGatewayV2::ApiMapping", &["DomainName"]),
    ("AWS::ApiGatewayV2::Stage", &["ApiId", "StageName"]),
    ("AWS::CloudFront::PublicKey", &["PublicKeyConfig"]),
    ("AWS::CloudWatch::Alarm", &["AlarmName"]),
    ("AWS::CloudWatch::Dashboard", &["DashboardName"]),
    ("AWS::IAM::Role", &["Path", "RoleName"]),
    ("AWS::Lambda::EventSourceMapping", &["EventSourceArn"]),
    ("AWS::Lambda::Function", &["FunctionName", "PackageType"]),
    ("AWS::Lambda::Permission", &["Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"]),
    ("AWS::Logs::LogGroup", &["LogGroupName"]),
    ("AWS::Logs::SubscriptionFilter", &["FilterName", "LogGroupName"]),
    ("AWS::S3::Bucket", &["BucketName"]),
    ("AWS::S3::BucketPolicy", &["Bucket"]),
    ("AWS::SQS::Queue", &["FifoQueue", "QueueName"]),
];

/// What is gone when the resource is: objects, messages, logs.
const HOLDING_DATA: &[&str] = &["AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SQS::Queue"];

/// Whether another value of a property makes another resource.
pub(super) fn replaces(resource_type: &str, property: &str) -> bool {
    REPLACING.iter().any(|(known, properties)| *known == resource_type && properties.contains(&property))
}

/// Whether something is lost with a resource of this type: objects, messages, logs.
pub fn holds_data(resource_type: &str) -> bool {
    HOLDING_DATA.contains(&resource_type)
}
