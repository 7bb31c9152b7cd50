//! Names and ARNs by which deployed resources refer to each other.

use std::fmt;
use std::str::FromStr;

/// A text that is not a valid ARN or name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not {expected}")]
pub struct InvalidArn {
    text: String,
    expected: &'static str,
}

/// The name of a function: at most 64 letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct FunctionName(String);

impl FunctionName {
    /// Returns the name as text, which is safe to use as a file name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for FunctionName {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidArn { text: text.to_owned(), expected: "the name of a Lambda function" })
        }
    }
}

/// The ARN of a function without a version or an alias: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionArn {
    text: String,
    /// Region of the function.
    pub region: String,
    /// Account of the function.
    pub account: String,
    /// Name of the function.
    pub name: FunctionName,
}

impl FunctionArn {
    /// Parses the URI by which API Gateway invokes a function.
    ///
    /// It is `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`, or only the ARN.
    pub fn from_invocation_uri(uri: &str) -> Result<Self, InvalidArn> {
        let arn = uri
            .split_once(":lambda:path/2015-03-31/functions/")
            .and_then(|(_, rest)| rest.strip_suffix("/invocations"))
            .unwrap_or(uri);
        arn.parse()
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for FunctionArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let invalid = || InvalidArn {
            text: text.to_owned(),
            expected: "the ARN of a Lambda function without a qualifier",
        };
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", _partition, "lambda", region, account, "function", name] = parts[..] else {
            return Err(invalid());
        };
        Ok(Self {
            text: text.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            name: name.parse().map_err(|_| invalid())?,
        })
    }
}

/// The ARN of a standard queue: `arn:aws:sqs:REGION:ACCOUNT:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueArn {
    text: String,
    /// Region of the queue.
    pub region: String,
    /// Account of the queue.
    pub account: String,
    /// Name of the queue.
    pub name: String,
}

impl fmt::Display for QueueArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for QueueArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            // The poller does not keep the order of a FIFO queue. Only the name of a FIFO queue can contain a dot.
            ["arn", _partition, "sqs", region, account, name] if !name.is_empty() && !name.contains('.') => {
                Ok(Self {
                    text: text.to_owned(),
                    region: region.to_owned(),
                    account: account.to_owned(),
                    name: name.to_owned(),
                })
            }
            _ => Err(InvalidArn { text: text.to_owned(), expected: "the ARN of a standard SQS queue" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:local-packages-service-lambda-use1";

    #[test]
    fn invocation_uri_names_its_function() {
        let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations");
        let arn = FunctionArn::from_invocation_uri(&uri).unwrap();
        assert_eq!(arn.name.as_str(), "local-packages-service-lambda-use1");
        assert_eq!((arn.region.as_str(), arn.account.as_str()), ("us-east-1", "000000000000"));
        assert_eq!(arn.to_string(), ARN);
        assert_eq!(FunctionArn::from_invocation_uri(ARN).unwrap(), arn);
    }

    #[test]
    fn qualified_arn_is_rejected() {
        let error = format!("{ARN}:live").parse::<FunctionArn>().unwrap_err();
        assert!(error.to_string().contains("without a qualifier"), "{error}");
    }

    #[test]
    fn function_name_cannot_escape_its_folder() {
        for name in ["", "..", "a/b", "a b", "é", &"a".repeat(65)] {
            assert!(name.parse::<FunctionName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn only_standard_queues_are_polled() {
        let queue: QueueArn = "arn:aws:sqs:us-east-1:000000000000:restore".parse().unwrap();
        assert_eq!(queue.name, "restore");
        assert!("arn:aws:sqs:us-east-1:000000000000:restore.fifo".parse::<QueueArn>().is_err());
        assert!("arn:aws:kinesis:us-east-1:000000000000:stream/s".parse::<QueueArn>().is_err());
    }
}
