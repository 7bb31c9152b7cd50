//! Calls that are executed for only some of their entries, as AWS may do at any time.

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// A call that is executed only in part.
pub(super) struct Partial {
    /// The request to forward, or `None` if no entries are left in it.
    pub(super) request: Option<Bytes>,
    rest: Rest,
}

/// The omitted entries, in the format of the response.
enum Rest {
    Json { key: &'static str, value: Value, done: Value },
    Xml(String),
}

impl Partial {
    /// Returns the first half of a call, or `None` if the call has no entries.
    pub(super) fn first_half(operation: &str, body: &Bytes) -> Option<Self> {
        match operation {
            "BatchGetItem" => halve_items(body, "UnprocessedKeys", |table| table.get_mut("Keys")),
            "BatchWriteItem" => halve_items(body, "UnprocessedItems", |table| Some(table)),
            "SendMessageBatch" => halve_messages(body),
            "DeleteObjects" => halve_objects(body),
            _ => None,
        }
    }

    /// Adds the omitted entries to the response, or to an empty one.
    pub(super) fn complete(self, response: Option<&Bytes>) -> Option<Bytes> {
        match self.rest {
            Rest::Json { key, value, done } => {
                let response = response.map(|response| serde_json::from_slice(response)).transpose().ok()?;
                let mut response = response.unwrap_or(done);
                response[key] = value;
                Some(response.to_string().into())
            }
            // The call uses quiet mode: its response does not list deleted objects.
            Rest::Xml(errors) => {
                let namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
                Some(format!(r#"<DeleteResult xmlns="{namespace}">{errors}</DeleteResult>"#).into())
            }
        }
    }
}

fn split(entries: &mut Vec<Value>) -> Vec<Value> {
    entries.split_off(entries.len() / 2)
}

/// Splits the items of `RequestItems`, which always has one table in our functions.
fn halve_items(
    body: &Bytes,
    key: &'static str,
    entries_of: fn(&mut Value) -> Option<&mut Value>,
) -> Option<Partial> {
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let (table, items) = request["RequestItems"].as_object_mut()?.iter_mut().next()?;
    let table = table.clone();
    let mut rest = items.clone();
    let entries = entries_of(items)?.as_array_mut()?;
    *entries_of(&mut rest)? = Value::Array(split(entries));
    let request = (!entries.is_empty()).then(|| request.to_string().into());
    let value = Value::Object(Map::from_iter([(table, rest)]));
    Some(Partial { request, rest: Rest::Json { key, value, done: json!({ "Responses": {} }) } })
}

fn halve_messages(body: &Bytes) -> Option<Partial> {
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let entries = request["Entries"].as_array_mut()?;
    let failed = split(entries);
    let failed = failed
        .iter()
        .map(|entry| json!({ "Id": entry["Id"], "Code": "InternalError", "SenderFault": false }))
        .collect();
    let request = (!entries.is_empty()).then(|| request.to_string().into());
    let rest = Rest::Json { key: "Failed", value: failed, done: json!({ "Successful": [] }) };
    Some(Partial { request, rest })
}

fn halve_objects(body: &Bytes) -> Option<Partial> {
    let text = std::str::from_utf8(body).ok()?;
    let (start, objects, end) = objects_of(text)?;
    let (done, left) = objects.split_at(objects.len() / 2);
    let request = (!done.is_empty())
        .then(|| format!("{start}<Object>{}</Object>{end}", done.join("</Object><Object>")).into());
    Some(Partial { request, rest: Rest::Xml(object_errors(left, "InternalError")) })
}

/// Returns the text before the objects of a `DeleteObjects`, each object, and the text after them.
fn objects_of(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    let (start, rest) = text.split_once("<Object>")?;
    let (objects, end) = rest.rsplit_once("</Object>")?;
    Some((start, objects.split("</Object><Object>").collect(), end))
}

fn object_errors(objects: &[&str], code: &str) -> String {
    let error =
        |object: &&str| format!("<Error>{object}<Code>{code}</Code><Message>{code}</Message></Error>");
    objects.iter().map(error).collect()
}

/// Returns the response to a `DeleteObjects` that denies all objects.
pub(super) fn deny_objects(body: &Bytes) -> Option<Bytes> {
    let (_, objects, _) = objects_of(std::str::from_utf8(body).ok()?)?;
    let errors = Rest::Xml(object_errors(&objects, "AccessDenied"));
    Partial { request: None, rest: errors }.complete(None)
}

/// Returns the response to a `TransactWriteItems` that conflicts with other transactions.
///
/// It is never executed in part: conflicts over the second half of its items cancel all of it.
pub(super) fn cancel_transaction(body: &Bytes) -> Option<Bytes> {
    let request: Value = serde_json::from_slice(body).ok()?;
    let count = request["TransactItems"].as_array()?.len();
    let code = |index| if index < count / 2 { "None" } else { "TransactionConflict" };
    let reasons: Vec<Value> = (0..count).map(|index| json!({ "Code": code(index) })).collect();
    let response = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": reasons,
    });
    Some(response.to_string().into())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Partial, cancel_transaction, deny_objects};

    fn halves(operation: &str, body: &'static str, response: &'static str) -> (Option<Bytes>, Bytes) {
        let mut partial = Partial::first_half(operation, &Bytes::from(body)).unwrap();
        let request = partial.request.take();
        let response = request.is_some().then(|| Bytes::from(response));
        let response = partial.complete(response.as_ref()).unwrap();
        (request, response)
    }

    #[test]
    fn first_half_is_forwarded_and_second_half_is_returned() {
        let body = r#"{"RequestItems":{"t":{"Keys":[1,2,3],"ConsistentRead":true}}}"#;
        let (request, response) = halves("BatchGetItem", body, r#"{"Responses":{"t":[1]}}"#);
        assert_eq!(request.unwrap(), r#"{"RequestItems":{"t":{"ConsistentRead":true,"Keys":[1]}}}"#);
        let rest = r#""UnprocessedKeys":{"t":{"ConsistentRead":true,"Keys":[2,3]}}"#;
        assert_eq!(response, format!(r#"{{"Responses":{{"t":[1]}},{rest}}}"#));

        let (request, response) = halves("BatchWriteItem", r#"{"RequestItems":{"t":[1]}}"#, "");
        assert_eq!(request, None);
        assert_eq!(response, r#"{"Responses":{},"UnprocessedItems":{"t":[1]}}"#);

        let (_, response) =
            halves("SendMessageBatch", r#"{"Entries":[{"Id":"0"},{"Id":"1"}]}"#, r#"{"Successful":[]}"#);
        assert_eq!(
            response,
            r#"{"Failed":[{"Code":"InternalError","Id":"1","SenderFault":false}],"Successful":[]}"#
        );

        let body = "<Delete><Object>a</Object><Object>b</Object><Quiet>true</Quiet></Delete>";
        let (request, response) = halves("DeleteObjects", body, "");
        assert_eq!(request.unwrap(), "<Delete><Object>a</Object><Quiet>true</Quiet></Delete>");
        assert!(response.ends_with(
            b"<Error>b<Code>InternalError</Code><Message>InternalError</Message></Error></DeleteResult>"
        ));
        let denied = deny_objects(&Bytes::from(body)).unwrap();
        let error =
            |key| format!("<Error>{key}<Code>AccessDenied</Code><Message>AccessDenied</Message></Error>");
        assert!(denied.ends_with(format!("{}{}</DeleteResult>", error("a"), error("b")).as_bytes()));

        let cancelled = cancel_transaction(&Bytes::from(r#"{"TransactItems":[1,2,3]}"#)).unwrap();
        let cancelled: serde_json::Value = serde_json::from_slice(&cancelled).unwrap();
        let codes: Vec<&str> = cancelled["CancellationReasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reason| reason["Code"].as_str().unwrap())
            .collect();
        assert_eq!(codes, ["None", "TransactionConflict", "TransactionConflict"]);
    }
}
