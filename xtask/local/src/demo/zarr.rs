//! Encodes a micrograph as an OME-Zarr group.
//!
//! The format is OME-Zarr 0.4 on Zarr 2, which all viewers support: <https://ngff.openmicroscopy.org/0.4/>.
//! The chunks are not compressed, so their sizes are known in advance.

use serde_json::{Value, json};

use super::image::{CHANNELS, FULL_SCALE, Micrograph};

/// Width and height of a chunk in pixels. A chunk contains one channel.
const CHUNK_SIDE: usize = 128;
/// Width and height of a pixel of the largest level, in micrometers.
const PIXEL_SIZE: f64 = 0.325;

/// Returns the objects of a group with their keys in the group.
///
/// The levels are in decreasing sizes.
pub(super) fn to_objects(name: &str, levels: &[Micrograph]) -> Vec<(String, Vec<u8>)> {
    let mut objects = vec![
        (".zgroup".to_owned(), document(&json!({ "zarr_format": 2 }))),
        (".zattrs".to_owned(), document(&attributes(name, levels.len()))),
    ];
    for (level, image) in levels.iter().enumerate() {
        objects.push((format!("{level}/.zarray"), document(&array(image.side))));
        for (channel, plane) in image.planes.iter().enumerate() {
            for row in 0..image.side.div_ceil(CHUNK_SIDE) {
                for column in 0..image.side.div_ceil(CHUNK_SIDE) {
                    let key = format!("{level}/{channel}/{row}/{column}");
                    objects.push((key, chunk(plane, image.side, row, column)));
                }
            }
        }
    }
    objects
}

fn attributes(name: &str, levels: usize) -> Value {
    let datasets: Vec<Value> = (0..levels)
        .scan(PIXEL_SIZE, |size, level| {
            let scale = json!([1.0, *size, *size]);
            *size *= 2.0;
            let transformations = json!([{ "type": "scale", "scale": scale }]);
            Some(json!({ "path": level.to_string(), "coordinateTransformations": transformations }))
        })
        .collect();
    let channels = CHANNELS.each_ref().map(|channel| {
        let [red, green, blue] = channel.color;
        json!({
            "label": channel.label,
            "color": format!("{red:02X}{green:02X}{blue:02X}"),
            "active": true,
            "window": { "min": 0, "max": FULL_SCALE, "start": 100, "end": 3000 },
        })
    });
    json!({
        "multiscales": [{
            "version": "0.4",
            "name": name,
            "type": "mean",
            "axes": [
                { "name": "c", "type": "channel" },
                { "name": "y", "type": "space", "unit": "micrometer" },
                { "name": "x", "type": "space", "unit": "micrometer" },
            ],
            "datasets": datasets,
        }],
        "omero": { "version": "0.4", "name": name, "channels": channels, "rdefs": { "model": "color" } },
    })
}

/// Returns the metadata of a Zarr 2 array: <https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html>.
fn array(side: usize) -> Value {
    json!({
        "zarr_format": 2,
        "shape": [CHANNELS.len(), side, side],
        "chunks": [1, CHUNK_SIDE, CHUNK_SIDE],
        "dtype": "<u2",
        "order": "C",
        "compressor": null,
        "filters": null,
        "fill_value": 0,
        "dimension_separator": "/",
    })
}

/// Returns a chunk.
///
/// A chunk at the edge has full size, with the fill value outside of the plane.
fn chunk(plane: &[u16], side: usize, row: usize, column: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CHUNK_SIDE * CHUNK_SIDE * 2);
    for y in row * CHUNK_SIDE..(row + 1) * CHUNK_SIDE {
        for x in column * CHUNK_SIDE..(column + 1) * CHUNK_SIDE {
            let pixel = if x < side && y < side { plane[y * side + x] } else { 0 };
            bytes.extend(pixel.to_le_bytes());
        }
    }
    bytes
}

fn document(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::super::image::Micrograph;
    use super::to_objects;

    fn group() -> BTreeMap<String, Vec<u8>> {
        let image = Micrograph::synthesize(1, 256);
        let levels = [image.clone(), image.halve(), image.halve().halve()];
        to_objects("slice", &levels).into_iter().collect()
    }

    #[test]
    fn every_level_has_its_chunks_and_describes_them() {
        let group = group();
        let attributes: Value = serde_json::from_slice(&group[".zattrs"]).unwrap();
        let datasets = &attributes["multiscales"][0]["datasets"];
        assert_eq!(datasets.as_array().unwrap().len(), 3);
        assert_eq!(datasets[2]["coordinateTransformations"][0]["scale"], json!([1.0, 1.3, 1.3]));
        for (level, chunks) in [("0", 12), ("1", 3), ("2", 3)] {
            let array: Value = serde_json::from_slice(&group[&format!("{level}/.zarray")]).unwrap();
            assert_eq!(array["chunks"], json!([1, 128, 128]));
            let is_chunk = |key: &&String| key.starts_with(&format!("{level}/")) && !key.ends_with(".zarray");
            let keys: Vec<_> = group.keys().filter(is_chunk).collect();
            assert_eq!(keys.len(), chunks, "level {level}");
            assert!(keys.iter().all(|key| group[*key].len() == 128 * 128 * 2));
        }
    }

    #[test]
    fn chunk_has_little_endian_rows() {
        let image = Micrograph::synthesize(1, 256);
        let chunk = &group()["0/2/1/0"];
        let pixel = |x: usize, y: usize| {
            let at = 2 * (y * 128 + x);
            u16::from_le_bytes([chunk[at], chunk[at + 1]])
        };
        assert_eq!(pixel(0, 0), image.planes[2][128 * 256]);
        assert_eq!(pixel(127, 5), image.planes[2][133 * 256 + 127]);
    }

    #[test]
    fn pixels_beyond_a_small_level_have_the_fill_value() {
        let group = group();
        let chunk = &group["2/0/0/0"];
        assert_ne!(chunk[..128], [0; 128], "64 pixels of the picture");
        assert_eq!(chunk[128..256], [0; 128], "64 beyond it");
    }
}
