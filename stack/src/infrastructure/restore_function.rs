//! The restore function, and what brings messages to it.

use super::Context;
use super::function::{self, FunctionParts, Variables};
use super::platform::{bucket_arn, regional_arn};
use super::restore_queue::Queues;
use crate::FunctionName;
use crate::cloudformation::{
    EventSourceMapping, Function, Handle, QueueAttribute, ScalingConfig, Statement, Template, text,
};

pub(super) const TIMEOUT_SECONDS: u32 = openapi::RESTORE_FUNCTION_TIMEOUT_SECONDS;

pub(super) fn add(template: &mut Template, context: &Context<'_>, queues: &Queues) -> Handle<Function> {
    let function = function::add(
        template,
        context,
        FunctionParts {
            name: FunctionName::Restore,
            description: "Restores deleted packages",
            artifact: &context.artifacts.restore,
            memory_megabytes: 1024,
            timeout_seconds: TIMEOUT_SECONDS,
            variables: Variables::from([
                ("DELETE_RECORD_DYNAMODB_TABLE_NAME", context.platform.delete_record_table.clone()),
                ("JOBS_QUEUE_ID", context.platform.jobs_queue.url.clone()),
                ("RESTORE_PACKAGE_QUEUE_URL", queues.restore.reference()),
            ]),
            statements: statements(context, queues),
        },
    );
    template.add(
        "RestoreEventSourceMapping",
        EventSourceMapping {
            event_source_arn: queues.restore.attribute(QueueAttribute::Arn),
            function_name: function.reference(),
            batch_size: 10,
            function_response_types: ["ReportBatchItemFailures"],
            scaling_config: ScalingConfig {
                maximum_concurrency: context.environment.restore_concurrency.get(),
            },
        },
    );
    function
}

fn statements(context: &Context<'_>, queues: &Queues) -> Vec<Statement> {
    let platform = &context.platform;
    let table_arn = regional_arn("dynamodb", text!["table/", &platform.delete_record_table]);
    let mut statements = vec![
        Statement::allow(
            "TakeMessages",
            vec!["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            vec![queues.restore.attribute(QueueAttribute::Arn)],
        ),
        // The function itself shortens the time until a message that failed comes back:
        // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
        Statement::allow(
            "DelayMessages",
            vec!["sqs:ChangeMessageVisibility"],
            vec![queues.restore.attribute(QueueAttribute::Arn)],
        ),
        // TransactWriteItems has no action of its own. A delete with a condition on its own item needs `DeleteItem` alone;
        // `ConditionCheckItem` is for the condition on another item:
        // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
        Statement::allow(
            "DeleteRecords",
            vec!["dynamodb:BatchGetItem", "dynamodb:DeleteItem"],
            vec![table_arn],
        ),
        Statement::allow("Changelog", vec!["sqs:SendMessage"], vec![platform.jobs_queue.arn.clone()]),
    ];
    if let Some(key_arn) = &platform.jobs_queue.kms_key_arn {
        let actions = vec!["kms:Decrypt", "kms:GenerateDataKey"];
        statements.push(Statement::allow("ChangelogEncryption", actions, vec![key_arn.clone()]));
    }
    if !platform.storage_buckets.is_empty() {
        let buckets = || platform.storage_buckets.iter().map(|bucket| bucket_arn(&bucket.name));
        statements.push(Statement::allow(
            "StorageBuckets",
            vec!["s3:ListBucket", "s3:ListBucketVersions"],
            buckets().collect(),
        ));
        statements.push(Statement::allow(
            "DeleteMarkers",
            vec!["s3:DeleteObjectVersion", "s3:GetObject", "s3:GetObjectVersion"],
            buckets().map(|arn| text![arn, "/*"]).collect(),
        ));
    }
    statements
}
