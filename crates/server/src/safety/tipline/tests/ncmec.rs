//! A server on this machine that behaves as NCMEC's reporting API is documented to: it checks name, password and schema, gives
//! numbers, and answers with the documented codes. It can be told to fail.

use super::{
    super::{Credentials, Line},
    schema::{self, Node},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use data_encoding::BASE64;
use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::OpenOptionsExt as _,
    sync::{Arc, Mutex, MutexGuard},
};

/// What goes wrong with the next request of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is followed, and a proxy answers in its place.
    AnswerLost,
    /// It is refused with a code.
    Code(u32),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    #[default]
    Open,
    Finished,
    Retracted,
}

#[derive(Default)]
pub struct Report {
    pub stage: Stage,
    pub xml: Node,
    /// Name, bytes and description of each file, in the order in which they came.
    pub files: Vec<(String, Vec<u8>, Option<Node>)>,
}

#[derive(Default)]
pub struct Books {
    pub reports: BTreeMap<u64, Report>,
    pub asked: Vec<String>,
    /// Codes that were answered, other than 0.
    pub refused: Vec<u32>,
    /// What goes wrong with a request of a kind, after how many of it that go well.
    pub faults: Vec<(&'static str, usize, Fault)>,
}

pub struct Ncmec {
    address: String,
    books: Arc<Mutex<Books>>,
}

impl Ncmec {
    pub async fn start() -> Self {
        let books = Arc::<Mutex<Books>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/ispws", listener.local_addr().unwrap());
        let limit = axum::extract::DefaultBodyLimit::max(1 << 26);
        let routes =
            Router::new().route("/ispws/{what}", post(answer)).layer(limit).with_state(books.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, books }
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// The one report that was finished.
    pub fn finished(&self) -> (u64, Report) {
        let mut books = self.books();
        let finished: BTreeSet<_> = books
            .reports
            .iter()
            .filter(|(_, report)| report.stage == Stage::Finished)
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(finished.len(), 1, "reports that were finished");
        let id = *finished.first().unwrap();
        (id, books.reports.remove(&id).unwrap())
    }

    pub fn line(&self, user: &str, password: &str) -> Line {
        Line::new(&self.address, credentials(user, password), tls()).unwrap()
    }
}

pub fn credentials(user: &str, password: &str) -> Credentials {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ncmec");
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
    std::fs::write(&path, format!("{user}\n{password}\n")).unwrap();
    Credentials::read(&path).unwrap()
}

pub fn tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let roots = rustls::RootCertStore::empty();
    builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth()
}

async fn answer(
    State(books): State<Arc<Mutex<Books>>>,
    Path(what): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let mut books = books.lock().unwrap();
    books.asked.push(what.clone());
    let fault = books.fault(&what);
    let known = format!("Basic {}", BASE64.encode(b"trefoil:open sesame"));
    let followed = match fault {
        _ if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&known) => {
            Err((2000, "Authentication required".to_owned()))
        }
        Some(Fault::Code(code)) => Err((code, "told to".to_owned())),
        _ => books.follow(&what, headers["content-type"].to_str().unwrap(), &body),
    };
    if fault == Some(Fault::AnswerLost) {
        return (StatusCode::BAD_GATEWAY, "<html>no answer from upstream</html>".to_owned());
    }
    match followed {
        Ok(xml) => (StatusCode::OK, xml),
        Err((code, why)) => {
            books.refused.push(code);
            (StatusCode::BAD_REQUEST, response(code, &why, ""))
        }
    }
}

fn response(code: u32, why: &str, more: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<reportResponse><responseCode>{code}</responseCode>\
         <responseDescription>{why}</responseDescription>{more}</reportResponse>"
    )
}

impl Books {
    fn fault(&mut self, what: &str) -> Option<Fault> {
        let at = self.faults.iter().position(|(of, ..)| *of == what)?;
        match &mut self.faults[at].1 {
            0 => Some(self.faults.remove(at).2),
            left => {
                *left -= 1;
                None
            }
        }
    }

    fn follow(&mut self, what: &str, kind: &str, body: &[u8]) -> Result<String, (u32, String)> {
        let invalid = |why: String| (4100, why.replace(['<', '&'], " "));
        match what {
            "submit" => {
                assert_eq!(kind, "text/xml; charset=utf-8");
                let xml = schema::check(body, schema::report()).map_err(invalid)?;
                let id = 4_564_654 + self.reports.len() as u64;
                self.reports.insert(id, Report { xml, ..Report::default() });
                Ok(response(0, "Success", &format!("<reportId>{id}</reportId>")))
            }
            "upload" => {
                let (id, file) = multipart(kind, body);
                let report = self.open(&id)?;
                let name = format!("b0754af766b426f2928c02c651ed4b9{}", report.files.len());
                report.files.push((name.clone(), file, None));
                let more = format!("<reportId>{id}</reportId><fileId>{name}</fileId><hash>fafa5efeaf</hash>");
                Ok(response(0, "Success", &more))
            }
            "fileinfo" => {
                assert_eq!(kind, "text/xml; charset=utf-8");
                let xml = schema::check(body, schema::file_details()).map_err(invalid)?;
                let (id, file) = (xml.text_of("reportId"), xml.text_of("fileId"));
                let found = self.open(&id)?.files.iter_mut().find(|(name, ..)| *name == file);
                found.ok_or((5002, "File does not exist".to_owned()))?.2 = Some(xml);
                Ok(response(0, "Success", &format!("<reportId>{id}</reportId>")))
            }
            "finish" | "retract" => {
                assert_eq!(kind, "application/x-www-form-urlencoded");
                let id = std::str::from_utf8(body).unwrap().strip_prefix("id=").unwrap().to_owned();
                let report = self.open(&id)?;
                if what == "retract" {
                    report.stage = Stage::Retracted;
                    return Ok(response(0, "Success", &format!("<reportId>{id}</reportId>")));
                }
                report.stage = Stage::Finished;
                let files: String =
                    report.files.iter().map(|(name, ..)| format!("<fileId>{name}</fileId>")).collect();
                Ok(format!(
                    "<reportDoneResponse><responseCode>0</responseCode><reportId>{id}</reportId>\
                     <files>{files}</files></reportDoneResponse>"
                ))
            }
            _ => panic!("nothing is at {what}"),
        }
    }

    fn open(&mut self, id: &str) -> Result<&mut Report, (u32, String)> {
        let report = self.reports.get_mut(&id.parse().unwrap());
        let report = report.ok_or((5001, "Report does not exist".to_owned()))?;
        match report.stage {
            Stage::Open => Ok(report),
            Stage::Retracted => Err((5101, "Report already retracted".to_owned())),
            Stage::Finished => Err((5102, "Report already finished".to_owned())),
        }
    }
}

/// The parts `id` and `file`, taken apart byte for byte.
fn multipart(kind: &str, body: &[u8]) -> (String, Vec<u8>) {
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let find = |from: usize, what: &str| {
        from + body[from..].windows(what.len()).position(|window| window == what.as_bytes()).unwrap()
    };
    let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n");
    assert!(body.starts_with(head.as_bytes()));
    let end = find(head.len(), "\r\n");
    let id = String::from_utf8(body[head.len()..end].to_vec()).unwrap();
    let part = find(end, "name=\"file\"; filename=\"");
    let start = find(part, "\r\n\r\n") + 4;
    let last = format!("\r\n--{boundary}--\r\n");
    assert!(body.ends_with(last.as_bytes()));
    (id, body[start..body.len() - last.len()].to_vec())
}
