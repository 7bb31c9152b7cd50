//! Finds differences between two schemas.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Changes;

/// Whether a schema describes requests or responses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Data that the client sends. Narrowing the schema is breaking.
    Request,
    /// Data that the service returns. Widening the schema is breaking.
    Response,
}

/// Two documents, used to resolve the references in their schemas.
#[derive(Clone, Copy)]
pub(super) struct Comparison<'a> {
    pub(super) old: &'a Value,
    pub(super) new: &'a Value,
    pub(super) direction: Direction,
}

/// Whether a schema becomes wider or narrower when a limit increases.
#[derive(Clone, Copy)]
enum Limit {
    Upper,
    Lower,
}

const LIMITS: [(&str, Limit); 6] = [
    ("maxLength", Limit::Upper),
    ("maxItems", Limit::Upper),
    ("maximum", Limit::Upper),
    ("minLength", Limit::Lower),
    ("minItems", Limit::Lower),
    ("minimum", Limit::Lower),
];

impl<'a> Comparison<'a> {
    /// Compares the values that two schemas accept.
    pub(super) fn schemas(self, changes: &mut Changes, place: &str, old: &'a Value, new: &'a Value) {
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        self.types(changes, place, old, new);
        self.enum_values(changes, place, old, new);
        self.limits(changes, place, old, new);
        self.properties(changes, place, old, new);
        if let (Some(old), Some(new)) = (old.get("items"), new.get("items")) {
            self.schemas(changes, &format!("{place}, items"), old, new);
        }
        self.alternatives(changes, place, old, new);
    }

    fn narrowed(self, changes: &mut Changes, place: &str, what: String) {
        match self.direction {
            Direction::Request => changes.breaking(place, what),
            Direction::Response => changes.harmless(place, what),
        }
    }

    fn widened(self, changes: &mut Changes, place: &str, what: String) {
        match self.direction {
            Direction::Request => changes.harmless(place, what),
            Direction::Response => changes.breaking(place, what),
        }
    }

    fn types(self, changes: &mut Changes, place: &str, old: &Value, new: &Value) {
        let (old, new) = (types(old), types(new));
        if let (Some(old), Some(new)) = (&old, &new) {
            let list = |types: &BTreeSet<String>| types.iter().cloned().collect::<Vec<_>>().join(" or ");
            if old.is_superset(new) && old != new {
                self.narrowed(changes, place, format!("is {} only, was {}", list(new), list(old)));
            } else if new.is_superset(old) && old != new {
                self.widened(changes, place, format!("can be {}, was {}", list(new), list(old)));
            } else if old != new {
                changes.breaking(place, format!("is {}, was {}", list(new), list(old)));
            }
        }
    }

    /// Compares the accepted values of two enumerations.
    fn enum_values(self, changes: &mut Changes, place: &str, old: &Value, new: &Value) {
        let (old, new) = (enum_values(old), enum_values(new));
        match (old, new) {
            (Some(old), Some(new)) => {
                for value in old.difference(&new) {
                    self.narrowed(changes, place, format!("value {value} removed"));
                }
                for value in new.difference(&old) {
                    self.widened(changes, place, format!("value {value} added"));
                }
            }
            (None, Some(_)) => self.narrowed(changes, place, "is now limited to a list of values".to_owned()),
            (Some(_), None) => {
                self.widened(changes, place, "is no longer limited to a list of values".to_owned());
            }
            (None, None) => {}
        }
    }

    fn limits(self, changes: &mut Changes, place: &str, old: &Value, new: &Value) {
        for (name, limit) in LIMITS {
            let number = |schema: &Value| schema.get(name).and_then(Value::as_f64);
            let (old, new) = (number(old), number(new));
            if old == new {
                continue;
            }
            let limit_text =
                |number: Option<f64>| number.map_or("none".to_owned(), |number| number.to_string());
            let what = format!("{name} is {}, was {}", limit_text(new), limit_text(old));
            let is_narrower = match (limit, old, new) {
                (_, None, Some(_)) => true,
                (_, _, None) => false,
                (Limit::Upper, Some(old), Some(new)) => new < old,
                (Limit::Lower, Some(old), Some(new)) => new > old,
            };
            if is_narrower {
                self.narrowed(changes, place, what);
            } else {
                self.widened(changes, place, what);
            }
        }
    }

    fn properties(self, changes: &mut Changes, place: &str, old: &'a Value, new: &'a Value) {
        let empty = serde_json::Map::new();
        let of = |schema: &'a Value| schema["properties"].as_object();
        let required = |schema: &Value, name: &str| {
            schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name))
        };
        let (old_properties, new_properties) = (of(old).unwrap_or(&empty), of(new).unwrap_or(&empty));
        for (name, old_property) in old_properties {
            let field = format!("{place}, field `{name}`");
            let Some(new_property) = new_properties.get(name) else {
                changes.breaking(field, "removed");
                continue;
            };
            let (now_required, now_optional) = match self.direction {
                Direction::Request => ("is now required", "is no longer required"),
                Direction::Response => ("is now always present", "may now be missing"),
            };
            match (required(old, name), required(new, name)) {
                (false, true) => self.narrowed(changes, &field, now_required.to_owned()),
                (true, false) => self.widened(changes, &field, now_optional.to_owned()),
                _ => {}
            }
            self.schemas(changes, &field, old_property, new_property);
        }
        for name in new_properties.keys().filter(|name| !old_properties.contains_key(*name)) {
            let field = format!("{place}, field `{name}`");
            if self.direction == Direction::Request && required(new, name) {
                changes.breaking(field, "added, and required");
            } else {
                changes.harmless(field, "added");
            }
        }
    }

    /// Compares alternatives, which are matched by their reference, or by position if they have none.
    fn alternatives(self, changes: &mut Changes, place: &str, old: &'a Value, new: &'a Value) {
        if enum_values(old).is_some() || enum_values(new).is_some() {
            return;
        }
        let of = |schema: &'a Value| schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        let (old, new) = match (of(old), of(new)) {
            (Some(old), Some(new)) => (old, new),
            (None, None) => return,
            _ => {
                changes.breaking(place, "has alternatives in only one of the two documents");
                return;
            }
        };
        let name = |index: usize, schema: &Value| {
            schema["$ref"].as_str().map_or_else(
                || format!("#{index}"),
                |path| path.rsplit('/').next().unwrap_or(path).to_owned(),
            )
        };
        for (index, old_schema) in old.iter().enumerate() {
            let alternative = name(index, old_schema);
            let same = new.iter().enumerate().find(|(index, schema)| name(*index, schema) == alternative);
            match same {
                Some((_, new_schema)) => {
                    self.schemas(changes, &format!("{place}, {alternative}"), old_schema, new_schema);
                }
                None => self.narrowed(changes, place, format!("{alternative} removed from the alternatives")),
            }
        }
        for (index, new_schema) in new.iter().enumerate() {
            let alternative = name(index, new_schema);
            if !old.iter().enumerate().any(|(index, schema)| name(index, schema) == alternative) {
                self.widened(changes, place, format!("{alternative} added to the alternatives"));
            }
        }
    }
}

/// Resolves a reference. The documents refer only to components, without cycles.
pub(super) fn resolve<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let target = part["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(part)
}

fn types(schema: &Value) -> Option<BTreeSet<String>> {
    match schema.get("type")? {
        Value::String(name) => Some(BTreeSet::from([name.clone()])),
        Value::Array(names) => Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => None,
    }
}

/// Returns the values of an `enum`, or of alternatives that are constants.
fn enum_values(schema: &Value) -> Option<BTreeSet<String>> {
    if let Some(enum_values) = schema["enum"].as_array() {
        return Some(enum_values.iter().map(ToString::to_string).collect());
    }
    let alternatives = schema["oneOf"].as_array()?;
    alternatives.iter().map(|alternative| alternative.get("const").map(ToString::to_string)).collect()
}
