//! The latency of a request that restores packages.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use command_line::terminal::Step;
use openapi::variables;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{Surroundings, event};
use crate::bench::Effort;
use crate::bench::figure::{Figure, Figures, in_seconds};

const PACKAGES: usize = 100;
const ROUNDS: usize = 30;
const TARGET: Duration = Duration::from_millis(60);
const OLDER: Duration = Duration::from_millis(1060);

/// Measures `/restore` of 100 packages. The messages go to a queue that nothing reads.
pub(super) async fn measure(
    figures: &mut Figures,
    surroundings: &Surroundings,
    effort: Effort,
) -> Result<()> {
    let step = Step::begin("restore requests");
    let stack = &surroundings.stack;
    let queue = surroundings.connection.sqs().create_queue().queue_name("bench-restore").send().await;
    let queue = queue.context("cannot create a queue")?.queue_url.context("the queue has no URL")?;
    let function = surroundings
        .start("restoring", &surroundings.api, &[(variables::RESTORE_PACKAGE_QUEUE_URL, &queue)])
        .await?;
    let mut database = PgConnection::connect(&stack.database_url).await?;
    let node_ids = create_packages(&mut database, surroundings).await?;
    let mut event = event::event("/restore", stack, &[]);
    event["requestContext"]["http"]["method"] = json!("POST");
    event["body"] = json!(json!({"nodeIds": node_ids}).to_string());
    let floor = event::without_endpoint(&event);
    let reset = format!(
        "UPDATE \"{}\".packages SET state = 'DELETED' WHERE node_id = ANY($1)",
        stack.organization_id
    );
    let mut behind_proxy = surroundings.connect_behind_proxy().await?;
    let (mut times, mut limits) = (Vec::new(), Vec::new());
    let rounds = effort.rounds(ROUNDS);
    // The first round opens connections.
    for round in 0..=rounds {
        // Safe: the organization's id is an integer.
        sqlx::query(AssertSqlSafe(reset.as_str())).bind(&node_ids).execute(&mut database).await?;
        function.time(&floor, 404).await?;
        let mut limit = function.time(&floor, 404).await?;
        for _ in 0..2 {
            let start = Instant::now();
            sqlx::query("SELECT 1").execute(&mut behind_proxy).await?;
            limit += start.elapsed();
        }
        let (response, time) = function.invoke(&event).await?;
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap_or_default())?;
        let restored = body["success"].as_array().map_or(0, Vec::len);
        ensure!(restored == PACKAGES, "{restored} of {PACKAGES} packages were queued");
        if round > 0 {
            times.push(time);
            limits.push(limit);
        }
    }
    function.stop().await;
    let delete = format!("DELETE FROM \"{}\".packages WHERE node_id = ANY($1)", stack.organization_id);
    sqlx::query(AssertSqlSafe(delete)).bind(&node_ids).execute(&mut database).await?;
    let figure = Figure::times(format!("/restore of {PACKAGES} packages, fast database"), &times);
    figures.add(
        figure
            .limited_by("floor + 2 round trips", in_seconds(&limits))
            .target(TARGET.as_secs_f64())
            .older(OLDER.as_secs_f64()),
    );
    step.done(format!("{rounds} requests for {PACKAGES} packages"));
    Ok(())
}

/// Creates deleted packages in the demo dataset, and returns their node ids.
async fn create_packages(database: &mut PgConnection, surroundings: &Surroundings) -> Result<Vec<String>> {
    let stack = &surroundings.stack;
    let node_ids: Vec<String> =
        (0..PACKAGES).map(|number| format!("N:package:00000000-0000-4000-9000-{number:012}")).collect();
    let schema = stack.organization_id;
    let insert = format!(
        "INSERT INTO \"{schema}\".packages (node_id, name, type, state, dataset_id)
         SELECT p.node_id, '__DELETED__' || p.node_id || '_file.csv', 'CSV', 'DELETED', d.id
         FROM unnest($1::text[]) AS p (node_id), \"{schema}\".datasets d WHERE d.node_id = $2
         ON CONFLICT DO NOTHING"
    );
    // Safe: the organization's id is an integer.
    let insert = sqlx::query(AssertSqlSafe(insert)).bind(&node_ids).bind(stack.dataset_id.as_str());
    insert.execute(database).await.context("cannot create packages")?;
    Ok(node_ids)
}
