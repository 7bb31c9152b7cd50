//! The restore function, and the event source mapping that brings messages to it.

use openapi::variables as names;

use super::context::Context;
use super::function::{self, FunctionParts, Variables};
use super::platform::{self, bucket_arn, regional_arn};
use super::restore_queue::Queues;
use crate::cloudformation::{
    EventSourceMapping, Function, Handle, Number, QueueAttribute, ScalingConfig, Statement, Template, Value,
    text,
};
use crate::function_name::FunctionName;

pub(super) const TIMEOUT_SECONDS: u32 = openapi::RESTORE_FUNCTION_TIMEOUT_SECONDS;

pub(super) fn add(template: &mut Template, context: &Context<'_>, queues: &Queues) -> Handle<Function> {
    let table = platform::value(
        template,
        "DeleteRecordTable",
        "Name of the DynamoDB table of the delete records.",
        &context.environment.delete_record_table,
    );
    let jobs_queue = &context.environment.jobs_queue;
    let jobs_queue_url = platform::value(template, "JobsQueueUrl", "URL of the jobs queue.", &jobs_queue.url);
    let statements = statements(template, context, &table, queues);
    let function = function::add(
        template,
        context,
        FunctionParts {
            name: FunctionName::Restore,
            description: "Restores deleted packages",
            artifact: &context.artifacts.restore,
            memory_megabytes: Number::of::<1024>(),
            timeout_seconds: Number::of::<TIMEOUT_SECONDS>(),
            variables: Variables::from([
                (names::DELETE_RECORD_DYNAMODB_TABLE_NAME, table),
                (names::JOBS_QUEUE_ID, jobs_queue_url),
                (names::RESTORE_PACKAGE_QUEUE_URL, queues.restore.reference()),
            ]),
            statements,
        },
    );
    template.add(
        "RestoreEventSourceMapping",
        EventSourceMapping {
            event_source_arn: queues.restore.attribute(QueueAttribute::Arn),
            function_name: function.reference(),
            batch_size: Number::of::<10>(),
            function_response_types: ["ReportBatchItemFailures"],
            scaling_config: ScalingConfig { maximum_concurrency: context.environment.restore_concurrency },
        },
    );
    function
}

fn statements(
    template: &mut Template,
    context: &Context<'_>,
    table: &Value<String>,
    queues: &Queues,
) -> Vec<Statement> {
    let table_arn = regional_arn("dynamodb", text!["table/", table]);
    let jobs_queue = &context.environment.jobs_queue;
    let jobs_queue_arn = platform::value(template, "JobsQueueArn", "ARN of the jobs queue.", &jobs_queue.arn);
    let mut statements = vec![
        Statement::allow(
            "TakeMessages",
            vec!["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            vec![queues.restore.attribute(QueueAttribute::Arn)],
        ),
        // The function shortens the time after which a failed message is received again:
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
        Statement::allow("Changelog", vec!["sqs:SendMessage"], vec![jobs_queue_arn]),
    ];
    if let Some(key_arn) = &jobs_queue.kms_key_arn {
        let description = "ARN of the KMS key of the jobs queue.";
        let key_arn = platform::value(template, "JobsQueueKmsKeyArn", description, key_arn);
        let actions = vec!["kms:Decrypt", "kms:GenerateDataKey"];
        statements.push(Statement::allow("ChangelogEncryption", actions, vec![key_arn]));
    }
    let storage_buckets = platform::storage_buckets(template, context.environment);
    if !storage_buckets.is_empty() {
        let buckets = || storage_buckets.iter().map(bucket_arn);
        statements.push(Statement::allow(
            "StorageBuckets",
            vec!["s3:ListBucketVersions"],
            buckets().collect(),
        ));
        statements.push(Statement::allow(
            "DeleteMarkers",
            vec!["s3:DeleteObjectVersion"],
            buckets().map(|arn| text![arn, "/*"]).collect(),
        ));
    }
    statements
}
