//! What the functions share to reach AWS, the database and other hosts.

pub(crate) mod aws;
pub(crate) mod backoff;
pub(crate) mod database;
pub(crate) mod http_client;
pub(crate) mod region;
pub(crate) mod sqs;
