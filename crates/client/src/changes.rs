//! Changes of rooms: an intent becomes a commit, the commit is staged, persisted, sent, and settled by the mailbox.
//!
//! The mailbox is the one source of order. The hub's answer to a commit only says that there is nothing to send any
//! more; whether the own commit or another one made the next epoch is seen when it arrives, in its place among
//! everything else. So a lost answer, a repeated request and a conflict all end the same way.

use crate::{
    ChangeRefusal, ClientError, Event, Method, Refusal,
    conversation::Line,
    core::Core,
    error::mls,
    inbox::Taken,
    live::Job,
    mls::{
        credential,
        membership::{self, DictionaryChange, Judged},
        provider::Provider,
        wire,
    },
    plan::plan,
    rejoining::Sign,
    rows::{Answer, CommitMark, Intent, PendingCommit, RoomState},
};
use openmls::prelude::*;
use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    DeviceUri, ErrorCode, RoomUri, Timestamp, Wire as _, limits,
    mimi::{
        UpdateRequest, UpdateRoomResponse,
        update::{GroupInfoOption, RatchetTreeOption, UpdateOutcome},
    },
    mls::MlsMessage,
    paths,
};

/// How often an intent may lose to other commits.
const CONFLICTS: u32 = 16;
/// How long each member that could commit a proposal waits for those before it, in milliseconds.
const TURN: u64 = 1_500;

impl Core {
    /// What an open room has to do. True while something is left.
    pub(crate) fn pump_change(&mut self, uri: &RoomUri, now: Timestamp) -> Result<bool, ClientError> {
        let room = self.known_room(uri)?;
        if let Some(pending) = &room.row.pending {
            if pending.answer == Answer::Awaited {
                let body = pending.request.as_slice().to_vec();
                self.update(Job::Update(uri.clone()), uri, body, now);
            } else {
                self.stray(uri, Sign::Silence, now)?;
            }
            return Ok(true);
        }
        if let Some(request) = &room.row.request {
            let body = request.as_slice().to_vec();
            self.update(Job::Propose(uri.clone()), uri, body, now);
            return Ok(true);
        }
        // Who leaves has asked for it; the rest is up to whoever of the others commits next.
        if room.row.state != RoomState::Open {
            return Ok(false);
        }
        if !self.bring_forward(uri)? {
            return Ok(false);
        }
        let intents = &self.known_room(uri)?.row.intents;
        let Some(intent) = intents.first().cloned() else { return Ok(false) };
        let left = intents.len();
        self.start(uri, intent, now)?;
        // What needed no commit makes room for the next.
        if self.known_room(uri)?.row.intents.len() < left { self.pump_change(uri, now) } else { Ok(true) }
    }

    fn update(&mut self, job: Job, uri: &RoomUri, body: Vec<u8>, now: Timestamp) {
        if self.live.may(&job, now) {
            self.ask(
                job,
                Method::Post,
                format!("{}/update/{}", paths::CLIENT_ROOT, paths::segment(&uri.to_string())),
                body,
            );
        }
    }

    /// Puts a change at the end of a room's.
    pub(crate) fn intend(&mut self, uri: &RoomUri, intent: Intent) -> Result<(), ClientError> {
        let room = self.known_room(uri)?;
        let known = match intent {
            Intent::CommitProposals => room.row.intents.contains(&intent),
            _ => room.row.intents.last() == Some(&intent),
        };
        if !known {
            room.row.intents.push(intent);
        }
        self.live.busy.insert(uri.clone());
        Ok(())
    }

    fn start(&mut self, uri: &RoomUri, mut intent: Intent, now: Timestamp) -> Result<(), ClientError> {
        if intent == Intent::Leave {
            self.finish_intent(uri)?;
            return self.propose_leaving(uri);
        }
        if let Intent::Add { people } = &mut intent {
            if !self.gather(uri, people, now)? {
                return Ok(());
            }
            self.leave_out_contested(uri, people, now)?;
            if !self.prove_packages(uri, people, now)? {
                return Ok(());
            }
            if people.is_empty() {
                return Ok(());
            }
        }
        if intent == Intent::CommitProposals && !self.live.may(&Job::CommitProposals(uri.clone()), now) {
            return Ok(());
        }
        let me = self.me()?;
        let material = self.live.material.get(uri).cloned().unwrap_or_default();
        self.room(uri)?;
        let Self { rooms, provider, .. } = self;
        let Some(room) = rooms.get_mut(uri) else { return Ok(()) };
        let proposals = room.row.proposals.clone();
        let plan = match plan(room, &me, &intent, &material, provider) {
            Ok(Some(plan)) => plan,
            // Done already, by somebody else.
            Ok(None) => return self.finish_intent(uri),
            Err(refusal) => return self.refuse_intent(uri, ChangeRefusal::Untrusted(refusal)),
        };
        room.touch();
        let Some(group) = room.group.as_mut() else { return self.finish_intent(uri) };
        load_proposals(provider, group, &proposals)?;
        let made = match membership::make(provider, &me.key, uri, group, plan)? {
            Ok(made) => made,
            Err(refusal) => {
                group.clear_pending_proposals(provider.storage()).map_err(mls("forget proposals"))?;
                return self.refuse_intent(uri, ChangeRefusal::Untrusted(refusal));
            }
        };
        let epoch = group.epoch().as_u64();
        let commit = wire::message(&made.commit)?;
        let request = UpdateRequest::Commit {
            welcome: made.welcome.as_ref().map(wire::message).transpose()?,
            group_info: GroupInfoOption::Full(wire::group_info(&made.group_info)?),
            ratchet_tree: RatchetTreeOption::DistributionService,
            commit: commit.clone(),
        };
        let mark = CommitMark { epoch, hash: hash(&commit) };
        room.row.pending =
            Some(PendingCommit { mark, request: request.encode().into(), answer: Answer::Awaited });
        self.pump_change(uri, now).map(drop)
    }

    fn finish_intent(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        let room = self.known_room(uri)?;
        if !room.row.intents.is_empty() {
            room.row.intents.remove(0);
        }
        room.row.conflicts = 0;
        self.live.material.remove(uri);
        Ok(())
    }

    pub(crate) fn refuse_intent(&mut self, uri: &RoomUri, reason: ChangeRefusal) -> Result<(), ClientError> {
        self.emit(Event::ChangeRefused { room: uri.clone(), reason });
        if matches!(self.known_room(uri)?.row.intents.first(), Some(Intent::Invitations { .. })) {
            self.forget_publishing(uri)?;
        }
        self.finish_intent(uri)
    }

    /// The hub's answer to a commit or to own proposals.
    pub(crate) fn updated(
        &mut self,
        job: &Job,
        uri: &RoomUri,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let Ok(response) = UpdateRoomResponse::decode(body) else {
            self.live.pause(job.clone(), 0, now);
            return Ok(());
        };
        if matches!(job, Job::Propose(_)) {
            return self.proposed(uri, response.outcome);
        }
        if self.known_room(uri)?.row.state == RoomState::Joining {
            return self.join_answered(uri, response.outcome, now);
        }
        match response.outcome {
            // Won or lost: the mailbox says which.
            UpdateOutcome::Success { .. } | UpdateOutcome::WrongEpoch { .. } => {
                if let Some(pending) = &mut self.known_room(uri)?.row.pending {
                    pending.answer = Answer::Given;
                }
                Ok(())
            }
            UpdateOutcome::NotAllowed => self.abandon(uri, ChangeRefusal::NotAllowed),
            UpdateOutcome::InvalidProposal { .. } => self.abandon(uri, ChangeRefusal::Invalid),
        }
    }

    fn proposed(&mut self, uri: &RoomUri, outcome: UpdateOutcome) -> Result<(), ClientError> {
        match outcome {
            // If another epoch has begun, it is proposed again once that epoch's commit is here.
            UpdateOutcome::Success { .. } | UpdateOutcome::WrongEpoch { .. } => {
                self.known_room(uri)?.row.request = None;
                Ok(())
            }
            UpdateOutcome::NotAllowed => self.leave_refused(uri, ChangeRefusal::NotAllowed),
            UpdateOutcome::InvalidProposal { .. } => self.leave_refused(uri, ChangeRefusal::Invalid),
        }
    }

    fn leave_refused(&mut self, uri: &RoomUri, reason: ChangeRefusal) -> Result<(), ClientError> {
        let room = self.known_room(uri)?;
        room.row.request = None;
        room.row.state = RoomState::Open;
        self.emit(Event::ChangeRefused { room: uri.clone(), reason });
        Ok(())
    }

    /// The service refused an update for good.
    pub(crate) fn update_refused(
        &mut self,
        job: &Job,
        uri: &RoomUri,
        code: ErrorCode,
    ) -> Result<(), ClientError> {
        let reason = if code == ErrorCode::NotAllowed {
            ChangeRefusal::NotAllowed
        } else {
            ChangeRefusal::Service(code)
        };
        if matches!(job, Job::Propose(_)) {
            self.leave_refused(uri, reason)
        } else {
            self.abandon(uri, reason)
        }
    }

    /// Gives a staged commit up: the hub will never take it.
    fn abandon(&mut self, uri: &RoomUri, reason: ChangeRefusal) -> Result<(), ClientError> {
        self.clear_pending(uri)?;
        self.refuse_intent(uri, reason)
    }

    pub(crate) fn clear_pending(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        self.live.forget_updates(uri);
        self.room(uri)?;
        let Self { rooms, provider, .. } = self;
        let Some(room) = rooms.get_mut(uri) else { return Ok(()) };
        if room.row.pending.take().is_some()
            && let Some(group) = room.group.as_mut()
        {
            group.clear_pending_commit(provider.storage()).map_err(mls("forget a commit"))?;
            group.clear_pending_proposals(provider.storage()).map_err(mls("forget proposals"))?;
            room.touch();
        }
        Ok(())
    }

    /// A commit of the current epoch or an earlier one has arrived.
    pub(crate) fn take_commit(
        &mut self,
        uri: &RoomUri,
        message: &MlsMessage,
        accepted: Timestamp,
        now: Timestamp,
    ) -> Taken {
        let mark = CommitMark { epoch: message.epoch().unwrap_or(0), hash: hash(message) };
        let room = self.known_room(uri)?;
        let is_own = room.row.pending.as_ref().is_some_and(|pending| pending.mark == mark);
        if room.row.state == RoomState::Joining && room.row.pending.is_some() {
            return if is_own { self.joined_externally(uri, now) } else { self.join_lost(uri, now) }.map(Ok);
        }
        if Some(mark.epoch) != room.epoch() {
            // Merged before. Another commit than the own one that was confirmed for that epoch is another history.
            let forked =
                room.row.merged.is_some_and(|merged| merged.epoch == mark.epoch && merged.hash != mark.hash);
            if !forked {
                return Ok(Ok(()));
            }
            self.stray(uri, Sign::Proof, now)?;
            return Ok(Err(Refusal::Forked));
        }
        room.touch();
        let judged = if is_own { self.merge_own(uri, mark)? } else { self.merge_theirs(uri, message)? };
        let judged = match judged {
            Ok(judged) => judged,
            Err(refusal) => {
                // The hub cannot see everything that makes a commit invalid: it may have gone on with this one. One
                // that breaks the rules is another matter, with whoever made it this device shares no epoch.
                if refusal == Refusal::InvalidHandshake {
                    self.stray(uri, Sign::Proof, now)?;
                }
                if let Refusal::AccountKeyChanged { user } = &refusal {
                    self.write_line(uri, &Line::KeyRefused { user: user.clone() }, accepted)?;
                }
                return Ok(Err(refusal));
            }
        };
        self.merged(uri, judged, accepted, now)?;
        self.release_held(uri, now)?;
        Ok(Ok(()))
    }

    fn merge_own(&mut self, uri: &RoomUri, mark: CommitMark) -> Result<Result<Judged, Refusal>, ClientError> {
        let me = self.me()?;
        let Self { rooms, provider, .. } = self;
        let Some(room) = rooms.get_mut(uri) else { return Ok(Err(Refusal::UnknownRoom)) };
        let Some(group) = room.group.as_mut() else { return Ok(Err(Refusal::UnknownRoom)) };
        let sender = Sender::Member(group.own_leaf_index());
        let Some(staged) = group.pending_commit() else { return Ok(Err(Refusal::Internal)) };
        let updates = staged.queued_proposals().filter_map(|queued| match queued.proposal() {
            Proposal::AppDataUpdate(update) => Some(&**update),
            _ => None,
        });
        let dictionary = match membership::resolve(uri, group.app_data_dictionary_updater(), updates) {
            Ok((dictionary, _)) => dictionary,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let judged = membership::judge(&me, uri, group, staged, &sender, dictionary);
        if judged.is_ok() {
            group.merge_pending_commit(provider).map_err(mls("merge the own commit"))?;
            room.row.pending = None;
            room.row.merged = Some(mark);
            room.row.conflicts = 0;
            if !room.row.intents.is_empty() {
                room.row.intents.remove(0);
            }
            self.live.material.remove(uri);
        }
        Ok(judged)
    }

    fn merge_theirs(
        &mut self,
        uri: &RoomUri,
        message: &MlsMessage,
    ) -> Result<Result<Judged, Refusal>, ClientError> {
        let me = self.me()?;
        let Self { rooms, provider, .. } = self;
        let Some(room) = rooms.get_mut(uri) else { return Ok(Err(Refusal::UnknownRoom)) };
        let proposals = room.row.proposals.clone();
        let Some(group) = room.group.as_mut() else { return Ok(Err(Refusal::UnknownRoom)) };
        load_proposals(provider, group, &proposals)?;
        let staged = match stage(provider, uri, group, message)? {
            Ok((staged, sender, dictionary)) => {
                membership::judge(&me, uri, group, &staged, &sender, dictionary)
                    .map(|judged| (staged, judged))
            }
            Err(refusal) => Err(refusal),
        };
        let (staged, judged) = match staged {
            Ok(both) => both,
            Err(refusal) => {
                group.clear_pending_proposals(provider.storage()).map_err(mls("forget proposals"))?;
                return Ok(Err(refusal));
            }
        };
        group.merge_staged_commit(provider, staged).map_err(mls("merge a commit"))?;
        if room.row.pending.take().is_some() {
            room.row.conflicts += 1;
        }
        Ok(Ok(judged))
    }

    /// What follows from a merged commit.
    fn merged(
        &mut self,
        uri: &RoomUri,
        judged: Judged,
        accepted: Timestamp,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let room = self.known_room(uri)?;
        room.row.proposals.clear();
        room.row.astray.due = None;
        room.row.intents.retain(|intent| *intent != Intent::CommitProposals);
        let gone = room.group.as_ref().is_none_or(|group| !group.is_active());
        let exhausted = room.row.conflicts > CONFLICTS;
        let name = match judged.renamed() {
            true => room.context().ok().map(|context| context.metadata.readable_name()),
            false => None,
        };
        let leaving = room.row.state == RoomState::Leaving;
        self.live.busy.insert(uri.clone());
        self.live.forget_updates(uri);
        self.live.backoff.remove(&Job::CommitProposals(uri.clone()));
        let actor = judged.actor.clone();
        if !judged.added().is_empty() {
            // Whoever this device added was proven a moment ago.
            if actor != self.me()?.device {
                self.devices_came(uri, judged.added());
            }
            self.forget_told(uri)?;
        }
        let events = judged.events(uri, name);
        self.note(&events, accepted)?;
        for event in events {
            self.emit(event);
        }
        self.account_keys_seen(judged.seen, now)?;
        if !gone {
            self.publish_groups(uri, now)?;
        }
        if gone {
            let by = if leaving { self.me()?.device.clone() } else { actor };
            self.leave_behind(uri)?;
            self.drop_group(uri)?;
            let room = self.known_room(uri)?;
            room.row = room.row.renewed(RoomState::Left);
            self.emit(Event::RoomLeft { room: uri.clone(), by });
        } else if leaving {
            // Another commit came first: the proposal died with its epoch.
            self.propose_leaving(uri)?;
        } else if exhausted {
            self.refuse_intent(uri, ChangeRefusal::TooManyConflicts)?;
        }
        Ok(())
    }

    /// A proposal of the current epoch. Only devices that leave propose anything in our rooms.
    pub(crate) fn take_proposal(&mut self, uri: &RoomUri, message: &MlsMessage, now: Timestamp) -> Taken {
        let me = self.me()?;
        self.room(uri)?;
        let Self { rooms, provider, live, .. } = self;
        let Some(room) = rooms.get_mut(uri) else { return Ok(Err(Refusal::UnknownRoom)) };
        let known = room.row.proposals.iter().any(|known| known.as_slice() == message.as_bytes());
        if known || message.epoch() != room.epoch() {
            return Ok(Ok(()));
        }
        if room.row.proposals.len() >= limits::PENDING_PROPOSALS {
            return Ok(Err(Refusal::TooFarAhead));
        }
        let Some(group) = room.group.as_mut() else { return Ok(Err(Refusal::UnknownRoom)) };
        let leaver = match self_removed(provider, group, message) {
            Ok(leaver) => leaver,
            Err(refusal) => return Ok(Err(refusal)),
        };
        room.row.proposals.push(message.as_bytes().to_vec().into());
        if leaver == me.device {
            return Ok(Ok(()));
        }
        let own = group.own_leaf_index();
        let turn = group.members().filter(|member| member.index < own).count() as u64;
        if room.row.state == RoomState::Open {
            live.turn(Job::CommitProposals(uri.clone()), now.plus_millis(turn.min(40) * TURN));
            self.intend(uri, Intent::CommitProposals)?;
        }
        Ok(Ok(()))
    }
}

impl crate::live::Live {
    /// Lets a job wait for its turn.
    fn turn(&mut self, job: Job, due: Timestamp) {
        self.backoff.entry(job).or_insert(crate::live::Backoff { tries: 0, due });
    }
}

/// SHA-256 of a message.
pub(crate) fn hash(message: &MlsMessage) -> [u8; 32] {
    Sha256::digest(message.as_bytes()).into()
}

/// Reads a proposal without keeping it: the device that wants to leave.
fn self_removed(
    provider: &Provider,
    group: &mut MlsGroup,
    message: &MlsMessage,
) -> Result<DeviceUri, Refusal> {
    let processed = group
        .process_message(provider, wire::protocol_message(message)?)
        .map_err(|_| Refusal::InvalidHandshake)?;
    match processed.content() {
        ProcessedMessageContent::ProposalMessage(queued)
            if matches!(queued.proposal(), Proposal::SelfRemove) =>
        {
            credential::claimed_device(processed.credential())
        }
        _ => Err(Refusal::InvalidHandshake),
    }
}

/// Gives the group the proposals that a commit may refer to.
fn load_proposals(
    provider: &Provider,
    group: &mut MlsGroup,
    proposals: &[tls_codec::VLBytes],
) -> Result<(), ClientError> {
    for proposal in proposals {
        let Ok(message) = MlsMessage::parse(proposal.as_slice()) else { continue };
        let Ok(message) = wire::protocol_message(&message) else { continue };
        let Ok(processed) = group.process_message(provider, message) else { continue };
        if let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() {
            group.store_pending_proposal(provider.storage(), *queued).map_err(mls("load a proposal"))?;
        }
    }
    Ok(())
}

type Staged = (StagedCommit, Sender, DictionaryChange);

fn stage(
    provider: &Provider,
    uri: &RoomUri,
    group: &mut MlsGroup,
    message: &MlsMessage,
) -> Result<Result<Staged, Refusal>, ClientError> {
    let message = match wire::protocol_message(message) {
        Ok(message) => message,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let processed = match group.process_message(provider, message) {
        Ok(processed) => processed,
        Err(ProcessMessageError::StorageError(error)) => return Err(mls("process a commit")(error)),
        Err(error) => {
            tracing::debug!(%error, "a commit is not valid");
            return Ok(Err(Refusal::InvalidHandshake));
        }
    };
    let sender = processed.sender().clone();
    Ok(match processed.into_content() {
        ProcessedMessageContent::StagedCommitMessage(staged) => {
            Ok((*staged, sender, DictionaryChange::default()))
        }
        ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
            let updater = group.app_data_dictionary_updater();
            match membership::resolve(uri, updater, commit.app_data_update_proposals()) {
                Ok((dictionary, changes)) => group
                    .stage_app_data_commit(provider, *commit, changes)
                    .map(|staged| (staged, sender, dictionary))
                    .map_err(|_| Refusal::InvalidHandshake),
                Err(refusal) => Err(refusal),
            }
        }
        _ => Err(Refusal::Malformed),
    })
}
