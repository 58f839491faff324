//! Bad input gives its named error and leaves the store as it was: at every endpoint of both listeners, by a table that
//! is held against the router's own list, and in every frame of the WebSocket.

mod bodies;
pub mod devices;
mod frames;
mod services;

use super::world::*;
use std::collections::{BTreeMap, BTreeSet};
use trefoil_proto::paths;
use trefoil_server::edge::Endpoint;

/// One endpoint, with what it would take.
pub struct Case {
    pub method: &'static str,
    /// As the router's list has it.
    pub template: &'static str,
    /// The template filled in, with its query.
    pub path: String,
    pub takes: Takes,
    pub who: Who,
    /// Paths that do not name what they must, with the code.
    pub odd: Vec<(String, &'static str)>,
}

/// What an endpoint takes as its body.
pub enum Takes {
    /// One structure. What is good may be refused for another reason than its form.
    Structure { good: Vec<u8>, limit: usize },
    /// The same, of whatever type the caller calls it.
    Untyped { good: Vec<u8>, limit: usize },
    /// Bytes of an attachment.
    Piece { limit: usize },
    /// Nothing.
    Nothing,
    /// Anything: this version does not offer it, and says so.
    NotOffered,
}

/// Who is let in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Anyone,
    /// By a token.
    Device,
    /// By certificate and `From`.
    Service,
}

/// A listener, and the headers by which its callers say who they are.
pub struct Gate {
    pub http: reqwest::Client,
    pub base: String,
    pub own: Vec<(&'static str, String)>,
    /// What others would say, and what each is told.
    pub others: Vec<Option<String>>,
    pub refused: (&'static str, u16),
}

impl Gate {
    async fn ask(&self, case: &Case, path: &str, body: Vec<u8>, more: &[(&str, &str)]) -> Answer {
        let mut request = self.request(case.method, path, body);
        for (name, value) in &self.own {
            request = request.header(*name, value);
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    pub fn request(&self, method: &str, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.base)).body(body)
    }
}

impl Case {
    fn good(&self) -> Vec<u8> {
        match &self.takes {
            Takes::Structure { good, .. } | Takes::Untyped { good, .. } => good.clone(),
            Takes::Piece { .. } => b"piece".to_vec(),
            Takes::Nothing | Takes::NotOffered => Vec::new(),
        }
    }

    /// An answer to HEAD has no body, so no code.
    fn expect(&self, answer: &Answer, code: &str, status: u16, what: &str) {
        let Self { method, path, .. } = self;
        if *method != "HEAD" {
            assert_eq!(answer.code(), code, "{method} {path}: {what}");
            let media_type = answer.headers.get("content-type").map(|value| value.to_str().unwrap());
            assert_eq!(media_type, Some(paths::ERROR_MEDIA_TYPE), "{method} {path}: {what}");
        }
        assert_eq!(answer.status, status, "{method} {path}: {what}");
    }
}

/// Every line of the router's list has one case, and every case a line.
fn held_against(listed: &[Endpoint], cases: &[Case]) {
    let listed: BTreeSet<_> =
        listed.iter().map(|endpoint| (endpoint.method.to_string(), endpoint.path.clone())).collect();
    let covered: BTreeSet<_> =
        cases.iter().map(|case| (case.method.to_owned(), case.template.to_owned())).collect();
    assert_eq!(listed, covered);
    assert_eq!(covered.len(), cases.len());
}

/// Sends an endpoint everything that is wrong.
async fn spoil(gate: &Gate, case: &Case) {
    match &case.takes {
        Takes::Structure { good, limit } => {
            spoil_structure(gate, case, good).await;
            spoil_type_and_size(gate, case, *limit).await;
        }
        Takes::Untyped { good, limit } => {
            spoil_structure(gate, case, good).await;
            spoil_size(gate, case, *limit).await;
        }
        Takes::Piece { limit } => spoil_type_and_size(gate, case, *limit).await,
        Takes::Nothing => {
            // A body that nobody asked for is not looked at.
            let without = gate.ask(case, &case.path, Vec::new(), &[]).await;
            let with = gate.ask(case, &case.path, vec![0xff; 64], &[]).await;
            assert_eq!((without.status, without.body), (with.status, with.body), "{}", case.path);
        }
        Takes::NotOffered => {
            for body in [Vec::new(), vec![0xff; 64], vec![0; 64 * 1024]] {
                let answer = gate.ask(case, &case.path, body, &[]).await;
                case.expect(&answer, "Unsupported", 501, "not offered");
            }
        }
    }
    if case.who != Who::Anyone {
        for other in &gate.others {
            let mut request = gate.request(case.method, &case.path, case.good());
            if let Some(other) = other {
                request = request.header(gate.own[0].0, other);
            }
            case.expect(&answer(request).await, gate.refused.0, gate.refused.1, &format!("by {other:?}"));
        }
    }
    for (path, code) in &case.odd {
        let answer = gate.ask(case, path, case.good(), &[]).await;
        assert_eq!(answer.code(), *code, "{} {path}", case.method);
    }
    if case.template.contains('{') && !matches!(case.takes, Takes::NotOffered) {
        let (before, after) = case.template.split_once('{').unwrap();
        let after = after.split_once('}').unwrap().1.replace("{epoch}", "1");
        let path = format!("{before}%FF{after}");
        case.expect(&gate.ask(case, &path, case.good(), &[]).await, "Malformed", 400, "no text");
    }
}

async fn spoil_structure(gate: &Gate, case: &Case, good: &[u8]) {
    for cut in BTreeSet::from([0, 1, good.len() / 4, good.len() / 2, good.len() - 1]) {
        let answer = gate.ask(case, &case.path, good[..cut].to_vec(), &[]).await;
        case.expect(&answer, "Malformed", 400, &format!("cut at {cut} of {}", good.len()));
    }
    let trailing = [good, &[0]].concat();
    let answer = gate.ask(case, &case.path, trailing, &[]).await;
    case.expect(&answer, "Malformed", 400, "a trailing byte");
    for noise in [vec![0xff; 64], vec![0x3f; 1024], b"{\"json\": true}".to_vec()] {
        case.expect(&gate.ask(case, &case.path, noise, &[]).await, "Malformed", 400, "noise");
    }
}

async fn spoil_type_and_size(gate: &Gate, case: &Case, limit: usize) {
    let other_type = [("content-type", "text/plain")];
    let answer = gate.ask(case, &case.path, case.good(), &other_type).await;
    case.expect(&answer, "Malformed", 415, "of another type");
    spoil_size(gate, case, limit).await;
}

async fn spoil_size(gate: &Gate, case: &Case, limit: usize) {
    let answer = gate.ask(case, &case.path, vec![0; limit + 1], &[]).await;
    case.expect(&answer, "TooLarge", 413, "oversized");
}

/// No path is asked for by a method that is not on the list.
async fn wrong_methods(gate: &Gate, listed: &[Endpoint], cases: &[Case]) {
    let mut taken = BTreeMap::<&str, BTreeSet<&str>>::new();
    for endpoint in listed {
        taken.entry(&endpoint.path).or_default().insert(endpoint.method.as_str());
    }
    for case in cases {
        let wrong = ["GET", "POST", "PUT", "DELETE", "PATCH"].into_iter();
        for method in wrong.filter(|method| !taken[case.template].contains(method)) {
            let mut request = gate.request(method, &case.path, case.good());
            for (name, value) in &gate.own {
                request = request.header(*name, value);
            }
            let answer = answer(request).await;
            let told = (answer.code(), answer.status);
            assert_eq!(told, ("Unsupported".to_owned(), 405), "{method} {}", case.path);
        }
    }
}
