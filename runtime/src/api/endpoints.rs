//! The endpoints.

pub(super) mod presign;
mod proxy;
mod restore;
mod sign;
