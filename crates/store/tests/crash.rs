//! What was acknowledged is there after `kill -9`: this binary runs itself as a child and kills it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use trefoil_store::{
    Batch, Entry, LocalKey, LocalStore, Position, QueueKey, ReadLimit, SqliteLocal, SqliteOptions,
    SqliteStore, Store, Table,
};

/// Set only in the child: the file it writes to.
const FILE: &str = "STORE_CRASH_TEST_FILE";
const ROWS: Table = Table::new("crash.rows");
const KEY: [u8; 32] = [3; 32];
const WRITERS: u64 = 16;
const ROUNDS: usize = 4;
const LINES: usize = 1500;

/// Not a test of its own: what the child runs, until it is killed.
#[test]
#[ignore = "run by the other tests as a child"]
fn service_child() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteOptions { checkpoint_pages: 200, ..SqliteOptions::default() };
        let store = Arc::new(SqliteStore::open(path, options).unwrap());
        let tasks: Vec<_> = (0..WRITERS).map(|task| tokio::spawn(write(Arc::clone(&store), task))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Each batch writes a row and two entries that must come and go together, and now and then trims a third queue.
async fn write(store: Arc<SqliteStore>, task: u64) {
    for n in 0.. {
        let body = format!("{task}/{n}/{}", std::process::id());
        let scratch = QueueKey::new(format!("scratch {task}"));
        let mut batch = Batch::new();
        batch.put(ROWS, body.clone(), "").append(vec![own(task), QueueKey::new("all")], body.clone());
        batch.append(vec![scratch.clone()], vec![0; 2000]).trim(scratch, Position(n));
        let receipt = store.commit(batch).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "ack {} {body}", receipt.positions[0].0).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_keeps_what_it_acknowledged() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let mut acknowledged = BTreeMap::new();
    for round in 0..ROUNDS {
        let last = acknowledged.keys().next_back().copied().unwrap_or(0);
        let new = kill_after("service_child", &path, LINES + 400 * round);
        for line in new {
            let (position, body) = line.split_once(' ').unwrap();
            let position = position.parse().unwrap();
            assert!(position > last, "position {position} was used before the crash");
            assert!(
                acknowledged.insert(position, body.to_owned()).is_none(),
                "position {position} was used twice"
            );
        }
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let all = entries(&store, QueueKey::new("all")).await;
        let mut kept = BTreeMap::new();
        for entry in &all {
            let body = String::from_utf8(entry.body.to_vec()).unwrap();
            let row = store.get(ROWS, body.clone().into()).await.unwrap();
            assert!(row.is_some(), "an entry is there without the row of its batch");
            kept.insert(entry.position.0, body);
        }
        for (position, body) in &acknowledged {
            assert_eq!(kept.get(position), Some(body), "acknowledged and lost");
        }
        let mut own_entries = 0;
        for task in 0..WRITERS {
            own_entries += entries(&store, own(task)).await.len();
        }
        assert_eq!(own_entries, all.len(), "a batch is there in part");
    }
}

#[test]
#[ignore = "run by the other tests as a child"]
fn local_child() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let store = SqliteLocal::open(path, &LocalKey::new(KEY)).unwrap();
    for n in 0_u64.. {
        let mut batch = Batch::new();
        let name = format!("{}/{n}", std::process::id());
        batch.put(ROWS, name.clone(), "").put(ROWS, format!("{name}/twin"), vec![0; 3000]);
        store.commit(batch).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "ack {name}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn a_device_keeps_what_was_committed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let mut acknowledged = Vec::new();
    for _ in 0..ROUNDS {
        acknowledged.extend(kill_after("local_child", &path, 300));
        let store = SqliteLocal::open(&path, &LocalKey::new(KEY)).unwrap();
        for name in &acknowledged {
            for key in [name.clone(), format!("{name}/twin")] {
                assert!(store.get(ROWS, key.as_bytes()).unwrap().is_some(), "acknowledged and lost: {key}");
            }
        }
        let rows = store.scan(ROWS, &trefoil_store::KeyRange::all(), usize::MAX, false).unwrap();
        assert_eq!(rows.len() % 2, 0, "a batch is there in part");
    }
}

/// Runs a child, kills it once it has printed this many acknowledgements, and returns all it printed.
fn kill_after(child: &str, path: &Path, lines: usize) -> Vec<String> {
    let mut child = Killed(
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", child, "--ignored", "--nocapture", "--test-threads=1"])
            .env(FILE, path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.0.stdout.take().unwrap()).lines() {
        // A line that the kill cut off was not an acknowledgement, and has no end that could be checked.
        let Ok(line) = line else { break };
        if let Some(what) = line.strip_prefix("ack ") {
            acknowledged.push(what.to_owned());
            if acknowledged.len() == lines {
                child.0.kill().unwrap();
            }
        }
    }
    assert!(acknowledged.len() >= lines, "the child ended by itself after {} lines", acknowledged.len());
    acknowledged
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be dead already; then there is only the wait.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn own(task: u64) -> QueueKey {
    QueueKey::new(format!("own {task}"))
}

async fn entries(store: &SqliteStore, queue: QueueKey) -> Vec<Entry> {
    store.read(queue, Position(0), ReadLimit { entries: usize::MAX, bytes: usize::MAX }).await.unwrap()
}
