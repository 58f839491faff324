//! Command line equals page: `docs/commands-and-page.md` names, for every operation of the local API, the command that does
//! the same, and for every command the operation; this holds it to both.

#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

use clap::Command;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Groups of `trefoil --help` that are for the person of an account.
const FOR_PEOPLE: [&str; 17] = [
    "account",
    "send",
    "receive",
    "rooms",
    "community",
    "search",
    "find",
    "report",
    "boundaries",
    "guardian",
    "backup",
    "export",
    "app",
    "settings",
    "scan",
    "services",
    "verify",
];

/// The rows of the first table under a heading, without its head: the cells of each.
fn table(heading: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands-and-page.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, section) = text.split_once(heading).unwrap_or_else(|| panic!("no {heading:?}"));
    let rows =
        section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.skip(2).map(cells).collect()
}

/// What stands between backticks in a cell.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The operations of the local API, as `POST accounts/{account}/name`.
fn operations() -> BTreeSet<String> {
    let document: serde_json::Value = serde_json::from_str(&trefoil::app::document()).unwrap();
    let mut found = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api/v1/").expect("every path is below /api/v1");
        for method in methods.as_object().unwrap().keys().filter(|method| *method != "parameters") {
            found.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    found
}

/// Follows a line as `rooms show ROOM --before POSITION` through the commands; gives the words of the command it ends at.
fn follow(line: &str) -> Result<Vec<String>, String> {
    let mut command = trefoil::cli::command();
    command.build();
    let (mut at, mut named, mut values) = (&command, Vec::new(), false);
    for word in line.split_whitespace() {
        if let Some(flag) = word.strip_prefix("--") {
            let known = at.get_arguments().any(|argument| argument.get_long() == Some(flag));
            if !known {
                return Err(format!("`{}` has no --{flag}", named.join(" ")));
            }
            values = true;
        } else if let Some(next) = at.find_subcommand(word).filter(|_| !values) {
            at = next;
            named.push(word.to_owned());
        } else if word.chars().all(|letter| letter.is_ascii_uppercase() || "=_@".contains(letter)) {
            values = true;
        } else {
            let value = |argument: &clap::Arg| {
                argument.get_possible_values().iter().any(|value| value.get_name() == word)
            };
            if !at.get_arguments().any(value) {
                return Err(format!(
                    "{word:?} is neither a command, a value nor a flag of `{}`",
                    named.join(" ")
                ));
            }
        }
    }
    if at.is_subcommand_required_set() || named.is_empty() {
        return Err(format!("`{line}` names no whole command"));
    }
    Ok(named)
}

/// Commands without further commands below them, and those that are of use without one.
fn commands(of: &Command, named: &[String], found: &mut BTreeSet<Vec<String>>) {
    if !named.is_empty() && !of.is_subcommand_required_set() {
        found.insert(named.to_vec());
    }
    for next in of.get_subcommands().filter(|next| next.get_name() != "help") {
        commands(next, &[named, &[next.get_name().to_owned()]].concat(), found);
    }
}

#[test]
fn every_operation_of_the_page_has_a_command_or_a_reason() {
    let mut told = BTreeMap::new();
    for row in table("## What the page can do") {
        let [operation, command, reason] = row.as_slice() else { panic!("{row:?} has not three cells") };
        let [operation] = quoted(operation)[..] else { panic!("{row:?} names no operation") };
        let commands = quoted(command);
        assert!(!commands.is_empty() || reason.len() > 10, "{operation}: neither a command nor a reason");
        for line in commands {
            let followed = follow(line);
            assert!(followed.is_ok(), "{operation}: `{line}`: {}", followed.unwrap_err());
        }
        assert!(told.insert(operation.to_owned(), ()).is_none(), "{operation} stands twice");
    }
    let told: BTreeSet<String> = told.into_keys().collect();
    let known = operations();
    let missing: Vec<_> = known.difference(&told).collect();
    assert!(missing.is_empty(), "docs/commands-and-page.md says nothing of {missing:?}");
    let gone: Vec<_> = told.difference(&known).collect();
    assert!(gone.is_empty(), "docs/commands-and-page.md tells of {gone:?}, which the API has not");
}

#[test]
fn every_command_for_people_does_what_the_page_does_or_has_a_reason() {
    let page = table("## What the page can do")
        .into_iter()
        .flat_map(|row| quoted(&row[1]).into_iter().map(|line| follow(line).unwrap()).collect::<Vec<_>>());
    let mut told: BTreeSet<Vec<String>> = page.collect();
    for row in table("## What the command line alone can do") {
        let [command, reason] = row.as_slice() else { panic!("{row:?} has not two cells") };
        assert!(reason.len() > 10, "{command}: no reason");
        for line in quoted(command) {
            told.insert(follow(line).unwrap_or_else(|why| panic!("`{line}`: {why}")));
        }
    }
    let mut known = BTreeSet::new();
    commands(&trefoil::cli::command(), &[], &mut known);
    known.retain(|named| FOR_PEOPLE.contains(&named[0].as_str()));
    assert!(known.len() > 40, "{known:?}");
    let missing: Vec<String> = known.difference(&told).map(|named| named.join(" ")).collect();
    assert!(missing.is_empty(), "docs/commands-and-page.md says nothing of {missing:?}");
}

#[test]
fn a_command_that_is_not_there_is_noticed() {
    for wrong in
        ["rooms shout ROOM", "rooms show ROOM --sideways", "rooms", "account", "", "send ROOM loudly"]
    {
        // `rooms` alone lists, and is whole.
        assert_eq!(follow(wrong).is_err(), wrong != "rooms", "{wrong:?}");
    }
    assert_eq!(follow("rooms show ROOM --before POSITION").unwrap(), ["rooms", "show"]);
}
