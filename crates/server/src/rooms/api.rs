//! The hub as the edge sees it, and how a room begins.

use super::{
    FrankingKeys, People, RoomsError,
    claims::Claims,
    decide::HubLeaf,
    group::Group,
    handshake::{self, Invalid},
    live::{self, Live, Room, View},
    rates::Rates,
    rows,
};
use crate::{federation::Federation, mailbox::Mailboxes};
use moka::sync::Cache;
use openmls::prelude::{CredentialType, ExtensionType, ProposalType, RequiredCapabilitiesExtension};
use openmls_rust_crypto::RustCrypto;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeSet,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, OnceLock},
};
use tokio::sync::Mutex;
use trefoil_proto::{
    DeviceUri, Domain, RoomUri, Timestamp, UserUri, Wire as _,
    edge::CreateRoomRequest,
    franking::{FRANK_AAD, FRANKING_AGENT},
    limits,
    mimi::update::RatchetTreeOption,
    room::{PARTICIPANT_LIST, ROLES_LIST, ROOM_METADATA, Role, RolesList, RoomMetadata},
};
use trefoil_store::{Batch, Store, StoreError};

/// Component: the Safe AAD components that every member must understand.
const SAFE_AAD: u16 = 0x0002;
/// Locks that keep a room from being loaded twice at once.
const LOADING: usize = 64;

/// How a hub is set up.
#[derive(Clone, Copy, Debug)]
pub struct RoomsSettings {
    /// Memory for rooms, in bytes, roughly; more are loaded again when they are needed.
    pub cache_bytes: u64,
}

impl Default for RoomsSettings {
    fn default() -> Self {
        Self { cache_bytes: 256 * 1024 * 1024 }
    }
}

/// What became of opening a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is open.
    New,
    /// The same request came before.
    Repeated,
}

/// Every room whose hub this service is.
pub struct Rooms {
    pub(super) domain: Domain,
    pub(super) store: Arc<dyn Store>,
    pub(super) mailboxes: Arc<Mailboxes>,
    pub(super) federation: Arc<Federation>,
    pub(super) people: Arc<dyn People>,
    pub(super) claims: Claims,
    pub(super) rates: Rates,
    pub(super) keys: FrankingKeys,
    pub(super) crypto: Arc<RustCrypto>,
    cache: Cache<RoomUri, Arc<Room>>,
    loading: [Mutex<()>; LOADING],
    hasher: RandomState,
    barred: OnceLock<Barred>,
}

/// Says of whom this service takes nothing in its rooms, at a time.
pub type Barred = Box<dyn Fn(&UserUri, Timestamp) -> bool + Send + Sync>;

impl Rooms {
    /// The rooms of the service at `domain`.
    pub fn new(
        domain: Domain,
        store: Arc<dyn Store>,
        mailboxes: Arc<Mailboxes>,
        federation: Arc<Federation>,
        people: Arc<dyn People>,
        keys: FrankingKeys,
        settings: RoomsSettings,
    ) -> Self {
        let cache = Cache::builder()
            .max_capacity(settings.cache_bytes)
            .weigher(|_, room: &Arc<Room>| room.weight())
            .build();
        Self {
            domain,
            store,
            mailboxes,
            federation,
            people,
            claims: Claims::default(),
            rates: Rates::default(),
            keys,
            crypto: Arc::new(RustCrypto::default()),
            cache,
            loading: std::array::from_fn(|_| Mutex::new(())),
            hasher: RandomState::new(),
            barred: OnceLock::new(),
        }
    }

    /// Whose commits are not taken from now on, wherever they are of. To be said once, before anybody is served. Others go on
    /// removing them.
    pub fn bar(&self, barred: Barred) {
        // Said twice, the first holds.
        let _ = self.barred.set(barred);
    }

    pub(super) fn is_barred(&self, user: &UserUri, now: Timestamp) -> bool {
        self.barred.get().is_some_and(|barred| barred(user, now))
    }

    /// Opens a room with one device in it, the caller's, whose owner becomes its admin. The same bytes again change
    /// nothing. When a room was opened is kept nowhere.
    ///
    /// # Errors
    /// [`RoomsError::BadStart`] if the room is not ours, not at its beginning, or not set up as our rooms are, or if the
    /// device is not as it registered; [`RoomsError::Unsupported`]; [`RoomsError::Exists`]; [`RoomsError::TooOften`];
    /// [`RoomsError::Store`].
    pub async fn create(
        &self,
        caller: &DeviceUri,
        request: CreateRoomRequest,
        now: Timestamp,
    ) -> Result<Created, RoomsError> {
        let key = rows::room_key(&request.room);
        let digest = rows::encode_plain(&Sha256::digest(request.encode()));
        if let Some(created) = self.was_created(&request.room, &digest).await? {
            return Ok(created);
        }
        self.rates.opens(caller, now)?;
        let (group, snapshot, leaf) = self.begin(caller, &request)?;
        if !self.is_registered(&leaf).await? {
            return Err(RoomsError::BadStart("the group's device is not as it registered"));
        }
        let mut batch = Batch::new();
        batch
            .assert_absent(rows::EPOCH, key.clone())
            .put(rows::EPOCH, key.clone(), rows::encode_epoch(group.epoch()))
            .put(rows::CREATED, key.clone(), digest.clone())
            .put(rows::SNAPSHOT, key.clone(), rows::encode_snapshot(0, &snapshot))
            .put(rows::GROUP_INFO, key, rows::encode_plain(request.group_info.as_bytes()));
        match self.store.commit(batch).await {
            Ok(_) => Ok(Created::New),
            Err(StoreError::AssertFailed { .. }) => {
                self.was_created(&request.room, &digest).await?.ok_or(RoomsError::Exists)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A room, from memory or from the store.
    pub(super) async fn room(&self, uri: &RoomUri) -> Result<Arc<Room>, RoomsError> {
        if uri.domain != self.domain {
            return Err(RoomsError::NotFound);
        }
        let lock = usize::try_from(self.hasher.hash_one(uri) % LOADING as u64).unwrap_or_default();
        // In the order of first polls: whoever comes after a load does not overtake those who waited for it.
        let _one_at_a_time = tokio::task::unconstrained(self.loading[lock].lock()).await;
        if let Some(room) = self.cache.get(uri) {
            return Ok(room);
        }
        let mut live = live::load(&*self.store, &self.crypto, uri).await?.ok_or(RoomsError::NotFound)?;
        live.gone = self.gone_from(&live.group).await?;
        live.refused = self.refused_in(uri).await?;
        let view = View::of(&live, &self.domain, &self.mailboxes);
        let room = Arc::new(Room::new(uri.clone(), live, view));
        self.cache.insert(uri.clone(), Arc::clone(&room));
        Ok(room)
    }

    /// A device of this service was removed from its account: from now on nothing is put into a mailbox for it. What it
    /// is a member of it stays a member of until another member removes it.
    pub async fn device_removed(&self, device: &DeviceUri) {
        let rooms: Vec<_> = self.cache.iter().map(|(_, room)| room).collect();
        for room in rooms.into_iter().filter(|room| room.view().has_device(device)) {
            let mut live = room.live.lock().await;
            live.gone.insert(device.clone());
            self.publish_view(&room, &live);
        }
    }

    /// Devices of this service that are in a group and in no account.
    async fn gone_from(&self, group: &Group) -> Result<BTreeSet<DeviceUri>, RoomsError> {
        let mut gone = BTreeSet::new();
        for leaf in group.leaves().filter(|leaf| leaf.device.domain == self.domain) {
            if self.people.device(&leaf.device).await?.is_none() {
                gone.insert(leaf.device.clone());
            }
        }
        Ok(gone)
    }

    /// The room in memory is not what the store says, or may not be.
    pub(super) fn forget(&self, live: &mut Live, uri: &RoomUri) {
        live.stale = true;
        self.cache.invalidate(uri);
    }

    /// Drops a room from memory whose view turned out to be old.
    pub(super) async fn reload(&self, room: &Room) -> Result<Arc<Room>, RoomsError> {
        let mut live = room.live.lock().await;
        // Someone else may have moved it on while we waited.
        let key = rows::room_key(&room.uri);
        let current = self.store.get(rows::EPOCH, key).await?.ok_or(RoomsError::NotFound)?;
        if current != room.view().epoch_row && !live.stale {
            self.forget(&mut live, &room.uri);
        }
        drop(live);
        self.room(&room.uri).await
    }

    /// A commit changed how large a room is.
    pub(super) fn weigh_again(&self, room: &Arc<Room>) {
        self.cache.insert(room.uri.clone(), Arc::clone(room));
    }

    async fn was_created(&self, room: &RoomUri, digest: &[u8]) -> Result<Option<Created>, RoomsError> {
        match self.store.get(rows::CREATED, rows::room_key(room)).await? {
            None => Ok(None),
            Some(first) if first == digest => Ok(Some(Created::Repeated)),
            Some(_) => Err(RoomsError::Exists),
        }
    }

    /// Checks everything about a room's beginning.
    fn begin(
        &self,
        caller: &DeviceUri,
        request: &CreateRoomRequest,
    ) -> Result<(Group, [Vec<u8>; 4], HubLeaf), RoomsError> {
        let refuse = |what| Err(RoomsError::BadStart(what));
        let info = &request.group_info;
        if request.room.domain != self.domain || caller.domain != self.domain {
            return refuse("a room begins at its creator's service");
        }
        if info.group_id() != request.room.to_string().as_bytes() || info.epoch() != 0 {
            return refuse("the group is not the room's, or not at its beginning");
        }
        if !handshake::is_offered(&self.crypto, info.ciphersuite()) {
            return Err(RoomsError::Unsupported);
        }
        let RatchetTreeOption::Full(tree) = &request.ratchet_tree else {
            return refuse("the ratchet tree is missing");
        };
        let (group, snapshot, leaves) =
            Group::open(&self.crypto, info, tree).map_err(|Invalid(what)| RoomsError::BadStart(what))?;
        let leaf = match <[HubLeaf; 1]>::try_from(leaves) {
            Ok([one]) if one.leaf.device == *caller && one.authorised => one,
            _ => return refuse("the group does not hold just the caller's authorised device"),
        };
        if leaf.size > limits::LEAF {
            return refuse("the device's leaf is too large");
        }
        let list = &group.participants().participants;
        match list.as_slice() {
            [only] if only.user == caller.user_uri() && only.role == Role::ADMIN => {}
            _ => return refuse("the participant list does not hold just the caller as admin"),
        }
        self.check_context(&group, &request.room)?;
        Ok((group, snapshot, leaf))
    }

    /// Checks the components and extensions of a group context against what our rooms have.
    fn check_context(&self, group: &Group, room: &RoomUri) -> Result<(), RoomsError> {
        let refuse = |what| Err(RoomsError::BadStart(what));
        let extensions = group.context().extensions();
        let Some(dictionary) = extensions.app_data_dictionary() else {
            return refuse("the group context has no components");
        };
        if extensions.required_capabilities() != Some(&required_capabilities())
            || extensions.iter().count() != 2
        {
            return refuse(
                "the group context needs our rooms' capabilities and components, and nothing else",
            );
        }
        let dictionary = dictionary.dictionary();
        let [high, low] = FRANK_AAD.to_be_bytes();
        if dictionary.get(&SAFE_AAD) != Some(&[2, high, low]) {
            return refuse("the room does not demand franking tags");
        }
        if dictionary.get(&FRANKING_AGENT) != Some(&self.keys.agent(&self.domain).encode()) {
            return refuse("the franking agent is not this hub");
        }
        let roles = dictionary.get(&ROLES_LIST).and_then(|roles| RolesList::decode(roles).ok());
        if roles.and_then(|roles| roles.kind()).is_none() {
            return refuse("the roles are not those of our rooms");
        }
        let metadata =
            dictionary.get(&ROOM_METADATA).and_then(|metadata| RoomMetadata::decode(metadata).ok());
        if metadata.is_none_or(|metadata| metadata.room_uri != *room) {
            return refuse("the room metadata is missing, cannot be decoded, or is of another room");
        }
        let known = [SAFE_AAD, FRANKING_AGENT, PARTICIPANT_LIST, ROLES_LIST, ROOM_METADATA];
        if !dictionary.entries().all(|entry| known.contains(&entry.id())) {
            return refuse("the group context has a component that our rooms do not");
        }
        Ok(())
    }
}

/// What every leaf in our rooms must be able to do: members refuse a room that demands anything else.
fn required_capabilities() -> RequiredCapabilitiesExtension {
    RequiredCapabilitiesExtension::new(
        &[ExtensionType::AppDataDictionary],
        &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
        &[CredentialType::Basic],
    )
}
