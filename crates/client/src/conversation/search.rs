//! Searching what was said: words that all have to be in a message, newest first, in one room or in all.

use super::{
    ConversationError, MessageId, Position, index,
    query::current_body,
    records::{RoomKey, message_row},
    segment::{self, Place, Segment},
    words::{self, Wanted},
};
use crate::overlay::Overlay;
use std::{collections::BinaryHeap, fmt, rc::Rc, str::FromStr};
use trefoil_proto::{ProtoError, RoomUri, Timestamp, UserUri, content::MimiContent};

/// Hits of one search at most.
const HITS: usize = 200;

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
    if wanted.is_empty() {
        return Ok(Found::default());
    }
    let room = room.map(ToString::to_string);
    let mut candidates = Candidates::of(tx, wanted, room, after.map(|SearchCursor(place)| place))?;
    let limit = limit.clamp(1, HITS);
    let mut found = Found::default();
    let mut last = None;
    while let Some((place, of)) = candidates.next(tx)? {
        let Some(hit) = hit(tx, of.parse()?, &place, &candidates.wanted)? else { continue };
        if found.hits.len() == limit {
            found.next = last;
            break;
        }
        last = Some(SearchCursor(place));
        found.hits.push(hit);
    }
    Ok(found)
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

/// Messages that have all the words, newest first. Segments are read as their turn comes.
struct Candidates {
    wanted: Vec<Wanted>,
    room: Option<String>,
    before: Option<Place>,
    /// Those that are not read yet; the one with the newest message is last.
    segments: Vec<Segment>,
    read: BinaryHeap<(Place, Rc<str>)>,
}

impl Candidates {
    fn of(
        tx: &Overlay,
        wanted: Vec<Wanted>,
        room: Option<String>,
        before: Option<Place>,
    ) -> Result<Self, ConversationError> {
        let mut segments = segment::segments(tx)?;
        segments.retain(|segment| before.is_none_or(|before| segment.ends.first < before));
        segments.sort_unstable_by_key(|segment| segment.ends.last);
        let mut all = Self { wanted, room, before, segments, read: BinaryHeap::new() };
        for waiting in index::pending(tx)? {
            if !all.may_be(&waiting.place, &waiting.uri) {
                continue;
            }
            let Some((row, first)) = waiting.message(tx)? else { continue };
            let words = words::of_body(&current_body(tx, &waiting.room, waiting.id, &row, &first)?);
            if all.wanted.iter().all(|wanted| words.iter().any(|word| wanted.fits(word))) {
                all.read.push((waiting.place, waiting.uri.into()));
            }
        }
        Ok(all)
    }

    fn may_be(&self, place: &Place, room: &str) -> bool {
        self.before.is_none_or(|before| *place < before)
            && self.room.as_deref().is_none_or(|wanted| wanted == room)
    }

    fn next(&mut self, tx: &Overlay) -> Result<Option<(Place, Rc<str>)>, ConversationError> {
        while let Some(segment) = self.segments.last().copied()
            && self.read.peek().is_none_or(|(newest, _)| *newest < segment.ends.last)
        {
            self.segments.pop();
            let matches = segment.matches(tx, &self.wanted)?;
            if matches.is_empty() {
                continue;
            }
            let documents = segment.documents(tx)?;
            for message in matches {
                if let Some((room, place)) = documents.get(message)
                    && self.may_be(&place, room)
                {
                    self.read.push((place, room.into()));
                }
            }
        }
        Ok(self.read.pop())
    }
}
