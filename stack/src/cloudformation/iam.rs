//! `AWS::IAM`.

mod role;

pub(crate) use role::{Policy, Role, RoleAttribute};
