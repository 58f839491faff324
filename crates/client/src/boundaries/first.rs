//! What a person should know of somebody who has just come to them: what they have in common, whether somebody else goes by
//! that name, and whether what is said sounds like a swindle.

use super::{FoldedText, Suspicion, suspicion};
use crate::{
    Client, ClientError, RoomState,
    conversation::{self, Cursor, Item},
    core::Core,
    directory,
    overlay::Overlay,
    verification::Standing,
};
use trefoil_proto::{Month, RoomUri, Timestamp, UserUri};

/// Lines that are looked at for signs.
const LINES: usize = 50;
/// So many messages of one's own end a first contact.
const ANSWERS: usize = 4;

/// Somebody who has just come to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstContact {
    /// Who: they brought the person in, or are alone with them.
    pub person: UserUri,
    /// The month in which their account began, as the key directory proves that they said; their service looked at it
    /// when they began. `None` until their devices are proven.
    pub since: Option<Month>,
    /// Other rooms that both are in, which the person took up.
    pub shared_rooms: usize,
    /// Somebody else of the person's rooms whose name looks the same, and that name.
    pub namesake: Option<(UserUri, String)>,
    /// What they may be up to, unless the person has seen it.
    pub suspicion: Option<Suspicion>,
}

impl FirstContact {
    /// Their account began in this month or the last one, and with it their name or number here: none of the three services
    /// lets an account change it.
    pub fn is_new(&self, now: Timestamp) -> bool {
        self.since.is_some_and(|month| now.month().since(month) <= 1)
    }
}

impl Client {
    /// What to know of somebody, while a room is a request, or while the person has hardly answered whoever is alone with them
    /// there and was never verified; `None` later.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`], [`ClientError::Store`].
    pub fn first_contact(&mut self, room: &RoomUri) -> Result<Option<FirstContact>, ClientError> {
        self.core_mut().first_contact(room)
    }
}

impl Core {
    fn first_contact(&mut self, room: &RoomUri) -> Result<Option<FirstContact>, ClientError> {
        let tx = Overlay::new(self.store.clone());
        let marks = conversation::marks(&tx, room)?;
        let lines = conversation::timeline(&tx, room, Cursor::Newest, LINES)?;
        let messages: Vec<_> = lines
            .into_iter()
            .filter_map(|line| match line {
                Item::Message(message) => Some(message),
                Item::Note(_) => None,
            })
            .collect();
        let person = match (marks.request, &self.others_in(room)?[..]) {
            (Some(by), _) => by,
            (None, [other]) => {
                let is_new = messages.iter().filter(|message| message.mine).count() < ANSWERS
                    && messages.len() < LINES
                    && self.contacts.standing(other) == Standing::Unverified;
                if !is_new {
                    return Ok(None);
                }
                other.clone()
            }
            (None, _) => return Ok(None),
        };
        let theirs = messages.iter().filter(|message| message.sender == person);
        let said: Vec<_> = theirs
            .filter_map(|message| message.body.as_ref()?.text.as_deref().map(conversation::plain))
            .collect();
        let suspicion = suspicion(said.iter().map(String::as_str)).filter(|_| !marks.hint_seen);
        let (shared_rooms, namesake) = self.in_common(&tx, room, &person)?;
        let since = directory::set_of(&tx, &person)?.map(|row| row.set.since);
        Ok(Some(FirstContact { person, since, shared_rooms, namesake, suspicion }))
    }

    /// Other rooms with somebody, and somebody else in the person's rooms who goes by the same name.
    fn in_common(
        &mut self,
        tx: &Overlay,
        but: &RoomUri,
        person: &UserUri,
    ) -> Result<(usize, Option<(UserUri, String)>), ClientError> {
        let name = conversation::profile(tx, but, person)?.filter(|name| !name.is_empty());
        let name = name.map(|name| FoldedText::of(&name));
        let (mut shared, mut namesake) = (0, None);
        for room in self.room_uris()? {
            let is_open = self.room(&room)?.is_some_and(|room| room.row.state == RoomState::Open);
            if room == *but || !is_open || self.is_request(&room)? {
                continue;
            }
            for other in self.others_in(&room)? {
                if other == *person {
                    shared += 1;
                } else if namesake.is_none() && name.is_some() {
                    let given = conversation::profile(tx, &room, &other)?;
                    let same = given.filter(|given| Some(FoldedText::of(given)) == name);
                    namesake = same.map(|given| (other, given));
                }
            }
        }
        Ok((shared, namesake))
    }
}
