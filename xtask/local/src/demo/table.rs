//! Writes the recording to a Parquet file.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::signal::{ELECTRODES, Sample};

/// Rows in each row group: few, so that a reader benefits from fetching single groups by range.
const ROWS_PER_GROUP: usize = 1000;

/// Start of the recording: 14 March 2025, 09:00 UTC, in microseconds since 1970.
const RECORDING_START: i64 = 1_741_942_800_000_000;

const SCHEMA: &str = "
    message recording {
        required int64 time (TIMESTAMP(MICROS, true));
        required float c3;
        required float c4;
        required float o1;
        required float o2;
        optional binary event (UTF8);
    }";

/// Writes the samples without compression, so that all readers support the file.
pub(super) fn to_parquet(samples: &[Sample]) -> Result<Vec<u8>, ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::new()))?;
    for samples in samples.chunks(ROWS_PER_GROUP) {
        let mut group = file.next_row_group()?;
        write_group(&mut group, samples)?;
        group.close()?;
    }
    file.into_inner()
}

/// Writes a row group. The columns must be in the order of the schema.
fn write_group(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    samples: &[Sample],
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        let times: Vec<i64> = samples.iter().map(|sample| RECORDING_START + sample.microseconds).collect();
        column.typed::<Int64Type>().write_batch(&times, None, None)?;
        column.close()?;
    }
    for electrode in 0..ELECTRODES.len() {
        if let Some(mut column) = group.next_column()? {
            let values: Vec<f32> = samples.iter().map(|sample| sample.microvolts[electrode]).collect();
            column.typed::<FloatType>().write_batch(&values, None, None)?;
            column.close()?;
        }
    }
    if let Some(mut column) = group.next_column()? {
        let present: Vec<i16> = samples.iter().map(|sample| i16::from(sample.flash)).collect();
        let events = vec![ByteArray::from("flash"); samples.iter().filter(|sample| sample.flash).count()];
        column.typed::<ByteArrayType>().write_batch(&events, Some(&present), None)?;
        column.close()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    use super::super::signal::record;
    use super::{RECORDING_START, to_parquet};

    #[test]
    fn written_rows_are_read_back() {
        let samples = record(7, 2500);
        let reader = SerializedFileReader::new(Bytes::from(to_parquet(&samples).unwrap())).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 3);
        assert_eq!(reader.metadata().file_metadata().num_rows(), 2500);
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), samples.len());
        for (row, sample) in rows.iter().zip(&samples) {
            assert_eq!(row.get_timestamp_micros(0).unwrap(), RECORDING_START + sample.microseconds);
            for (column, value) in (1..).zip(sample.microvolts) {
                assert_eq!(row.get_float(column).unwrap().to_bits(), value.to_bits());
            }
            assert_eq!(row.get_string(5).is_ok_and(|event| event == "flash"), sample.flash);
        }
    }

    #[test]
    fn bytes_are_the_same_on_every_run() {
        assert_eq!(to_parquet(&record(7, 2500)).unwrap(), to_parquet(&record(7, 2500)).unwrap());
    }
}
