//! Commits and proposals: strict order, policy, and one store commit for everything that follows.

use super::{
    Origin, Rooms, RoomsError,
    decide::{self, Denied},
    fanout::Fanout,
    group::Staged,
    handshake::Invalid,
    live::{Devices, Live, Room, View},
    rows,
    size::{carries_data, check_sizes},
};
use crate::federation::IncidentReason;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::OwnedMutexGuard;
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, limits,
    mimi::{
        FanoutMessage, Protocol, UpdateRequest, UpdateRoomResponse,
        fanout::RoomEvent,
        group_info::PendingProposal,
        update::{GroupInfoOption, RatchetTreeOption, UpdateOutcome},
    },
    mls::{GroupInfo, MlsMessage},
    room::may_leave,
};
use trefoil_store::StoreError;

/// How an update ends when it is not accepted.
enum Stop {
    Outcome(UpdateOutcome, String),
    Error(RoomsError),
}

/// An accepted update: what to write, and what the room is afterwards.
struct Prepared {
    out: Fanout,
    view: Option<Arc<View>>,
    live: OwnedMutexGuard<Live>,
}

/// What a commit request holds.
pub(super) struct Commit {
    pub(super) commit: MlsMessage,
    pub(super) welcome: Option<MlsMessage>,
    pub(super) group_info: GroupInfo,
}

/// A commit that may be made, as far as that can be said without asking anybody.
struct Judged {
    handed_in: Commit,
    staged: Staged,
    live: OwnedMutexGuard<Live>,
}

impl Rooms {
    /// Takes a commit or proposals for a room. On success everything is durable and on its way to everyone,
    /// the sender's own device included.
    ///
    /// # Errors
    /// [`RoomsError::NotFound`], [`RoomsError::Malformed`], [`RoomsError::WrongOrigin`] if another service may not
    /// speak for the sender; [`RoomsError::TooOften`]; [`RoomsError::Store`]. What MIMI has a code for is in the response.
    pub async fn update(
        self: &Arc<Self>,
        origin: &Origin,
        room: &RoomUri,
        request: UpdateRequest,
        now: Timestamp,
    ) -> Result<UpdateRoomResponse, RoomsError> {
        let group_id = rows::room_key(room);
        if !is_of_room(&request, room) {
            self.misused(origin, IncidentReason::EventOfAnotherRoom, now).await;
            return Err(RoomsError::Malformed("a handshake of another room"));
        }
        let mut retried = false;
        loop {
            let found = self.room(room).await?;
            let mut live = Arc::clone(&found.live).lock_owned().await;
            if live.stale {
                continue;
            }
            if !retried && request_epoch(&request) > Some(live.group.epoch()) {
                // Perhaps another process of this service moved the room on.
                retried = true;
                let stored = self.store.get(rows::EPOCH, group_id.clone()).await?;
                if stored != Some(rows::encode_epoch(live.group.epoch())) {
                    self.forget(&mut live, room);
                    continue;
                }
            }
            match self.try_update(origin, &found, live, request.clone(), now).await {
                Ok(()) => {
                    let outcome = UpdateOutcome::Success { accepted_timestamp: now };
                    return Ok(UpdateRoomResponse { outcome, error_description: Vec::new() });
                }
                Err(Stop::Outcome(outcome, why)) => {
                    return Ok(UpdateRoomResponse { outcome, error_description: why.into_bytes() });
                }
                // Another process of this service moved the room on: look again, once.
                Err(Stop::Error(RoomsError::Store(StoreError::AssertFailed { .. }))) if !retried => {
                    retried = true
                }
                Err(Stop::Error(RoomsError::WrongOrigin)) => {
                    if let Origin::Device(_) = origin {
                        let why = b"not this device's own handshake".to_vec();
                        return Ok(UpdateRoomResponse {
                            outcome: UpdateOutcome::NotAllowed,
                            error_description: why,
                        });
                    }
                    self.misused(origin, IncidentReason::VouchedForAnother, now).await;
                    return Err(RoomsError::WrongOrigin);
                }
                Err(Stop::Error(error)) => return Err(error),
            }
        }
    }

    async fn try_update(
        self: &Arc<Self>,
        origin: &Origin,
        room: &Arc<Room>,
        live: OwnedMutexGuard<Live>,
        request: UpdateRequest,
        now: Timestamp,
    ) -> Result<(), Stop> {
        if request_epoch(&request) != Some(live.group.epoch()) {
            return Err(wrong_epoch(live.group.epoch()));
        }
        self.rates.arrives(origin, &room.uri, now)?;
        let (rooms, origin, room) = (Arc::clone(self), origin.clone(), Arc::clone(room));
        // On its own, even if whoever asked goes away: the group in memory must not be left ahead of the store.
        let working = tokio::spawn(async move {
            let prepared = match request {
                UpdateRequest::Commit {
                    commit,
                    welcome,
                    group_info: GroupInfoOption::Full(group_info),
                    ..
                } => {
                    let handed_in = Commit { commit, welcome, group_info };
                    rooms.prepare_commit(origin, &room, live, handed_in, now).await?
                }
                UpdateRequest::Proposals { first, more } => {
                    let (judge, shared) = (Arc::clone(&rooms), Arc::clone(&room));
                    blocking(move || judge.prepare_proposals(&origin, &shared, live, first, more, now))
                        .await?
                }
            };
            rooms.settle_update(&room, prepared).await.map_err(Stop::Error)
        });
        working.await.map_err(|_| Stop::Error(RoomsError::GivenUp))?
    }

    async fn prepare_commit(
        self: &Arc<Self>,
        origin: Origin,
        room: &Arc<Room>,
        live: OwnedMutexGuard<Live>,
        handed_in: Commit,
        now: Timestamp,
    ) -> Result<Prepared, Stop> {
        let (rooms, shared) = (Arc::clone(self), Arc::clone(room));
        let judged = blocking(move || rooms.judge_commit(&origin, &shared.uri, live, handed_in, now)).await?;
        self.check_known(&judged.staged.facts, now).await??;
        let (rooms, shared) = (Arc::clone(self), Arc::clone(room));
        blocking(move || rooms.make_commit(&shared.uri, judged, now)).await
    }

    async fn settle_update(&self, room: &Arc<Room>, mut prepared: Prepared) -> Result<(), RoomsError> {
        let batch = std::mem::take(&mut prepared.out.batch);
        if let Err(error) = self.store.commit(batch).await {
            self.forget(&mut prepared.live, &room.uri);
            return Err(error.into());
        }
        if let Some(view) = prepared.view {
            room.set_view(view);
            self.weigh_again(room);
        }
        drop(prepared.live);
        prepared.out.announce(&self.mailboxes, &self.federation);
        Ok(())
    }

    /// Judges a commit. Changes nothing.
    fn judge_commit(
        &self,
        origin: &Origin,
        room: &RoomUri,
        live: OwnedMutexGuard<Live>,
        handed_in: Commit,
        now: Timestamp,
    ) -> Result<Judged, Stop> {
        let staged = live.group.stage(&self.crypto, &handed_in.commit)?;
        decide::judge(room, live.group.participants(), &live.refused, &staged.facts, origin, now)?;
        self.rates.is_from(origin, &staged.facts.commit.committer, room, now)?;
        if self.is_barred(&staged.facts.commit.committer.user_uri(), now) {
            return Err(not_allowed("this account is suspended or banned by the service of this room"));
        }
        check_sizes(&live.group, &staged, &handed_in)?;
        live.group.check_keys(&self.crypto, &handed_in.commit, &staged)?;
        live.group.check_group_info(&staged, &handed_in.group_info)?;
        Ok(Judged { handed_in, staged, live })
    }

    /// Merges a commit in memory, and collects what to write.
    fn make_commit(&self, room: &RoomUri, judged: Judged, now: Timestamp) -> Result<Prepared, Stop> {
        let Judged { handed_in: Commit { commit, welcome, group_info }, staged, mut live } = judged;
        let epoch = live.group.epoch();
        let mut out = Fanout::default();
        let key = rows::room_key(room);
        let number = live.log_next;
        out.batch
            .assert_equals(rows::EPOCH, key.clone(), rows::encode_epoch(epoch))
            .assert_absent(rows::LOG, rows::log_key(room, number));
        let facts = staged.facts.clone();
        let mut told: BTreeSet<DeviceUri> = live.group.leaves().map(|leaf| leaf.device.clone()).collect();
        if facts.commit.external {
            told.insert(facts.commit.committer.clone());
        }
        // Key packages have a lifetime, which openmls checks again on replay: what added someone is never replayed.
        let snapshot = !facts.commit.added.is_empty() || live.snapshot_is_due();
        let merged = live.group.merge(staged, snapshot);
        let parts = match merged {
            Ok(parts) if live.group.confirms(&group_info) => parts,
            merged => {
                // Merged already, or half merged: the next one starts from the store.
                self.forget(&mut live, room);
                return Err(merged.err().unwrap_or(Invalid("the group info is not of this commit")).into());
            }
        };
        out.batch.put(rows::EPOCH, key.clone(), rows::encode_epoch(live.group.epoch()));
        out.batch.put(rows::GROUP_INFO, key.clone(), rows::encode_plain(group_info.as_bytes()));
        live.log_next = number + 1;
        live.pending.clear();
        live.leaving.clear();
        // What came in is registered, whatever stood in its place before.
        for new in &facts.new {
            live.gone.remove(&new.leaf.device);
        }
        told.retain(|device| !live.gone.contains(device));
        live.group_info = group_info;
        match parts {
            Some(parts) => {
                for old in live.log_start..number {
                    out.batch.delete(rows::LOG, rows::log_key(room, old));
                }
                live.log_start = live.log_next;
                out.batch.put(rows::SNAPSHOT, key, rows::encode_snapshot(live.log_start, &parts));
            }
            None => {
                out.batch.put(rows::LOG, rows::log_key(room, number), rows::encode_log(now, &commit));
            }
        }
        let tell = self.fan_out_commit(&mut out, room, &live, facts.added(), &told, commit, welcome, now);
        if let Err(error) = tell {
            self.forget(&mut live, room);
            return Err(error);
        }
        let view = View::of(&live, &self.domain, &self.mailboxes);
        Ok(Prepared { out, view: Some(Arc::new(view)), live })
    }

    #[allow(clippy::too_many_arguments)]
    fn fan_out_commit<'a>(
        &self,
        out: &mut Fanout,
        room: &RoomUri,
        live: &Live,
        added: impl Iterator<Item = &'a DeviceUri>,
        told: &BTreeSet<DeviceUri>,
        commit: MlsMessage,
        welcome: Option<MlsMessage>,
        now: Timestamp,
    ) -> Result<(), Stop> {
        let message = |event| FanoutMessage { protocol: Protocol::Mls10, timestamp: now, event };
        let told = Devices::of(told, &self.domain, &self.mailboxes);
        let event = RoomEvent::Commit { message: commit, external_proposals: Vec::new() };
        out.add(&self.mailboxes, &self.federation, room, &told, None, message(event))?;
        if let Some(welcome) = welcome {
            let ratchet_tree = RatchetTreeOption::Full(live.group.ratchet_tree()?);
            let event = RoomEvent::Welcome { message: welcome, ratchet_tree };
            let added = Devices::of(added, &self.domain, &self.mailboxes);
            out.add(&self.mailboxes, &self.federation, room, &added, None, message(event))?;
        }
        Ok(())
    }

    /// Keeps proposals by which devices leave, until someone commits them.
    fn prepare_proposals(
        &self,
        origin: &Origin,
        room: &Room,
        mut live: OwnedMutexGuard<Live>,
        first: MlsMessage,
        more: Vec<MlsMessage>,
        now: Timestamp,
    ) -> Result<Prepared, Stop> {
        let epoch = live.group.epoch();
        let all = || std::iter::once(&first).chain(&more);
        if all().any(|proposal| proposal.epoch() != Some(epoch)) {
            return Err(wrong_epoch(epoch));
        }
        let mut out = Fanout::default();
        out.batch.assert_equals(rows::EPOCH, rows::room_key(&room.uri), rows::encode_epoch(epoch));
        let devices: Vec<DeviceUri> = live.group.leaves().map(|leaf| leaf.device.clone()).collect();
        let devices: Vec<&DeviceUri> = devices.iter().collect();
        let mut leaving = live.leaving.clone();
        let mut staged = Vec::new();
        for proposal in all().filter(|new| !live.pending.iter().any(|known| known.proposal == **new)) {
            let checked = live.group.stage_proposal(&self.crypto, proposal)?;
            if !origin.vouches_for(&checked.sender) {
                return Err(Stop::Error(RoomsError::WrongOrigin));
            }
            self.rates.is_from(origin, &checked.sender, &room.uri, now)?;
            if !checked.leaves {
                return Err(not_allowed("on its own, a device proposes nothing but to leave"));
            }
            if carries_data(proposal) {
                return Err(Invalid("a handshake carries no data of its own").into());
            }
            // One is enough: members could not commit two of one device.
            if leaving.contains(&checked.sender) {
                continue;
            }
            may_leave(live.group.participants(), &devices, &leaving, &checked.sender)
                .map_err(|refusal| not_allowed(&refusal.to_string()))?;
            leaving.insert(checked.sender.clone());
            staged.push((proposal.clone(), checked));
        }
        let Some(((first, _), more)) = staged.split_first() else {
            // All of them came before.
            return Ok(Prepared { out: Fanout::default(), view: None, live });
        };
        let first = first.clone();
        let more = more.iter().map(|(proposal, _)| proposal.clone()).collect();
        if live.pending.len() + staged.len() > limits::PENDING_PROPOSALS {
            return Err(not_allowed("too many proposals wait for a commit"));
        }
        let view = room.view();
        let event = RoomEvent::Proposal { message: first, more };
        let message = FanoutMessage { protocol: Protocol::Mls10, timestamp: now, event };
        out.add(&self.mailboxes, &self.federation, &room.uri, &view.devices, None, message)?;
        for (proposal, checked) in staged {
            let key = rows::log_key(&room.uri, live.log_next);
            out.batch.assert_absent(rows::LOG, key.clone());
            out.batch.put(rows::LOG, key, rows::encode_log(now, &proposal));
            live.log_next += 1;
            if let Err(invalid) = live.group.propose(checked) {
                self.forget(&mut live, &room.uri);
                return Err(invalid.into());
            }
            live.pending.push(PendingProposal { proposal, hub_accepted_time: now });
        }
        live.leaving = leaving;
        Ok(Prepared { out, view: None, live })
    }
}

/// True if everything in an update says that it belongs to a room.
pub fn is_of_room(request: &UpdateRequest, room: &RoomUri) -> bool {
    let group_id = rows::room_key(room);
    let belongs = |message: &MlsMessage| message.group_id() == Some(&group_id[..]);
    match request {
        UpdateRequest::Commit { commit, group_info: GroupInfoOption::Full(info), .. } => {
            belongs(commit) && info.group_id() == &group_id[..]
        }
        UpdateRequest::Proposals { first, more } => belongs(first) && more.iter().all(belongs),
    }
}

/// Runs something on a thread that may take its time.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Stop> + Send + 'static,
) -> Result<T, Stop> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Stop::Error(RoomsError::GivenUp))?
}

fn request_epoch(request: &UpdateRequest) -> Option<u64> {
    match request {
        UpdateRequest::Commit { commit: first, .. } | UpdateRequest::Proposals { first, .. } => first.epoch(),
    }
}

fn not_allowed(why: &str) -> Stop {
    Stop::Outcome(UpdateOutcome::NotAllowed, why.to_owned())
}

fn wrong_epoch(current_epoch: u64) -> Stop {
    Stop::Outcome(UpdateOutcome::WrongEpoch { current_epoch }, String::new())
}

impl From<Invalid> for Stop {
    fn from(Invalid(what): Invalid) -> Self {
        Self::Outcome(UpdateOutcome::InvalidProposal { invalid_proposals: Vec::new() }, what.to_owned())
    }
}

impl From<Denied> for Stop {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::WrongOrigin => Self::Error(RoomsError::WrongOrigin),
            other => Self::Outcome(UpdateOutcome::NotAllowed, other.to_string()),
        }
    }
}

impl From<RoomsError> for Stop {
    fn from(error: RoomsError) -> Self {
        Self::Error(error)
    }
}
