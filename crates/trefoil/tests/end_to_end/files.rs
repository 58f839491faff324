//! Files of messages at the local server: what of them a browser or the disk keeps, parts of them, captions.

use crate::{
    commands::{Ended, trefoil},
    page::{App, at, messages, two_people, until},
    services::Services,
};
use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

const PICTURE: &[u8] = include_bytes!("../../../../demo/china.jpg");

/// A message with this file, as Grace has it.
async fn sent(app: &App, ada: &Value, grace: &Value, room: &str, name: &str, bytes: &[u8]) -> Value {
    let upload = app.upload(ada, name, bytes).await;
    let text = format!("@Grace, {name}");
    app.post(&at(ada, room, "messages"), json!({"text": text, "files": [upload]})).await;
    until("Grace has the file", async || {
        let all = messages(app, grace, room).await;
        all.into_iter().find(|one| one["files"][0]["name"] == name)
    })
    .await
}

/// Bytes without a pattern that are the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(&mut next).take(length).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_browser_keeps_what_it_is_shown_and_a_caption_mentions() {
    let services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    for path in [format!("accounts/{}/picture", ada["id"].as_str().unwrap()), at(&ada, &room, "picture")] {
        let url = format!("{}/api/v1/{path}", app.address);
        let request = app.http.post(url).bearer_auth(app.token()).header("x-trefoil", "1");
        assert!(request.body(PICTURE).send().await.unwrap().status().is_success(), "{path}");
    }
    // People give a room their name when they first say something there.
    app.post(&at(&grace, &room, "messages"), json!({"text": "hello"})).await;
    until("Ada knows Grace's name", async || {
        let rooms = app.get("rooms").await;
        let named = |room: &&Value| {
            let people = room["people"].as_array().into_iter().flatten();
            room["account"] == ada["id"] && people.into_iter().any(|person| person["name"] == "Grace")
        };
        rooms.as_array().unwrap().iter().find(named).map(|_| ())
    })
    .await;
    let got = sent(&app, &ada, &grace, &room, "china.jpg", PICTURE).await;
    assert_eq!(got["mentions_me"], true, "{got}");
    let file = format!("messages/{}/files/0", got["message"].as_str().unwrap());
    let of_ada = format!("people/{}/picture", trefoil_proto::paths::segment(ada["user"].as_str().unwrap()));
    let shown = [
        format!("accounts/{}/picture", ada["id"].as_str().unwrap()),
        at(&grace, &room, "picture"),
        at(&grace, &room, &of_ada),
        at(&grace, &room, &file),
        at(&grace, &room, &format!("{file}/picture?width=320")),
    ];
    for path in shown {
        let answer = until("it is there", async || {
            let answer = app.fetch(&path).await;
            answer.status().is_success().then_some(answer)
        })
        .await;
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        assert!(answer.bytes().await.unwrap().starts_with(b"\xFF\xD8\xFF"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_file_are_given_and_what_breaks_off_goes_on() {
    let services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    let bytes = noise(300_000);
    let got = sent(&app, &ada, &grace, &room, "noise.bin", &bytes).await;
    let path = at(&grace, &room, &format!("messages/{}/files/0", got["message"].as_str().unwrap()));
    let whole = app.fetch(&path).await;
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(whole.bytes().await.unwrap(), bytes);
    let part = async |range: &str, of: &str| {
        let request = app.http.get(format!("{}/api/v1/{path}", app.address)).bearer_auth(app.token());
        request.header("range", range).header("if-range", of).send().await.unwrap()
    };
    for (range, start, end) in
        [("bytes=0-9", 0, 10), ("bytes=70000-", 70_000, 300_000), ("bytes=-7", 299_993, 300_000)]
    {
        let answer = part(range, &tag).await;
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
        let said = format!("bytes {start}-{}/300000", end - 1);
        assert_eq!(answer.headers()["content-range"], said.as_str());
        assert_eq!(answer.headers()["content-length"], (end - start).to_string().as_str());
        assert_eq!(answer.bytes().await.unwrap(), bytes[start..end]);
    }
    let past = part("bytes=300000-", &tag).await;
    assert_eq!(past.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(past.headers()["content-range"], "bytes */300000");
    // Of another version of it there is no part to go on with.
    assert_eq!(part("bytes=5-", "\"another\"").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_is_broken_off_leaves_nothing_in_clear() {
    let services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    let got = sent(&app, &ada, &grace, &room, "long.bin", &noise(40 * 1024 * 1024)).await;
    let message = got["message"].as_str().unwrap();
    let uploads = app.home.join("uploads");
    until("nothing is spooled any more", async || names(&uploads).is_empty().then_some(())).await;

    let events = format!("{}/api/v1/events", app.address.replace("http", "ws"));
    let mut request = events.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", app.token()).parse().unwrap());
    let (mut events, _) = connect_async(request).await.unwrap();
    let url = format!("{}/api/v1/{}", app.address, at(&grace, &room, &format!("messages/{message}/files/0")));
    let asked = tokio::spawn(app.http.get(url).bearer_auth(app.token()).send());
    loop {
        let Message::Text(text) = events.next().await.unwrap().unwrap() else { continue };
        let told: Value = serde_json::from_str(&text).unwrap();
        let (there, of) = (told["there"].as_u64(), told["of"].as_u64());
        if told["upload"] == format!("{message}/0") && there > Some(0) {
            assert!(there < of, "it is broken off in the middle");
            break;
        }
    }
    // While it comes it has no name already.
    assert_eq!(names(&uploads), [""; 0]);
    assert_eq!(open_files(app.child.id()).len(), 1);
    asked.abort();
    until("it is gone", async || open_files(app.child.id()).is_empty().then_some(())).await;
    assert_eq!(names(&uploads), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_a_file_that_was_taken_is_sent_by_the_next_process() {
    let mut services = Services::start().await;
    let mut app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    let marker = b"nobody reads this on the disk";
    let bytes = [&marker[..], &noise(300_000)].concat();

    services.kill(0);
    let upload = app.upload(&ada, "tea.bin", &bytes).await;
    let ask = json!({"text": "for later", "files": [upload]});
    let taken = app.post(&at(&ada, &room, "messages"), ask).await;
    assert_eq!(taken["message"], Value::Null);
    let waits = until("it is said why it waits", async || {
        let waiting = app.get(&at(&ada, &room, "waiting")).await;
        (waiting[0]["problem"] != Value::Null).then(|| waiting[0].clone())
    })
    .await;
    assert_eq!((&waits["text"], &waits["held"]), (&json!("for later"), &json!(false)), "{waits}");
    assert_eq!(waits["problem"]["code"], "unreachable", "{waits}");
    assert_eq!(waits["files"][0]["name"], "tea.bin", "{waits}");
    app.kill();
    assert!(!holds(&app.home, marker), "what waits lies on the disk in clear");
    services.begin(0).await;

    let app = App::start(&services, "both");
    let message = until("Grace has it", async || {
        let all = messages(&app, &grace, &room).await;
        all.into_iter().find(|one| one["text"] == "for later")
    })
    .await;
    let id = message["message"].as_str().unwrap();
    let file = app.fetch(&at(&grace, &room, &format!("messages/{id}/files/0"))).await;
    assert_eq!(file.bytes().await.unwrap(), bytes);
    let looked_at = open_files(app.child.id());
    assert_eq!(looked_at.len(), 1);
    let lies = fs::read(&looked_at[0]).unwrap();
    assert!(lies.len() > bytes.len(), "it is sealed");
    assert!(!lies.windows(marker.len()).any(|window| window == marker), "what is looked at lies in clear");
    let files = format!("accounts/{}/files", ada["id"].as_str().unwrap());
    assert_eq!(app.get(&files).await, json!([]), "nothing of it is kept any more");
    assert_eq!(app.get(&at(&ada, &room, "waiting")).await, json!([]));
    let sent = messages(&app, &ada, &room).await.into_iter().filter(|one| one["text"] == "for later").count();
    assert_eq!(sent, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_go_in_their_order_and_one_can_be_given_up() {
    let mut services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    services.kill(0);
    let mut uploads = Vec::new();
    for text in ["first", "second", "third"] {
        let upload = app.upload(&ada, "a.bin", &noise(200_000)).await;
        app.post(&at(&ada, &room, "messages"), json!({"text": text, "files": [upload]})).await;
        uploads.push(upload);
    }
    let waiting = app.get(&at(&ada, &room, "waiting")).await;
    let texts: Vec<&Value> = waiting.as_array().unwrap().iter().map(|one| &one["text"]).collect();
    assert_eq!(texts, ["first", "second", "third"]);

    // A file that a message waits for goes with the message only.
    let file = format!("accounts/{}/files/{}", ada["id"].as_str().unwrap(), uploads[1]);
    let (status, refused) = app.ask(Method::DELETE, &file, None).await;
    assert_eq!((status, &refused["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("unusable")));
    let second = at(&ada, &room, &format!("waiting/{}", waiting[1]["waiting"].as_str().unwrap()));
    assert_eq!(app.ask(Method::DELETE, &second, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(Method::DELETE, &second, None).await.0, StatusCode::NOT_FOUND, "it is given up");
    assert_eq!(app.ask(Method::GET, &file, None).await.0, StatusCode::NOT_FOUND, "its file with it");

    services.begin(0).await;
    app.post(
        &at(&ada, &room, &format!("waiting/{}/again", waiting[0]["waiting"].as_str().unwrap())),
        json!({}),
    )
    .await;
    until("Grace has what was not given up, in its order", async || {
        let all = messages(&app, &grace, &room).await;
        let texts: Vec<&str> = all.iter().filter_map(|one| one["text"].as_str()).collect();
        assert!(!texts.contains(&"second"), "{texts:?}");
        (texts == ["first", "third"]).then_some(())
    })
    .await;
    assert_eq!(app.get(&at(&ada, &room, "waiting")).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_stays_until_its_writer_decides() {
    let services = Services::start().await;
    let mut app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    // One without its end, and one that is cut in the middle of what says where it was taken: nothing can be taken out of them.
    let upload = app.upload(&ada, "tea.jpg", &PICTURE[..PICTURE.len() - 2]).await;
    app.post(&at(&ada, &room, "messages"), json!({"text": "look", "files": [upload]})).await;
    let cut = app.upload(&ada, "cut.jpg", b"\xFF\xD8\xFF\xE1\x00\xFFExif\0\0II*\0 at home").await;
    app.post(&at(&ada, &room, "messages"), json!({"text": "cut", "files": [cut]})).await;
    let later = app.upload(&ada, "a.bin", &noise(1_000)).await;
    app.post(&at(&ada, &room, "messages"), json!({"text": "goes on", "files": [later]})).await;
    let held = until("both are held", async || {
        let waiting = app.get(&at(&ada, &room, "waiting")).await;
        (waiting[0]["held"] == true && waiting[1]["held"] == true).then(|| waiting.clone())
    })
    .await;
    for (index, text) in ["look", "cut"].into_iter().enumerate() {
        let (one, code) = (&held[index], &held[index]["problem"]["code"]);
        assert_eq!((&one["text"], code), (&json!(text), &json!("metadata-stays")), "{one}");
    }
    until("the next one is not held up", async || {
        messages(&app, &grace, &room).await.iter().any(|one| one["text"] == "goes on").then_some(())
    })
    .await;
    let everywhere = app.get("waiting").await;
    let both = json!([held[0], held[1]]);
    assert_eq!((&everywhere[0]["account"], &everywhere[0]["waiting"]), (&ada["id"], &both), "{everywhere}");

    let again = |index: usize| {
        let name = held[index]["waiting"].as_str().unwrap().to_owned();
        (at(&ada, &room, &format!("waiting/{name}/again")), at(&ada, &room, &format!("waiting/{name}")))
    };
    app.post(&again(1).0, json!({})).await;
    until("it is refused again", async || {
        (app.get(&at(&ada, &room, "waiting")).await[1]["held"] == true).then_some(())
    })
    .await;
    assert_eq!(app.ask(Method::DELETE, &again(1).1, None).await.0, StatusCode::NO_CONTENT);
    app.post(&again(0).0, json!({"whole": true})).await;
    until("its writer lets it go as it is", async || {
        messages(&app, &grace, &room).await.iter().any(|one| one["text"] == "look").then_some(())
    })
    .await;
    assert_eq!(app.get(&at(&ada, &room, "waiting")).await, json!([]));

    // No window was open: it is told to the next one, of this process or another, until somebody has seen it.
    let not_sent = async |app: &App| {
        let mut alarms = app.get("state").await["alarms"].as_array().unwrap().clone();
        alarms.retain(|alarm| alarm["warning"]["what"] == "file-not-sent");
        alarms
    };
    let alarms = not_sent(&app).await;
    assert_eq!(alarms.len(), 2, "each is there once, however often it happened: {alarms:?}");
    app.kill();
    let listed = trefoil(&app.home, &["account", "alarms"]);
    let told = |listed: &Ended| listed.data.iter().filter(|one| one["what"] == "file-not-sent").count();
    assert_eq!((listed.code, told(&listed)), (0, 2), "{}", listed.said);
    let mut app = App::start(&services, "both");
    assert_eq!(not_sent(&app).await, alarms);
    for alarm in alarms {
        assert_eq!(alarm["account"], ada["id"]);
        let name = alarm["alarm"].as_str().unwrap();
        app.post(&format!("accounts/{}/alarms/{name}/seen", ada["id"].as_str().unwrap()), json!({})).await;
    }
    assert_eq!(not_sent(&app).await, [Value::Null; 0]);
    app.kill();
    assert_eq!(told(&trefoil(&app.home, &["account", "alarms", "--seen"])), 0);
    assert_eq!(trefoil(&app.home, &["account", "alarms"]).data, [Value::Null; 0]);
}

/// Whether a file in a folder or below it has these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => holds(&path, bytes),
            false => fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes),
        }
    })
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The files without a name that a process has open and that were fetched.
fn open_files(process: u32) -> Vec<PathBuf> {
    let held = fs::read_dir(format!("/proc/{process}/fd")).unwrap().filter_map(|one| Some(one.ok()?.path()));
    held.filter(|one| {
        fs::read_link(one).is_ok_and(|link| link.to_string_lossy().contains("/uploads/fetched-"))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_whose_session_ended_hears_nothing_more() {
    let services = Services::start().await;
    let app = App::start(&services, "alone");
    let session = format!("{}/api/v1/session", app.address);
    let launch = app.link.split_once("#launch=").unwrap().1;
    let marked = |request: reqwest::RequestBuilder, key: &str| {
        request.header("x-trefoil", key).header("origin", &app.address)
    };
    let opened = marked(app.http.post(&session), "1").json(&json!({"launch": launch})).send().await.unwrap();
    let cookie = opened.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let key = opened.json::<Value>().await.unwrap()["key"].as_str().unwrap().to_owned();
    let connect = async |name: &'static str, value: String| {
        let url = format!("{}/api/v1/events?key={key}", app.address.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        request.headers_mut().insert("origin", app.address.parse().unwrap());
        connect_async(request).await.unwrap().0
    };
    let mut window = connect("cookie", cookie.clone()).await;
    let mut script = connect("authorization", format!("Bearer {}", app.token())).await;
    let ended = marked(app.http.delete(&session), &key).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    while let Some(Ok(message)) = window.next().await {
        assert!(!message.is_text(), "{message}");
    }
    // What happens now is heard by whoever may still listen.
    let chosen = app.get("state").await["settings"].clone();
    app.post("settings", chosen).await;
    assert!(script.next().await.unwrap().unwrap().is_text());
}
