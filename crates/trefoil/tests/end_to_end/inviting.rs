//! Invitations by commands alone, with three real services: a link is made, used by somebody of another service, and
//! taken back.

use crate::{
    commands::{Commands, trefoil},
    crowd::{Device, open_room},
    services::Services,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lets_somebody_of_another_service_in_once() {
    let services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await];
    let room = open_room(&mut devices, "Inviting").await.to_string();
    for (number, name) in [(2, "mary"), (1, "katherine")] {
        devices.push(Device::register(&services, number, name).await);
    }
    for device in devices {
        drop(device.switch_off().await);
    }
    let person = |name: &str| Commands { home: services.path().join("people").join(name) };
    let [ada, grace, mary, katherine] = ["ada", "grace", "mary", "katherine"].map(person);

    assert_eq!(trefoil(&grace.home, &["rooms", "invite", &room]).code, 4, "a member invites nobody");
    assert_eq!(trefoil(&ada.home, &["rooms", "invite", &room, "--days", "0"]).code, 2);
    let made = &ada.run(&["rooms", "invite", &room, "--days", "2"])[0];
    let link = made["link"].as_str().unwrap();
    assert_eq!((&made["people"], &made["room"]), (&1.into(), &room.clone().into()));
    let broken = trefoil(&mary.home, &["rooms", "join", &link[..link.len() - 3]]);
    assert!(broken.code == 2 && broken.said.contains("copy all of it"), "{}", broken.said);

    let joined = mary.run(&["rooms", "join", link]);
    assert_eq!(joined[0]["people"].as_array().unwrap().len(), 3, "{joined:?}");
    mary.run(&["send", &room, "good day, all"]);
    for member in [&ada, &grace] {
        let told = member.run(&["receive"]);
        assert!(told.iter().any(|line| line["event"] == "member-joined"), "{told:?}");
        assert!(member.shown(&room, "good day, all").is_some());
    }
    let late = trefoil(&katherine.home, &["rooms", "join", link]);
    assert!(late.code == 4 && late.said.contains("used up"), "{} {}", late.code, late.said);

    let second =
        ada.run(&["rooms", "invite", &room, "--people", "5"])[0]["link"].as_str().unwrap().to_owned();
    let open = ada.run(&["rooms", "invitations", &room]);
    assert_eq!((open.len(), &open[0]["people"]), (1, &5.into()));
    let name = &open[0]["invitation"].as_str().unwrap()[..8];
    assert_eq!(trefoil(&ada.home, &["rooms", "uninvite", &room, "ffffffffffff"]).code, 3);
    let taken = ada.run(&["rooms", "uninvite", &room, name]);
    assert_eq!((taken.len(), &taken[0]["kind"]), (1, &"invitation-taken-back".into()));
    assert!(ada.run(&["rooms", "invitations", &room]).is_empty());
    assert_eq!(trefoil(&ada.home, &["rooms", "uninvite", &room, &second]).code, 3);
    assert_eq!(trefoil(&katherine.home, &["rooms", "join", &second]).code, 4);
    assert_eq!(ada.run(&["rooms", "show", &room])[0]["people"].as_array().unwrap().len(), 3);
}
