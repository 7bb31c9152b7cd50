//! A deployment of a function, ready to run.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::instance::Launch;
use super::traces::{Daemon, Document, InvocationTrace, TraceSink};
use super::{BootstrapError, DeployedFunction, InvocationOutcome, PoolSettings, bootstrap, environment};
use crate::control_plane::{FunctionArn, FunctionRevision};
use crate::role::RoleSession;

/// Everything that is needed to run a deployed function.
pub(super) struct Definition {
    pub(super) arn: FunctionArn,
    pub(super) revision: FunctionRevision,
    pub(super) timeout: Duration,
    pub(super) launch: Launch,
    pub(super) tracing: Option<Tracing>,
}

/// The tracing of a function with active tracing.
pub(super) struct Tracing {
    daemon: Daemon,
    sink: TraceSink,
}

impl Definition {
    /// Unpacks the function.
    pub(super) async fn new(
        function: DeployedFunction,
        settings: &PoolSettings,
    ) -> Result<Self, BootstrapError> {
        environment::check_size(&function)?;
        let bootstrap = bootstrap::unpack(&function, &settings.code_directory).await?;
        let log_directory = &settings.log_directory;
        tokio::fs::create_dir_all(log_directory)
            .await
            .map_err(|source| BootstrapError::Write { path: log_directory.clone(), source })?;
        let role = RoleSession::new(&function.role, &function.arn.name);
        let tracing = match settings.trace_sink.clone().filter(|_| function.has_active_tracing) {
            Some(sink) => {
                let daemon = Daemon::start(role.clone(), sink.clone()).await;
                Some(Tracing { daemon: daemon.map_err(BootstrapError::Daemon)?, sink })
            }
            None => None,
        };
        let launch = Launch {
            environment: environment::variables(
                &function,
                &bootstrap,
                tracing.as_ref().map(|tracing| tracing.daemon.address()),
                settings.roles.variables(&role),
                &settings.environment,
            ),
            role,
            bootstrap,
            log_group: function.log_group,
            log_sink: settings.log_sink.clone(),
            log_file: log_directory.join(format!("{}.log", function.arn.name)),
            on_spawn: Arc::clone(&settings.on_spawn),
        };
        Ok(Self {
            arn: function.arn,
            revision: function.revision,
            timeout: function.timeout,
            launch,
            tracing,
        })
    }

    /// Sends the trace of an invocation that has ended, if the function has active tracing.
    pub(super) fn trace(&self, trace: InvocationTrace, request_id: Uuid, outcome: &InvocationOutcome) {
        let Some(Tracing { sink, .. }) = &self.tracing else { return };
        let (sink, role, function) = (sink.clone(), self.launch.role.clone(), self.arn.clone());
        let ended = trace.ended(outcome);
        // The caller need not wait until the instance is idle.
        tokio::spawn(async move {
            for text in ended.documents(&function, request_id).await {
                sink.take(Document { role: role.clone(), text });
            }
        });
    }
}
