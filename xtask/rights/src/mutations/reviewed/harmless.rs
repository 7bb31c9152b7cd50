//! Changes that need no attention: similar to mutations, but harmless.

use serde_json::json;

use super::super::edit::Edit::{self, Add, Remove, Set};

pub(super) fn changes() -> Vec<(&'static str, Edit)> {
    vec![
        ("longer retention of logs", Set("ApiFunctionLogGroup/RetentionInDays", json!(90))),
        ("longer retention of messages", Set("RestoreQueue/MessageRetentionPeriod", json!(1_209_600))),
        (
            "later deletion of old versions",
            Set(
                "AssetsBucket/LifecycleConfiguration/Rules/noncurrent-versions-for-30-days/NoncurrentVersionExpiration",
                json!({ "NoncurrentDays": 90 }),
            ),
        ),
        ("more memory", Set("ApiFunction/MemorySize", json!(1_024))),
        ("more attempts", Set("RestoreQueue/RedrivePolicy/maxReceiveCount", json!(10))),
        ("larger threshold of an alarm", Set("ApiLatencyAlarm/Threshold", json!(10_000))),
        (
            "shorter lifetime of cached objects",
            Set("AssetsCachePolicy/CachePolicyConfig/DefaultTTL", json!(60)),
        ),
        (
            "newer version of TLS",
            Set(
                "Distribution/DistributionConfig/ViewerCertificate",
                json!({ "MinimumProtocolVersion": "TLSv1.3_2025" }),
            ),
        ),
        (
            "fewer actions of a role",
            Remove("RestoreFunctionRole/Policies/function/PolicyDocument/Statement/DeleteRecords/Action/0"),
        ),
        (
            "more denials",
            Add(
                "ApiFunctionRole/Policies/function/PolicyDocument/Statement",
                json!({ "Sid": "More", "Effect": "Deny", "Action": "s3:*", "Resource": "*" }),
            ),
        ),
        ("queue with the default encryption", Remove("RestoreQueue/SqsManagedSseEnabled")),
    ]
}
