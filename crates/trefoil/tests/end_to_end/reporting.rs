//! A report, from a person of one service about a person of another, in a room whose hub is a third: taken if it is true.

use crate::{
    commands::{Commands, trefoil},
    crowd::{Tea, tea_with_mallory},
    services::Services,
};
use serde_json::{Value, json};

fn reports(services: &Services, index: usize) -> Vec<Value> {
    let config = services.planned(index).config.clone();
    trefoil(services.path(), &["admin", "reports", "--config", config.to_str().unwrap()]).data
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reported_is_proven_by_the_hub_and_what_is_not_reported_is_nowhere() {
    let services = Services::start().await;
    let Tea { room, mallory: mallory_uri } = tea_with_mallory(&services).await;
    let person = |name: &str| Commands::of(&services, name);
    let (ada, grace, mallory) = (person("ada"), person("grace"), person("mallory"));
    let said = |person: &Commands, text: &str| {
        person.run(&["send", &room, text])[0]["message"].as_str().unwrap().to_owned()
    };
    said(&mallory, "I know where you live");
    let unreported = said(&mallory, "the weather is nice");
    let kept = said(&ada, "leave me alone");
    for one in [&ada, &grace] {
        one.run(&["receive"]);
    }

    // What would be shown is seen first; then it is shown. Grace's service is not the hub: it hands the report on.
    let ask = ["report", &room, &mallory_uri, "--reason", "harassment", "--note", "every night"];
    let threat = grace.run(&["search", "where you live"])[0]["message"].as_str().unwrap().to_owned();
    let chosen = [&ask[..], &["--message", &threat]].concat();
    let seen = grace.run(&[&chosen[..], &["--look"]].concat());
    assert_eq!(
        (&seen[0]["sent"], &seen[0]["messages"][0]["text"]),
        (&json!(false), &json!("I know where you live"))
    );
    assert_eq!(reports(&services, 0), [Value::Null; 0], "looking sends nothing");
    assert_eq!(grace.run(&chosen)[0]["sent"], true);
    let taken = reports(&services, 0);
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!((&taken[0]["about"], &taken[0]["messages"]), (&json!(mallory_uri), &json!(1)));
    // Who reported and what is for the safety team; the hub's operator is not shown it.
    let shown = taken[0].to_string();
    for kept_back in ["where you live", "the weather", "every night", "handle.test/u/"] {
        assert!(!shown.contains(kept_back), "{kept_back}: {shown}");
    }
    drop(unreported);
    assert_eq!(reports(&services, 1), [Value::Null; 0], "the reporter's service keeps nothing of it");

    // Said again, it is one report; of the hub's own person it comes without another service; without content it goes too.
    grace.run(&chosen);
    assert_eq!(reports(&services, 0).len(), 1);
    ada.run(&ask);
    let both = reports(&services, 0);
    assert_eq!(both[1]["messages"], 2, "the last ones, as nothing was chosen: {both:?}");
    ada.run(&["report", &room, &mallory_uri, "--reason", "impersonation", "--last", "0"]);
    assert_eq!(reports(&services, 0)[2]["messages"], 0);

    // One's own words are not somebody else's.
    let framed = [&ask[..], &["--message", &kept]].concat();
    assert_ne!(trefoil(&grace.home, &framed).code, 0);
    assert_eq!(reports(&services, 0).len(), 3);
}

/// What an honest client showed can be reported, whatever its sender has done to it since.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_unsent_seen_once_or_disappeared_is_proven_all_the_same() {
    let services = Services::start().await;
    let Tea { room, mallory: mallory_uri } = tea_with_mallory(&services).await;
    let person = |name: &str| Commands::of(&services, name);
    let (ada, mallory) = (person("ada"), person("mallory"));
    let said = |arguments: &[&str]| {
        let sent = mallory.run(&[&["send", &room], arguments].concat());
        sent[0]["message"].as_str().unwrap().to_owned()
    };
    let unsent = said(&["I know where you live"]);
    let once = said(&["and when you sleep", "--once"]);
    let timed = said(&["so open the door", "--expires", "1s"]);
    // Reading starts the timer; what is seen once is opened.
    ada.run(&["receive"]);
    let folder = services.path().join("saved");
    ada.run(&["rooms", "open", &room, &once, "--save", folder.to_str().unwrap()]);
    mallory.run(&["send", &room, "--unsend", &unsent]);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    ada.run(&["receive"]);

    // No view has their words.
    let shown = serde_json::to_string(&ada.run(&["rooms", "show", &room])).unwrap();
    for words in ["where you live", "when you sleep", "open the door"] {
        assert!(!shown.contains(words), "{shown}");
        assert!(ada.run(&["search", words]).iter().all(|line| line["message"].is_null()));
    }

    // The choice has them, and says what became of each; the hub's stamps prove them.
    let ask = ["report", &room, &mallory_uri, "--reason", "harassment"];
    let seen = ada.run(&[&ask[..], &["--look"]].concat());
    let told = |id: &str| {
        let messages = seen[0]["messages"].as_array().unwrap();
        let found = messages.iter().find(|one| one["message"] == id);
        found.map(|one| (one["text"].clone(), one["gone"].clone())).unwrap_or_default()
    };
    assert_eq!(told(&unsent), (json!("I know where you live"), json!("unsent")), "{seen:?}");
    assert_eq!(told(&once), (json!("and when you sleep"), json!("seen-once")));
    assert_eq!(told(&timed), (json!("so open the door"), json!("disappeared")));
    ada.run(&[&ask[..], &["--message", &unsent, "--message", &once, "--message", &timed]].concat());
    // A hub takes a report only if its own stamps prove each message.
    let taken = reports(&services, 0);
    assert_eq!((&taken[0]["about"], &taken[0]["messages"]), (&json!(mallory_uri), &json!(3)));
}
