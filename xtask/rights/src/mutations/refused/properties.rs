//! Mutations that the schemas of the resource types do not allow: the change set fails.

use cloudformation_rules::Rule;
use serde_json::{Value as Json, json};

use super::super::edit::Edit::{Remove, Set};
use super::Mutation;

pub(super) fn mutations() -> Vec<Mutation<Rule>> {
    use Rule::*;
    let failures = "ReportBatchItemFailures";
    vec![
        (
            "name of a key group outside of its configuration",
            Set("KeyGroup/Name", json!("group")),
            UnknownProperty,
        ),
        ("permission without a principal", Remove("ApiFunctionPermission/Principal"), MissingProperty),
        ("role that is null", Set("RestoreFunction/Role", Json::Null), WrongType),
        ("retention that does not exist", Set("AccessLogGroup/RetentionInDays", json!(8)), NotInEnumeration),
        ("runtime that does not exist", Set("RestoreFunction/Runtime", json!("rust")), NotInEnumeration),
        (
            "response type that does not exist",
            Set("RestoreEventSourceMapping/FunctionResponseTypes", json!(["Other"])),
            NotInEnumeration,
        ),
        (
            "bucket name with a capital letter",
            Set("AssetsBucket/BucketName", json!("Assets")),
            PatternMismatch,
        ),
        ("path of a role without slashes", Set("ApiFunctionRole/Path", json!("no slash")), PatternMismatch),
        (
            "long description of a function",
            Set("ApiFunction/Description", json!("x".repeat(257))),
            TextLength,
        ),
        (
            "message retention below a minute",
            Set("RestoreDeadLetterQueue/MessageRetentionPeriod", json!(59)),
            NumberRange,
        ),
        (
            "concurrency of one",
            Set("RestoreEventSourceMapping/ScalingConfig/MaximumConcurrency", json!(1)),
            NumberRange,
        ),
        ("two architectures", Set("ApiFunction/Architectures", json!(["x86_64", "arm64"])), ItemCount),
        (
            "the same response type twice",
            Set("RestoreEventSourceMapping/FunctionResponseTypes", json!([failures, failures])),
            DuplicateItems,
        ),
        ("ARN of a bucket", Set("AssetsBucket/Arn", json!("arn:aws:s3:::assets")), ReadOnlyProperty),
        (
            "statistic and percentile of one alarm",
            Set("RestoreFunctionErrorsAlarm/ExtendedStatistic", json!("p99")),
            PropertyCombination,
        ),
        ("evaluation window of no kind", Set("ApiLatencyAlarm/EvaluationWindow", json!({})), Alternatives),
    ]
}
