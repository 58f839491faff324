//! What a command takes in while it does something else: a message waits for `receive`, what is about people is said.

use crate::{
    commands::{Commands, trefoil},
    crowd::{Device, open_room, until},
    services::Services,
};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_came_is_lost_to_a_command_that_was_asked_for_something_else() {
    let services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await];
    let room = open_room(&mut devices, "By the way").await;
    drop(devices.pop().unwrap().switch_off().await);
    let grace = Commands { home: services.path().join("people").join("grace") };
    grace.run(&["receive"]);
    let name = room.to_string();

    devices[0].say(&room, "run, they are coming");
    devices[0].agent.act(|client, now| client.rename_room(&room, "Elsewhere", now)).unwrap();
    until(&mut devices, LIMIT, "both are with the hub", |devices| devices[0].agent.client.is_idle()).await;
    let sent = trefoil(&grace.home, &["send", &name, "are you there?"]);
    assert_eq!(sent.code, 0, "{}", sent.said);
    assert!(sent.said.contains("Elsewhere"), "{}", sent.said);
    // One that ends with a refusal takes in as much.
    assert_ne!(trefoil(&grace.home, &["rooms", "rename", &name, "Elsewhere still"]).code, 0);

    let texts = |lines: Vec<serde_json::Value>| -> Vec<serde_json::Value> {
        lines.into_iter().filter(|line| line["kind"] == "message").map(|line| line["text"].clone()).collect()
    };
    assert_eq!(texts(grace.run(&["receive"])), ["run, they are coming"]);
    assert!(texts(grace.run(&["receive"])).is_empty(), "once");
}
