//! Mutations after which objects, messages or logs are lost.

use serde_json::json;

use super::super::edit::Edit::{Add, Remove, Set};
use super::{LOSES_DATA, Mark, Mutation};

pub(super) fn mutations() -> Vec<Mutation<Mark>> {
    use Mark::Endangered;
    let expiration = json!({ "Id": "expire", "Status": "Enabled", "ExpirationInDays": 30 });
    let noncurrent = "AssetsBucket/LifecycleConfiguration/Rules/noncurrent-versions-for-30-days/NoncurrentVersionExpiration";
    vec![
        ("removed bucket", Remove("/Resources/AssetsBucket"), Endangered),
        ("renamed bucket", Set("AssetsBucket/BucketName", json!("another")), Endangered),
        (
            "bucket that is deleted with the stack",
            Remove("/Resources/AssetsBucket/DeletionPolicy"),
            LOSES_DATA,
        ),
        (
            "bucket that is deleted when replaced",
            Remove("/Resources/AssetsBucket/UpdateReplacePolicy"),
            LOSES_DATA,
        ),
        (
            "signing key that is deleted when replaced",
            Remove("/Resources/SigningKeyNew/UpdateReplacePolicy"),
            LOSES_DATA,
        ),
        ("objects that expire", Add("AssetsBucket/LifecycleConfiguration/Rules", expiration), LOSES_DATA),
        (
            "old versions that are deleted earlier",
            Set(noncurrent, json!({ "NoncurrentDays": 1 })),
            LOSES_DATA,
        ),
        (
            "uploads that are aborted earlier",
            Set(
                "AssetsBucket/LifecycleConfiguration/Rules/incomplete-uploads-for-7-days/\
                 AbortIncompleteMultipartUpload/DaysAfterInitiation",
                json!(1),
            ),
            LOSES_DATA,
        ),
        ("bucket without versions", Remove("AssetsBucket/VersioningConfiguration"), LOSES_DATA),
        ("removed queue", Remove("/Resources/RestoreQueue"), Endangered),
        ("renamed queue", Set("RestoreQueue/QueueName", json!("another")), Endangered),
        ("FIFO queue in its place", Set("RestoreDeadLetterQueue/FifoQueue", json!(true)), Endangered),
        ("queue without a dead-letter queue", Remove("RestoreQueue/RedrivePolicy"), LOSES_DATA),
        (
            "messages that are deleted earlier",
            Set("RestoreQueue/MessageRetentionPeriod", json!(60)),
            LOSES_DATA,
        ),
        (
            "dead letters kept for the default time",
            Remove("RestoreDeadLetterQueue/MessageRetentionPeriod"),
            LOSES_DATA,
        ),
        (
            "failed messages that are deleted with their batch",
            Remove("RestoreEventSourceMapping/FunctionResponseTypes"),
            LOSES_DATA,
        ),
        ("removed log group", Remove("/Resources/ApiFunctionLogGroup"), Endangered),
        ("renamed log group", Set("AccessLogGroup/LogGroupName", json!("another")), Endangered),
        (
            "logs that are deleted earlier",
            Set("RestoreFunctionLogGroup/RetentionInDays", json!(1)),
            LOSES_DATA,
        ),
    ]
}
