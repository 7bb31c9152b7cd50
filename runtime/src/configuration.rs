//! The environment variables of the functions.
//!
//! A variable that only one endpoint needs is kept as a [`Setting`]. If it is missing or malformed, that
//! endpoint returns 503, and the function runs.

mod api;
mod authorizer;
mod common;
mod database;
mod restore;
mod telemetry;
mod variables;

pub use self::api::{AllowedBuckets, ApiSettings, CdnSettings};
pub use self::authorizer::{AuthorizerSettings, TokenSettings};
pub use self::common::Common;
pub use self::database::{DatabaseSettings, PLATFORM_DATABASE, PasswordSettings};
pub use self::restore::RestoreSettings;
pub use self::telemetry::TelemetrySettings;
pub use self::variables::{Setting, SettingError, Variables};
