//! Announcement rooms, pictures and communities by commands alone, across services.

use crate::{
    commands::{Commands, trefoil},
    crowd::{Device, open_room},
    services::Services,
};
use serde_json::Value;

const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/china.jpg");

fn has(lines: &[Value], part: &str) -> bool {
    lines.iter().any(|line| line["text"].as_str().is_some_and(|text| text.contains(part)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_over_services_lists_groups_that_its_people_join() {
    let services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await];
    let met = open_room(&mut devices, "Met").await.to_string();
    let user = devices[1].user().to_string();
    devices.push(Device::register(&services, 2, "mary").await);
    for device in devices {
        drop(device.switch_off().await);
    }
    let person = |name: &str| Commands { home: services.path().join("people").join(name) };
    let [ada, grace, mary] = ["ada", "grace", "mary"].map(person);
    let room = |lines: &[Value]| lines[0]["room"].as_str().unwrap().to_owned();

    // Who writes changes, and everybody reads that it did.
    let limited = ada.run(&["rooms", "writers", &met, "admins"]);
    assert_eq!(limited[0]["announcement"], true, "{limited:?}");
    assert_eq!(trefoil(&grace.home, &["rooms", "writers", &met, "everybody"]).code, 4, "a member");
    let said = ada.run(&["send", &met, "dinner is at eight"]);
    grace.run(&["receive"]);
    assert_eq!(trefoil(&grace.home, &["send", &met, "and what is for dinner?"]).code, 4);
    let said = said[0]["message"].as_str().unwrap();
    grace.run(&["send", &met, "--react", said, "👍"]);
    ada.run(&["receive"]);
    assert_eq!(ada.shown(&met, "dinner is at eight").unwrap()["reactions"][0]["emoji"], "👍");
    assert!(has(&grace.run(&["rooms", "show", &met]), "only admins write here"));

    // A community with a picture and a group.
    let community = room(&ada.run(&["community", "create", "Street", "--with", &user]));
    let group = room(&ada.run(&["rooms", "create", "Gardens"]));
    ada.run(&["rooms", "picture", &community, PICTURE]);
    assert_eq!(trefoil(&grace.home, &["rooms", "picture", &community, PICTURE]).code, 3, "not in it yet");
    let listed = ada.run(&["community", "add", &community, &group, "--description", "What grows"]);
    assert_eq!((&listed[0]["name"], &listed[0]["joined"]), (&"Gardens".into(), &true.into()));
    grace.run(&["receive"]);
    assert_eq!(trefoil(&grace.home, &["rooms", "picture", &community, "--none"]).code, 4, "a member");
    let lines = grace.run(&["rooms", "show", &community]);
    assert!(has(&lines, "added the group") && has(&lines, "changed the room's picture"), "{lines:#?}");
    let seen = grace.run(&["community", "show", &community]);
    assert_eq!((&seen[0]["description"], &seen[0]["joined"]), (&"What grows".into(), &false.into()));
    assert!(!serde_json::to_string(&seen).unwrap().contains("trefoil-invite-"), "a link is not shown");
    grace.run(&["community", "join", &community, "Gardens"]);
    grace.run(&["send", &group, "the roses are out"]);
    ada.run(&["receive"]);
    assert!(ada.shown(&group, "the roses are out").is_some());

    // Who comes later, of the third service, learns what the community was told before.
    let link = ada.run(&["rooms", "invite", &community])[0]["link"].as_str().unwrap().to_owned();
    mary.run(&["rooms", "join", &link]);
    ada.run(&["receive"]);
    mary.run(&["receive"]);
    assert_eq!(mary.run(&["community", "show", &community])[0]["name"], "Gardens");
    mary.run(&["community", "join", &community, "Gardens"]);

    let left = ada.run(&["community", "remove", &community, "Gardens"]);
    assert!(left.iter().all(|line| line["kind"] != "group"), "{left:?}");
    mary.run(&["send", &group, "still here"]);
    assert_eq!(trefoil(&ada.home, &["community", "show", &group]).code, 3, "it is no community");

    // One's own picture, and none of what is no picture.
    ada.run(&["account", "picture", PICTURE]);
    assert_eq!(trefoil(&ada.home, &["account", "picture", "/dev/null"]).code, 2);
    ada.run(&["account", "picture", "--none"]);
}
