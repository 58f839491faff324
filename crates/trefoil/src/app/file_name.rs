//! Names of files: what of a given one a file on this disk can have, and how an answer says one.

use super::shape::inert;
use axum::http::HeaderValue;

/// Longest name of a file, in bytes: what file systems take, with room for ` (2)`.
const LONGEST: usize = 200;
/// Longest ending that is kept whole when a name is cut, in bytes.
const LONGEST_ENDING: usize = 32;

/// The last part of a name, which a file can have.
pub fn usable(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let plain = !last.is_empty() && !last.starts_with('.') && !last.contains(char::is_control);
    if plain { cut(last) } else { "file".to_owned() }
}

/// A name for saving, as RFC 6266 and RFC 8187 write it; nothing in it turns the text around, or its ending would read as
/// another.
pub fn disposition(name: &str) -> HeaderValue {
    let mut encoded = String::new();
    for byte in cut(&inert(name)).bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let text = format!("attachment; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

/// Cuts a name that is too long before its ending, between two characters.
fn cut(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rfind('.').filter(|at| name.len() - at <= LONGEST_ENDING);
    let (stem, ending) = name.split_at(ending.unwrap_or(name.len()));
    let end = stem.floor_char_boundary(LONGEST - ending.len());
    stem[..end].trim_end().to_owned() + ending
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_names_only() {
        for (given, name) in [
            ("a.png", "a.png"),
            ("/x/.bashrc", "file"),
            ("..", "file"),
            ("a\nb", "file"),
            ("C:\\x\\y.pdf", "y.pdf"),
        ] {
            assert_eq!(usable(given), name);
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending_and_whole_characters() {
        for stem in ["\u{e4}", "\u{1F600}", "a\u{4E2D}"] {
            let name = usable(&(stem.repeat(300) + ".tar.pdf"));
            assert!(name.ends_with(".pdf") && name.len() <= LONGEST, "{name}");
            assert!(name.len() > LONGEST - 8, "{name}");
            let said = disposition(&(stem.repeat(300) + ".pdf")).to_str().unwrap().to_owned();
            assert!(said.ends_with(".pdf"), "{said}");
            let bytes = percent(said.split_once("''").unwrap().1);
            assert!(String::from_utf8(bytes).unwrap().starts_with(stem));
        }
        // What follows a dot far off is no ending.
        let name = usable(&format!("a.{}", "b".repeat(300)));
        assert_eq!(name.len(), LONGEST);
    }

    #[test]
    fn what_turns_a_name_around_is_not_said() {
        let said = disposition("photo\u{202E}gnp.exe").to_str().unwrap().to_owned();
        assert!(!String::from_utf8(percent(&said)).unwrap().contains('\u{202E}'), "{said}");
        assert!(said.ends_with(".exe"), "{said}");
    }

    fn percent(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let pair = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        bytes
    }
}
