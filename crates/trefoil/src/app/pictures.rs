//! Pictures, drawn anew: what somebody sent is decoded here within limits, made as small as it is shown, and encoded
//! afresh. The browser's decoders never see a stranger's bytes, and a picture that unpacks to gigabytes stops here.

use super::error::{Answer, Problem, ProblemCode};
use bytes::Bytes;
use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    imageops::FilterType,
};
use moka::sync::Cache;
use std::{io::Cursor, sync::Arc};
use tokio::{sync::Semaphore, task::spawn_blocking};
use trefoil_proto::{
    content::picture::{Picture, PictureType},
    limits,
};

/// Largest file that is looked at.
pub const LARGEST_FILE: u64 = 32 * 1024 * 1024;
/// Longest side of a picture that is decoded, in pixels.
const LONGEST_SIDE: u32 = 16_384;
/// Memory that decoding may take, in bytes.
const MEMORY: u64 = 256 * 1024 * 1024;
/// Widths that are drawn, in pixels: a request for another gets the next one.
const WIDTHS: [u32; 4] = [160, 320, 640, 1600];
/// Side of a picture of a person or a room, in pixels.
const SMALL: u32 = 256;
/// JPEG qualities that are tried until it is small enough.
const QUALITIES: [u8; 6] = [85, 70, 55, 40, 25, 10];
/// Bytes of drawn pictures that are kept.
const KEPT: u64 = 64 * 1024 * 1024;

/// A picture that was drawn here.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// `image/jpeg` or `image/png`.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Pictures that are decoded at the same time: each may take [`MEMORY`], and more while it is made small.
const AT_ONCE: usize = 2;

/// Pictures that were drawn lately, by hash of the original and width.
pub struct Pictures {
    drawn: Cache<([u8; 32], u32), Drawn>,
    turns: Arc<Semaphore>,
}

impl Default for Pictures {
    fn default() -> Self {
        let weight =
            |_: &([u8; 32], u32), drawn: &Drawn| u32::try_from(drawn.bytes.len()).unwrap_or(u32::MAX);
        let drawn = Cache::builder().max_capacity(KEPT).weigher(weight).build();
        Self { drawn, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Pictures {
    /// One that was drawn before.
    pub fn kept(&self, hash: &[u8; 32], width: u32) -> Option<Drawn> {
        self.drawn.get(&(*hash, fitting(width)))
    }

    /// Does what takes the memory and the time of decoding a picture, when it is its turn. Whoever goes meanwhile does not
    /// give the turn away before the work has ended.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let failed = || Problem::internal("this program failed on it");
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| failed())?;
        let done = spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| failed())?
    }

    /// Draws one, and keeps it. Takes memory and processor time: for [`Self::in_turn`].
    ///
    /// # Errors
    /// It cannot be shown.
    pub fn draw(&self, hash: &[u8; 32], original: &[u8], width: u32) -> Answer<Drawn> {
        let width = fitting(width);
        let drawn = draw(original, width)?;
        self.drawn.insert((*hash, width), drawn.clone());
        Ok(drawn)
    }
}

/// Makes a picture that travels within messages of any that somebody chose: its middle, square, of at most
/// [`limits::PICTURE`] bytes, and nothing of the file that it came from.
///
/// # Errors
/// It cannot be read.
pub fn small(original: &[u8]) -> Answer<Picture> {
    let picture = decode(original)?;
    let side = picture.width().min(picture.height());
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    let square = picture.crop_imm(left, top, side, side);
    let side = side.min(SMALL);
    let mut opaque = RgbImage::new(side, side);
    let square = square.resize_exact(side, side, FilterType::Triangle).to_rgba8();
    for (at, colour) in square.enumerate_pixels().map(|(x, y, pixel)| ((x, y), pixel.0)) {
        // What was transparent is white.
        let over = |part: u8| {
            let (part, opacity) = (u32::from(part), u32::from(colour[3]));
            u8::try_from((part * opacity + 255 * (255 - opacity)) / 255).unwrap_or(u8::MAX)
        };
        opaque.put_pixel(at.0, at.1, Rgb([over(colour[0]), over(colour[1]), over(colour[2])]));
    }
    let mut made = Vec::new();
    for quality in QUALITIES {
        made.clear();
        let encoder = JpegEncoder::new_with_quality(&mut made, quality);
        opaque.write_with_encoder(encoder).map_err(cannot)?;
        if made.len() <= limits::PICTURE {
            break;
        }
    }
    Picture::new(PictureType::Jpeg, made)
        .map_err(|_| Problem::because(ProblemCode::PictureUnusable, "this picture cannot be made small"))
}

/// A picture of a person or of a room, drawn anew: nothing of what somebody sent is in it but what can be seen.
///
/// # Errors
/// It cannot be shown.
pub fn anew(picture: &Picture) -> Answer<Drawn> {
    draw(picture.bytes(), SMALL)
}

fn fitting(width: u32) -> u32 {
    WIDTHS.into_iter().find(|known| *known >= width).unwrap_or(WIDTHS[WIDTHS.len() - 1])
}

/// A picture of somebody's, decoded within limits, the right way up.
///
/// # Errors
/// It is damaged, too large, or no picture.
pub fn decode(original: &[u8]) -> Answer<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::new(Cursor::new(original))
        .with_guessed_format()
        .map_err(|error| cannot(image::ImageError::IoError(error)))?;
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(cannot)?;
    let turned = decoder.orientation().map_err(cannot)?;
    let (wide, high) = decoder.dimensions();
    if u64::from(wide) * u64::from(high) * 8 > MEMORY {
        let millions = |pixels: u64| pixels.div_ceil(1_000_000);
        return Err(Problem::because(
            ProblemCode::PictureTooLarge,
            format!(
                "this picture is too large to be shown here, with {} million pixels: up to {} million are shown. Save it instead",
                millions(u64::from(wide) * u64::from(high)),
                MEMORY / 8 / 1_000_000,
            ),
        ));
    }
    let mut picture = DynamicImage::from_decoder(decoder).map_err(cannot)?;
    picture.apply_orientation(turned);
    Ok(picture)
}

fn cannot(_: image::ImageError) -> Problem {
    Problem::because(
        ProblemCode::PictureUnusable,
        "this picture cannot be shown: it is damaged, too large, or not what it says",
    )
}

fn draw(original: &[u8], width: u32) -> Answer<Drawn> {
    let mut picture = decode(original)?;
    if picture.width() > width {
        picture = picture.thumbnail(width, LONGEST_SIDE);
    }
    let mut bytes = Vec::new();
    let (encoded, media_type) = if picture.color().has_alpha() {
        let small = DynamicImage::ImageRgba8(picture.to_rgba8());
        (small.write_with_encoder(PngEncoder::new(&mut bytes)), ImageFormat::Png.to_mime_type())
    } else {
        let small = DynamicImage::ImageRgb8(picture.to_rgb8());
        (
            small.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 85)),
            ImageFormat::Jpeg.to_mime_type(),
        )
    };
    encoded.map_err(cannot)?;
    Ok(Drawn { media_type, bytes: bytes.into() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PICTURE: &[u8] = include_bytes!("../../../../demo/china.jpg");

    #[test]
    fn a_picture_is_drawn_anew_and_smaller() {
        let pictures = Pictures::default();
        let drawn = pictures.draw(&[1; 32], PICTURE, 300).unwrap();
        assert_eq!(drawn.media_type, "image/jpeg");
        let back = image::load_from_memory(&drawn.bytes).unwrap();
        assert_eq!(back.width(), 320);
        assert_eq!(pictures.kept(&[1; 32], 310).unwrap().bytes, drawn.bytes);
        assert!(pictures.kept(&[1; 32], 1000).is_none());
    }

    #[test]
    fn a_picture_of_a_person_is_square_and_small_whatever_it_was() {
        let made = small(PICTURE).unwrap();
        let back = image::load_from_memory(made.bytes()).unwrap();
        assert_eq!((back.width(), back.height()), (SMALL, SMALL));
        // Noise is what a JPEG is largest of.
        let mut state = 1_u64;
        let noise = RgbImage::from_fn(600, 300, |_, _| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            Rgb([(state >> 40) as u8, (state >> 48) as u8, (state >> 56) as u8])
        });
        let mut file = Vec::new();
        DynamicImage::ImageRgb8(noise).write_to(&mut Cursor::new(&mut file), ImageFormat::Png).unwrap();
        assert!(small(&file).unwrap().bytes().len() <= limits::PICTURE);
        // What is transparent turns white, not black.
        let mut file = Vec::new();
        DynamicImage::new_rgba8(20, 10).write_to(&mut Cursor::new(&mut file), ImageFormat::Png).unwrap();
        let back = image::load_from_memory(small(&file).unwrap().bytes()).unwrap().to_rgb8();
        assert_eq!((back.width(), back.get_pixel(5, 5).0.map(|part| part > 250)), (10, [true; 3]));
        assert!(small(b"<svg/>").is_err());
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused() {
        // A PNG that announces 60 000 by 60 000 pixels in 67 bytes.
        let mut bomb = Vec::new();
        DynamicImage::new_rgb8(1, 1).write_to(&mut Cursor::new(&mut bomb), ImageFormat::Png).unwrap();
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        let cut = &PICTURE[..200];
        for hostile in [&b"<svg onload=alert(1)>"[..], b"", &bomb, cut, b"GIF89a"] {
            assert!(draw(hostile, 320).is_err(), "{:?}", &hostile[..hostile.len().min(16)]);
        }
    }

    #[test]
    fn twelve_thousand_pixels_square_do_not_unpack_here() {
        // Valid, small on the wire, 432 MB unpacked.
        let mut large = Vec::new();
        DynamicImage::new_luma8(12_000, 12_000)
            .write_to(&mut Cursor::new(&mut large), ImageFormat::Png)
            .unwrap();
        assert!(large.len() < 1024 * 1024, "{}", large.len());
        let error = draw(&large, 320).unwrap_err();
        assert!(error.message.contains("144 million pixels: up to 33 million"), "{}", error.message);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_so_many_are_decoded_at_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let pictures = Pictures::default();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = (0..8).map(|_| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            pictures.in_turn(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Long enough for all the others to begin, if they might.
                std::thread::sleep(std::time::Duration::from_millis(20));
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        });
        for done in futures_util::future::join_all(all).await {
            done.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
    }
}
