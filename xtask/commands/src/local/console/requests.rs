//! The recent requests, and what was logged about one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{TimeDelta, Utc};
use deploy::explain::explain;
use lambda::gateway::RecentRequests;
use local_stack::console::{Lookup, Topic};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Access, boxed};

const INTERVAL: Duration = Duration::from_millis(250);
const LOGGED_TIME: TimeDelta = TimeDelta::hours(1);

/// Returns the recent requests, the newest first.
pub(super) fn recent(requests: watch::Receiver<RecentRequests>) -> Topic {
    Topic {
        name: "requests",
        interval: INTERVAL,
        read: Arc::new(move || {
            let recent = requests.borrow().iter().map(|request| json!(request)).collect();
            Box::pin(async { Ok(Value::Array(recent)) })
        }),
    }
}

/// Explains a request or a restore, as `cargo xtask explain` does.
pub(super) fn log(access: &Arc<Access>) -> Lookup {
    let access = Arc::clone(access);
    Lookup {
        name: "log",
        find: Arc::new(move |id| {
            let access = Arc::clone(&access);
            boxed(async move {
                let from = Utc::now() - LOGGED_TIME;
                let (explanation, entries) =
                    explain(&access.environment, &access.deployer, from, &id).await?;
                let lines = entries.iter().map(|entry| serde_json::from_str(&entry.to_json()));
                let lines =
                    lines.collect::<Result<Vec<Value>, _>>().context("a line of the log is no JSON")?;
                Ok(json!({ "explanation": explanation, "lines": lines }))
            })
        }),
    }
}
