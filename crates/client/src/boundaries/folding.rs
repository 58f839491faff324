//! Text as it is compared: what looks the same is the same. Compatible forms, case, marks and what cannot be seen are taken
//! away, and each letter gives way to the one that it looks like (UTS 39, `skeleton`).

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// A text, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folded(String);

impl Folded {
    pub(crate) fn of(text: &str) -> Self {
        let seen: String = text.nfkc().filter(|letter| !is_unseen(*letter)).collect();
        let alike: String = unicode_security::skeleton(&seen.to_lowercase().replace('ß', "ss")).collect();
        // Some letters look like capitals.
        let again: String = unicode_security::skeleton(&alike.to_lowercase()).collect();
        let bare =
            again.to_lowercase().nfd().filter(|letter| !is_combining_mark(*letter)).collect::<String>();
        Self(bare.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// One that was folded before, from where it was kept.
    pub(crate) fn kept(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().map(|text| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it holds something as whole words. What is written without spaces has no ends of words to look for.
    pub(crate) fn holds(&self, wanted: &Self) -> bool {
        let (text, word) = (self.0.as_str(), wanted.0.as_str());
        let (Some(first), Some(last)) = (word.chars().next(), word.chars().next_back()) else { return false };
        text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            ends_between(before, Some(first)) && ends_between(Some(last), after)
        })
    }
}

/// Whether a word may end between two letters.
fn ends_between(before: Option<char>, after: Option<char>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => {
            let both = before.is_alphanumeric() && after.is_alphanumeric();
            !both || is_unspaced(before) || is_unspaced(after)
        }
        _ => true,
    }
}

/// Letters of scripts that put no spaces between words: Thai to Khmer, kana, Han and their like.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// What takes no place: letters are told apart with it by nobody who reads them.
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
        || letter.is_control() && !letter.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, word: &str) -> bool {
        Folded::of(text).holds(&Folded::of(word))
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (text, word) in [
            ("You IDIOT!", "idiot"),
            ("an ıdıоt said", "idiot"),
            ("i\u{200B}d\u{AD}iot", "idiot"),
            ("\u{1D422}\u{1D41D}\u{1D422}\u{1D428}\u{1D42D}", "idiot"),
            ("ïdíöt", "idiot"),
            ("idi0t", "idiot"),
            ("GROẞE STRASSE", "große straße"),
            ("give  it\nup", "Give it up"),
            ("كَلْب", "كلب"),
            ("去死吧", "去死"),
        ] {
            assert!(holds(text, word), "{word:?} in {text:?}: {:?}", Folded::of(text));
        }
    }

    #[test]
    fn a_part_of_a_word_is_another_word() {
        for (text, word) in
            [("classic", "ass"), ("Scunthorpe", "unt"), ("an idea", "idiot"), ("", "x"), ("x", "")]
        {
            assert!(!holds(text, word), "{word:?} in {text:?}");
        }
        assert!(holds("as(s)", "as") && holds("pass-ass-pass", "ass") && holds("#ass", "ass"));
    }
}
