#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    clock::ManualClock,
    federation::{Endpoint, FederationError, Link, Media},
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};
use trefoil_proto::{
    DeviceUri, Timestamp, UserId, Wire as _,
    credential::{AccountKey, DeviceAuthorisation},
    edge::NewDevice,
};
use trefoil_store::{Batch, KeyRange, MemoryStore};
use trefoil_transparency::{
    device_set::{ChainError, DeviceEntry, DeviceSet, SignedDeviceSet, Step, VerifiedSet},
    directory::{self, AuditAnswer, AuditRequest, AuditSignature, Checked, KeyProofRequest, Policy},
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// Hands audits to the directories of one process.
#[derive(Default)]
struct Between {
    directories: Mutex<Vec<Arc<Directory>>>,
    from: Mutex<Option<Domain>>,
    asked: AtomicUsize,
    /// Said by every auditor, whatever is true.
    lie: Mutex<Option<AuditAnswer>>,
}

impl Link for Between {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        endpoint: Endpoint,
        _: &'a str,
        body: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        assert_eq!(endpoint, Endpoint::AuditDirectory);
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let lie = self.lie.lock().unwrap().clone();
            if let Some(lie) = lie {
                return Ok(lie.encode().into());
            }
            let to = self.directories.lock().unwrap().iter().find(|one| one.domain == *domain).cloned();
            let unavailable =
                || FederationError::Unavailable { domain: domain.clone(), source: "away".into() };
            let to = to.ok_or_else(unavailable)?;
            let from = self.from.lock().unwrap().clone().unwrap();
            let answer = to.audit(&from, AuditRequest::decode(&body).unwrap()).await;
            answer.map(|answer| answer.encode().into()).map_err(|_| unavailable())
        })
    }

    fn media<'a>(
        &'a self,
        domain: &'a Domain,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Media, FederationError>> {
        Box::pin(async move { Err(FederationError::Misbehaved { domain: domain.clone(), what: "no media" }) })
    }
}

fn open(
    name: &str,
    seed: u8,
    store: Arc<MemoryStore>,
    between: &Arc<Between>,
    auditors: &[&str],
) -> Arc<Directory> {
    let domain: Domain = name.parse().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let federation = Arc::new(Federation::without_mailboxes(
        domain.clone(),
        store.clone(),
        between.clone(),
        clock.clone(),
    ));
    let settings = Settings {
        domain,
        signing: SecretKey::fixed([seed; 32]),
        vrf: SecretKey::fixed([seed + 1; 32]),
        epoch: Duration::from_secs(30),
        auditors: auditors.iter().map(|name| name.parse().unwrap()).collect(),
    };
    Arc::new(Directory::new(
        store.clone(),
        federation.clone(),
        log(store, federation, clock.clone()),
        clock,
        settings,
    ))
}

fn log(store: Arc<MemoryStore>, federation: Arc<Federation>, clock: Arc<ManualClock>) -> Arc<Log> {
    let settings = crate::log::Settings {
        domain: "a.example".parse().unwrap(),
        log: SecretKey::fixed([90; 32]),
        witness: SecretKey::fixed([91; 32]),
        witnesses: Vec::new(),
        data: std::path::PathBuf::new(),
    };
    Arc::new(Log::new(settings, store, federation, clock))
}

fn alone() -> (Arc<Directory>, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    (open("a.example", 1, store.clone(), &Arc::default(), &[]), store)
}

/// Somebody with an account key and the sets it signed.
struct Person {
    id: UserId,
    key: SigningKey,
    devices: Vec<NewDevice>,
    set: Option<DeviceSet>,
}

impl Person {
    fn new(name: &str, seed: u8) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        Self { id: name.parse().unwrap(), key, devices: Vec::new(), set: None }
    }

    fn user(&self) -> UserUri {
        UserUri { domain: "a.example".parse().unwrap(), id: self.id.clone() }
    }

    fn account_key(&self) -> AccountKey {
        AccountKey(self.key.verifying_key().to_bytes())
    }

    /// Takes a device in and signs the next set.
    fn link(&mut self, device: u8) -> SignedDeviceSet {
        let uri: DeviceUri = format!("mimi://a.example/d/{}/d{device}", self.id).parse().unwrap();
        let signature_key = [100 + device; 32];
        let authorisation = DeviceAuthorisation::sign(&self.key, &uri, &signature_key);
        self.devices.push(NewDevice { uri, signature_key, authorisation });
        self.sign()
    }

    fn sign(&mut self) -> SignedDeviceSet {
        let entries = self.devices.iter().map(|device| {
            DeviceEntry::new(device.uri.device.clone(), device.signature_key, &device.authorisation)
        });
        let entries = entries.collect();
        let next = match &self.set {
            None => DeviceSet::first(self.user(), trefoil_proto::Month(600), self.account_key(), entries),
            Some(set) => set.followed_by(entries),
        };
        self.set = Some(next.clone());
        SignedDeviceSet::by_account(next, &self.key)
    }

    async fn hand_in(&self, to: &Directory, set: &SignedDeviceSet) -> Result<(), DirectoryError> {
        let mut batch = Batch::new();
        to.enter(&mut batch, &self.id, self.account_key(), &self.devices, &set.encode()).await?;
        to.store.commit(batch).await.map_err(DirectoryError::Write)?;
        to.ring();
        Ok(())
    }
}

async fn check(at: &Directory, person: &Person, known: Option<&VerifiedSet>, needed: usize) -> Checked {
    let known_sequence = known.map(|known| known.set().sequence);
    let proof = at.prove(&KeyProofRequest { user: person.user(), known: known_sequence }).await.unwrap();
    let keys = at.service_keys().await.unwrap().keys;
    proof.verify(&person.user(), known, Policy { keys: &keys, needed, newest: None }, NOW).unwrap()
}

#[tokio::test]
async fn sets_are_taken_in_order_from_their_owner_only() {
    let (directory, store) = alone();
    let mut ana = Person::new("ana", 50);
    let first = ana.link(1);
    let second = ana.link(2);
    let both = ana.devices.clone();
    let refused = ana.hand_in(&directory, &second).await.unwrap_err();
    assert!(matches!(refused, DirectoryError::Set(ChainError::OutOfSequence)), "{refused}");
    let refused = ana.hand_in(&directory, &first).await.unwrap_err();
    assert!(matches!(refused, DirectoryError::OtherDevices), "the account has another device: {refused}");
    ana.devices.truncate(1);
    // By another key, under the same name.
    let thief = SigningKey::from_bytes(&[51; 32]);
    let forged = SignedDeviceSet::by_account(first.set.clone(), &thief);
    let refused = ana.hand_in(&directory, &forged).await.unwrap_err();
    assert!(matches!(refused, DirectoryError::Set(ChainError::BadSignature)), "{refused}");
    assert!(Store::scan(&*store, rows::PENDING, KeyRange::all(), 1).await.unwrap().is_empty());
    ana.hand_in(&directory, &first).await.unwrap();
    ana.devices = both;
    ana.hand_in(&directory, &second).await.unwrap();
    let mut batch = Batch::new();
    let garbled = directory.enter(&mut batch, &ana.id, ana.account_key(), &ana.devices, b"set").await;
    assert!(matches!(garbled, Err(DirectoryError::Malformed)) && batch.is_empty());
}

#[tokio::test]
async fn what_changed_is_in_the_next_epoch_and_proven_from_what_is_known() {
    let (directory, store) = alone();
    let (mut ana, mut ben) = (Person::new("ana", 50), Person::new("ben", 60));
    let first = ana.link(1);
    ana.hand_in(&directory, &first).await.unwrap();
    let set = ben.link(1);
    ben.hand_in(&directory, &set).await.unwrap();
    assert_eq!(directory.publish().await.unwrap(), Some(1));
    assert_eq!(directory.publish().await.unwrap(), None, "nothing changed");
    // Each root is an entry of the public log.
    assert_eq!(directory.log.head().await.unwrap().size, 1);
    let Step::Changed(known, _) = check(&directory, &ana, None, 0).await.set else { panic!("no reset") };
    assert_eq!(known.set(), &first.set);

    // Two changes in one epoch, over a restart.
    for device in [2, 3] {
        let set = ana.link(device);
        ana.hand_in(&directory, &set).await.unwrap();
    }
    drop(directory);
    let directory = open("a.example", 1, store.clone(), &Arc::default(), &[]);
    assert_eq!(directory.publish().await.unwrap(), Some(2));
    let checked = check(&directory, &ana, Some(&known), 0).await;
    assert_eq!((checked.proven.version, checked.proven.since), (2, 2));
    let Step::Changed(newest, changes) = checked.set else { panic!("no reset") };
    assert_eq!((newest.set().sequence, changes.added.len()), (3, 2));
    // Known already: nothing leads on. Not known: one set that the account signed is enough.
    let proof = directory.prove(&KeyProofRequest { user: ana.user(), known: Some(3) }).await.unwrap();
    assert!(proof.chain.sets.is_empty());
    let proof = directory.prove(&KeyProofRequest { user: ana.user(), known: None }).await.unwrap();
    assert_eq!(proof.chain.sets.len(), 1);
    check(&directory, &ben, None, 0).await;
    let nobody = KeyProofRequest { user: "mimi://a.example/u/nobody".parse().unwrap(), known: None };
    assert!(matches!(directory.prove(&nobody).await, Err(DirectoryError::NoSuchPerson)));
    let elsewhere = KeyProofRequest { user: "mimi://b.example/u/ana".parse().unwrap(), known: None };
    assert!(matches!(directory.prove(&elsewhere).await, Err(DirectoryError::NoSuchPerson)));
    assert!(directory.root_at(2).await.is_ok() && directory.root_at(3).await.is_err());
}

#[tokio::test]
async fn a_set_that_comes_while_an_epoch_is_made_is_in_the_one_after() {
    let (directory, store) = alone();
    let mut ana = Person::new("ana", 50);
    let first = ana.link(1);
    ana.hand_in(&directory, &first).await.unwrap();
    // As the publisher saw it, and as it is a moment later.
    let pending = Store::get(&*store, rows::PENDING, b"ana".as_slice().into()).await.unwrap().unwrap();
    let second = ana.link(2);
    ana.hand_in(&directory, &second).await.unwrap();
    let mut batch = Batch::new();
    batch.assert_equals(rows::PENDING, b"ana".to_vec(), pending);
    assert!(store.commit(batch).await.is_err(), "the row says which set waits");
    assert_eq!(directory.publish().await.unwrap(), Some(1));
    let Step::Changed(set, _) = check(&directory, &ana, None, 0).await.set else { panic!("no reset") };
    assert_eq!(set.set(), &second.set);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_has_the_epoch_at_once_and_nobody_else_after_half_a_minute() {
    let (directory, _) = alone();
    let mut ana = Person::new("ana", 50);
    let running = tokio::spawn(Arc::clone(&directory).run());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let set = ana.link(1);
    ana.hand_in(&directory, &set).await.unwrap();
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert!(directory.head().await.unwrap().is_none());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(directory.head().await.unwrap().unwrap().root.epoch, 1);
    let set = ana.link(2);
    ana.hand_in(&directory, &set).await.unwrap();
    let asked = tokio::time::Instant::now();
    check(&directory, &ana, None, 0).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn another_service_verifies_every_epoch_before_it_signs() {
    let between: Arc<Between> = Arc::default();
    *between.from.lock().unwrap() = Some("a.example".parse().unwrap());
    let stores = [Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new())];
    let a = open("a.example", 1, stores[0].clone(), &between, &["b.example"]);
    let b = open("b.example", 11, stores[1].clone(), &between, &[]);
    between.directories.lock().unwrap().push(b.clone());
    let running = tokio::spawn(Arc::clone(&a).run());
    let mut ana = Person::new("ana", 50);
    for device in 1..=5 {
        let set = ana.link(device);
        ana.hand_in(&a, &set).await.unwrap();
        let checked = check(&a, &ana, None, 1).await;
        assert_eq!(checked.auditors, ["b.example".parse().unwrap()]);
        assert_eq!(checked.root.root().epoch, u64::from(device));
    }
    // An hour later the signature is as fresh as that.
    tokio::time::sleep(Duration::from_secs(3700)).await;
    assert_eq!(between.asked.load(Ordering::SeqCst), 6);
    running.abort();

    // The auditor away: epochs go on without it, and it takes up where it was.
    between.directories.lock().unwrap().clear();
    let running = tokio::spawn(Arc::clone(&a).run());
    let set = ana.link(6);
    ana.hand_in(&a, &set).await.unwrap();
    assert!(check(&a, &ana, None, 0).await.auditors.is_empty());
    let b = open("b.example", 11, stores[1].clone(), &between, &[]);
    between.directories.lock().unwrap().push(b.clone());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(check(&a, &ana, None, 1).await.auditors.len(), 1);
    running.abort();
}

/// Records of another directory under a.example's name and key.
async fn forked(devices: u8) -> (Arc<Directory>, Vec<directory::EpochRecord>) {
    let (directory, _) = alone();
    let mut eve = Person::new("eve", 70);
    for device in 1..=devices {
        let set = eve.link(device);
        eve.hand_in(&directory, &set).await.unwrap();
        directory.publish().await.unwrap();
    }
    let records = directory.records(1, usize::MAX).await.unwrap();
    (directory, records)
}

#[tokio::test]
async fn an_auditor_signs_no_second_history() {
    let (a, _) = alone();
    let mut ana = Person::new("ana", 50);
    for device in 1..=3 {
        let set = ana.link(device);
        ana.hand_in(&a, &set).await.unwrap();
        a.publish().await.unwrap();
    }
    let name: Domain = "a.example".parse().unwrap();
    let store = Arc::new(MemoryStore::new());
    let b = open("b.example", 11, store.clone(), &Arc::default(), &[]);
    let ask = |records: Vec<directory::EpochRecord>| {
        let request = AuditRequest { key: a.public_key(), records };
        let (b, name) = (b.clone(), name.clone());
        async move { b.audit(&name, request).await }
    };
    let honest = a.records(1, usize::MAX).await.unwrap();
    // Later ones first: it says how far it is and signs nothing.
    let AuditAnswer { epoch, signature, .. } = ask(honest[1..].to_vec()).await.unwrap();
    assert_eq!((epoch, signature), (0, None));
    let answer = ask(honest[..2].to_vec()).await.unwrap();
    assert_eq!(answer.epoch, 2);
    assert!(answer.signature.unwrap().is_over(&honest[1].root.root, &b.public_key()));
    // An epoch that does not follow from what it verified.
    let (_, other) = forked(3).await;
    let refused = ask(other[2..].to_vec()).await.unwrap_err();
    assert!(
        matches!(refused, DirectoryError::Forked),
        "its signed root names another one before it: {refused}"
    );
    // The newest one again, another: both are signed, so it is evidence.
    let refused = ask(other[1..2].to_vec()).await.unwrap_err();
    assert!(matches!(refused, DirectoryError::Forked), "{refused}");
    let kept = Store::scan(&*store, rows::EVIDENCE, KeyRange::all(), 9).await.unwrap();
    let evidence = trefoil_transparency::gossip::Evidence::from_file(&kept[0].1).unwrap();
    assert_eq!(evidence.verify().unwrap().at, 2);
    // Another key than the one it came with first.
    let request = AuditRequest { key: [9; 32], records: honest.clone() };
    assert!(matches!(b.audit(&name, request).await, Err(DirectoryError::OtherKey)));
    // After all that it goes on where it was.
    assert_eq!(ask(honest).await.unwrap().epoch, 3);
}

#[tokio::test]
async fn a_damaged_tree_is_no_empty_tree() {
    let (directory, store) = alone();
    let mut ana = Person::new("ana", 50);
    let set = ana.link(1);
    ana.hand_in(&directory, &set).await.unwrap();
    directory.publish().await.unwrap();
    let before = directory.head().await.unwrap();
    // The row that says how far the tree is.
    let mut batch = Batch::new();
    batch.put(rows::NODES, vec![1, 1], vec![0xff]);
    store.commit(batch).await.unwrap();
    let set = ana.link(2);
    ana.hand_in(&directory, &set).await.unwrap();
    // A process that has nothing of it in memory.
    let directory = open("a.example", 1, store.clone(), &Arc::default(), &[]);
    assert!(matches!(directory.publish().await, Err(DirectoryError::DamagedRow)));
    assert_eq!(directory.head().await.unwrap(), before);
    let mut batch = Batch::new();
    batch.delete(rows::NODES, vec![1, 1]);
    store.commit(batch).await.unwrap();
    let directory = open("a.example", 1, store.clone(), &Arc::default(), &[]);
    // Gone altogether, the tree would begin again at the first epoch, which was signed already.
    let refused = directory.publish().await.unwrap_err();
    assert!(matches!(refused, DirectoryError::DamagedRow), "{refused}");
    assert_eq!(directory.head().await.unwrap(), before);
}

/// What one holds in memory of the tree is old as soon as the other makes an epoch.
#[tokio::test]
async fn two_processes_on_one_store_prove_the_same() {
    let (one, store) = alone();
    let other = open("a.example", 1, store, &Arc::default(), &[]);
    let mut people = [Person::new("ana", 50), Person::new("ben", 51), Person::new("cleo", 52)];
    for round in 1..6 {
        for (number, person) in people.iter_mut().enumerate() {
            let set = person.link(round);
            let (by, beside) =
                if (usize::from(round) + number).is_multiple_of(2) { (&one, &other) } else { (&other, &one) };
            person.hand_in(by, &set).await.unwrap();
            by.publish().await.unwrap().unwrap();
            for at in [beside, by] {
                let checked = check(at, person, None, 0).await;
                assert_eq!(checked.root.root().epoch, by.head().await.unwrap().unwrap().root.epoch);
            }
        }
    }
    for at in [&one, &other] {
        for person in &people {
            let set = match check(at, person, None, 0).await.set {
                Step::Changed(set, _) => set,
                Step::Reset(pending) => pending.accept(),
            };
            assert_eq!(set.set(), person.set.as_ref().unwrap());
        }
    }
}

/// A commit that fails leaves nothing of its epoch in memory.
#[tokio::test]
async fn an_epoch_that_was_not_stored_is_not_proven() {
    let (directory, store) = alone();
    let mut ana = Person::new("ana", 50);
    let set = ana.link(1);
    ana.hand_in(&directory, &set).await.unwrap();
    directory.publish().await.unwrap();
    let set = ana.link(2);
    ana.hand_in(&directory, &set).await.unwrap();
    // Another one comes between: the same work is done first by somebody else.
    let beside = open("a.example", 1, store.clone(), &Arc::default(), &[]);
    let (first, second) = tokio::join!(directory.publish(), beside.publish());
    let outcomes = [first, second];
    let made = outcomes.iter().filter(|made| matches!(made, Ok(Some(2)))).count();
    assert_eq!(made, 1, "{outcomes:?}");
    for at in [&directory, &beside] {
        check(at, &ana, None, 0).await;
    }
}

#[tokio::test]
async fn an_auditor_that_says_what_cannot_be_is_not_believed_and_not_asked_for_ever() {
    let between: Arc<Between> = Arc::default();
    let a = open("a.example", 1, Arc::new(MemoryStore::new()), &between, &["b.example"]);
    let mut ana = Person::new("ana", 50);
    for device in 1..=3 {
        let set = ana.link(device);
        ana.hand_in(&a, &set).await.unwrap();
        a.publish().await.unwrap();
    }
    let auditor: Domain = "b.example".parse().unwrap();
    let key = SigningKey::from_bytes(&[60; 32]);
    let root = a.root_at(2).await.unwrap().root;
    let signature = |root| Some(AuditSignature::sign(root, "b.example".parse().unwrap(), NOW, &key));
    let later = trefoil_transparency::log::DirectoryRoot { epoch: 9, ..root.clone() };
    let lies = [
        (2, None),
        (9, None),
        (u64::MAX, None),
        (9, signature(&later)),
        (3, signature(&root)),
        (0, signature(&root)),
    ];
    for (epoch, signature) in lies {
        let answer = AuditAnswer { key: key.verifying_key().to_bytes(), epoch, signature };
        *between.lie.lock().unwrap() = Some(answer);
        assert!(a.ask(&auditor).await.is_err(), "epoch {epoch}");
        assert!(a.audit_row(&auditor).await.unwrap().is_none(), "epoch {epoch}");
    }
    // What is true, and never goes on.
    let behind = AuditAnswer { key: key.verifying_key().to_bytes(), epoch: 2, signature: signature(&root) };
    *between.lie.lock().unwrap() = Some(behind);
    let before = between.asked.load(Ordering::SeqCst);
    assert!(a.ask(&auditor).await.is_err());
    assert!(between.asked.load(Ordering::SeqCst) - before < 4);
}

#[tokio::test(start_paused = true)]
async fn an_auditor_that_is_away_is_waited_for_once_an_epoch() {
    let between: Arc<Between> = Arc::default();
    let a = open("a.example", 1, Arc::new(MemoryStore::new()), &between, &["b.example"]);
    let mut ana = Person::new("ana", 50);
    for device in 1..=2 {
        let set = ana.link(device);
        ana.hand_in(&a, &set).await.unwrap();
        a.publish().await.unwrap();
        for (question, waits) in [(1, true), (2, false), (3, false)] {
            let asked = tokio::time::Instant::now();
            check(&a, &ana, None, 0).await;
            assert_eq!(asked.elapsed() > Duration::from_secs(1), waits, "question {question}");
        }
    }
}
