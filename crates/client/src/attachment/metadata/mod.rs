//! Takes out of a picture what its maker did not mean to send: place, time, device, comments, thumbnails.

mod jpeg;
mod png;

/// The picture without metadata, pixels untouched: for JPEG (the orientation is kept, or photographs would lie on
/// their side) and PNG. `None` if it is neither, or malformed: then it cannot be promised to be clean.
pub fn strip_metadata(picture: &[u8]) -> Option<Vec<u8>> {
    jpeg::strip(picture).or_else(|| png::strip(picture))
}
