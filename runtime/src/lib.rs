//! The Lambda functions of the packages service.
//!
//! - [`api`]: the API function, for `POST /restore`, `/presign/s3`, `/cloudfront/sign` and `/proxy/s3`;
//! - [`restore`]: the restore function, for the messages of the restore queue;
//! - [`authorizer`]: the authorizer function, for environments without the authorizer of the platform.
//!
//! Each of them is created from the [`configuration`] of the process without any I/O, and then handles
//! events. The binaries only connect it to the Lambda Runtime API. No module imports from above itself; a
//! test has the order.

pub mod api;
pub mod authorizer;
pub mod configuration;
pub mod http;
pub mod logging;
pub mod restore;
pub mod telemetry;

mod clock;
mod key_source;
mod platform;
mod sdk_error;

#[cfg(test)]
mod layers;
