//! The hub against real MLS clients, on the store in memory.

#![allow(clippy::unwrap_used, missing_docs)]

mod beginning;
pub(crate) mod client;
mod commits;
mod ghosts;
mod invitations;
pub(crate) mod keys;
mod kinds;
mod messages;
mod persistence;
mod policy;
mod removals;
mod wedges;

use super::{FrankingKeys, Origin, People, PeopleError, Rooms, RoomsError, RoomsSettings};
use crate::{
    clock::ManualClock,
    federation::{Endpoint, Federation, FederationError, Link, Media},
    mailbox::Mailboxes,
};
use bytes::Bytes;
use client::{CLASSICAL, Device, Person, adding};
use futures_util::future::BoxFuture;
use openmls::prelude::{Ciphersuite, KeyPackage};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tls_codec::Serialize as _;
use trefoil_proto::{
    DeviceUri, Domain, RoomUri, Timestamp, Wire as _,
    edge::NewDevice,
    frame::MailboxEvent,
    mimi::{
        FanoutMessage, KeyMaterialResponse, NotifyRequest, Protocol, SubmitMessageRequest,
        SubmitMessageResponse, UpdateRequest,
        fanout::Recipient,
        key_material::{ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialUserCode},
        update::UpdateOutcome,
    },
};
use trefoil_store::{LocalWakes, MemoryStore, Position, QueueKey, ReadLimit, Store};

pub(super) const NOW: Timestamp = Timestamp(1_700_000_000_000);
const WIDE: ReadLimit = ReadLimit { entries: 1000, bytes: 1 << 26 };

/// A link to nowhere: outboxes fill, nothing is delivered.
struct Nowhere;

impl Link for Nowhere {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        _: Endpoint,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        let source = "no link in this test".into();
        Box::pin(async move { Err(FederationError::Unavailable { domain: domain.clone(), source }) })
    }

    fn media<'a>(
        &'a self,
        domain: &'a Domain,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Media, FederationError>> {
        let source = "no link in this test".into();
        Box::pin(async move { Err(FederationError::Unavailable { domain: domain.clone(), source }) })
    }
}

/// The devices that are registered at `hub.test`.
#[derive(Default)]
pub(super) struct Registered(Mutex<BTreeMap<DeviceUri, NewDevice>>);

impl People for Registered {
    fn device<'a>(&'a self, device: &'a DeviceUri) -> BoxFuture<'a, Result<Option<NewDevice>, PeopleError>> {
        let found = self.0.lock().unwrap().get(device).cloned();
        Box::pin(async move { Ok(found) })
    }
}

/// One hub at `hub.test` with everything it needs.
pub(super) struct Hub {
    pub(super) people: Arc<Registered>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) mailboxes: Arc<Mailboxes>,
    pub(super) federation: Arc<Federation>,
    pub(super) rooms: Arc<Rooms>,
    pub(super) room: RoomUri,
    pub(super) suite: Ciphersuite,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), Arc::default())
    }

    /// Another process of the service: all that the two share is what is stored.
    pub(super) fn again(&self) -> Self {
        Self::on(self.store.clone(), self.people.clone())
    }

    fn on(store: Arc<MemoryStore>, people: Arc<Registered>) -> Self {
        let domain: Domain = "hub.test".parse().unwrap();
        let mailboxes = Arc::new(Mailboxes::new(store.clone(), Arc::new(LocalWakes::new())));
        let clock = Arc::new(ManualClock::new(NOW));
        let federation = Arc::new(Federation::new(
            domain.clone(),
            store.clone(),
            mailboxes.clone(),
            Arc::new(Nowhere),
            clock,
        ));
        let keys = FrankingKeys::new(1, &[1; 32], &[2; 32]);
        let rooms = Rooms::new(
            domain,
            store.clone(),
            mailboxes.clone(),
            federation.clone(),
            people.clone(),
            keys,
            RoomsSettings::default(),
        );
        Self {
            people,
            store,
            mailboxes,
            federation,
            rooms: Arc::new(rooms),
            room: "mimi://hub.test/r/tea".parse().unwrap(),
            suite: CLASSICAL,
        }
    }

    /// Registers a device at the hub's service, as it is now.
    pub(super) fn register(&self, device: &Device) {
        let registered = NewDevice {
            uri: device.uri.clone(),
            signature_key: device.signer.public().try_into().unwrap(),
            authorisation: device.authorisation.clone(),
        };
        self.people.0.lock().unwrap().insert(device.uri.clone(), registered);
    }

    /// The account removes a device.
    pub(super) async fn unregister(&self, device: &DeviceUri) {
        self.people.0.lock().unwrap().remove(device);
        self.rooms.device_removed(device).await;
        self.mailboxes.remove(&recipient(device)).await.unwrap();
    }

    /// A key package as whoever adds a device gets it: claimed through the hub, of a device that is registered.
    pub(super) fn package(&self, by: &Device, device: &Device) -> KeyPackage {
        let package = device.key_package(self.suite);
        if device.uri.domain.as_str() == "hub.test" {
            self.register(device);
        }
        self.claim(by, device, &package, NOW);
        package
    }

    /// Somebody is given a key package through the hub.
    pub(super) fn claim(&self, by: &Device, device: &Device, package: &KeyPackage, now: Timestamp) {
        let bytes = package.tls_serialize_detached().unwrap();
        let package = trefoil_proto::mls::KeyPackage::parse(&bytes).unwrap();
        let status = ClientKeyMaterialStatus::Success(package);
        let response = KeyMaterialResponse {
            protocol: Protocol::Mls10,
            user_status: KeyMaterialUserCode::Success,
            user_uri: device.uri.user_uri(),
            clients: vec![ClientKeyMaterial { status, client_uri: device.uri.clone() }],
            proof: Vec::new(),
        };
        self.rooms.claimed(&by.uri.user_uri(), &response, now);
    }

    /// Opens the room for a device.
    pub(super) async fn open(&self, device: &mut Device) {
        self.register(device);
        let agent = self.rooms.keys.agent(&self.rooms.domain);
        let request = device.begin(&self.room, &agent, self.suite, |_| {});
        self.rooms.create(&device.uri, request, NOW).await.unwrap();
    }

    /// A room with these devices in it; the first opens it.
    pub(super) async fn room_of(&self, people: &[&Person], devices: &mut [&mut Device]) {
        let (first, others) = devices.split_first_mut().unwrap();
        self.open(first).await;
        let packages = others.iter().map(|device| self.package(first, device)).collect();
        let commit = first.commit(packages, vec![], (people.len() > 1).then(|| adding(&people[1..])));
        assert_eq!(self.update(first, commit).await, success());
        first.merge();
        self.drop_mail(&first.uri).await;
        for device in others {
            for event in self.events_for(&device.uri).await {
                device.receive(&event);
            }
            self.drop_mail(&device.uri).await;
        }
    }

    /// Hands an update in as the device's service does.
    pub(super) async fn update(&self, device: &Device, request: UpdateRequest) -> UpdateOutcome {
        self.rooms.update(&origin(device), &self.room, request, NOW).await.unwrap().outcome
    }

    /// Hands a message in as the device's service does.
    pub(super) async fn submit(
        &self,
        device: &Device,
        request: SubmitMessageRequest,
    ) -> Result<SubmitMessageResponse, RoomsError> {
        self.rooms.submit(&origin(device), &self.room, request, Some(&device.uri), NOW).await
    }

    /// What waits for a device: in its mailbox, or in the outbox for its service.
    pub(super) async fn events_for(&self, device: &DeviceUri) -> Vec<FanoutMessage> {
        let recipient = recipient(device);
        if device.domain.as_str() == "hub.test" {
            let entries = self.mailboxes.read(&recipient, Position::default(), WIDE).await.unwrap();
            return entries
                .iter()
                .map(|entry| match MailboxEvent::decode(&entry.body).unwrap() {
                    MailboxEvent::Room { room, message } if room == self.room => message,
                    other => panic!("{other:?}"),
                })
                .collect();
        }
        let mine = self.outbox(&device.domain).await.into_iter();
        let mine = mine.filter(|notify| notify.recipients.contains(&recipient));
        mine.flat_map(|notify| notify.messages).collect()
    }

    /// What waits in the outbox for a service.
    pub(super) async fn outbox(&self, domain: &Domain) -> Vec<NotifyRequest> {
        let entries = Store::read(&*self.store, outbox(domain), Position::default(), WIDE).await.unwrap();
        entries
            .iter()
            .map(|entry| {
                let length = usize::from(u16::from_be_bytes([entry.body[1], entry.body[2]]));
                NotifyRequest::decode(&entry.body[3 + length..]).unwrap()
            })
            .collect()
    }

    /// Empties a device's mailbox or its service's outbox.
    pub(super) async fn drop_mail(&self, device: &DeviceUri) {
        self.mailboxes.acknowledge(&recipient(device), Position(u64::MAX)).await.unwrap();
        let mut batch = trefoil_store::Batch::new();
        batch.trim(outbox(&device.domain), Position(u64::MAX));
        Store::commit(&*self.store, batch).await.unwrap();
    }
}

pub(super) fn origin(device: &Device) -> Origin {
    if device.uri.domain.as_str() == "hub.test" {
        Origin::Device(device.uri.clone())
    } else {
        Origin::Peer(device.uri.domain.clone())
    }
}

pub(super) fn recipient(device: &DeviceUri) -> Recipient {
    Recipient { user: device.user.clone(), device: device.device.clone() }
}

pub(super) fn success() -> UpdateOutcome {
    UpdateOutcome::Success { accepted_timestamp: NOW }
}

fn outbox(domain: &Domain) -> QueueKey {
    QueueKey::new(format!("outbox//{domain}").into_bytes())
}
