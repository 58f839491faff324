//! A service lies to another, which refuses, records it, and tells its operator.

use crate::services::Services;
use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use trefoil::{person, transport::Service};
use trefoil_proto::{
    Domain, Wire as _,
    mimi::{NotifyRequest, submit::Delivery},
};
use trefoil_server::{
    Config,
    edge::TlsFiles,
    federation::{Endpoint, FederationError, HttpLink, HttpSettings, Link as _},
};

/// Runs `trefoil admin incidents`; gives what it prints.
fn incidents(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_trefoil"))
        .args(["admin", "incidents"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?} ended with {}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Speaks to other services with the certificate of the service of `config`, under whatever name.
fn liar(config: &Config, called: &str) -> HttpLink {
    HttpLink::new(HttpSettings {
        domain: called.parse().unwrap(),
        tls: TlsFiles::read(config).unwrap().outbound,
        routes: config.peers.clone().into_iter().collect(),
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_reads_who_lied_while_the_service_runs_and_after_it() {
    let mut services = Services::start().await;
    let told = services.planned(0).clone();
    let (config, data) = (told.config.to_str().unwrap(), told.data.to_str().unwrap());
    assert_eq!(incidents(&["--json", "--config", config]), "");
    assert_eq!(incidents(&["--config", config]).trim_end(), "Nothing is recorded.");

    let phone = Config::load(&services.planned(2).config, []).unwrap();
    let account: Domain = told.domain.parse().unwrap();
    let good = NotifyRequest { delivery: Delivery::Durable, recipients: vec![], messages: vec![] }.encode();
    for (called, room, body) in [
        ("phone.test", "mimi://handle.test/r/theirs", good.clone()),
        ("phone.test", "mimi://phone.test/r/ours", b"no notification".to_vec()),
        ("handle.test", "mimi://handle.test/r/theirs", good.clone()),
    ] {
        let answer = liar(&phone, called).post(&account, Endpoint::Notify, room, body.into()).await;
        assert!(matches!(answer, Err(FederationError::Refused { .. })), "{called} {room}: {answer:?}");
    }
    let honest = liar(&phone, "phone.test");
    honest.post(&account, Endpoint::Notify, "mimi://phone.test/r/ours", good.into()).await.unwrap();

    // Somebody without a certificate is let go before it can ask; the record of that comes after.
    let ca = std::fs::read(&services.plan.ca).unwrap();
    let stranger = Service::new(&phone.peers[&account], Some(&ca)).unwrap();
    assert!(person::service_info(&stranger).await.is_err(), "a stranger was answered");
    let until = Instant::now() + Duration::from_secs(30);
    let running = loop {
        let running = incidents(&["--json", "--config", config]);
        if running.lines().count() == 4 || Instant::now() > until {
            break running;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let lines: Vec<serde_json::Value> =
        running.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            assert_eq!(line["kind"], "incident", "{line}");
            assert!(line["at"].as_u64().unwrap() > 1_700_000_000_000, "{line}");
            (line["from"].as_str(), line["reason"].as_str().unwrap())
        })
        .collect();
    let phone = Some("phone.test");
    assert_eq!(
        told,
        [
            (phone, "room-of-another-service"),
            (phone, "malformed"),
            (phone, "name-not-certified"),
            (None, "no-certificate")
        ]
    );
    let words = incidents(&["--data", data]);
    assert!(words.contains("refused from phone.test: a room of another service"), "{words}");
    assert_eq!(words.lines().count(), 4, "{words}");

    services.stop(0);
    assert_eq!(incidents(&["--json", "--data", data]), running);
    services.begin(0).await;
    assert_eq!(incidents(&["--json", "--data", data]), running);
}
