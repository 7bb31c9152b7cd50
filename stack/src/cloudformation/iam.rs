//! `AWS::IAM`, and policy documents.

mod policy_document;
mod role;

pub(crate) use policy_document::{Condition, Effect, PolicyDocument, Principal, Statement};
pub(crate) use role::{Policy, Role, RoleAttribute};
