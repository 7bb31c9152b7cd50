//! What the functions share of the platform around them: AWS, the database, HTTP.

pub(crate) mod aws;
pub(crate) mod backoff;
pub(crate) mod database;
pub(crate) mod http_client;
pub(crate) mod region;
