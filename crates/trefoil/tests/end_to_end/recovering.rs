//! The only device is lost, and a recovery code brings everything back.

use crate::{
    commands::{Commands, trefoil},
    crowd::{Device, open_room, sha256, until},
    services::Services,
};
use std::time::Duration;
use trefoil::person;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_only_device_comes_back_with_a_code() {
    let services = Services::start().await;
    let mut devices = vec![
        Device::register(&services, 0, "ada").await,
        Device::register(&services, 2, "edsger").await,
        Device::register(&services, 1, "grace").await,
    ];
    person::rename(&mut devices[0].agent, "Ada").unwrap();
    let room = open_room(&mut devices, "Recovering").await;
    let name = room.to_string();
    devices[0].say(&room, "before anything is kept");
    until(&mut devices, LIMIT, "Grace has it", |devices| devices[2].texts(&room).len() == 1).await;
    drop(devices.pop().unwrap().switch_off().await);

    let people = services.path().join("people");
    let lost = Commands { home: people.join("grace") };
    let (url, ca) = (services.planned(1).url.clone(), services.plan.ca.to_str().unwrap().to_owned());
    let value = |lines: &[serde_json::Value]| lines[0]["value"].as_str().unwrap().to_owned();
    assert_eq!(lost.run(&["backup"])[0]["recovery"], "none");
    let code = value(&lost.run(&["account", "recovery"]));
    assert_eq!(lost.run(&["backup"])[0]["recovery"], "unconfirmed");
    let code_file = services.path().join("code");
    // A slip of the pen is told, and so is another code.
    let confirm = ["account", "recovery", "--confirm", "--code-file", code_file.to_str().unwrap()];
    let last = if code.ends_with('0') { "1" } else { "0" };
    std::fs::write(&code_file, format!("{}{last}", &code[..code.len() - 1])).unwrap();
    let slip = trefoil(&lost.home, &confirm);
    assert_eq!(slip.code, 2, "{}", slip.said);
    assert!(slip.said.contains("at least one character is wrong"), "{}", slip.said);
    std::fs::write(&code_file, code.to_lowercase().replace('-', " ")).unwrap();
    let standing = &lost.run(&confirm)[0];
    assert_eq!((&standing["recovery"], &standing["waiting"]), (&"confirmed".into(), &false.into()));

    // What comes later is kept without being asked for.
    let picture = services.path().join("leaf.bin");
    std::fs::write(&picture, vec![7_u8; 300_000]).unwrap();
    lost.run(&["send", &name, "a leaf", "--file", picture.to_str().unwrap()]);
    until(&mut devices, LIMIT, "Ada has the leaf", |devices| {
        devices[0].texts(&room).iter().any(|text| text == "a leaf")
    })
    .await;
    devices[0].say(&room, "what a leaf");
    until(&mut devices, LIMIT, "it is with the hub", |devices| devices[0].agent.client.is_idle()).await;
    lost.run(&["receive"]);
    let standing = &lost.run(&["backup", "--state"])[0];
    assert_eq!(standing["waiting"], false, "{standing}");
    let card = value(&lost.run(&["account", "card"]));

    // The folder is gone; a new one is made elsewhere.
    let new = Commands { home: people.join("grace's new") };
    let recover =
        ["account", "recover", "--service", &url, "--ca", &ca, "--code-file", code_file.to_str().unwrap()];
    let other = trefoil_client::backup::RecoverySecret::from_seed(&[9; 20]).code().to_string();
    std::fs::write(&code_file, other).unwrap();
    let wrong = trefoil(&new.home, &recover);
    assert_eq!(wrong.code, 3, "{}", wrong.said);
    assert!(wrong.said.contains("no backup under this recovery code"), "{}", wrong.said);
    assert!(!new.home.join("store.db").exists(), "nothing was made for a wrong code");
    std::fs::write(&code_file, &code).unwrap();
    let shown = new.run(&recover);
    assert_eq!((shown[0]["user"].as_str(), &shown[0]["primary"]), (Some(&card[..]), &true.into()));
    for text in ["before anything is kept", "what a leaf"] {
        let line = new.shown(&name, text).unwrap_or_else(|| panic!("{text} is not there"));
        assert_eq!(line["name"], "Ada", "{line}");
    }
    let saved = services.path().join("saved");
    new.run(&["rooms", "show", &name, "--save", saved.to_str().unwrap()]);
    assert_eq!(sha256(&saved.join("leaf.bin")), sha256(&picture), "the attachment can be fetched");

    // She goes on talking, and so does her backup.
    until(&mut devices, LIMIT, "the others see one device of hers", |devices| {
        devices.iter_mut().all(|device| {
            let view = device.agent.client.room(&room).unwrap().unwrap();
            view.participants.iter().map(|person| person.devices.len()).sum::<usize>() == 3
        })
    })
    .await;
    new.run(&["send", &name, "I am back"]);
    until(&mut devices, LIMIT, "everybody has it", |devices| {
        devices.iter().all(|device| device.texts(&room).last().is_some_and(|text| text == "I am back"))
    })
    .await;
    devices[1].say(&room, "welcome");
    until(&mut devices, LIMIT, "it is with the hub", |devices| devices[1].agent.client.is_idle()).await;
    let lines = new.run(&["receive"]);
    assert!(lines.iter().any(|line| line["text"] == "welcome"), "{lines:?}");
    assert_eq!(new.run(&["backup"])[0]["waiting"], false);
    assert_eq!(new.run(&["account", "devices"]).len(), 1);

    // All of it can be taken along, readable.
    let folder = services.path().join("export");
    let done = &new.run(&["export", folder.to_str().unwrap()])[0];
    assert_eq!((&done["files"], &done["missing"]), (&1.into(), &0.into()), "{done}");
    let account: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("account.json")).unwrap()).unwrap();
    assert_eq!((&account["format"], &account["user"]), (&"trefoil-export-1".into(), &card.clone().into()));
    let place = folder.join(account["rooms"][0]["folder"].as_str().unwrap());
    assert!(place.ends_with("001-Recovering"), "{}", place.display());
    let lines: Vec<serde_json::Value> = std::fs::read_to_string(place.join("messages.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(done["lines"], lines.len());
    let leaf = lines.iter().find(|line| line["text"] == "a leaf").unwrap();
    assert_eq!(sha256(&place.join(leaf["files"][0]["path"].as_str().unwrap())), sha256(&picture));
    let text = std::fs::read_to_string(place.join("messages.md")).unwrap();
    assert!(text.starts_with("# Recovering\n") && text.contains("> I am back\n"), "{text}");
    assert!(folder.join("README.txt").exists());
    let again = trefoil(&new.home, &["export", folder.to_str().unwrap()]);
    assert_eq!(again.code, 2, "{}", again.said);

    // The old folder comes back, and is told.
    let ended = trefoil(&lost.home, &["receive"]);
    assert_eq!(ended.code, 4, "{}", ended.said);
    assert!(ended.said.contains("no longer knows this device"), "{}", ended.said);
    println!("an only device was lost; its account, history and conversation came back with a code");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_only_device_comes_back_with_a_pin_by_commands() {
    let services = Services::start().await;
    let people = services.path().join("people");
    let ca = services.plan.ca.to_str().unwrap().to_owned();
    let url = |index: usize| services.planned(index).url.clone();
    let (own, with) = (url(1), [url(0), url(2)]);
    let device = Device::register(&services, 1, "grace").await;
    drop(device.switch_off().await);
    let lost = Commands { home: people.join("grace") };
    let file = services.path().join("pin");
    let pin_file = file.to_str().unwrap();
    std::fs::write(&file, "2718 or so\n").unwrap();

    let set = ["account", "pin", "--with", &with[0], "--with", &with[1]];
    let wrong = |arguments: &[&str], code: i32, said: &str| {
        let ended = trefoil(&lost.home, arguments);
        assert_eq!((ended.code, ended.data.len()), (code, 0), "{arguments:?}: {}", ended.said);
        assert!(ended.said.contains(said), "{arguments:?}: {}", ended.said);
    };
    wrong(&[&set[..], &["--remove"]].concat(), 3, "no PIN was set");
    wrong(
        &["account", "pin", "--with", &with[0], "--with", &with[0], "--pin-file", pin_file],
        2,
        "must be three",
    );
    wrong(
        &["account", "pin", "--with", &with[0], "--with", "https://127.0.0.1:1", "--pin-file", pin_file],
        5,
        "cannot be reached",
    );
    let standing = &lost.run(&[&set[..], &["--pin-file", pin_file]].concat())[0];
    assert_eq!((&standing["kind"], &standing["state"]), (&"pin".into(), &"set".into()));
    assert_eq!(standing["services"], serde_json::json!([own, with[0], with[1]]));
    lost.run(&["rooms", "create", "Kept"]);
    lost.run(&["backup"]);
    let card = lost.run(&["account", "card"])[0]["value"].clone();

    let new = Commands { home: people.join("grace's new") };
    let recover = |who: &'static str| {
        ["account", "recover", "--service", &own, "--ca", &ca, "--as", who, "--pin-file", pin_file]
            .map(str::to_owned)
    };
    let back = |who| {
        let arguments = recover(who);
        trefoil(&new.home, &arguments.each_ref().map(String::as_str))
    };
    let nobody = back("nobody");
    assert_eq!(nobody.code, 3, "{}", nobody.said);
    std::fs::write(&file, "2718 or not").unwrap();
    let slip = back("grace");
    assert_eq!((slip.code, slip.data.len()), (10, 0), "{}", slip.said);
    assert!(slip.said.contains("9 tries are left"), "{}", slip.said);
    assert!(!new.home.join("store.db").exists(), "nothing was made for a wrong PIN");
    std::fs::write(&file, "2718 or so").unwrap();
    let shown = back("grace");
    assert_eq!(shown.code, 0, "{}", shown.said);
    assert_eq!((&shown.data[0]["user"], &shown.data[0]["primary"]), (&card, &true.into()));
    assert!(new.run(&["rooms"]).iter().any(|room| room["name"] == "Kept"));

    // Used up, the PIN is locked, also for whoever knows it, until it is set again from a device.
    std::fs::write(&file, "000000").unwrap();
    let other = Commands { home: people.join("somebody") };
    let guess = recover("grace");
    let guess = guess.each_ref().map(String::as_str);
    for left in (0..10).rev() {
        let ended = trefoil(&other.home, &guess);
        assert_eq!(ended.code, 10, "{left}: {}", ended.said);
    }
    std::fs::write(&file, "2718 or so").unwrap();
    assert_eq!(trefoil(&other.home, &guess).code, 11);
    new.run(&[&set[..], &["--pin-file", pin_file]].concat());
    assert_eq!(new.run(&[&set[..], &["--remove"]].concat())[0]["state"], "removed");
    assert_eq!(trefoil(&other.home, &guess).code, 3);
}
