//! Records are counted before they are answered, once each, across restarts and at the same time; notes are one a person.

#![allow(clippy::unwrap_used)]

use super::{rows::*, *};
use ed25519_dalek::SigningKey;
use futures_util::future::{BoxFuture, join_all};
use rand_core::OsRng;
use std::sync::atomic::{AtomicBool, Ordering};
use trefoil_proto::pin::{Element, Evaluated, Place, VERSION, name_of};
use trefoil_store::{
    Entry, KeyRange, MemoryStore, Pair, Position, QueueKey, ReadLimit, Receipt, SqliteOptions, SqliteStore,
};
use voprf::{EvaluationElement, OprfClient, Ristretto255};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const GUESSES: u32 = 10;

fn pins_with(store: Arc<dyn Store>, guesses: u32, records: u64) -> Pins {
    let settings =
        Settings { key: SecretKey::fixed([1; 32]), guesses: NonZeroU32::new(guesses).unwrap(), records };
    Pins::new(store, settings)
}

fn pins(store: Arc<dyn Store>) -> Pins {
    pins_with(store, GUESSES, 1000)
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// A blinded PIN, and how to read what comes back.
struct Blind {
    pin: &'static [u8],
    state: OprfClient<Ristretto255>,
    element: Element,
}

impl Blind {
    fn of(pin: &'static [u8]) -> Self {
        let blind = OprfClient::<Ristretto255>::blind(pin, &mut OsRng).unwrap();
        Self { pin, state: blind.state, element: Element(blind.message.serialize().into()) }
    }

    fn output(&self, evaluated: &Element) -> Vec<u8> {
        let element = EvaluationElement::<Ristretto255>::deserialize(&evaluated.0).unwrap();
        self.state.finalize(self.pin, &element).unwrap().to_vec()
    }
}

/// Makes the record of a key; returns the request and what the function makes of the PIN.
async fn made(pins: &Pins, key: &SigningKey, pin: &'static [u8]) -> (StoreRequest, Vec<u8>) {
    let blind = Blind::of(pin);
    let request = PrepareRequest { name: name_of(key), blinded: blind.element };
    let prepared = pins.prepare(&request, NOW).unwrap();
    let output = blind.output(&prepared.evaluated);
    let store = StoreRequest::sign(key, prepared.ticket, [7; 32]);
    assert_eq!(pins.store(&store, NOW).await.unwrap(), Accepted::New);
    (store, output)
}

async fn attempt(pins: &Pins, key: &SigningKey, blind: &Blind) -> Option<Evaluated> {
    let request = TryRequest { name: name_of(key), blinded: blind.element };
    match pins.attempt(&request).await.unwrap() {
        TryResponse::Evaluated(evaluated) => Some(evaluated),
        TryResponse::Locked => None,
    }
}

async fn row(store: &dyn Store, key: &SigningKey) -> Option<RecordRow> {
    let value = store.get(RECORDS, record_key(&name_of(key)).into()).await.unwrap();
    value.map(|value| RecordRow::decode(&value).unwrap())
}

#[test]
fn rows_keep_their_form() {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let open = OpenRecord { nonce: [0xaa; 32], masked: [0xbb; 32], serial: 3, cleared: 2 };
    let row = RecordRow::Open(open);
    assert_eq!(hex(&row.encode()), format!("0101{}{}0000000300000002", "aa".repeat(32), "bb".repeat(32)));
    assert_eq!(RecordRow::decode(&row.encode()).unwrap(), row);
    assert_eq!(hex(&RecordRow::Locked.encode()), "0102");
    assert_eq!(hex(&CountRow { records: 5 }.encode()), "010000000000000005");
    assert!(matches!(RecordRow::decode(&[1, 3]), Err(PinError::DamagedRow)));
    assert!(matches!(CountRow::decode(&[2, 0, 0, 0, 0, 0, 0, 0, 5]), Err(PinError::DamagedRow)));
}

#[tokio::test]
async fn the_same_pin_gives_the_same_output_and_another_another() {
    let pins = pins(Arc::new(MemoryStore::new()));
    let (_, right) = made(&pins, &key(1), b"1234").await;
    let (_, elsewhere) = made(&pins, &key(2), b"1234").await;
    assert_ne!(right, elsewhere, "two records have one key");
    for (pin, same) in [(&b"1234"[..], true), (b"1235", false)] {
        let blind = Blind::of(pin);
        let answer = attempt(&pins, &key(1), &blind).await.unwrap();
        assert_eq!(answer.masked, [7; 32]);
        assert_eq!(blind.output(&answer.evaluated) == right, same);
    }
}

#[tokio::test]
async fn the_last_try_destroys_the_key_and_nothing_brings_it_back() {
    let store = Arc::new(MemoryStore::new());
    let pins = pins(store.clone());
    let (request, right) = made(&pins, &key(1), b"1234").await;
    let wrong = Blind::of(b"0000");
    for serial in 1..GUESSES {
        let answer = attempt(&pins, &key(1), &wrong).await.unwrap();
        assert_eq!((answer.serial, answer.left), (serial, GUESSES - serial));
    }
    let last = Blind::of(b"1234");
    let answer = attempt(&pins, &key(1), &last).await.unwrap();
    assert_eq!((answer.serial, answer.left), (GUESSES, 0));
    assert_eq!(last.output(&answer.evaluated), right, "the last try is a try as any other");
    assert_eq!(row(&*store, &key(1)).await, Some(RecordRow::Locked));
    assert_eq!(attempt(&pins, &key(1), &last).await, None);
    let unlock = UnlockRequest::sign(&key(1), GUESSES);
    assert!(matches!(pins.unlock(&unlock).await, Err(PinError::Locked)));
    assert!(matches!(pins.store(&request, NOW).await, Err(PinError::InUse)));
    // Nor does an operator who allows more from now on.
    let generous = pins_with(store.clone(), GUESSES * 2, 1000);
    assert_eq!(attempt(&generous, &key(1), &last).await, None);
}

#[tokio::test]
async fn fewer_tries_are_allowed_at_once_when_the_operator_says_so() {
    let store = Arc::new(MemoryStore::new());
    made(&pins(store.clone()), &key(1), b"1234").await;
    let blind = Blind::of(b"0000");
    for _ in 0..5 {
        attempt(&pins(store.clone()), &key(1), &blind).await.unwrap();
    }
    assert_eq!(attempt(&pins_with(store.clone(), 5, 1000), &key(1), &blind).await, None);
    assert_eq!(row(&*store, &key(1)).await, Some(RecordRow::Locked));
}

#[tokio::test]
async fn success_forgives_what_came_before_it_and_nothing_else() {
    let pins = pins(Arc::new(MemoryStore::new()));
    made(&pins, &key(1), b"1234").await;
    let blind = Blind::of(b"1234");
    for _ in 0..6 {
        attempt(&pins, &key(1), &blind).await.unwrap();
    }
    let unlock = UnlockRequest::sign(&key(1), 5);
    pins.unlock(&unlock).await.unwrap();
    // The sixth stays counted: with the seventh two are used.
    assert_eq!(attempt(&pins, &key(1), &blind).await.unwrap().left, GUESSES - 2);
    // Sent again, by whoever kept it, it forgives nothing more; nor does an older one.
    pins.unlock(&unlock).await.unwrap();
    pins.unlock(&UnlockRequest::sign(&key(1), 2)).await.unwrap();
    assert_eq!(attempt(&pins, &key(1), &blind).await.unwrap().left, GUESSES - 3);
    // None for tries that were not made, and none by another key.
    assert!(matches!(pins.unlock(&UnlockRequest::sign(&key(1), 9)).await, Err(PinError::NoSuchTry)));
    let mut forged = UnlockRequest::sign(&key(2), 8);
    forged.tbs.name = name_of(&key(1));
    assert!(matches!(pins.unlock(&forged).await, Err(PinError::Signature)));
    assert_eq!(attempt(&pins, &key(1), &blind).await.unwrap().left, GUESSES - 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tries_at_the_same_time_do_not_exceed_the_limit() {
    let store = Arc::new(MemoryStore::new());
    let pins = Arc::new(pins(store.clone()));
    made(&pins, &key(1), b"1234").await;
    let tries = (0..200).map(|_| {
        let pins = Arc::clone(&pins);
        tokio::spawn(async move {
            let blind = Blind::of(b"0000");
            let request = TryRequest { name: name_of(&key(1)), blinded: blind.element };
            match pins.attempt(&request).await {
                Ok(TryResponse::Evaluated(evaluated)) => Some(evaluated.serial),
                Ok(TryResponse::Locked) | Err(PinError::Contended) => None,
                Err(error) => panic!("{error}"),
            }
        })
    });
    let mut answered: Vec<u32> =
        join_all(tries).await.into_iter().filter_map(|joined| joined.unwrap()).collect();
    answered.sort_unstable();
    assert_eq!(answered, (1..=GUESSES).collect::<Vec<_>>());
    assert_eq!(row(&*store, &key(1)).await, Some(RecordRow::Locked));
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_stay_counted_across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Arc::new(SqliteStore::open(folder.path().join("db"), SqliteOptions::default()).unwrap());
    made(&pins(open()), &key(1), b"1234").await;
    let blind = Blind::of(b"0000");
    for left in (0..GUESSES).rev() {
        assert_eq!(attempt(&pins(open()), &key(1), &blind).await.unwrap().left, left);
    }
    assert_eq!(attempt(&pins(open()), &key(1), &blind).await, None);
}

/// A destroyed key is overwritten in the database itself; the write-ahead log has what was there until it is written over.
#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_key_is_not_in_the_database_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    // Each commit goes from the log into the database at once.
    let options = SqliteOptions { checkpoint_pages: 1, ..SqliteOptions::default() };
    let store = Arc::new(SqliteStore::open(path.clone(), options).unwrap());
    let holds =
        |wanted: &[u8; 32]| std::fs::read(&path).unwrap().windows(wanted.len()).any(|part| part == wanted);
    let pins = pins(store.clone());
    let (locked, removed) = (key(1), key(2));
    let mut nonces = Vec::new();
    for key in [&locked, &removed] {
        made(&pins, key, b"1234").await;
        let Some(RecordRow::Open(open)) = row(&*store, key).await else { panic!("no record") };
        nonces.push(open.nonce);
    }
    assert!(nonces.iter().all(holds), "this test looks in the wrong place");
    while attempt(&pins, &locked, &Blind::of(b"0000")).await.is_some() {}
    pins.remove(&RemoveRequest::sign(&removed)).await.unwrap();
    assert!(!nonces.iter().any(holds));
}

/// A store that fails when it should commit: before it did, or after.
struct Failing {
    store: MemoryStore,
    before: AtomicBool,
    after: AtomicBool,
}

impl Store for Failing {
    fn get(&self, table: Table, key: Bytes) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        Store::get(&self.store, table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Pair>, StoreError>> {
        Store::scan(&self.store, table, range, limit)
    }

    fn read(
        &self,
        queue: QueueKey,
        after: Position,
        limit: ReadLimit,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        self.store.read(queue, after, limit)
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Receipt, StoreError>> {
        Box::pin(async move {
            if self.before.load(Ordering::SeqCst) {
                return Err(StoreError::Closed);
            }
            let receipt = Store::commit(&self.store, batch).await?;
            if self.after.load(Ordering::SeqCst) { Err(StoreError::Closed) } else { Ok(receipt) }
        })
    }
}

#[tokio::test]
async fn what_is_not_known_to_be_counted_is_not_answered() {
    let store = Arc::new(Failing {
        store: MemoryStore::new(),
        before: AtomicBool::new(false),
        after: AtomicBool::new(false),
    });
    let pins = pins(store.clone());
    made(&pins, &key(1), b"1234").await;
    let blind = Blind::of(b"1234");
    let request = TryRequest { name: name_of(&key(1)), blinded: blind.element };
    for (failing, left) in [(&store.before, GUESSES - 1), (&store.after, GUESSES - 3)] {
        failing.store(true, Ordering::SeqCst);
        assert!(matches!(pins.attempt(&request).await, Err(PinError::Write(_))));
        failing.store(false, Ordering::SeqCst);
        assert_eq!(attempt(&pins, &key(1), &blind).await.unwrap().left, left);
    }
}

#[tokio::test]
async fn what_is_no_element_is_not_counted() {
    let pins = pins(Arc::new(MemoryStore::new()));
    made(&pins, &key(1), b"1234").await;
    // The identity, one that is too large, and one that is negative.
    for bad in [[0; 32], [0xff; 32], [1; 32]] {
        let request = TryRequest { name: name_of(&key(1)), blinded: Element(bad) };
        assert!(matches!(pins.attempt(&request).await, Err(PinError::Element)));
        let request = PrepareRequest { name: name_of(&key(1)), blinded: Element(bad) };
        assert!(matches!(pins.prepare(&request, NOW), Err(PinError::Element)));
    }
    assert_eq!(attempt(&pins, &key(1), &Blind::of(b"1234")).await.unwrap().serial, 1);
}

#[tokio::test]
async fn a_record_is_made_once_under_a_ticket_of_its_own() {
    let store = Arc::new(MemoryStore::new());
    let pins = pins(store.clone());
    let (request, _) = made(&pins, &key(1), b"1234").await;
    attempt(&pins, &key(1), &Blind::of(b"0000")).await.unwrap();
    // Again: what was counted stays counted.
    assert_eq!(pins.store(&request, NOW).await.unwrap(), Accepted::Repeated);
    assert_eq!(attempt(&pins, &key(1), &Blind::of(b"0000")).await.unwrap().serial, 2);
    // With another share, by whoever holds the key.
    let other = StoreRequest::sign(&key(1), request.tbs.ticket.clone(), [8; 32]);
    assert!(matches!(pins.store(&other, NOW).await, Err(PinError::InUse)));
    let mut altered = request.clone();
    altered.tbs.masked[0] ^= 1;
    assert!(matches!(pins.store(&altered, NOW).await, Err(PinError::Signature)));

    let ticket = |key: &SigningKey, now| {
        let request = PrepareRequest { name: name_of(key), blinded: Blind::of(b"1").element };
        pins.prepare(&request, now).unwrap().ticket
    };
    let late = NOW.plus_millis(decide::TICKET_LIFE + 1);
    let mut forged = ticket(&key(2), NOW);
    forged[0] ^= 1;
    for (ticket, now) in [
        (ticket(&key(3), NOW), NOW),
        (ticket(&key(2), NOW), late),
        (ticket(&key(2), late), NOW),
        (forged, NOW),
        (Vec::new(), NOW),
        (vec![0; 72], NOW),
    ] {
        let request = StoreRequest::sign(&key(2), ticket, [7; 32]);
        assert!(matches!(pins.store(&request, now).await, Err(PinError::Ticket)));
    }
    assert_eq!(row(&*store, &key(2)).await, None);
}

#[tokio::test]
async fn records_are_as_many_as_may_be() {
    let store = Arc::new(MemoryStore::new());
    let pins = pins_with(store.clone(), GUESSES, 2);
    made(&pins, &key(1), b"1234").await;
    made(&pins, &key(2), b"1234").await;
    let prepared =
        pins.prepare(&PrepareRequest { name: name_of(&key(3)), blinded: Blind::of(b"1").element }, NOW);
    let third = StoreRequest::sign(&key(3), prepared.unwrap().ticket, [7; 32]);
    assert!(matches!(pins.store(&third, NOW).await, Err(PinError::Full)));
    let mut forged = RemoveRequest::sign(&key(3));
    forged.tbs.name = name_of(&key(1));
    assert!(matches!(pins.remove(&forged).await, Err(PinError::Signature)));
    // A removal twice makes one place.
    for _ in 0..2 {
        pins.remove(&RemoveRequest::sign(&key(1))).await.unwrap();
    }
    assert_eq!(row(&*store, &key(1)).await, None);
    assert_eq!(pins.store(&third, NOW).await.unwrap(), Accepted::New);
    let request = TryRequest { name: name_of(&key(1)), blinded: Blind::of(b"1").element };
    assert!(matches!(pins.attempt(&request).await, Err(PinError::NoSuchRecord)));
    let prepared =
        pins.prepare(&PrepareRequest { name: name_of(&key(4)), blinded: Blind::of(b"1").element }, NOW);
    let fourth = StoreRequest::sign(&key(4), prepared.unwrap().ticket, [7; 32]);
    assert!(matches!(pins.store(&fourth, NOW).await, Err(PinError::Full)));
}

fn note(number: u8) -> Note {
    let place = |at: u8| Place {
        address: format!("https://{at}.test").into_bytes(),
        name: RecordName([number * 10 + at; 32]),
    };
    Note { version: VERSION, salt: [number; 32], places: (0..3).map(place).collect() }
}

#[tokio::test]
async fn a_person_has_one_note_and_nobody_anothers() {
    let store = Arc::new(MemoryStore::new());
    let pins = pins(store.clone());
    let (ann, eve): (UserId, UserId) = ("ann".parse().unwrap(), "eve".parse().unwrap());
    assert!(matches!(pins.note(&ann).await, Err(PinError::NotKept)));
    pins.put_note(&ann, [1; 32], &note(1)).await.unwrap();
    pins.put_note(&ann, [1; 32], &note(2)).await.unwrap();
    assert_eq!(pins.find(&[1; 32]).await.unwrap(), note(2));
    assert!(matches!(pins.put_note(&eve, [1; 32], &note(3)).await, Err(PinError::Taken)));
    let short = Note { places: note(3).places[..2].to_vec(), ..note(3) };
    assert!(matches!(pins.put_note(&eve, [2; 32], &short).await, Err(PinError::NoNote)));
    // By another name: the former finds nothing, and is free.
    pins.put_note(&ann, [3; 32], &note(4)).await.unwrap();
    assert!(matches!(pins.find(&[1; 32]).await, Err(PinError::NotKept)));
    assert_eq!(pins.note(&ann).await.unwrap(), note(4));
    pins.put_note(&eve, [1; 32], &note(5)).await.unwrap();
    pins.remove_note(&ann).await.unwrap();
    pins.remove_note(&ann).await.unwrap();
    assert!(matches!(pins.find(&[3; 32]).await, Err(PinError::NotKept)));
    assert!(matches!(pins.note(&ann).await, Err(PinError::NotKept)));
    assert_eq!(pins.note(&eve).await.unwrap(), note(5));
    assert_eq!(Store::scan(&*store, NOTES, KeyRange::all(), 9).await.unwrap().len(), 1);
}
