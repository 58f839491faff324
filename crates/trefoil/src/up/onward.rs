//! Commands for going on by hand: lines that can be pasted into a shell, whatever folder it stands in.

use super::Planned;
use crate::home::{Home, HomeError};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where the people of a data folder live.
pub fn person(data: &Path, name: &str) -> PathBuf {
    data.join("people").join(name)
}

/// Two people, a room, a message that is sent and one that is received. Accounts that are there from an earlier time
/// are used again, at the addresses that the services have now.
///
/// # Errors
/// The folder of one of them cannot be used.
pub fn two_people(data: &Path, services: [&Planned; 2], ca: &Path) -> Result<Vec<String>, HomeError> {
    let program = program();
    let [ada, grace] = ["ada", "grace"].map(|name| as_person(&program, &person(data, name)));
    let mut lines = Vec::new();
    for (name, command, service) in [("ada", &ada, services[0]), ("grace", &grace, services[1])] {
        let home = Home::locate(Some(&person(data, name)))?;
        if home.has_account() {
            let authority = fs::read(ca).map_err(|source| HomeError::File { path: ca.to_owned(), source })?;
            home.settle(&service.url, Some(&authority))?;
        } else {
            let ca = quoted(&ca.display().to_string());
            let at = format!("--service {} --ca {ca}", service.url);
            lines.push(format!("{command} account create {name} --name {name} {at}"));
        }
    }
    if !lines.is_empty() {
        lines.push(format!("{ada} rooms create Tea --with \"$({grace} account card)\""));
    }
    lines.push(format!("{ada} send Tea 'Hello, across services'"));
    lines.push(format!("{grace} receive"));
    Ok(lines)
}

/// The page of a further person, with the services to choose from.
pub fn page(data: &Path, list: &Path) -> String {
    let services = quoted(&list.display().to_string());
    format!("{} app --services {services}", as_person(&program(), &person(data, "me")))
}

/// The program as the person in a folder.
pub fn as_person(program: &str, home: &Path) -> String {
    format!("{program} --home {}", quoted(&home.display().to_string()))
}

/// This program as it was called: a name that is looked up stays one, a path becomes whole.
pub fn program() -> String {
    let called = std::env::args_os().next().map_or_else(|| PathBuf::from("trefoil"), PathBuf::from);
    let looked_up = called.components().count() == 1;
    let whole = if looked_up { None } else { std::path::absolute(&called).ok() };
    quoted(&whole.unwrap_or(called).display().to_string())
}

/// Text as one word of a POSIX shell.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:=+@%,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("data/people/ada"), "data/people/ada");
        assert_eq!(quoted("my data"), "'my data'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
