//! Parquet files for the viewer.

use std::sync::Arc;

use bytes::Bytes;
use parquet::data_type::DoubleType;
use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// Returns a file with columns of doubles, `c0`, `c1` and so on, which cannot be compressed.
pub(crate) fn doubles(columns: u32, groups: u32, rows_per_group: u32) -> Vec<u8> {
    let fields: Vec<String> = (0..columns).map(|column| format!("required double c{column};")).collect();
    let schema = Arc::new(parse_message_type(&format!("message numbers {{ {} }}", fields.concat())).unwrap());
    let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    for group_index in 0..groups {
        let mut group = file.next_row_group().unwrap();
        let mut column_index = 0_u32;
        while let Some(mut column) = group.next_column().unwrap() {
            let first = f64::from(group_index * rows_per_group) + f64::from(column_index) / 100.0;
            let values: Vec<f64> = (0..rows_per_group).map(|row| first + f64::from(row)).collect();
            column.typed::<DoubleType>().write_batch(&values, None, None).unwrap();
            column.close().unwrap();
            column_index += 1;
        }
        group.close().unwrap();
    }
    file.into_inner().unwrap()
}

/// Returns a file whose only row group declares a size, without an index of its pages.
pub(super) fn declaring(size: i64) -> Vec<u8> {
    let mut file = doubles(2, 1, 100);
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&Bytes::from(file.clone())).unwrap();
    let group = metadata.row_group(0).clone();
    let columns = group.columns().iter().cloned().map(|column| {
        let declaring =
            column.into_builder().set_total_compressed_size(size).set_total_uncompressed_size(size);
        declaring
            .set_offset_index_offset(None)
            .set_offset_index_length(None)
            .set_column_index_offset(None)
            .set_column_index_length(None)
            .build()
            .unwrap()
    });
    let columns = columns.collect();
    let group = group.into_builder().set_column_metadata(columns).build().unwrap();
    let metadata = metadata.into_builder().set_row_groups(vec![group]).build();
    let mut footer = Vec::new();
    ParquetMetaDataWriter::new(&mut footer, &metadata).finish().unwrap();
    // The old footer stays, as bytes that nothing refers to.
    file.extend(footer);
    file
}
