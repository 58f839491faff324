//! The console's port: what is documented is what answers; who may come, from where, and who may do what.

use super::world::*;
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{fs, path::Path, sync::Arc, time::Duration};
use trefoil_server::{
    console::Console,
    staff::{self, Order, Role},
};
use trefoil_store::{MemoryStore, Store};

/// A service with a console, and how a browser or a command line beside it asks.
pub struct Desk {
    pub service: Running,
    origin: String,
}

/// A line of the documentation: method, path, who may.
type Documented = (String, String, String);

impl Desk {
    pub fn start() -> Self {
        Self::start_in(&World::new(), free_port(), &[])
    }

    /// With other services that it knows, and its port for them.
    pub fn start_in(world: &World, federation: u16, peers: &[(&str, u16)]) -> Self {
        Self::start_over(world, federation, peers, "", |store| store)
    }

    /// With more lines of configuration, and something between the service and its store.
    pub fn start_over(
        world: &World,
        federation: u16,
        peers: &[(&str, u16)],
        more: &str,
        over: impl FnOnce(Arc<MemoryStore>) -> Arc<dyn Store>,
    ) -> Self {
        let port = free_port();
        let origin = format!("http://localhost:{port}");
        let console =
            format!("[console]\nlisten = \"127.0.0.1:{port}\"\norigin = \"{origin}\"\nplain = true\n{more}");
        let service = world.start_over("account", "account.test", federation, peers, &console, None, over);
        Self { service, origin }
    }

    pub fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        self.ask_at(self.origin.strip_prefix("http://").unwrap(), method, path)
    }

    /// In the name of a host.
    fn ask_at(&self, host: &str, method: &str, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.service.addresses.console.unwrap());
        self.service.http.request(method.parse().unwrap(), url).header("host", host)
    }

    /// Somebody who was invited by the operator: their session.
    pub async fn member(&self, name: &str, role: Role) -> String {
        let order = staff::invite(role);
        let file =
            staff::hand_in(&self.service.data, &name.parse().unwrap(), &order, self.service.clock_now());
        let (Order::Invite { code, .. }, file) = (order, file.unwrap()) else {
            unreachable!("an order to invite")
        };
        for _ in 0..500 {
            if !file.exists() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let key = key_of(name).verifying_key();
        let joined = self
            .ask("POST", "/api/join/key")
            .json(&json!({"code": code, "key": BASE64URL_NOPAD.encode(key.as_bytes())}));
        let (status, said) = answer(joined).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        said["token"].as_str().unwrap().to_owned()
    }

    /// Somebody who came in before: a fresh session.
    pub async fn sign_in(&self, name: &str) -> String {
        let begun: Value = answer(self.ask("POST", "/api/session/challenge")).await.1;
        let challenge = BASE64URL_NOPAD.decode(begun["challenge"].as_str().unwrap().as_bytes()).unwrap();
        let signature = key_of(name).sign(&[staff::SESSION_LABEL, &challenge].concat()).to_bytes();
        let body = json!({
            "name": name, "challenge": begun["challenge"], "signature": BASE64URL_NOPAD.encode(&signature),
        });
        let (status, said) = answer(self.ask("POST", "/api/session/key").json(&body)).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        said["token"].as_str().unwrap().to_owned()
    }
}

/// Everybody has a key of their own.
fn key_of(name: &str) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(name).into())
}

/// Status and JSON of an answer, which is marked as each must be.
pub async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
    assert_eq!(
        (
            header("cache-control"),
            header("x-content-type-options"),
            header("referrer-policy"),
            header("cross-origin-opener-policy"),
            header("cross-origin-resource-policy"),
        ),
        ("no-store", "nosniff", "no-referrer", "same-origin", "same-origin"),
        "{}",
        answer.url()
    );
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "trusted-types 'none'",
    ] {
        assert!(policy.split(';').any(|found| found.trim() == part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("data:"), "{policy}");
    let status = answer.status();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
}

fn documented() -> Vec<Documented> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/console-api.md");
    let text = fs::read_to_string(page).unwrap();
    text.lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
            let [method, path, _, who, _] = cells[..] else { return None };
            let path = path.strip_prefix('`')?.strip_suffix('`')?;
            Some((method.strip_suffix('`')?.to_owned(), path.to_owned(), who.to_owned()))
        })
        .collect()
}

/// The path with something in place of its parameters, and what its query needs.
fn filled(path: &str) -> String {
    let query = match path {
        "/api/people" => "?user=mimi://account.test/u/x",
        "/api/figures" => "?from=0&until=1",
        "/api/known" => "?name=x&giver=x&kind=other",
        _ => "",
    };
    let filled = path
        .replace("{queue}", "general")
        .replace("{case}", "00000000000000000000000000000000")
        .replace("{name}", "nobody")
        .replace("{tip}", "00000000000000000000000000000000")
        .replace("{number}", "0")
        .replace("{*path}", "none.js");
    format!("{filled}{query}")
}

#[test]
fn what_is_documented_is_what_answers() {
    let mut documented: Vec<_> =
        documented().into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let mut served: Vec<_> =
        Console::endpoints().iter().map(|one| format!("{} {}", one.method, one.path)).collect();
    documented.sort();
    served.sort();
    assert_eq!(documented, served, "docs/console-api.md");
}

#[tokio::test]
async fn without_a_session_there_is_what_anybody_may_and_nothing_else() {
    let desk = Desk::start();
    for (method, path, who) in documented() {
        let (status, said) = answer(desk.ask(&method, &filled(&path))).await;
        let asked_to_sign_in = status == StatusCode::UNAUTHORIZED && said["code"] == "no-session";
        assert_eq!(asked_to_sign_in, who != "anybody", "{method} {path}: {status} {said}");
        let made_up = desk.ask(&method, &filled(&path)).bearer_auth("made-up");
        let (status, said) = answer(made_up).await;
        assert_eq!(said["code"] == "no-session", who != "anybody", "{method} {path}: {status} {said}");
    }
    let (status, said) = answer(desk.ask("GET", "/api/nothing")).await;
    assert_eq!((status, &said["code"]), (StatusCode::NOT_FOUND, &json!("not-found")));
    desk.service.stop().await;
}

/// Each port has its own: a browser keeps cookies by host.
fn cookie_name(desk: &Desk) -> String {
    let (_, port) = desk.origin.rsplit_once(':').expect("a console of the tests has a port");
    format!("trefoil-desk-{port}")
}

#[tokio::test]
async fn another_name_and_another_origin_get_nothing() {
    let desk = Desk::start();
    let token = desk.member("ines", Role::Lead).await;
    let cookie = format!("{}={token}", cookie_name(&desk));
    for host in ["evil.example", "127.0.0.1", "localhost", "localhost:1"] {
        let (status, said) = answer(desk.ask_at(host, "GET", "/")).await;
        assert_eq!(
            (status, &said["code"]),
            (StatusCode::MISDIRECTED_REQUEST, &json!("other-host")),
            "{host}"
        );
    }
    let refused = (StatusCode::FORBIDDEN, json!("other-site"));
    for origin in ["https://evil.example", "null", "http://localhost:1", "http://localhost"] {
        for (method, path) in [("GET", "/api/session"), ("POST", "/api/queues/general/claim")] {
            let asked = desk.ask(method, path).header("cookie", &cookie).header("origin", origin);
            let (status, said) = answer(asked).await;
            assert_eq!((status, said["code"].clone()), refused, "{method} {path} from {origin}");
            let asked = desk.ask(method, path).bearer_auth(&token).header("origin", origin);
            let (status, said) = answer(asked).await;
            assert_eq!((status, said["code"].clone()), refused, "{method} {path} from {origin}");
        }
    }
    // A change by cookie says where it comes from; reading, and a command line, need not.
    let claim = || desk.ask("POST", "/api/queues/general/claim");
    let (status, said) = answer(claim().header("cookie", &cookie)).await;
    assert_eq!((status, said["code"].clone()), refused);
    for asked in [
        claim().header("cookie", &cookie).header("origin", &desk.origin),
        claim().bearer_auth(&token),
        desk.ask("GET", "/api/session").header("cookie", &cookie),
    ] {
        assert_eq!(answer(asked).await.0, StatusCode::OK);
    }
    desk.service.stop().await;
}

#[tokio::test]
async fn a_browser_that_signs_out_forgets_its_session() {
    let desk = Desk::start();
    let token = desk.member("ines", Role::Lead).await;
    let cookie = format!("{}={token}", cookie_name(&desk));
    let asked = desk.ask("DELETE", "/api/session").header("cookie", &cookie).header("origin", &desk.origin);
    let left = asked.send().await.unwrap();
    assert_eq!(left.status(), StatusCode::NO_CONTENT);
    let set = left.headers()["set-cookie"].to_str().unwrap().to_owned();
    let named = format!("{}=", cookie_name(&desk));
    for part in [&named, "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=0"] {
        assert!(set.split("; ").any(|found| found == part), "{part} in {set}");
    }
    let (status, _) = answer(desk.ask("GET", "/api/session").header("cookie", &cookie)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    desk.service.stop().await;
}

#[tokio::test]
async fn each_role_may_what_is_documented() {
    let desk = Desk::start();
    for role in Role::ALL {
        let name = format!("a-{}", role.as_str());
        let token = desk.member(&name, role).await;
        for (method, path, who) in documented() {
            // What holds for a case depends on it: `safety::case` has its own tests.
            if path.contains("{case}") || path == "/api/session" || who == "anybody" {
                continue;
            }
            let may = match who.as_str() {
                "the team" => true,
                "reviewers" => role != Role::Auditor,
                "the child safety team" => matches!(role, Role::ChildSafetyReviewer | Role::Lead),
                "leads and auditors" => matches!(role, Role::Lead | Role::Auditor),
                "leads" => role == Role::Lead,
                other => panic!("{other} is nobody"),
            };
            let mut asked = desk.ask(&method, &filled(&path)).bearer_auth(&token);
            if (method.as_str(), path.as_str()) == ("POST", "/api/staff") {
                asked = asked.json(&json!({"name": "somebody", "role": "reviewer"}));
            }
            let (status, said) = answer(asked).await;
            assert!(status != StatusCode::UNAUTHORIZED && !status.is_server_error(), "{said}");
            assert_eq!(said["code"] != "role", may, "{method} {path} by {name}: {status} {said}");
        }
        let grave = desk.ask("POST", "/api/queues/child-safety/claim").bearer_auth(&token);
        let may = matches!(role, Role::ChildSafetyReviewer | Role::Lead);
        assert_eq!(answer(grave).await.1["code"] != "role", may, "{name}");
    }
    desk.service.stop().await;
}

/// Whoever is no lead is refused before the body of a list is read: it never ends here.
#[tokio::test]
async fn a_list_is_not_read_from_who_may_not_give_one() {
    let desk = Desk::start();
    let token = desk.member("rita", Role::Reviewer).await;
    let endless = futures_util::stream::unfold(0_u32, |sent| async move {
        // A first piece, then nothing: whoever reads to the end waits for ever.
        if sent > 0 {
            std::future::pending::<()>().await;
        }
        Some((Ok::<_, std::io::Error>(vec![b'#'; 1024]), sent + 1))
    });
    let asked = desk
        .ask("POST", "/api/known?name=x&giver=x&kind=other")
        .bearer_auth(&token)
        .body(reqwest::Body::wrap_stream(endless));
    let told = tokio::time::timeout(Duration::from_secs(10), answer(asked)).await;
    let (status, said) = told.expect("refused without its body");
    assert_eq!((status, &said["code"]), (StatusCode::FORBIDDEN, &json!("role")));
    desk.service.stop().await;
}

/// However often somebody asks, whoever comes from elsewhere signs in; and that somebody tried stands in the trail, once a minute.
#[tokio::test]
async fn signing_in_cannot_be_shut_and_failures_stand_in_the_trail() {
    let desk = Desk::start();
    let lead = desk.member("lena", Role::Lead).await;
    let key = SigningKey::from_bytes(&Sha256::digest("lena").into());
    let begun: Value = answer(desk.ask("POST", "/api/session/challenge")).await.1;
    let challenge = BASE64URL_NOPAD.decode(begun["challenge"].as_str().unwrap().as_bytes()).unwrap();
    let with = |name: &str, key: &SigningKey| {
        let signature = key.sign(&[staff::SESSION_LABEL, &challenge].concat()).to_bytes();
        let body = json!({
            "name": name, "challenge": begun["challenge"], "signature": BASE64URL_NOPAD.encode(&signature),
        });
        desk.ask("POST", "/api/session/key").json(&body)
    };
    let stranger = SigningKey::from_bytes(&[9; 32]);
    for name in ["lena", "lena", "nobody"] {
        let (status, said) = answer(with(name, &stranger)).await;
        assert_eq!((status, &said["code"]), (StatusCode::UNAUTHORIZED, &json!("not-proven")), "{name}");
    }
    // One address asks until it is told to wait.
    let mut last = StatusCode::OK;
    for _ in 0..700 {
        last =
            answer(desk.ask("POST", "/api/session/challenge").header("x-forwarded-for", "192.0.2.9")).await.0;
        if last != StatusCode::OK {
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let (status, said) = answer(with("lena", &key).header("x-forwarded-for", "192.0.2.10")).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let (_, trail) = answer(desk.ask("GET", "/api/audit").bearer_auth(&lead)).await;
    let failed: Vec<_> = trail
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["act"] == "sign-in-failed")
        .map(|entry| entry["who"].clone())
        .collect();
    assert_eq!(failed, ["lena"], "once a minute, and of nobody whom the team does not know");
    desk.service.stop().await;
}

/// A lead cannot be two people: her key comes in once.
#[tokio::test]
async fn a_lead_does_not_come_in_twice() {
    let desk = Desk::start();
    let lead = desk.member("ines", Role::Lead).await;
    let invite = desk.ask("POST", "/api/staff").bearer_auth(&lead);
    let (status, said) = answer(invite.json(&json!({"name": "ines-two", "role": "lead"}))).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let key = SigningKey::from_bytes(&Sha256::digest("ines").into()).verifying_key();
    let body = json!({"code": said["code"], "key": BASE64URL_NOPAD.encode(key.as_bytes())});
    let (status, said) = answer(desk.ask("POST", "/api/join/key").json(&body)).await;
    assert_eq!((status, &said["code"]), (StatusCode::CONFLICT, &json!("known-key")));
    desk.service.stop().await;
}
