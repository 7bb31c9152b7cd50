//! A synthetic EEG for the tables and the Parquet file of the demo.

use std::f64::consts::TAU;
use std::fmt::Write;

use super::noise::Noise;

/// Samples per second.
pub(super) const SAMPLE_RATE: u32 = 250;
/// Names of the electrodes, in the order of [`Sample::microvolts`].
pub(super) const ELECTRODES: [&str; 4] = ["c3", "c4", "o1", "o2"];

/// One sample of the recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// Microseconds since the start of the recording.
    pub(super) microseconds: i64,
    /// Potential at each electrode, rounded to a tenth of a microvolt like the output of an amplifier.
    pub(super) microvolts: [f32; ELECTRODES.len()],
    /// Whether a flash occurs at this sample. The subject sees one every two seconds.
    pub(super) flash: bool,
}

/// Generates the recording of a subject: alpha waves of varying strength, theta waves and noise.
pub(super) fn record(subject: u64, samples: u32) -> Vec<Sample> {
    let mut noise = Noise::new(subject);
    let phases = [0.0; ELECTRODES.len()].map(|_: f64| noise.between(0.0, TAU));
    (0..samples)
        .map(|index| {
            let seconds = f64::from(index) / f64::from(SAMPLE_RATE);
            Sample {
                microseconds: i64::from(index) * 1_000_000 / i64::from(SAMPLE_RATE),
                microvolts: phases.map(|phase| potential(seconds, phase, noise.between(-4.0, 4.0))),
                flash: index % (2 * SAMPLE_RATE) == SAMPLE_RATE,
            }
        })
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "tenths of microvolts are exact enough in f32")]
fn potential(seconds: f64, phase: f64, noise: f64) -> f32 {
    let envelope = 1.0 + 0.6 * (TAU * 0.25 * seconds + phase).sin();
    let alpha = 18.0 * envelope * (TAU * 10.0 * seconds + phase).sin();
    let theta = 9.0 * (TAU * 6.0 * seconds + 2.0 * phase).sin();
    // Rounding also removes platform differences in the last bit of the sine.
    (((alpha + theta + noise) * 10.0).round() / 10.0) as f32
}

/// Returns the recording as CSV with a header line.
pub(super) fn to_csv(samples: &[Sample]) -> String {
    let mut text = format!("time_us,{}\n", ELECTRODES.join(","));
    for sample in samples {
        let _infallible = write!(text, "{}", sample.microseconds);
        for value in sample.microvolts {
            let _infallible = write!(text, ",{value:.1}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{ELECTRODES, record, to_csv};

    #[test]
    fn subject_has_one_recording_of_plausible_amplitude() {
        let recording = record(1, 1000);
        assert_eq!(recording, record(1, 1000));
        assert_ne!(recording, record(2, 1000));
        assert_eq!(recording[250].microseconds, 1_000_000);
        assert_eq!(recording.iter().filter(|sample| sample.flash).count(), 2);
        let peak = recording.iter().flat_map(|sample| sample.microvolts).fold(0.0_f32, |a, b| a.max(b.abs()));
        assert!((20.0..45.0).contains(&peak), "{peak} µV");
    }

    #[test]
    fn csv_has_a_header_and_a_line_for_each_sample() {
        let text = to_csv(&record(1, 3));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "time_us,c3,c4,o1,o2");
        assert_eq!(lines.len(), 4);
        assert!(lines[3].starts_with("8000,"));
        assert!(lines.iter().all(|line| line.split(',').count() == 1 + ELECTRODES.len()));
    }
}
