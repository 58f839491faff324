//! Segments of the index of words: some hundred messages each, written at once, so that a word that many of them have
//! costs one entry and not one for each. A message's number is its place among those of its segment.
//!
//! Rows are bytes of our own making: the first one is the version of the codec.

use super::{
    ConversationError, MessageId, Position,
    rows::{SEARCH_DOCUMENTS, SEARCH_SEGMENTS, SEARCH_WORDS},
    words::{self, Wanted},
};
use crate::overlay::Overlay;
use std::collections::HashMap;
use trefoil_store::KeyRange;

/// Messages of one segment. Until there are so many, they wait, and a search reads them themselves.
pub(super) const MESSAGES: usize = if cfg!(test) { 8 } else { 512 };
/// A row of words is closed once it has so many bytes.
const ROW: usize = 4000;
const VERSION: u8 = 1;
const PLACE: usize = 48;
/// In the place of a room's number: the message is no longer here.
const GONE: u16 = u16::MAX;

/// Position and id of a message: the order of the search, over all rooms.
pub(super) type Place = [u8; PLACE];

pub(super) fn place(position: Position, id: MessageId) -> Place {
    let mut place = [0; PLACE];
    place[..16].copy_from_slice(&position.to_bytes());
    place[16..].copy_from_slice(&id.0);
    place
}

/// Different words of a segment, as many as prose has in it; more are no error.
const WORDS: usize = 8 * MESSAGES;

/// Messages that become a segment.
pub(super) struct Building {
    documents: Documents,
    words: HashMap<Box<str>, Vec<u16>>,
}

impl Building {
    pub(super) fn new() -> Self {
        Self { documents: Documents::default(), words: HashMap::with_capacity(WORDS) }
    }

    /// Takes one more message; `each` gives its words. Places ascend.
    pub(super) fn add(&mut self, room: &str, place: Place, body: &super::Body) {
        let Self { documents, words } = self;
        let number = documents.push(room, place);
        words::each_of_body(body, |word| match words.get_mut(word) {
            Some(messages) if messages.last() == Some(&number) => false,
            Some(messages) => {
                messages.push(number);
                true
            }
            None => {
                words.insert(word.into(), vec![number]);
                true
            }
        });
    }

    /// Writes the segment, unless nothing is in it.
    pub(super) fn write(self, tx: &mut Overlay, segment: u64) {
        let Some(ends) = self.documents.ends() else { return };
        let at = segment.to_be_bytes();
        tx.put(SEARCH_SEGMENTS, at, ends.to_row());
        tx.put(SEARCH_DOCUMENTS, at, self.documents.to_row());
        let mut words: Vec<_> = self.words.into_iter().collect();
        words.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        write_words(tx, segment, words.iter().map(|(word, messages)| (&**word, &messages[..])));
    }
}

fn write_words<'w>(tx: &mut Overlay, segment: u64, words: impl Iterator<Item = (&'w str, &'w [u16])>) {
    let mut row = WordsRow::default();
    for (word, messages) in words {
        row.push(word, messages);
        if row.bytes.len() >= ROW {
            let full = std::mem::take(&mut row);
            tx.put(SEARCH_WORDS, words_key(segment, &full.first), full.bytes);
        }
    }
    if !row.bytes.is_empty() {
        tx.put(SEARCH_WORDS, words_key(segment, &row.first), row.bytes);
    }
}

fn words_key(segment: u64, word: &str) -> Vec<u8> {
    [&segment.to_be_bytes(), word.as_bytes()].concat()
}

/// A segment by its number, and between which places its messages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub number: u64,
    pub ends: Ends,
}

/// The places of the first and the last message of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub first: Place,
    pub last: Place,
}

impl Ends {
    pub(super) fn to_row(self) -> Vec<u8> {
        [&[VERSION][..], &self.first, &self.last].concat()
    }

    pub(super) fn from_row(row: &[u8]) -> Result<Self, ConversationError> {
        let read = || {
            let (first, last) = row.strip_prefix(&[VERSION])?.split_first_chunk::<PLACE>()?;
            Some(Self { first: *first, last: last.try_into().ok()? })
        };
        read().filter(|ends| ends.first <= ends.last).ok_or(ConversationError::Row("search segment"))
    }
}

/// All segments.
pub(super) fn segments(tx: &Overlay) -> Result<Vec<Segment>, ConversationError> {
    let rows = tx.scan(SEARCH_SEGMENTS, &KeyRange::all(), usize::MAX, false)?;
    let read = |key: &[u8], row: &[u8]| {
        let number = <[u8; 8]>::try_from(key).map_err(|_| ConversationError::Row("search segment"))?;
        Ok(Segment { number: u64::from_be_bytes(number), ends: Ends::from_row(row)? })
    };
    rows.iter().map(|(key, row)| read(key, row)).collect()
}

impl Segment {
    pub(super) fn documents(&self, tx: &Overlay) -> Result<Documents, ConversationError> {
        let row = tx.get(SEARCH_DOCUMENTS, &self.number.to_be_bytes())?;
        Documents::from_row(&row.ok_or(ConversationError::Row("messages of a search segment"))?)
    }

    /// Numbers of the messages that have all these words.
    pub(super) fn matches(&self, tx: &Overlay, wanted: &[Wanted]) -> Result<Vec<u16>, ConversationError> {
        let mut common: Option<Vec<u16>> = None;
        for wanted in wanted {
            let mut having = self.having(tx, wanted)?;
            if let Some(common) = &common {
                having.retain(|number| common.binary_search(number).is_ok());
            }
            if having.is_empty() {
                return Ok(having);
            }
            common = Some(having);
        }
        Ok(common.unwrap_or_default())
    }

    fn having(&self, tx: &Overlay, wanted: &Wanted) -> Result<Vec<u16>, ConversationError> {
        let own = self.number.to_be_bytes();
        let sought = words_key(self.number, &wanted.word);
        let up_to = [&sought[..], &[0]].concat();
        let before = KeyRange { start: own.to_vec().into(), end: Some(up_to.clone().into()) };
        let mut rows = tx.scan(SEARCH_WORDS, &before, 1, true)?;
        if wanted.prefix {
            let beginning = KeyRange::prefix(sought);
            let more = KeyRange { start: up_to.into(), end: beginning.end };
            rows.extend(tx.scan(SEARCH_WORDS, &more, usize::MAX, false)?);
        }
        let mut having = Vec::new();
        for (_, row) in rows {
            each_word(&row, |word, messages| {
                if wanted.fits(word) {
                    having.extend_from_slice(messages);
                }
            })?;
        }
        having.sort_unstable();
        having.dedup();
        Ok(having)
    }

    /// Takes a message out, if it is in here: its place, and every trace of which words it had.
    pub(super) fn remove(&self, tx: &mut Overlay, place: &Place) -> Result<bool, ConversationError> {
        if *place < self.ends.first || self.ends.last < *place {
            return Ok(false);
        }
        let mut documents = self.documents(tx)?;
        let Some(number) = documents.remove(place) else { return Ok(false) };
        let own = self.number.to_be_bytes();
        if let Some(ends) = documents.ends() {
            tx.put(SEARCH_SEGMENTS, own, ends.to_row());
            tx.put(SEARCH_DOCUMENTS, own, documents.to_row());
        } else {
            tx.delete(SEARCH_SEGMENTS, own);
            tx.delete(SEARCH_DOCUMENTS, own);
        }
        for (key, row) in tx.scan(SEARCH_WORDS, &KeyRange::prefix(own.to_vec()), usize::MAX, false)? {
            let (mut left, mut had, mut others) = (WordsRow::default(), false, Vec::new());
            each_word(&row, |word, messages| {
                others.clear();
                others.extend(messages.iter().filter(|message| **message != number));
                had |= others.len() < messages.len();
                if !others.is_empty() {
                    left.push(word, &others);
                }
            })?;
            if had {
                // Its first word may have been the message's alone, and must not stay in the key.
                tx.delete(SEARCH_WORDS, key);
                if !left.bytes.is_empty() {
                    tx.put(SEARCH_WORDS, words_key(self.number, &left.first), left.bytes);
                }
            }
        }
        Ok(true)
    }
}

/// Places and rooms of a segment's messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Documents {
    rooms: Vec<String>,
    /// By a message's number: its room's number, and its place.
    messages: Vec<(u16, Place)>,
}

impl Documents {
    fn push(&mut self, room: &str, place: Place) -> u16 {
        let room = self.rooms.iter().position(|known| known == room).unwrap_or_else(|| {
            self.rooms.push(room.to_owned());
            self.rooms.len() - 1
        });
        self.messages.push((number(room), place));
        number(self.messages.len() - 1)
    }

    /// Of those that are still here.
    fn ends(&self) -> Option<Ends> {
        let mut here = self.messages.iter().filter(|(room, _)| *room != GONE).map(|(_, place)| *place);
        let first = here.next()?;
        Some(Ends { first, last: here.next_back().unwrap_or(first) })
    }

    fn remove(&mut self, place: &Place) -> Option<u16> {
        let at = self.messages.iter().position(|(room, of)| *room != GONE && of == place)?;
        self.messages[at] = (GONE, [0; PLACE]);
        Some(number(at))
    }

    /// Room and place of a message that is still here.
    pub(super) fn get(&self, message: u16) -> Option<(&str, Place)> {
        let (room, place) = self.messages.get(usize::from(message))?;
        Some((self.rooms.get(usize::from(*room))?, *place))
    }

    pub(super) fn to_row(&self) -> Vec<u8> {
        let mut row = Vec::with_capacity(self.messages.len() * (PLACE + 2) + 256);
        row.push(VERSION);
        row.extend_from_slice(&number(self.rooms.len()).to_be_bytes());
        for room in &self.rooms {
            row.extend_from_slice(&number(room.len()).to_be_bytes());
            row.extend_from_slice(room.as_bytes());
        }
        for (room, place) in &self.messages {
            row.extend_from_slice(&room.to_be_bytes());
            row.extend_from_slice(place);
        }
        row
    }

    pub(super) fn from_row(row: &[u8]) -> Result<Self, ConversationError> {
        Self::read(row).ok_or(ConversationError::Row("messages of a search segment"))
    }

    fn read(row: &[u8]) -> Option<Self> {
        let mut rest = row.strip_prefix(&[VERSION])?;
        let mut documents = Self::default();
        for _ in 0..short(&mut rest)? {
            let length = short(&mut rest)?;
            let (room, left) = rest.split_at_checked(usize::from(length))?;
            rest = left;
            documents.rooms.push(std::str::from_utf8(room).ok()?.to_owned());
        }
        let (messages, []) = rest.as_chunks::<{ 2 + PLACE }>() else { return None };
        for message in messages {
            let (room, place) = message.split_first_chunk::<2>()?;
            let (room, place) = (u16::from_be_bytes(*room), place.try_into().ok()?);
            let sound =
                if room == GONE { place == [0; PLACE] } else { usize::from(room) < documents.rooms.len() };
            if !sound {
                return None;
            }
            documents.messages.push((room, place));
        }
        Some(documents).filter(|documents| documents.messages.len() < usize::from(GONE))
    }
}

fn short(rest: &mut &[u8]) -> Option<u16> {
    let (first, left) = rest.split_first_chunk::<2>()?;
    *rest = left;
    Some(u16::from_be_bytes(*first))
}

/// Segments have a few hundred messages, and no more rooms than messages.
fn number(of: usize) -> u16 {
    u16::try_from(of).expect("a segment is far smaller than 2^16")
}

/// Words in ascending order, each with the numbers of the messages that it is in. What a word has in common with the
/// one before is not repeated.
#[derive(Default)]
struct WordsRow {
    first: String,
    last: String,
    bytes: Vec<u8>,
}

impl WordsRow {
    fn push(&mut self, word: &str, messages: &[u16]) {
        if self.bytes.is_empty() {
            self.bytes.push(VERSION);
            word.clone_into(&mut self.first);
        }
        let shared = self.last.bytes().zip(word.bytes()).take_while(|(one, other)| one == other).count();
        put_number(&mut self.bytes, number(shared));
        put_number(&mut self.bytes, number(word.len() - shared));
        self.bytes.extend_from_slice(&word.as_bytes()[shared..]);
        put_number(&mut self.bytes, number(messages.len()));
        let mut next = 0;
        for message in messages {
            put_number(&mut self.bytes, message - next);
            next = message + 1;
        }
        word.clone_into(&mut self.last);
    }
}

/// Seven bits a byte, the low ones first.
fn put_number(bytes: &mut Vec<u8>, mut number: u16) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_number(rest: &mut &[u8]) -> Option<u16> {
    let mut number = 0_u32;
    for shift in [0, 7, 14] {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        number |= u32::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return u16::try_from(number).ok().filter(|_| shift == 0 || *byte != 0);
        }
    }
    None
}

/// Gives every word of a row with its messages.
pub(super) fn each_word(row: &[u8], take: impl FnMut(&str, &[u16])) -> Result<(), ConversationError> {
    read_words(row, take).ok_or(ConversationError::Row("words of a search segment"))
}

fn read_words(row: &[u8], mut take: impl FnMut(&str, &[u16])) -> Option<()> {
    let mut rest = row.strip_prefix(&[VERSION]).filter(|rest| !rest.is_empty())?;
    let (mut last, mut word, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    while !rest.is_empty() {
        let shared = usize::from(take_number(&mut rest)?);
        let length = usize::from(take_number(&mut rest)?);
        let (end, left) = rest.split_at_checked(length)?;
        rest = left;
        word.clear();
        word.extend_from_slice(last.get(..shared)?);
        word.extend_from_slice(end);
        if word.len() > words::LONGEST || word <= last {
            return None;
        }
        messages.clear();
        let mut next = 0_u16;
        let count = take_number(&mut rest).filter(|count| *count > 0)?;
        for _ in 0..count {
            let message = next.checked_add(take_number(&mut rest)?)?;
            messages.push(message);
            next = message.checked_add(1)?;
        }
        take(std::str::from_utf8(&word).ok()?, &messages);
        std::mem::swap(&mut last, &mut word);
    }
    Some(())
}

/// A row of words as it is written again; for the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn words_again(row: &[u8]) -> Result<Vec<u8>, ConversationError> {
    let mut again = WordsRow::default();
    each_word(row, |word, messages| again.push(word, messages))?;
    Ok(again.bytes)
}

/// A row of words; for samples.
#[cfg(test)]
pub(super) fn words_row(words: &[(&str, &[u16])]) -> Vec<u8> {
    let mut row = WordsRow::default();
    words.iter().for_each(|(word, messages)| row.push(word, messages));
    row.bytes
}

/// Messages of two rooms, one of them gone; for samples.
#[cfg(test)]
pub(super) fn documents_sample() -> Vec<u8> {
    let mut documents = Documents::default();
    for (at, room) in
        ["mimi://a.test/r/tea", "mimi://a.test/r/milk", "mimi://a.test/r/tea"].iter().enumerate()
    {
        documents.push(room, [number(at) as u8 + 1; PLACE]);
    }
    documents.remove(&[2; PLACE]);
    documents.to_row()
}
