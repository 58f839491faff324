//! What peers did that they must not: recorded with its reason, bounded for each peer, for the operator.
//!
//! A peer's incidents push out its own only, and when too many peers have any, those of the peer that was quiet longest
//! go. So nobody fills the disk, and nobody hides what another did.

use super::{FederationError, rows};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Mutex;
use trefoil_proto::{Domain, ErrorCode, Timestamp};
use trefoil_store::{Batch, KeyRange, Pair, Store};

/// Incidents kept of each peer, and of all who showed no name together.
pub(super) const KEPT: u16 = 64;
/// Peers whose incidents are kept.
const PEERS: usize = 256;
/// Rows in all.
pub(super) const ROWS: usize = (PEERS + 1) * KEPT as usize;
/// Those who show no name are recorded once in so many milliseconds: anyone can come without a certificate.
const NAMELESS_EVERY: u64 = 60_000;

/// Something from another service that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When.
    pub at: Timestamp,
    /// Who, by its certificate; `None` for those who did not show one that we trust.
    pub from: Option<Domain>,
    /// Why it was refused.
    pub reason: IncidentReason,
}

/// Why something from a peer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum IncidentReason {
    /// It acted in a room of another service as if it were its hub, or as if we were.
    RoomOfAnotherService = 1,
    /// What it handed in belongs to another room than it says.
    EventOfAnotherRoom = 2,
    /// The notification cannot be decoded, or holds what no notification holds.
    Malformed = 3,
    /// It handed on a message, change or request of someone who is not its own.
    VouchedForAnother = 4,
    /// It called itself by a name that its certificate does not hold.
    NameNotCertified = 5,
    /// A commit or message that came before, altered.
    AlteredEvent = 6,
    /// A request that the device it names did not sign.
    Forged = 7,
    /// It asked here for what another service answers for: its people, its media.
    AskedForAnother = 8,
    /// It answered what it must not: something else than it was asked, or nothing that can be read.
    AnsweredFalsely = 9,
    /// It came without a certificate of an authority that we trust.
    NoCertificate = 10,
    /// The same events again and again, oftener than answers get lost.
    Replayed = 11,
    /// Its public log does not follow from what it showed before.
    LogForked = 12,
    /// Its key directory does not hold what it held, contradicts what it signed, or has another key than before.
    FalseDirectory = 13,
    /// It handed on a report that does not prove itself, or not of a room of its own.
    UnprovenReport = 14,
}

impl IncidentReason {
    const ALL: [Self; 14] = [
        Self::RoomOfAnotherService,
        Self::EventOfAnotherRoom,
        Self::Malformed,
        Self::VouchedForAnother,
        Self::NameNotCertified,
        Self::AlteredEvent,
        Self::Forged,
        Self::AskedForAnother,
        Self::AnsweredFalsely,
        Self::NoCertificate,
        Self::Replayed,
        Self::LogForked,
        Self::FalseDirectory,
        Self::UnprovenReport,
    ];

    /// The code that the peer is answered with.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::RoomOfAnotherService
            | Self::EventOfAnotherRoom
            | Self::VouchedForAnother
            | Self::NameNotCertified
            | Self::AskedForAnother => ErrorCode::WrongDomain,
            Self::Malformed => ErrorCode::Malformed,
            Self::AlteredEvent | Self::Replayed | Self::LogForked => ErrorCode::Conflict,
            Self::Forged | Self::UnprovenReport => ErrorCode::BadSignature,
            Self::AnsweredFalsely | Self::FalseDirectory => ErrorCode::PeerMisbehaved,
            Self::NoCertificate => ErrorCode::Unauthenticated,
        }
    }

    /// For a log or a developer.
    pub fn text(self) -> &'static str {
        match self {
            Self::RoomOfAnotherService => "a room of another service",
            Self::EventOfAnotherRoom => "an event of another room",
            Self::Malformed => "a malformed notification",
            Self::VouchedForAnother => "someone of another service",
            Self::NameNotCertified => "a name that its certificate does not hold",
            Self::AlteredEvent => "an event that came before, altered",
            Self::Forged => "a signature that does not verify",
            Self::AskedForAnother => "something that another service answers for",
            Self::AnsweredFalsely => "an answer that it must not give",
            Self::Replayed => "events that came before, again and again",
            Self::LogForked => "a public log that does not follow from what it showed before",
            Self::FalseDirectory => "a key directory that does not follow from what it was",
            Self::UnprovenReport => "a report that does not prove itself",
            Self::NoCertificate => "no certificate of an authority that is trusted here",
        }
    }

    /// For programs: a word that never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::RoomOfAnotherService => "room-of-another-service",
            Self::EventOfAnotherRoom => "event-of-another-room",
            Self::Malformed => "malformed",
            Self::VouchedForAnother => "vouched-for-another",
            Self::NameNotCertified => "name-not-certified",
            Self::AlteredEvent => "altered-event",
            Self::Forged => "forged",
            Self::AskedForAnother => "asked-for-another",
            Self::AnsweredFalsely => "answered-falsely",
            Self::NoCertificate => "no-certificate",
            Self::Replayed => "replayed",
            Self::LogForked => "log-forked",
            Self::FalseDirectory => "false-directory",
            Self::UnprovenReport => "unproven-report",
        }
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as u8 == number)
    }
}

impl std::fmt::Display for IncidentReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// What is recorded in a store, oldest first.
///
/// # Errors
/// [`FederationError::Store`].
pub async fn recorded(store: &dyn Store) -> Result<Vec<Incident>, FederationError> {
    Ok(in_order(read(store).await?))
}

/// The incidents in what was read, oldest first.
pub(super) fn in_order(mut found: Vec<(u64, u16, Incident)>) -> Vec<Incident> {
    found.sort_by_key(|(number, ..)| *number);
    found.into_iter().map(|(_, _, incident)| incident).collect()
}

/// Number, slot and incident of each row.
async fn read(store: &dyn Store) -> Result<Vec<(u64, u16, Incident)>, FederationError> {
    Ok(decode(&store.scan(rows::INCIDENTS, KeyRange::all(), ROWS).await?))
}

/// As [`read`], of rows that were read already.
pub(super) fn decode(found: &[Pair]) -> Vec<(u64, u16, Incident)> {
    let known = |(key, row): &Pair| {
        let (number, incident) = rows::decode_incident(row)?;
        Some((number, rows::slot_of(key)?, incident))
    };
    found.iter().filter_map(known).collect()
}

pub(super) struct Incidents {
    store: Arc<dyn Store>,
    /// Unknown until the first.
    state: Mutex<Option<State>>,
}

#[derive(Default)]
struct State {
    /// Of the next incident of all.
    number: u64,
    peers: BTreeMap<Option<Domain>, Last>,
}

/// A peer's last incident.
#[derive(Clone, Copy, Default)]
struct Last {
    number: u64,
    slot: u16,
    at: Timestamp,
}

impl Incidents {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, state: Mutex::default() }
    }

    /// As [`super::Federation::record_incident`].
    pub(super) async fn note_peer(&self, from: &Domain, reason: IncidentReason, now: Timestamp) {
        tracing::warn!(%from, %reason, "refused from another service");
        self.note(Incident { at: now, from: Some(from.clone()), reason }).await;
    }

    async fn note(&self, incident: Incident) {
        if let Err(error) = self.record(&incident).await {
            tracing::error!(%error, "an incident was not recorded");
        }
    }

    async fn record(&self, incident: &Incident) -> Result<(), FederationError> {
        let mut state = self.state.lock().await;
        if state.is_none() {
            *state = Some(State::of(read(&*self.store).await?));
        }
        let state = state.as_mut().expect("it was made a moment ago");
        let last = state.peers.get(&incident.from).copied();
        let nameless = incident.from.is_none();
        if nameless && last.is_some_and(|last| incident.at.0.abs_diff(last.at.0) < NAMELESS_EVERY) {
            return Ok(());
        }
        let slot = last.map_or(0, |last| (last.slot + 1) % KEPT);
        let next = Last { number: state.number, slot, at: incident.at };
        let mut batch = Batch::new();
        let gone = if last.is_none() { state.surplus() } else { None };
        if let Some(gone) = &gone {
            for slot in 0..KEPT {
                batch.delete(rows::INCIDENTS, rows::incident_key(gone.as_ref(), slot));
            }
        }
        let key = rows::incident_key(incident.from.as_ref(), slot);
        batch.put(rows::INCIDENTS, key, rows::encode_incident(next.number, incident));
        self.store.commit(batch).await?;
        if let Some(gone) = gone {
            state.peers.remove(&gone);
        }
        state.number += 1;
        state.peers.insert(incident.from.clone(), next);
        Ok(())
    }
}

impl State {
    fn of(rows: Vec<(u64, u16, Incident)>) -> Self {
        let mut state = Self::default();
        for (number, slot, Incident { at, from, .. }) in rows {
            state.number = state.number.max(number + 1);
            let last = state.peers.entry(from).or_insert(Last { number, slot, at });
            if last.number <= number {
                *last = Last { number, slot, at };
            }
        }
        state
    }

    /// The peer that makes room for another one.
    fn surplus(&self) -> Option<Option<Domain>> {
        if self.peers.len() < PEERS {
            return None;
        }
        let quietest = self.peers.iter().min_by_key(|(_, last)| last.number);
        quietest.map(|(peer, _)| peer.clone())
    }
}

impl super::Federation {
    /// Records that a peer sent what it must not, and says so in the log. A failure to record is logged and no more:
    /// the refusal stands in any case.
    pub async fn record_incident(&self, from: &Domain, reason: IncidentReason, now: Timestamp) {
        self.incidents.note_peer(from, reason, now).await;
    }

    /// Records that someone without a certificate that we trust came to the listener for other services; at most once
    /// a minute.
    pub async fn record_stranger(&self, now: Timestamp) {
        self.incidents.note(Incident { at: now, from: None, reason: IncidentReason::NoCertificate }).await;
    }

    /// The last incidents, newest last; at most 64 of each peer.
    ///
    /// # Errors
    /// [`FederationError::Store`].
    pub async fn incidents(&self) -> Result<Vec<Incident>, FederationError> {
        recorded(&*self.store).await
    }
}
