//! Holds the code to the tables of ARCHITECTURE.md: which crate may use which, which room of the server may call
//! which, and how long a file may be.

#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Longest source file, in lines.
const LONGEST: usize = 800;

type Table = BTreeMap<String, BTreeSet<String>>;

#[test]
fn crates_use_only_what_the_table_allows() {
    let allowed = table("## Crates", "may use");
    let used = crates_in_use();
    let known: BTreeSet<_> = allowed.keys().collect();
    assert_eq!(known, used.keys().collect(), "the table of crates and the workspace differ");
    for (krate, uses) in &used {
        let extra: Vec<_> = uses.difference(&allowed[krate]).collect();
        assert!(extra.is_empty(), "{krate} uses {extra:?}, which ARCHITECTURE.md does not allow");
    }
    for (one, other) in [("client", "server"), ("server", "client")] {
        let reached = closure(&used, one);
        assert!(!reached.contains(other), "{one} reaches {other} through {reached:?}");
    }
}

#[test]
fn rooms_of_the_server_call_each_other_as_the_table_says() {
    let allowed = table("## Rooms of the server", "may call");
    assert!(allowed.len() >= 7, "the table of rooms is not where it was: {allowed:?}");
    let source = root().join("crates/server/src");
    let mut calls = 0;
    for (room, may_call) in &allowed {
        let folder = source.join(room);
        assert!(folder.join("mod.rs").is_file(), "the room {room} has no folder with a mod.rs");
        for file in files(&folder, &["rs"]) {
            let text = without_comments(&fs::read_to_string(&file).unwrap());
            for called in named_after(&text, "crate::").into_iter().chain(named_above(&file, &folder, &text))
            {
                if called == *room || !allowed.contains_key(&called) {
                    continue;
                }
                calls += 1;
                assert!(
                    may_call.contains(&called),
                    "{} calls {called}, which {room} may not",
                    file.display()
                );
            }
        }
    }
    assert!(calls > 0, "no call between rooms was found at all: this test reads the code wrongly");
}

#[test]
fn the_table_of_rooms_has_no_circle() {
    let allowed = table("## Rooms of the server", "may call");
    for (room, may_call) in &allowed {
        for called in may_call {
            assert!(allowed.contains_key(called), "{room} may call {called}, which is no room");
            assert!(!closure(&allowed, called).contains(room), "a circle: {room} → {called} → … → {room}");
        }
    }
}

#[test]
fn no_source_file_is_too_long() {
    let sources = files(&root(), &["rs", "ts", "svelte"]);
    assert!(sources.len() > 20, "only {} source files were found", sources.len());
    let long: Vec<_> = sources
        .iter()
        // Made from docs/openapi.json, and not committed.
        .filter(|file| !file.ends_with("web/src/api/openapi.d.ts"))
        .map(|file| (file, fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "longer than {LONGEST} lines: {long:?}");
}

#[test]
fn the_readme_counts_the_fuzz_targets() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let targets = manifest.lines().filter(|line| *line == "[[bin]]").count();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(
        readme.contains(&format!("{targets} fuzz targets")),
        "README.md does not say {targets} fuzz targets"
    );
}

#[test]
fn the_reader_of_this_test_sees_every_form_of_a_path() {
    let text = without_comments(
        "use crate::{accounts, rooms::{self, decide}, mailbox as m};\n// crate::media\nlet x = crate::federation::go();",
    );
    let seen: BTreeSet<_> = named_after(&text, "crate::").into_iter().collect();
    let expected = ["accounts", "rooms", "mailbox", "federation"].map(str::to_owned).into();
    assert_eq!(seen, expected);
}

/// Two columns of the first table under a heading of ARCHITECTURE.md: the name, and a list of names.
fn table(heading: &str, column: &str) -> Table {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split_once(heading).map(|(_, rest)| rest).unwrap_or_default();
    let mut rows =
        section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| -> Vec<String> {
        row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    let wanted =
        cells(rows.next().expect("a table")).iter().position(|name| name == column).expect("the column");
    rows.skip(1)
        .map(|row| {
            let row = cells(row);
            let listed = row[wanted].split(',').map(|name| name.trim().to_owned());
            (row[0].clone(), listed.filter(|name| name != "–" && !name.is_empty()).collect())
        })
        .collect()
}

/// Which of our crates each of our crates names in its manifest, for any purpose, tests included.
fn crates_in_use() -> Table {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap();
    let ours = |name: &str| {
        if name == "trefoil" {
            Some(name.to_owned())
        } else {
            name.strip_prefix("trefoil-").map(str::to_owned)
        }
    };
    metadata
        .packages
        .iter()
        .filter_map(|package| {
            let uses = package.dependencies.iter().filter_map(|dependency| ours(&dependency.name)).collect();
            Some((ours(package.name.as_str())?, uses))
        })
        .collect()
}

/// Everything reached from a name, the name itself included.
fn closure(edges: &Table, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from.to_owned()];
    while let Some(name) = waiting.pop() {
        if reached.insert(name.clone()) {
            waiting.extend(edges.get(&name).into_iter().flatten().cloned());
        }
    }
    reached
}

fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n")
}

/// First path segments after each occurrence of a prefix, groups in braces included.
fn named_after(text: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut fresh = true;
            for (index, letter) in group.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => fresh = true,
                    letter if fresh && !letter.is_whitespace() => {
                        fresh = false;
                        names.push(identifier(&group[index..]));
                    }
                    _ => {}
                }
            }
        } else {
            names.push(identifier(rest));
        }
    }
    names
}

/// Names reached by climbing out of the room's folder with `super::`.
fn named_above(file: &Path, folder: &Path, text: &str) -> Vec<String> {
    let inside = file.strip_prefix(folder).unwrap();
    let depth = inside.components().count() - usize::from(file.ends_with("mod.rs"));
    named_after(text, &"super::".repeat(depth + 1))
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Source files below a folder, without what tools put there.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | "data" | "dist") && !name.starts_with('.')
            {
                found.extend(files(&path, extensions));
            }
        } else if path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
        {
            found.push(path);
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}
