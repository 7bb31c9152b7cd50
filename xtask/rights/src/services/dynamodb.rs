//! DynamoDB: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>.

use serde_json::Value as Json;

use super::json::text;
use super::{Call, Required};
use crate::access::Access;

/// The parts of a transaction, and the action that each one needs.
const TRANSACTION: [(&str, &str); 5] = [
    ("ConditionCheck", "ConditionCheckItem"),
    ("Delete", "DeleteItem"),
    ("Get", "GetItem"),
    ("Put", "PutItem"),
    ("Update", "UpdateItem"),
];

pub(super) fn required(call: &Call<'_>) -> Required {
    let operation = call.operation();
    let parameters = call.json();
    let on_table = |action: &str, table: &str| {
        // Indexes are resources of their own.
        let index = match text(&parameters, "IndexName") {
            "" => String::new(),
            index => format!("/index/{index}"),
        };
        let (_, name) = table.rsplit_once('/').unwrap_or(("", table));
        Access::new(call.action(action), call.regional(&format!("table/{name}{index}")))
    };
    let mut required: Vec<Access> = match operation.as_str() {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = parameters["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(table, _)| on_table(&operation, table)).collect()
        }
        "TransactGetItems" | "TransactWriteItems" => {
            let items = parameters["TransactItems"].as_array().into_iter().flatten();
            items.flat_map(|item| parts(item).map(|(action, table)| on_table(action, table))).collect()
        }
        "CreateTable"
        | "DeleteItem"
        | "DeleteTable"
        | "DescribeContinuousBackups"
        | "DescribeTable"
        | "DescribeTimeToLive"
        | "GetItem"
        | "PutItem"
        | "Query"
        | "Scan"
        | "UpdateContinuousBackups"
        | "UpdateItem"
        | "UpdateTable"
        | "UpdateTimeToLive" => {
            vec![on_table(&operation, text(&parameters, "TableName"))]
        }
        "ListTables" => vec![Access::on_everything(call.action(&operation))],
        _ => return call.unknown(operation),
    };
    required.dedup();
    Ok(required)
}

fn parts(item: &Json) -> impl Iterator<Item = (&'static str, &str)> {
    TRANSACTION.into_iter().filter_map(|(part, action)| {
        let part = item.get(part)?;
        Some((action, text(part, "TableName")))
    })
}
