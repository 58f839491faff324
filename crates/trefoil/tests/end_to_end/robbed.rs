//! A service takes a message out of a mailbox on its disk. The person is told, asks again, and has it.

use crate::{
    commands::Commands,
    crowd::{Device, open_room, until},
    services::Services,
};
use std::{path::Path, time::Duration};

const LIMIT: Duration = Duration::from_secs(60);

/// The highest number that a mailbox of this service ever had.
fn newest(data: &Path) -> i64 {
    let store = rusqlite::Connection::open(data.join("service.db")).unwrap();
    store.query_row("SELECT COALESCE(MAX(seq), 0) FROM inbox", [], |row| row.get(0)).unwrap()
}

/// Takes the first entry after a number out of the mailboxes.
fn steal(data: &Path, after: i64) {
    let store = rusqlite::Connection::open(data.join("service.db")).unwrap();
    let first = "SELECT MIN(seq) FROM inbox WHERE seq > ?1";
    let stolen = store.execute(&format!("DELETE FROM inbox WHERE seq = ({first})"), [after]).unwrap();
    assert_eq!(stolen, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_a_service_took_away_is_told_and_comes_when_asked_for() {
    let mut services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await];
    let room = open_room(&mut devices, "Robbed").await;
    let first = devices[0].say(&room, "before");
    until(&mut devices, LIMIT, "Grace reads Ada", |devices| {
        devices[1].message(&room, &first).is_some() && devices.iter().all(|device| device.agent.is_settled())
    })
    .await;
    let grace = Commands { home: services.path().join("people").join("grace") };
    drop(devices.pop().unwrap().switch_off().await);
    let data = services.planned(1).data.clone();
    services.stop(1);
    let after = newest(&data);
    services.begin(1).await;
    for text in ["stolen", "stays"] {
        devices[0].say(&room, text);
        until(&mut devices, LIMIT, "the hub has it", |devices| {
            devices[0].agent.client.outbox_len(&room).unwrap() == 0
        })
        .await;
    }
    let until_there = std::time::Instant::now() + LIMIT;
    let arrived = || {
        let store = rusqlite::Connection::open(data.join("service.db")).unwrap();
        let count = "SELECT COUNT(*) FROM inbox WHERE seq > ?1";
        store.query_row(count, [after], |row| row.get::<_, i64>(0)).unwrap()
    };
    while arrived() < 2 {
        assert!(std::time::Instant::now() < until_there, "the messages do not reach Grace's service");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    services.stop(1);
    steal(&data, after);
    services.begin(1).await;

    let name = room.to_string();
    let told = grace.run(&["receive"]);
    let finding = told.iter().find(|line| line["event"] == "messages-missing").expect("it is told");
    assert!(finding["detail"].as_str().unwrap().contains("rooms ask-again"), "{finding}");
    assert!(grace.shown(&name, "stolen").is_none() && grace.shown(&name, "stays").is_some());
    let shown = &grace.run(&["rooms", "show", &name])[0];
    assert_eq!(shown["missing"][0]["messages"], 1, "{shown}");

    let asked = &grace.run(&["rooms", "ask-again", &name])[0];
    assert_eq!((&asked["kind"], &asked["messages"]), (&"asked-again".into(), &1.into()));
    until(&mut devices, LIMIT, "Ada has answered", |_| {
        grace.run(&["receive"]);
        grace.shown(&name, "stolen").is_some()
    })
    .await;
    let shown = grace.run(&["rooms", "show", &name]);
    assert_eq!(shown[0]["missing"], serde_json::json!([]), "{}", shown[0]);
    let texts: Vec<_> = shown
        .iter()
        .filter(|line| line["kind"] == "message")
        .filter_map(|line| line["text"].as_str())
        .collect();
    assert_eq!(texts, ["before", "stolen", "stays"]);
    assert_eq!(grace.run(&["rooms", "ask-again", &name])[0]["messages"], 0);
}
