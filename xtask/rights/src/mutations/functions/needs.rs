//! What each function does, and what AWS services do with the function's role.

use stack::Environment;

use crate::access::{Access, regional};

const REGION: &str = "us-east-1";

/// Lambda creates network interfaces with the role of a function in a VPC:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions>.
const NETWORK: [&str; 6] = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
];

/// Returns what the function with a role does.
pub(super) fn of(environment: &Environment, role: &str) -> Vec<Access> {
    let mut needs = common(environment, role);
    needs.extend(match role {
        "ApiFunctionRole" => api(environment),
        "RestoreFunctionRole" => restore(environment),
        // It reads the keys of tokens from their issuer.
        "AuthorizerFunctionRole" => Vec::new(),
        role => panic!("what does the function with {role} do?"),
    });
    needs
}

/// Returns what the code of a function must not do.
pub(super) fn denied(environment: &Environment, role: &str) -> Vec<Access> {
    let function = regional("lambda", REGION, &format!("function:{}", function_name(environment, role)));
    // Lambda sets the condition key for requests of the function's code.
    let by_code = |action: &str| Access::on_everything(action).with("lambda:SourceFunctionArn", &function);
    NETWORK.into_iter().filter(|_| environment.network.is_some()).map(by_code).collect()
}

fn function_name(environment: &Environment, role: &str) -> String {
    let kind = match role {
        "ApiFunctionRole" => "",
        "RestoreFunctionRole" => "-restore",
        _ => "-authorizer",
    };
    format!("{}-packages-service{kind}-lambda-use1", environment.name)
}

fn common(environment: &Environment, role: &str) -> Vec<Access> {
    let group = format!("log-group:/aws/lambda/{}", function_name(environment, role));
    let stream = regional("logs", REGION, &format!("{group}:log-stream:2026/11/28/1"));
    let mut needs = vec![
        // Lambda writes what the function prints.
        Access::new("logs:CreateLogStream", &stream),
        Access::new("logs:PutLogEvents", &stream),
        // The X-Ray daemon of Lambda sends traces.
        Access::on_everything("xray:PutTelemetryRecords"),
        Access::on_everything("xray:PutTraceSegments"),
    ];
    if environment.network.is_some() {
        needs.extend(NETWORK.map(Access::on_everything));
    }
    if environment.database.is_some() {
        // The function signs a token that the proxy accepts.
        let user = format!("dbuser:value-of-RdsProxyResourceId/{}_rds_proxy_user", environment.name);
        needs.push(Access::new("rds-db:connect", regional("rds-db", REGION, &user)));
    }
    needs
}

fn storage_buckets(environment: &Environment) -> Vec<String> {
    match environment.name.as_str() {
        "local" => vec!["arn:aws:s3:::pennsieve-local-storage-use1".to_owned()],
        _ => (1..=environment.storage_buckets.len())
            .map(|number| format!("arn:aws:s3:::value-of-StorageBucket{number}"))
            .collect(),
    }
}

fn api(environment: &Environment) -> Vec<Access> {
    let name = &environment.name;
    let key = format!("parameter/{name}/packages-service/cloudfront/private-key/0123456789ab");
    let mut needs = vec![
        // `POST /restore`
        Access::new(
            "sqs:SendMessage",
            regional("sqs", REGION, &format!("{name}-restore-package-queue-use1")),
        ),
        // `GET /cloudfront/sign`
        Access::new("ssm:GetParameter", regional("ssm", REGION, &key)),
    ];
    // `/presign/s3` and `/proxy/s3`: S3 checks the permissions of the signer of a URL. A missing object is 404 only if
    // the signer may list the bucket.
    let assets = format!("arn:aws:s3:::pennsieve-{name}-pkg-assets-use1");
    for bucket in storage_buckets(environment).into_iter().chain([assets]) {
        needs.extend(
            ["s3:GetObject", "s3:GetObjectVersion"].map(|it| Access::new(it, format!("{bucket}/key"))),
        );
        needs.push(Access::new("s3:ListBucket", bucket));
    }
    needs
}

fn restore(environment: &Environment) -> Vec<Access> {
    let name = &environment.name;
    let queue = regional("sqs", REGION, &format!("{name}-restore-package-queue-use1"));
    let table = match name.as_str() {
        "local" => "local-process-jobs-table-use1",
        _ => "value-of-DeleteRecordTable",
    };
    let table = regional("dynamodb", REGION, &format!("table/{table}"));
    let mut needs = vec![
        // The event source mapping of Lambda receives the messages.
        Access::new("sqs:ReceiveMessage", &queue),
        Access::new("sqs:DeleteMessage", &queue),
        Access::new("sqs:GetQueueAttributes", &queue),
        // The function delays the next attempt.
        Access::new("sqs:ChangeMessageVisibility", &queue),
        Access::new("dynamodb:BatchGetItem", &table),
        Access::new("dynamodb:DeleteItem", &table),
        // The changelog.
        Access::new("sqs:SendMessage", regional("sqs", REGION, "jobs")),
    ];
    if environment.jobs_queue.kms_key_arn.is_some() {
        let key = regional("kms", REGION, "key/jobs");
        needs.push(Access::new("kms:GenerateDataKey", &key));
        // SQS decrypts its own data key when a message is sent.
        needs.push(Access::new("kms:Decrypt", &key));
    }
    // It finds the delete markers of files, and deletes them.
    for bucket in storage_buckets(environment) {
        needs.push(Access::new("s3:ListBucketVersions", &bucket));
        needs.push(Access::new("s3:DeleteObjectVersion", format!("{bucket}/key")));
    }
    needs
}
