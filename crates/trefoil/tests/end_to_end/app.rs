//! The local server of `trefoil app`, as its page, scripts and hostile websites meet it.

use crate::{
    commands::trefoil,
    page::{App, at, messages, quoted, two_people, until},
    services::Services,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::Path;

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
    let key = opened.json::<Value>().await.unwrap()["key"].as_str().unwrap().to_owned();
    assert_eq!(code(open().json(&json!({"launch": launch}))).await, (401, "launch-used".to_owned()));
    let pair = cookie.split(';').next().unwrap();
    let page = || get().header("cookie", pair).header("x-trefoil", &key);
    assert_eq!(code(page()).await.0, 200);
    assert_eq!(code(app.http.get(format!("{state}?key={key}")).header("cookie", pair)).await.0, 200);
    // The browser sends the cookie to every port of this machine; whoever has it has not the key.
    assert_eq!(code(get().header("cookie", pair)).await, (401, "no-session".to_owned()));
    assert_eq!(
        code(get().header("cookie", pair).header("x-trefoil", "1")).await,
        (401, "no-session".to_owned())
    );
    assert_eq!(code(app.http.get(format!("{state}?key={key}"))).await, (401, "no-session".to_owned()));
    assert_eq!(code(page().header("origin", "http://127.0.0.1:1")).await, (403, "other-origin".to_owned()));

    // A WebSocket with cookie and key, but from nowhere or elsewhere; or without the key.
    let keyed = format!("?key={key}");
    let upgrade = |origin: Option<&str>, query: &str| {
        let events = format!("{}/api/v1/events{query}", app.address);
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
    assert_eq!(code(upgrade(None, &keyed)).await, (403, "other-origin".to_owned()));
    assert_eq!(code(upgrade(Some("https://evil.example"), &keyed)).await, (403, "other-origin".to_owned()));
    assert_eq!(code(upgrade(None, &keyed).bearer_auth("x")).await, (403, "other-origin".to_owned()));
    let unreadable = reqwest::header::HeaderValue::from_bytes(b"http://\xff").unwrap();
    assert_eq!(
        code(upgrade(None, &keyed).header("origin", unreadable)).await,
        (403, "other-origin".to_owned())
    );
    assert_eq!(code(upgrade(Some(&origin), "")).await, (401, "no-session".to_owned()));
    assert_eq!(code(upgrade(Some(&origin), &keyed)).await.0, 101);

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
    let end = app.http.delete(&session).header("x-trefoil", &key).header("cookie", pair);
    assert_eq!(code(end).await.0, 204);
    assert_eq!(code(page()).await, (401, "no-session".to_owned()));
}

fn file_mode(path: &Path) -> std::fs::Permissions {
    std::fs::metadata(path).unwrap().permissions()
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

    // What is chosen anew is chosen alone: the rest stays.
    app.post("settings", json!({"theme": "dark"})).await;
    let chosen = app.post("settings", json!({"typing": false})).await;
    assert_eq!(
        (&chosen["theme"], &chosen["typing"], &chosen["read_receipts"]),
        (&json!("dark"), &json!(false), &json!(true))
    );
    assert_eq!(app.get("state").await["settings"], chosen);
    let (status, _) = app.ask(Method::POST, "settings", Some(json!({"typping": true}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = trefoil(&app.home, &["settings"]);
    assert_eq!((told.code, &told.data[0]["theme"]), (0, &json!("dark")), "{}", told.said);
    let refused = trefoil(&app.home, &["settings", "--typing", "on"]);
    assert_eq!(refused.code, 6, "the page would not see it: {}", refused.said);

    // An invitation is as long and as wide as the state says, and no more.
    let limits = app.get("state").await["limits"].clone();
    let (people, days) =
        (limits["invitation_people"].as_u64().unwrap(), limits["invitation_days"].as_u64().unwrap());
    for (people, days, fits) in
        [(people, days, true), (people + 1, 1, false), (1, days + 1, false), (0, 1, false), (1, 0, false)]
    {
        let ask = json!({"people": people, "days": days});
        let (status, answer) = app.ask(Method::POST, &at(&ada, &room, "invitations"), Some(ask)).await;
        assert_eq!(status.is_success(), fits, "{people} people, {days} days: {answer}");
    }

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
