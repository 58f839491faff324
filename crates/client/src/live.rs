//! What the core knows only while it runs: connection, token, requests under way, when to try again.
//! Everything in it can be lost: what must survive is in the store, and [`crate::core::Core::pump`] starts from there.

use crate::{RequestId, passes::Passes};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use trefoil_proto::{DeviceUri, Domain, RoomUri, Timestamp, UserUri, mls::KeyPackage};
use zeroize::Zeroizing;

/// Something that is asked of the service. At most one request of each is under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Job {
    Service,
    Register,
    RecoveryChallenge,
    BeginRecovery,
    Recover,
    Challenge,
    Token,
    AddDevice(DeviceUri),
    RemoveDevice(DeviceUri),
    Devices,
    Count,
    Publish,
    CreateRoom(RoomUri),
    KeyMaterial(RoomUri, UserUri),
    /// A pass for asking for somebody, or the key that it is made under.
    Pass(RoomUri, UserUri),
    GroupInfo(RoomUri),
    /// Another reach key of the own account.
    Reach,
    /// The services' directory keys.
    Services,
    /// A proof of somebody's newest device set.
    Proof(UserUri),
    /// A directory's root at an epoch.
    Root(Domain, u64),
    Update(RoomUri),
    /// Proposals of one's own.
    Propose(RoomUri),
    /// Not a request: when to commit the proposals of others.
    CommitProposals(RoomUri),
    /// Not a request: a room's submissions.
    Submit(RoomUri),
    Stream,
}

impl Job {
    /// Asked without a token.
    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(
            self,
            Self::Service
                | Self::Register
                | Self::Challenge
                | Self::Token
                | Self::RecoveryChallenge
                | Self::BeginRecovery
                | Self::Recover
        )
    }
}

/// When something failed, and when to try again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) tries: u32,
    pub(crate) due: Timestamp,
}

/// A bearer token.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) bytes: Arc<Zeroizing<Vec<u8>>>,
    pub(crate) expires: Timestamp,
}

/// The stream's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stream {
    #[default]
    Closed,
    Opening,
    Open,
}

/// What an add waits for: key packages by person.
pub(crate) type Material = BTreeMap<UserUri, Vec<KeyPackage>>;

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Live {
    /// Something may be sent at all.
    pub(crate) online: bool,
    pub(crate) stream: Stream,
    /// Everything that waited in the mailbox has come.
    pub(crate) caught_up: bool,
    pub(crate) token: Option<Token>,
    /// A challenge that waits to be signed and sent.
    pub(crate) challenge: Option<Vec<u8>>,
    /// The same, for a device that is to be let in on the account key.
    pub(crate) recovery_challenge: Option<Vec<u8>>,
    /// How often in a row a token was refused.
    pub(crate) refusals: u32,
    pub(crate) under_way: BTreeMap<RequestId, Job>,
    pub(crate) next_request: u64,
    pub(crate) backoff: BTreeMap<Job, Backoff>,
    /// Frames that were sent and not answered: tag to room and place in its outbox.
    pub(crate) submissions: BTreeMap<u32, (RoomUri, u64)>,
    pub(crate) next_tag: u32,
    /// Rooms with something left to do.
    pub(crate) busy: BTreeSet<RoomUri>,
    /// Rooms that this device may have to join anew.
    pub(crate) astray: BTreeSet<RoomUri>,
    pub(crate) material: BTreeMap<RoomUri, Material>,
    /// Passes for people of other services.
    pub(crate) passes: Passes,
    /// Minors who are being asked for with a proof, each for a room.
    pub(crate) proven: BTreeSet<(RoomUri, UserUri)>,
    /// Those whom a proof did not reach.
    pub(crate) unreached: BTreeSet<(RoomUri, UserUri)>,
    /// Keys that group infos are sealed to.
    pub(crate) group_info_keys: BTreeMap<RoomUri, Arc<Zeroizing<Vec<u8>>>>,
    /// Key packages were counted since the start, or since the service said that few are left.
    pub(crate) counted: bool,
    /// The account's devices were fetched since the start, or since they changed.
    pub(crate) devices_known: bool,
    /// Rooms whose next submissions go one by one, since one failed.
    pub(crate) careful: BTreeSet<RoomUri>,
    /// Rooms whose messages wait for commits up to an epoch.
    pub(crate) await_epoch: BTreeMap<RoomUri, u64>,
    pub(crate) wake: Option<Timestamp>,
    /// Messages from before there was an index of words are not all in it.
    pub(crate) indexing: bool,
}

/// First and longest pause between tries, in milliseconds.
const FIRST: u64 = 500;
const LONGEST: u64 = 60_000;

/// A pause that doubles with each try.
pub(crate) fn doubled(first: u64, tries: u32, longest: u64) -> u64 {
    // More would push the bits out at the top.
    (first << tries.min(20)).min(longest)
}

impl Live {
    /// Notes a failure of a job: the pause doubles each time, half of it random.
    pub(crate) fn pause(&mut self, job: Job, least_ms: u64, now: Timestamp) {
        let tries = self.tries(&job);
        let span = doubled(FIRST, tries, LONGEST);
        let jitter = rand::random_range(0..=span / 2);
        let due = now.plus_millis((span / 2 + jitter).max(least_ms));
        self.backoff.insert(job, Backoff { tries: tries.saturating_add(1), due });
    }

    /// How often in a row a job failed.
    pub(crate) fn tries(&self, job: &Job) -> u32 {
        self.backoff.get(job).map_or(0, |backoff| backoff.tries)
    }

    /// True if a job is neither under way nor pausing; a pause's end becomes a wake-up.
    pub(crate) fn may(&mut self, job: &Job, now: Timestamp) -> bool {
        if let Some(backoff) = self.backoff.get(job)
            && backoff.due > now
        {
            let due = backoff.due;
            self.wake_at(due);
            return false;
        }
        !self.under_way.values().any(|other| other == job)
    }

    /// Forgets requests to change a room, under way or pausing: what they asked for is settled, and a late answer must
    /// not be taken for that to the next one.
    pub(crate) fn forget_updates(&mut self, room: &RoomUri) {
        let settled = |job: &Job| matches!(job, Job::Update(of) | Job::Propose(of) if of == room);
        self.under_way.retain(|_, job| !settled(job));
        self.backoff.retain(|job, _| !settled(job));
    }

    /// Asks to be woken, at the earliest time that anything asked for.
    pub(crate) fn wake_at(&mut self, time: Timestamp) {
        self.wake = Some(self.wake.map_or(time, |earlier| earlier.min(time)));
    }

    /// Forgets what ends with the stream.
    pub(crate) fn stream_closed(&mut self) {
        self.stream = Stream::Closed;
        self.caught_up = false;
        self.submissions.clear();
    }
}
