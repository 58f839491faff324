//! What a person keeps away, by commands across services: whoever is blocked or restricted hears nothing, hidden words fold,
//! strangers are told apart, and links and promises that mislead are marked.

use crate::{
    commands::{Commands, trefoil},
    crowd::Device,
    services::Services,
};
use serde_json::{Value, json};

fn line<'a>(lines: &'a [Value], key: &str, is: &str) -> &'a Value {
    lines.iter().find(|line| line[key] == is).unwrap_or_else(|| panic!("no {key} {is:?} in {lines:#?}"))
}

/// Ada and Grace, on two services, with a room of Ada's that Grace has not taken up.
async fn a_request(services: &Services) -> (Commands, Commands, String, String) {
    let (ada, grace) =
        (Device::register(services, 0, "ada").await, Device::register(services, 1, "grace").await);
    let (from, whom) = (ada.user().to_string(), grace.user().to_string());
    for device in [ada, grace] {
        drop(device.switch_off().await);
    }
    let person = |name: &str| Commands { home: services.path().join("people").join(name) };
    let (ada, grace) = (person("ada"), person("grace"));
    // Her key packages have to be there.
    grace.run(&["receive"]);
    let room =
        ada.run(&["rooms", "create", "Hello", "--with", &whom])[0]["room"].as_str().unwrap().to_owned();
    (ada, grace, room, from)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_blocked_by_command_hears_nothing_and_words_are_hidden() {
    let services = Services::start().await;
    let (ada, grace, room, from) = Box::pin(a_request(&services)).await;
    grace.run(&["receive"]);
    grace.run(&["rooms", "accept", &room]);
    let said = |text: &str| {
        let id = ada.run(&["send", &room, text])[0]["message"].as_str().unwrap().to_owned();
        grace.run(&["receive"]);
        ada.run(&["receive"]);
        id
    };
    let statuses = |id: &str| line(&ada.run(&["rooms", "show", &room]), "message", id)["statuses"].clone();
    let away = || line(&grace.run(&["rooms"]), "room", &room)["away"].clone();

    let first = said("hello");
    assert_eq!(statuses(&first)[0]["status"], "read");
    let blocked = grace.run(&["boundaries", "block", &from]);
    assert_eq!((&blocked[0]["user"], &blocked[0]["stance"]), (&json!(from), &json!("blocked")));
    assert_eq!(away(), "blocked");
    let second = said("why do you not answer?");
    assert_eq!(statuses(&second), json!([]), "she hears nothing");
    let shown = grace.run(&["rooms", "show", &room]);
    assert_eq!(line(&shown, "message", &second)["folded"], "blocked");
    let unfolded = grace.run(&["rooms", "show", &room, "--unfold"]);
    assert_eq!(line(&unfolded, "message", &second)["folded"], Value::Null);
    assert_eq!(grace.run(&["boundaries", "blocked"]).len(), 1);
    grace.run(&["boundaries", "restrict", &from]);
    assert_eq!(away(), "requests");
    let third = said("and now?");
    assert_eq!(statuses(&third), json!([]));
    grace.run(&["boundaries", "unblock", &from]);
    assert_eq!(away(), Value::Null);
    assert_eq!(grace.run(&["boundaries", "blocked"]).len(), 0);

    assert_eq!(
        grace.run(&["boundaries", "words", "--hide", "Spider", "--hide", "give up"])[0]["words"],
        json!(["give up", "Spider"])
    );
    let hidden = said("a SPIDER!");
    assert_eq!(line(&grace.run(&["rooms", "show", &room]), "message", &hidden)["folded"], "words");
    assert_eq!(
        trefoil(&grace.home, &["boundaries", "words", "--show", "spiders"]).code,
        2,
        "it is not hidden"
    );
    let folder = services.path().join("export");
    grace.run(&["boundaries", "block", &from]);
    grace.run(&["export", folder.to_str().unwrap()]);
    grace.run(&["boundaries", "unblock", &from]);
    let exported: Value =
        serde_json::from_slice(&std::fs::read(folder.join("account.json")).unwrap()).unwrap();
    assert_eq!(
        (&exported["kept_away"][0]["user"], &exported["hidden_words"][1]),
        (&json!(from), &json!("Spider"))
    );
    grace.run(&["boundaries", "words", "--show", "Spider"]);
    assert_eq!(line(&grace.run(&["rooms", "show", &room]), "message", &hidden)["folded"], Value::Null);

    let lure = said("[bank.example](https://evil.example/login) or http://192.0.2.7");
    let links = line(&grace.run(&["rooms", "show", &room]), "message", &lure)["links"].clone();
    assert_eq!(
        links[0],
        json!({"href": "https://evil.example/login", "host": "evil.example", "warning": "other_host"})
    );
    assert_eq!(links[1]["warning"], "address");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_told_apart_and_what_sounds_like_a_swindle_is_marked() {
    let services = Services::start().await;
    let (ada, grace, room, from) = Box::pin(a_request(&services)).await;
    ada.run(&["send", &room, "Hi! I have a new number, please send me the code you just got"]);
    grace.run(&["receive"]);
    let first = || line(&grace.run(&["rooms", "show", &room]), "kind", "first-contact").clone();
    let told = first();
    assert_eq!(
        (&told["user"], &told["shared_rooms"], &told["hint"]),
        (&json!(from), &json!(0), &json!("code"))
    );
    grace.run(&["rooms", "mark", &room, "--hint-seen"]);
    assert_eq!(first()["hint"], Value::Null);

    let away = || line(&grace.run(&["rooms"]), "room", &room)["away"].clone();
    assert_eq!(away(), "requests");
    let chosen = grace.run(&["boundaries", "strangers", "--strict", "on", "--silence", "on"]);
    assert_eq!((&chosen[0]["strict"], &chosen[0]["silence_unknown"]), (&json!(true), &json!(true)));
    assert_eq!(away(), "strict");
    grace.run(&["boundaries", "strangers", "--strict", "off"]);
    let all = grace.run(&["boundaries"]);
    assert_eq!(line(&all, "kind", "strangers")["silence_unknown"], true);
    assert_eq!(
        (away(), trefoil(&grace.home, &["boundaries", "block", "nobody"]).code),
        (json!("requests"), 2)
    );
}
