//! Packages that are RESTORING without a message.
//!
//! The API function was killed after it had claimed them and before it had sent their messages, or a message was lost
//! in another way. The messages in the queue cannot be inspected without receiving them. However, a message is soon
//! processed or becomes a dead letter. A package that has been RESTORING for long and has no dead letter therefore
//! has no message. If it has one nevertheless, a second one does no harm.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use openapi::{
    DatasetId, OrganizationId, PackageId, PackageNodeId, PackageType, RESTORING_STUCK_AFTER_SECONDS,
    RestoreMessage, RestoreMessagePackage, UserNodeId, message_body,
};
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{AssertSqlSafe, Row};

use super::Queues;
use super::dead_letters::DeadLetter;
use super::sending::MESSAGES_PER_BATCH;

/// Returns messages for the stuck packages.
///
/// The users who requested the restores are no longer known. The changelog requires a user, so the messages name the
/// owner of the package, or of its dataset.
pub async fn missing_messages(pool: &PgPool, letters: &[DeadLetter]) -> Result<Vec<RestoreMessage>> {
    let with_letter: HashSet<(OrganizationId, PackageId)> = letters
        .iter()
        .filter_map(|letter| letter.content.as_ref().ok())
        .map(|message| (message.org_id, message.package.id))
        .collect();
    let organizations = "SELECT id FROM pennsieve.organizations \
                         WHERE to_regclass(format('%I.packages', id::text)) IS NOT NULL ORDER BY id";
    let organizations: Vec<i32> =
        sqlx::query_scalar(organizations).fetch_all(pool).await.context("cannot read the organizations")?;
    let mut messages = Vec::new();
    for organization in organizations.into_iter().map(OrganizationId) {
        let of_organization = Box::pin(in_organization(pool, organization)).await;
        messages.extend(of_organization.with_context(|| format!("cannot read packages of {organization}"))?);
    }
    messages.retain(|message| !with_letter.contains(&(message.org_id, message.package.id)));
    Ok(messages)
}

async fn in_organization(pool: &PgPool, organization: OrganizationId) -> sqlx::Result<Vec<RestoreMessage>> {
    // This is safe because the schema's name is an integer.
    let sql = AssertSqlSafe(format!(
        r#"SELECT p.dataset_id, p.id, p.node_id, p.name, p.parent_id, p.type,
                  COALESCE(owner.node_id, (
                      SELECT u.node_id FROM "{organization}".dataset_user du
                      JOIN pennsieve.users u ON u.id = du.user_id
                      WHERE du.dataset_id = p.dataset_id AND du.role = 'owner' ORDER BY u.id LIMIT 1), '')
           FROM "{organization}".packages p LEFT JOIN pennsieve.users owner ON owner.id = p.owner_id
           WHERE p.state = 'RESTORING' AND p.node_id IS NOT NULL
             AND COALESCE(p.updated_at, '-infinity') < LOCALTIMESTAMP - make_interval(secs => $1)
           ORDER BY p.id"#
    ));
    let rows = sqlx::query(sql).bind(f64::from(RESTORING_STUCK_AFTER_SECONDS)).fetch_all(pool).await?;
    rows.iter().map(|row| message(organization, row)).collect()
}

fn message(organization: OrganizationId, row: &PgRow) -> sqlx::Result<RestoreMessage> {
    Ok(RestoreMessage {
        org_id: organization,
        dataset_id: DatasetId(row.try_get(0)?),
        user_id: UserNodeId(row.try_get(6)?),
        package: RestoreMessagePackage {
            id: PackageId(row.try_get(1)?),
            node_id: PackageNodeId(row.try_get(2)?),
            name: row.try_get(3)?,
            parent_id: row.try_get::<Option<i32>, _>(4)?.map(PackageId),
            package_type: PackageType::from_name(row.try_get(5)?),
        },
    })
}

/// Sends messages to the restore queue.
pub async fn send(queues: &Queues, messages: &[RestoreMessage]) -> Result<()> {
    let bodies = messages.iter().map(message_body).collect::<Result<Vec<_>, _>>()?;
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let mut sent = 0;
    for batch in bodies.chunks(MESSAGES_PER_BATCH) {
        let accepted = queues.send_batch(batch).await;
        let accepted = accepted
            .with_context(|| format!("cannot send more than {sent} messages; run the command again"))?;
        sent += accepted.len();
    }
    if sent < messages.len() {
        bail!(
            "SQS did not accept {} messages; {sent} were sent; run the command again",
            messages.len() - sent
        );
    }
    Ok(())
}
