//! Encodes a micrograph as a PNG.

use super::image::{CHANNELS, Micrograph};

/// The value that is rendered at full brightness.
///
/// Specimens rarely use the full scale of the camera.
const WHITE: u32 = 3000;

/// Renders the channels on top of each other in their colors.
pub(super) fn to_png(image: &Micrograph) -> Result<Vec<u8>, png::EncodingError> {
    let side = u32::try_from(image.side).unwrap_or(u32::MAX);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&render(image))?;
    writer.finish()?;
    Ok(bytes)
}

fn render(image: &Micrograph) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(image.side * image.side * 3);
    for index in 0..image.side * image.side {
        for component in 0..3 {
            let light: u32 = CHANNELS
                .iter()
                .zip(&image.planes)
                .map(|(channel, plane)| u32::from(plane[index]) * u32::from(channel.color[component]) / WHITE)
                .sum();
            pixels.push(u8::try_from(light).unwrap_or(u8::MAX));
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::image::Micrograph;
    use super::{render, to_png};

    #[test]
    fn png_decodes_to_the_rendered_pixels() {
        let image = Micrograph::synthesize(1, 64);
        let bytes = to_png(&image).unwrap();
        assert_eq!(bytes, to_png(&image).unwrap());
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
        let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut decoded).unwrap();
        assert_eq!((frame.width, frame.height, frame.color_type), (64, 64, png::ColorType::Rgb));
        assert_eq!(decoded, render(&image));
    }

    #[test]
    fn channel_is_rendered_in_its_color() {
        let image = Micrograph { side: 1, planes: [vec![0], vec![3000], vec![0]] };
        assert_eq!(render(&image), [0x20, 0xff, 0x60]);
    }
}
