//! A model of a restore: the contract once more, in memory.

use std::collections::{BTreeMap, BTreeSet};

use faults::trial::{EndState, Package, PackageState, Record};

use super::ComparableEvent;

const PREFIX: &str = "__DELETED__{node_id}_";

/// Returns the state before anything is restored.
pub(super) fn beginning(packages: &[Package]) -> EndState {
    let mut state = EndState::default();
    for (position, package) in packages.iter().enumerate() {
        let (name, state_name) = (package.name.clone(), package.state.to_owned());
        state.packages.push(PackageState { name, state: state_name, storage: 0 });
        let Some(object) = &package.object else { continue };
        if object.record != Record::NoData {
            state.data.insert(object.key.clone(), 1);
        }
        if object.record != Record::RemovedMarker {
            *state.markers.entry(object.key.clone()).or_default() += 1;
        }
        if object.record != Record::Missing {
            state.records.insert(position);
        }
    }
    state
}

/// Returns the state after the package at a position was restored, and its changelog events.
pub(super) fn restored(packages: &[Package], target: usize) -> (EndState, Vec<ComparableEvent>) {
    let mut end = beginning(packages);
    match packages[target].state {
        "RESTORING" => {}
        "READY" => {
            remove_stale_records(packages, target, &mut end);
            return (end, Vec::new());
        }
        _ => return (end, Vec::new()),
    }
    let is_folder = |position: usize| packages[position].package_type == "Collection";
    let above = parents(packages, target);
    let ancestors: BTreeSet<usize> = above
        .iter()
        .copied()
        .take_while(|position| packages[*position].state == "DELETED" && is_folder(*position))
        .collect();
    let mut below = if is_folder(target) { reachable(packages, target, "DELETED") } else { BTreeSet::new() };
    below.retain(|position| !above.contains(position));
    below.insert(target);

    let is_published = |package: &Package| {
        !package.source_sizes.is_empty() && package.published >= package.source_sizes.len()
    };
    // Markers are removed first, also those of packages that stay deleted because another marker hides their object.
    for position in &below {
        let package = &packages[*position];
        let object = package.object.as_ref().filter(|_| !is_folder(*position) && !is_published(package));
        if let Some(object) = object.filter(|object| end.data.contains_key(&object.key))
            && matches!(object.record, Record::Marker | Record::NoData)
        {
            remove_marker(&mut end.markers, &object.key);
        }
    }
    let mut restored = ancestors.clone();
    for position in below {
        let package = &packages[position];
        if is_folder(position) || is_published(package) {
            restored.insert(position);
            continue;
        }
        let Some(object) = &package.object else { continue };
        let is_restorable = match object.record {
            Record::Marker | Record::RemovedMarker | Record::NoData | Record::OtherMarker => {
                end.data.contains_key(&object.key) && !end.markers.contains_key(&object.key)
            }
            Record::Missing | Record::Data | Record::NoBucket | Record::NoVersion => false,
        };
        if is_restorable {
            restored.insert(position);
            end.records.remove(&position);
        }
    }
    if !restored.contains(&target) {
        let mut given_up = beginning(packages);
        given_up.packages[target].state = String::from("DELETED");
        given_up.markers = end.markers;
        return (given_up, Vec::new());
    }
    let mut originals = BTreeMap::new();
    for position in &restored {
        let package = &packages[*position];
        let original = package.name.strip_prefix(PREFIX).unwrap_or(&package.name).to_owned();
        end.packages[*position].name = free_name(packages, &end, *position, &original);
        originals.insert(*position, original);
        end.packages[*position].state = String::from("READY");
        if !is_folder(*position) {
            let size = size_of(package, is_published(package));
            add(&mut end.packages[*position].storage, size);
            add(&mut end.dataset_storage, size);
            for folder in parents(packages, *position) {
                add(&mut end.packages[folder].storage, size);
            }
        }
    }
    let others = restored.difference(&ancestors);
    let event = |position: &usize| {
        let (name, original) = (&end.packages[*position].name, &originals[position]);
        (*position, name.clone(), (name != original).then(|| original.clone()))
    };
    let events = ancestors.iter().chain(others).map(event).collect();
    (end, events)
}

/// Returns the folders above a package, each once.
fn parents(packages: &[Package], position: usize) -> Vec<usize> {
    let mut above = Vec::new();
    let mut next = packages[position].parent;
    while let Some(parent) = next.filter(|parent| *parent != position && !above.contains(parent)) {
        above.push(parent);
        next = packages[parent].parent;
    }
    above
}

/// Returns the packages below a package, through packages in a state.
fn reachable(packages: &[Package], top: usize, state: &str) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![top];
    while let Some(folder) = open.pop() {
        for (position, package) in packages.iter().enumerate() {
            if package.parent == Some(folder) && package.state == state && found.insert(position) {
                open.push(position);
            }
        }
    }
    found
}

fn remove_stale_records(packages: &[Package], target: usize, end: &mut EndState) {
    let mut ready = reachable(packages, target, "READY");
    ready.insert(target);
    for position in ready {
        let is_file = packages[position].package_type != "Collection";
        let object = packages[position].object.as_ref().filter(|_| is_file);
        if object.is_some_and(|object| {
            matches!(object.record, Record::RemovedMarker | Record::OtherMarker)
                && end.data.contains_key(&object.key)
        }) {
            end.records.remove(&position);
        }
    }
}

fn remove_marker(markers: &mut BTreeMap<String, usize>, key: &str) {
    let count = markers.get_mut(key).unwrap();
    *count -= 1;
    if *count == 0 {
        markers.remove(key);
    }
}

fn free_name(packages: &[Package], end: &EndState, position: usize, original: &str) -> String {
    if packages[position].name == original {
        return original.to_owned();
    }
    let is_free = |name: &str| {
        let mut siblings = packages.iter().zip(&end.packages).enumerate();
        !siblings.any(|(other, (package, now))| {
            other != position && package.parent == packages[position].parent && now.name == name
        })
    };
    let (base, extension) = original.split_at(original.rfind('.').unwrap_or(original.len()));
    let numbered = (1..).map(|number| format!("{base}-restored_{number}{extension}"));
    std::iter::once(original.to_owned()).chain(numbered).find(|name| is_free(name)).unwrap()
}

/// Increases a counter, which stops at its maximum.
fn add(counter: &mut i64, size: i64) {
    *counter = counter.saturating_add(size);
}

fn size_of(package: &Package, is_published: bool) -> i64 {
    let known: Vec<i64> = package.source_sizes.iter().flatten().copied().collect();
    if !known.is_empty() {
        let sum: i128 = known.iter().copied().map(i128::from).sum();
        return i64::try_from(sum.max(0)).unwrap_or(i64::MAX);
    }
    let object = package.object.as_ref().filter(|_| !is_published);
    object.and_then(|object| object.size.parse().ok()).filter(|size| *size > 0).unwrap_or(0)
}
