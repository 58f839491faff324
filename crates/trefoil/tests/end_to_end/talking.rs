//! What a messenger's page can do, by commands: marks, search, forwarding, polls, timers, what is seen once.

use crate::{
    commands::{Commands, trefoil},
    crowd::{Device, open_room},
    services::Services,
};
use serde_json::Value;

fn line<'a>(lines: &'a [Value], key: &str, is: &str) -> &'a Value {
    lines.iter().find(|line| line[key] == is).unwrap_or_else(|| panic!("no {key} {is:?} in {lines:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_what_a_page_does() {
    let services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await];
    let room = open_room(&mut devices, "Tea").await.to_string();
    for device in devices {
        drop(device.switch_off().await);
    }
    let person = |name: &str| Commands { home: services.path().join("people").join(name) };
    let (ada, grace) = (person("ada"), person("grace"));
    let sent = |lines: Vec<Value>| lines[0]["message"].as_str().unwrap().to_owned();
    let code = |person: &Commands, arguments: &[&str]| trefoil(&person.home, arguments).code;
    let elsewhere = ada.run(&["rooms", "create", "Elsewhere"])[0]["room"].as_str().unwrap().to_owned();

    // Search.
    let said = sent(ada.run(&["send", &room, "Tea at the *café*, at noon"]));
    grace.run(&["receive"]);
    let found = grace.run(&["search", "CAFE", "te", "--room", &room]);
    assert_eq!((found.len(), found[0]["message"].as_str()), (1, Some(said.as_str())));
    let hits: Vec<_> =
        found[0]["excerpt"].as_array().unwrap().iter().filter(|piece| piece["hit"] == true).collect();
    assert_eq!(hits.iter().map(|piece| piece["text"].as_str().unwrap()).collect::<Vec<_>>(), ["Tea", "café"]);
    assert!(grace.run(&["search", "coffee"]).is_empty());
    ada.run(&["send", &room, "Tea again"]);
    let first = ada.run(&["search", "tea", "--limit", "1"]);
    let more = line(&first, "kind", "more")["more"].as_str().unwrap();
    assert_eq!(ada.run(&["search", "tea", "--limit", "1", "--after", more])[0]["message"], said);

    // Forwarding.
    ada.run(&["send", &elsewhere, "--forward", &said, "--from", &room]);
    let passed = ada.run(&["rooms", "show", &elsewhere]);
    let passed = line(&passed, "text", "Tea at the *café*, at noon");
    assert_eq!((&passed["forwarded"], passed["message"] == said), (&1.into(), false));
    assert_eq!(code(&ada, &["send", &elsewhere, "--forward", &said]), 2, "from where?");
    let own = grace.run(&["rooms", "create", "Grace's"])[0]["room"].as_str().unwrap().to_owned();
    let other = ada.home.to_str().unwrap();
    grace.run(
        &["send", &own, "--forward", &said, "--from", &elsewhere, "--from-home", other]
            .map(|word| if word == said { passed["message"].as_str().unwrap() } else { word }),
    );
    let twice = grace.run(&["rooms", "show", &own]);
    assert_eq!(line(&twice, "text", "Tea at the *café*, at noon")["forwarded"], 2, "from another account");

    // A poll.
    let poll = ["send", &room, "--poll", "Tea or coffee?", "--option", "tea", "--option", "coffee"];
    let poll = sent(ada.run(&poll));
    grace.run(&["receive"]);
    grace.run(&["send", &room, "--vote", &poll, "--choice", "2"]);
    let heard = ada.run(&["receive"]);
    assert_eq!(line(&heard, "event", "votes-changed")["message"], poll);
    let shown = ada.run(&["rooms", "show", &room]);
    let shown = &line(&shown, "message", &poll)["poll"];
    assert_eq!((&shown["question"], &shown["voters"]), (&"Tea or coffee?".into(), &1.into()));
    assert_eq!(shown["options"][1]["users"].as_array().unwrap().len(), 1);
    assert_eq!(code(&grace, &["send", &room, "--vote", &poll, "--choice", "3"]), 2);
    assert_eq!(code(&grace, &["send", &room, "--vote", &poll, "--choice", "1", "--choice", "2"]), 2);
    assert_eq!(code(&grace, &["send", &room, "--vote", &said, "--choice", "1"]), 3);

    // Seen once.
    let once = sent(ada.run(&["send", &room, "look", "--once"]));
    let heard = grace.run(&["receive"]);
    let closed = line(&heard, "message", &once);
    assert_eq!((&closed["once"], &closed["text"]), (&"closed".into(), &Value::Null));
    let folder = services.path().join("saved");
    let open = ["rooms", "open", &room, &once, "--save", folder.to_str().unwrap()];
    assert_eq!(grace.run(&open)[0]["text"], "look");
    assert_eq!(code(&grace, &open), 4);
    assert_eq!(line(&grace.run(&["rooms", "show", &room]), "message", &once)["once"], "opened");
    assert_eq!(line(&ada.run(&["rooms", "show", &room]), "message", &once)["once"], "sent");

    // A timer, and a room that is closed.
    ada.run(&["rooms", "timer", &room, "7d", "--vanishing"]);
    let goes = sent(ada.run(&["send", &room, "this goes"]));
    grace.run(&["receive"]);
    let shown = grace.run(&["rooms", "show", &room]);
    let told = |line: &Value| {
        line["text"].as_str().is_some_and(|text| text.contains("to disappear 7 days after reading, or when"))
    };
    assert!(shown.iter().any(told), "{shown:#?}");
    assert!(line(&shown, "message", &goes)["expires"].is_u64());
    grace.run(&["rooms", "close", &room]);
    assert!(grace.run(&["rooms", "show", &room]).iter().all(|line| line["message"] != goes));

    // Marks, which stay here; and what did not fail is neither sent again nor discarded.
    grace.run(&["rooms", "mark", &room, "--pin", "--mute", "forever", "--draft", "later"]);
    let marked = grace.run(&["rooms"]);
    let marked = line(&marked, "room", &room);
    assert_eq!((&marked["pinned"], &marked["draft"]), (&true.into(), &"later".into()));
    assert_eq!(marked["muted_until"], u64::MAX);
    grace.run(&["rooms", "mark", &room, "--unpin", "--unmute", "--draft", ""]);
    let marked = grace.run(&["rooms"]);
    assert_eq!(line(&marked, "room", &room)["draft"], Value::Null);
    assert_eq!(code(&ada, &["send", &room, "--retry", &said]), 4);
    assert_eq!(code(&ada, &["send", &room, "--discard", &said]), 4);
    println!(
        "marks, search, forwarding, a poll, a timer and a message that is seen once, by commands across services"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_s_room_is_a_request_until_it_is_taken_up() {
    let services = Services::start().await;
    let (ada, grace) =
        (Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await);
    let whom = grace.user().to_string();
    for device in [ada, grace] {
        drop(device.switch_off().await);
    }
    let person = |name: &str| Commands { home: services.path().join("people").join(name) };
    let (ada, grace) = (person("ada"), person("grace"));
    // Her key packages have to be there.
    grace.run(&["receive"]);
    let room =
        ada.run(&["rooms", "create", "Hello", "--with", &whom])[0]["room"].as_str().unwrap().to_owned();
    let message = ada.run(&["send", &room, "do you know me?"])[0]["message"].as_str().unwrap().to_owned();
    let heard = grace.run(&["receive"]);
    assert_eq!(line(&heard, "message", &message)["text"], "do you know me?");
    let statuses = || {
        ada.run(&["receive"]);
        line(&ada.run(&["rooms", "show", &room]), "message", &message)["statuses"].clone()
    };
    assert_eq!(statuses(), Value::Array(Vec::new()));
    assert!(line(&grace.run(&["rooms"]), "room", &room)["request_by"].is_string());
    grace.run(&["rooms", "accept", &room]);
    assert_eq!(line(&grace.run(&["rooms"]), "room", &room)["request_by"], Value::Null);
    assert_eq!(statuses()[0]["status"], "delivered");
}
