//! People compare with the real binary, and an account is made anew under its old URI: by a service that forgot whom it
//! had, for a real client that registers there.

use crate::{
    commands::{Commands, trefoil},
    crowd::Device,
    made_anew,
    services::Services,
};
use serde_json::Value;
use trefoil::{home::Home, person::PATIENCE};
use trefoil_proto::UserUri;

/// Three people of one service, and a room that the third opened with the other two.
struct Three {
    services: Services,
    ann: Commands,
    ben: Commands,
    cleo: Commands,
    anns: String,
    bens: String,
}

impl Three {
    async fn meet() -> Self {
        let services = Services::start().await;
        for name in ["ann", "ben", "cleo"] {
            let mut device = Device::register(&services, 0, name).await;
            // With key packages for those who add them.
            device.agent.settle(PATIENCE, |_, _| {}).await.unwrap();
            drop(device.switch_off().await);
        }
        let person = |name: &str| Commands { home: services.path().join("people").join(name) };
        let (ann, ben, cleo) = (person("ann"), person("ben"), person("cleo"));
        let card = |of: &Commands| of.run(&["account", "card"])[0]["value"].as_str().unwrap().to_owned();
        let (anns, bens) = (card(&ann), card(&ben));
        cleo.run(&["rooms", "create", "Tea", "--with", &anns, "--with", &bens]);
        ann.run(&["receive"]);
        ben.run(&["receive"]);
        Self { services, ann, ben, cleo, anns, bens }
    }

    /// The service forgets ben, and takes an account by his URI.
    async fn make_ben_anew(&mut self) -> Commands {
        let ben: UserUri = self.bens.parse().unwrap();
        self.services.stop(0);
        made_anew::forget(&self.services.planned(0).data.join("service.db"), &ben).await;
        self.services.begin(0).await;
        let home = Home::locate(Some(&self.services.path().join("people").join("ben anew"))).unwrap();
        made_anew::register(&home, self.services.at(0), &ben, "ben").await;
        Commands { home: home.folder().to_owned() }
    }
}

fn verify(person: &Commands, other: &str) -> Value {
    person.run(&["verify", other]).remove(0)
}

fn of<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}"))
}

/// How a person stands in the room, and because of whom nothing is sent there.
fn in_the_room(reader: &Commands, other: &str) -> (String, usize) {
    let room = reader.run(&["rooms", "show", "Tea"]).remove(0);
    let person = room["people"].as_array().unwrap().iter().find(|person| person["user"] == other).unwrap();
    (of(person, "standing").to_owned(), room["blocked_by"].as_array().unwrap().len())
}

fn heard(person: &Commands, kind: &str) -> Vec<Value> {
    person.run(&["receive"]).into_iter().filter(|line| line["kind"] == kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_person_comes_back_under_another_key_and_nothing_is_sent_before_it_is_decided() {
    let mut three = Three::meet().await;
    let (anns, bens) = (three.anns.clone(), three.bens.clone());
    let (hers, his) = (verify(&three.ann, &bens), verify(&three.ben, &anns));
    assert_eq!(of(&hers, "number"), of(&his, "number"));
    assert_eq!(of(&hers, "number").chars().filter(char::is_ascii_digit).count(), 60);
    assert_eq!(of(&hers, "standing"), "unverified");
    let fingerprint = three.ann.run(&["account", "show"]).remove(0);
    assert!(
        of(&hers, "number").contains(of(&fingerprint, "fingerprint")),
        "one's own half can be read aloud"
    );

    // What is no code, what is somebody else's, what is not the same.
    let ended = |code: &str| trefoil(&three.ann.home, &["verify", &bens, "--scanned", code]);
    assert_eq!(ended("trefoil-verify-nonsense").code, 2);
    let cleos = verify(&three.cleo, &anns);
    let other = ended(of(&cleos, "code"));
    assert_eq!((other.code, of(&other.data[0], "result")), (8, "other-person"), "{}", other.said);
    let zeros = format!("--matches={}", "0".repeat(60));
    let differs = trefoil(&three.ann.home, &["verify", &bens, &zeros]);
    assert_eq!((differs.code, of(&differs.data[0], "result")), (8, "mismatch"), "{}", differs.said);
    assert!(differs.said.contains("somebody may be between you"), "{}", differs.said);
    let stranger = "mimi://account.test/u/nobody";
    assert_eq!(trefoil(&three.ann.home, &["verify", stranger]).code, 3);
    assert_eq!(trefoil(&three.ann.home, &["verify", &anns]).code, 2);
    assert_eq!(trefoil(&three.ann.home, &["verify", &bens, "--accept-new-key"]).code, 3);
    assert_eq!(in_the_room(&three.ann, &bens), ("unverified".to_owned(), 0));

    // What is.
    let matched = ended(of(&his, "code"));
    assert_eq!((matched.code, of(&matched.data[0], "result")), (0, "match"), "{}", matched.said);
    let matched = three.ben.run(&["verify", &anns, "--matches"]).remove(0);
    assert_eq!((of(&matched, "result"), of(&matched, "standing")), ("match", "verified"));
    assert_eq!(in_the_room(&three.ann, &bens), ("verified".to_owned(), 0));
    three.ben.run(&["send", "Tea", "hello"]);
    assert_eq!(of(&heard(&three.ann, "message")[0], "standing"), "verified");

    let anew = three.make_ben_anew().await;
    let (ann, cleo) = (&three.ann, &three.cleo);
    cleo.run(&["rooms", "remove", "Tea", &bens]);
    let added = trefoil(&cleo.home, &["rooms", "add", "Tea", &bens]);
    assert_eq!(added.code, 0, "{}", added.said);
    assert!(added.said.contains("another account key than before"), "{}", added.said);
    let notes = cleo.run(&["rooms", "show", "Tea"]);
    let told = |line: &&Value| line["text"].as_str().is_some_and(|text| text.contains("another account key"));
    assert_eq!(notes.iter().filter(told).count(), 1);
    anew.run(&["receive"]);

    // Ann is told, and what she sends is not taken.
    let events = heard(ann, "event");
    let changed: Vec<_> = events.iter().filter(|event| event["event"] == "key-changed").collect();
    assert_eq!(changed.len(), 1, "{events:?}");
    assert_eq!(of(changed[0], "by"), bens);
    assert_eq!(in_the_room(ann, &bens), ("changed".to_owned(), 1));
    for refused in [&["send", "Tea", "who are you?"][..], &["send", "Tea", "--typing"]] {
        let ended = trefoil(&ann.home, refused);
        assert_eq!((ended.code, ended.data.len()), (8, 0), "{refused:?}: {}", ended.said);
        for words in ["whom you verified", "perhaps", "--accept-new-key"] {
            assert!(ended.said.contains(words), "{refused:?}: {}", ended.said);
        }
    }
    // She reads on, and answers nothing, not even that it arrived.
    anew.run(&["send", "Tea", "it is me"]);
    cleo.run(&["send", "Tea", "welcome back"]);
    let messages = heard(ann, "message");
    let standing = |text: &str| {
        let message = messages.iter().find(|message| message["text"] == text);
        of(message.unwrap_or_else(|| panic!("{text}: {messages:?}")), "standing").to_owned()
    };
    assert_eq!(
        (standing("it is me"), standing("welcome back")),
        ("changed".to_owned(), "unverified".to_owned())
    );
    cleo.run(&["receive"]);
    let texts: Vec<_> = heard(&anew, "message").iter().map(|message| message["text"].clone()).collect();
    assert_eq!(texts, ["welcome back"]);
    let mine = anew.shown("Tea", "it is me").unwrap();
    let statuses = mine["statuses"].as_array().unwrap();
    assert!(!statuses.is_empty() && statuses.iter().all(|status| status["user"] != anns), "{statuses:?}");

    // They meet. Digits have to be given, since they changed; the code says it at once.
    assert_eq!(trefoil(&ann.home, &["verify", &bens, "--matches"]).code, 2);
    let shown = verify(ann, &bens);
    assert_eq!(of(&shown, "number_before"), of(&hers, "number"));
    let code = verify(&anew, &anns);
    assert_eq!(of(&code, "number"), of(&shown, "number"));
    let matched = ann.run(&["verify", &bens, "--scanned", of(&code, "code")]).remove(0);
    assert_eq!((of(&matched, "result"), of(&matched, "standing")), ("match", "verified"));
    ann.run(&["send", "Tea", "you it is"]);
    let texts: Vec<_> = heard(&anew, "message").iter().map(|message| message["text"].clone()).collect();
    assert_eq!(texts, ["you it is"]);
    let mine = anew.shown("Tea", "it is me").unwrap();
    let statuses = mine["statuses"].as_array().unwrap();
    assert!(statuses.iter().any(|status| status["user"] == anns), "what waited goes out: {statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_packages_under_another_key_are_refused_until_the_key_is_taken_unseen() {
    let mut three = Three::meet().await;
    let bens = three.bens.clone();
    let his = verify(&three.ben, &three.anns);
    three.ann.run(&["verify", &bens, "--scanned", of(&his, "code")]);
    let anew = three.make_ben_anew().await;
    let ann = &three.ann;
    let refused = trefoil(&ann.home, &["rooms", "create", "Coffee", "--with", &bens]);
    assert_eq!(refused.code, 8, "{}", refused.said);
    assert!(refused.said.contains("whom you verified"), "{}", refused.said);
    assert_eq!(
        refused.data[0]["people"].as_array().unwrap().len(),
        1,
        "the room is there, with nobody else in it"
    );
    // The room where his old device still is is closed as well.
    assert_eq!(trefoil(&ann.home, &["send", "Tea", "hm"]).code, 8);
    assert_eq!(trefoil(&ann.home, &["rooms", "add", "Coffee", &bens]).code, 8);
    let accepted = ann.run(&["verify", &bens, "--accept-new-key"]).remove(0);
    assert_eq!((of(&accepted, "result"), of(&accepted, "standing")), ("accepted", "unverified"));
    ann.run(&["rooms", "add", "Coffee", &bens]);
    ann.run(&["send", "Coffee", "so be it"]);
    let texts: Vec<_> = heard(&anew, "message").iter().map(|message| message["text"].clone()).collect();
    assert_eq!(texts, ["so be it"]);
}
