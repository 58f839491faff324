//! Reading, disappearing, mentioning and typing with the real binary: one person is driven here, the other by commands.

use crate::{
    commands::Commands,
    crowd::{Device, open_room, until},
    services::Services,
};
use std::time::Duration;
use trefoil::{mention::mentioned, person};
use trefoil_client::conversation::{Position, ReadReceipts};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_told_and_what_has_a_timer_disappears() {
    let services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await];
    person::rename(&mut devices[0].agent, "Ada").unwrap();
    let room = open_room(&mut devices, "Reading").await;
    // Ada's name comes when the room is open; without it nobody can be mentioned.
    until(&mut devices, LIMIT, "Grace knows Ada's name and both are at rest", |devices| {
        let (_, mentions) = mentioned(&mut devices[1].agent, &room, "@Ada", &[]).unwrap();
        mentions.len() == 1 && devices.iter().all(|device| device.agent.is_settled())
    })
    .await;
    let grace = devices.pop().unwrap();
    let commands = Commands { home: services.path().join("people").join("grace") };
    drop(grace.switch_off().await);
    let name = room.to_string();

    // A mention is seen as one, and a read status reaches its sender.
    commands.run(&["send", &name, "hello @Ada, are you there?"]);
    commands.run(&["send", &name, "gone soon", "--expires", "1s"]);
    until(&mut devices, LIMIT, "Ada has both", |devices| devices[0].texts(&room).len() == 2).await;
    let mentioned: Vec<bool> =
        messages(&devices[0], &room).iter().map(|message| message.mentions_me).collect();
    assert_eq!(mentioned, [true, false]);
    let step =
        devices[0].agent.client.mark_read(&room, Position::END, ReadReceipts::Send, trefoil::clock::now());
    let outcome = step.unwrap().commit().unwrap();
    devices[0].agent.carry_out(outcome);
    until(&mut devices, LIMIT, "what has a timer disappears", |devices| devices[0].texts(&room).len() == 1)
        .await;
    until(&mut devices, LIMIT, "Ada's read status left", |devices| devices[0].agent.client.is_idle()).await;
    let heard = commands.run(&["receive"]);
    assert!(heard.iter().any(|line| line["event"] == "read"), "{heard:?}");
    let first = commands.shown(&name, "hello @Ada, are you there?").unwrap();
    assert_eq!(first["statuses"][0]["status"], "read", "{first}");
    assert!(commands.shown(&name, "gone soon").is_none(), "the sender's copy disappears too");

    // `receive` reads for its person, unless told to keep it to itself.
    let quiet = devices[0].say(&room, "tell nobody");
    until(&mut devices, LIMIT, "it is with the hub", |devices| devices[0].agent.client.is_idle()).await;
    commands.run(&["receive", "--no-read-receipts"]);
    let loud = devices[0].say(&room, "tell me");
    until(&mut devices, LIMIT, "it is with the hub", |devices| devices[0].agent.client.is_idle()).await;
    commands.run(&["receive"]);
    until(&mut devices, LIMIT, "Ada hears of the second", |devices| {
        status(&devices[0], &room, &loud) == ["read"]
    })
    .await;
    assert_eq!(status(&devices[0], &room, &quiet), ["delivered"]);

    // Writing is told to whoever is there.
    let home = commands.home.clone();
    let typing = std::thread::spawn({
        let name = name.clone();
        move || Commands { home }.run(&["send", &name, "--typing"])
    });
    until(&mut devices, LIMIT, "Ada sees that Grace writes", |devices| devices[0].typing > 0).await;
    typing.join().unwrap();
    println!("mention, read status, disappearing and typing seen across services");
}

fn messages(device: &Device, room: &trefoil_proto::RoomUri) -> Vec<trefoil::show::Message> {
    let lines = trefoil::show::timeline(&device.agent, room, 100).unwrap();
    let message = |line| match line {
        trefoil::show::Shown::Message(message) => Some(*message),
        _ => None,
    };
    lines.into_iter().filter_map(message).collect()
}

fn status(
    device: &Device,
    room: &trefoil_proto::RoomUri,
    id: &trefoil_proto::content::MessageId,
) -> Vec<&'static str> {
    device.message(room, id).unwrap().statuses.iter().map(|status| status.status).collect()
}

/// A picture that came without words is quoted by its name, not as something that is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_to_a_picture_quotes_its_name() {
    let services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await];
    let room = open_room(&mut devices, "Pictures").await;
    let grace = Commands { home: services.path().join("people").join("grace") };
    drop(devices.pop().unwrap().switch_off().await);
    let file = services.path().join("notes.txt");
    std::fs::write(&file, "what is in it").unwrap();
    let name = room.to_string();
    grace.run(&["send", &name, "--file", file.to_str().unwrap()]);
    let sent = grace.run(&["rooms", "show", &name]).pop().unwrap();
    grace.run(&["send", &name, "see above", "--reply", sent["message"].as_str().unwrap()]);
    let shown = std::process::Command::new(env!("CARGO_BIN_EXE_trefoil"))
        .arg("--home")
        .arg(&grace.home)
        .args(["rooms", "show", &name])
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("↳ [notes.txt]"), "{shown}");
}
