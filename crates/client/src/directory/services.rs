//! Which services there are and under which key each speaks of directories; how many of them must vouch for a root.

use super::rows::{EVIDENCE, EvidenceRow, ServicesRow, of_directory};
use crate::{
    ClientError, Event, Method, Refusal,
    account::path,
    core::Core,
    live::Job,
    rows::{ACCOUNT, Row as _, last_number, name},
};
use std::collections::BTreeSet;
use trefoil_proto::{Domain, Timestamp, Wire as _};
use trefoil_transparency::directory::{ServiceKey, ServiceKeys};

/// Services that must vouch for a directory, unless the person chose another number.
const NEEDED: usize = 1;

impl Core {
    /// Asks for the services' directory keys: once a start, and again when one is missing.
    pub(super) fn pump_services(&mut self, now: Timestamp) -> bool {
        if !self.directories.services_known && self.live.may(&Job::Services, now) {
            self.ask(Job::Services, Method::Get, path("directory/services"), Vec::new());
        }
        self.directories.services_known
    }

    /// Takes in services that are new. A key that was heard of once is never replaced by what a service says.
    pub(crate) fn services_answered(&mut self, body: &[u8], now: Timestamp) -> Result<(), ClientError> {
        let me = self.me()?;
        let Ok(told) = ServiceKeys::decode(body) else {
            self.emit(Event::Refused { room: None, reason: Refusal::Malformed });
            self.live.pause(Job::Services, 60_000, now);
            return Ok(());
        };
        let mut known = self.services()?;
        let before = known.len();
        let counts_at_once = before > 1 && self.named_auditors()?.is_none();
        for key in told.keys {
            match known.iter().find(|known| known.service == key.service) {
                Some(same) if same.key == key.key => {}
                Some(_) => self.emit(Event::DirectoryKeyChanged { service: key.service }),
                None if known.len() < ServiceKeys::MOST => {
                    if counts_at_once {
                        self.emit(Event::AuditorNew { service: key.service.clone() });
                    }
                    known.push(key);
                }
                None => {}
            }
        }
        if !known.iter().any(|key| key.service == me.user.domain) {
            self.live.pause(Job::Services, 60_000, now);
            return Ok(());
        }
        if known.len() > before {
            self.look_again();
        }
        ServicesRow { keys: known }.write(&mut self.tx(), ACCOUNT, name::SERVICES);
        self.directories.services_known = true;
        if self.needed()? == 0 {
            self.emit(Event::DirectoryUnaudited { directory: me.user.domain.clone() });
        }
        Ok(())
    }

    /// The directory keys that this device keeps.
    pub(super) fn services(&self) -> Result<Vec<ServiceKey>, ClientError> {
        Ok(ServicesRow::read(&self.tx(), ACCOUNT, name::SERVICES)?.unwrap_or_default().keys)
    }

    /// The services that the person named as those whose word counts; `None`: all that this device knows.
    pub(super) fn named_auditors(&self) -> Result<Option<Vec<ServiceKey>>, ClientError> {
        Ok(ServicesRow::read(&self.tx(), ACCOUNT, name::NAMED_AUDITORS)?.map(|row| row.keys))
    }

    /// The keys under which a directory is checked: its own, and those of the services whose word counts.
    pub(super) fn keys_about(&self, directory: &Domain) -> Result<Vec<ServiceKey>, ClientError> {
        let (named, mut keys) = (self.named_auditors()?, self.services()?);
        keys.retain(|known| {
            known.service == *directory || named.as_ref().is_none_or(|named| named.contains(known))
        });
        Ok(keys)
    }

    /// The person named those whose word counts, under the keys that are kept of them; nobody: all count again.
    pub(crate) fn name_auditors(&mut self, named: &BTreeSet<Domain>) -> Result<(), ClientError> {
        let known = self.services()?;
        let key = |named: &Domain| {
            let found = known.iter().find(|known| known.service == *named).cloned();
            found.ok_or_else(|| ClientError::UnknownService(named.clone()))
        };
        let keys = named.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        let needed = self.needed()?;
        if keys.is_empty() {
            self.tx().delete(ACCOUNT, name::NAMED_AUDITORS);
        } else if keys.len() <= needed {
            return Err(ClientError::TooFewAuditors { least: needed + 1 });
        } else {
            ServicesRow { keys }.write(&mut self.tx(), ACCOUNT, name::NAMED_AUDITORS);
        }
        self.look_at_all_again()
    }

    /// How many other services must vouch for a directory. None where the own service knows of no other: then the
    /// person is warned.
    pub(crate) fn needed(&self) -> Result<usize, ClientError> {
        let chosen = self.tx().get(ACCOUNT, name::AUDITORS)?.and_then(|row| last_number(&row));
        let alone = || Ok::<_, ClientError>(self.services()?.len() <= 1);
        Ok(match chosen {
            Some(chosen) => usize::try_from(chosen).unwrap_or(usize::MAX),
            None if alone()? => 0,
            None => NEEDED,
        })
    }

    /// The person chose how many.
    pub(crate) fn choose_needed(&mut self, needed: usize) -> Result<(), ClientError> {
        self.tx().put(ACCOUNT, name::AUDITORS, (needed as u64).to_be_bytes());
        self.look_at_all_again()
    }

    /// Whether a directory was caught, and the person has not decided to believe it again since.
    pub(super) fn is_caught(&self, directory: &Domain) -> Result<bool, ClientError> {
        for (_, row) in self.tx().scan(EVIDENCE, &of_directory(directory), usize::MAX, false)? {
            if EvidenceRow::from_row(&row)?.settled.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
