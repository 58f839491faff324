//! Makes `docs/configuration.md` and the example file from the comments in `file.rs`.

/// One key with its comment.
pub(super) struct Key {
    table: &'static str,
    name: String,
    text: String,
    example: String,
}

/// Reads the keys out of the source of the structures they parse into.
pub(super) fn keys(source: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let (mut table, mut comment) = ("", Vec::new());
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim());
        } else if let Some(name) = line.strip_prefix("pub(super) struct ") {
            table = match name.trim_end_matches(" {") {
                "Client" => "client",
                "Federation" => "federation",
                "Tls" => "tls",
                "Peer" => "peers.\"other.example\"",
                "Log" => "log",
                "Directory" => "directory",
                "Code" => "code",
                "Console" => "console",
                "Tipline" => "tipline",
                "Wellbeing" => "wellbeing",
                "Safety" => "safety",
                "Limits" => "limits",
                "FirstContacts" => "first_contacts",
                "Minors" => "minors",
                "Registration" => "registration",
                "OwnPolicyList" => "policy_list",
                "PolicyList" => "[policy_lists]",
                _ => "",
            };
            comment.clear();
        } else if let Some(field) = line.strip_prefix("pub ") {
            let name = field.split(':').next().unwrap_or_default().to_owned();
            let (examples, text): (Vec<_>, Vec<_>) =
                comment.drain(..).partition(|line: &&str| line.starts_with("Example:"));
            if let Some(example) = examples.first() {
                let example = example.trim_start_matches("Example:").trim().trim_matches('`').to_owned();
                keys.push(Key { table, name, text: text.join(" "), example });
            }
        } else if line.is_empty() {
            comment.clear();
        }
    }
    keys
}

/// The page for people who run a service.
pub(super) fn page(keys: &[Key]) -> String {
    let mut page = String::from(
        "# Configuration of a service\n\n`trefoil serve` reads one TOML file. Every key is below; a key that is not \
         is an error.\nEnvironment variables override the file: `TREFOIL_SERVICE_` and the key in capitals, two \
         underscores between\ntable and key, for instance `TREFOIL_SERVICE_CLIENT__LISTEN=127.0.0.1:8443`. Values \
         are TOML, or plain text where\nthat is no TOML. This page is made from `crates/server/src/config/file.rs`; \
         `configuration.example.toml` beside it is a\nwhole file.\n\n| key | meaning | example |\n|---|---|---|\n",
    );
    for Key { table, name, text, example } in keys {
        let dot = if table.is_empty() { "" } else { "." };
        page.push_str(&format!("| `{table}{dot}{name}` | {text} | `{example}` |\n"));
    }
    page
}

/// A whole file.
pub(super) fn example(keys: &[Key]) -> String {
    let mut file =
        String::from("# Every key of a service's configuration. Keys with a default may be left out.\n");
    let mut last = "";
    for Key { table, name, text, example } in keys {
        if *table != last {
            file.push_str(&format!("\n[{table}]\n"));
            last = table;
        }
        file.push_str(&format!("\n# {text}\n{name} = {example}\n"));
    }
    file
}
