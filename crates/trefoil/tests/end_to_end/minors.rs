//! Accounts of minors, by commands across three services: written to and found by connections only, opened by a guardian of
//! another service who reads nothing.

use crate::{
    commands::{Commands, Ended, trefoil},
    services::Services,
    team::Reviewer,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Somebody with an account that a command made.
struct Somebody {
    does: Commands,
    user: String,
}

impl Somebody {
    fn join(services: &Services, index: usize, name: &str, more: &[&str]) -> Self {
        let does = Commands::of(services, name);
        let planned = services.planned(index);
        let ca = services.plan.ca.to_str().unwrap();
        let ask = [&["account", "create", name, "--service", &planned.url, "--ca", ca], more].concat();
        let user = does.run(&ask)[0]["user"].as_str().unwrap().to_owned();
        does.run(&["receive"]);
        Self { does, user }
    }

    fn run(&self, ask: &[&str]) -> Vec<Value> {
        self.does.run(ask)
    }

    fn ask(&self, ask: &[&str]) -> Ended {
        trefoil(&self.does.home, ask)
    }

    /// Opens a room with somebody; says whether they could be added.
    fn begins(&self, title: &str, with: &Self) -> bool {
        let ended = self.ask(&["rooms", "create", title, "--with", &with.user]);
        assert!(ended.code == 0 || ended.said.contains(&with.user), "{title}: {}", ended.said);
        ended.code == 0
    }

    fn rooms(&self) -> BTreeSet<String> {
        self.run(&["receive"]);
        self.run(&["rooms"]).iter().map(|room| room["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn room(of: &Somebody, name: &str) -> String {
    let rooms = of.run(&["rooms"]);
    let found =
        rooms.iter().find(|room| room["name"] == name).unwrap_or_else(|| panic!("{name} in {rooms:?}"));
    found["room"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minor_is_written_to_and_added_by_connections_only() {
    let services = Services::start().await;
    let kim = Somebody::join(&services, 1, "kim", &["--born", "2012-05"]);
    let ada = Somebody::join(&services, 0, "ada", &[]);
    let bo = Somebody::join(&services, 1, "bo", &[]);
    let eve = Somebody::join(&services, 0, "eve", &["--born", "1999-01"]);
    let own = kim.run(&["guardian", "show"]);
    assert_eq!((&own[0]["ends"], &own[0]["open"]), (&json!("2030-05"), &json!("connections")));
    assert!(eve.run(&["guardian", "show"]).is_empty(), "she is of age, and nothing is kept of it");

    // Nobody finds Kim, or adds them, of their own service or of another.
    for stranger in [&ada, &bo] {
        let found = stranger.ask(&["find", "kim@handle.test"]);
        assert_eq!((found.code, found.data.len()), (3, 0), "{}", found.said);
        assert!(!stranger.begins("hello, you", &kim));
    }
    assert!(kim.rooms().is_empty());

    // Kim writes first, and is reached from then on.
    assert!(kim.begins("us", &ada));
    assert!(ada.rooms().contains("us"));
    ada.run(&["rooms", "accept", &room(&ada, "us")]);
    kim.run(&["send", "us", "hi"]);
    ada.run(&["receive"]);
    assert!(ada.begins("again", &kim));
    assert!(kim.rooms().is_superset(&["us", "again"].map(str::to_owned).into()));
    // To be in a room with Kim is not to be connected.
    ada.run(&["rooms", "add", "again", &bo.user]);
    assert!(bo.rooms().contains("again"));
    kim.run(&["receive"]);
    bo.run(&["receive"]);
    assert!(!bo.begins("and we two", &kim));

    // The link that Kim shows Eve does it as well.
    let link = kim.run(&["account", "card", "--reach"])[0]["value"].as_str().unwrap().to_owned();
    assert!(!eve.begins("before", &kim));
    assert_eq!(eve.run(&["find", &link])[0]["user"], json!(kim.user));
    assert!(eve.begins("after", &kim));
    assert!(kim.rooms().contains("after"));
    kim.run(&["rooms", "accept", &room(&kim, "after")]);

    // Who is blocked has a key that opens nothing; the others hear of the new one.
    kim.run(&["boundaries", "block", &ada.user]);
    kim.run(&["receive"]);
    eve.run(&["receive"]);
    assert!(!ada.begins("why?", &kim));
    assert!(eve.begins("still", &kim));
    assert!(kim.rooms().contains("still"));
}

/// The key goes to whom the minor turned to, not to whoever is left alone with them.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_left_alone_with_a_minor_is_no_connection_until_the_minor_writes_there() {
    let services = Services::start().await;
    let kim = Somebody::join(&services, 1, "kim", &["--under-age"]);
    let ada = Somebody::join(&services, 0, "ada", &[]);
    let bo = Somebody::join(&services, 1, "bo", &[]);
    let eve = Somebody::join(&services, 0, "eve", &[]);
    for friend in [&ada, &eve] {
        assert!(kim.begins("us", friend));
        friend.rooms();
    }
    kim.run(&["receive"]);
    let us = room(&ada, "us");
    ada.run(&["rooms", "accept", &us]);
    assert!(ada.begins("three", &kim));
    assert!(kim.rooms().contains("three"));
    let three = room(&kim, "three");
    ada.run(&["rooms", "add", &three, &bo.user]);
    bo.rooms();
    bo.run(&["rooms", "accept", &three]);
    kim.run(&["receive"]);
    ada.run(&["rooms", "leave", &three]);
    for person in [&bo, &kim, &bo, &kim] {
        person.run(&["receive"]);
    }
    let members = kim.run(&["rooms", "show", &three])[0]["people"].to_string();
    assert!(members.contains(&bo.user) && !members.contains(&ada.user), "{members}");
    // Another key goes to the connections.
    kim.run(&["boundaries", "block", &eve.user]);
    kim.run(&["receive"]);
    bo.run(&["receive"]);
    ada.run(&["receive"]);
    assert!(!bo.begins("we two", &kim), "he was left there");
    assert!(ada.begins("we two", &kim), "Kim turned to her");
    kim.run(&["receive"]);
    kim.run(&["send", &three, "are you there?"]);
    bo.run(&["receive"]);
    assert!(bo.begins("we two", &kim), "Kim wrote to him");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_who_is_suspended_opens_nothing_and_the_operator_releases_one() {
    let services = Services::start().await;
    let kim = Somebody::join(&services, 1, "kim", &["--under-age"]);
    let mum = Somebody::join(&services, 1, "mum", &[]);
    let bo = Somebody::join(&services, 1, "bo", &[]);
    let finds = || bo.ask(&["find", "kim@handle.test"]).code;
    let link = || kim.run(&["guardian", "link"])[0]["link"].as_str().unwrap().to_owned();
    mum.run(&["guardian", "accept", &link()]);
    mum.run(&["guardian", "consent", &kim.user, "--found", "--days", "2"]);
    assert_eq!(finds(), 0);

    // Suspended: what she opened is closed, and she opens nothing.
    assert!(mum.begins("hello", &bo));
    bo.rooms();
    mum.run(&["send", "hello", "a threat"]);
    bo.run(&["receive"]);
    let threat = bo.run(&["search", "a threat"])[0]["message"].as_str().unwrap().to_owned();
    bo.run(&["report", &room(&bo, "hello"), &mum.user, "--reason", "harassment", "--message", &threat]);
    let lena = Reviewer::invited(&services, 1, "lena", "lead");
    let case = lena.does(&["next"])["case"].as_str().unwrap().to_owned();
    lena.does(&["case", &case, "--open"]);
    let verdict = ["--rule", "harassment", "--explain", "a threat", "--days", "7", "--message", "1"];
    lena.does(&[&["decide", &case, "suspend"][..], &verdict].concat());
    assert_eq!(finds(), 3);
    assert!(!bo.begins("hello, Kim", &kim));
    assert_ne!(mum.ask(&["guardian", "consent", &kim.user, "--found", "--days", "2"]).code, 0);
    assert_eq!(kim.run(&["guardian", "show"])[0]["guardian"], json!(mum.user), "she is still the one");

    // The operator, asked by Kim, releases her: with a reason, that stands in the trail.
    let config = services.planned(1).config.to_str().unwrap();
    let order = |reason: &str| {
        let ask = ["admin", "release-guardian", &kim.user, "--reason", reason, "--config", config];
        trefoil(&bo.does.home, &ask)
    };
    assert_eq!(order(" ").code, 2, "no reason");
    assert_eq!(order("she threatens people").code, 0);
    for _ in 0..100 {
        if kim.run(&["guardian", "show"])[0]["guardian"].is_null() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(kim.run(&["guardian", "show"])[0]["guardian"].is_null());
    let trail = lena.ask(&["audit"]).data;
    let released = trail.iter().find(|entry| entry["act"] == "guardian-released").unwrap();
    assert_eq!(released["who"], "operator");
    let detail = released["detail"].as_str().unwrap();
    assert!(detail.contains(&mum.user) && detail.ends_with("she threatens people"), "{detail}");
    bo.run(&["guardian", "accept", &link()]);
    assert_eq!(kim.run(&["guardian", "show"])[0]["guardian"], json!(bo.user));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_of_another_service_opens_the_account_and_reads_nothing() {
    let services = Services::start().await;
    let kim = Somebody::join(&services, 1, "kim", &["--under-age"]);
    let mum = Somebody::join(&services, 0, "mum", &[]);
    let bo = Somebody::join(&services, 1, "bo", &[]);
    let finds = |who: &Somebody| who.ask(&["find", "kim@handle.test"]).code;
    let consent = ["guardian", "consent", &kim.user, "--found", "--days", "2"];
    for nobody in [&kim, &mum, &bo] {
        let refused = nobody.ask(&consent);
        assert!(refused.code != 0 && refused.said.contains("guardian"), "{}", refused.said);
    }
    let link = kim.run(&["guardian", "link"])[0]["link"].as_str().unwrap().to_owned();
    assert_ne!(kim.ask(&["guardian", "accept", &link]).code, 0, "nobody is their own guardian");
    assert_eq!(mum.run(&["guardian", "accept", &link])[0]["user"], json!(kim.user));
    assert_ne!(bo.ask(&["guardian", "accept", &link]).code, 0, "a link is good once");
    assert_ne!(kim.ask(&["guardian", "link"]).code, 0, "there is a guardian");
    assert_eq!(kim.run(&["guardian", "show"])[0]["guardian"], json!(mum.user));
    for nobody in [&kim, &bo] {
        assert_ne!(nobody.ask(&consent).code, 0);
    }
    assert_eq!(finds(&bo), 3);

    assert_eq!(mum.run(&consent)[0]["open"], "found");
    assert_eq!((finds(&bo), finds(&mum)), (0, 0));
    assert!(bo.begins("hello", &kim));
    assert!(kim.rooms().contains("hello"));
    kim.run(&["rooms", "accept", &room(&kim, "hello")]);
    kim.run(&["send", "hello", "a secret"]);
    // What the guardian is told: that the account is there, and what is open.
    let told = mum.run(&["guardian", "show"]);
    let keys: BTreeSet<&str> = told[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((told.len(), keys), (1, ["kind", "user", "ends", "open", "until"].into()));
    assert!(mum.rooms().is_empty());

    assert_eq!(mum.run(&["guardian", "revoke", &kim.user])[0]["open"], "connections");
    assert_eq!(finds(&bo), 3);
    assert!(bo.begins("we know each other", &kim), "who was taken up while it was open is a connection");
    let eve = Somebody::join(&services, 1, "eve", &[]);
    assert!(!eve.begins("hello", &kim));
    mum.run(&["guardian", "release", &kim.user]);
    assert!(mum.run(&["guardian", "show"]).is_empty());
    assert_ne!(mum.ask(&consent).code, 0);
    kim.run(&["guardian", "link"]);
}
