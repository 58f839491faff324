//! Searching what was said: words that all have to be in a message, newest first, in one room or in all.

use super::{
    ConversationError, MessageId, Position,
    query::current_body,
    records::{RoomKey, get, message_row},
    rows::{FOUND_BY, IndexedRow, WORDS},
    words::{self, Wanted},
};
use crate::overlay::Overlay;
use std::{
    collections::{BTreeMap, BinaryHeap, VecDeque},
    fmt,
    str::FromStr,
};
use trefoil_proto::{ProtoError, RoomUri, Timestamp, UserUri, content::MimiContent};
use trefoil_store::KeyRange;

/// Hits of one search at most.
const HITS: usize = 200;
/// Different words with one beginning that are followed one by one.
const BEGINNINGS: usize = if cfg!(test) { 32 } else { 4096 };
/// Entries of one word that are read at a time.
const CHUNK: usize = 16;
/// Entries that are sorted at a time.
const AT_A_TIME: usize = if cfg!(test) { 16 } else { 4096 };
/// Entries of a word are counted up to here, to begin with the rarest.
const COUNTED: usize = 256;

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where.
    pub room: RoomUri,
    /// Id of its first version.
    pub message: MessageId,
    /// Where it stands in the room.
    pub position: Position,
    /// Who said it.
    pub sender: UserUri,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// What surrounds the first word that was found, in pieces: text, and whether it was searched for.
    pub excerpt: Vec<(String, bool)>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Newest first.
    pub hits: Vec<Hit>,
    /// Where to go on, if there are more.
    pub next: Option<SearchCursor>,
}

/// Where a search goes on. As text: hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchCursor(Place);

/// Position and id of a message: the order of entries, over all rooms.
type Place = [u8; 48];

impl fmt::Display for SearchCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for SearchCursor {
    type Err = ProtoError;

    fn from_str(text: &str) -> Result<Self, ProtoError> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        let place = bytes.and_then(|bytes| bytes.try_into().ok());
        place.map(Self).ok_or(ProtoError::Malformed("search cursor"))
    }
}

/// Messages that have all words of a query: in the text that is shown now, or in the names of files. The last word may be
/// the beginning of one, unless a space follows it. At most `limit` (and 200) of them, those before `after`.
///
/// # Errors
/// Only the store.
pub fn search(
    tx: &Overlay,
    query: &str,
    room: Option<&RoomUri>,
    after: Option<SearchCursor>,
    limit: usize,
) -> Result<Found, ConversationError> {
    let wanted = words::wanted(query);
    let Some(rarest) = rarest(tx, &wanted)? else { return Ok(Found::default()) };
    let mut entries = Entries::of(tx, rarest, after)?;
    let limit = limit.clamp(1, HITS);
    let mut found = Found::default();
    let mut last = None;
    while let Some((place, of)) = entries.next(tx)? {
        let of = std::str::from_utf8(&of).map_err(|_| ConversationError::Row("search entry"))?;
        if room.is_some_and(|room| room.to_string() != of) {
            continue;
        }
        let of: RoomUri = of.parse()?;
        let Some(hit) = hit(tx, of, &place, &wanted)? else { continue };
        if found.hits.len() == limit {
            found.next = last;
            break;
        }
        last = Some(SearchCursor(place));
        found.hits.push(hit);
    }
    Ok(found)
}

/// The word with the fewest entries.
fn rarest<'w>(tx: &Overlay, wanted: &'w [Wanted]) -> Result<Option<&'w Wanted>, ConversationError> {
    let mut rarest: Option<(usize, &Wanted)> = None;
    for word in wanted {
        let range = KeyRange::prefix(if word.prefix { word.word.clone().into() } else { start(&word.word) });
        let count = tx.scan(WORDS, &range, COUNTED, false)?.len();
        if rarest.is_none_or(|(fewest, _)| count < fewest) {
            rarest = Some((count, word));
        }
    }
    Ok(rarest.map(|(_, word)| word))
}

fn hit(
    tx: &Overlay,
    room: RoomUri,
    place: &Place,
    wanted: &[Wanted],
) -> Result<Option<Hit>, ConversationError> {
    let key = RoomKey::of(&room);
    let (_, id) = place.split_at(16);
    let id = MessageId::from_slice(id)?;
    let Some(row) = get::<IndexedRow>(tx, FOUND_BY, &key.key(&[&id.0]))? else { return Ok(None) };
    if !wanted.iter().all(|wanted| row.words.iter().any(|word| wanted.fits(word))) {
        return Ok(None);
    }
    let Some(row) = message_row(tx, &key, id)? else { return Ok(None) };
    let Some(accepted) = row.accepted else { return Ok(None) };
    let body = current_body(tx, &key, id, &row, &MimiContent::decode(&row.content)?)?;
    Ok(Some(Hit {
        room,
        message: id,
        position: row.position(),
        sender: row.sender.parse()?,
        accepted: Timestamp(accepted),
        excerpt: words::excerpt(&body, wanted),
    }))
}

/// Where the entries of a word begin.
fn start(word: &str) -> Vec<u8> {
    [word.as_bytes(), &[0]].concat()
}

/// The entries of a word, or of all words that begin with it: newest first, each message once.
enum Entries {
    Merged(Merged),
    Sorted(Sorted),
}

impl Entries {
    fn of(tx: &Overlay, wanted: &Wanted, after: Option<SearchCursor>) -> Result<Self, ConversationError> {
        let after = after.map(|SearchCursor(place)| place);
        let words = if wanted.prefix { beginning_with(tx, &wanted.word)? } else { vec![wanted.word.clone()] };
        if words.len() < BEGINNINGS {
            return Ok(Self::Merged(Merged::of(tx, words, after)?));
        }
        let range = KeyRange::prefix(wanted.word.clone());
        Ok(Self::Sorted(Sorted { range, read: Vec::new(), before: after, complete: false }))
    }

    fn next(&mut self, tx: &Overlay) -> Result<Option<(Place, Vec<u8>)>, ConversationError> {
        match self {
            Self::Merged(entries) => entries.next(tx),
            Self::Sorted(entries) => entries.next(tx),
        }
    }
}

/// Those of words that are few enough to be followed one by one.
struct Merged {
    lists: Vec<List>,
    /// The newest entry of each list that has any.
    heads: BinaryHeap<(Place, usize)>,
    last: Option<Place>,
}

/// The entries of one word.
struct List {
    word: String,
    /// What is not read yet stands before this key.
    end: Vec<u8>,
    read: VecDeque<(Place, Vec<u8>)>,
}

impl Merged {
    fn of(tx: &Overlay, words: Vec<String>, after: Option<Place>) -> Result<Self, ConversationError> {
        let mut entries = Self { lists: Vec::new(), heads: BinaryHeap::new(), last: None };
        for word in words {
            let mut end = word.clone().into_bytes();
            match &after {
                Some(place) => end.extend([&[0], &place[..]].concat()),
                None => end.push(1),
            }
            let mut list = List { word, end, read: VecDeque::new() };
            if let Some(head) = list.head(tx)? {
                entries.heads.push((head, entries.lists.len()));
                entries.lists.push(list);
            }
        }
        Ok(entries)
    }

    fn next(&mut self, tx: &Overlay) -> Result<Option<(Place, Vec<u8>)>, ConversationError> {
        while let Some((place, at)) = self.heads.pop() {
            let list = &mut self.lists[at];
            let entry = list.read.pop_front();
            if let Some(head) = list.head(tx)? {
                self.heads.push((head, at));
            }
            if self.last.replace(place) != Some(place) {
                return Ok(entry);
            }
        }
        Ok(None)
    }
}

impl List {
    fn head(&mut self, tx: &Overlay) -> Result<Option<Place>, ConversationError> {
        if self.read.is_empty() {
            let range = KeyRange { start: start(&self.word).into(), end: Some(self.end.clone().into()) };
            for (key, room) in tx.scan(WORDS, &range, CHUNK, true)? {
                let place = key.last_chunk().ok_or(ConversationError::Row("search entry"))?;
                self.read.push_back((*place, room.to_vec()));
                self.end = key.to_vec();
            }
        }
        Ok(self.read.front().map(|(place, _)| *place))
    }
}

/// Those of very many words: all of them are looked through, and the newest kept, as often as it takes.
struct Sorted {
    range: KeyRange,
    /// The last one is the newest.
    read: Vec<(Place, Vec<u8>)>,
    /// What is not read yet stands before this place.
    before: Option<Place>,
    complete: bool,
}

impl Sorted {
    fn next(&mut self, tx: &Overlay) -> Result<Option<(Place, Vec<u8>)>, ConversationError> {
        if self.read.is_empty() && !self.complete {
            self.look_through(tx)?;
        }
        let next = self.read.pop();
        if let Some((place, _)) = &next {
            self.before = Some(*place);
        }
        Ok(next)
    }

    fn look_through(&mut self, tx: &Overlay) -> Result<(), ConversationError> {
        let mut newest: BTreeMap<Place, Vec<u8>> = BTreeMap::new();
        let mut range = self.range.clone();
        self.complete = true;
        loop {
            let rows = tx.scan(WORDS, &range, AT_A_TIME, false)?;
            let Some((last, _)) = rows.last() else { break };
            range.start = [&last[..], &[0]].concat().into();
            for (key, room) in rows {
                let place: Place = *key.last_chunk().ok_or(ConversationError::Row("search entry"))?;
                if self.before.is_none_or(|before| place < before) {
                    newest.insert(place, room.to_vec());
                }
                if newest.len() > AT_A_TIME {
                    newest.pop_first();
                    self.complete = false;
                }
            }
        }
        self.read = newest.into_iter().collect();
        Ok(())
    }
}

/// The words of the index that begin like this.
fn beginning_with(tx: &Overlay, beginning: &str) -> Result<Vec<String>, ConversationError> {
    let mut range = KeyRange::prefix(beginning.to_owned());
    let mut words = Vec::new();
    while words.len() < BEGINNINGS {
        let Some((key, _)) = tx.scan(WORDS, &range, 1, false)?.pop() else { break };
        let word = key.split(|byte| *byte == 0).next().unwrap_or_default();
        let word = std::str::from_utf8(word).map_err(|_| ConversationError::Row("search entry"))?;
        range.start = [word.as_bytes(), &[1]].concat().into();
        words.push(word.to_owned());
    }
    Ok(words)
}
