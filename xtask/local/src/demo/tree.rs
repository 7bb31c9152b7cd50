//! Packages as they appear in the database and the storage bucket.

use bytes::Bytes;
use openapi::{DatasetId, PackageId, PackageNodeId, PackageType};
use uuid::Uuid;

use super::identifiers::{FIRST_PACKAGE, ORGANIZATION, fixed_node_id, fixed_uuid};

/// A file or folder.
pub(super) struct Package {
    pub(super) id: PackageId,
    pub(super) node_id: PackageNodeId,
    pub(super) dataset: DatasetId,
    pub(super) parent: Option<PackageId>,
    pub(super) deleted: bool,
    pub(super) content: Content,
    original_name: String,
}

/// The content of a package: it is a file or a folder.
pub(super) enum Content {
    Folder,
    File(SourceFile),
}

/// The one source file of a package.
pub(super) struct SourceFile {
    pub(super) uuid: Uuid,
    pub(super) name: String,
    pub(super) key: String,
    pub(super) package_type: PackageType,
    pub(super) file_type: &'static str,
    pub(super) content_type: &'static str,
    pub(super) bytes: Bytes,
}

impl Package {
    /// Returns the name in the database.
    ///
    /// A deleted package has another one, so that its original name can be reused.
    pub(super) fn name(&self) -> String {
        if self.deleted {
            format!("__DELETED__{}_{}", self.node_id, self.original_name)
        } else {
            self.original_name.clone()
        }
    }

    pub(super) fn state(&self) -> &'static str {
        if self.deleted { "DELETED" } else { "READY" }
    }

    pub(super) fn package_type(&self) -> PackageType {
        self.file().map_or(PackageType::Collection, |file| file.package_type)
    }

    pub(super) fn file(&self) -> Option<&SourceFile> {
        match &self.content {
            Content::Folder => None,
            Content::File(file) => Some(file),
        }
    }
}

/// All packages of the organization, parents before their children.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) packages: Vec<Package>,
}

/// A package that was added.
pub(super) struct Added {
    pub(super) id: PackageId,
    pub(super) node_id: PackageNodeId,
    dataset: DatasetId,
}

/// The location of a package: in a folder, or at the root of a dataset.
#[derive(Clone, Copy)]
pub(super) struct Parent {
    dataset: DatasetId,
    parent: Option<PackageId>,
}

impl From<DatasetId> for Parent {
    fn from(dataset: DatasetId) -> Self {
        Self { dataset, parent: None }
    }
}

impl From<&Added> for Parent {
    fn from(folder: &Added) -> Self {
        Self { dataset: folder.dataset, parent: Some(folder.id) }
    }
}

impl Tree {
    /// Adds a folder.
    pub(super) fn folder(&mut self, place: impl Into<Parent>, name: &str) -> Added {
        self.add(place.into(), name, Content::Folder)
    }

    /// Adds a file.
    pub(super) fn file(&mut self, place: impl Into<Parent>, name: &str, bytes: impl Into<Bytes>) -> Added {
        let place = place.into();
        let uuid = fixed_uuid(&format!("file/{}", self.next_id()));
        let (package_type, file_type, content_type) = types_of(name);
        let file = SourceFile {
            uuid,
            name: name.to_owned(),
            key: format!("O{ORGANIZATION}/D{}/{}/{uuid}", place.dataset, fixed_uuid("manifest")),
            package_type,
            file_type,
            content_type,
            bytes: bytes.into(),
        };
        self.add(place, name, Content::File(file))
    }

    /// Deletes a package and all packages in it.
    pub(super) fn delete(&mut self, root: &Added) {
        let mut deleted = vec![root.id];
        for package in &mut self.packages {
            if package.id == root.id || package.parent.is_some_and(|parent| deleted.contains(&parent)) {
                package.deleted = true;
                deleted.push(package.id);
            }
        }
    }

    fn next_id(&self) -> PackageId {
        PackageId(FIRST_PACKAGE + i32::try_from(self.packages.len()).unwrap_or(i32::MAX - FIRST_PACKAGE))
    }

    fn add(&mut self, place: Parent, name: &str, content: Content) -> Added {
        let id = self.next_id();
        let kind = match content {
            Content::Folder => "collection",
            Content::File(_) => "package",
        };
        let node_id = PackageNodeId(fixed_node_id(kind, &id.to_string()));
        let added = Added { id, node_id: node_id.clone(), dataset: place.dataset };
        self.packages.push(Package {
            id,
            node_id,
            dataset: place.dataset,
            parent: place.parent,
            deleted: false,
            content,
            original_name: name.to_owned(),
        });
        added
    }
}

/// Returns the types that the platform derives from a file name's extension.
///
/// They are the type of the package, the type of the file, and the content type of the object.
fn types_of(name: &str) -> (PackageType, &'static str, &'static str) {
    match name.rsplit('.').next() {
        Some("csv") => (PackageType::CSV, "CSV", "text/csv"),
        Some("tsv") => (PackageType::Tabular, "TSV", "text/tab-separated-values"),
        Some("md") => (PackageType::Text, "Markdown", "text/markdown"),
        Some("txt") => (PackageType::Text, "Text", "text/plain"),
        Some("json") => (PackageType::Unsupported, "Json", "application/json"),
        Some("png") => (PackageType::Image, "PNG", "image/png"),
        _ => (PackageType::Unsupported, "GenericData", "application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use openapi::{DatasetId, PackageType};

    use super::Tree;

    #[test]
    fn deleting_a_folder_renames_all_that_is_in_it_and_nothing_else() {
        let mut tree = Tree::default();
        let kept = tree.folder(DatasetId(1), "kept");
        let gone = tree.folder(&kept, "gone");
        let nested = tree.folder(&gone, "nested");
        let file = tree.file(&nested, "a.csv", "1");
        tree.file(&kept, "b.csv", "2");
        tree.delete(&gone);
        let names: Vec<_> = tree.packages.iter().map(|package| (package.name(), package.state())).collect();
        let deleted = |node_id: &str, name: &str| (format!("__DELETED__{node_id}_{name}"), "DELETED");
        assert_eq!(
            names,
            [
                ("kept".to_owned(), "READY"),
                deleted(gone.node_id.as_str(), "gone"),
                deleted(nested.node_id.as_str(), "nested"),
                deleted(file.node_id.as_str(), "a.csv"),
                ("b.csv".to_owned(), "READY"),
            ]
        );
    }

    #[test]
    fn extension_determines_the_type_of_a_file() {
        let mut tree = Tree::default();
        for (name, package_type, content_type) in [
            ("scan.png", PackageType::Image, "image/png"),
            ("a.b.csv", PackageType::CSV, "text/csv"),
            ("LICENSE", PackageType::Unsupported, "application/octet-stream"),
        ] {
            tree.file(DatasetId(1), name, "");
            let package = tree.packages.last().unwrap();
            assert_eq!(package.package_type(), package_type);
            assert_eq!(package.file().unwrap().content_type, content_type);
            assert!(package.node_id.as_str().starts_with("N:package:"));
        }
        tree.folder(DatasetId(1), "folder.png");
        assert_eq!(tree.packages.last().unwrap().package_type(), PackageType::Collection);
        assert!(tree.packages.last().unwrap().node_id.as_str().starts_with("N:collection:"));
    }
}
