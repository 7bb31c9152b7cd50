//! A synthetic fluorescence micrograph: nuclei, the processes of neurons, and synapses.

use super::noise::Noise;

/// The channels of a micrograph, in the order of their planes.
pub(super) const CHANNELS: [Channel; 3] = [
    Channel { label: "DAPI", color: [0x40, 0x60, 0xff] },
    Channel { label: "GFP", color: [0x20, 0xff, 0x60] },
    Channel { label: "Synapsin", color: [0xff, 0x30, 0x40] },
];
/// The highest value of the 12-bit camera.
pub(super) const FULL_SCALE: u16 = 4095;

/// The content of one plane of a micrograph.
pub(super) struct Channel {
    /// The stain.
    pub(super) label: &'static str,
    /// Red, green and blue at full scale.
    pub(super) color: [u8; 3],
}

/// A square image with one plane for each channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Micrograph {
    /// Width and height in pixels.
    pub(super) side: usize,
    /// Planes, in row-major order.
    pub(super) planes: [Vec<u16>; CHANNELS.len()],
}

impl Micrograph {
    /// Generates the picture for a seed, with a number of neurons that fits its size.
    pub(super) fn synthesize(seed: u64, side: usize) -> Self {
        let mut noise = Noise::new(seed);
        let mut planes = [(); CHANNELS.len()].map(|()| {
            let background = |_| to_pixel(noise.between(60.0, 160.0));
            Plane { side, pixels: (0..side * side).map(background).collect() }
        });
        let [nuclei, processes, synapses] = &mut planes;
        let extent = f64::from(u32::try_from(side).unwrap_or(u32::MAX));
        for _ in 0..side / 8 {
            let (x, y) = (noise.between(0.0, extent), noise.between(0.0, extent));
            nuclei.stain(x, y, noise.between(7.0, 14.0), noise.between(1400.0, 3000.0));
            let (mut x, mut y) = (x, y);
            let (mut step_x, mut step_y) = (noise.between(-2.0, 2.0), noise.between(-2.0, 2.0));
            for _ in 0..60 {
                processes.stain(x, y, 3.0, 500.0);
                if noise.unit() < 0.15 {
                    synapses.stain(x + noise.between(-4.0, 4.0), y + noise.between(-4.0, 4.0), 2.5, 2600.0);
                }
                (x, y) = (x + step_x, y + step_y);
                step_x += noise.between(-0.4, 0.4);
                step_y += noise.between(-0.4, 0.4);
            }
        }
        Self { side, planes: planes.map(|plane| plane.pixels) }
    }

    /// Returns the picture at half the size. Each pixel is the mean of four.
    pub(super) fn halve(&self) -> Self {
        let side = self.side / 2;
        let planes = self.planes.each_ref().map(|plane| {
            let at = |x: usize, y: usize| u32::from(plane[y * self.side + x]);
            (0..side * side)
                .map(|index| (2 * (index % side), 2 * (index / side)))
                .map(|(x, y)| (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4)
                .map(|mean| u16::try_from(mean).unwrap_or(FULL_SCALE))
                .collect()
        });
        Self { side, planes }
    }
}

struct Plane {
    side: usize,
    pixels: Vec<u16>,
}

impl Plane {
    /// Adds a soft spot of this radius, brightest at its center.
    ///
    /// Parts outside of the plane are cut off.
    fn stain(&mut self, x: f64, y: f64, radius: f64, brightness: f64) {
        for row in self.covered(y, radius) {
            for column in self.covered(x, radius) {
                let (dx, dy) = (coordinate(column) - x, coordinate(row) - y);
                let inside = 1.0 - (dx * dx + dy * dy) / (radius * radius);
                if inside > 0.0 {
                    let pixel = &mut self.pixels[row * self.side + column];
                    *pixel = to_pixel(f64::from(*pixel) + brightness * inside * inside);
                }
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates: what is left of the plane becomes its edge"
    )]
    fn covered(&self, centre: f64, radius: f64) -> std::ops::Range<usize> {
        (centre - radius).ceil() as usize..((centre + radius).floor() as usize + 1).min(self.side)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a side has far fewer than 2^52 pixels")]
fn coordinate(pixel: usize) -> f64 {
    pixel as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is within the camera's scale"
)]
fn to_pixel(value: f64) -> u16 {
    value.clamp(0.0, f64::from(FULL_SCALE)) as u16
}

#[cfg(test)]
mod tests {
    use super::{FULL_SCALE, Micrograph};

    #[test]
    fn picture_is_the_same_on_every_run_and_not_blank() {
        let image = Micrograph::synthesize(1, 128);
        assert_eq!(image, Micrograph::synthesize(1, 128));
        for plane in &image.planes {
            assert_eq!(plane.len(), 128 * 128);
            assert!(plane.iter().all(|pixel| *pixel <= FULL_SCALE));
            let bright = plane.iter().filter(|pixel| **pixel > 600).count();
            assert!((50..128 * 128 / 2).contains(&bright), "{bright} bright pixels");
        }
    }

    #[test]
    fn half_the_size_is_the_mean_of_each_four_pixels() {
        let planes = [vec![0, 4, 8, 100, 4, 8, 16, 200, 1, 1, 0, 0, 1, 1, 0, 2], vec![7; 16], vec![0; 16]];
        let half = Micrograph { side: 4, planes }.halve();
        assert_eq!(half.planes, [vec![4, 81, 1, 0], vec![7; 4], vec![0; 4]]);
    }
}
