//! Filter expressions of X-Ray: <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html>.

use anyhow::{Result, ensure};

/// Returns an expression for the traces of these functions.
pub(super) fn of_functions(names: &[String]) -> String {
    names.iter().map(|name| format!("service(\"{name}\")")).collect::<Vec<_>>().join(" OR ")
}

/// Returns an expression for the traces with the ID of a request or a message.
pub(super) fn of_id(id: &str) -> Result<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_+/=".contains(character);
    ensure!(
        !id.is_empty() && id.chars().all(is_part),
        "{id:?} is not the ID of a trace, a request or a message; the ID of a request is the errorId of a response, or its \
         header apigw-requestid"
    );
    Ok(format!("annotation.request_id = \"{id}\" OR annotation.message_id = \"{id}\""))
}

#[cfg(test)]
mod tests {
    use super::{of_functions, of_id};

    #[test]
    fn traces_are_those_of_any_function_of_the_environment() {
        let names = ["dev-api".to_owned(), "dev-restore".to_owned()];
        assert_eq!(of_functions(&names), r#"service("dev-api") OR service("dev-restore")"#);
    }

    #[test]
    fn id_cannot_change_the_expression() {
        assert!(
            of_id("AU3zehLqoAMEJGQ=").unwrap().starts_with(r#"annotation.request_id = "AU3zehLqoAMEJGQ=""#)
        );
        for id in ["", "a\" OR fault", "ü", "a b", "1-5759e988-bd86\n"] {
            assert!(of_id(id).is_err(), "{id}");
        }
    }
}
