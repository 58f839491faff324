//! Key packages of people who are to be added: used only if a fresh proof of the directory lists their devices.

use super::{KeysRefusal, Looked, proofs::TRIES};
use crate::{
    ChangeRefusal, ClientError, Event, Refusal,
    core::Core,
    live::Job,
    mls::{credential, wire},
};
use openmls_traits::OpenMlsProvider as _;
use trefoil_proto::{RoomUri, Timestamp, UserUri, defence::Defence};

/// How old a proof may be when somebody is added, in milliseconds: an hour.
const FRESH: u64 = 60 * 60 * 1000;

impl Core {
    /// Somebody's key packages are here: what was found out before may be older than they are.
    pub(crate) fn packages_came(&mut self, user: &UserUri) {
        self.directories.looked.remove(user);
        self.live.backoff.remove(&Job::Proof(user.clone()));
    }

    /// Whether everybody whose key packages are here is proven. Who is not is taken out of the add, and who has further
    /// devices that are in no directory comes without them. False while something is being looked at.
    pub(crate) fn prove_packages(
        &mut self,
        uri: &RoomUri,
        people: &mut Vec<UserUri>,
        now: Timestamp,
    ) -> Result<bool, ClientError> {
        if !Defence::KeyDirectory.stands() {
            return Ok(true);
        }
        let mut complete = true;
        for user in people.clone() {
            let (known, unknown) = self.sort_packages(uri, &user)?;
            let fresh = self.proven_set(&user)?.is_some_and(|row| now.millis_since(row.checked) <= FRESH);
            if fresh && unknown.is_empty() {
                continue;
            }
            let reason = match self.directories.looked.get(&user) {
                Some(Looked::Refused(reason))
                    if reason.passes() && self.live.tries(&Job::Proof(user.clone())) < TRIES =>
                {
                    self.want_proof(&user, Some(uri));
                    complete = false;
                    continue;
                }
                Some(Looked::Refused(reason)) => reason.clone(),
                Some(Looked::Done) if fresh => {
                    for device in unknown {
                        self.emit(Event::Refused {
                            room: Some(uri.clone()),
                            reason: Refusal::UntrustedDevice { device },
                        });
                    }
                    if !known.is_empty() {
                        if let Some(material) = self.live.material.get_mut(uri) {
                            material.insert(user.clone(), known);
                        }
                        continue;
                    }
                    KeysRefusal::NotInDirectory
                }
                Some(Looked::Done) => {
                    self.want_fresh_proof(&user);
                    self.want_proof(&user, Some(uri));
                    complete = false;
                    continue;
                }
                _ => {
                    self.want_proof(&user, Some(uri));
                    complete = false;
                    continue;
                }
            };
            let reason = match reason {
                KeysRefusal::Unreachable => ChangeRefusal::OutOfReach(user.clone()),
                reason => ChangeRefusal::Unproven(user.clone(), reason),
            };
            self.not_added(uri, reason, &user)?;
            people.retain(|person| *person != user);
            self.live.material.get_mut(uri).map(|material| material.remove(&user));
        }
        Ok(complete)
    }

    /// Key packages of devices in the proven set, and the names of the other devices.
    fn sort_packages(
        &mut self,
        uri: &RoomUri,
        user: &UserUri,
    ) -> Result<(Vec<trefoil_proto::mls::KeyPackage>, Vec<String>), ClientError> {
        let row = self.proven_set(user)?;
        let packages = self.live.material.get(uri).and_then(|material| material.get(user));
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for package in packages.into_iter().flatten() {
            let published = wire::key_package(self.provider.crypto(), package)
                .and_then(|valid| credential::published(valid.leaf_node()));
            match published {
                Ok((device, account, entry)) if device.user_uri() == *user => {
                    if row.as_ref().is_some_and(|row| row.has(&account, &entry)) {
                        known.push(package.clone());
                    } else {
                        unknown.push(device.to_string());
                    }
                }
                // What is wrong with it, the plan of the commit says.
                _ => known.push(package.clone()),
            }
        }
        Ok((known, unknown))
    }
}
