//! Accounts of minors (`docs/spec/minors.md`), and whom this device reaches that is one.
//!
//! A minor's devices hand the reach key to their connections: to whom the minor added to a room of two, whose request for one they took
//! up, to whom they wrote alone, and whom they verified. Whoever has the key shows proofs under it where they ask for the minor's key
//! packages.

mod guardians;
mod rows;

pub use guardians::{GUARDIAN_LINK, REACH_LINK};
pub use rows::{CONNECTIONS, GUARDED, REACHES};

pub(crate) use rows::{OwnReachRow, ReachRow, SinceRow};

use crate::{
    ClientError, Method,
    account::path,
    boundaries::{Stance, stance},
    conversation::compose,
    core::Core,
    live::Job,
    rows::{ACCOUNT, RoomState, Row as _, name},
};
use trefoil_proto::{
    Month, RoomUri, Timestamp, UserUri, Wire as _,
    minors::{Marking, Reach, ReachProof, ReplaceReach},
};

impl Core {
    /// Makes the first reach key of an account that is about to be made.
    pub(crate) fn mark(&mut self, ends: Option<Month>) -> Result<Marking, ClientError> {
        let reach = Reach { serial: 1, seed: *self.random::<32>()? };
        let marking = Marking { ends, reach: reach.public() };
        OwnReachRow { reach, told: Some(()) }.write(&mut self.tx(), ACCOUNT, name::REACH);
        Ok(marking)
    }

    pub(crate) fn own_reach(&self) -> Result<Option<OwnReachRow>, ClientError> {
        OwnReachRow::read(&self.tx(), ACCOUNT, name::REACH)
    }

    /// The account is not, or no more, a minor's.
    pub(crate) fn unmark(&mut self) {
        self.tx().delete(ACCOUNT, name::REACH);
    }

    /// This person, a minor, turned to whoever is alone with them in a room: that is a connection from now on. True if it was none
    /// before. Whoever is left alone with them in a room that others opened is none by that.
    pub(crate) fn connect(&mut self, room: &RoomUri, now: Timestamp) -> Result<bool, ClientError> {
        if self.own_reach()?.is_none() {
            return Ok(false);
        }
        let [other] = &self.others_in(room)?[..] else { return Ok(false) };
        if self.is_connection(other)? {
            return Ok(false);
        }
        SinceRow { since: now }.write(&mut self.tx(), CONNECTIONS, other.to_string());
        Ok(true)
    }

    fn is_connection(&self, user: &UserUri) -> Result<bool, ClientError> {
        let verified = self.contacts.get(user).is_some();
        Ok(verified || SinceRow::read(&self.tx(), CONNECTIONS, user.to_string().as_bytes())?.is_some())
    }

    /// Hands the own reach key to whoever is alone with this person in a room, if it is a connection.
    pub(crate) fn hand_reach(&mut self, room: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        let Some(own) = self.own_reach()?.filter(|own| own.told.is_some()) else { return Ok(()) };
        let [other] = &self.others_in(room)?[..] else { return Ok(()) };
        if !self.is_connection(other)? || stance(&self.tx(), other)? != Stance::Normal {
            return Ok(());
        }
        self.queue(room, compose::reach(&own.reach), now).map(drop)
    }

    /// Somebody handed their reach key on in a room: to a connection, or a device of this person's did, by which that is a connection
    /// here as well.
    pub(crate) fn reach_heard(
        &mut self,
        room: &RoomUri,
        sender: &UserUri,
        reach: Reach,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        if *sender == self.me()?.user {
            self.connect(room, now)?;
            if self.own_reach()?.is_none_or(|own| own.reach.serial < reach.serial) {
                OwnReachRow { reach, told: Some(()) }.write(&mut self.tx(), ACCOUNT, name::REACH);
            }
            return Ok(());
        }
        let known = ReachRow::read(&self.tx(), REACHES, sender.to_string().as_bytes())?;
        if known.is_none_or(|known| known.reach.serial < reach.serial) {
            self.reach_known(sender, reach);
        }
        Ok(())
    }

    /// This person took up a link of somebody. Its number is not believed, as anybody can make one: what that person sends themself takes
    /// its place.
    pub(crate) fn reach_shown(&mut self, minor: &UserUri, reach: &Reach) {
        self.reach_known(minor, Reach { serial: 0, seed: reach.seed });
    }

    fn reach_known(&mut self, minor: &UserUri, reach: Reach) {
        ReachRow { reach }.write(&mut self.tx(), REACHES, minor.to_string());
        self.live.unreached.retain(|(_, user)| user != minor);
    }

    /// A proof for asking for somebody's key packages, if this device has their key and it was not found to be void.
    pub(crate) fn reach_proof(
        &mut self,
        room: &RoomUri,
        user: &UserUri,
        now: Timestamp,
    ) -> Result<Option<ReachProof>, ClientError> {
        let whom = (room.clone(), user.clone());
        if *user == self.me()?.user || self.live.unreached.contains(&whom) {
            return Ok(None);
        }
        let known = ReachRow::read(&self.tx(), REACHES, user.to_string().as_bytes())?;
        let Some(ReachRow { reach }) = known else { return Ok(None) };
        let day = now.short_day();
        let nonce = *self.random::<32>()?;
        self.live.proven.insert(whom);
        Ok(Some(reach.prove(user, day, nonce)))
    }

    /// Nothing came of asking with a proof: true if it is to be asked without. They may have come of age, or have another
    /// key by now.
    pub(crate) fn not_reached(&mut self, room: &RoomUri, user: &UserUri) -> bool {
        let whom = (room.clone(), user.clone());
        if self.live.proven.remove(&whom) {
            self.live.unreached.insert(whom);
            self.live.busy.insert(room.clone());
            return true;
        }
        self.live.unreached.remove(&whom);
        false
    }

    /// Key packages came. A key that was not needed any more is forgotten.
    pub(crate) fn was_reached(&mut self, room: &RoomUri, user: &UserUri) {
        let whom = (room.clone(), user.clone());
        self.live.proven.remove(&whom);
        if self.live.unreached.remove(&whom) {
            self.tx().delete(REACHES, user.to_string());
        }
    }

    /// Another key in the place of the one that somebody has who is to reach this person no more. Once the service checks with
    /// it, it goes to the other connections.
    pub(crate) fn replace_reach(&mut self) -> Result<(), ClientError> {
        let Some(own) = self.own_reach()? else { return Ok(()) };
        let reach = Reach { serial: own.reach.serial + 1, seed: *self.random::<32>()? };
        OwnReachRow { reach, told: None }.write(&mut self.tx(), ACCOUNT, name::REACH);
        Ok(())
    }

    pub(crate) fn pump_reach(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let Some(own) = self.own_reach()?.filter(|own| own.told.is_none()) else { return Ok(()) };
        if self.live.may(&Job::Reach, now) {
            let body = ReplaceReach { reach: own.reach.public() }.encode();
            self.ask(Job::Reach, Method::Post, path("minor/reach"), body);
        }
        Ok(())
    }

    /// The service checks with the new key.
    pub(crate) fn reach_replaced(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let Some(own) = self.own_reach()? else { return Ok(()) };
        OwnReachRow { told: Some(()), ..own }.write(&mut self.tx(), ACCOUNT, name::REACH);
        for room in self.room_uris()? {
            let open = self.room(&room)?.is_some_and(|room| room.row.state == RoomState::Open);
            if open && !self.is_shut(&room)? {
                self.hand_reach(&room, now)?;
            }
        }
        Ok(())
    }
}
