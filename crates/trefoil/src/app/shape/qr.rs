//! QR codes as data: the page draws one path.

use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;
use utoipa::ToSchema;

/// A QR code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Qr {
    /// Modules on each side, without the quiet zone.
    pub size: usize,
    /// The dark modules as an SVG path, one unit a module.
    pub path: String,
}

/// What others need to write to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Card {
    /// The person's URI.
    pub user: String,
    /// The same as a link that can be sent: the URI itself, which every Trefoil takes; of a minor the link by which they are
    /// reached, which is for those alone whom they want to hear from.
    pub link: String,
    /// The link as a QR code.
    pub qr: Qr,
}

impl Qr {
    /// Draws a text; `None` if it does not fit.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let size = code.width();
        let colors = code.to_colors();
        let mut path = String::new();
        for (y, row) in colors.chunks(size).enumerate() {
            let mut x = 0;
            while x < size {
                let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
                if run > 0 {
                    path.push_str(&format!("M{x} {y}h{run}v1h-{run}z"));
                }
                x += run.max(1);
            }
        }
        Some(Self { size, path })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_code_is_drawn_as_runs_of_dark_modules() {
        let qr = Qr::of("mimi://account.test/u/abc").unwrap();
        assert!(qr.size >= 21);
        // The finder pattern's upper edge: seven dark modules.
        assert!(qr.path.starts_with("M0 0h7v1h-7z"), "{}", qr.path);
        assert!(Qr::of(&"x".repeat(5000)).is_none());
    }
}
