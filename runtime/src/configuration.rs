//! The environment variables of the functions.
//!
//! A variable that only one endpoint needs is kept as a [`Setting`]: where it is missing or malformed that endpoint
//! answers 503, and the function runs.

mod api;
mod database;

use std::collections::BTreeMap;

pub use self::api::{AllowedBuckets, ApiSettings, CdnSettings};
pub use self::database::{DatabaseSettings, PLATFORM_DATABASE, PasswordSettings};

/// A variable that is missing or malformed. The message names the variable, and never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {problem}")]
pub struct SettingError {
    /// The variable's name.
    pub name: &'static str,
    problem: &'static str,
}

/// A variable that is asked for when it is needed.
pub type Setting<T> = Result<T, SettingError>;

/// The variables of a process, as they were at its start.
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process; what is not UTF-8 counts as missing.
    pub fn of_process() -> Self {
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(utf8).collect())
    }

    /// The given ones.
    pub fn from_pairs<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// A variable that is there and not blank.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// A variable that something needs.
    pub fn required(&self, name: &'static str) -> Setting<String> {
        self.optional(name).ok_or(SettingError { name, problem: "not set" })
    }

    /// A variable that must parse.
    fn parsed<T>(&self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Setting<T> {
        parse(&self.required(name)?).ok_or(SettingError { name, problem: "malformed" })
    }
}

/// What every function needs.
#[derive(Clone, Debug)]
pub struct Common {
    /// The AWS region.
    pub region: String,
    /// The S3 endpoint in place of AWS's own, if one is configured.
    pub s3_endpoint: Option<String>,
    /// How to reach the database.
    pub database: Setting<DatabaseSettings>,
}

impl Common {
    /// Read the variables.
    pub fn read(variables: &Variables) -> Self {
        let region = variables
            .optional("REGION")
            .or_else(|| variables.optional("AWS_REGION"))
            .unwrap_or_else(|| "us-east-1".to_owned());
        let s3_endpoint =
            variables.optional("AWS_ENDPOINT_URL_S3").or_else(|| variables.optional("AWS_ENDPOINT_URL"));
        Self { region, s3_endpoint, database: DatabaseSettings::read(variables) }
    }
}

/// The settings of the restore function.
pub struct RestoreSettings {
    /// What every function needs.
    pub common: Common,
    /// The table of the delete records.
    pub delete_record_table: Setting<String>,
    /// The queue that takes changelog events.
    pub jobs_queue_url: Setting<String>,
    /// The queue that the function's messages come from.
    pub restore_queue_url: Setting<String>,
}

impl RestoreSettings {
    /// Read the variables.
    pub fn read(variables: &Variables) -> Self {
        Self {
            common: Common::read(variables),
            delete_record_table: variables.required("DELETE_RECORD_DYNAMODB_TABLE_NAME"),
            jobs_queue_url: variables.required("JOBS_QUEUE_ID"),
            restore_queue_url: variables.required("RESTORE_PACKAGE_QUEUE_URL"),
        }
    }
}

/// The settings of the authorizer function.
pub struct AuthorizerSettings {
    /// What every function needs.
    pub common: Common,
    /// Whose tokens are taken, and where the keys are that sign them.
    pub tokens: Setting<TokenSettings>,
}

/// Whose tokens are taken, and where the keys are that sign them.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `client_id`.
    pub client_id: String,
    /// URL of the JSON Web Key Set.
    pub jwks_url: String,
}

impl AuthorizerSettings {
    /// Read the variables.
    pub fn read(variables: &Variables) -> Self {
        Self { common: Common::read(variables), tokens: TokenSettings::read(variables) }
    }
}

impl TokenSettings {
    fn read(variables: &Variables) -> Setting<Self> {
        Ok(Self {
            issuer: variables.required("TOKEN_ISSUER")?,
            client_id: variables.required("TOKEN_CLIENT_ID")?,
            jwks_url: variables.required("TOKEN_JWKS_URL")?,
        })
    }
}
