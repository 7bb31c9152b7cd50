//! Checks what an environment needs before it can be deployed. Only reads.

mod quotas;
mod rights;

use anyhow::Result;
use serde_json::Value;
use stack::{Environment, PlatformParameterValues};

use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::deployed_stack::Deployed;
use crate::existing::{Conflict, Existing, Takeover, Unchecked};
use crate::platform_parameters;

/// The result of one check.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub subject: String,
    /// The result.
    pub result: CheckResult,
}

/// The result of a check.
#[derive(Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// It is as needed. The text says what was found.
    Passed(String),
    /// It is not there yet, and a deployment creates it.
    Pending(String),
    /// It prevents a deployment. The text says what to do.
    Failed(String),
    /// It could not be checked, for this reason.
    Unknown(String),
}

impl Check {
    /// Creates the result of a check.
    pub fn new(subject: impl Into<String>, result: CheckResult) -> Self {
        Self { subject: subject.into(), result }
    }
}

/// Checks what an environment needs, as far as the caller may read it.
pub async fn check(environment: &Environment, connection: &Connection) -> Result<Vec<Check>> {
    let template = stack::preview(environment)?.to_value();
    let mut checks = vec![account(environment, connection)];
    let (bucket, (parameters, values)) = tokio::join!(
        artifact_bucket(environment, connection),
        parameters(environment, connection, &template)
    );
    checks.push(bucket);
    checks.extend(parameters);
    let (names, rights) = tokio::join!(
        names_and_quotas(environment, connection, &template, values.as_ref()),
        rights::check(environment, connection, values.as_ref()),
    );
    checks.extend(names);
    checks.extend(rights);
    Ok(checks)
}

/// Checks the names and the number of the resources that the next deployment would create.
async fn names_and_quotas(
    environment: &Environment,
    connection: &Connection,
    template: &Value,
    values: Option<&PlatformParameterValues>,
) -> Vec<Check> {
    let deployed = match Deployed::read(environment, connection).await {
        Ok(deployed) => deployed,
        Err(error) => return vec![Check::new("stack", unknown(&error))],
    };
    let deployed = deployed.as_ref().map(|deployed| deployed.template.as_value());
    let (mut names, quotas) = tokio::join!(
        names(environment, connection, deployed, template, values),
        quotas::check(connection, deployed, template)
    );
    names.extend(quotas);
    names
}

/// The connection has already rejected credentials for another account.
fn account(environment: &Environment, connection: &Connection) -> Check {
    let Connection { account, caller, .. } = connection;
    let named = if environment.account.is_some() { "" } else { ", which the environment file does not name" };
    Check::new("account", CheckResult::Passed(format!("{account}{named}, as {caller}")))
}

async fn artifact_bucket(environment: &Environment, connection: &Connection) -> Check {
    let bucket = ArtifactBucket::new(environment, connection);
    let result = match bucket.exists().await {
        Ok(true) => CheckResult::Passed(bucket.name().to_owned()),
        Ok(false) => CheckResult::Pending(format!(
            "{} does not exist; the first deployment asks whether to create it",
            bucket.name()
        )),
        Err(error) => CheckResult::Failed(format!(
            "{error:#}; if it belongs to another account, name another one in stack/environments/{}.toml",
            environment.name
        )),
    };
    Check::new("artifact bucket", result)
}

/// Checks the platform parameters, and returns their values if all of them are there and valid.
async fn parameters(
    environment: &Environment,
    connection: &Connection,
    template: &Value,
) -> (Vec<Check>, Option<PlatformParameterValues>) {
    let subject = "platform parameters";
    let parameters = stack::platform_parameters(template);
    let found = platform_parameters::look_up(environment, connection, &parameters).await;
    match found {
        Err(error) => (vec![Check::new(subject, unknown(&error))], None),
        Ok((values, problems)) if problems.is_empty() => {
            let count = format!("{} present and valid", parameters.len());
            (vec![Check::new(subject, CheckResult::Passed(count))], Some(values))
        }
        Ok((_, problems)) => {
            let check = |problem: String| Check::new("platform parameter", CheckResult::Failed(problem));
            (problems.into_iter().map(check).collect(), None)
        }
    }
}

/// Looks up the names that the next deployment would use.
async fn names(
    environment: &Environment,
    connection: &Connection,
    deployed: Option<&Value>,
    template: &Value,
    values: Option<&PlatformParameterValues>,
) -> Vec<Check> {
    let subject = "names";
    let Some(values) = values else {
        let reason = "some names are in platform parameters, which have to be corrected first";
        return vec![Check::new(subject, CheckResult::Unknown(reason.to_owned()))];
    };
    let existing = Existing::find(environment, connection, deployed, template, values).await;
    name_checks(existing)
}

fn name_checks(Existing { conflicts, takeovers, unchecked }: Existing) -> Vec<Check> {
    if conflicts.is_empty() && takeovers.is_empty() && unchecked.is_empty() {
        return vec![Check::new("names", CheckResult::Passed("none is taken".to_owned()))];
    }
    let taken = conflicts.into_iter().map(|Conflict { resource, name, advice, .. }| {
        Check::new("name", CheckResult::Failed(format!("{name} ({resource}) is taken\n{advice}")))
    });
    let imported = takeovers.into_iter().map(|Takeover { resource, name, .. }| {
        let result = format!("{name} ({resource}) exists; the deployment imports it");
        Check::new("name", CheckResult::Pending(result))
    });
    let unknown = unchecked.into_iter().map(|Unchecked { resource, name, reason }| {
        Check::new("name", CheckResult::Unknown(format!("{name} ({resource}): {reason}")))
    });
    taken.chain(imported).chain(unknown).collect()
}

fn unknown(error: &anyhow::Error) -> CheckResult {
    CheckResult::Unknown(format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::{Check, CheckResult, name_checks};
    use crate::existing::{Conflict, Existing, Unchecked};

    #[test]
    fn each_name_that_is_taken_or_unknown_is_a_check() {
        let passed = name_checks(Existing::default());
        assert_eq!(passed, [Check::new("names", CheckResult::Passed("none is taken".to_owned()))]);
        let existing = Existing {
            conflicts: vec![Conflict {
                resource: "Queue".to_owned(),
                resource_type: "AWS::SQS::Queue".to_owned(),
                name: "dev-queue".to_owned(),
                advice: "rename it".to_owned(),
            }],
            unchecked: vec![Unchecked {
                resource: "Group".to_owned(),
                name: "dev-group".to_owned(),
                reason: "denied".to_owned(),
            }],
            ..Existing::default()
        };
        let checks = name_checks(existing);
        assert_eq!(checks[0].result, CheckResult::Failed("dev-queue (Queue) is taken\nrename it".to_owned()));
        assert_eq!(checks[1].result, CheckResult::Unknown("dev-group (Group): denied".to_owned()));
    }
}
