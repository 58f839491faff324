//! A room in memory: what submissions read, and what updates work on. Both come from the store and can be dropped at
//! any time.

use super::{
    RoomsError,
    group::Group,
    handshake::Invalid,
    repeats::{self, Repeats},
    rows,
};
use crate::mailbox::Mailboxes;
use bytes::Bytes;
use openmls_rust_crypto::RustCrypto;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::Mutex;
use trefoil_proto::{
    DeviceUri, Domain, RoomUri, Timestamp, UserUri,
    mimi::{fanout::Recipient, group_info::PendingProposal},
    mls::{GroupInfo, MessageKind, MlsMessage},
    room::Role,
};
use trefoil_store::{KeyRange, QueueKey, Store};

/// Log entries after which a commit brings a snapshot, at the latest.
pub(super) const SNAPSHOT_EVERY: u64 = 32;
/// Log entries read in one step.
const LOG_STEP: usize = 64;

/// A room, shared by everyone who works on it.
pub(super) struct Room {
    pub(super) uri: RoomUri,
    view: RwLock<Arc<View>>,
    /// Messages that it took lately.
    pub(super) repeats: Repeats,
    pub(super) live: Arc<Mutex<Live>>,
}

/// What submitting a message needs to know. Never changed: replaced by each commit.
pub(super) struct View {
    pub(super) epoch: u64,
    /// The epoch's row, to be asserted.
    pub(super) epoch_row: Bytes,
    pub(super) suite: u16,
    roles: HashMap<UserUri, Role>,
    refused: BTreeSet<UserUri>,
    /// Every device in the group, and the owners of those.
    members: HashSet<DeviceUri>,
    owners: HashSet<UserUri>,
    /// Whom events go to: those in the group that are still registered.
    pub(super) devices: Devices,
    /// Bytes it all takes up, roughly.
    weight: usize,
}

/// Devices to fan out to, by where they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Devices {
    /// At this service.
    pub(super) local: Vec<LocalDevice>,
    /// At others.
    pub(super) remote: BTreeMap<Domain, Vec<Recipient>>,
}

/// A device of this service with the name of its mailbox.
#[derive(Clone, Debug)]
pub(super) struct LocalDevice {
    domain: Domain,
    pub(super) recipient: Recipient,
    pub(super) queue: QueueKey,
}

impl LocalDevice {
    /// True if it is that device.
    pub(super) fn is(&self, device: &DeviceUri) -> bool {
        self.recipient.device == device.device
            && self.recipient.user == device.user
            && self.domain == device.domain
    }
}

/// What an update works on, one at a time.
pub(super) struct Live {
    pub(super) group: Group,
    /// Number of the first log entry since the snapshot.
    pub(super) log_start: u64,
    /// Number of the next log entry.
    pub(super) log_next: u64,
    pub(super) group_info: GroupInfo,
    /// Accepted in this epoch.
    pub(super) pending: Vec<PendingProposal>,
    /// The devices that signed those.
    pub(super) leaving: BTreeSet<DeviceUri>,
    /// Devices of this service that are in the group and in no account any more. Nothing is put into a mailbox for
    /// them; their leaf stays until a member removes it.
    pub(super) gone: BTreeSet<DeviceUri>,
    /// Those whom the hub takes nothing from (see `removals`).
    pub(super) refused: BTreeSet<UserUri>,
    /// It no longer is what the store says: whoever finds it so loads the room again.
    pub(super) stale: bool,
}

impl Room {
    pub(super) fn new(uri: RoomUri, live: Live, view: View) -> Self {
        let (view, live) = (RwLock::new(Arc::new(view)), Arc::new(Mutex::new(live)));
        Self { uri, view, repeats: Repeats::default(), live }
    }

    /// What the room is now.
    pub(super) fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A commit is durable.
    pub(super) fn set_view(&self, view: Arc<View>) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    /// Bytes it takes up in memory, roughly.
    pub(super) fn weight(&self) -> u32 {
        u32::try_from(self.view().weight).unwrap_or(u32::MAX)
    }
}

impl View {
    /// The view of a room as it is.
    pub(super) fn of(live: &Live, domain: &Domain, mailboxes: &Mailboxes) -> Self {
        /// A leaf of the hybrid suite with its share of the tree, and a participant or device in a map.
        const LEAF: usize = 6 * 1024;
        const ENTRY: usize = 512;
        let group = &live.group;
        let participants = &group.participants().participants;
        let members: HashSet<DeviceUri> = group.leaves().map(|leaf| leaf.device.clone()).collect();
        let reached = members.iter().filter(|device| !live.gone.contains(device));
        Self {
            epoch: group.epoch(),
            epoch_row: rows::encode_epoch(group.epoch()),
            suite: group.suite(),
            roles: participants.iter().map(|pair| (pair.user.clone(), pair.role)).collect(),
            refused: live.refused.clone(),
            owners: members.iter().map(DeviceUri::user_uri).collect(),
            devices: Devices::of(reached, domain, mailboxes),
            weight: (members.len() + 1) * (LEAF + ENTRY)
                + (participants.len() + live.refused.len()) * ENTRY
                + 2 * live.group_info.as_bytes().len()
                + repeats::WEIGHT,
            members,
        }
    }

    /// True if a device is in the group.
    pub(super) fn has_device(&self, device: &DeviceUri) -> bool {
        self.members.contains(device)
    }

    /// True if a person has a device in the group.
    pub(super) fn has_device_of(&self, user: &UserUri) -> bool {
        self.owners.contains(user)
    }

    /// True if the hub takes nothing from a person.
    pub(super) fn refuses(&self, user: &UserUri) -> bool {
        self.refused.contains(user)
    }

    /// A person's role; [`Role::NONE`] if they are not in the room.
    pub(super) fn role_of(&self, user: &UserUri) -> Role {
        self.roles.get(user).copied().unwrap_or(Role::NONE)
    }
}

impl Devices {
    pub(super) fn of<'a>(
        devices: impl IntoIterator<Item = &'a DeviceUri>,
        domain: &Domain,
        mailboxes: &Mailboxes,
    ) -> Self {
        let mut found = Self::default();
        for device in devices {
            let recipient = Recipient { user: device.user.clone(), device: device.device.clone() };
            if device.domain == *domain {
                let queue = mailboxes.queue(&recipient);
                found.local.push(LocalDevice { domain: domain.clone(), recipient, queue });
            } else {
                found.remote.entry(device.domain.clone()).or_default().push(recipient);
            }
        }
        found
    }

    /// The devices at other services, without one of them.
    pub(super) fn remote_except(
        &self,
        except: Option<&DeviceUri>,
    ) -> impl Iterator<Item = (&Domain, Vec<Recipient>)> {
        self.remote.iter().filter_map(move |(domain, recipients)| {
            let mut recipients = recipients.clone();
            if let Some(except) = except.filter(|except| except.domain == *domain) {
                recipients.retain(|one| one.user != except.user || one.device != except.device);
            }
            (!recipients.is_empty()).then_some((domain, recipients))
        })
    }
}

/// Reads a room from the store: its snapshot, and the log replayed on it. `None` if there is no such room.
pub(super) async fn load(
    store: &dyn Store,
    crypto: &Arc<RustCrypto>,
    uri: &RoomUri,
) -> Result<Option<Live>, RoomsError> {
    let key = rows::room_key(uri);
    let Some(snapshot) = store.get(rows::SNAPSHOT, key.clone()).await? else { return Ok(None) };
    let (log_start, parts) = rows::decode_snapshot(&snapshot).ok_or(RoomsError::Damaged("snapshot"))?;
    let info = store.get(rows::GROUP_INFO, key.clone()).await?;
    let group_info = info
        .and_then(|row| GroupInfo::from_bytes(rows::body(&row)?).ok())
        .ok_or(RoomsError::Damaged("group info"))?;
    let log = read_log(store, uri, log_start).await?;
    let (crypto, group_id) = (Arc::clone(crypto), key);
    let replayed = tokio::task::spawn_blocking(move || -> Result<Live, RoomsError> {
        let group = Group::load(&group_id, &parts).ok_or(RoomsError::Damaged("snapshot"))?;
        let mut live = Live {
            group,
            log_start,
            log_next: log_start,
            group_info,
            pending: Vec::new(),
            leaving: BTreeSet::new(),
            gone: BTreeSet::new(),
            refused: BTreeSet::new(),
            stale: false,
        };
        for (accepted, message) in log {
            live.replay(&crypto, accepted, message).map_err(|Invalid(what)| RoomsError::Damaged(what))?;
        }
        Ok(live)
    });
    Ok(Some(replayed.await.map_err(|_| RoomsError::GivenUp)??))
}

async fn read_log(
    store: &dyn Store,
    uri: &RoomUri,
    start: u64,
) -> Result<Vec<(Timestamp, MlsMessage)>, RoomsError> {
    let end = KeyRange::prefix(rows::log_prefix(uri)).end;
    let mut range = KeyRange { start: rows::log_key(uri, start).into(), end };
    let mut log = Vec::new();
    loop {
        let found = store.scan(rows::LOG, range.clone(), LOG_STEP).await?;
        let Some((last, _)) = found.last() else { return Ok(log) };
        range.start = [last.as_ref(), &[0]].concat().into();
        for (_, row) in &found {
            log.push(rows::decode_log(row).ok_or(RoomsError::Damaged("log"))?);
        }
    }
}

impl Live {
    /// True if the next commit should bring a snapshot in any case.
    pub(super) fn snapshot_is_due(&self) -> bool {
        self.log_next - self.log_start + 1 >= SNAPSHOT_EVERY
    }

    /// Takes in again what was judged and accepted before.
    fn replay(
        &mut self,
        crypto: &RustCrypto,
        accepted: Timestamp,
        message: MlsMessage,
    ) -> Result<(), Invalid> {
        if message.kind() == MessageKind::Commit {
            let staged = self.group.stage(crypto, &message)?;
            self.group.merge(staged, false)?;
            self.pending.clear();
            self.leaving.clear();
        } else {
            let staged = self.group.stage_proposal(crypto, &message)?;
            self.leaving.insert(staged.sender.clone());
            self.group.propose(staged)?;
            self.pending.push(PendingProposal { proposal: message, hub_accepted_time: accepted });
        }
        self.log_next += 1;
        Ok(())
    }
}
