//! Mistakes that only show beside a service: what the binary says, which code it ends with, and that nothing is lost.

use crate::{
    commands::trefoil,
    crowd::{Device, open_room, sha256, until},
    services::Services,
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use trefoil::transfer;
use trefoil_client::conversation::compose;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_not_trusted_is_named_as_the_reason() {
    let services = Services::start().await;
    let home = services.path().join("ada");
    let url = services.planned(0).url.clone();
    let create = ["account", "create", "ada", "--service", &url];
    let ended = trefoil(&home, &create);
    assert_eq!(ended.code, 5, "{}", ended.said);
    assert!(ended.said.contains("certificate") && ended.said.contains("--ca FILE"), "{}", ended.said);
    assert!(!home.join("settings.toml").exists(), "an attempt that failed left an account behind");

    let ca = services.plan.ca.to_str().unwrap();
    assert_eq!(trefoil(&home, &[&create[..], &["--ca", ca]].concat()).code, 0);
    let other = trefoil::up::Plan::make(&services.path().join("others"), 0).unwrap();
    fs::copy(other.ca, home.join("ca.pem")).unwrap();
    let ended = trefoil(&home, &["receive"]);
    assert_eq!(ended.code, 5, "{}", ended.said);
    assert!(ended.said.contains("certificate"), "{}", ended.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_for_somebody_who_cannot_be_found_says_what_to_do() {
    let services = Services::start().await;
    let home = services.path().join("ada");
    let ca = services.plan.ca.to_str().unwrap();
    let url = services.planned(0).url.clone();
    assert_eq!(trefoil(&home, &["account", "create", "ada", "--service", &url, "--ca", ca]).code, 0);
    for (whom, code, said) in [
        ("nobody@account.test", 3, "account card"),
        ("nobody@handle.test", 3, "handle.test"),
        ("+441234567890@handle.test", 3, "phone number"),
        ("+441234567890@phone.test", 3, "phone.test"),
        ("nobody@nowhere.test", 5, "nowhere.test"),
        ("nobody", 2, "NAME@DOMAIN"),
    ] {
        let ended = trefoil(&home, &["find", whom]);
        assert_eq!((ended.code, ended.data.len()), (code, 0), "{whom}: {}", ended.said);
        assert!(ended.said.contains(said), "{whom}: {}", ended.said);
        assert_eq!(ended.said.trim_end().lines().count(), 1, "{whom}: {}", ended.said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_cannot_be_fetched_now_is_fetched_later_and_its_message_is_not_lost() {
    let mut services = Services::start().await;
    // Grace's service keeps the room, Ada's the picture.
    let mut devices =
        vec![Device::register(&services, 1, "grace").await, Device::register(&services, 0, "ada").await];
    let room = open_room(&mut devices, "Pictures").await;
    until(&mut devices, LIMIT, "both are at rest", |devices| {
        devices.iter().all(|device| device.agent.is_settled())
    })
    .await;
    let grace = devices.remove(0).switch_off().await;
    drop(grace);
    let home = services.path().join("people").join("grace");
    let picture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../demo/flower.jpg");
    let file = transfer::upload(&devices[0].agent.way(), &picture, true, |_, _| {}).await.unwrap();
    devices[0].send(&room, compose::attachment(&[file], "for the cards").unwrap());
    devices[0].say(&room, "and a word after it");
    until(&mut devices, LIMIT, "the room's service has both", |devices| devices[0].agent.client.is_idle())
        .await;
    drop(devices.remove(0).switch_off().await);
    services.stop(0);

    // Its place can be no folder: nothing is fetched, and the same run with another place has everything.
    let save = services.path().join("saved");
    let wrong = services.place.path().join("data/certificates/ca.pem");
    let ended = trefoil(&home, &["receive", "--save", wrong.to_str().unwrap()]);
    assert_eq!((ended.code, ended.data.len()), (2, 0), "{}", ended.said);
    let save = save.to_str().unwrap();

    let ended = trefoil(&home, &["receive", "--save", save]);
    assert_eq!(ended.code, 5, "{}", ended.said);
    assert!(ended.said.contains("rooms show ROOM --save DIR"), "{}", ended.said);
    let texts: Vec<_> = ended.data.iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!(texts, ["for the cards", "and a word after it"]);
    let attachment =
        &ended.data.iter().find(|line| line["text"] == "for the cards").unwrap()["attachments"][0];
    assert!(attachment["saved"].is_null() && attachment["unusable"].is_string(), "{attachment}");

    services.begin(0).await;
    let room = room.to_string();
    for _ in 0..2 {
        let ended = trefoil(&home, &["rooms", "show", &room, "--save", save]);
        assert_eq!(ended.code, 0, "{}", ended.said);
        let message = ended.data.iter().find(|line| line["text"] == "for the cards").unwrap();
        let saved = message["attachments"][0]["saved"].as_str().unwrap();
        assert_eq!(sha256(Path::new(saved)), sha256(&picture));
        assert_eq!(fs::read_dir(save).unwrap().count(), 1, "what is there was fetched again");
    }
}
