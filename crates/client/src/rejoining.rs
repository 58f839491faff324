//! Falling out of step with a room, and coming back: by an external commit in the place of the own old leaf.
//!
//! A device falls out of step when its mailbox lapsed, when the hub gave it another history than the others, or when a
//! member made a commit that only members can see to be invalid. It notices by [`Sign`]s, waits for as long as the
//! sign is weak, and then asks the hub for the room's present state. If that is its own state, nothing was wrong.
//!
//! The old group is given up only once the new one is made: until then what can be read is read, and a hub that
//! refuses, or hands out an epoch from before, takes nothing away.

use crate::{
    ClientError, Event, JoinedHow,
    conversation::Line,
    core::Core,
    error::mls,
    live::doubled,
    mls::storage::Savepoint,
    rows::{self, Astray, HELD, RoomState, room_key, room_range},
};
use openmls::prelude::{GroupContext, MlsGroup};
use openmls_traits::OpenMlsProvider as _;
use trefoil_proto::{RoomUri, Timestamp};

const MINUTE: u64 = 60_000;
/// Least and longest time from one rejoining to the next. It doubles each time, so that a member who makes one invalid
/// commit after another does not keep everybody busy.
const FIRST: u64 = MINUTE;
const LONGEST: u64 = 12 * 60 * MINUTE;
/// After so long without, it starts anew.
const CALM: u64 = 24 * 60 * MINUTE;

/// What shows that a room may have moved on without this device.
#[derive(Clone, Copy)]
pub(crate) enum Sign {
    /// It has, or the mailbox lapsed.
    Proof,
    /// Events of a later epoch came, and the commit that leads there did not. A hub's events come in order.
    Ahead,
    /// The hub took a commit or told of a later epoch, and the mailbox says nothing of it. The way from the hub may be
    /// long: its events wait while one of the two services is away.
    Silence,
}

impl Sign {
    /// How long to wait for the room to go on after all, in milliseconds.
    const fn patience(self) -> u64 {
        match self {
            Self::Proof => 0,
            Self::Ahead => 10_000,
            Self::Silence => 15 * MINUTE,
        }
    }
}

impl Core {
    /// Notes a sign. Nothing happens if the room goes on before its patience ends.
    pub(crate) fn stray(&mut self, uri: &RoomUri, sign: Sign, now: Timestamp) -> Result<(), ClientError> {
        let Some(room) = self.room(uri)? else { return Ok(()) };
        if !matches!(room.row.state, RoomState::Open | RoomState::Leaving) {
            return Ok(());
        }
        let astray = &mut room.row.astray;
        let due = now.plus_millis(sign.patience()).max(astray.not_before());
        astray.due = Some(astray.due.map_or(due, |earlier| earlier.min(due)));
        self.live.busy.insert(uri.clone());
        Ok(())
    }

    /// Begins to join anew if it is time. True if it did.
    pub(crate) fn rejoin_if_due(&mut self, uri: &RoomUri, now: Timestamp) -> Result<bool, ClientError> {
        self.live.astray.remove(uri);
        let Some(due) = self.known_room(uri)?.row.astray.due else { return Ok(false) };
        // What waits in the mailbox may be what was missing.
        if due > now || !self.live.caught_up {
            self.live.astray.insert(uri.clone());
            if due > now {
                self.live.wake_at(due);
            }
            return Ok(false);
        }
        let astray = &mut self.known_room(uri)?.row.astray;
        let tries = if now.millis_since(astray.last) > CALM { 1 } else { astray.tries.saturating_add(1) };
        *astray = Astray { due: None, tries, last: now, ..*astray };
        self.start_joining(uri)?;
        Ok(true)
    }

    /// Whether what the hub gave out is newer than what is here.
    pub(crate) fn compare(&mut self, uri: &RoomUri, theirs: &GroupContext) -> Result<Compared, ClientError> {
        let Some(group) = &self.known_room(uri)?.group else { return Ok(Compared::Newer) };
        let ours = group.public_group().group_context();
        Ok(if theirs == ours {
            Compared::Same
        } else if theirs.epoch() < ours.epoch() {
            Compared::Older
        } else {
            Compared::Newer
        })
    }

    /// The group here is the room's: nothing was wrong.
    pub(crate) fn still_in_step(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        self.stay(uri)?;
        self.emit(Event::RoomJoined { room: uri.clone(), how: JoinedHow::Again });
        Ok(())
    }

    /// Goes on with the group that is here.
    pub(crate) fn stay(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        let room = self.known_room(uri)?;
        room.row.state = RoomState::Open;
        room.row.astray.anew = None;
        room.row.astray.due = None;
        self.live.await_epoch.remove(uri);
        self.live.busy.insert(uri.clone());
        Ok(())
    }

    /// Gives the old group up for a new one, if there is an old one.
    pub(crate) fn set_aside(&mut self, uri: &RoomUri) -> Result<Aside, ClientError> {
        let savepoint = self.provider.storage.savepoint();
        self.room(uri)?;
        let mut aside = Aside { savepoint, group: None };
        if let Some(mut group) = self.rooms.get_mut(uri).and_then(|room| room.replace(None)) {
            group.delete(self.provider.storage()).map_err(mls("delete a group"))?;
            self.keep_roster(uri, &group)?;
            aside.group = Some(group);
        }
        Ok(aside)
    }

    /// Takes the old group up again: there will be no new one.
    pub(crate) fn take_up_again(&mut self, uri: &RoomUri, aside: Aside) -> Result<(), ClientError> {
        self.provider.storage.return_to(aside.savepoint);
        self.known_room(uri)?.replace(aside.group);
        Ok(())
    }

    /// What was held for epochs before the group that this device joins anew cannot be opened any more.
    pub(crate) fn drop_held_before(&mut self, uri: &RoomUri, epoch: u64) -> Result<(), ClientError> {
        let held = self.tx().scan(HELD, &room_range(uri), usize::MAX, false)?;
        let prefix = room_key(uri, &[]).len();
        for (key, row) in held {
            let of = rows::last_number(key.get(..prefix + 8).unwrap_or_default()).unwrap_or(0);
            if of >= epoch {
                break;
            }
            self.tx().delete(HELD, key);
            self.no_longer_held(uri, row.len())?;
        }
        Ok(())
    }

    /// This device is in step again.
    pub(crate) fn back_in_step(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        self.stay(uri)?;
        let since = self.known_room(uri)?.epoch().unwrap_or(0);
        self.listen_anew(uri, since)?;
        // Who came in meanwhile is not known.
        self.newcomer(uri)?;
        self.write_line(uri, &Line::Gap, now)?;
        self.tell_who_changed(uri, now)?;
        self.emit(Event::RoomJoined { room: uri.clone(), how: JoinedHow::Again });
        self.release_held(uri, now)
    }
}

/// How a room's state at the hub stands to that of this device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    /// A hub that goes back would undo what members did, a removal for instance.
    Older,
    Same,
    /// Or of another history: which one the room follows is the hub's to say.
    Newer,
}

/// A group that was given up in this step.
pub(crate) struct Aside {
    savepoint: Savepoint,
    group: Option<MlsGroup>,
}

impl Astray {
    fn not_before(&self) -> Timestamp {
        match self.tries {
            0 => self.last,
            tries => self.last.plus_millis(doubled(FIRST, tries - 1, LONGEST)),
        }
    }
}
