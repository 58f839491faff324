//! What follows a report: the team of the hub and that of the person's own service, a decision that holds, an appeal, a trail. All of
//! it with the real binary and three services.

use crate::{
    commands::{Commands, trefoil},
    crowd::{Tea, tea_with_mallory},
    services::Services,
    team::Reviewer,
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    routing::post,
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use trefoil_server::trail::AuditEntry;
use trefoil_store::{Batch, KeyRange, SqliteOptions, SqliteStore, Store as _, Table};

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_decided_by_two_where_it_weighs_holds_and_can_be_appealed() {
    let services = Services::start().await;
    let Tea { room, mallory: mallory_uri } = tea_with_mallory(&services).await;
    let person = |name: &str| Commands::of(&services, name);
    let (grace, mallory) = (person("grace"), person("mallory"));
    mallory.run(&["send", &room, "I know where you live"]);
    mallory.run(&["send", &room, "the weather is nice"]);
    grace.run(&["receive"]);
    let threat = grace.run(&["search", "where you live"])[0]["message"].as_str().unwrap().to_owned();
    let ask = ["report", &room, &mallory_uri, "--reason", "harassment", "--message", &threat];
    grace.run(&ask);

    // Mallory's own service hears of it from the hub, which does not say who reported.
    let lena = Reviewer::invited(&services, 2, "lena", "lead");
    let waits =
        || lena.ask(&["queues"]).data.iter().any(|queue| queue["queue"] == "general" && queue["cases"] == 1);
    for _ in 0..100 {
        if waits() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(waits(), "the hub hands the report on");
    let case = lena.does(&["next"]);
    assert_eq!((&case["handed_on_by"], &case["reporter"]), (&json!("account.test"), &Value::Null));
    assert_eq!(
        (&case["about"], &case["messages"], &case["shown"]),
        (&json!(mallory_uri), &json!(1), &Value::Null)
    );
    let id = case["case"].as_str().unwrap();

    // Decided is what was opened; what was not reported is nowhere.
    let ban = [
        "decide",
        id,
        "ban",
        "--rule",
        "harassment",
        "--explain",
        "a threat to a person at home",
        "--message",
        "1",
    ];
    lena.refused(&ban, "open what was shown");
    let opened = lena.does(&["case", id, "--open"]);
    assert_eq!(opened["shown"][0]["text"], json!(["I know where you live"]));
    assert!(!opened.to_string().contains("weather"));
    assert_eq!(lena.does(&ban)["queue"], "second");
    lena.refused(&["claim", id], "somebody else must do this");
    let code =
        lena.does(&["staff", "invite", "otto", "--role", "reviewer"])["code"].as_str().unwrap().to_owned();
    let otto = Reviewer::join(&services, 2, "otto", &code);
    otto.refused(&["staff", "invite", "ida", "--role", "lead"], "role");
    otto.does(&["claim", id]);
    lena.refused(&["claim", id], "somebody else");
    otto.refused(&["confirm", id], "one of you let the other into the team");
    otto.does(&["case", id, "--open"]);
    otto.does(&["send-back", id, "--why", "seven days do"]);
    lena.does(&["claim", id]);
    lena.does(&["case", id, "--open"]);
    let suspend = [
        "decide",
        id,
        "suspend",
        "--rule",
        "harassment",
        "--explain",
        "a threat",
        "--days",
        "7",
        "--message",
        "1",
    ];
    assert_eq!(lena.does(&suspend)["queue"], Value::Null);

    // It holds: nothing is taken from Mallory, who reads why, and appeals.
    let kept_back = trefoil(&mallory.home, &["send", &room, "hello?"]);
    assert!(kept_back.code != 0 && kept_back.said.contains("Suspended"), "{}", kept_back.said);
    let told = mallory.run(&["account", "decisions"]);
    assert_eq!((&told[0]["measure"], &told[0]["explanation"]), (&json!("suspended"), &json!("a threat")));
    grace.run(&["receive"]);
    assert!(grace.run(&["search", "hello"]).is_empty(), "what a suspended person sends reaches nobody");
    mallory.run(&["account", "decisions", "--appeal", id, "--words", "it was a quotation"]);
    assert_eq!(mallory.run(&["account", "decisions"])[0]["stage"], "appealed");

    // Neither of those who took part hears it.
    otto.refused(&["claim", id], "somebody else must do this");
    let code =
        lena.does(&["staff", "invite", "ida", "--role", "reviewer"])["code"].as_str().unwrap().to_owned();
    let ida = Reviewer::join(&services, 2, "ida", &code);
    let case = ida.does(&["next", "appeals"]);
    assert_eq!(case["appeals"][0]["words"], "it was a quotation");
    ida.refused(&["answer", id, "--grant", "--explain", "it was one"], "open what was shown");
    ida.does(&["case", id, "--open"]);
    ida.does(&["answer", id, "--grant", "--explain", "it was one"]);
    assert_eq!(mallory.run(&["account", "decisions"])[0]["stage"], "undone");
    mallory.run(&["send", &room, "here I am"]);
    grace.run(&["receive"]);
    assert_eq!(grace.run(&["search", "here I am"]).len(), 1);

    // Grace hears from the hub what came of the report, there.
    let anna = Reviewer::invited(&services, 0, "anna", "lead");
    assert_eq!(grace.run(&["account", "reports"])[0]["stage"], "waiting");
    let here = anna.does(&["next"])["case"].as_str().unwrap().to_owned();
    assert_eq!(grace.run(&["account", "reports"])[0]["stage"], "in-review");
    anna.does(&["case", &here, "--open"]);
    let out =
        ["decide", &here, "ask-removal", "--rule", "harassment", "--explain", "a threat", "--message", "1"];
    anna.does(&out);
    assert_eq!(grace.run(&["account", "reports"])[0]["stage"], "acted-on");
    let removed = || {
        let listed = grace.run(&["receive"]);
        let shown = grace.run(&["rooms", "show", &room]);
        drop(listed);
        !shown[0]["members"].to_string().contains(&mallory_uri)
    };
    person("ada").run(&["receive"]);
    for _ in 0..50 {
        person("ada").run(&["receive"]);
        if removed() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(removed(), "the room's admin followed the hub");

    // What was done is a statement of reasons, which names nobody.
    let config = services.planned(0).config.clone();
    let stated = trefoil(services.path(), &["safety", "statements", "--config", config.to_str().unwrap()]);
    assert_eq!(
        stated.data[0]["decision_visibility"],
        json!(["DECISION_VISIBILITY_OTHER"]),
        "{}",
        stated.said
    );
    assert!(!stated.data[0].to_string().contains("mimi://"));

    // The trail is whole, and the figures say nothing about anybody.
    let trail = lena.ask(&["audit"]);
    assert_eq!(trail.code, 0, "{}", trail.said);
    let acts: Vec<_> = trail.data.iter().filter_map(|act| act["act"].as_str()).collect();
    for act in
        ["invited", "enrolled", "claimed", "opened", "proposed", "sent-back", "decided", "appeal-granted"]
    {
        assert!(acts.contains(&act), "{act} is in {acts:?}");
    }
    otto.refused(&["audit"], "role");
    let config = services.planned(2).config.clone();
    let ask = ["safety", "report", "--config", config.to_str().unwrap()];
    let figures = trefoil(services.path(), &ask);
    assert_eq!(
        figures.data[0]["by_category"]["all"]["reports"],
        json!(0),
        "before this quarter: {}",
        figures.said
    );
    assert!(!figures.data[0].to_string().contains("mimi://"));
    let running = trefoil(services.path(), &[&ask[..], &["--quarter", "2999-Q1"]].concat());
    assert!(running.code != 0 && running.said.contains("has not ended"), "{}", running.said);
}

/// Makes the trail of a service that does not run say something else, with every entry following from the one before.
async fn write_anew(data: &std::path::Path) {
    let store = SqliteStore::open(data.join("service.db"), SqliteOptions::default()).unwrap();
    let table = Table::new("safety.audit");
    let rows = store.scan(table, KeyRange::all(), usize::MAX).await.unwrap();
    let (mut batch, mut last) = (Batch::new(), None::<AuditEntry>);
    let row = |json: Vec<u8>| [&[1][..], &json].concat();
    for (key, old) in rows {
        let mut entry: AuditEntry = serde_json::from_slice(&old[1..]).unwrap();
        entry.detail = entry.detail.replace("lena", "nobody");
        entry.before = last.as_ref().map(AuditEntry::hash).unwrap_or_default();
        batch.put(table, key, row(serde_json::to_vec(&entry).unwrap()));
        last = Some(entry);
    }
    let last = last.expect("there is a trail");
    let head = json!({ "number": last.number, "hash": last.hash() });
    batch.put(Table::new("safety.audit_head"), &b"head"[..], row(serde_json::to_vec(&head).unwrap()));
    // What the service remembers of its heads as well: only the log itself says otherwise.
    let anchors = Table::new("trail.anchors");
    for (key, _) in store.scan(anchors, KeyRange::all(), usize::MAX).await.unwrap() {
        batch.delete(anchors, key);
    }
    store.commit(batch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_finds_a_trail_that_was_written_anew() {
    let mut services = Services::start().await;
    let lena = Reviewer::invited(&services, 0, "lena", "lead");
    let (url, ca) = (services.planned(0).url.clone(), services.plan.ca.to_str().unwrap().to_owned());
    let made = trefoil(services.path(), &["log", "policy", &url, "--ca", &ca]);
    let policy = services.path().join("policy");
    std::fs::write(&policy, made.data[0]["policy"].as_str().unwrap()).unwrap();
    let audit = ["audit", "--log", &url, "--policy", policy.to_str().unwrap(), "--ca", &ca];
    let mut checked = Value::Null;
    for _ in 0..100 {
        let said = lena.ask(&audit);
        assert_eq!(said.code, 0, "{}", said.said);
        checked = said.data.last().unwrap().clone();
        if checked["heads"] != 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        (&checked["kind"], &checked["heads"], &checked["log"]),
        (&json!("trail"), &json!(1), &json!(true))
    );
    services.stop(0);
    write_anew(&services.planned(0).data).await;
    services.begin(0).await;
    // By itself it is whole, and the console names no head that it does not have.
    assert_eq!(lena.ask(&["audit"]).code, 0);
    let found = lena.ask(&audit);
    assert_eq!(found.code, 9, "{}", found.said);
    assert!(found.said.contains("written anew"), "{}", found.said);
}

/// What NCMEC's reporting API answers, and what it was asked.
async fn ncmec() -> (String, Arc<Mutex<Vec<(String, Vec<u8>)>>>) {
    type Asked = Arc<Mutex<Vec<(String, Vec<u8>)>>>;
    async fn answer(State(asked): State<Asked>, Path(what): Path<String>, body: Bytes) -> String {
        asked.lock().unwrap().push((what, body.to_vec()));
        "<?xml version=\"1.0\"?><reportResponse><responseCode>0</responseCode><responseDescription>Success\
         </responseDescription><reportId>7</reportId><fileId>f1</fileId></reportResponse>"
            .to_owned()
    }
    let asked = Asked::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/ispws", listener.local_addr().unwrap());
    let router = Router::new().route("/ispws/{what}", post(answer)).with_state(Arc::clone(&asked));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_picture_is_opened_compared_and_told_to_ncmec_by_two() {
    let (endpoint, asked) = ncmec().await;
    let mut services = Services::start().await;
    let credentials = services.path().join("ncmec");
    trefoil::home::write_private(&credentials, b"trefoil\nopen sesame\n").unwrap();
    let config = services.planned(0).config.clone();
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str(&format!(
        "\n[tipline]\nendpoint = {endpoint:?}\ncredentials_file = {credentials:?}\nfirst_name = \"Carla\"\n\
         last_name = \"Example\"\nemail = \"safety@account.test\"\n"
    ));
    std::fs::write(&config, text).unwrap();
    services.stop(0);
    services.begin(0).await;
    let Tea { room, mallory: mallory_uri } = tea_with_mallory(&services).await;
    let person = |name: &str| Commands::of(&services, name);
    let (grace, mallory) = (person("grace"), person("mallory"));
    let file = services.path().join("found before.bin");
    std::fs::write(&file, b"stands for what nobody should have to see").unwrap();
    mallory.run(&["send", &room, "look", "--file", file.to_str().unwrap()]);
    grace.run(&["receive"]);

    // A lead takes in a list that somebody gave; the report comes forward by it, and nothing is done by it.
    let lena = Reviewer::invited(&services, 0, "lena", "lead");
    let hash = trefoil_hash(b"stands for what nobody should have to see");
    let list = services.path().join("list.txt");
    std::fs::write(&list, format!("sha256,{hash}\n")).unwrap();
    let import = [
        "known",
        "import",
        list.to_str().unwrap(),
        "--name",
        "given",
        "--from",
        "a hotline",
        "--kind",
        "child-abuse",
    ];
    assert_eq!(lena.does(&import)["taken"], 1);
    grace.run(&["report", &room, &mallory_uri, "--reason", "child-exploitation"]);
    let reviewer = Reviewer::invited(&services, 0, "otto", "reviewer");
    reviewer.refused(&["next", "child-safety"], "role");
    let carla = Reviewer::invited(&services, 0, "carla", "child-safety-reviewer");
    let case = carla.does(&["next", "child-safety"]);
    let id = case["case"].as_str().unwrap();
    let mut matches = case["matches"].clone();
    for _ in 0..100 {
        if matches != json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        matches = carla.does(&["case", id])["matches"].clone();
    }
    assert_eq!((&matches[0]["list"], &matches[0]["exact"]), (&json!("given"), &json!(true)));
    assert_eq!(carla.does(&["case", id])["decisions"], json!([]), "a match decides nothing");
    carla.refused(&["attachments", id], "open what was shown");
    carla.does(&["case", id, "--open"]);
    let saved = services.path().join("evidence");
    let save = ["attachments", id, "--save", "0", "--to", saved.to_str().unwrap()];
    carla.does(&save);
    assert_eq!(std::fs::read(&saved).unwrap(), b"stands for what nobody should have to see");

    // One prepares, another releases; then it goes.
    let tip =
        carla.does(&["tip", "prepare", id, "--incident", "material"])["tip"].as_str().unwrap().to_owned();
    carla.refused(&["tip", "release", &tip], "");
    assert!(asked.lock().unwrap().is_empty(), "nothing goes before a second person released it");
    lena.refused(&["tip", "release", &tip], "open what was shown");
    carla.does(&["release", id]);
    lena.does(&["claim", id]);
    lena.does(&["case", id, "--open"]);
    lena.does(&["tip", "release", &tip]);
    for _ in 0..100 {
        if carla.does(&["tip", "list"])["state"] == "finished" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let told = carla.does(&["tip", "list"]);
    assert_eq!(
        (&told["state"], &told["case"], &told["files"], &told["report"]),
        (&json!("finished"), &json!(id), &json!(1), &json!(7))
    );
    let asked = asked.lock().unwrap();
    let kinds: Vec<&str> = asked.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(kinds, ["submit", "upload", "fileinfo", "finish"]);
    let submitted = String::from_utf8_lossy(&asked[0].1).into_owned();
    assert!(submitted.contains(&mallory_uri) && !submitted.contains("grace"), "{submitted}");
}

fn trefoil_hash(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}
