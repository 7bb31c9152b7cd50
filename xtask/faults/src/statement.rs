//! A statement with its parameter values, as sent to the server.

use std::fmt::Write as _;

use uuid::Uuid;

/// An executed statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its text.
    pub text: String,
    /// The values of its parameters.
    pub values: Vec<Value>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Object id of the type; see `pg_type`.
    pub type_id: u32,
    /// The value in the binary format of the protocol, or `None` for NULL.
    pub bytes: Option<Vec<u8>>,
}

impl Value {
    /// Returns the value as an SQL literal, or `None` if the functions do not use its type.
    pub fn literal(&self) -> Option<String> {
        let Some(bytes) = &self.bytes else { return Some("NULL".to_owned()) };
        Some(quoted(&to_text(self.type_id, bytes)?))
    }
}

/// Decodes a value of a built-in type.
///
/// The ids of these types never change: <https://www.postgresql.org/docs/current/catalog-pg-type.html>.
fn to_text(type_id: u32, bytes: &[u8]) -> Option<String> {
    Some(match type_id {
        16 => (bytes.first()? != &0).to_string(),
        20 => i64::from_be_bytes(bytes.try_into().ok()?).to_string(),
        23 => i32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        25 | 1043 => String::from_utf8(bytes.to_vec()).ok()?,
        701 => f64::from_be_bytes(bytes.try_into().ok()?).to_string(),
        2950 => Uuid::from_slice(bytes).ok()?.to_string(),
        1007 => array_of(23, bytes)?,
        1009 | 1015 => array_of(25, bytes)?,
        1016 => array_of(20, bytes)?,
        _ => return None,
    })
}

/// Decodes an array with one dimension.
///
/// The header contains the number of dimensions, whether there are NULLs, and the type of the elements. The length
/// and the lower bound of the dimension follow.
fn array_of(element_type: u32, bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    let dimensions = take_i32(&mut rest)?;
    rest = rest.get(8..)?;
    let mut text = "{".to_owned();
    if dimensions == 1 {
        let length = take_i32(&mut rest)?;
        rest = rest.get(4..)?;
        for index in 0..length {
            if index > 0 {
                text.push(',');
            }
            match usize::try_from(take_i32(&mut rest)?) {
                Err(_) => text.push_str("NULL"),
                Ok(size) => {
                    let element = to_text(element_type, rest.get(..size)?)?;
                    rest = rest.get(size..)?;
                    let escaped = element.replace('\\', r"\\").replace('"', "\\\"");
                    write!(text, "\"{escaped}\"").ok()?;
                }
            }
        }
    }
    text.push('}');
    Some(text)
}

fn take_i32(rest: &mut &[u8]) -> Option<i32> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(i32::from_be_bytes(*number))
}

fn quoted(text: &str) -> String {
    // In an escape string, a backslash has the same meaning for all server settings.
    format!("E'{}'", text.replace('\\', r"\\").replace('\'', "''"))
}
