//! What can be a name: of a person, a device, an account, a group. Names stand where people look to know whom they talk
//! to, so a name is seen whole: nothing in it is invisible, and nothing reorders what stands beside it.

/// First letter beyond Latin, Greek and Cyrillic: the joiners below shape scripts and emoji from here on, and only hide
/// before it.
const BEYOND_ALPHABETS: char = '\u{530}';

/// Whether a text of at most `most` bytes can be a name.
pub fn is_name(text: &str, most: usize) -> bool {
    text.len() <= most
        && text.chars().any(|letter| !letter.is_whitespace() && !is_joiner(letter))
        && is_plain(text)
}

/// A name that somebody else's program let through, without what cannot be seen; empty if nothing is left.
pub fn readable(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for letter in text.chars() {
        if stands_after(kept.chars().next_back(), letter) {
            kept.push(letter);
        }
    }
    kept.trim().to_owned()
}

fn is_plain(text: &str) -> bool {
    let before = std::iter::once(None).chain(text.chars().map(Some));
    before.zip(text.chars()).all(|(before, letter)| stands_after(before, letter))
}

fn stands_after(before: Option<char>, letter: char) -> bool {
    if is_joiner(letter) {
        return before.is_some_and(|before| before >= BEYOND_ALPHABETS && !is_zero_width(before));
    }
    !letter.is_control() && !is_hidden(letter)
}

/// They belong to scripts and emoji, after a letter of which they stand: ZERO WIDTH (NON-)JOINER, variation selectors.
fn is_joiner(letter: char) -> bool {
    is_zero_width(letter) || matches!(letter, '\u{FE0E}' | '\u{FE0F}')
}

fn is_zero_width(letter: char) -> bool {
    matches!(letter, '\u{200C}' | '\u{200D}')
}

/// The rest of Unicode's default ignorable code points (`DerivedCoreProperties.txt`), letters that are drawn as blanks,
/// line separators, and the controls of direction.
fn is_hidden(letter: char) -> bool {
    matches!(letter,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0D}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_are_names() {
        for name in [
            "Ann",
            "Jörg O'Neil-SSmith",
            "李小龍",
            "محمد",
            "می\u{200C}خواهم",
            "क\u{94D}\u{200D}ष",
            "👨\u{200D}👩\u{200D}👧",
            "I ❤\u{FE0F} tea",
        ] {
            assert!(is_name(name, 128), "{name}");
            assert_eq!(readable(name), name);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_no_name() {
        for name in
            ["", "  ", "\u{3164}", "\u{2800}\u{2800}", "\u{200D}", "\u{200B}", "\u{E0041}", "\u{FE0F}"]
        {
            assert!(!is_name(name, 128), "{name:?}");
            assert_eq!(readable(name), "", "{name:?}");
        }
    }

    #[test]
    fn what_looks_like_another_name_is_none() {
        for name in [
            "An\u{200B}n",
            "An\u{200D}n",
            "Ann\u{200C}",
            "An\u{AD}n",
            "Ann\u{FE0F}",
            "Ann\u{2060}",
            "\u{202E}nnA",
            "An\nn",
            "An\u{2066}n",
        ] {
            assert!(!is_name(name, 128), "{name:?}");
        }
        assert_eq!(readable("An\u{200B}\u{200D}n\u{3164}"), "Ann");
    }

    #[test]
    fn a_name_has_a_limit() {
        assert!(is_name("äää", 6));
        assert!(!is_name("äää", 5));
    }
}
