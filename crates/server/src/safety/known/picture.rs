//! From the bytes of a picture to its PDQ hash. The bytes are a stranger's: how large it is, is asked before it is decoded.

use super::{
    error::PictureError,
    pdq::{Luma, Pdq},
};
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageReader, Limits};
use std::io::Cursor;

/// Most points of a picture that is decoded: some 190 MB of brightness.
pub const PIXELS: u64 = 48_000_000;
/// Longest side.
const SIDE: u32 = 20_000;
/// Most memory that a decoder takes.
const MEMORY: u64 = 512 * 1024 * 1024;

/// The PDQ hash of a GIF (its first picture), JPEG, PNG or WebP as it is stored: turned by no metadata, its transparency
/// ignored. `None` for a picture of less than 5 points in width or height.
///
/// # Errors
/// It is no such picture, or too large.
pub fn pdq_of(bytes: &[u8]) -> Result<Option<Pdq>, PictureError> {
    Ok(luma(bytes)?.pdq())
}

fn luma(bytes: &[u8]) -> Result<Luma, PictureError> {
    let unreadable = |error| match error {
        ImageError::Limits(_) => PictureError::TooLarge,
        error => PictureError::Unreadable(error),
    };
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(SIDE), Some(SIDE));
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let reader = reader.with_guessed_format().map_err(|error| unreadable(error.into()))?;
    let decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS {
        return Err(PictureError::TooLarge);
    }
    let points = match DynamicImage::from_decoder(decoder).map_err(unreadable)? {
        DynamicImage::ImageLuma8(grey) => grey.pixels().map(|pixel| f32::from(pixel.0[0])).collect(),
        colours => {
            let weighed = |[red, green, blue]: [u8; 3]| {
                0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
            };
            colours.into_rgb8().pixels().map(|pixel| weighed(pixel.0)).collect()
        }
    };
    Ok(Luma { width: width as usize, height: height as usize, points })
}
