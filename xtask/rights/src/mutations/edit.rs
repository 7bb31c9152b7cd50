//! Edits of JSON documents.
//!
//! A path is a JSON pointer, in which an item of a list may also be named by its `Sid`, `Id`, `PathPattern` or
//! `PolicyName`. Without a leading slash, it begins with a resource and goes on in the resource's properties.

use std::fmt;

use serde_json::Value as Json;

/// The members by which a path can name an item of a list.
const NAMES: [&str; 4] = ["Sid", "Id", "PathPattern", "PolicyName"];

/// A change of one place in a document.
pub(super) enum Edit {
    /// Sets a member of an object, or replaces an item of a list.
    Set(&'static str, Json),
    /// Adds an item to a list.
    Add(&'static str, Json),
    /// Removes a member of an object, or an item of a list.
    Remove(&'static str),
    /// Sets a member to the value at another path.
    Copy(&'static str, &'static str),
}

impl Edit {
    fn path(&self) -> &'static str {
        let (Self::Set(path, _) | Self::Add(path, _) | Self::Remove(path) | Self::Copy(_, path)) = self;
        path
    }

    /// Whether a document has the place.
    pub(super) fn applies(&self, document: &Json) -> bool {
        let mut copy = document.clone();
        match self {
            Self::Set(path, _) => find(&mut copy, parent(&pointer(path))).is_some(),
            Self::Add(path, _) | Self::Remove(path) => find(&mut copy, &pointer(path)).is_some(),
            Self::Copy(from, to) => {
                find(&mut copy, &pointer(from)).is_some() && find(&mut copy, &pointer(to)).is_some()
            }
        }
    }

    /// Returns the logical id of the resource with the place.
    pub(super) fn resource(&self) -> &str {
        let path = self.path();
        let path = path.strip_prefix("/Resources/").unwrap_or(path);
        path.split('/').next().unwrap()
    }

    /// Edits a document that has the place.
    pub(super) fn apply(&self, document: &mut Json) {
        match self {
            Self::Set(path, value) => set(document, path, value.clone()),
            Self::Add(path, item) => {
                find(document, &pointer(path)).unwrap().as_array_mut().unwrap().push(item.clone());
            }
            Self::Remove(path) => remove(document, path),
            Self::Copy(from, to) => {
                let value = find(document, &pointer(from)).unwrap().clone();
                set(document, to, value);
            }
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.path())
    }
}

fn set(document: &mut Json, path: &str, value: Json) {
    let path = pointer(path);
    match find(document, &path) {
        Some(place) => *place = value,
        None => find(document, parent(&path)).unwrap()[key(&path)] = value,
    }
}

fn remove(document: &mut Json, path: &str) {
    let path = pointer(path);
    match find(document, parent(&path)).unwrap() {
        Json::Array(items) => {
            let position = position(items, &key(&path)).unwrap();
            items.remove(position);
        }
        parent => {
            parent.as_object_mut().unwrap().remove(&key(&path)).unwrap();
        }
    }
}

fn pointer(path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let (resource, property) = path.split_once('/').unwrap();
    format!("/Resources/{resource}/Properties/{property}")
}

fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').unwrap().0
}

/// Returns the last part of a pointer, without its escape sequences.
fn key(pointer: &str) -> String {
    pointer.rsplit_once('/').unwrap().1.replace("~1", "/")
}

fn find<'a>(document: &'a mut Json, pointer: &str) -> Option<&'a mut Json> {
    pointer.split('/').skip(1).try_fold(document, |value, key| match value {
        Json::Array(items) => position(items, key).map(|position| &mut items[position]),
        value => value.get_mut(key.replace("~1", "/")),
    })
}

fn position(items: &[Json], key: &str) -> Option<usize> {
    let position = key.parse().ok().filter(|position| *position < items.len());
    position.or_else(|| items.iter().position(|item| NAMES.iter().any(|name| item[*name] == key)))
}
