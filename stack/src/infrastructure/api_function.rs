//! The API function.

use std::collections::{BTreeMap, BTreeSet};

use openapi::{ActionResource, ROUTES, variables as names};

use super::context::Context;
use super::function::{self, FunctionParts, Variables};
use super::platform::{bucket_arn, regional_arn, storage_buckets};
use super::restore_queue::Queues;
use super::signing_keys::TrustedKeys;
use crate::cloudformation::{
    Bucket, BucketAttribute, Function, Handle, Number, QueueAttribute, Statement, Template, Value, text,
};
use crate::function_name::FunctionName;
use crate::signing_key::{private_key_parameter, private_key_parameters};

/// The logical id of the API function.
pub(crate) const API_FUNCTION: &str = "ApiFunction";
/// The variables with the active key: its id at CloudFront, and the parameter of its private half.
pub(crate) const ACTIVE_KEY_VARIABLES: [&str; 2] =
    [names::CLOUDFRONT_KEY_ID, names::CLOUDFRONT_PRIVATE_KEY_SSM_PARAM];

/// The variable with the buckets whose URLs `/proxy/s3` accepts.
pub(crate) const PROXIED_BUCKETS: &str = names::PROXY_ALLOWED_BUCKETS;

/// One second less than the timeout of the gateway.
const TIMEOUT_SECONDS: u32 = 29;

pub(super) fn add(
    template: &mut Template,
    context: &Context<'_>,
    bucket: &Handle<Bucket>,
    cdn_domain: &Value<String>,
    queues: &Queues,
    keys: &TrustedKeys,
) -> Handle<Function> {
    let storage_buckets = storage_buckets(template, context.environment);
    let mut variables = Variables::from([
        (names::VIEWER_ASSETS_BUCKET, bucket.reference()),
        (names::CLOUDFRONT_DISTRIBUTION_DOMAIN, cdn_domain.clone()),
        (PROXIED_BUCKETS, proxied_buckets(context, bucket, &storage_buckets)),
        (names::RESTORE_PACKAGE_QUEUE_URL, queues.restore.reference()),
    ]);
    if let Some(hash) = context.environment.signing_hash {
        variables.insert(names::CLOUDFRONT_HASH_ALGORITHM, hash.name().into());
    }
    if let Some((fingerprint, public_key)) = &keys.active {
        let parameter = private_key_parameter(context.environment, fingerprint);
        let [key_id, private_key] = ACTIVE_KEY_VARIABLES;
        variables.insert(key_id, public_key.reference());
        variables.insert(private_key, parameter.into());
    }
    function::add(
        template,
        context,
        FunctionParts {
            name: FunctionName::Api,
            description: "Answers the requests of the packages API",
            artifact: &context.artifacts.api,
            memory_megabytes: Number::of::<512>(),
            timeout_seconds: Number::of::<TIMEOUT_SECONDS>(),
            variables,
            statements: statements(context, bucket, &storage_buckets, queues),
        },
    )
}

/// Returns a list of names separated by commas. The assets bucket is always one of them.
fn proxied_buckets(
    context: &Context<'_>,
    bucket: &Handle<Bucket>,
    storage_buckets: &[Value<String>],
) -> Value<String> {
    let storage_buckets = context.environment.storage_buckets.iter().zip(storage_buckets);
    let proxied = storage_buckets.filter(|(bucket, _)| bucket.proxied);
    proxied.fold(bucket.reference(), |list, (_, name)| text![list, ",", name])
}

/// Returns the permissions that the handlers of the routes need, on the resources of this stack.
fn statements(
    context: &Context<'_>,
    bucket: &Handle<Bucket>,
    storage_buckets: &[Value<String>],
    queues: &Queues,
) -> Vec<Statement> {
    let mut actions: BTreeMap<ActionResource, BTreeSet<&'static str>> = BTreeMap::new();
    for action in ROUTES.iter().flat_map(|route| route.actions) {
        actions.entry(action.resource()).or_default().insert(action.name());
    }
    let storage_buckets = || storage_buckets.iter().map(bucket_arn);
    let assets_arn = bucket.attribute(BucketAttribute::Arn);
    actions
        .into_iter()
        .map(|(resource, actions)| {
            let (sid, resources) = match resource {
                ActionResource::AssetsBucket => ("AssetsBucket", vec![assets_arn.clone()]),
                ActionResource::AssetsBucketObjects => ("Assets", vec![text![&assets_arn, "/*"]]),
                ActionResource::StorageBuckets => ("StorageBuckets", storage_buckets().collect()),
                ActionResource::StorageBucketObjects => {
                    ("StoredFiles", storage_buckets().map(|arn| text![arn, "/*"]).collect())
                }
                ActionResource::RestoreQueue => {
                    ("RestoreQueue", vec![queues.restore.attribute(QueueAttribute::Arn)])
                }
                ActionResource::SigningKeyParameter => ("SigningKeys", vec![signing_keys_arn(context)]),
            };
            Statement::allow(sid, actions.into_iter().collect(), resources)
        })
        .filter(|statement| !statement.resource.is_empty())
        .collect()
}

/// Returns the ARN of all private keys, not only of the active one: while a rotation switches keys, containers with the old
/// configuration still start and need the old key. The KMS key of a SecureString is AWS's own and needs no statement:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html>.
fn signing_keys_arn(context: &Context<'_>) -> Value<String> {
    let prefix = private_key_parameters(context.environment);
    regional_arn("ssm", text!["parameter", prefix, "*"])
}
