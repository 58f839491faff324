//! Words of a message as the search knows them: Unicode words in lower case, decomposed for compatibility, without marks.

use super::{Body, body::Attached, text::plain};
use std::collections::BTreeSet;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation as _;

/// Longest word, in bytes; of a longer one its beginning counts.
pub(super) const LONGEST: usize = 64;
/// Different words of one message that can be found.
pub(super) const MOST: usize = 512;
/// Characters of an excerpt, and of those before its first hit.
const EXCERPT: usize = 160;
const BEFORE: usize = 40;

/// A word that is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub word: String,
    /// Words that begin with it fit too.
    pub prefix: bool,
}

impl Wanted {
    pub(super) fn fits(&self, word: &str) -> bool {
        if self.prefix { word.starts_with(&self.word) } else { word == self.word }
    }
}

/// The words of a query, each once; the last one, if nothing follows it, may be the beginning of a word.
pub(super) fn wanted(query: &str) -> Vec<Wanted> {
    let mut words: Vec<Wanted> = Vec::new();
    let mut end = 0;
    for (at, word) in query.unicode_word_indices() {
        end = at + word.len();
        let word = normal(word);
        if !word.is_empty() && !words.iter().any(|other| other.word == word) {
            words.push(Wanted { word, prefix: false });
        }
    }
    if end == query.len()
        && let Some(last) = words.last_mut()
    {
        last.prefix = true;
    }
    words
}

/// The words of a message, at most [`MOST`].
pub(super) fn of_body(body: &Body) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    each_of_body(body, |word| !words.contains(word) && words.insert(word.to_owned()));
    words
}

/// Gives every word of a message, the same one as often as it is there, until [`MOST`] were taken: `take` says whether the
/// word is one more.
pub(super) fn each_of_body(body: &Body, mut take: impl FnMut(&str) -> bool) {
    let (mut taken, mut form) = (0, String::new());
    for text in texts(body) {
        for word in text.unicode_words() {
            for word in forms(word) {
                normalise(word, &mut form);
                if !form.is_empty() && take(&form) {
                    taken += 1;
                    if taken == MOST {
                        return;
                    }
                }
            }
        }
    }
}

/// What surrounds the first hit, in pieces: text, and whether it is a hit.
pub(super) fn excerpt(body: &Body, wanted: &[Wanted]) -> Vec<(String, bool)> {
    let texts = texts(body);
    let hits = |text: &str| -> Vec<(usize, usize)> {
        let fits =
            |word: &str| forms(word).any(|form| wanted.iter().any(|wanted| wanted.fits(&normal(form))));
        let found = text.unicode_word_indices().filter(|(_, word)| fits(word));
        found.map(|(at, word)| (at, at + word.len())).collect()
    };
    let found = texts.iter().map(|text| (text, hits(text))).find(|(_, hits)| !hits.is_empty());
    let Some((text, hits)) = found.or_else(|| texts.first().map(|text| (text, Vec::new()))) else {
        return Vec::new();
    };
    let first = hits.first().map_or(0, |(start, _)| *start);
    let start = text[..first].char_indices().rev().take(BEFORE).last().map_or(first, |(at, _)| at);
    let end = text[start..].char_indices().nth(EXCERPT).map_or(text.len(), |(at, _)| start + at);
    let mut pieces: Vec<(String, bool)> = Vec::new();
    let mut push = |piece: &str, hit: bool| {
        if !piece.is_empty() {
            pieces.push((piece.replace(['\n', '\r', '\t'], " "), hit));
        }
    };
    push(if start > 0 { "…" } else { "" }, false);
    let mut at = start;
    for (from, to) in hits {
        if from >= end {
            break;
        }
        let to = to.min(end);
        push(&text[at..from], false);
        push(&text[from..to], true);
        at = to;
    }
    push(&text[at..end], false);
    push(if end < text.len() { "…" } else { "" }, false);
    pieces
}

/// What of a message can be searched, one text after the other.
fn texts(body: &Body) -> Vec<String> {
    let mut texts: Vec<String> = body.text.as_deref().map(plain).into_iter().collect();
    if let Some(poll) = &body.poll {
        texts.push(poll.question.clone());
        texts.extend(poll.options.iter().cloned());
    }
    for file in &body.attachments {
        if let Attached::Usable(file) = file
            && !file.label.filename.is_empty()
        {
            texts.push(file.label.filename.clone());
        }
    }
    texts
}

/// A word, and what stands between the signs in it: `report_2024` is found by `2024` too. Empty ones do not count.
fn forms(word: &str) -> impl Iterator<Item = &str> {
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let parts = word.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c));
    let parts = parts.filter(move |part| !plain && part.len() < word.len());
    std::iter::once(word).chain(parts)
}

fn normal(word: &str) -> String {
    let mut out = String::new();
    normalise(word, &mut out);
    out
}

fn normalise(word: &str, out: &mut String) {
    out.clear();
    if word.is_ascii() && !word.contains('\0') {
        // Most words, and nothing in them has another presentation.
        out.push_str(&word[..word.len().min(LONGEST)]);
        out.make_ascii_lowercase();
        return;
    }
    let letters = word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    // A sigma at the end of a word is the same letter. Without zeros a word ends before every longer one in a key.
    for letter in letters.map(|c| if c == 'ς' { 'σ' } else { c }).filter(|c| *c != '\0') {
        if out.len() + letter.len_utf8() > LONGEST {
            break;
        }
        out.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Body {
        Body { text: Some(text.to_owned()), ..Body::default() }
    }

    fn words(text: &str) -> Vec<String> {
        of_body(&body(text)).into_iter().collect()
    }

    #[test]
    fn words_lose_case_marks_and_presentation() {
        assert_eq!(words("Über ÉCOLE, naïve ﬁne ΟΔΟΣ"), ["ecole", "fine", "naive", "uber", "οδοσ"]);
        assert_eq!(words("東京 🙂 --- "), ["京", "東"]);
        assert_eq!(words("e\u{301}cole"), ["ecole"], "however it was typed");
    }

    #[test]
    fn parts_of_a_name_are_words_too() {
        assert_eq!(words("report_2024.pdf"), ["2024", "pdf", "report", "report_2024"]);
        assert_eq!(words("don't"), ["don", "don't", "t"]);
    }

    #[test]
    fn long_words_are_cut_and_many_are_not_all_kept() {
        assert_eq!(words(&"ä".repeat(100)), ["a".repeat(LONGEST)]);
        assert_eq!(words(&"я".repeat(100))[0].len(), LONGEST);
        let many: Vec<String> = (0..2 * MOST).map(|number| number.to_string()).collect();
        assert_eq!(words(&many.join(" ")).len(), MOST);
    }

    #[test]
    fn the_last_word_may_be_a_beginning_unless_something_follows() {
        let word = |word: &str, prefix| Wanted { word: word.to_owned(), prefix };
        assert_eq!(wanted("Tea Caf\u{e9}"), [word("tea", false), word("cafe", true)]);
        assert_eq!(wanted("tea "), [word("tea", false)]);
        assert_eq!(wanted("tea tea"), [word("tea", true)]);
        assert_eq!(wanted(" ?! "), []);
        assert!(word("ca", true).fits("cafe") && !word("ca", false).fits("cafe"));
    }

    #[test]
    fn an_excerpt_shows_hits_in_what_was_written() {
        let shown = excerpt(&body("one\nTwo Cafés three"), &wanted("two caf"));
        let shown: Vec<_> = shown.iter().map(|(text, hit)| (text.as_str(), *hit)).collect();
        assert_eq!(shown, [("one ", false), ("Two", true), (" ", false), ("Cafés", true), (" three", false)]);
        let long = format!("{} needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let shown = excerpt(&body(&long), &wanted("needle"));
        assert_eq!(shown.first().unwrap().0, "…");
        assert_eq!(shown.last().unwrap().0, "…");
        assert_eq!(shown.iter().filter(|(_, hit)| *hit).count(), 1);
        assert!(shown.iter().map(|(text, _)| text.chars().count()).sum::<usize>() <= EXCERPT + 2);
        assert!(excerpt(&Body::default(), &wanted("x")).is_empty());
    }
}
