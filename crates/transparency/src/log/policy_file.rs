//! A policy as a file (C2SP tlog-policy). Read as far as [`LogPolicy`] goes: one log, and a quorum that is one witness,
//! one group of witnesses, or none. Groups of groups are refused, not guessed at.

use super::{LogKey, LogPolicy, PolicyFileError, WitnessKey};
use std::{fmt, str::FromStr};

/// Largest file, in bytes.
const FILE: usize = 64 * 1024;
/// Witnesses and groups in it.
const NAMES: usize = 64;

/// So many of these.
struct Group {
    needed: usize,
    witnesses: Vec<WitnessKey>,
}

impl FromStr for LogPolicy {
    type Err = PolicyFileError;

    fn from_str(text: &str) -> Result<Self, PolicyFileError> {
        if text.len() > FILE {
            return Err(PolicyFileError::TooLarge);
        }
        let mut reader = Reader::default();
        for (number, line) in text.split('\n').enumerate() {
            let mut items = line.split([' ', '\t']).filter(|item| !item.is_empty());
            match items.next() {
                None => {}
                Some(comment) if comment.starts_with('#') => {}
                Some(kind) => {
                    let items: Vec<&str> = items.collect();
                    reader
                        .read(kind, &items)
                        .map_err(|what| PolicyFileError::Line { number: number + 1, what })?;
                }
            }
        }
        let log = reader.log.ok_or(PolicyFileError::Missing("log"))?;
        let quorum = reader.quorum.ok_or(PolicyFileError::Missing("quorum"))?;
        Self::new(log, quorum.witnesses, quorum.needed).map_err(PolicyFileError::Policy)
    }
}

/// The file, one directive a line.
impl fmt::Display for LogPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "log {}", self.log)?;
        for witness in &self.witnesses {
            writeln!(f, "witness {} {witness}", witness.name())?;
        }
        if self.quorum == 0 {
            return writeln!(f, "quorum none");
        }
        write!(f, "group witnesses {}", self.quorum)?;
        for witness in &self.witnesses {
            write!(f, " {}", witness.name())?;
        }
        writeln!(f, "\nquorum witnesses")
    }
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    log: Option<LogKey>,
    named: Vec<(String, Group)>,
    quorum: Option<Group>,
}

impl Reader {
    fn read(&mut self, kind: &str, items: &[&str]) -> Result<(), &'static str> {
        match (kind, items) {
            ("log", [key] | [key, _]) => {
                let key = key.parse().map_err(|_| "this is not the key of a log")?;
                if self.log.replace(key).is_some() { Err("more than one log") } else { Ok(()) }
            }
            ("witness", [name, key] | [name, key, _]) => {
                let key = key.parse().map_err(|_| "this is not the key of a witness")?;
                self.name(name, Group { needed: 1, witnesses: vec![key] })
            }
            ("group", [name, needed, members @ ..]) => {
                let mut witnesses = Vec::new();
                for member in members {
                    match &self.named(member).ok_or("a member that is not named above")?.witnesses[..] {
                        [witness] => witnesses.push(witness.clone()),
                        _ => return Err("a group of groups, which this version does not read"),
                    }
                }
                let needed = match *needed {
                    "any" => 1,
                    "all" => witnesses.len(),
                    number => number.parse().map_err(|_| "neither a number nor any nor all")?,
                };
                if needed == 0 || needed > witnesses.len() {
                    return Err("more are needed than there are, or none");
                }
                self.name(name, Group { needed, witnesses })
            }
            ("quorum", [name]) => {
                let quorum = if *name == "none" {
                    // The witnesses are known all the same, and their signatures are shown.
                    let witnesses = self.named.iter().filter(|(_, group)| group.witnesses.len() == 1);
                    let witnesses = witnesses.filter_map(|(_, group)| group.witnesses.first().cloned());
                    let mut all: Vec<WitnessKey> = Vec::new();
                    for witness in witnesses {
                        if all.iter().all(|known| known.key() != witness.key()) {
                            all.push(witness);
                        }
                    }
                    Group { needed: 0, witnesses: all }
                } else {
                    let Group { needed, witnesses } = self.named(name).ok_or("a name that is not above")?;
                    Group { needed: *needed, witnesses: witnesses.clone() }
                };
                if self.quorum.replace(quorum).is_some() { Err("more than one quorum") } else { Ok(()) }
            }
            _ => Err("neither log nor witness nor group nor quorum, or not with what belongs to it"),
        }
    }

    fn name(&mut self, name: &str, group: Group) -> Result<(), &'static str> {
        if name == "none" || self.named(name).is_some() {
            return Err("a name that is taken");
        }
        if self.named.len() == NAMES {
            return Err("too many witnesses and groups");
        }
        self.named.push((name.to_owned(), group));
        Ok(())
    }

    fn named(&self, name: &str) -> Option<&Group> {
        self.named.iter().find(|(known, _)| known == name).map(|(_, group)| group)
    }
}
