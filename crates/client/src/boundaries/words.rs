//! Words that a person does not want to read. Messages of others that have one are folded.

use super::FoldedText;
use crate::{
    conversation::{Attached, Body, ConversationError, plain},
    overlay::Overlay,
};
use trefoil_store::{KeyRange, Table};

/// Hidden words, by what they are compared as: as the person wrote them.
pub const HIDDEN_WORDS: Table = Table::new("client.hidden_words");

/// Words that are hidden at a time, at most.
pub const MOST: usize = 500;
/// Bytes of one, at most.
pub const LONGEST: usize = 100;

/// The hidden words as the person wrote them, in the order of what they are compared as.
///
/// # Errors
/// Only the store.
pub fn hidden_words(tx: &Overlay) -> Result<Vec<String>, ConversationError> {
    let rows = tx.scan(HIDDEN_WORDS, &KeyRange::all(), usize::MAX, false)?;
    let word = |row: &[u8]| std::str::from_utf8(row).map(str::to_owned);
    rows.iter().map(|(_, row)| word(row).map_err(|_| ConversationError::Row("hidden word"))).collect()
}

/// Whether a message has a hidden word: in its text, its question and answers, or the name of a file.
pub(crate) fn hides(tx: &Overlay, body: &Body) -> Result<bool, ConversationError> {
    let rows = tx.scan(HIDDEN_WORDS, &KeyRange::all(), usize::MAX, false)?;
    if rows.is_empty() {
        return Ok(false);
    }
    let words: Vec<_> = rows.iter().filter_map(|(key, _)| FoldedText::kept(key)).collect();
    let poll = body.poll.iter();
    let asked = poll.flat_map(|poll| std::iter::once(&poll.question).chain(&poll.options)).cloned();
    let files = body.attachments.iter().filter_map(|file| match file {
        Attached::Usable(file) => Some(file.label.filename.clone()),
        Attached::Unusable { .. } => None,
    });
    let texts = body.text.iter().map(|text| plain(text)).chain(asked).chain(files);
    Ok(texts.into_iter().any(|text| {
        let text = FoldedText::of(&text);
        words.iter().any(|word| text.holds(word))
    }))
}

/// Hides these words and no others.
///
/// # Errors
/// One is too long, or nothing is left of it to compare; they are too many; the store.
pub(super) fn set(tx: &mut Overlay, wanted: &[String]) -> Result<(), ConversationError> {
    if wanted.len() > MOST {
        return Err(ConversationError::TooLong { what: "the list of hidden words", limit: MOST });
    }
    let mut rows = Vec::new();
    for word in wanted {
        let word = word.trim();
        if word.len() > LONGEST {
            return Err(ConversationError::TooLong { what: "a hidden word", limit: LONGEST });
        }
        let folded = FoldedText::of(word);
        if folded.as_str().is_empty() {
            return Err(ConversationError::Empty("a hidden word"));
        }
        rows.push((folded.as_str().to_owned(), word.to_owned()));
    }
    for (key, _) in tx.scan(HIDDEN_WORDS, &KeyRange::all(), usize::MAX, false)? {
        tx.delete(HIDDEN_WORDS, key.to_vec());
    }
    for (key, word) in rows {
        tx.put(HIDDEN_WORDS, key, word);
    }
    Ok(())
}
