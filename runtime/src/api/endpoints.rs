//! The endpoints: a module of functions for each path.

pub(super) mod presign;
pub(super) mod proxy;
pub(super) mod restore;
pub(super) mod sign;

mod object_headers;
