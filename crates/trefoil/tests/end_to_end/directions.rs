//! `trefoil up` as a person starts it: text and pictures from every service to every other, and what people do with
//! messages.

use crate::crowd::{Device, open_room, sha256, until};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use trefoil::{
    home::Home,
    person::{self, PATIENCE, Place},
    show::Message,
    transfer,
    up::demo,
};
use trefoil_client::conversation::compose;
use trefoil_proto::content::MessageId;

const LIMIT: Duration = Duration::from_secs(60);

/// What each reacts with.
const EMOJI: [&str; 3] = ["🕯️", "👍🏽", "🏳️‍🌈"];

/// The texts of one person.
struct Said {
    text: String,
    stays: MessageId,
    rough: MessageId,
    gone: MessageId,
}

/// `trefoil up`, ended whatever happens.
struct Up {
    child: Child,
    ready: serde_json::Value,
}

impl Up {
    /// Starts it and reads what it prints until it is ready; all of that but the last line is given as well.
    fn start(data: &Path, more: &[&str]) -> (Self, Vec<serde_json::Value>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_trefoil"))
            .args(["--json", "up", "--quiet", "--port-base", "0", "--data"])
            .arg(data)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            if line["kind"] == "ready" {
                return (Self { child, ready: line }, printed);
            }
            printed.push(line);
        }
        panic!("it ended with {} before it was ready", child.wait().unwrap());
    }

    fn service(&self, index: usize, field: &str) -> String {
        let value = &self.ready["services"][index][field];
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// Ctrl-C, then waits.
    fn interrupt(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // Its services hold the other end of a pipe to it, and end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_goes_in_all_six_directions() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let (mut up, _) = Up::start(&data, &[]);
    let ca = std::fs::read(up.ready["ca"].as_str().unwrap()).unwrap();
    let mut people = Vec::new();
    for (index, identifier) in ["Amina", "yuki.reads", "+447700900123"].into_iter().enumerate() {
        let home = Home::locate(Some(&place.path().join(format!("person-{index}")))).unwrap();
        let url = up.service(index, "url");
        let at = Place { service: &url, ca: Some(&ca) };
        let code = match up.service(index, "profile").as_str() {
            "phone" => {
                Some(demo::fetch_code(at, &data.join("services/phone/data"), identifier).await.unwrap())
            }
            _ => None,
        };
        let (mut agent, _) =
            person::register(&home, None, at, identifier, code.as_deref(), None).await.unwrap();
        person::rename(&mut agent, &format!("Person {index}")).unwrap();
        people.push(Device::adopt(identifier, home, agent));
    }
    let room = open_room(&mut people, "All directions").await;

    // Three texts of each reach both others: one that stays, one that is edited, one that is taken back.
    let mut said = Vec::new();
    for (index, person) in people.iter_mut().enumerate() {
        let text = format!("from {index}: שלום, नमस्ते, こんにちは, 👩🏽‍🦽 e\u{301}");
        let [stays, rough, gone] = [text.clone(), format!("a rough {index}"), format!("gone {index}")]
            .map(|text| person.say(&room, &text));
        said.push(Said { text, stays, rough, gone });
    }
    until(&mut people, LIMIT, "everybody reads everybody", |people| {
        people.iter().all(|person| {
            said.iter().all(|by| {
                let read = |id| person.message(&room, id).and_then(|message| message.text);
                read(&by.stays).as_ref() == Some(&by.text)
                    && read(&by.rough).is_some()
                    && read(&by.gone).is_some()
            })
        })
    })
    .await;
    until(&mut people, LIMIT, "everybody knows everybody's name", |people| {
        people.iter().all(|person| {
            said.iter()
                .all(|by| person.message(&room, &by.stays).is_some_and(|message| message.name.is_some()))
        })
    })
    .await;

    // Pictures: what arrives is byte for byte what was sent.
    for sender in 0..people.len() {
        let path = picture(place.path(), sender);
        let file = transfer::upload(&people[sender].agent.way(), &path, true, |_, _| {}).await.unwrap();
        let id = people[sender].send(&room, compose::attachment(&[file], "a picture").unwrap());
        until(&mut people, LIMIT, "the picture's message is there", |people| {
            people.iter().all(|person| person.message(&room, &id).is_some())
        })
        .await;
        for (receiver, person) in people.iter().enumerate() {
            let message = person.message(&room, &id).unwrap();
            let target = place.path().join(format!("from-{sender}-to-{receiver}.jpg"));
            let file = message.attachments[0].file.clone().unwrap();
            transfer::download(&person.agent.way(), &file, &target, |_, _| {})
                .await
                .unwrap_or_else(|error| panic!("from {sender} to {receiver}: {error:?}"));
            assert_eq!(sha256(&target), sha256(&path), "the picture from {sender} to {receiver}");
        }
    }

    // What each does with messages is seen by all: with those of the next person, and with its own.
    let mut replies = Vec::new();
    for (index, person) in people.iter_mut().enumerate() {
        let next = said[(index + 1) % said.len()].stays;
        replies.push(person.send(&room, compose::reply(next, &format!("answer of {index}"), &[]).unwrap()));
        person.send(&room, compose::reaction(next, EMOJI[index]).unwrap());
        person.send(&room, compose::edit(said[index].rough, &format!("a fine {index}"), &[]).unwrap());
        person.send(&room, compose::unsend(said[index].gone));
    }
    let users: Vec<String> = people.iter().map(|person| person.user().to_string()).collect();
    for sender in 0..people.len() {
        let (by, next) = (&said[sender], said[(sender + 1) % said.len()].stays);
        for receiver in 0..people.len() {
            let seen = |what: &str| format!("{receiver} sees the {what} of {sender}");
            let mut sees = async |what: &str, id: MessageId, holds: &dyn Fn(Message) -> bool| {
                until(&mut people, LIMIT, &seen(what), |people| {
                    people[receiver].message(&room, &id).is_some_and(holds)
                })
                .await;
            };
            sees("reply", replies[sender], &|message| {
                message.sender == users[sender] && message.reply_to == Some(next.to_string())
            })
            .await;
            sees("reaction", next, &|message| {
                let of = message.reactions.iter().filter(|one| one.users.contains(&users[sender]));
                of.map(|one| one.emoji.as_str()).eq([EMOJI[sender]])
            })
            .await;
            sees("edit", by.rough, &|message| {
                message.edited && message.text == Some(format!("a fine {sender}"))
            })
            .await;
            sees("unsend", by.gone, &|message| message.unsent && message.text.is_none()).await;
        }
    }

    // People find each other by handle and by number, and nobody by account name.
    let found = |domain: &str, name: &str| {
        let (agent, domain, name) = (&people[0].agent, domain.parse().unwrap(), name.to_owned());
        let way = agent.way();
        async move { person::find(&way, &domain, &name).await }
    };
    assert_eq!(found("handle.test", "yuki.reads").await.unwrap(), [people[1].user()]);
    assert_eq!(found("phone.test", "+447700900123").await.unwrap(), [people[2].user()]);
    assert_eq!(found("phone.test", "+447700900124").await.unwrap(), []);
    assert_eq!(found("handle.test", "yuki").await.unwrap(), []);

    for person in &mut people {
        person.agent.settle(PATIENCE, |_, _| {}).await.unwrap();
        assert!(person.refused.is_empty(), "{} refused {:?}", person.name, person.refused);
    }
    drop(people);
    let services: Vec<String> = (0..3).map(|index| up.service(index, "pid")).collect();
    assert_eq!(up.interrupt(), Some(0), "Ctrl-C ends it in order");
    for pid in services {
        assert!(!Path::new("/proc").join(&pid).exists(), "the service with process id {pid} was left behind");
    }
}

#[test]
fn the_demonstration_shows_three_inboxes_that_say_the_same_and_services_that_cannot_read_them() {
    let place = tempfile::tempdir().unwrap();
    let (mut up, printed) = Up::start(&place.path().join("data"), &["--demo"]);
    assert_eq!(up.interrupt(), Some(0));
    let mut of_kind: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for line in printed {
        of_kind.entry(line["kind"].as_str().unwrap().to_owned()).or_default().push(line);
    }

    // Each message stands in all three inboxes, and reads the same in each.
    let mut messages: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for mut message in of_kind.remove("message").unwrap() {
        let id = message["message"].as_str().unwrap().to_owned();
        for own in ["mine", "position", "standing", "state", "statuses", "mentions_me"] {
            message.as_object_mut().unwrap().remove(own);
        }
        messages.entry(id).or_default().push(message);
    }
    assert!(messages.len() > 35, "only {} messages", messages.len());
    for versions in messages.values() {
        assert_eq!(versions.len(), 3, "not in every inbox: {versions:?}");
        assert!(versions.iter().all(|version| *version == versions[0]), "read differently: {versions:?}");
    }

    // Each of the three sent every kind. What everybody sees of it:
    let shown: Vec<&serde_json::Value> = messages.values().map(|versions| &versions[0]).collect();
    let people: BTreeSet<&str> = shown.iter().map(|message| message["sender"].as_str().unwrap()).collect();
    assert_eq!(people.len(), 3);
    for person in people {
        let own = |has: &dyn Fn(&serde_json::Value) -> bool| {
            shown.iter().any(|message| message["sender"] == person && has(message))
        };
        assert!(
            own(&|message| message["text"].is_string() && message["reply_to"].is_null()),
            "{person}: text"
        );
        assert!(own(&|message| message["reply_to"].is_string()), "{person}: reply");
        assert!(own(&|message| message["edited"] == true), "{person}: edit");
        assert!(own(&|message| message["unsent"] == true), "{person}: unsend");
        assert!(own(&|message| message["attachments"][0]["type"] == "image/jpeg"), "{person}: picture");
        let reacted =
            |reaction: &serde_json::Value| reaction["users"].as_array().unwrap().contains(&person.into());
        assert!(
            shown.iter().any(|message| message["reactions"].as_array().unwrap().iter().any(reacted)),
            "{person}: reaction"
        );
    }
    let fetched: BTreeSet<_> = of_kind["picture"]
        .iter()
        .map(|picture| (picture["from"].as_str().unwrap(), picture["to"].as_str().unwrap()))
        .collect();
    assert_eq!(fetched.len(), 6, "pictures were fetched in every direction: {fetched:?}");
    for said in &of_kind["said"] {
        assert_eq!(said["lines"].as_object().unwrap().len(), 6, "{said}");
    }
    let held = &of_kind["held"];

    // While two are away something waits for them; afterwards nothing does. No disk gives a text of a message.
    assert_eq!(held.len(), 6);
    let waiting = |index: usize| held[index]["waiting_entries"].as_u64().unwrap();
    assert!(waiting(1) > 0 && waiting(2) > 0, "{held:?}");
    assert_eq!([waiting(3), waiting(4), waiting(5)], [0, 0, 0], "{held:?}");
    for service in held {
        let texts = service["readable"].as_array().unwrap();
        let only_names = texts.iter().all(|text| text.as_str().unwrap().contains("the room's name"));
        assert!(only_names, "readable on a disk: {texts:?}");
    }
}

/// A real photograph, another one for each sender: a comment makes the difference.
fn picture(folder: &Path, sender: usize) -> PathBuf {
    let photograph = include_bytes!("../../../../demo/china.jpg");
    let path = folder.join(format!("sent-{sender}.jpg"));
    let comment = format!("sender {sender}");
    let length = u16::try_from(comment.len() + 2).unwrap().to_be_bytes();
    let segment = [&[0xFF, 0xFE], &length[..], comment.as_bytes()].concat();
    std::fs::write(&path, [&photograph[..2], &segment, &photograph[2..]].concat()).unwrap();
    path
}
