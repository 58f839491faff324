//! People whom the operator wants out of a room. The hub takes nothing from them any more, at once, and lets nobody add
//! them; to take them out of the group it has to ask the members, whose clients make the commit. It can add nobody
//! (`docs/spec/removal.md`).

use super::{
    Rooms, RoomsError,
    fanout::Fanout,
    live::{Live, Room, View},
    rows,
};
use std::{collections::BTreeSet, sync::Arc};
use trefoil_proto::{
    RoomUri, Timestamp, UserUri, Wire as _,
    mimi::{
        FanoutMessage, Protocol,
        fanout::RoomEvent,
        removal::{RemovalReason, RemovalRequest, RemovalRequestTbs},
    },
};
use trefoil_store::{Batch, KeyRange, SqliteView, StoreError};

impl Rooms {
    /// Takes nothing from a person in a room from now on, and asks the members to take them out, as it was ordered `at` a
    /// time. Durable, and on its way to everyone, when this returns. Ordered again later, the members are asked again;
    /// the same order again changes nothing.
    ///
    /// # Errors
    /// [`RoomsError::NotFound`]; [`RoomsError::Store`].
    pub async fn ask_removal(
        &self,
        room: &RoomUri,
        user: &UserUri,
        reason: RemovalReason,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), RoomsError> {
        let tbs = RemovalRequestTbs { room: room.clone(), user: user.clone(), at, reason };
        let asked = RemovalRequest::sign(tbs, |content| self.keys.sign_whole(content));
        let mut retried = false;
        loop {
            let found = self.room(room).await?;
            let mut live = found.live.lock().await;
            if live.stale {
                continue;
            }
            if self.asked_at(room, user).await?.is_some_and(|before| before >= at) {
                return Ok(());
            }
            // Refused from here on: who is being refused must not slip in something while it is written down.
            live.refused.insert(user.clone());
            self.publish_view(&found, &live);
            match self.write_down(&found, &asked, now).await {
                Ok(out) => {
                    drop(live);
                    out.announce(&self.mailboxes, &self.federation);
                    return Ok(());
                }
                Err(error) => {
                    self.forget(&mut live, room);
                    // Another process of this service moved the room on: look again, once.
                    let moved = matches!(error, RoomsError::Store(StoreError::AssertFailed { .. }));
                    if retried || !moved {
                        return Err(error);
                    }
                    retried = true;
                }
            }
        }
    }

    /// Takes back what was ordered before `at`: the person may send, if they are in the room still, and be added, if not.
    ///
    /// # Errors
    /// [`RoomsError::NotFound`]; [`RoomsError::Store`].
    pub async fn lift_removal(
        &self,
        room: &RoomUri,
        user: &UserUri,
        at: Timestamp,
    ) -> Result<(), RoomsError> {
        loop {
            let found = self.room(room).await?;
            let mut live = found.live.lock().await;
            if live.stale {
                continue;
            }
            if self.asked_at(room, user).await?.is_none_or(|before| before > at) {
                return Ok(());
            }
            let mut batch = Batch::new();
            batch.delete(rows::REMOVALS, rows::removal_key(room, user));
            self.store.commit(batch).await?;
            live.refused.remove(user);
            self.publish_view(&found, &live);
            return Ok(());
        }
    }

    /// The people whom a room's hub takes nothing from.
    pub(super) async fn refused_in(&self, room: &RoomUri) -> Result<BTreeSet<UserUri>, RoomsError> {
        const STEP: usize = 256;
        let mut range = KeyRange::prefix(rows::removal_prefix(room));
        let mut refused = BTreeSet::new();
        loop {
            let found = self.store.scan(rows::REMOVALS, range.clone(), STEP).await?;
            let Some((last, _)) = found.last() else { return Ok(refused) };
            range.start = [last.as_ref(), &[0]].concat().into();
            for (key, _) in &found {
                refused.insert(rows::removed_user(room, key).ok_or(RoomsError::Damaged("removal"))?);
            }
        }
    }

    /// When the removal of somebody was ordered that is in force.
    async fn asked_at(&self, room: &RoomUri, user: &UserUri) -> Result<Option<Timestamp>, RoomsError> {
        let row = self.store.get(rows::REMOVALS, rows::removal_key(room, user).into()).await?;
        row.map(|row| decode(&row).map(|asked| asked.tbs.at)).transpose()
    }

    /// Lets submissions see a room as it is now.
    pub(super) fn publish_view(&self, room: &Room, live: &Live) {
        room.set_view(Arc::new(View::of(live, &self.domain, &self.mailboxes)));
    }

    async fn write_down(
        &self,
        room: &Room,
        asked: &RemovalRequest,
        now: Timestamp,
    ) -> Result<Fanout, RoomsError> {
        let (view, user) = (room.view(), &asked.tbs.user);
        let mut out = Fanout::default();
        // Everyone in the room is told: those whom it was made for, in this epoch.
        out.batch.assert_equals(rows::EPOCH, rows::room_key(&room.uri), view.epoch_row.clone()).put(
            rows::REMOVALS,
            rows::removal_key(&room.uri, user),
            rows::encode_plain(&asked.encode()),
        );
        let event = RoomEvent::Removal(asked.clone());
        let message = FanoutMessage { protocol: Protocol::Mls10, timestamp: now, event };
        out.add(&self.mailboxes, &self.federation, &room.uri, &view.devices, None, message)?;
        self.store.commit(std::mem::take(&mut out.batch)).await?;
        Ok(out)
    }
}

/// What the hub with this store asked of a room's members about a person, if it did and did not take it back.
///
/// # Errors
/// [`RoomsError::NotFound`] if there is no such room; [`RoomsError::Store`]; [`RoomsError::Damaged`].
pub fn asked_removal(
    view: &SqliteView,
    room: &RoomUri,
    user: &UserUri,
) -> Result<Option<RemovalRequest>, RoomsError> {
    view.get(rows::EPOCH, &rows::room_key(room))?.ok_or(RoomsError::NotFound)?;
    let asked = view.get(rows::REMOVALS, &rows::removal_key(room, user))?;
    asked.map(|row| decode(&row)).transpose()
}

fn decode(row: &bytes::Bytes) -> Result<RemovalRequest, RoomsError> {
    let asked = rows::body(row).and_then(|body| RemovalRequest::decode(&body).ok());
    asked.ok_or(RoomsError::Damaged("removal"))
}
