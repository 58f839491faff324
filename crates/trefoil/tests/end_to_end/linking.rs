//! A person's further device, by commands alone: linked, used, taken off.

use crate::{
    commands::{Commands, trefoil},
    crowd::{Device, open_room, until},
    services::Services,
};
use std::time::Duration;
use trefoil::person;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_linked_writes_and_is_taken_off() {
    let services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await];
    person::rename(&mut devices[0].agent, "Ada").unwrap();
    let room = open_room(&mut devices, "Linking").await;
    let name = room.to_string();
    devices[0].say(&room, "before there was a second device");
    until(&mut devices, LIMIT, "Grace has it", |devices| devices[1].texts(&room).len() == 1).await;
    drop(devices.pop().unwrap().switch_off().await);
    let people = services.path().join("people");
    let first = Commands { home: people.join("grace") };
    let second = Commands { home: people.join("grace's second") };
    let (url, ca) = (services.planned(1).url.clone(), services.plan.ca.to_str().unwrap().to_owned());

    let value = |lines: &[serde_json::Value]| lines[0]["value"].as_str().unwrap().to_owned();
    let ask = ["account", "link", "request", "--service", &url, "--ca", &ca, "--name", "Kitchen"];
    let mut waiting = second.begin(&ask);
    let code = waiting.next().unwrap()["value"].as_str().unwrap().to_owned();
    assert!(code.len() < 120, "short enough for a small QR code: {code}");
    // Interrupted, it takes the same code up again.
    assert_ne!(waiting.interrupt(), Some(0));
    assert_eq!(trefoil(&second.home, &["receive"]).code, 3, "it is not linked");
    let mut waiting = second.begin(&["account", "link", "wait"]);
    assert_eq!(waiting.next().unwrap()["value"].as_str(), Some(&code[..]));
    let early = trefoil(&first.home, &["account", "link", "check"]);
    assert_eq!(early.code, 3, "{}", early.said);
    for wrong in ["nonsense", &code[..code.len() - 2]] {
        assert_eq!(trefoil(&first.home, &["account", "link", "approve", wrong]).code, 2);
    }
    assert_eq!(first.run(&["account", "link", "approve", &code])[0]["kind"], "link-approved");
    // Nothing is carried back: the new device has its answer.
    let shown: Vec<_> = waiting.collect();
    assert_eq!(shown[0]["primary"], false);
    let number = value(&shown[1..]);
    assert_eq!(number.len(), 9, "{number}");
    assert_eq!(value(&first.run(&["account", "link", "check"])), number, "both show the same");
    until(&mut devices, LIMIT, "Ada is told and greets the new device", |devices| {
        let view = devices[0].agent.client.room(&room).unwrap().unwrap();
        let reading: usize = view.participants.iter().map(|person| person.devices.len()).sum();
        reading == 3 && devices[0].agent.client.is_idle()
    })
    .await;
    // What was said before comes once the numbers were compared, and not earlier.
    assert_eq!(trefoil(&second.home, &["account", "link", "history"]).code, 3);
    second.run(&["receive"]);
    assert!(second.shown(&name, "before there was a second device").is_none());
    first.run(&["account", "link", "check", "--same"]);
    second.run(&["account", "link", "history"]);
    let early = second.shown(&name, "before there was a second device").unwrap();
    assert_eq!(early["name"], "Ada");
    let named = |person: &Commands| {
        let lines = person.run(&["account", "devices"]);
        lines.iter().any(|line| line["name"] == "Kitchen")
    };
    assert!(named(&first) && named(&second), "both know the name");
    second.run(&["send", &name, "from my second device"]);
    until(&mut devices, LIMIT, "Ada has it", |devices| {
        devices[0].texts(&room).last().is_some_and(|text| text == "from my second device")
    })
    .await;
    let step = devices[0].say(&room, "to both of you");
    until(&mut devices, LIMIT, "it is with the hub", |devices| devices[0].agent.client.is_idle()).await;
    let heard = |person: &Commands| {
        let lines = person.run(&["receive"]);
        lines.into_iter().find(|line| line["message"] == step.to_string())
    };
    assert_eq!(heard(&first).unwrap()["text"], "to both of you");
    assert_eq!(
        heard(&second).unwrap()["name"],
        "Ada",
        "a new device learns the names of those who are there"
    );

    let listed = first.run(&["account", "devices"]);
    assert_eq!(listed.len(), 2);
    let other = listed.iter().find(|line| line["this"] == false).unwrap()["device"].as_str().unwrap();
    let own = listed.iter().find(|line| line["this"] == true).unwrap()["device"].as_str().unwrap();
    assert_eq!(trefoil(&first.home, &["account", "remove-device", "nothing"]).code, 3);
    assert_eq!(trefoil(&first.home, &["account", "remove-device", own]).code, 4);
    assert_eq!(trefoil(&second.home, &["account", "remove-device", own]).code, 4, "it has no account key");
    assert_eq!(value(&first.run(&["account", "remove-device", other])), other);
    assert_eq!(first.run(&["account", "devices"]).len(), 1);
    until(&mut devices, LIMIT, "its leaf is out of the room", |devices| {
        let view = devices[0].agent.client.room(&room).unwrap().unwrap();
        view.participants.iter().map(|person| person.devices.len()).sum::<usize>() == 2
    })
    .await;
    let ended = trefoil(&second.home, &["receive"]);
    assert_eq!(ended.code, 4, "{}", ended.said);
    assert!(ended.said.contains("no longer knows this device"), "{}", ended.said);
    assert!(second.shown(&name, "to both of you").is_some(), "what it has received stays readable");
    println!("a device was linked, wrote and read, was taken off, out of its room, and was told");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_codes_can_still_be_carried_by_hand() {
    let services = Services::start().await;
    drop(Device::register(&services, 1, "grace").await.switch_off().await);
    let people = services.path().join("people");
    let first = Commands { home: people.join("grace") };
    let second = Commands { home: people.join("grace's second") };
    let (url, ca) = (services.planned(1).url.clone(), services.plan.ca.to_str().unwrap().to_owned());
    let value = |lines: &[serde_json::Value]| lines[0]["value"].as_str().unwrap().to_owned();
    let ask = ["account", "link", "request", "--by-hand", "--service", &url, "--ca", &ca];
    let request = value(&second.run(&ask));
    assert!(request.len() > 1000);
    let approved = first.run(&["account", "link", "approve", &request]);
    assert_eq!(approved[0]["kind"], "link-answer");
    let shown = second.run(&["account", "link", "finish", &value(&approved)]);
    assert_eq!(value(&first.run(&["account", "link", "check"])), value(&shown[1..]));
}
