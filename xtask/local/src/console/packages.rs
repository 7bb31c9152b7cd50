//! The packages of the demo organization.

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{FromRow as _, PgPool};

use crate::demo::ORGANIZATION;

/// The maximum number of packages, more than a person looks through.
const SHOWN: i64 = 2000;

/// A package as the tree shows it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Shown {
    id: i32,
    parent: Option<i32>,
    node_id: String,
    /// The name, for a deleted package that before the deletion.
    name: String,
    state: String,
    is_folder: bool,
    size: i64,
}

/// The node id and name of a dataset, and of one of its packages: id, parent, node id, name, state, type, size.
type Row = (
    String,
    String,
    Option<i32>,
    Option<i32>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
);

/// Reads the datasets with their packages.
///
/// The package after the last one that is shown tells that there are more.
pub async fn read(pool: &PgPool) -> sqlx::Result<Value> {
    let sql = r#"
        SELECT datasets.node_id, datasets.name, packages.id, parent_id, packages.node_id, packages.name,
               packages.state, packages.type,
               (SELECT sum(size)::bigint FROM "{organization}".files
                WHERE package_id = packages.id AND object_type = 'source')
        FROM "{organization}".datasets LEFT JOIN "{organization}".packages ON dataset_id = datasets.id
        ORDER BY datasets.id, packages.id LIMIT $1"#;
    let sql = sqlx::AssertSqlSafe(sql.replace("{organization}", &ORGANIZATION.to_string()));
    let rows = sqlx::query(sql).bind(SHOWN + 1).fetch_all(pool).await?;
    let rows = rows.iter().map(Row::from_row).collect::<sqlx::Result<Vec<Row>>>()?;
    Ok(tree(rows))
}

fn tree(mut rows: Vec<Row>) -> Value {
    let has_more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > SHOWN;
    rows.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let mut datasets: Vec<(String, String, Vec<Shown>)> = Vec::new();
    for (dataset, title, id, parent, node_id, name, state, kind, size) in rows {
        if datasets.last().is_none_or(|(last, ..)| *last != dataset) {
            datasets.push((dataset, title, Vec::new()));
        }
        let (Some(id), Some((.., packages))) = (id, datasets.last_mut()) else { continue };
        let node_id = node_id.unwrap_or_default();
        packages.push(Shown {
            id,
            parent,
            name: original_name(&node_id, name.unwrap_or_default()),
            node_id,
            state: state.unwrap_or_default(),
            is_folder: kind.as_deref() == Some("Collection"),
            size: size.unwrap_or_default(),
        });
    }
    let datasets: Vec<Value> = datasets
        .into_iter()
        .map(|(node_id, name, packages)| json!({ "node_id": node_id, "name": name, "packages": packages }))
        .collect();
    json!({ "datasets": datasets, "has_more": has_more })
}

/// Returns the name that a package had before it was deleted, or has.
fn original_name(node_id: &str, name: String) -> String {
    name.strip_prefix(&format!("__DELETED__{node_id}_")).map(str::to_owned).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Row, SHOWN, tree};

    fn row(dataset: &str, id: Option<i32>, name: &str) -> Row {
        let text = |text: &str| id.map(|_| text.to_owned());
        let node_id = id.map(|id| format!("N:{id}"));
        (
            dataset.to_owned(),
            "title".to_owned(),
            id,
            None,
            node_id,
            text(name),
            text("DELETED"),
            text("CSV"),
            None,
        )
    }

    #[test]
    fn packages_are_listed_by_dataset_with_their_original_names() {
        let rows = vec![
            row("a", Some(1), "__DELETED__N:1_one"),
            row("a", Some(2), "__DELETED__N:1_two"),
            row("b", None, ""),
        ];
        let found = tree(rows);
        assert_eq!(found["datasets"][0]["packages"][0]["name"], "one");
        assert_eq!(found["datasets"][0]["packages"][1]["name"], "__DELETED__N:1_two", "of another package");
        assert_eq!(found["datasets"][1], json!({ "node_id": "b", "name": "title", "packages": [] }));
        assert_eq!(found["has_more"], false);
    }

    #[test]
    fn large_tree_is_cut_and_says_so() {
        let rows = (0..=SHOWN).map(|id| row("a", i32::try_from(id).ok(), "x")).collect();
        let found = tree(rows);
        assert_eq!(found["datasets"][0]["packages"].as_array().unwrap().len(), 2000);
        assert_eq!(found["has_more"], true);
    }
}
