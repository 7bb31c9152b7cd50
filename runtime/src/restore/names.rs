//! The names of restored packages.

use std::collections::{HashMap, HashSet};

use openapi::PackageId;
use uuid::Uuid;

/// `varchar(255)` counts characters.
const MAXIMUM_CHARACTERS: usize = 255;
const NUMBERED_SUFFIXES: u32 = 99;
/// The beginning of the suffix of a name that was taken.
pub(super) const SUFFIX: &str = "-restored_";

/// A package whose original name is to be restored.
#[derive(Clone, Debug)]
pub(super) struct PendingRename {
    pub(super) id: PackageId,
    pub(super) parent: Option<PackageId>,
    /// The name of the deleted package.
    pub(super) deleted_name: String,
    /// The name before the deletion, which can be the same.
    pub(super) original_name: String,
    node_id: Option<String>,
}

impl PendingRename {
    /// Removes the prefix of a deleted package once. A name without it stays the same.
    pub(super) fn new(
        id: PackageId,
        parent: Option<PackageId>,
        deleted_name: String,
        node_id: Option<String>,
    ) -> Self {
        let prefix = node_id.as_ref().map(|node_id| format!("__DELETED__{node_id}_"));
        let original = prefix.and_then(|prefix| deleted_name.strip_prefix(&prefix).map(str::to_owned));
        let original_name = original.unwrap_or_else(|| deleted_name.clone());
        Self { id, parent, deleted_name, original_name, node_id }
    }

    fn keeps_its_name(&self) -> bool {
        self.original_name == self.deleted_name
    }
}

/// Names that are taken: the folder and name of every package that can conflict.
pub(super) type TakenNames = HashSet<(Option<PackageId>, String)>;

/// Returns the name of each package.
///
/// It is the original name, or the first free one with a suffix, in ascending order of ids.
///
/// `taken` contains the names of the other packages of these folders that can conflict. `announced` contains
/// the names that an earlier attempt of the same delivery assigned, which are kept if they are free. The
/// result depends on nothing else, so it is the same on every run.
pub(super) fn assign_names(
    packages: &[PendingRename],
    mut taken: TakenNames,
    announced: &HashMap<PackageId, &str>,
) -> Vec<String> {
    let kept = |package: &PendingRename, taken: &TakenNames| {
        if package.keeps_its_name() {
            return Some(package.original_name.clone());
        }
        let announced = (*announced.get(&package.id)?).to_owned();
        (!taken.contains(&(package.parent, announced.clone()))).then_some(announced)
    };
    // A package that keeps its name has it before all others, regardless of ids.
    let kept: Vec<Option<String>> = packages.iter().map(|package| kept(package, &taken)).collect();
    let places = packages.iter().zip(&kept);
    taken.extend(places.filter_map(|(package, name)| Some((package.parent, name.clone()?))));
    let mut order: Vec<usize> = (0..packages.len()).collect();
    order.sort_by_key(|index| packages[*index].id);
    let mut names = vec![String::new(); packages.len()];
    for index in order {
        let package = &packages[index];
        names[index] = if let Some(name) = &kept[index] {
            name.clone()
        } else {
            let is_free = |name: &str| !taken.contains(&(package.parent, name.to_owned()));
            let name = candidates(package)
                .find(|name| is_free(name))
                .unwrap_or_else(|| unique_name(package, is_free));
            taken.insert((package.parent, name.clone()));
            name
        };
    }
    names
}

fn candidates(package: &PendingRename) -> impl Iterator<Item = String> {
    let original = &package.original_name;
    std::iter::once(original.clone())
        .chain((1..=NUMBERED_SUFFIXES).map(move |number| with_suffix(original, &format!("{SUFFIX}{number}"))))
}

/// Returns a free name with a unique suffix that is the same on every run.
fn unique_name(package: &PendingRename, is_free: impl Fn(&str) -> bool) -> String {
    let mut seed = package.node_id.clone().unwrap_or_else(|| package.id.to_string());
    loop {
        let unique = Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes());
        let name = with_suffix(&package.original_name, &format!("{SUFFIX}{unique}"));
        if is_free(&name) {
            return name;
        }
        seed = unique.to_string();
    }
}

/// Inserts a suffix before the extension, which begins at the last dot.
///
/// If the name is too long, the base is shortened first, then the extension.
fn with_suffix(name: &str, suffix: &str) -> String {
    let (base, extension) = name.split_at(name.rfind('.').unwrap_or(name.len()));
    let room = MAXIMUM_CHARACTERS - suffix.chars().count();
    let extension: String = extension.chars().take(room).collect();
    let base: String = base.chars().take(room - extension.chars().count()).collect();
    format!("{base}{suffix}{extension}")
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use openapi::PackageId;
    use proptest::prelude::*;

    use super::{PendingRename, TakenNames, with_suffix};

    /// Returns the names of a first attempt.
    fn assign_names(packages: &[PendingRename], taken: TakenNames) -> Vec<String> {
        super::assign_names(packages, taken, &HashMap::new())
    }

    fn deleted(id: i32, name: &str) -> PendingRename {
        let node_id = format!("N:package:{id}");
        PendingRename::new(PackageId(id), None, format!("__DELETED__{node_id}_{name}"), Some(node_id))
    }

    fn taken(names: &[&str]) -> TakenNames {
        names.iter().map(|name| (None, (*name).to_owned())).collect()
    }

    #[test]
    fn prefix_is_removed_once() {
        assert_eq!(deleted(1, "__DELETED__N:package:1_a").original_name, "__DELETED__N:package:1_a");
        let other =
            PendingRename::new(PackageId(2), None, "a.csv".to_owned(), Some("N:package:2".to_owned()));
        assert_eq!(other.original_name, "a.csv");
    }

    #[test]
    fn conflicting_names_get_the_first_free_number_in_ascending_ids() {
        let packages = [deleted(3, "a.csv"), deleted(1, "a.csv"), deleted(2, "b")];
        let names = assign_names(&packages, taken(&["a.csv", "a-restored_1.csv"]));
        assert_eq!(names, ["a-restored_3.csv", "a-restored_2.csv", "b"]);
    }

    #[test]
    fn announced_names_are_kept_if_they_are_free() {
        let packages = [deleted(1, "a"), deleted(2, "a"), deleted(3, "b")];
        let announced = [(1, "a-restored_1"), (2, "a-restored_2"), (3, "b")];
        let announced = HashMap::from(announced.map(|(id, name)| (PackageId(id), name)));
        let again = |taken_names: &[&str]| super::assign_names(&packages, taken(taken_names), &announced);
        assert_eq!(again(&[]), ["a-restored_1", "a-restored_2", "b"], "although `a` is free now");
        assert_eq!(again(&["a-restored_1", "b"]), ["a", "a-restored_2", "b-restored_1"]);
    }

    #[test]
    fn after_99_numbers_the_suffix_is_unique_and_reproducible() {
        let all: Vec<String> =
            (1..=99).map(|number| format!("a-restored_{number}")).chain(["a".to_owned()]).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let first = assign_names(&[deleted(1, "a")], taken(&all));
        assert_eq!(first, assign_names(&[deleted(1, "a")], taken(&all)));
        assert!(first[0].starts_with("a-restored_") && first[0].len() == "a-restored_".len() + 36);
        let with_first: Vec<&str> = all.iter().copied().chain([first[0].as_str()]).collect();
        assert_ne!(assign_names(&[deleted(1, "a")], taken(&with_first)), first);
    }

    #[test]
    fn long_name_is_shortened_at_a_character_boundary() {
        let name = with_suffix(&format!("{}.tiff", "é".repeat(250)), "-restored_1");
        assert_eq!(name.chars().count(), 255);
        assert!(name.ends_with("é-restored_1.tiff"));
        let name = with_suffix(&format!("a.{}", "x".repeat(253)), "-restored_1");
        assert_eq!(name.chars().count(), 255);
        assert_eq!(with_suffix(".bashrc", "-restored_1"), "-restored_1.bashrc");
    }

    proptest! {
        #[test]
        fn names_are_unique(
            names in prop::collection::vec("(a|b|a-restored_1|a\\.csv){1,2}", 1..30),
            others in prop::collection::vec("(a|b|a-restored_1|a\\.csv){1,2}", 0..10),
        ) {
            let ids = 1_i32..;
            let packages: Vec<_> = names.iter().zip(ids).map(|(name, id)| deleted(id, name)).collect();
            let others: TakenNames = others.into_iter().map(|name| (None, name)).collect();
            let assigned = assign_names(&packages, others.clone());
            let distinct: HashSet<_> = assigned.iter().collect();
            prop_assert_eq!(distinct.len(), packages.len());
            prop_assert!(assigned.iter().all(|name| !others.contains(&(None, name.clone()))));
        }
    }
}
