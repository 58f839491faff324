//! PDQ against the reference, lists from file to match, and what a match is made from.
#![allow(clippy::unwrap_used)]

mod lists;
mod pictures;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

/// What a test picture shows: colour `c` of the point (x, y).
pub(super) type Drawing = fn(i64, i64, i64) -> i64;

pub(super) fn draw(drawing: Drawing, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([0, 1, 2].map(|c| (drawing(x.into(), y.into(), c) & 255) as u8))
    })
}

pub(super) fn png(picture: &RgbImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

pub(super) fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture.clone()).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(super) fn waves(x: i64, y: i64, c: i64) -> i64 {
    128 + (x * (3 + c)) % 97 - (y * (5 - c)) % 89 + (x * y) / (64 + 16 * c) % 31
}

pub(super) fn discs(x: i64, y: i64, c: i64) -> i64 {
    let inside = |k: &i64| {
        let (left, top, radius) = ((k * 137 + 29) % 400, (k * 211 + 71) % 300, 20 + (k * 53) % 70);
        (x - left).pow(2) + (y - top).pow(2) < radius * radius
    };
    (0..12).rev().find(inside).map_or(40 + 30 * c, |k| (k * 67 + c * 41) % 256)
}

pub(super) fn noise(x: i64, y: i64, c: i64) -> i64 {
    let mut value = (x * 1_103_515_245 + y * 12_345 + c * 7_919 + x * y * 31) & 0xFFFF_FFFF;
    value ^= value >> 13;
    ((value * 0x5bd1_e995) & 0xFFFF_FFFF) >> 24
}

pub(super) fn ramp(x: i64, _: i64, _: i64) -> i64 {
    x * 255 / 400
}

pub(super) fn flat(_: i64, _: i64, _: i64) -> i64 {
    127
}
