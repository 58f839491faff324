//! Codes in pictures: what a camera of this machine sees, or a picture of a code, read as text.

use super::{
    error::{Answer, Problem, ProblemCode},
    pictures,
};
use rqrr::PreparedImage;

/// Longest side of a picture in which a code is looked for, in pixels: a code that fills a part of it is still whole, and
/// more only takes longer.
const LONGEST_SIDE: u32 = 1600;

/// The texts of the QR codes in a picture; none if there are none that can be read. Takes processor time: not for a thread
/// that serves.
///
/// # Errors
/// It is no picture.
pub fn codes(picture: &[u8]) -> Answer<Vec<String>> {
    let picture = pictures::decode(picture)?;
    let picture = match picture.width().max(picture.height()) > LONGEST_SIDE {
        true => picture.thumbnail(LONGEST_SIDE, LONGEST_SIDE),
        false => picture,
    };
    let grey = picture.into_luma8();
    let side = |pixels: u32| {
        usize::try_from(pixels).map_err(|_| {
            Problem::because(ProblemCode::PictureTooLarge, "this picture is too large to look for a code in")
        })
    };
    let (wide, high) = (side(grey.width())?, side(grey.height())?);
    let pixels = grey.as_raw();
    let mut prepared = PreparedImage::prepare_from_greyscale(wide, high, |x, y| {
        pixels.get(y * wide + x).copied().unwrap_or(0)
    });
    Ok(prepared.detect_grids().into_iter().filter_map(|grid| Some(grid.decode().ok()?.1)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use image::{DynamicImage, GrayImage, ImageFormat, Luma};
    use qrcode::{Color, QrCode};
    use std::io::Cursor;

    /// A code as a camera sees it: some pixels a module, grey on grey, a margin.
    fn photograph(text: &str, scale: u32) -> Vec<u8> {
        let code = QrCode::new(text).unwrap();
        let (size, colors) = (u32::try_from(code.width()).unwrap(), code.to_colors());
        let side = (size + 8) * scale;
        let shade = |x: u32, y: u32| {
            let (x, y) = ((x / scale).wrapping_sub(4), (y / scale).wrapping_sub(4));
            let dark = x < size && y < size && colors[usize::try_from(y * size + x).unwrap()] == Color::Dark;
            Luma([if dark { 40 } else { 210 }])
        };
        let mut bytes = Cursor::new(Vec::new());
        let seen = DynamicImage::ImageLuma8(GrayImage::from_fn(side, side, shade));
        seen.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_code_is_read_from_what_a_camera_sees() {
        let text = "mimi://account.test/u/0123456789abcdef";
        assert_eq!(codes(&photograph(text, 4)).unwrap(), [text]);
        assert_eq!(codes(&photograph(text, 60)).unwrap(), [text], "a large picture is made smaller first");
    }

    #[test]
    fn a_picture_without_a_code_has_none_and_what_is_no_picture_is_refused() {
        assert!(codes(include_bytes!("../../../../demo/china.jpg")).unwrap().is_empty());
        assert!(codes(b"\x89PNG\r\n\x1a\n").is_err());
    }
}
