//! `trefoil app` as a process, asked as a script asks.

use crate::{commands::Ended, services::Services};
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
pub struct App {
    pub child: Child,
    pub home: PathBuf,
    pub address: String,
    pub link: String,
    pub http: reqwest::Client,
}

impl App {
    pub fn start(services: &Services, name: &str) -> Self {
        Self::start_with(services, name, &["--services", services.plan.list.to_str().unwrap()])
    }

    pub fn start_with(services: &Services, name: &str, more: &[&str]) -> Self {
        let home = services.path().join("people").join(name);
        let mut child = Command::new(env!("CARGO_BIN_EXE_trefoil"))
            .args(["--json", "app", "--no-browser"])
            .args(more)
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

    /// Ends it without warning (SIGKILL): whatever it wrote stays.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `trefoil app` once more, for the same person, with a browser that keeps what it was given.
    pub fn again(&self, browser: &Path) -> Ended {
        let opener = browser.join(if cfg!(target_os = "macos") { "open" } else { "xdg-open" });
        std::fs::create_dir_all(browser).unwrap();
        std::fs::write(
            &opener,
            "#!/bin/sh\ncp \"$1\" \"${0%/*}/seen.new\"\nmv \"${0%/*}/seen.new\" \"${0%/*}/seen\"\n",
        )
        .unwrap();
        std::fs::set_permissions(&opener, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let path = std::env::join_paths([browser, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_trefoil"))
            .env("PATH", path)
            .args(["--json", "app", "--home"])
            .arg(&self.home)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ended::of(output)
    }

    pub fn token(&self) -> String {
        std::fs::read_to_string(self.home.join("app-token")).unwrap()
    }

    /// As a script asks.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
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

    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, None).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Makes an account at one of the suggested services.
    pub async fn account(&self, service: usize, identifier: &str, name: &str) -> Value {
        let state = self.get("state").await;
        let url = state["services"][service]["url"].clone();
        self.post("accounts", json!({"url": url, "identifier": identifier, "name": name})).await
    }

    /// Hands a file over whole; gives what names it in a message.
    pub async fn upload(&self, account: &Value, name: &str, bytes: &[u8]) -> String {
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

    pub async fn fetch(&self, path: &str) -> Response {
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
pub fn plain_http() -> reqwest::Client {
    let tls = trefoil::transport::client_config(None).unwrap();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

pub fn quoted(uri: &Value) -> String {
    trefoil_proto::paths::segment(uri.as_str().unwrap())
}

pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
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
pub async fn two_people(app: &App) -> (Value, Value, String) {
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

pub fn at(account: &Value, room: &str, rest: &str) -> String {
    format!("accounts/{}/rooms/{room}/{rest}", account["id"].as_str().unwrap())
}

pub async fn messages(app: &App, account: &Value, room: &str) -> Vec<Value> {
    let part = app.get(&at(account, room, "timeline")).await;
    part["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "message").cloned().collect()
}
