//! An operator wants somebody out of a room: by command, with three real services, and a person of another one.

use crate::{
    commands::trefoil,
    crowd::{Device, open_room, until},
    services::Services,
};
use std::time::Duration;
use trefoil::show::Shown;

const LIMIT: Duration = Duration::from_secs(60);
const REASON: &str = "he threatens people";

fn lines(device: &Device, room: &trefoil_proto::RoomUri) -> Vec<String> {
    let shown = trefoil::show::timeline(&device.agent, room, 1000).unwrap();
    let notes = shown.into_iter().filter_map(|shown| match shown {
        Shown::Note(note) => Some(note.text),
        _ => None,
    });
    notes.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_has_somebody_removed_and_everybody_reads_why() {
    let mut services = Services::start().await;
    let mut devices = vec![
        Device::register(&services, 0, "ada").await,
        Device::register(&services, 1, "grace").await,
        Device::register(&services, 2, "mallory").await,
    ];
    let room = open_room(&mut devices, "Removal").await;
    let (name, mallory) = (room.to_string(), devices[2].user().to_string());
    let nobody = services.path().join("people").join("nobody");
    let config = services.planned(0).config.to_str().unwrap().to_owned();
    let order = |room: &str, more: &[&str]| {
        let ask = ["admin", "remove-from-room", room, &mallory, "--config", &config, "--wait", "30"];
        trefoil(&nobody, &[&ask[..], more].concat())
    };
    assert_eq!(order(&name, &[]).code, 2, "no reason");
    assert_eq!(order(&name, &["--reason", "two\nlines"]).code, 2);
    assert_eq!(order(&name, &["--reason", REASON, "--lift"]).code, 2);
    assert_eq!(order("mimi://account.test/r/none", &["--reason", REASON]).code, 3);
    let state = |room: &str, more: &[&str]| {
        let done = order(room, more);
        assert_eq!(done.code, 0, "{}", done.said);
        done.data[0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&name, &["--lift"]), "lifted", "nothing was asked for");

    // It is ordered while the service is down, and while the only admin is away.
    let ada = devices.remove(0).switch_off().await;
    services.stop(0);
    let ask = ["--reason", REASON, "--wait", "0"];
    let handed_in = trefoil(
        &nobody,
        &[&["admin", "remove-from-room", &name, &mallory, "--config", &config][..], &ask].concat(),
    );
    assert_eq!(handed_in.data[0]["state"], "handed-in");
    services.begin(0).await;
    until(&mut devices, LIMIT, "Grace and Mallory are told", |devices| {
        devices.iter().all(|device| lines(device, &room).iter().any(|line| line.ends_with(REASON)))
    })
    .await;
    devices[1].say(&room, "you will hear from me");
    until(&mut devices, LIMIT, "the hub refuses Mallory", |devices| !devices[1].refused.is_empty()).await;
    assert!(devices[1].refused[0].contains("NotAllowed"), "{:?}", devices[1].refused);

    devices.insert(0, ada.switch_on());
    until(&mut devices, LIMIT, "Ada's device has removed Mallory", |devices| {
        devices[0].is_in(&room, 2) && devices[1].is_in(&room, 2)
    })
    .await;
    for device in &devices[..2] {
        let lines = lines(device, &room);
        let last = &lines[lines.len() - 2..];
        assert!(last[0].contains("account.test") && last[0].ends_with(REASON), "{last:?}");
        assert!(last[1].contains(" removed "), "{last:?}");
    }
    assert_eq!(devices[0].texts(&room), devices[1].texts(&room));
    assert_eq!(state(&name, &["--lift"]), "lifted");
}
