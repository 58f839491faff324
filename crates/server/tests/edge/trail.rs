//! The audit trail: an entry and what it records are there together or not at all, and its head stands in the public log.

use super::{
    console::{Desk, answer},
    decided::{asks, next, report},
    stream::room_of_two,
    world::*,
};
use bytes::Bytes;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ed25519_dalek::SigningKey;
use futures_util::future::BoxFuture;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use trefoil_proto::{Wire as _, mimi::report::AbuseType};
use trefoil_server::{
    staff::{self, Role},
    trail::{Anchor, AuditEntry, Untrue, Walk},
};
use trefoil_store::{
    Batch, Entry, KeyRange, MemoryStore, Pair, Position, QueueKey, ReadLimit, Receipt, Store, StoreError,
    Table, Write,
};
use trefoil_transparency::log::{LogEntry, TrailHead};

const TRAIL: &str = "safety.audit";
const DAY: u64 = 24 * 60 * 60 * 1000;
const SOUND: u8 = 0;
/// Fails where an entry of the trail is to be written.
const WITHOUT_TRAIL: u8 = 1;
/// Fails where none is.
const TRAIL_ONLY: u8 = 2;

/// A store that fails at some commits.
struct Brittle {
    store: Arc<MemoryStore>,
    fails: Arc<AtomicU8>,
}

impl Store for Brittle {
    fn get(&self, table: Table, key: Bytes) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        Store::get(&*self.store, table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Pair>, StoreError>> {
        Store::scan(&*self.store, table, range, limit)
    }

    fn read(
        &self,
        queue: QueueKey,
        after: Position,
        limit: ReadLimit,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        Store::read(&*self.store, queue, after, limit)
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Receipt, StoreError>> {
        let enters = batch
            .writes
            .iter()
            .any(|write| matches!(write, Write::Put { table, .. } if table.name() == TRAIL));
        let fails = match self.fails.load(Ordering::SeqCst) {
            WITHOUT_TRAIL => enters,
            TRAIL_ONLY => !enters,
            _ => false,
        };
        if fails {
            return Box::pin(async { Err(StoreError::Closed) });
        }
        Store::commit(&*self.store, batch)
    }
}

/// What the acts change, and how many entries the trail has. Files of a package that nobody prepared yet are no act.
async fn stored(desk: &Desk) -> (BTreeMap<(&'static str, Vec<u8>), Vec<u8>>, usize) {
    let (mut acted, mut entries) = (desk.service.dump().await, 0);
    acted.retain(|(table, _), row| {
        entries += usize::from(*table == TRAIL);
        let gathering = String::from_utf8_lossy(row).contains("\"gathering\"");
        matches!(
            *table,
            "staff.members"
                | "staff.invitations"
                | "safety.cases"
                | "safety.known_lists"
                | "safety.tipline_packages"
        ) && !gathering
    });
    (acted, entries)
}

#[tokio::test]
async fn neither_an_act_nor_its_entry_is_there_without_the_other() {
    let world = World::new();
    let fails = Arc::new(AtomicU8::new(SOUND));
    let credentials = world.folder().join("tipline");
    std::fs::write(&credentials, "trefoil\nopen sesame\n").unwrap();
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600)).unwrap();
    let tipline = format!(
        "[tipline]\nendpoint = \"http://127.0.0.1:9\"\ncredentials_file = {credentials:?}\nfirst_name = \"Carla\"\n\
         last_name = \"Example\"\nemail = \"safety@a.example\"\n"
    );
    let desk = Desk::start_over(&world, free_port(), &[], &tipline, |store| {
        Arc::new(Brittle { store, fails: Arc::clone(&fails) })
    });
    let (room, ann, bob) = room_of_two(&desk.service).await;
    report(&desk, &ann, &room, &bob.uri().user_uri(), AbuseType::ChildExploitation).await;
    let lena = desk.member("lena", Role::Lead).await;
    let carla = desk.member("carla", Role::ChildSafetyReviewer).await;

    // Done while the store fails, and then without: what is refused, and what is left of it.
    let done = async |what: &str, ask: &dyn Fn() -> RequestBuilder| -> Value {
        for failing in [WITHOUT_TRAIL, TRAIL_ONLY] {
            let (before, entries) = stored(&desk).await;
            fails.store(failing, Ordering::SeqCst);
            let (status, said) = answer(ask()).await;
            fails.store(SOUND, Ordering::SeqCst);
            let (after, entered) = stored(&desk).await;
            assert_eq!(before != after, entries != entered, "{what}, failing {failing}: {status} {said}");
            assert!(
                failing != WITHOUT_TRAIL || (status.is_server_error() && entries == entered),
                "{what}: {said}"
            );
            if entries != entered {
                return said;
            }
        }
        let (status, said) = answer(ask()).await;
        assert!(status.is_success(), "{what}: {status} {said}");
        said
    };
    let of = |token: &str, method: &str, path: &str, body: Value| {
        let asked = desk.ask(method, path).bearer_auth(token);
        if body.is_null() { asked } else { asked.json(&body) }
    };

    let invite = || of(&lena, "POST", "/api/staff", json!({"name": "otto", "role": "reviewer"}));
    let code = done("inviting", &invite).await["code"].clone();
    let key = SigningKey::from_bytes(&[77; 32]).verifying_key();
    let body = json!({"code": code, "key": BASE64URL_NOPAD.encode(key.as_bytes())});
    done("coming in", &|| desk.ask("POST", "/api/join/key").json(&body)).await;
    done("removing", &|| of(&lena, "DELETE", "/api/staff/otto", Value::Null)).await;

    let list = format!("sha256 {}\n", "0".repeat(64));
    let import = || {
        let asked = of(&lena, "POST", "/api/known?name=tea&giver=hotline&kind=other", Value::Null);
        asked.body(list.clone())
    };
    done("taking a list in", &import).await;
    done("taking a list away", &|| of(&lena, "DELETE", "/api/known/tea", Value::Null)).await;

    let case = next(&desk, &carla, "child-safety").await;
    let at = |what: &str| format!("/api/cases/{case}/{what}");
    done("opening", &|| of(&carla, "POST", &at("open"), Value::Null)).await;
    let prepare = || of(&carla, "POST", &at("tip"), json!({"incident": "material"}));
    let tip = match done("preparing", &prepare).await["tip"].as_str() {
        Some(tip) => tip.to_owned(),
        None => panic!("a report to NCMEC is prepared"),
    };
    asks(&desk, &carla, "POST", &at("release"), json!({})).await;
    asks(&desk, &lena, "POST", &at("claim"), json!({})).await;
    asks(&desk, &lena, "POST", &at("open"), json!({})).await;
    done("releasing", &|| of(&lena, "POST", &format!("/api/tips/{tip}/release"), Value::Null)).await;
    done("withdrawing", &|| of(&lena, "POST", &format!("/api/tips/{tip}/withdraw"), Value::Null)).await;

    // What the operator orders waits until it can be entered.
    let (before, entries) = stored(&desk).await;
    fails.store(WITHOUT_TRAIL, Ordering::SeqCst);
    let name = "ida".parse().unwrap();
    let file =
        staff::hand_in(&desk.service.data, &name, &staff::invite(Role::Lead), desk.service.clock_now());
    let file = file.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(file.exists() && stored(&desk).await == (before, entries));
    fails.store(SOUND, Ordering::SeqCst);
    for _ in 0..500 {
        if !file.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!file.exists() && stored(&desk).await.1 == entries + 1);
    desk.service.stop().await;
}

/// The trail as an auditor gets it, and the heads that the console names.
async fn told(desk: &Desk, token: &str) -> (Vec<AuditEntry>, Vec<Anchor>) {
    let entries = asks(desk, token, "GET", "/api/audit", json!({})).await;
    let anchors = asks(desk, token, "GET", "/api/audit/anchors", json!({})).await;
    (serde_json::from_value(entries).unwrap(), serde_json::from_value(anchors).unwrap())
}

/// The heads that stand in the public log.
async fn said(desk: &Desk) -> Vec<TrailHead> {
    let rows = desk.service.dump().await;
    let entries = rows.iter().filter(|((table, _), _)| *table == "log.entries");
    let decoded = entries.map(|(_, row)| LogEntry::decode(&row[1..]).unwrap());
    decoded.filter_map(|entry| if let LogEntry::Trail(head) = entry { Some(head) } else { None }).collect()
}

async fn until_said(desk: &Desk, heads: usize) -> Vec<TrailHead> {
    for _ in 0..500 {
        if said(desk).await.len() >= heads {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let found = said(desk).await;
    assert_eq!(found.len(), heads);
    found
}

#[tokio::test]
async fn a_trail_that_is_written_anew_contradicts_the_public_log() {
    let desk = Desk::start();
    desk.member("axel", Role::Auditor).await;
    until_said(&desk, 1).await;
    let lena = desk.member("lena", Role::Lead).await;
    let invite = |name: &str| {
        let body = json!({"name": name, "role": "reviewer"});
        asks(&desk, &lena, "POST", "/api/staff", body)
    };
    invite("otto").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(said(&desk).await.len(), 1, "once a day");
    desk.service.clock.advance(DAY);
    desk.member("ida", Role::Reviewer).await;
    let heads = until_said(&desk, 2).await;
    // Sessions end after half a day.
    let token = desk.sign_in("axel").await;
    let (entries, anchors) = told(&desk, &token).await;
    let mut walk = Walk::default();
    walk.go(&entries).unwrap();
    for (head, anchor) in heads.iter().zip(&anchors) {
        assert_eq!((head.number, HEXLOWER.encode(&head.hash)), (anchor.number, anchor.hash.clone()));
        walk.holds(head.number, &anchor.hash).unwrap();
    }

    // Whoever has the store leaves out who was invited, and makes everything after it follow.
    let mut anew: Vec<AuditEntry> = Vec::new();
    for mut entry in entries {
        if entry.detail == "otto, reviewer" {
            entry.detail = "mallory, lead".to_owned();
        }
        entry.before = anew.last().map(AuditEntry::hash).unwrap_or_default();
        anew.push(entry);
    }
    let mut batch = Batch::new();
    let row = |value: Value| [&[1][..], &serde_json::to_vec(&value).unwrap()].concat();
    for entry in &anew {
        let key = entry.number.to_be_bytes().to_vec();
        batch.put(Table::new(TRAIL), key, row(serde_json::to_value(entry).unwrap()));
    }
    let last = anew.last().unwrap();
    let head = json!({"number": last.number, "hash": last.hash()});
    batch.put(Table::new("safety.audit_head"), &b"head"[..], row(head));
    Store::commit(&*desk.service.store, batch).await.unwrap();

    let (entries, anchors) = told(&desk, &token).await;
    let mut walk = Walk::default();
    walk.go(&entries).expect("each entry follows from the one before");
    assert!(walk.holds(anchors[0].number, &anchors[0].hash).is_ok(), "before what was changed");
    let found = walk.holds(anchors[1].number, &anchors[1].hash);
    assert_eq!(found, Err(Untrue::Other(anchors[1].number)));
    desk.service.stop().await;
}
