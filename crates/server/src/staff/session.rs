//! Sessions of the team: in memory, so that a restart ends them all.

use super::{
    StaffError,
    role::{Member, StaffName},
};
use data_encoding::BASE64URL_NOPAD;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use trefoil_proto::Timestamp;
use zeroize::Zeroizing;

/// After so long without use a session ends, in milliseconds.
const IDLE: u64 = 30 * 60 * 1000;
/// After so long it ends anyway.
const LONGEST: u64 = 12 * 60 * 60 * 1000;
/// Sessions at a time: more than any team has.
const MOST: usize = 1000;

/// Who is signed in, by the hash of what they show.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

struct Session {
    member: Member,
    since: Timestamp,
    used: Timestamp,
}

impl Sessions {
    /// Begins one. What is returned is shown with each request.
    pub(super) fn begin(&self, member: Member, now: Timestamp) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(bytes.as_mut());
        let token = Zeroizing::new(BASE64URL_NOPAD.encode(bytes.as_ref()));
        let mut all = self.all();
        all.retain(|_, session| session.lives(now));
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        all.insert(hash(&token), Session { member, since: now, used: now });
        token
    }

    /// Whose it is. Using it keeps it.
    pub(super) fn whose(&self, token: &str, now: Timestamp) -> Result<Member, StaffError> {
        let mut all = self.all();
        let session =
            all.get_mut(&hash(token)).filter(|session| session.lives(now)).ok_or(StaffError::NoSession)?;
        session.used = now;
        Ok(session.member.clone())
    }

    /// Ends one.
    pub(super) fn end(&self, token: &str) {
        self.all().remove(&hash(token));
    }

    /// Ends all of somebody.
    pub(super) fn end_all_of(&self, name: &StaffName) {
        self.all().retain(|_, session| session.member.name != *name);
    }

    /// Whole whatever panicked elsewhere.
    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn lives(&self, now: Timestamp) -> bool {
        self.used.0.saturating_add(IDLE) > now.0 && self.since.0.saturating_add(LONGEST) > now.0
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::role::Role, *};

    #[test]
    fn a_session_ends_by_itself_and_when_somebody_goes() {
        let (sessions, now) = (Sessions::default(), Timestamp(1_000_000_000));
        let ines = Member { name: "ines".parse().unwrap(), role: Role::Lead };
        let token = sessions.begin(ines.clone(), now);
        assert_eq!(sessions.whose(&token, now.plus_millis(IDLE - 1)).unwrap(), ines);
        assert_eq!(sessions.whose(&token, now.plus_millis(2 * IDLE - 2)).unwrap(), ines);
        assert!(sessions.whose(&token, now.plus_millis(3 * IDLE)).is_err());
        let mut at = now;
        let token = sessions.begin(ines.clone(), at);
        while at.0 < now.0 + LONGEST - IDLE {
            at = at.plus_millis(IDLE / 2);
            sessions.whose(&token, at).unwrap();
        }
        assert!(sessions.whose(&token, now.plus_millis(LONGEST)).is_err());
        let token = sessions.begin(ines.clone(), now);
        sessions.end_all_of(&ines.name);
        assert!(sessions.whose(&token, now).is_err());
        assert!(sessions.whose("made up", now).is_err());
    }
}
