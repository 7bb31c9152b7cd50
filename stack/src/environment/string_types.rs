//! Types of strings in an environment: each accepts only valid values.

/// A string that is not valid for its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {expected}")]
pub struct InvalidValue {
    value: String,
    expected: &'static str,
}

impl InvalidValue {
    pub(crate) fn new(value: String, expected: &'static str) -> Self {
        Self { value, expected }
    }
}

/// Declares types of strings: the name, the description in errors, and the condition for values.
macro_rules! string_types {
    ($($(#[$documentation:meta])* $name:ident: $expected:literal, $valid:expr;)+) => {$(
        $(#[$documentation])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::environment::InvalidValue;

            fn try_from(value: String) -> Result<Self, $crate::environment::InvalidValue> {
                let valid: fn(&str) -> bool = $valid;
                if valid(&value) { Ok(Self(value)) } else { Err($crate::environment::InvalidValue::new(value, $expected)) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::environment::InvalidValue;

            fn from_str(value: &str) -> Result<Self, $crate::environment::InvalidValue> {
                value.to_owned().try_into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    )+};
}
pub(crate) use string_types;

string_types! {
    /// The name of an environment, a part of most names.
    EnvironmentName: "the name of an environment: 1 to 12 lowercase letters and digits, starting with a letter",
        |text| is_name(text, 12) && !text.contains('-');
    /// The name of the service, a part of most names.
    ServiceName: "the name of a service: 1 to 24 lowercase letters, digits and hyphens, starting with a letter",
        |text| is_name(text, 24);
    /// A region, such as `us-east-1`.
    Region: "a region such as us-east-1",
        |text| is_name(text, 24) && text.split('-').count() >= 3;
    /// A region as the platform writes it in names, such as `use1`.
    RegionShortName: "the short name of a region such as use1: 1 to 8 lowercase letters and digits, starting with a letter",
        |text| is_name(text, 8) && !text.contains('-');
    /// The suffix of the names of resources, such as `v2`.
    Suffix: "a suffix such as v2: 1 to 8 lowercase letters and digits, starting with a letter",
        |text| is_name(text, 8) && !text.contains('-');
    /// The id of an AWS account.
    AccountId: "the id of an AWS account: 12 digits",
        |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    /// The name of a bucket.
    BucketName: "the name of a bucket: 3 to 63 lowercase letters, digits, hyphens and dots, starting and ending with a letter or digit",
        |text| (3..=63).contains(&text.len())
            && text.bytes().all(|byte| is_lowercase_or_digit(byte) || b"-.".contains(&byte))
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.ends_with(|last: char| last.is_ascii_alphanumeric())
            && !text.contains("..");
    /// The ARN of a resource.
    Arn: "an ARN such as arn:aws:sns:us-east-1:123456789012:topic, without wildcards",
        |text| is_arn(text, "", "");
    /// The ARN of an IAM role.
    RoleArn: "the ARN of a role such as arn:aws:iam::123456789012:role/name",
        |text| is_arn(text, "iam", "role/");
    /// The ARN of a managed policy.
    PolicyArn: "the ARN of a managed policy such as arn:aws:iam::123456789012:policy/name",
        |text| is_arn(text, "iam", "policy/");
    /// The ARN of a KMS key; policies do not accept the ARN of an alias.
    KeyArn: "the ARN of a KMS key such as arn:aws:kms:us-east-1:123456789012:key/id",
        |text| is_arn(text, "kms", "key/");
    /// The ARN of a queue.
    QueueArn: "the ARN of a queue such as arn:aws:sqs:us-east-1:123456789012:name",
        |text| is_arn(text, "sqs", "");
    /// The ARN of a Lambda function.
    FunctionArn: "the ARN of a function such as arn:aws:lambda:us-east-1:123456789012:function:name",
        |text| is_arn(text, "lambda", "function:");
    /// The name of a DynamoDB table.
    TableName: "the name of a table: 3 to 255 letters, digits, `.`, `-` and `_`",
        |text| (3..=255).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    /// The id of an RDS proxy, which its ARN contains.
    ProxyId: "the id of an RDS proxy such as prx-0123456789abcdef0",
        |text| is_id(text, "prx-");
    /// The id of a subnet.
    SubnetId: "the id of a subnet such as subnet-0123456789abcdef0",
        |text| is_id(text, "subnet-");
    /// The id of a security group.
    SecurityGroupId: "the id of a security group such as sg-0123456789abcdef0",
        |text| is_id(text, "sg-");
    /// A domain or host.
    DomainName: "a domain without scheme and path",
        |text| text.contains(|letter: char| letter.is_ascii_alphanumeric())
            && text.bytes().all(|byte| is_lowercase_or_digit(byte) || b"-.".contains(&byte));
    /// An HTTP URL.
    Url: "a URL with http or https",
        |text| has_web_scheme(text) && is_graphic(text);
    /// An origin, such as `https://app.pennsieve.io`, or `*` for any.
    Origin: "an origin: scheme and host, no path, or * alone",
        |text| text == "*" || has_web_scheme(text) && text.matches('/').count() == 2 && is_graphic(text);
    /// The name of an HTTP header, not `*`: browsers do not apply that to `Authorization`.
    HeaderName: "the name of an HTTP header: letters, digits, hyphens and underscores",
        |text| !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    /// Text that is not blank.
    Text: "text: it is blank or contains a control character",
        |text| !text.trim().is_empty() && !text.contains(char::is_control);
    /// The path of a parameter in the Parameter Store.
    ParameterName: "the path of a parameter: it starts with / and contains only letters, digits, `.`, `-`, `_` and /",
        |text| text.len() > 1 && text.starts_with('/')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte));
}

impl Region {
    /// Returns the partition that the region belongs to:
    /// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
    pub fn partition(&self) -> &'static str {
        const PARTITIONS: [(&str, &str); 7] = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("eusc-", "aws-eusc"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-isof-", "aws-iso-f"),
        ];
        let found = PARTITIONS.into_iter().find(|(beginning, _)| self.0.starts_with(beginning));
        found.map_or("aws", |(_, partition)| partition)
    }
}

/// Whether text is the ARN of one resource of a service (any service where that is blank).
///
/// Wildcards and variables, with which IAM would match more than one resource, are not accepted.
fn is_arn(text: &str, service: &str, beginning: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, found, _, account, resource] = parts[..] else { return false };
    arn == "arn"
        && partition.starts_with("aws")
        && !found.is_empty()
        && (service.is_empty() || found == service)
        && (account.is_empty() || account == "aws" || account.parse::<AccountId>().is_ok())
        && resource.strip_prefix(beginning).is_some_and(|rest| !rest.is_empty())
        && is_graphic(text)
        && !text.contains(['*', '?', '$', '{', '}', '"', '\'', '\\'])
}

/// Whether text is an id that AWS assigned, such as `subnet-0123456789abcdef0`.
fn is_id(text: &str, beginning: &str) -> bool {
    text.strip_prefix(beginning)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn is_lowercase_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_name(text: &str, longest: usize) -> bool {
    text.len() <= longest
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| is_lowercase_or_digit(byte) || byte == b'-')
}

fn is_graphic(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn has_web_scheme(text: &str) -> bool {
    ["https://", "http://"].into_iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
}
