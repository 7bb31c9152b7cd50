//! Mutations that the services reject: the deployment fails and is rolled back.

use cloudformation_rules::Rule;
use serde_json::{Map, Value as Json, json};

use super::super::edit::Edit::{Add, Copy, Remove, Set};
use super::Mutation;

pub(super) fn mutations() -> Vec<Mutation<Rule>> {
    [content_delivery(), api(), functions_and_queues(), monitoring_and_data()].into_iter().flatten().collect()
}

fn content_delivery() -> Vec<Mutation<Rule>> {
    use Rule::*;
    let behavior = json!({ "TargetOriginId": "assets", "ViewerProtocolPolicy": "https-only", "PathPattern": "*.parquet" });
    vec![
        ("key group without keys", Set("KeyGroup/KeyGroupConfig/Items", json!([])), KeyGroupWithoutKeys),
        (
            "key group with six keys",
            Set("KeyGroup/KeyGroupConfig/Items", json!(letters(6))),
            TooManyKeysInGroup,
        ),
        (
            "five key groups",
            Set("Distribution/DistributionConfig/DefaultCacheBehavior/TrustedKeyGroups", json!(letters(5))),
            TooManyKeyGroups,
        ),
        (
            "origin that does not exist",
            Set("Distribution/DistributionConfig/DefaultCacheBehavior/TargetOriginId", json!("other")),
            UnknownOrigin,
        ),
        (
            "path pattern twice",
            Add("Distribution/DistributionConfig/CacheBehaviors", behavior),
            DuplicatePathPattern,
        ),
        (
            "longest lifetime below the default",
            Set("AssetsCachePolicy/CachePolicyConfig/MaxTTL", json!(1)),
            CacheLifetimes,
        ),
        (
            "credentials of pages of all origins",
            Set(
                "AssetsResponseHeadersPolicy/ResponseHeadersPolicyConfig/CorsConfig/AccessControlAllowCredentials",
                json!(true),
            ),
            CredentialsForAll,
        ),
    ]
}

fn api() -> Vec<Mutation<Rule>> {
    use Rule::*;
    let parameter = json!({ "name": "dataset_id", "in": "query" });
    let reference = json!({ "200": { "$ref": "#/components/responses/Missing" } });
    let path = json!({ "get": {} });
    let paths: Map<String, Json> = (0..301).map(|index| (format!("/{index}"), path.clone())).collect();
    vec![
        (
            "settings of a missing route",
            Set("ApiStage/RouteSettings", json!({ "GET /nothing": {} })),
            UnknownRoute,
        ),
        ("OpenAPI 3.1", Set("Api/Body/openapi", json!("3.1.0")), MalformedOpenApi),
        ("misspelled extension", Set("Api/Body/x-amazon-apigateway-cros", json!({})), UnknownExtension),
        (
            "route without an integration",
            Remove("Api/Body/paths/~1restore/post/x-amazon-apigateway-integration"),
            MissingIntegration,
        ),
        (
            "integration of REST APIs",
            Set("Api/Body/paths/~1restore/post/x-amazon-apigateway-integration/type", json!("aws")),
            UnsupportedIntegration,
        ),
        (
            "authorizer that does not exist",
            Set("Api/Body/paths/~1restore/post/security", json!([{ "other": [] }])),
            UnknownAuthorizer,
        ),
        (
            "removed authorizer",
            Remove("Api/Body/components/securitySchemes/token_dataset_auth"),
            UnknownAuthorizer,
        ),
        (
            "parameter twice",
            Set("Api/Body/paths/~1restore/post/parameters", json!([parameter, parameter])),
            DuplicateParameter,
        ),
        (
            "reference to a missing response",
            Set("Api/Body/paths/~1restore/post/responses", reference),
            UnresolvedModel,
        ),
        (
            "authorizer that is cached for two hours",
            Set(
                "Api/Body/components/securitySchemes/token_dataset_auth/x-amazon-apigateway-authorizer/\
                 authorizerResultTtlInSeconds",
                json!(7_200),
            ),
            MalformedAuthorizer,
        ),
        ("301 routes", Set("Api/Body/paths", Json::Object(paths)), TooManyRoutes),
    ]
}

fn functions_and_queues() -> Vec<Mutation<Rule>> {
    use Rule::*;
    vec![
        (
            "messages that reappear while a function works",
            Set("RestoreQueue/VisibilityTimeout", json!(899)),
            VisibilityTimeout,
        ),
        ("FIFO dead-letter queue", Set("RestoreDeadLetterQueue/FifoQueue", json!(true)), RedriveMismatch),
        (
            "no attempt before a dead letter",
            Set("RestoreQueue/RedrivePolicy/maxReceiveCount", json!(0)),
            MaximumReceives,
        ),
        ("queue name with a space", Set("RestoreQueue/QueueName", json!("restore queue")), QueueName),
        (
            "two queues of one name",
            Copy("RestoreQueue/QueueName", "RestoreDeadLetterQueue/QueueName"),
            DuplicateName,
        ),
        ("large batch without a window", Set("RestoreEventSourceMapping/BatchSize", json!(11)), BatchSize),
        (
            "environment variables of more than 4 KB",
            Set("ApiFunction/Environment/Variables/PADDING", json!("x".repeat(4_096))),
            EnvironmentTooLarge,
        ),
        (
            "reserved environment variable",
            Set("ApiFunction/Environment/Variables/AWS_REGION", json!("us-east-1")),
            ReservedVariable,
        ),
        ("timeout over 15 minutes", Set("RestoreFunction/Timeout", json!(901)), FunctionTimeout),
        ("memory over 10 GB", Set("RestoreFunction/MemorySize", json!(10_241)), FunctionMemory),
        (
            "role for a destination that must have none",
            Set(
                "ApiFunctionLogSubscription/DestinationArn",
                json!("arn:aws:lambda:us-east-1:000000000000:function:logs"),
            ),
            SubscriptionRole,
        ),
    ]
}

fn monitoring_and_data() -> Vec<Mutation<Rule>> {
    use Rule::*;
    let rule = json!({ "Id": "nothing", "Status": "Enabled" });
    let statement = |principal: Json| json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": principal });
    let policy = "ApiFunctionRole/Policies/function/PolicyDocument/Statement";
    vec![
        ("period of 45 seconds", Set("RestoreFunctionErrorsAlarm/Period", json!(45)), AlarmPeriod),
        ("evaluation of more than a day", Set("ApiLatencyAlarm/EvaluationPeriods", json!(289)), AlarmPeriod),
        ("alarm without a statistic", Remove("RestoreFunctionErrorsAlarm/Statistic"), MissingStatistic),
        ("alarm on two values", Set("StuckQueueAlarm/Metrics/0/ReturnData", json!(true)), AlarmReturnData),
        ("dashboard that is no JSON", Set("Dashboard/DashboardBody", json!("{")), DashboardBody),
        ("reserved bucket name", Set("AssetsBucket/BucketName", json!("xn--assets")), BucketName),
        (
            "lifecycle rule without an action",
            Add("AssetsBucket/LifecycleConfiguration/Rules", rule),
            LifecycleWithoutAction,
        ),
        (
            "trust policy with a resource",
            Set("ApiFunctionRole/AssumeRolePolicyDocument/Statement/LambdaTakesTheRole/Resource", json!("*")),
            TrustPolicy,
        ),
        ("policy of a role with a principal", Add(policy, statement(json!("*"))), RolePolicy),
        (
            "statement without resources",
            Remove("ApiFunctionRole/Policies/function/PolicyDocument/Statement/WriteTraces/Resource"),
            RolePolicy,
        ),
        (
            "policies of more than 10 KB",
            Set(
                "ApiFunctionRole/Policies/function/PolicyDocument/Statement/WriteTraces/Sid",
                json!("x".repeat(10_240)),
            ),
            RolePolicySize,
        ),
    ]
}

/// Returns texts that differ.
fn letters(count: u8) -> Vec<String> {
    (0..count).map(|index| char::from(b'a' + index).to_string()).collect()
}
