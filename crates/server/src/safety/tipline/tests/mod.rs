//! Packages on their way to a server that stands in for NCMEC's and holds what it is sent to the schema.
#![allow(clippy::unwrap_used)]

mod keeping;
mod ncmec;
mod schema;
mod sending;

use super::{rows::PackageRow, *};
use ncmec::Ncmec;
use trefoil_store::MemoryStore;

pub(super) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(super) fn files() -> [Bytes; 2] {
    [Bytes::from(vec![0xAB; 150_000]), Bytes::from_static(b"a second file")]
}

fn about(name: &str, bytes: &Bytes, relevance: Relevance) -> FileAbout {
    FileAbout {
        name: name.to_owned(),
        original_name: Some(format!("my \"{name}\" & more")),
        size: bytes.len() as u64,
        sha256: Sha256::digest(bytes).into(),
        sent: Some(Timestamp(NOW.0 - 60_000)),
        viewed: true,
        relevance,
        classification: (relevance == Relevance::Reported).then_some(Classification::A2),
        remarks: None,
    }
}

pub(super) fn package() -> Package {
    let [one, two] = files();
    Package {
        incident: Incident::Material,
        at: NOW,
        at_means: Some("when the hub accepted the message".to_owned()),
        urgent: None,
        room: Some("mimi://a.example/r/tea".to_owned()),
        said: Some("<look> & \u{1}tell\nnobody".to_owned()),
        reporter: Reporter {
            first_name: "Grace".to_owned(),
            last_name: "Hopper".to_owned(),
            email: "safety@a.example".to_owned(),
            service: Some("Legal process: legal@a.example".to_owned()),
            legal_url: Some("https://a.example/legal".to_owned()),
        },
        reported: Reported {
            user: "mimi://a.example/u/mallory".to_owned(),
            service: "a.example".to_owned(),
            handle: Some("mallory".to_owned()),
            shown_as: vec!["Mal".to_owned(), "M.".to_owned()],
        },
        remarks: Some("reported by a member of the room".to_owned()),
        files: vec![about("1.jpg", &one, Relevance::Reported), about("2.bin", &two, Relevance::Supplemental)],
    }
}

pub(super) fn row() -> PackageRow {
    PackageRow {
        made: Timestamp(1),
        until: Timestamp(2),
        prepared_by: "ann".to_owned(),
        approved_by: Some("bob".to_owned()),
        package: package(),
        state: State::Open {
            report: 7,
            opened: Timestamp(3),
            changed: Timestamp(4),
            files: vec!["f1".to_owned()],
            described: 1,
            uploading: true,
        },
        refused: Some(Refused { at: Timestamp(5), code: 4100, words: "not so".to_owned() }),
        case: Some(CaseId([1; 10]).to_string()),
    }
}

/// A service with a line to a stand-in for NCMEC.
pub(super) struct World {
    pub store: Arc<MemoryStore>,
    pub tipline: Tipline,
    pub ncmec: Ncmec,
    pub line: Line,
}

impl World {
    pub async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let ncmec = Ncmec::start().await;
        let line = ncmec.line("trefoil", "open sesame");
        Self { tipline: tipline(&store), store, ncmec, line }
    }

    /// Another process of the service: all that the two share is what is stored.
    pub fn restarted(&mut self) {
        self.tipline = tipline(&self.store);
    }

    /// As the desk does, without a case.
    pub async fn prepare(
        &self,
        package: Package,
        files: &[Bytes],
        by: &str,
        now: Timestamp,
    ) -> Result<PackageId, TiplineError> {
        let Gathered { id, prepared } = self.tipline.gather(package, files, CaseId([1; 10]), by, now).await?;
        Store::commit(&*self.store, prepared).await.map_err(TiplineError::Write)?;
        Ok(id)
    }

    pub async fn approved(&self) -> PackageId {
        let id = self.prepare(package(), &files(), "ann", NOW).await.unwrap();
        self.tipline.approve(id, "bob", NOW).await.unwrap();
        id
    }

    pub async fn drive(&self, id: PackageId) -> Result<State, TiplineError> {
        self.tipline.drive(id, &self.line, NOW).await
    }
}

fn tipline(store: &Arc<MemoryStore>) -> Tipline {
    Tipline::new(store.clone(), Arc::new(Trail::new(store.clone())), SecretKey::fixed([5; 32]))
}
