//! The local server of `trefoil app`, as its page, scripts and hostile websites meet it.

use crate::services::Services;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::time::sleep;

const LIMIT: Duration = Duration::from_secs(60);

/// A running `trefoil app`.
pub(crate) struct App {
    pub(crate) child: Child,
    pub(crate) home: PathBuf,
    pub(crate) address: String,
    pub(crate) link: String,
    pub(crate) http: reqwest::Client,
}

impl App {
    pub(crate) fn start(services: &Services, name: &str) -> Self {
        let home = services.path().join("people").join(name);
        let mut child = Command::new(env!("CARGO_BIN_EXE_trefoil"))
            .args(["--json", "app", "--no-browser", "--services"])
            .arg(&services.plan.list)
            .arg("--home")
            .arg(&home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let ready: Value = serde_json::from_str(&first).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self { child, home, address: text("address"), link: text("link"), http: plain_http() }
    }

    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.home.join("app-token")).unwrap()
    }

    /// As a script asks.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self
            .http
            .request(method, format!("{}/api/v1/{path}", self.address))
            .bearer_auth(self.token())
            .header("x-trefoil", "1");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let bytes = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, None).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Makes an account at one of the suggested services.
    async fn account(&self, service: usize, identifier: &str, name: &str) -> Value {
        let state = self.get("state").await;
        let url = state["services"][service]["url"].clone();
        self.post("accounts", json!({"url": url, "identifier": identifier, "name": name})).await
    }

    /// Hands a file over whole; gives what names it in a message.
    pub(crate) async fn upload(&self, account: &Value, name: &str, bytes: &[u8]) -> String {
        let folder = format!("accounts/{}/files", account["id"].as_str().unwrap());
        let begun = self.post(&folder, json!({"name": name, "size": bytes.len()})).await;
        let upload = begun["upload"].as_str().unwrap().to_owned();
        let piece = 4 * 1024 * 1024;
        for (index, part) in bytes.chunks(piece).enumerate() {
            let url = format!("{}/api/v1/{folder}/{upload}?offset={}", self.address, index * piece);
            let request =
                self.http.put(url).bearer_auth(self.token()).header("x-trefoil", "1").body(part.to_vec());
            assert!(request.send().await.unwrap().status().is_success());
        }
        upload
    }

    pub(crate) async fn fetch(&self, path: &str) -> Response {
        let request = self.http.get(format!("{}/api/v1/{path}", self.address)).bearer_auth(self.token());
        request.send().await.unwrap()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Loopback without TLS; the client wants to know one all the same.
fn plain_http() -> reqwest::Client {
    let tls = trefoil::transport::client_config(None).unwrap();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

fn quoted(uri: &Value) -> String {
    trefoil_proto::paths::segment(uri.as_str().unwrap())
}

pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not in time");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Ada and Grace, on two services, with an open room; gives account ids and the room.
pub(crate) async fn two_people(app: &App) -> (Value, Value, String) {
    let ada = app.account(0, "ada", "Ada").await;
    let grace = app.account(1, "grace", "Grace").await;
    let rooms = format!("accounts/{}/rooms", ada["id"].as_str().unwrap());
    let room = app.post(&rooms, json!({"name": "Tea", "people": [grace["user"]]})).await["room"].clone();
    until("both are in the room", async || {
        let rooms = app.get("rooms").await;
        let open = |one: &&Value| one["room"] == room && one["state"] == "open" && one["count"] == 2;
        (rooms.as_array().unwrap().iter().filter(open).count() == 2).then_some(())
    })
    .await;
    (ada, grace, quoted(&room))
}

pub(crate) fn at(account: &Value, room: &str, rest: &str) -> String {
    format!("accounts/{}/rooms/{room}/{rest}", account["id"].as_str().unwrap())
}

pub(crate) async fn messages(app: &App, account: &Value, room: &str) -> Vec<Value> {
    let part = app.get(&at(account, room, "timeline")).await;
    part["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "message").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_across_services_through_the_local_api() {
    let services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;

    app.post(&at(&ada, &room, "messages"), json!({"text": "hello *Grace*"})).await;
    let heard = until("Grace has it", async || messages(&app, &grace, &room).await.pop()).await;
    assert_eq!(heard["body"][0]["c"][1], json!({"t": "em", "c": [{"t": "text", "text": "Grace"}]}));
    assert_eq!((&heard["name"], &heard["mine"]), (&json!("Ada"), &json!(false)));
    let id = heard["message"].as_str().unwrap();

    // A reply, a reaction that goes away again, an edit with its history, taking back.
    app.post(&at(&grace, &room, &format!("messages/{id}/react")), json!({"emoji": "\u{1F44D}", "on": true}))
        .await;
    app.post(&at(&grace, &room, "messages"), json!({"text": "hello @Ada", "reply_to": id})).await;
    let reply = until("Ada has the reply", async || {
        messages(&app, &ada, &room).await.into_iter().find(|one| one["reply"]["message"] == id)
    })
    .await;
    assert_eq!(reply["mentions_me"], true, "{reply}");
    assert_eq!(reply["reply"]["excerpt"], "hello *Grace*");
    app.post(&at(&ada, &room, &format!("messages/{id}/edit")), json!({"text": "hello, Grace"})).await;
    let seen = until("Grace sees the edit", async || {
        messages(&app, &grace, &room).await.into_iter().find(|one| one["text"] == "hello, Grace")
    })
    .await;
    assert_eq!(seen["reactions"][0]["mine"], true);
    let history = app.get(&at(&grace, &room, &format!("messages/{id}/history"))).await;
    let texts: Vec<&Value> = history.as_array().unwrap().iter().map(|one| &one["text"]).collect();
    assert_eq!(texts, ["hello *Grace*", "hello, Grace"]);
    let (status, refused) =
        app.ask(Method::POST, &at(&grace, &room, &format!("messages/{id}/unsend")), Some(json!({}))).await;
    assert_eq!((status, &refused["code"]), (StatusCode::FORBIDDEN, &json!("not-allowed")));
    app.post(&at(&ada, &room, &format!("messages/{id}/unsend")), json!({})).await;
    until("Grace no longer has it", async || {
        messages(&app, &grace, &room).await.into_iter().find(|one| one["unsent"] == true)
    })
    .await;

    // Reading is told to its sender.
    let newest = messages(&app, &ada, &room).await.pop().unwrap();
    app.post(&at(&ada, &room, "read"), json!({"through": newest["position"]})).await;
    until("Grace hears that Ada read", async || {
        messages(&app, &grace, &room).await.into_iter().find(|one| one["read"] == 1)
    })
    .await;

    // What is said is found again on this device, and a room can be put above the others.
    let found = app.get("search?q=hello%20ad").await;
    let hit = &found["hits"][0];
    assert_eq!((&hit["sender"], &hit["room_title"]), (&json!("Grace"), &json!("Tea")), "{found}");
    assert!(hit["excerpt"].as_array().unwrap().iter().any(|piece| piece["hit"] == true));
    assert_eq!(app.get("search?q=nowhere").await["hits"], json!([]));
    let marked = app.post(&at(&ada, &room, "marks"), json!({"pinned": true, "draft": "half a"})).await;
    assert_eq!((&marked["pinned"], &marked["draft"]), (&json!(true), &json!("half a")));

    // They compare.
    let person = format!("accounts/{}/people/{}", ada["id"].as_str().unwrap(), quoted(&grace["user"]));
    let other = format!("accounts/{}/people/{}", grace["id"].as_str().unwrap(), quoted(&ada["user"]));
    let (here, there) =
        (app.get(&format!("{person}/safety")).await, app.get(&format!("{other}/safety")).await);
    assert_eq!(here["digits"], there["digits"]);
    let outcome = app.post(&format!("{person}/verify"), json!({"code": there["code"]})).await;
    assert_eq!(outcome["matches"], true, "{outcome}");
    assert_eq!(app.get(&person).await["standing"], "verified");

    // Another process of the same accounts finds everything again.
    let home = app.home.clone();
    drop(app);
    let app = App::start(&services, "both");
    assert_eq!(app.home, home);
    assert_eq!(app.get("state").await["accounts"].as_array().unwrap().len(), 2);
    assert_eq!(messages(&app, &grace, &room).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_over_in_pieces_and_hostile_ones_are_inert() {
    let services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    let folder = format!("accounts/{}/files", ada["id"].as_str().unwrap());
    let picture = include_bytes!("../../../../demo/china.jpg");

    // The page is reloaded in the middle: what is there is told, and the rest goes over.
    let begun = app.post(&folder, json!({"name": "china.jpg", "size": picture.len()})).await;
    let upload = begun["upload"].as_str().unwrap().to_owned();
    let put = async |upload: &str, offset: usize, bytes: &[u8]| {
        let url = format!("{}/api/v1/{folder}/{upload}?offset={offset}", app.address);
        let request =
            app.http.put(url).bearer_auth(app.token()).header("x-trefoil", "1").body(bytes.to_vec());
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(put(&upload, 0, &picture[..70_000]).await.1["there"], 70_000);
    let (status, refused) = app
        .ask(Method::POST, &at(&ada, &room, "messages"), Some(json!({"text": "", "files": [upload]})))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    let there = usize::try_from(app.get(&folder).await[0]["there"].as_u64().unwrap()).unwrap();
    assert_eq!(put(&upload, 0, b"again").await.0, StatusCode::CONFLICT);
    assert_eq!(put(&upload, there, &picture[there..]).await.1["there"], picture.len());
    app.post(&at(&ada, &room, "messages"), json!({"text": "look", "files": [upload]})).await;
    let got = until("Grace has the picture", async || {
        messages(&app, &grace, &room).await.into_iter().find(|one| one["text"] == "look")
    })
    .await;
    let id = got["message"].as_str().unwrap();
    assert_eq!(
        (&got["files"][0]["kind"], &got["files"][0]["name"]),
        (&json!("picture"), &json!("china.jpg"))
    );
    let drawn = app.fetch(&at(&grace, &room, &format!("messages/{id}/files/0/picture?width=320"))).await;
    assert_eq!(drawn.headers()["content-type"], "image/jpeg");
    assert!(drawn.bytes().await.unwrap().len() < 60_000);
    let whole = app.fetch(&at(&grace, &room, &format!("messages/{id}/files/0"))).await;
    assert!(whole.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert!(whole.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    let whole = whole.bytes().await.unwrap();
    assert!(whole.starts_with(b"\xFF\xD8\xFF") && whole.len() > 150_000);
    // On to a room of another account of the same person, of another service, with the file.
    let rooms = format!("accounts/{}/rooms", ada["id"].as_str().unwrap());
    let kept = app.post(&rooms, json!({"name": "Kept", "people": []})).await["room"].clone();
    let to = json!({"to": [{"account": ada["id"], "room": kept}]});
    app.post(&at(&grace, &room, &format!("messages/{id}/forward")), to).await;
    let passed = messages(&app, &ada, &quoted(&kept)).await.pop().unwrap();
    assert_eq!((&passed["text"], &passed["forwarded"]), (&json!("look"), &json!(1)));
    let same = format!("messages/{}/files/0", passed["message"].as_str().unwrap());
    assert_eq!(app.fetch(&at(&ada, &quoted(&kept), &same)).await.bytes().await.unwrap(), whole);
    until("nothing is left in the spool", async || {
        app.get(&folder).await.as_array().unwrap().is_empty().then_some(())
    })
    .await;

    // What claims to be a picture or a film is only ever saved, or refused.
    let hostile: [(&str, &[u8]); 4] = [
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("x.html", b"<script>alert(1)</script>"),
        ("x.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x06\0\0\0"),
        ("bomb.gif", b"GIF89a\xff\xff\xff\xff\x80\0\0"),
    ];
    for (name, bytes) in hostile {
        let begun = app.post(&folder, json!({"name": name, "size": bytes.len(), "whole": true})).await;
        let upload = begun["upload"].as_str().unwrap().to_owned();
        put(&upload, 0, bytes).await;
        app.post(&at(&ada, &room, "messages"), json!({"text": name, "files": [upload]})).await;
        let got = until("Grace has it", async || {
            messages(&app, &grace, &room).await.into_iter().find(|one| one["text"] == name)
        })
        .await;
        let id = got["message"].as_str().unwrap();
        let saved = app.fetch(&at(&grace, &room, &format!("messages/{id}/files/0"))).await;
        assert_eq!(saved.headers()["content-type"], "application/octet-stream", "{name}");
        assert_eq!(saved.headers()["x-content-type-options"], "nosniff");
        let drawn = app.fetch(&at(&grace, &room, &format!("messages/{id}/files/0/picture?width=320"))).await;
        assert_eq!(drawn.status(), StatusCode::UNPROCESSABLE_ENTITY, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_own_page_and_scripts_are_served() {
    let services = Services::start().await;
    let app = App::start(&services, "alone");
    let state = format!("{}/api/v1/state", app.address);
    let session = format!("{}/api/v1/session", app.address);
    let origin = app.address.clone();
    let launch = app.link.split_once("#launch=").unwrap().1;
    let code = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.json::<Value>().await.unwrap_or_default();
        (status.as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
    };
    let get = || app.http.get(&state);

    // Nobody without a session; a website by its own name, by its origin, or by a form.
    assert_eq!(code(get()).await, (401, "no-session".to_owned()));
    assert_eq!(code(get().bearer_auth("x")).await, (401, "no-session".to_owned()));
    let script = || get().bearer_auth(app.token());
    assert_eq!(code(script()).await.0, 200);
    assert_eq!(code(script().header("host", "evil.example")).await, (421, "other-host".to_owned()));
    assert_eq!(
        code(script().header("origin", "https://evil.example")).await,
        (403, "other-origin".to_owned())
    );
    assert_eq!(code(script().header("sec-fetch-site", "cross-site")).await, (403, "other-origin".to_owned()));
    assert_eq!(code(script().header("sec-fetch-site", "same-site")).await, (403, "other-origin".to_owned()));
    let unmarked = app.http.post(&session).json(&json!({"launch": launch}));
    assert_eq!(code(unmarked).await, (403, "unmarked".to_owned()));

    // The launch token works once, and the session that it opens is a browser's.
    let open = || app.http.post(&session).header("x-trefoil", "1").header("origin", &origin);
    let wrong = open().json(&json!({"launch": "wrong"}));
    assert_eq!(code(wrong).await, (401, "launch-used".to_owned()));
    let opened = open().json(&json!({"launch": launch})).send().await.unwrap();
    let cookie = opened.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert_eq!(code(open().json(&json!({"launch": launch}))).await, (401, "launch-used".to_owned()));
    let pair = cookie.split(';').next().unwrap();
    let page = || get().header("cookie", pair);
    assert_eq!(code(page()).await.0, 200);
    assert_eq!(code(page().header("origin", "http://127.0.0.1:1")).await, (403, "other-origin".to_owned()));

    // A WebSocket with the cookie, but from nowhere or elsewhere.
    let upgrade = |origin: Option<&str>| {
        let events = format!("{}/api/v1/events", app.address);
        let mut request = app
            .http
            .get(events)
            .header("cookie", pair)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request
    };
    assert_eq!(code(upgrade(None)).await, (403, "other-origin".to_owned()));
    assert_eq!(code(upgrade(Some("https://evil.example"))).await, (403, "other-origin".to_owned()));
    assert_eq!(code(upgrade(Some(&origin))).await.0, 101);

    // Every answer says what browsers shall not do with it; the token file is the person's own.
    let index = app.http.get(&app.address).send().await.unwrap();
    let policy = index.headers()["content-security-policy"].to_str().unwrap();
    for part in ["default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!index.headers().contains_key("access-control-allow-origin"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&file_mode(&app.home.join("app-token")));
    assert_eq!(mode & 0o077, 0);
    let end = app.http.delete(&session).header("x-trefoil", "1").header("cookie", pair);
    assert_eq!(code(end).await.0, 204);
    assert_eq!(code(page()).await, (401, "no-session".to_owned()));
}

fn file_mode(path: &Path) -> std::fs::Permissions {
    std::fs::metadata(path).unwrap().permissions()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_with_a_device_comes_back_by_code_and_by_pin() {
    let services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    let account = format!("accounts/{}", grace["id"].as_str().unwrap());
    app.post(&at(&ada, &room, "messages"), json!({"text": "remember this"})).await;
    until("Grace has it", async || messages(&app, &grace, &room).await.pop()).await;

    // A PIN that was not set puts nothing into force.
    let (status, _) = app.ask(Method::POST, &format!("{account}/pin"), Some(json!({"pin": "12"}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_ne!(app.get(&format!("{account}/recovery")).await["recovery"], "confirmed");

    // A code is in force once it was given back; a slip of the pen is told.
    let code = app.post(&format!("{account}/recovery"), json!({})).await["code"].as_str().unwrap().to_owned();
    assert_eq!(app.get(&format!("{account}/recovery")).await["recovery"], "unconfirmed");
    let confirm = format!("{account}/recovery/confirm");
    let mut slip = code.clone();
    slip.replace_range(0..1, if code.starts_with('a') { "b" } else { "a" });
    let (status, _) = app.ask(Method::POST, &confirm, Some(json!({"code": slip}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(app.post(&confirm, json!({"code": code})).await["recovery"], "confirmed");
    app.post(&format!("{account}/pin"), json!({"pin": "2580"})).await;
    until("everything is kept", async || {
        let backup = app.get(&format!("{account}/recovery")).await;
        (backup["waiting"] == false && backup["last"].is_u64()).then_some(())
    })
    .await;
    let url = grace["service_url"].clone();

    // Another device, with nothing but the code.
    let second = App::start(&services, "second");
    let (status, refused) =
        second.ask(Method::POST, "recover", Some(json!({"url": url, "code": slip}))).await;
    assert!(status.is_client_error(), "{refused}");
    let back = second.post("recover", json!({"url": url, "code": code})).await;
    assert_eq!((&back["user"], &back["primary"]), (&grace["user"], &json!(true)));
    let texts: Vec<Value> =
        messages(&second, &back, &room).await.iter().map(|one| one["text"].clone()).collect();
    assert_eq!(texts, ["remember this"]);
    until("the room is open again", async || {
        let rooms = second.get("rooms").await;
        rooms.as_array().unwrap().iter().any(|one| one["state"] == "open" && one["count"] == 2).then_some(())
    })
    .await;
    second.post(&at(&back, &room, "messages"), json!({"text": "I am back"})).await;
    until("Ada hears it", async || {
        messages(&app, &ada, &room).await.into_iter().find(|one| one["text"] == "I am back")
    })
    .await;
    drop(second);

    // A third one, with nothing but the PIN; a wrong one is told with what is left.
    let third = App::start(&services, "third");
    let by_pin = |pin: &str| json!({"url": url, "identifier": "grace", "pin": pin});
    let (status, refused) = third.ask(Method::POST, "recover/pin", Some(by_pin("2581"))).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("pin-wrong")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("9 tries are left"), "{refused}");
    let back = third.post("recover/pin", by_pin("2580")).await;
    assert_eq!(back["user"], grace["user"]);
    assert!(messages(&third, &back, &room).await.iter().any(|one| one["text"] == "remember this"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_cannot_be_used_is_refused_before_anything_is_registered() {
    let services = Services::start().await;
    let app = App::start(&services, "long");
    let url = app.get("state").await["services"][0]["url"].clone();
    let ask = |name: String| json!({"url": url, "identifier": "ada", "name": name});
    let (status, refused) = app.ask(Method::POST, "accounts", Some(ask("ä".repeat(65)))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    assert_eq!(app.get("state").await["accounts"], json!([]));
    // And what they wanted to be called is still theirs to take.
    assert_eq!(app.post("accounts", ask("Ä".repeat(64))).await["name"], "Ä".repeat(64));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_device_is_compared_and_gets_the_history() {
    let services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    let account = format!("accounts/{}", grace["id"].as_str().unwrap());
    app.post(&at(&ada, &room, "messages"), json!({"text": "from before"})).await;
    until("Grace has it", async || messages(&app, &grace, &room).await.pop()).await;

    let second = App::start(&services, "second");
    let ask = json!({"url": grace["service_url"], "name": "Tablet"});
    let waiting = second.post("accounts/link", ask).await;
    let here = format!("accounts/{}", waiting["account"]["id"].as_str().unwrap());
    assert!(waiting["qr"]["size"].as_u64().unwrap() <= 49, "a camera reads it: {}", waiting["qr"]["size"]);
    let (status, _) = app.ask(Method::POST, &format!("{account}/devices"), Some(json!({"code": "x"}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    // The device waits while the first one lets it in: nothing is carried back by hand.
    let wait = format!("{here}/link/wait");
    let asked = async {
        loop {
            let linked = second.post(&wait, json!({})).await;
            if !linked["number"].is_null() {
                return linked;
            }
        }
    };
    let device_code = json!({"code": waiting["code"]});
    let devices = format!("{account}/devices");
    let (linked, approved) = tokio::join!(asked, app.post(&devices, device_code));
    assert_eq!(second.post(&wait, json!({})).await["number"], linked["number"], "asked again");
    assert_eq!((&linked["account"]["user"], &linked["account"]["primary"]), (&grace["user"], &json!(false)));

    // Both show the same number; the history comes only after the person said so.
    let device = json!({"device": approved["device"]});
    let seen = app.post(&format!("{account}/links/look"), device.clone()).await;
    assert_eq!(seen["number"], linked["number"], "{seen} {linked}");
    let number = linked["number"].as_str().unwrap();
    assert_eq!(number.chars().filter(char::is_ascii_digit).count(), 8, "{number}");
    assert!(messages(&second, &linked["account"], &room).await.is_empty());
    app.post(&format!("{account}/links/compared"), device).await;
    until("the history is on the second device", async || {
        messages(&second, &linked["account"], &room)
            .await
            .into_iter()
            .find(|one| one["text"] == "from before")
    })
    .await;
    let devices = app.get(&format!("{account}/devices")).await;
    assert!(devices.as_array().unwrap().iter().any(|one| one["name"] == "Tablet"), "{devices}");
    until("the second device is in the room", async || {
        let rooms = second.get("rooms").await;
        rooms.as_array().unwrap().iter().any(|one| one["state"] == "open").then_some(())
    })
    .await;
    second.post(&at(&linked["account"], &room, "messages"), json!({"text": "from the tablet"})).await;
    until("Ada hears the second device", async || {
        messages(&app, &ada, &room).await.into_iter().find(|one| one["text"] == "from the tablet")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_timers_what_is_seen_once_and_everything_in_files() {
    let services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    let by_text = async |whose: &Value, text: &str| {
        until(text, async || messages(&app, whose, &room).await.into_iter().find(|one| one["text"] == text))
            .await
    };

    let poll = json!({"question": "Tea?", "options": ["green", "black"], "several": false});
    let poll = app.post(&at(&ada, &room, "polls"), poll).await["message"].as_str().unwrap().to_owned();
    let asked = until("Grace has the poll", async || {
        messages(&app, &grace, &room).await.into_iter().find(|one| one["poll"]["question"] == "Tea?")
    })
    .await;
    let vote = format!("messages/{}/vote", asked["message"].as_str().unwrap());
    app.post(&at(&grace, &room, &vote), json!({"choices": [1]})).await;
    until("Ada sees the vote", async || {
        let all = messages(&app, &ada, &room).await;
        all.into_iter().find(|one| one["message"] == *poll && one["poll"]["options"][1]["votes"] == 1)
    })
    .await;

    // Forwarded, to a room of her own; and it says that it was.
    let rooms = format!("accounts/{}/rooms", ada["id"].as_str().unwrap());
    let own = app.post(&rooms, json!({"name": "Notes", "people": []})).await["room"].clone();
    app.post(&at(&ada, &room, "messages"), json!({"text": "worth keeping"})).await;
    let kept = by_text(&ada, "worth keeping").await;
    let place = json!({"to": [{"account": ada["id"], "room": own}]});
    app.post(&at(&ada, &room, &format!("messages/{}/forward", kept["message"].as_str().unwrap())), place)
        .await;
    let passed = messages(&app, &ada, &quoted(&own)).await.pop().unwrap();
    assert_eq!((&passed["text"], &passed["forwarded"]), (&json!("worth keeping"), &json!(1)));

    // What is seen once is shown once.
    app.post(&at(&ada, &room, "messages"), json!({"text": "a secret", "view_once": true})).await;
    let closed = until("Grace can open it", async || {
        messages(&app, &grace, &room).await.into_iter().find(|one| one["once"] == "closed")
    })
    .await;
    assert_eq!(closed["text"], "");
    let open = at(&grace, &room, &format!("messages/{}/open", closed["message"].as_str().unwrap()));
    assert_eq!(app.post(&open, json!({})).await["text"], "a secret");
    let (status, again) = app.ask(Method::POST, &open, Some(json!({}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{again}");

    // A timer of the room makes a line at both, and holds for what names none.
    app.post(&at(&grace, &room, "timer"), json!({"seconds": 3600})).await;
    until("Ada's room has the timer", async || {
        let rooms = app.get("rooms").await;
        let timed = |one: &&Value| one["account"] == ada["id"] && one["timer"] == 3600;
        rooms.as_array().unwrap().iter().find(timed).map(|_| ())
    })
    .await;
    app.post(&at(&ada, &room, "messages"), json!({"text": "for an hour"})).await;
    assert_eq!(by_text(&grace, "for an hour").await["timer"], 3600);

    // Everything, in files.
    let folder = services.path().join("export");
    let (status, _) = app
        .ask(
            Method::POST,
            &format!("accounts/{}/export", grace["id"].as_str().unwrap()),
            Some(json!({"folder": folder})),
        )
        .await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let account =
        until("the export is there", async || std::fs::read_to_string(folder.join("account.json")).ok())
            .await;
    assert!(account.contains(grace["user"].as_str().unwrap()));
}
