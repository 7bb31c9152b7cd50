//! The Lambda functions of the packages service.
//!
//! - [`api`]: the API function, `POST /restore`, `/presign/s3`, `/cloudfront/sign`, `/proxy/s3`;
//! - [`restore`]: the restore function, which works through the restore queue;
//! - [`authorizer`]: the authorizer function, for where the platform's own is not there.
//!
//! Each is a type that is built from the process's [`configuration`] without any I/O, and then answers events.
//! The binaries only connect these to the Lambda Runtime API.

pub mod api;
pub mod authorizer;
pub mod configuration;
pub mod logging;
pub mod restore;
pub mod signing;

mod platform;
mod sdk_error;
