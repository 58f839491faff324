//! Outsiders audit a service's key directory with the real binary: from the first epoch on, stopped in the middle, and
//! against a service that begins another history under the same keys.

use crate::services::Services;
use ed25519_dalek::SigningKey;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use trefoil_proto::{
    DeviceUri, Month, UserId, Wire as _,
    credential::{AccountKey, DeviceAuthorisation},
    edge::NewDevice,
};
use trefoil_server::{
    Config,
    clock::SystemClock,
    directory::{self, Directory},
    edge::TlsFiles,
    federation::{Federation, HttpLink, HttpSettings},
    log::{self, Log},
    mailbox::Mailboxes,
    secrets::{SecretName, Secrets},
};
use trefoil_store::{Batch, LocalWakes, SqliteOptions, SqliteStore, Store as _};
use trefoil_transparency::device_set::{DeviceEntry, DeviceSet, SignedDeviceSet};

/// More than one page of them.
const EPOCHS: usize = 1000;

/// Publishes so many epochs of one person each into the store of a service that does not run, under its own keys.
pub async fn publish(config: &Config, epochs: usize, seed: u8) {
    let secrets = Secrets::open(&config.data.join("secrets.toml")).unwrap();
    let store =
        Arc::new(SqliteStore::open(config.data.join("service.db"), SqliteOptions::default()).unwrap());
    let clock = Arc::new(SystemClock);
    let mailboxes = Arc::new(Mailboxes::new(store.clone(), Arc::new(LocalWakes::new())));
    let link = HttpLink::new(HttpSettings {
        domain: config.domain.clone(),
        tls: TlsFiles::read(config).unwrap().outbound,
        routes: config.peers.clone().into_iter().collect(),
    });
    let federation = Arc::new(Federation::new(
        config.domain.clone(),
        store.clone(),
        mailboxes,
        Arc::new(link.unwrap()),
        clock.clone(),
    ));
    let settings = log::Settings {
        domain: config.domain.clone(),
        log: secrets.key(SecretName::LogSign1).clone(),
        witness: secrets.key(SecretName::WitnessSign1).clone(),
        witnesses: Vec::new(),
        data: config.data.clone(),
    };
    let log = Arc::new(Log::new(settings, store.clone(), federation.clone(), clock.clone()));
    let settings = directory::Settings {
        domain: config.domain.clone(),
        signing: secrets.key(SecretName::DirectorySign).clone(),
        vrf: secrets.key(SecretName::DirectoryVrf).clone(),
        epoch: Duration::from_secs(30),
        auditors: Vec::new(),
    };
    let directory = Directory::new(store.clone(), federation, log, clock, settings);
    for number in 0..epochs {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let account_key = AccountKey(key.verifying_key().to_bytes());
        let id: UserId = format!("person{seed}x{number}").parse().unwrap();
        let uri: DeviceUri = format!("mimi://{}/d/{id}/d1", config.domain).parse().unwrap();
        let authorisation = DeviceAuthorisation::sign(&key, &uri, &account_key.0);
        let entry = DeviceEntry::new(uri.device.clone(), account_key.0, &authorisation);
        let set = DeviceSet::first(uri.user_uri(), Month(600), account_key, vec![entry]);
        let devices = [NewDevice { uri, signature_key: account_key.0, authorisation }];
        let mut batch = Batch::new();
        let signed = SignedDeviceSet::by_account(set, &key).encode();
        directory.enter(&mut batch, &id, account_key, &devices, &signed).await.unwrap();
        store.commit(batch).await.unwrap();
        directory.publish().await.unwrap().unwrap();
    }
}

struct Outsider {
    url: String,
    ca: PathBuf,
    state: PathBuf,
}

impl Outsider {
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trefoil"));
        command.args(["--json", "audit", &self.url, "--ca"]).arg(&self.ca).arg("--state").arg(&self.state);
        command.stdin(Stdio::null());
        command
    }

    fn audit(&self, more: &[&str]) -> (Output, serde_json::Value) {
        let output = self.command().args(more).output().unwrap();
        let first = output.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let said = serde_json::from_slice(first).unwrap_or_default();
        (output, said)
    }
}

pub fn forget_store(data: &Path) {
    for file in fs::read_dir(data).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("service.db") {
            fs::remove_file(path).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outsider_verifies_every_epoch_over_a_restart_and_keeps_the_evidence_of_a_fork() {
    let mut services = Services::start().await;
    let config = Config::load(&services.planned(0).config, []).unwrap();
    services.stop(0);
    publish(&config, EPOCHS, 1).await;
    services.begin(0).await;
    let outsider = Outsider {
        url: services.planned(0).url.clone(),
        ca: services.plan.ca.clone(),
        state: services.path().join("audit"),
    };

    // Killed as soon as the first page is kept, it goes on from there.
    let mut child = outsider.command().stdout(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let size = || fs::metadata(&outsider.state).map_or(0, |found| found.len());
    while size() < 150 && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "no page was kept");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (output, said) = outsider.audit(&["--sign-as", "auditor.example"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        (said["epoch"].as_u64(), said["directory"].as_str()),
        (Some(EPOCHS as u64), Some("account.test"))
    );
    println!("{} of {EPOCHS} epochs were left after the kill", said["new"]);
    assert_eq!(said["signed"]["auditor"], "auditor.example");
    let signed = fs::read(services.path().join("audit.signed")).unwrap();
    let answer = trefoil_transparency::directory::AuditAnswer::decode(&signed).unwrap();
    let followed =
        trefoil_transparency::directory::Followed::from_file(&fs::read(&outsider.state).unwrap()).unwrap();
    assert!(answer.signature.unwrap().is_over(&followed.newest.unwrap().root, &answer.key));
    // Nothing new is no failure; another key than the one that was named is.
    let (_, said) = outsider.audit(&[]);
    assert_eq!(said["new"], 0);
    let (output, _) = outsider.audit(&["--key", &"11".repeat(32)]);
    assert_eq!(output.status.code(), Some(7));

    // Another history of the same length under the same keys.
    services.stop(0);
    forget_store(&config.data);
    publish(&config, EPOCHS, 2).await;
    services.begin(0).await;
    let (output, _) = outsider.audit(&[]);
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "{sentence}");
    assert!(sentence.contains("signed two different roots"), "{sentence}");
    let evidence = services.path().join("audit.evidence");
    let judge = |file: &Path| {
        Command::new(env!("CARGO_BIN_EXE_trefoil"))
            .args(["--json", "audit", "--evidence"])
            .arg(file)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    services.stop(0);
    let output = judge(&evidence);
    assert!(output.status.success());
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((said["accused"].as_str(), said["at"].as_u64()), (Some("account.test"), Some(EPOCHS as u64)));
    let mut altered = fs::read(&evidence).unwrap();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let file = services.path().join("altered");
    fs::write(&file, altered).unwrap();
    assert!(!judge(&file).status.success());

    // Fewer epochs than before.
    forget_store(&config.data);
    publish(&config, 3, 1).await;
    services.begin(0).await;
    let (output, _) = outsider.audit(&[]);
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("rolled back"));
}
