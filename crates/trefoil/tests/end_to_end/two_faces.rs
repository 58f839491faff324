//! A service shows two people different key directories. Nobody else looks; at their next message both have the evidence.

use crate::{
    audits::{forget_store, publish},
    commands::{Commands, trefoil},
    crowd::{Device, open_room, until},
    services::Services,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use trefoil_server::Config;

const LIMIT: Duration = Duration::from_secs(60);

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap();
        if name.to_string_lossy().starts_with("service.db") {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

fn evidence_in(home: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(home).unwrap().map(|file| file.unwrap().path());
    files.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("evidence-account.test-"))
}

fn event<'a>(told: &'a [serde_json::Value], name: &str) -> Option<&'a serde_json::Value> {
    told.iter().find(|line| line["event"] == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_are_shown_different_directories_have_the_evidence_at_their_next_message() {
    let mut services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 0, "grace").await];
    let room = open_room(&mut devices, "Two faces").await;
    let first = devices[0].say(&room, "before");
    until(&mut devices, LIMIT, "Grace reads Ada", |devices| {
        devices[1].message(&room, &first).is_some() && devices.iter().all(|device| device.agent.is_settled())
    })
    .await;
    while let Some(device) = devices.pop() {
        drop(device.switch_off().await);
    }
    let person = |name: &str| Commands { home: services.path().join("people").join(name) };
    let (ada, grace, room) = (person("ada"), person("grace"), room.to_string());
    for person in [&ada, &grace] {
        person.run(&["account", "directory", "--auditors", "0"]);
    }

    // Two histories of one epoch more, under the same keys: Ada looks at one, Grace at the other.
    let config = Config::load(&services.planned(0).config, []).unwrap();
    for index in 0..3 {
        services.stop(index);
    }
    let before = services.path().join("before");
    copy(&config.data, &before);
    publish(&config, 1, 1).await;
    services.begin(0).await;
    ada.run(&["account", "directory"]);
    services.stop(0);
    forget_store(&config.data);
    copy(&before, &config.data);
    publish(&config, 1, 2).await;
    services.begin(0).await;
    let looked = grace.run(&["account", "directory"]);
    assert!(event(&looked, "directory-split").is_none());
    grace.run(&["send", &room, "what do you see?"]);

    let told = ada.run(&["receive"]);
    assert!(event(&told, "directory-split").is_some(), "{told:?}");
    let told = grace.run(&["receive"]);
    assert!(event(&told, "directory-split").is_some(), "{told:?}");
    for home in [&ada.home, &grace.home] {
        let file = evidence_in(home).expect("a file of evidence");
        let output = Command::new(env!("CARGO_BIN_EXE_trefoil"))
            .args(["--json", "audit", "--evidence"])
            .arg(&file)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let judged: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(judged["accused"], "account.test");
    }

    // Nobody new is taken on this directory's word until the person says so; the evidence stays.
    devices.push(Device::register(&services, 0, "joan").await);
    until(&mut devices, LIMIT, "Joan can be written to", |devices| devices[0].agent.is_settled()).await;
    let joan = devices.remove(0);
    let uri = joan.user().to_string();
    drop(joan.switch_off().await);
    let refused = trefoil(&ada.home, &["rooms", "add", &room, &uri]);
    assert_eq!(refused.code, 8, "{}", refused.said);
    assert!(refused.said.contains("--believe-again account.test"), "{}", refused.said);
    ada.run(&["account", "directory", "--believe-again", "account.test"]);
    let people = &ada.run(&["rooms", "add", &room, &uri])[0]["people"];
    assert_eq!(people.as_array().unwrap().len(), 3, "{people}");
    assert!(evidence_in(&ada.home).is_some());
    let twice = trefoil(&ada.home, &["account", "directory", "--believe-again", "account.test"]);
    assert_eq!(twice.code, 3, "{}", twice.said);
}
