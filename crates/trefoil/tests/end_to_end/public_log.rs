//! Releases with the real binary and real services: entered into the log, proven, checked without a network, put in place;
//! and everything that is altered, older or of another log refused.

use crate::services::Services;
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};
use trefoil_proto::Wire as _;
use trefoil_server::Config;
use trefoil_store::{Batch, SqliteOptions, SqliteStore, Store as _, Table};
use trefoil_transparency::log::{LogEntry, Release};

/// Entered releases are cosigned by the other two services within seconds; this is for a machine that is busy.
const COSIGNED: Duration = Duration::from_secs(120);

fn trefoil(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trefoil"))
        .arg("--json")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What it printed, if it did what was asked.
fn done(arguments: &[&str]) -> Vec<Value> {
    let output = trefoil(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
    lines(&output)
}

/// The sentence with which it was refused.
fn refused(arguments: &[&str], code: i32, words: &str) {
    let output = trefoil(arguments);
    let sentence = said(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {sentence}");
    assert!(sentence.contains(words), "{arguments:?}: {sentence}");
    assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed something");
}

/// Names in one folder, as arguments.
struct Place(PathBuf);

impl Place {
    fn at(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// A program that leaves a mark when it runs.
    fn program(&self, name: &str) -> String {
        let path = self.at(name);
        fs::write(&path, format!("#!/bin/sh\necho {name} >> {}\n", self.at("ran"))).unwrap();
        path
    }

    fn policy(&self, name: &str, text: &str) -> String {
        fs::write(self.0.join(name), text).unwrap();
        self.at(name)
    }
}

/// Proves it as soon as the witnesses signed a checkpoint that covers it.
fn prove(at: &[&str], binary: &str, proof: &str) -> Value {
    let until = Instant::now() + COSIGNED;
    loop {
        let output = trefoil(&[&["log", "prove"], at, &["--file", binary, "--out", proof]].concat());
        match output.status.code() {
            Some(0) => return lines(&output).remove(0),
            // Not in the checkpoint yet, or too few have signed it.
            Some(3 | 9) if Instant::now() < until => std::thread::sleep(Duration::from_millis(200)),
            _ => panic!("{binary} is not proven: {}", said(&output)),
        }
    }
}

/// Puts another release where one is stored, behind the back of a service that does not run.
async fn falsify(config: &Config, index: u64) {
    let store = SqliteStore::open(config.data.join("service.db"), SqliteOptions::default()).unwrap();
    let release = Release {
        version: "6.6.6".parse().unwrap(),
        target: trefoil::public_log::TARGET.parse().unwrap(),
        sha256: [6; 32],
    };
    let mut batch = Batch::new();
    let row = [&[1][..], &LogEntry::Release(release).encode()].concat();
    batch.put(Table::new("log.entries"), index.to_be_bytes().to_vec(), row);
    store.commit(batch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_runs_only_if_the_log_proves_it() {
    let mut services = Services::start().await;
    let place = Place(services.path().join("person"));
    fs::create_dir(&place.0).unwrap();
    let url = |index: usize| services.planned(index).url.clone();
    let (log, one, other) = (url(0), url(1), url(2));
    let ca = services.plan.ca.to_str().unwrap().to_owned();
    let config = services.planned(0).config.to_str().unwrap().to_owned();

    // Whom to believe: from the service itself, with both others as witnesses.
    let made = done(&["log", "policy", &log, "--witness", &one, "--witness", &other, "--ca", &ca]).remove(0);
    let text = made["policy"].as_str().unwrap().to_owned();
    let policy = place.policy("policy", &text);
    let at: &[&str] = &[&log, "--ca", &ca, "--policy", &policy];

    // Two releases, and one for another kind of machine.
    let (first, second, foreign) =
        (place.program("first"), place.program("second"), place.program("foreign"));
    let enter = |binary: &str, more: &[&str]| {
        let ask = [&["admin", "log-release", binary, "--config", &config, "--wait", "60"], more].concat();
        done(&ask).remove(0)["index"].as_u64().expect("the running service entered it")
    };
    let index = enter(&first, &["--as", "0.1.0"]);
    assert_eq!(enter(&first, &["--as", "0.1.0"]), index, "entered twice");
    let (first_proof, second_proof, foreign_proof) =
        (place.at("first.proof"), place.at("second.proof"), place.at("foreign.proof"));
    assert_eq!(prove(at, &first, &first_proof)["index"], index);
    let later = enter(&second, &["--as", "0.2.0"]);
    assert!(later > index);
    prove(at, &second, &second_proof);
    enter(&foreign, &["--as", "0.2.0", "--target", "sparc-unknown-none"]);
    prove(at, &foreign, &foreign_proof);

    // Anyone lists them, proves by index, and is told what is not there.
    let listed = done(&[&["log", "list"], at, &["--releases"]].concat());
    assert_eq!(listed[0]["kind"], "checkpoint");
    assert_eq!(listed[0]["witnesses"].as_array().unwrap().len(), 2);
    let versions: Vec<&str> = listed[1..].iter().filter_map(|entry| entry["version"].as_str()).collect();
    assert_eq!(versions, ["0.1.0", "0.2.0", "0.2.0"]);
    let newest = done(&[&["log", "list"], at, &["--limit", "1"]].concat());
    assert_eq!((newest.len(), &newest[1]["target"]), (2, &Value::from("sparc-unknown-none")));
    let by_index = place.at("by-index.proof");
    done(&[&["log", "prove"], at, &["--index", &index.to_string(), "--out", &by_index]].concat());
    let shown = done(&["log", "verify", &by_index, "--policy", &policy]).remove(0);
    assert_eq!((&shown["version"], &shown["index"]), (&Value::from("0.1.0"), &Value::from(index)));
    let nowhere = place.program("never-released");
    refused(&[&["log", "prove"], at, &["--file", &nowhere, "--out", &by_index]].concat(), 3, "log-release");
    refused(&[&["log", "prove"], at, &["--index", "999", "--out", &by_index]].concat(), 3, "none at 999");
    let other_policy = done(&["log", "policy", &one, "--witness", &log, "--ca", &ca]).remove(0);
    let of_another = place.policy("other-policy", other_policy["policy"].as_str().unwrap());
    refused(&["log", "list", &log, "--ca", &ca, "--policy", &of_another], 9, "another log");

    // From here on without a network.
    for index in 0..3 {
        services.stop(index);
    }
    let verify = |binary: &str, proof: &str, policy: &str| -> Vec<String> {
        ["verify", "--release", binary, "--proof", proof, "--policy", policy].map(str::to_owned).to_vec()
    };
    let refuse = |ask: &[String], words: &str| {
        refused(&ask.iter().map(String::as_str).collect::<Vec<_>>(), 9, words);
    };
    let holds =
        done(&["verify", "--release", &first, "--proof", &first_proof, "--policy", &policy]).remove(0);
    assert_eq!((&holds["version"], &holds["file"]), (&Value::from("0.1.0"), &Value::from(first.clone())));
    let altered = place.at("altered");
    let mut bytes = fs::read(&second).unwrap();
    bytes.push(b'\n');
    fs::write(&altered, &bytes).unwrap();
    refuse(&verify(&altered, &second_proof, &policy), "Do not run it");
    refuse(&verify(&first, &second_proof, &policy), "is not the release 0.2.0");
    refuse(&verify(&first, &first_proof, &of_another), "another log");

    // Keys that are not those of the log and its witnesses, under the same names.
    let key_of = |policy: &str, of: &str| -> String {
        let line = policy.lines().find(|line| line.starts_with(of)).unwrap();
        line.split(' ').next_back().unwrap().to_owned()
    };
    let forged = forged_key("account.test/log");
    let wrong_key = place.policy("wrong-key", &text.replace(&key_of(&text, "log"), &forged));
    refuse(&verify(&first, &first_proof, &wrong_key), "did not sign");
    let stranger = forged_witness(&key_of(&text, "witness"));
    let wrong_witness = place.policy("wrong-witness", &text.replace(&key_of(&text, "witness"), &stranger));
    refuse(&verify(&first, &first_proof, &wrong_witness), "asks for 2 witnesses, and 1");

    // A proof with any byte altered: proven is what was proven before, or nothing.
    let proof = fs::read(&first_proof).unwrap();
    let spoiled = place.at("spoiled.proof");
    for position in (0..proof.len()).step_by(37) {
        let mut bytes = proof.clone();
        bytes[position] ^= 1;
        fs::write(&spoiled, bytes).unwrap();
        let output = trefoil(&["verify", "--release", &first, "--proof", &spoiled, "--policy", &policy]);
        assert_eq!(output.status.code(), Some(9), "byte {position}: {}", said(&output));
    }

    // What is in place stays there unless the log proves what is to come.
    let program = place.program("trefoil");
    let before = fs::read(&program).unwrap();
    let update = |binary: &str, proof: &str, more: &[&str]| -> Vec<String> {
        let ask = ["update", "--from", binary, "--proof", proof, "--to", &program];
        ask.iter().chain(more).map(|&word| word.to_owned()).collect()
    };
    let told = ["--policy", policy.as_str()];
    refuse(&update(&altered, &second_proof, &told), "Nothing was changed");
    refuse(&update(&second, &first_proof, &told), "Nothing was changed");
    refuse(&update(&second, &spoiled, &told), "");
    refuse(&update(&second, &second_proof, &["--policy", &of_another]), "another log");
    let words = |ask: &[String], code: i32, words: &str| {
        refused(&ask.iter().map(String::as_str).collect::<Vec<_>>(), code, words);
    };
    words(&update(&foreign, &foreign_proof, &told), 2, "sparc-unknown-none");
    words(&update(&second, &second_proof, &[]), 2, "--policy");
    words(&update(&place.at(""), &second_proof, &told), 2, "regular file");
    assert_eq!(fs::read(&program).unwrap(), before);
    assert_eq!(left(&place.0), ["trefoil"], "something was left beside it");

    // The proven one, from the policy beside the program.
    fs::copy(&policy, place.at("trefoil.policy")).unwrap();
    let run = |ask: Vec<String>| done(&ask.iter().map(String::as_str).collect::<Vec<_>>()).remove(0);
    let updated = run(update(&first, &first_proof, &[]));
    assert_eq!((&updated["version"], &updated["before"]), (&Value::from("0.1.0"), &Value::Null));
    let updated = run(update(&second, &second_proof, &[]));
    assert_eq!((&updated["version"], &updated["before"]), (&Value::from("0.2.0"), &Value::from("0.1.0")));
    assert_eq!(fs::read(&program).unwrap(), fs::read(&second).unwrap());
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o7777, 0o755);
    // Not back, unless the person says so.
    refuse(&update(&first, &first_proof, &[]), "released before 0.2.0");
    assert_eq!(fs::read(&program).unwrap(), fs::read(&second).unwrap());
    assert_eq!(run(update(&first, &first_proof, &["--older"]))["version"], "0.1.0");
    assert_eq!(fs::read(&program).unwrap(), fs::read(&first).unwrap());
    assert_eq!(left(&place.0), ["trefoil", "trefoil.policy", "trefoil.proof"]);
    assert!(!place.0.join("ran").exists(), "a program was run");

    // A service that serves another entry than the one it signed.
    falsify(&Config::load(Path::new(&config), []).unwrap(), index).await;
    for index in 0..3 {
        services.begin(index).await;
    }
    let output = trefoil(&[&["log", "list"], at].concat());
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    assert!(said(&output).contains("not the one in the log that it signed"), "{}", said(&output));
}

/// The program, and what lies beside it under names that begin with its own.
fn left(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("trefoil")).collect();
    names.sort();
    names
}

fn forged_key(name: &str) -> String {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes();
    trefoil_transparency::log::LogKey::new(name, &key).unwrap().to_string()
}

fn forged_witness(real: &str) -> String {
    let name = real.split('+').next().unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
    trefoil_transparency::log::WitnessKey::new(name, &key).unwrap().to_string()
}
