//! The local API over accounts: what brings them back, whom they believe, a second device; and the page that is open already.

use crate::{
    commands::trefoil,
    crowd::{Device, number_of},
    page::{App, at, messages, two_people, until},
    services::Services,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trefoil::home::Home;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_with_a_device_comes_back_by_code_and_by_pin() {
    let services = Services::start().await;
    let app = App::start(&services, "both");
    let (ada, grace, room) = two_people(&app).await;
    let account = format!("accounts/{}", grace["id"].as_str().unwrap());
    app.post(&at(&ada, &room, "messages"), json!({"text": "remember this"})).await;
    until("Grace has it", async || messages(&app, &grace, &room).await.pop()).await;

    // A PIN that was not set puts nothing into force. How long one is, the state says.
    let least = usize::try_from(app.get("state").await["limits"]["pin_shortest"].as_u64().unwrap()).unwrap();
    let short = json!({"pin": "123456789"[..least - 1]});
    let (status, refused) = app.ask(Method::POST, &format!("{account}/pin"), Some(short)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused["message"].as_str().unwrap().contains("6 characters at least"), "{refused}");
    assert_eq!(app.get(&format!("{account}/pin")).await, json!({"set": false, "services": []}));
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
    app.post(&format!("{account}/pin"), json!({"pin": "258046"})).await;
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
    let (status, refused) = third.ask(Method::POST, "recover/pin", Some(by_pin("258047"))).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("pin-wrong")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("9 tries are left"), "{refused}");
    let back = third.post("recover/pin", by_pin("258046")).await;
    assert_eq!(back["user"], grace["user"]);
    assert!(messages(&third, &back, &room).await.iter().any(|one| one["text"] == "remember this"));

    // It is set anew on services that are named, and taken back: the recovery code stays.
    let pin = format!("accounts/{}/pin", back["id"].as_str().unwrap());
    let state = third.get("state").await;
    let url = |service: usize| state["services"][service]["url"].clone();
    let (status, refused) =
        third.ask(Method::POST, &pin, Some(json!({"pin": "another one", "with": [url(2)]}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    third.post(&pin, json!({"pin": "another one", "with": [url(2), url(0)]})).await;
    assert_eq!(third.get(&pin).await, json!({"set": true, "services": [url(1), url(2), url(0)]}));
    // Another recovery code replaces what the PIN protected: it is not said to be set any more.
    let recovery = pin.replace("/pin", "/recovery");
    let code = third.post(&recovery, json!({})).await;
    third.post(&format!("{recovery}/confirm"), json!({"code": code["code"]})).await;
    assert_eq!(third.get(&pin).await["set"], false);
    third.post(&pin, json!({"pin": "another one", "with": [url(2), url(0)]})).await;
    third.post(&format!("{recovery}/confirm"), json!({"code": code["code"]})).await;
    assert_eq!(third.get(&pin).await["set"], true, "the code that is in force already changes nothing");
    let (status, _) = third.ask(Method::DELETE, &pin, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(third.get(&pin).await["set"], false);
    let (status, refused) = third.ask(Method::DELETE, &pin, None).await;
    assert_eq!((status, &refused["code"]), (StatusCode::NOT_FOUND, &json!("no-pin")));
    let recovery = format!("accounts/{}/recovery", back["id"].as_str().unwrap());
    assert_eq!(third.get(&recovery).await["recovery"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_book_auditors_and_an_authority_of_ones_own() {
    let services = Services::start().await;
    // Nothing is suggested here: whoever knows the address and the authority gets in, and nobody else.
    let app = App::start_with(&services, "own", &[]);
    let (url, ca) = (services.planned(0).url.clone(), std::fs::read_to_string(&services.plan.ca).unwrap());
    let (status, refused) = app.ask(Method::POST, "services/look", Some(json!({"url": url}))).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY, "{refused}");
    let looked = app.post("services/look", json!({"url": url, "ca": ca})).await;
    assert_eq!(looked["domain"], "account.test");
    let ask = json!({"url": url, "identifier": "ada", "name": "Ada"});
    assert_eq!(app.ask(Method::POST, "accounts", Some(ask.clone())).await.0, StatusCode::BAD_GATEWAY);
    let mut ask = ask;
    ask["ca"] = json!(ca);
    let ada = app.post("accounts", ask).await;
    let account = format!("accounts/{}", ada["id"].as_str().unwrap());
    // The account keeps it: its PIN finds two others of the same authority.
    let with = [1, 2].map(|service| services.planned(service).url.clone());
    app.post(&format!("{account}/pin"), json!({"pin": "evening tea", "identifier": "ada", "with": with}))
        .await;
    assert_eq!(app.ask(Method::DELETE, &format!("{account}/pin"), None).await.0, StatusCode::NO_CONTENT);

    // A whole address book, across services; one that cannot be one is refused unseen.
    let edsger = Device::register(&services, 2, "edsger").await;
    let (user, number) = (edsger.user().to_string(), number_of("edsger"));
    drop(edsger.switch_off().await);
    let find = format!("{account}/find/numbers");
    let book =
        json!({"domain": "phone.test", "numbers": ["+15550000001", number, number, "+1 555 000 0002"]});
    let found = app.post(&find, book).await;
    assert_eq!((&found["looked"], &found["stopped"]), (&json!(3), &Value::Null), "{found}");
    assert_eq!(found["found"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&found["found"][0]["number"], &found["found"][0]["person"]["user"]),
        (&json!(number), &json!(user))
    );
    for numbers in [json!([]), json!(["Aunt Ada"]), json!(vec!["+15550000001"; 2001])] {
        let ask = json!({"domain": "phone.test", "numbers": numbers});
        let (status, refused) = app.ask(Method::POST, &find, Some(ask)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            !refused["message"].as_str().unwrap().contains("Ada"),
            "what stands there is repeated: {refused}"
        );
    }

    // Whose word on the key directories counts.
    let auditing = format!("{account}/auditing");
    for needed in [2, 0] {
        assert_eq!(app.post(&auditing, json!({"needed": needed})).await["needed"], needed);
    }
    let now = app.post(&auditing, json!({"vouched_by": ["account.test"]})).await;
    assert_eq!(now, json!({"needed": 0, "own_entry_refused": null}));
    let vouch = async || -> Vec<String> {
        let known = app.get(&format!("{account}/directories")).await;
        let counts = known.as_array().unwrap().iter().filter(|one| one["vouches"] == true);
        counts.map(|one| one["domain"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(vouch().await, ["account.test"]);
    app.post(&auditing, json!({"vouched_by": []})).await;
    assert_eq!(
        vouch().await.len(),
        app.get(&format!("{account}/directories")).await.as_array().unwrap().len()
    );
    // With one that must vouch, nobody does for themselves.
    app.post(&auditing, json!({"needed": 1})).await;
    for wrong in [
        json!({}),
        json!({"needed": 0, "vouched_by": []}),
        json!({"vouched_by": ["account.test"]}),
        json!({"vouched_by": ["nobody.test"]}),
        json!({"believe_again": "handle.test"}),
        json!({"vouched_by": ["-"]}),
    ] {
        let (status, refused) = app.ask(Method::POST, &auditing, Some(wrong)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    }
    assert_eq!(app.get(&auditing).await["needed"], 1, "what is refused changed nothing");
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
async fn a_second_trefoil_app_gives_another_link_to_the_first_and_commands_say_that_the_page_is_open() {
    let services = Services::start().await;
    let mut app = App::start(&services, "open");
    app.account(0, "ada", "Ada").await;
    app.account(1, "grace", "Grace").await;

    // Another link, opened in the browser; it is good for one session, beside the one of the first link.
    let browser = services.path().join("browser");
    let ended = app.again(&browser);
    assert_eq!(ended.code, 0, "{}", ended.said);
    let ready = &ended.data[0];
    assert_eq!((&ready["already"], &ready["address"]), (&json!(true), &json!(app.address)), "{ready}");
    let link = ready["link"].as_str().unwrap();
    assert_ne!(link, app.link);
    let seen =
        until("the browser has the link", async || std::fs::read_to_string(browser.join("seen")).ok()).await;
    assert!(seen.contains(link), "{seen}");
    let open = async |link: &str| {
        let launch = link.strip_prefix(&format!("{}/#launch=", app.address)).unwrap();
        let session = app.http.post(format!("{}/api/v1/session", app.address)).header("x-trefoil", "1");
        session.json(&json!({"launch": launch})).send().await.unwrap()
    };
    let opened = open(link).await;
    assert_eq!(opened.status(), StatusCode::OK);
    assert_eq!(open(link).await.status(), StatusCode::UNAUTHORIZED, "it was used");
    assert_eq!(open(&app.link).await.status(), StatusCode::OK, "the first link still works");

    // A window makes no links, nor does somebody who shows nothing.
    let cookie = opened.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let key = opened.json::<Value>().await.unwrap()["key"].as_str().unwrap().to_owned();
    let ask = |mark: &str| app.http.post(format!("{}/api/v1/launch", app.address)).header("x-trefoil", mark);
    let refused = ask(&key).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "script-only");
    assert_eq!(ask("1").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);

    // Every other command says what is open, for each account of the person, and what to do.
    for home in [app.home.clone(), app.home.join("accounts/2")] {
        let refused = trefoil(&home, &["rooms"]);
        assert_eq!(refused.code, 6, "{}", refused.said);
        let token = app.home.join("app-token");
        for words in ["page", "is open", "Ctrl-C", token.to_str().unwrap()] {
            assert!(refused.said.contains(words), "{words:?} is not in {:?}", refused.said);
        }
    }

    // What it left when it was killed misleads nobody: the next one serves by itself.
    app.kill();
    assert!(app.home.join("app-token").exists());
    let home = app.home.clone();
    assert_eq!(trefoil(&home, &["rooms"]).code, 0);
    let next = App::start(&services, "open");
    assert_eq!(next.get("state").await["accounts"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_account_another_command_uses_says_so() {
    let services = Services::start().await;
    let app = App::start(&services, "busy");
    app.account(0, "ada", "Ada").await;
    let home = app.home.clone();
    drop(app);
    // As `receive --follow` has it.
    let store = Home::locate(Some(&home)).unwrap().open_store(None).unwrap();
    let refused = trefoil(&home, &["app", "--no-browser"]);
    assert_eq!(refused.code, 6, "{}", refused.said);
    assert!(
        refused.said.contains("another trefoil is running") && refused.said.contains("receive --follow"),
        "{}",
        refused.said
    );
    drop(store);
}
