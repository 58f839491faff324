//! The command line as people and scripts meet it: help, JSON, exit codes, completions, manual pages. Nothing here
//! needs a service.

#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};
use trefoil_proto::Timestamp;
use trefoil_store::{Batch, SqliteOptions, SqliteStore, Store as _, Table};
use trefoil_transparency::{
    gossip::{Evidence, SignedRoot},
    log::DirectoryRoot,
};

/// Runs the binary with an empty environment but for the path, no input, and a time limit by its own commands.
fn trefoil(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trefoil"))
        .env_clear()
        .env("TREFOIL_HOME", home)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_inventory_is_three_lists_without_a_service_or_an_account() {
    let place = tempfile::tempdir().unwrap();
    let lines = |ask: &[&str]| -> Vec<serde_json::Value> {
        let said = trefoil(place.path(), ask);
        assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
        text(&said.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = lines(&["--json", "inventory"]);
    let of = |kind: &str| all.iter().filter(|line| line["kind"] == kind).count();
    assert!(of("holds") > 50 && of("observes") > 10 && of("impossible") > 5, "{all:?}");
    let tables: Vec<_> = all.iter().filter_map(|line| line["place"].as_str()).collect();
    assert!(tables.contains(&"table `rooms.log`") && tables.contains(&"folder `media`"), "{tables:?}");
    let impossible = lines(&["--json", "inventory", "impossible"]);
    assert_eq!(impossible.len(), of("impossible"));
    assert!(impossible.iter().all(|line| line["shown_by"].as_array().is_some_and(|shown| !shown.is_empty())));
    let said = text(&trefoil(place.path(), &["inventory"]).stdout);
    assert!(
        said.contains("WHAT IT HOLDS") && said.contains("trefoil-drill ghost-member-added-by-hub"),
        "{said}"
    );
}

#[test]
fn help_lists_every_command_in_its_group() {
    let place = tempfile::tempdir().unwrap();
    let help = text(&trefoil(place.path(), &["--help"]).stdout);
    let at = |words: &str| help.find(words).unwrap_or_else(|| panic!("{words:?} is not in:\n{help}"));
    assert!(at("Chat:") < at("\n  account "));
    assert!(at("\n  find ") < at("Run:"));
    assert!(at("Run:") < at("\n  serve "));
    assert!(at("\n  serve ") < at("\nCheck"));
    for command in [
        "account",
        "send",
        "receive",
        "rooms",
        "find",
        "up",
        "serve",
        "admin",
        "verify",
        "log",
        "update",
        "completions",
        "man",
    ] {
        let output = trefoil(place.path(), &[command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command} --help");
        assert!(text(&output.stdout).contains("Usage: trefoil"), "{command} --help");
    }
}

#[test]
fn exit_codes_are_those_of_the_table() {
    let place = tempfile::tempdir().unwrap();
    let home = place.path().join("nobody");
    let code = |arguments: &[&str]| trefoil(&home, arguments).status.code();
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&[]), Some(2), "no command");
    assert_eq!(code(&["no-such-command"]), Some(2));
    assert_eq!(code(&["send", "Tea", "text", "--unsend", "00"]), Some(2), "options that exclude each other");
    assert_eq!(code(&["rooms"]), Some(3), "no account");
    assert_eq!(code(&["receive"]), Some(3), "no account");
    assert_eq!(code(&["account", "create", "x", "--service", "http://127.0.0.1:1"]), Some(2), "not https");
    assert_eq!(
        code(&["account", "create", "x", "--service", "https://127.0.0.1:1"]),
        Some(5),
        "nobody listens"
    );
    assert!(!home.join("settings.toml").exists(), "an attempt that failed left an account behind");
    assert_eq!(code(&["serve", "--config", "/no/such/file"]), Some(2));
    assert_eq!(code(&["admin", "incidents"]), Some(2), "neither --config nor --data");
    assert_eq!(code(&["admin", "incidents", "--config", "/no/such/file"]), Some(2));
    assert_eq!(code(&["admin", "incidents", "--data", place.path().to_str().unwrap()]), Some(2), "no store");

    let documented =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commandline.md")).unwrap();
    for code in 0..=11 {
        assert!(documented.contains(&format!("\n| {code} | ")), "exit code {code} is not documented");
    }
}

#[test]
fn an_error_is_one_sentence_and_verbose_says_why() {
    let place = tempfile::tempdir().unwrap();
    let ask = ["account", "create", "x", "--service", "https://127.0.0.1:1"];
    let short = text(&trefoil(place.path(), &ask).stderr);
    assert_eq!(short.trim_end().lines().count(), 1, "{short}");
    assert!(short.starts_with("trefoil: ") && short.contains("cannot be reached"), "{short}");
    let long = text(&trefoil(place.path(), &[&["-v"][..], &ask[..]].concat()).stderr);
    assert!(long.contains("because: "), "{long}");
}

#[test]
fn a_store_in_use_and_a_wrong_passphrase_are_told_apart_from_a_failure() {
    let place = tempfile::tempdir().unwrap();
    let home = trefoil::home::Home::locate(Some(place.path())).unwrap();
    let passphrase = trefoil::home::Passphrase::new("open sesame".to_owned());
    let (store, _) = home.prepare(Some(&passphrase)).unwrap();
    home.settle("https://127.0.0.1:1", None).unwrap();
    let right = place.path().join("right");
    let wrong = place.path().join("wrong");
    fs::write(&right, "open sesame\n").unwrap();
    fs::write(&wrong, "open sesam").unwrap();
    let ask = |file: &Path| {
        trefoil(place.path(), &["--passphrase-file", file.to_str().unwrap(), "rooms"]).status.code()
    };
    assert_eq!(ask(&right), Some(6), "the store is in use");
    drop(store);
    assert_eq!(ask(&right), Some(0));
    assert_eq!(ask(&wrong), Some(6), "the passphrase is wrong");
    assert_eq!(trefoil(place.path(), &["rooms"]).status.code(), Some(6), "a passphrase is needed");
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_sent_and_says_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let home = trefoil::home::Home::locate(Some(place.path())).unwrap();
    drop(home.prepare(None).unwrap());
    // Nobody listens there: whatever goes online ends with 5.
    home.settle("https://127.0.0.1:1", None).unwrap();
    let file = place.path().join("file");
    fs::write(&file, "a file, no folder").unwrap();
    let (file, folder) = (file.to_str().unwrap(), place.path().to_str().unwrap());
    let inside = format!("{file}/folder");
    let short = place.path().join("short");
    fs::write(&short, "12345\n").unwrap();
    let short = short.to_str().unwrap();
    let empty = place.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let empty = empty.to_str().unwrap();
    let with = ["--with", "https://127.0.0.1:1", "--with", "https://127.0.0.1:2"];
    let pin = |more: &[&'static str]| [&["account", "pin"][..], &with[..], more].concat();
    let (no_pin, pin_of) = (pin(&["--pin-file", "/no/such/pin"]), pin(&["--pin-file"]));
    let recover = ["account", "recover", "--service", "https://127.0.0.1:1", "--as", "ada", "--pin-file"];
    for (arguments, said) in [
        (&no_pin[..], "/no/such/pin"),
        (&[&pin_of[..], &[short]].concat(), "6 characters at least"),
        (&pin(&["--ca", "/no/such/ca.pem"]), "/no/such/ca.pem"),
        (&["account", "pin", "--with", "https://127.0.0.1:1", "--pin-file", file], "twice"),
        (&[&recover[..], &["/no/such/pin"]].concat(), "/no/such/pin"),
        (&[&recover[..], &[empty]].concat(), "at least"),
        (&["--passphrase-file", "/no/such/secret", "rooms"][..], "/no/such/secret"),
        (&["--passphrase-file", folder, "rooms"], folder),
        (&["receive", "--save", file], file),
        (&["receive", "--save", &inside], "nothing was fetched"),
        (&["find", "+44@phone.test"], "international form"),
        (&["find", "--book", empty, "phone.test"], "no phone number"),
        (&["find", "--book", "/no/such/book", "phone.test"], "/no/such/book"),
        (&["find", "--book", file, "ada@phone.test"], "domain alone"),
        (&["rooms", "create", ""], "empty"),
        (&["rooms", "create", " \t"], "empty"),
        (&["rooms", "rename", "Tea", ""], "empty"),
        (&["rooms", "join", "nonsense"], "mimi://"),
        (&["rooms", "create", "Tea", "--with", "nobody"], "account card"),
        (&["send", "Tea", "--file", "/no/such/picture.jpg"], "/no/such/picture.jpg"),
        (&["send", "Tea", "--file", folder], folder),
    ] {
        let output = trefoil(place.path(), arguments);
        let (error, data) = (text(&output.stderr), text(&output.stdout));
        assert_eq!((output.status.code(), data.as_str()), (Some(2), ""), "{arguments:?}: {error}");
        assert!(error.contains(said) && error.trim_end().lines().count() == 1, "{arguments:?}: {error}");
    }
}

#[test]
fn an_account_that_cannot_be_made_is_refused_before_the_service_is_asked() {
    let place = tempfile::tempdir().unwrap();
    let home = place.path().join("nobody");
    let blank = place.path().join("blank");
    fs::write(&blank, "\n").unwrap();
    let blank = blank.to_str().unwrap();
    let number = "+380445550137";
    for (identifier, more, said) in [
        (number, &[][..], "trefoil account code +380445550137 --service https://127.0.0.1:1"),
        (number, &["--code-file", blank], "trefoil account code"),
        (number, &["--code-file", "/no/such/code"], "/no/such/code"),
        ("ada", &["--name", ""], "--name"),
        ("ada", &["--ca", "/no/such/ca.pem"], "/no/such/ca.pem"),
        ("ada", &["--ca", blank], "PEM"),
    ] {
        let ask = ["account", "create", identifier, "--service", "https://127.0.0.1:1"];
        let output = trefoil(&home, &[&ask[..], more].concat());
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{identifier} {more:?}: {error}");
        assert!(
            error.contains(said) && error.trim_end().lines().count() == 1,
            "{identifier} {more:?}: {error}"
        );
        assert!(!home.exists(), "{identifier} {more:?} left something behind");
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    let place = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&trefoil(place.path(), &["completions", shell]).stdout);
        assert!(script.contains("trefoil") && script.contains("receive"), "{shell}");
    }
    let page = text(&trefoil(place.path(), &["man"]).stdout);
    assert!(page.starts_with(".ie") || page.contains(".TH trefoil"), "{page}");
    let pages = place.path().join("man");
    assert_eq!(trefoil(place.path(), &["man", "--dir", pages.to_str().unwrap()]).status.code(), Some(0));
    let names: Vec<String> = fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for expected in ["trefoil.1", "trefoil-send.1", "trefoil-account-link-approve.1"] {
        assert!(names.iter().any(|name| name == expected), "{expected} is not among {names:?}");
    }
}

#[test]
fn json_is_one_object_a_line_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let home = trefoil::home::Home::locate(Some(place.path())).unwrap();
    drop(home.prepare(None).unwrap());
    home.settle("https://127.0.0.1:1", None).unwrap();
    let output = trefoil(place.path(), &["--json", "rooms"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), String::new()));
}

/// What a service found is written out, and anybody can check it.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_a_service_found_leaves_it_as_a_file_that_holds() {
    let place = tempfile::tempdir().unwrap();
    let (data, out) = (place.path().join("data"), place.path().join("out"));
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let root = |root| {
        let directory = "liar.test".parse().unwrap();
        let root = DirectoryRoot {
            directory,
            epoch: 7,
            root,
            time: Timestamp(1),
            vrf_key_hash: [2; 32],
            previous: [6; 32],
        };
        SignedRoot::sign(root, &key)
    };
    let evidence =
        Evidence::Roots { key: key.verifying_key().to_bytes(), first: root([3; 32]), second: root([4; 32]) };
    let arguments =
        ["--json", "admin", "evidence", "--out", out.to_str().unwrap(), "--data", data.to_str().unwrap()];
    assert_eq!(trefoil(place.path(), &arguments).status.code(), Some(2), "no store");
    {
        let store = SqliteStore::open(data.join("service.db"), SqliteOptions::default()).unwrap();
        let mut batch = Batch::new();
        let name = [b"liar.test", &[0][..], &7_u64.to_be_bytes()].concat();
        batch.put(Table::new("directory.evidence"), name, evidence.to_file());
        store.commit(batch).await.unwrap();
    }
    let written = trefoil(place.path(), &arguments);
    assert!(written.status.success(), "{}", text(&written.stderr));
    let found: serde_json::Value = serde_json::from_slice(&written.stdout).unwrap();
    assert_eq!((&found["accused"], &found["at"]), (&"liar.test".into(), &7.into()));
    let file = found["file"].as_str().unwrap();
    assert!(trefoil(place.path(), &["audit", "--evidence", file]).status.success());
}
