//! The viewer assets of the package `viewer`.

use bytes::Bytes;
use openapi::PackageId;
use serde::{Deserialize, Serialize};

use super::DemoError;
use super::identifiers::{DATASET, ORGANIZATION};
use super::image::Micrograph;
use super::objects::Object;
use super::picture::to_png;
use super::signal::{SAMPLE_RATE, record};
use super::table::to_parquet;
use super::zarr;

/// Paths of the viewer assets, as values of the `path` parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoAssets {
    /// A Parquet file with an EEG of 5,000 samples in five row groups.
    pub parquet: String,
    /// An OME-Zarr group with three levels; its attributes are at `{zarr}/.zattrs`.
    pub zarr: String,
    /// A PNG of the same picture.
    pub thumbnail: String,
}

impl DemoAssets {
    pub(super) fn new() -> Self {
        Self {
            parquet: "eeg.parquet".to_owned(),
            zarr: "hippocampus-ca1.ome.zarr".to_owned(),
            thumbnail: "thumbnail.png".to_owned(),
        }
    }

    /// Returns the objects of the assets. `levels` contains the picture in decreasing sizes.
    pub(super) fn objects(
        &self,
        bucket: &str,
        package: PackageId,
        levels: &[Micrograph],
    ) -> Result<Vec<Object>, DemoError> {
        let object = |path: String, content_type, bytes: Vec<u8>| Object {
            bucket: bucket.to_owned(),
            key: format!("O{ORGANIZATION}/D{DATASET}/P{package}/{path}"),
            content_type,
            bytes: Bytes::from(bytes),
        };
        let table = to_parquet(&record(1, 20 * SAMPLE_RATE))?;
        let mut objects = vec![object(self.parquet.clone(), "application/vnd.apache.parquet", table)];
        if let Some(smallest) = levels.last() {
            objects.push(object(self.thumbnail.clone(), "image/png", to_png(smallest)?));
        }
        for (path, bytes) in zarr::to_objects("Hippocampus CA1", levels) {
            let is_metadata = path.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
            let content_type = if is_metadata { "application/json" } else { "application/octet-stream" };
            objects.push(object(format!("{}/{path}", self.zarr), content_type, bytes));
        }
        Ok(objects)
    }
}

#[cfg(test)]
mod tests {
    use openapi::PackageId;

    use super::super::image::Micrograph;
    use super::DemoAssets;

    #[test]
    fn each_asset_is_below_the_prefix_of_its_package_with_its_content_type() {
        let levels = [Micrograph::synthesize(1, 128)];
        let assets = DemoAssets::new();
        let objects = assets.objects("assets", PackageId(9), &levels).unwrap();
        let content_type = |path: &str| {
            let key = format!("O367/D1180/P9/{path}");
            objects.iter().find(|object| object.key == key).map(|object| object.content_type)
        };
        assert_eq!(content_type(&assets.parquet), Some("application/vnd.apache.parquet"));
        assert_eq!(content_type(&assets.thumbnail), Some("image/png"));
        assert_eq!(content_type(&format!("{}/.zattrs", assets.zarr)), Some("application/json"));
        assert_eq!(content_type(&format!("{}/0/2/0/0", assets.zarr)), Some("application/octet-stream"));
        assert_eq!(objects.len(), 2 + 3 + 3);
    }
}
