//! `AWS::Lambda`.

mod event_source_mapping;
mod function;
mod permission;

pub(crate) use event_source_mapping::{EventSourceMapping, ScalingConfig};
pub(crate) use function::{
    Code, Function, FunctionAttribute, FunctionEnvironment, LoggingConfig, MemoryMegabytes, TimeoutSeconds,
    TracingConfig, VpcConfig,
};
pub(crate) use permission::Permission;
