//! What the page alone could do once, by commands: a name, pictures in files, reactions taken back, parts of a timeline,
//! versions, settings, codes in pictures, a look at a service, the list of links, the PIN.

use crate::{
    commands::{Commands, Ended, trefoil},
    crowd::{Device, open_room},
    services::Services,
};
use serde_json::{Value, json};
use std::path::Path;

const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/china.jpg");

fn line<'a>(lines: &'a [Value], key: &str, is: &str) -> &'a Value {
    lines.iter().find(|line| line[key] == is).unwrap_or_else(|| panic!("no {key} {is:?} in {lines:#?}"))
}

fn texts(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter(|line| line["kind"] == "message").map(|line| line["text"].as_str().unwrap()).collect()
}

/// Ada and Grace, on two services, in a room.
async fn two_people(services: &Services) -> (Commands, Commands, String) {
    let mut devices =
        vec![Device::register(services, 0, "ada").await, Device::register(services, 1, "grace").await];
    let room = open_room(&mut devices, "Tea").await.to_string();
    for device in devices {
        drop(device.switch_off().await);
    }
    let person = |name: &str| Commands { home: services.path().join("people").join(name) };
    (person("ada"), person("grace"), room)
}

fn refused(person: &Commands, arguments: &[&str]) -> Ended {
    let ended = trefoil(&person.home, arguments);
    assert_ne!(ended.code, 0, "{arguments:?}: {:?}", ended.data);
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_read_in_parts_taken_back_and_kept_quiet_about() {
    let services = Services::start().await;
    let (ada, grace, room) = two_people(&services).await;
    let sent = |lines: &[Value]| lines[0]["message"].as_str().unwrap().to_owned();

    // A reaction goes away again, once; somebody else's stays.
    let said = sent(&ada.run(&["send", &room, "one"]));
    grace.run(&["receive"]);
    grace.run(&["send", &room, "👍", "--react", &said]);
    ada.run(&["receive"]);
    assert_eq!(refused(&ada, &["send", &room, "👍", "--unreact", &said]).code, 3, "it is Grace's");
    assert_eq!(ada.shown(&room, "one").unwrap()["reactions"][0]["users"].as_array().unwrap().len(), 1);
    grace.run(&["send", &room, "👍", "--unreact", &said]);
    ada.run(&["receive"]);
    assert_eq!(ada.shown(&room, "one").unwrap()["reactions"], json!([]));
    assert_eq!(refused(&grace, &["send", &room, "👍", "--unreact", &said]).code, 3, "it is gone");

    // Every version of a message, oldest first.
    ada.run(&["send", &room, "uno", "--edit", &said]);
    grace.run(&["receive"]);
    let versions = grace.run(&["rooms", "history", &room, &said]);
    let said_then: Vec<&Value> = versions.iter().map(|one| &one["text"]).collect();
    assert_eq!((said_then, &versions[0]["message"]), (vec![&json!("one"), &json!("uno")], &json!(said)));
    assert_eq!(refused(&grace, &["rooms", "history", &room, &"01".repeat(32)]).code, 3);

    // Parts of a timeline, and where they go on.
    let ids: Vec<String> =
        ["two", "three", "four", "five"].iter().map(|text| sent(&ada.run(&["send", &room, text]))).collect();
    let newest = ada.run(&["rooms", "show", &room, "--limit", "2"]);
    assert_eq!(texts(&newest), ["four", "five"]);
    let more = line(&newest, "kind", "more");
    assert_eq!((&more["before"], &more["after"]), (&line(&newest, "text", "four")["position"], &Value::Null));
    let before = more["before"].as_str().unwrap();
    let older = ada.run(&["rooms", "show", &room, "--limit", "2", "--before", before]);
    assert_eq!(texts(&older), ["two", "three"]);
    let after = line(&older, "text", "two")["position"].as_str().unwrap().to_owned();
    let newer = ada.run(&["rooms", "show", &room, "--after", &after]);
    assert_eq!(texts(&newer), ["three", "four", "five"]);
    assert_eq!(line(&newer, "kind", "more")["before"], line(&newer, "text", "three")["position"]);
    let around = ada.run(&["rooms", "show", &room, "--limit", "3", "--around", &ids[1]]);
    assert_eq!(texts(&around), ["two", "three", "four"]);
    assert_eq!(refused(&ada, &["rooms", "show", &room, "--before", "x"]).code, 2);
    assert_eq!(refused(&ada, &["rooms", "show", &room, "--around", &"01".repeat(32)]).code, 3);

    // Who chose to keep quiet is not heard to read or to write; a word at the right place says so again.
    let chosen = grace.run(&["settings", "--read-receipts", "off", "--typing", "off", "--theme", "dark"]);
    assert_eq!((&chosen[0]["read_receipts"], &chosen[0]["theme"]), (&json!(false), &json!("dark")));
    grace.run(&["receive"]);
    let quiet = trefoil(&grace.home, &["send", &room, "--typing"]);
    assert_eq!((quiet.code, quiet.data.len()), (0, 0), "{}", quiet.said);
    assert!(quiet.said.contains("settings --typing on"), "{}", quiet.said);
    ada.run(&["receive"]);
    let read = |text: &str| {
        let shown = ada.shown(&room, text).unwrap();
        shown["statuses"].as_array().unwrap().iter().any(|one| one["status"] == "read")
    };
    assert!(!read("five"), "she chose that it is not told");
    let again = grace.run(&["settings", "--read-receipts", "on"]);
    assert_eq!((&again[0]["read_receipts"], &again[0]["typing"]), (&json!(true), &json!(false)), "one alone");
    let last = sent(&ada.run(&["send", &room, "six"]));
    // It comes in by the way, and is read when she says so.
    grace.run(&["send", &room, "listening"]);
    ada.run(&["receive"]);
    assert!(!read("six"));
    let done = grace.run(&["rooms", "read", &room]);
    assert!(done[0]["through"].is_string(), "{done:?}");
    ada.run(&["receive"]);
    assert!(read("six"), "{last}");
    assert_eq!(refused(&grace, &["settings", "--language", "../de"]).code, 2);

    // Somebody stops to write: stored nowhere, and told to who is there.
    let mut follows = ada.begin(&["receive", "--follow"]);
    grace.run(&["settings", "--typing", "on"]);
    grace.run(&["send", &room, "--typing"]);
    assert!(follows.by_ref().any(|one| one["event"] == "typing"));
    grace.run(&["send", &room, "--not-typing"]);
    assert!(follows.by_ref().any(|one| one["event"] == "typing-stopped"));
    assert_eq!(follows.interrupt(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_pictures_codes_services_and_accounts_are_seen_from_the_command_line() {
    let services = Services::start().await;
    let (ada, grace, room) = two_people(&services).await;
    let file = |name: &str| services.path().join(name).to_str().unwrap().to_owned();

    // One's own name, as others see it.
    assert_eq!(grace.run(&["account", "name"])[0]["value"], "");
    assert_eq!(grace.run(&["account", "name", "Grace Hopper"])[0]["value"], "Grace Hopper");
    assert_eq!(refused(&grace, &["account", "name", "  "]).code, 2);
    assert_eq!(grace.run(&["account", "name"])[0]["value"], "Grace Hopper");
    ada.run(&["receive"]);
    let people = ada.run(&["rooms", "show", &room])[0]["people"].clone();
    let user = grace.run(&["account", "card"])[0]["value"].as_str().unwrap().to_owned();
    assert_eq!(line(people.as_array().unwrap(), "user", &user)["name"], "Grace Hopper");

    // Pictures, of a person and of a room, into new files.
    let none = ["rooms", "picture", &room, "--of", &user, "--save", &file("none.jpg")];
    assert_eq!(refused(&ada, &none).code, 3);
    assert!(!Path::new(&file("none.jpg")).exists());
    grace.run(&["account", "picture", PICTURE]);
    ada.run(&["rooms", "picture", &room, PICTURE]);
    ada.run(&["receive"]);
    grace.run(&["receive"]);
    for (person, arguments, name) in [
        (&grace, vec!["account", "picture"], "own.jpg"),
        (&ada, vec!["rooms", "picture", &room, "--of", &user], "grace.jpg"),
        (&grace, vec!["rooms", "picture", &room], "room.jpg"),
    ] {
        let saved = person.run(&[&arguments[..], &["--save", &file(name)]].concat());
        assert_eq!((&saved[0]["type"], &saved[0]["file"]), (&json!("image/jpeg"), &json!(file(name))));
        let picture = std::fs::read(file(name)).unwrap();
        assert!(picture.starts_with(b"\xFF\xD8\xFF") && saved[0]["bytes"] == picture.len(), "{name}");
        let twice = refused(person, &[&arguments[..], &["--save", &file(name)]].concat());
        assert!(twice.code == 2 && std::fs::read(file(name)).unwrap() == picture, "nothing is overwritten");
    }

    // Codes in pictures, and what they are for.
    let link = ada.run(&["rooms", "invite", &room])[0]["link"].as_str().unwrap().to_owned();
    for (text, what) in [(&*user, "card"), (&link, "invitation"), ("https://example.org", "other")] {
        std::fs::write(file("code.png"), drawn(text)).unwrap();
        let seen = ada.run(&["scan", &file("code.png")]);
        assert_eq!((&seen[0]["value"], &seen[0]["what"]), (&json!(text), &json!(what)));
    }
    assert_eq!(refused(&ada, &["scan", PICTURE]).code, 3);
    assert_eq!(refused(&ada, &["scan", "/no/such/picture"]).code, 2);

    // A service is looked at, by whoever has no account yet.
    let nobody = Commands { home: services.path().join("people/nobody") };
    let ca = services.plan.ca.to_str().unwrap();
    let looked = nobody.run(&["services", "look", "--service", &services.planned(2).url, "--ca", ca]);
    assert_eq!((&looked[0]["domain"], &looked[0]["profile"]), (&json!("phone.test"), &json!("phone")));
    assert_eq!(refused(&nobody, &["services", "look", "--service", &services.planned(2).url]).code, 5);
    assert!(!nobody.home.exists());

    // The accounts of a person; who has none is told as always.
    let listed = grace.run(&["account", "list"]);
    assert_eq!((&listed[0]["user"], &listed[0]["name"]), (&json!(user), &json!("Grace Hopper")));
    assert_eq!(refused(&nobody, &["account", "list"]).code, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_the_pin_are_listed_and_a_pin_is_taken_back_without_naming_its_services() {
    let services = Services::start().await;
    let device = Device::register(&services, 1, "grace").await;
    drop(device.switch_off().await);
    let grace = Commands { home: services.path().join("people/grace") };
    assert!(grace.run(&["account", "link", "list"]).is_empty());
    let tablet = Commands { home: services.path().join("people/tablet") };
    let (own, ca) = (services.planned(1).url.clone(), services.plan.ca.to_str().unwrap().to_owned());
    let mut request = tablet.begin(&["account", "link", "request", "--service", &own, "--ca", &ca]);
    let code = request.next().unwrap()["value"].as_str().unwrap().to_owned();
    let device = grace.run(&["account", "link", "approve", &code])[0]["value"].clone();
    let number = request.by_ref().find(|one| one["kind"] == "link-number").unwrap()["value"].clone();
    assert!(request.next().is_none(), "it ended well");
    assert_eq!(grace.run(&["account", "link", "check"])[0]["value"], number);
    let links = grace.run(&["account", "link", "list"]);
    assert_eq!((links.len(), &links[0]["device"], &links[0]["number"]), (1, &device, &number));
    assert_eq!((&links[0]["first"], &links[0]["compared"]), (&json!(true), &json!(false)));

    let file = services.path().join("pin");
    std::fs::write(&file, "2718 or so\n").unwrap();
    let state = || grace.run(&["account", "pin", "--state"])[0].clone();
    assert_eq!((&state()["state"], &state()["services"]), (&json!("none"), &json!([])));
    let (one, other) = (services.planned(0).url.clone(), services.planned(2).url.clone());
    let set = ["account", "pin", "--with", &one, "--with", &other, "--pin-file", file.to_str().unwrap()];
    grace.run(&set);
    assert_eq!((&state()["state"], &state()["services"]), (&json!("set"), &json!([own, one, other])));
    assert_eq!(grace.run(&["account", "pin", "--remove"])[0]["state"], "removed");
    assert_eq!(state()["state"], "none");
    assert_eq!(refused(&grace, &["account", "pin", "--remove"]).code, 3);
}

/// A QR code as a picture of it: four pixels a module, a margin of four modules.
fn drawn(text: &str) -> Vec<u8> {
    let code = qrcode::QrCode::new(text).unwrap();
    let (width, colours) = (code.width(), code.to_colors());
    let side = u32::try_from((width + 8) * 4).unwrap();
    let shade = |x: u32, y: u32| {
        let at = |pixel: u32| (usize::try_from(pixel).unwrap() / 4).checked_sub(4).filter(|at| *at < width);
        let dark = at(x).zip(at(y)).is_some_and(|(x, y)| colours[y * width + x] == qrcode::Color::Dark);
        image::Luma([if dark { 0 } else { 255_u8 }])
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::DynamicImage::ImageLuma8(image::GrayImage::from_fn(side, side, shade));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}
