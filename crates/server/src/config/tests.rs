//! The file, the environment, and the pages made from it.

#![allow(clippy::unwrap_used)]

use super::*;

const MINIMAL: &str = r#"
domain = "a.example"
profile = "handle"
data = "data"
[client]
listen = "127.0.0.1:0"
[federation]
listen = "127.0.0.1:0"
authorities = ["ca.pem"]
[tls]
certificate = "c.pem"
key = "k.pem"
"#;

fn with(extra: &str) -> Result<Config, ConfigError> {
    Config::parse(&format!("{MINIMAL}{extra}"), [])
}

fn refused_key(result: Result<Config, ConfigError>) -> &'static str {
    match result {
        Err(ConfigError::Invalid { key, .. }) => key,
        other => panic!("expected a refused key, got {other:?}"),
    }
}

#[test]
fn defaults_fill_what_the_file_leaves_out() {
    let config = with("").unwrap();
    assert_eq!(config.drain, Duration::from_secs(10));
    assert_eq!(config.limits.codes_per_hour.get(), 5);
    assert!(matches!(config.code, CodeConfig::Log));
}

#[test]
fn a_service_for_phones_says_how_codes_reach_them() {
    let phone = MINIMAL.replace("\"handle\"", "\"phone\"");
    assert_eq!(refused_key(Config::parse(&phone, [])), "code.sender");
    let chosen = Config::parse(&format!("{phone}[code]\nsender = \"log\"\n"), []).unwrap();
    assert!(matches!(chosen.code, CodeConfig::Log));
}

#[test]
fn a_mailbox_takes_the_largest_event_and_is_kept_a_day() {
    let limits = with("[limits]\nmailbox_entries = 7\nmailbox_days = 3").unwrap().limits;
    assert_eq!((limits.mailbox_entries.get(), limits.mailbox_days.get()), (7, 3));
    for key in ["mailbox_entries", "mailbox_days"] {
        assert_eq!(refused_key(with(&format!("[limits]\n{key} = 0"))), format!("limits.{key}"));
    }
    assert_eq!(refused_key(with("[limits]\nmailbox_bytes = 1000")), "limits.mailbox_bytes");
}

#[test]
fn a_pin_record_is_tried_a_few_times() {
    assert_eq!(with("").unwrap().limits.pin_guesses.get(), 10);
    assert_eq!(with("[limits]\npin_guesses = 20").unwrap().limits.pin_guesses.get(), 20);
    for guesses in [0, 21] {
        assert_eq!(refused_key(with(&format!("[limits]\npin_guesses = {guesses}"))), "limits.pin_guesses");
    }
}

#[test]
fn unknown_keys_are_errors_in_file_and_environment() {
    assert!(matches!(with("colour = 1"), Err(ConfigError::Syntax(_))));
    assert!(matches!(with("[limits]\nmesages_per_second = 1"), Err(ConfigError::Syntax(_))));
    let environment = [("TREFOIL_SERVICE_DRIAN_SECONDS".to_owned(), "5".to_owned())];
    assert!(matches!(Config::parse(MINIMAL, environment), Err(ConfigError::Syntax(_))));
    let inside_text = [("TREFOIL_SERVICE_DOMAIN__X".to_owned(), "5".to_owned())];
    assert!(matches!(Config::parse(MINIMAL, inside_text), Err(ConfigError::Environment(_))));
}

#[test]
fn the_environment_overrides_the_file() {
    let environment = [
        ("TREFOIL_SERVICE_DRAIN_SECONDS", "3"),
        ("TREFOIL_SERVICE_CLIENT__LISTEN", "127.0.0.1:7777"),
        ("TREFOIL_SERVICE_CLIENT__PLAIN", "true"),
        ("TREFOIL_SERVICE_LIMITS__MESSAGES_PER_SECOND", "9"),
        ("TREFOIL_HOME", "not ours"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::parse(MINIMAL, environment).unwrap();
    assert_eq!(config.drain, Duration::from_secs(3));
    assert_eq!(config.client.listen.port(), 7777);
    assert!(config.client.plain);
    assert_eq!(config.limits.messages_per_second.get(), 9);
}

#[test]
fn values_that_cannot_be_are_refused_by_name() {
    let replaced = |from: &str, to: &str| Config::parse(&MINIMAL.replace(from, to), []);
    assert_eq!(refused_key(replaced("a.example", "A.example")), "domain");
    assert_eq!(refused_key(replaced("\"handle\"", "\"email\"")), "profile");
    assert_eq!(refused_key(replaced("[\"ca.pem\"]", "[]")), "federation.authorities");
    assert_eq!(refused_key(with("[limits]\ncodes_per_hour = 0")), "limits.codes_per_hour");
    assert_eq!(refused_key(with("[first_contacts]\nfirst_day = 0")), "first_contacts.first_day");
    assert_eq!(
        refused_key(with("[registration]\npasses_per_service = 7")),
        "registration.passes_per_service"
    );
    assert!(with("[registration]\npasses_per_service = 0").is_ok());
    assert_eq!(refused_key(with("[code]\nsender = \"pigeon\"")), "code.sender");
    assert_eq!(refused_key(with("[code]\nsender = \"webhook\"")), "code.sender");
    let plain_webhook =
        "[code]\nsender=\"webhook\"\nwebhook_url=\"http://sms.example\"\nwebhook_secret_file=\"s\"";
    assert_eq!(refused_key(with(plain_webhook)), "code.webhook_url");
    assert_eq!(refused_key(with("[peers.\"b.example\"]\nurl = \"https://b.example/path\"")), "peers.url");
    let public = "listen = \"0.0.0.0:80\"\nplain = true";
    let text = MINIMAL.replacen("listen = \"127.0.0.1:0\"", public, 1);
    assert_eq!(refused_key(Config::parse(&text, [])), "client.plain");
}

/// Run with `UPDATE_DOCS=1` to write the pages anew.
#[test]
fn the_pages_are_made_from_the_comments() {
    let keys = reference::keys(include_str!("file.rs"));
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let made = [
        (docs.join("configuration.md"), reference::page(&keys)),
        (docs.join("configuration.example.toml"), reference::example(&keys)),
    ];
    for (path, text) in made {
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{} is out of date", path.display());
    }
    Config::parse(&reference::example(&keys), []).unwrap();
}

#[test]
fn the_line_to_ncmec_is_read_before_anything_waits_for_it() {
    let tipline = |key: &str, value: &str| {
        let mut all = [
            ("endpoint", "https://report.cybertip.org/ispws"),
            ("credentials_file", "/etc/trefoil/tipline"),
            ("first_name", "Carla"),
            ("last_name", "Example"),
            ("email", "safety@chat.example"),
        ];
        all.iter_mut().filter(|(known, _)| *known == key).for_each(|known| known.1 = value);
        let lines: String = all.iter().map(|(key, value)| format!("{key} = {value:?}\n")).collect();
        with(&format!("[tipline]\n{lines}"))
    };
    let fine = tipline("", "").unwrap().tipline.unwrap();
    assert_eq!(
        (fine.reporter.email.as_str(), fine.reporter.first_name.as_str()),
        ("safety@chat.example", "Carla")
    );
    for endpoint in ["http://127.0.0.1:8080/ispws", "http://[::1]:1/ispws", "http://localhost:1"] {
        assert!(tipline("endpoint", endpoint).is_ok(), "{endpoint}");
    }
    for endpoint in [
        "",
        "report.cybertip.org",
        "/ispws",
        "ftp://report.cybertip.org",
        "http://report.cybertip.org/ispws",
        "http://127.0.0.1.example/ispws",
        "https://a:b@report.cybertip.org/ispws",
        "https://report.cybertip.org/ispws?x",
    ] {
        assert_eq!(refused_key(tipline("endpoint", endpoint)), "tipline.endpoint", "{endpoint}");
    }
    for key in ["first_name", "last_name"] {
        for name in ["", "  ", "two\nlines"] {
            assert_eq!(refused_key(tipline(key, name)), format!("tipline.{key}"), "{name:?}");
        }
    }
    for email in ["", "safety", "@chat.example", "safety@", "a@b@c", "a b@chat.example"] {
        assert_eq!(refused_key(tipline("email", email)), "tipline.email", "{email:?}");
    }
}
