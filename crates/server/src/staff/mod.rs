//! The people of a service's teams: who they are, how they prove it, what their role is. Passwords there are none: a browser shows a
//! passkey, the command line signs with a key of its own.

mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod orders;
mod passkey;
mod role;
mod rows;
mod session;
#[cfg(test)]
mod tests;

pub use error::StaffError;
pub use orders::{Followed, Order, hand_in, invite};
pub use passkey::Place;
pub use role::{BadName, Member, Role, StaffName};
pub use rows::TABLES;

use crate::json_row::JsonRow as _;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use ed25519_dalek::{Signature, VerifyingKey};
use passkey::Ceremonies;
use rand::RngCore as _;
use rows::{INVITATIONS, InvitationRow, MEMBERS, MemberRow};
use session::Sessions;
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use trefoil_proto::Timestamp;
use trefoil_store::{Batch, KeyRange, Store, StoreError};
use zeroize::Zeroizing;

/// What a key of the command line signs, before the challenge.
pub const SESSION_LABEL: &[u8] = b"Trefoil 1.0 StaffSession\0";

/// How long an invitation is good, in milliseconds: three days.
const INVITATION: u64 = 3 * 24 * 60 * 60 * 1000;
/// How long a challenge is, in milliseconds.
const CHALLENGE: u64 = 2 * 60 * 1000;
/// Challenges at a time.
const CHALLENGES: usize = 1000;
/// Passkeys and keys of one person.
const KEYS: usize = 8;

/// The teams of one service.
pub struct Staff {
    store: Arc<dyn Store>,
    sessions: Sessions,
    ceremonies: Option<Ceremonies>,
    challenges: Mutex<HashMap<[u8; 32], Timestamp>>,
}

/// Somebody of a team, for a lead to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Who.
    pub member: Member,
    /// Since when.
    pub since: Timestamp,
    /// When they were removed.
    pub removed: Option<Timestamp>,
}

impl Staff {
    /// The team in a store. Passkeys are bound to `place`; without one there are only keys of the command line.
    pub fn new(store: Arc<dyn Store>, place: Option<Place>) -> Self {
        let ceremonies = place.and_then(Ceremonies::at);
        Self { store, sessions: Sessions::default(), ceremonies, challenges: Mutex::default() }
    }

    /// Invites somebody: a code that is good once, for three days.
    ///
    /// # Errors
    /// [`StaffError::Taken`]; the store failed.
    pub async fn invite(&self, name: &StaffName, role: Role, now: Timestamp) -> Result<String, StaffError> {
        let code = invitation_code();
        self.keep_invitation(Sha256::digest(code.as_bytes()).into(), name, role, now).await?;
        Ok(code)
    }

    async fn keep_invitation(
        &self,
        hash: [u8; 32],
        name: &StaffName,
        role: Role,
        now: Timestamp,
    ) -> Result<(), StaffError> {
        if self.member(name).await?.is_some() {
            return Err(StaffError::Taken);
        }
        let row = InvitationRow { name: name.clone(), role, until: now.plus_millis(INVITATION) };
        let mut batch = Batch::new();
        batch.put(INVITATIONS, hash.to_vec(), row.encode());
        self.store.commit(batch).await.map_err(StaffError::Write)?;
        Ok(())
    }

    /// Whom an invitation is for, and what a browser is given to make a passkey.
    ///
    /// # Errors
    /// [`StaffError::BadInvitation`]; [`StaffError::NotProven`] where the console has no place.
    pub async fn begin_joining(
        &self,
        code: &str,
        now: Timestamp,
    ) -> Result<(StaffName, Vec<u8>), StaffError> {
        let (_, invitation) = self.invitation(code, now).await?;
        let ceremonies = self.ceremonies.as_ref().ok_or(StaffError::NotProven)?;
        let options = ceremonies.begin_joining(invitation.name.as_str(), &passkey::fresh_handle()?)?;
        Ok((invitation.name, options))
    }

    /// Comes in with a passkey, and has a session.
    ///
    /// # Errors
    /// [`StaffError::BadInvitation`], [`StaffError::NotProven`], [`StaffError::Taken`].
    pub async fn join_with_passkey(
        &self,
        code: &str,
        answer: &[u8],
        now: Timestamp,
    ) -> Result<(Member, Zeroizing<String>), StaffError> {
        let ceremonies = self.ceremonies.as_ref().ok_or(StaffError::NotProven)?;
        let (handle, passkey) = ceremonies.join(answer)?;
        self.join(code, now, |row| {
            row.handle = handle;
            row.passkeys.push(passkey);
        })
        .await
    }

    /// Comes in with a key of the command line, and has a session.
    ///
    /// # Errors
    /// [`StaffError::BadInvitation`], [`StaffError::NotProven`], [`StaffError::Taken`].
    pub async fn join_with_key(
        &self,
        code: &str,
        key: &[u8; 32],
        now: Timestamp,
    ) -> Result<(Member, Zeroizing<String>), StaffError> {
        VerifyingKey::from_bytes(key).map_err(|_| StaffError::NotProven)?;
        self.join(code, now, |row| row.keys.push(BASE64URL_NOPAD.encode(key))).await
    }

    async fn join(
        &self,
        code: &str,
        now: Timestamp,
        with: impl FnOnce(&mut MemberRow),
    ) -> Result<(Member, Zeroizing<String>), StaffError> {
        let (hash, InvitationRow { name, role, .. }) = self.invitation(code, now).await?;
        let mut row = MemberRow {
            role,
            since: now,
            removed: None,
            handle: passkey::fresh_handle()?,
            passkeys: Vec::new(),
            keys: Vec::new(),
        };
        with(&mut row);
        let mut batch = Batch::new();
        batch.assert_absent(MEMBERS, name.as_str().as_bytes().to_vec());
        batch.put(MEMBERS, name.as_str().as_bytes().to_vec(), row.encode());
        batch.delete(INVITATIONS, hash.to_vec());
        match self.store.commit(batch).await {
            Ok(_) => {}
            Err(StoreError::AssertFailed { .. }) => return Err(StaffError::Taken),
            Err(error) => return Err(StaffError::Write(error)),
        }
        let member = Member { name, role };
        let token = self.sessions.begin(member.clone(), now);
        Ok((member, token))
    }

    /// What a browser is given to show a passkey.
    ///
    /// # Errors
    /// [`StaffError::NotProven`] where the console has no place.
    pub fn begin_entering(&self) -> Result<Vec<u8>, StaffError> {
        self.ceremonies.as_ref().ok_or(StaffError::NotProven)?.begin_entering()
    }

    /// Signs in with a passkey.
    ///
    /// # Errors
    /// [`StaffError::NotProven`]; the store failed.
    pub async fn enter_with_passkey(
        &self,
        answer: &[u8],
        now: Timestamp,
    ) -> Result<(Member, Zeroizing<String>), StaffError> {
        let ceremonies = self.ceremonies.as_ref().ok_or(StaffError::NotProven)?;
        let claimed = ceremonies.read(answer)?;
        let all = self.store.scan(MEMBERS, KeyRange::all(), usize::MAX).await.map_err(StaffError::Read)?;
        for (key, old) in all {
            let mut row = MemberRow::decode(&old)?;
            if row.handle != claimed.handle || row.removed.is_some() {
                continue;
            }
            let known = row.passkeys.iter_mut().find(|known| known.id == claimed.id);
            let known = known.ok_or(StaffError::NotProven)?;
            *known = ceremonies.enter(&claimed, known)?;
            let mut batch = Batch::new();
            batch.assert_equals(MEMBERS, key.clone(), old).put(MEMBERS, key.clone(), row.encode());
            match self.store.commit(batch).await {
                Ok(_) => {}
                Err(StoreError::AssertFailed { .. }) => return Err(StaffError::Contended),
                Err(error) => return Err(StaffError::Write(error)),
            }
            let name = std::str::from_utf8(&key).ok().and_then(|name| name.parse().ok());
            let member = Member { name: name.ok_or(StaffError::DamagedRow)?, role: row.role };
            let token = self.sessions.begin(member.clone(), now);
            return Ok((member, token));
        }
        Err(StaffError::NotProven)
    }

    /// What a key of the command line is to sign.
    pub fn challenge(&self, now: Timestamp) -> [u8; 32] {
        let mut challenge = [0; 32];
        rand::rng().fill_bytes(&mut challenge);
        let mut all = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, until| *until > now);
        if all.len() < CHALLENGES {
            all.insert(challenge, now.plus_millis(CHALLENGE));
        }
        challenge
    }

    /// Signs in with a key of the command line: Ed25519 over [`SESSION_LABEL`] and the challenge.
    ///
    /// # Errors
    /// [`StaffError::NotProven`]; the store failed.
    pub async fn enter_with_key(
        &self,
        name: &StaffName,
        challenge: &[u8; 32],
        signature: &[u8; 64],
        now: Timestamp,
    ) -> Result<(Member, Zeroizing<String>), StaffError> {
        let asked = {
            let mut all = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
            all.remove(challenge).is_some_and(|until| until > now)
        };
        let row =
            self.member(name).await?.filter(|row| row.removed.is_none()).ok_or(StaffError::NotProven)?;
        let content = [SESSION_LABEL, challenge].concat();
        let signature = Signature::from_bytes(signature);
        let signed = row.keys.iter().take(KEYS).any(|key| {
            let key = BASE64URL_NOPAD.decode(key.as_bytes()).ok().and_then(|key| key.try_into().ok());
            let key = key.and_then(|key: [u8; 32]| VerifyingKey::from_bytes(&key).ok());
            key.is_some_and(|key| key.verify_strict(&content, &signature).is_ok())
        });
        if !(asked && signed) {
            return Err(StaffError::NotProven);
        }
        let member = Member { name: name.clone(), role: row.role };
        let token = self.sessions.begin(member.clone(), now);
        Ok((member, token))
    }

    /// Who shows a session.
    ///
    /// # Errors
    /// [`StaffError::NoSession`].
    pub fn whose(&self, token: &str, now: Timestamp) -> Result<Member, StaffError> {
        self.sessions.whose(token, now)
    }

    /// Ends a session.
    pub fn leave(&self, token: &str) {
        self.sessions.end(token);
    }

    /// Takes somebody off the team: their sessions end, their name stays in the trail and is nobody else's.
    ///
    /// # Errors
    /// [`StaffError::Nobody`]; the store failed.
    pub async fn remove(&self, name: &StaffName, now: Timestamp) -> Result<(), StaffError> {
        let mut row = self.member(name).await?.ok_or(StaffError::Nobody)?;
        row.removed.get_or_insert(now);
        let mut batch = Batch::new();
        batch.put(MEMBERS, name.as_str().as_bytes().to_vec(), row.encode());
        self.store.commit(batch).await.map_err(StaffError::Write)?;
        self.sessions.end_all_of(name);
        Ok(())
    }

    /// Everybody who is or was of the team.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn list(&self) -> Result<Vec<Listed>, StaffError> {
        let rows = self.store.scan(MEMBERS, KeyRange::all(), usize::MAX).await.map_err(StaffError::Read)?;
        rows.into_iter()
            .map(|(key, row)| {
                let row = MemberRow::decode(&row)?;
                let name = std::str::from_utf8(&key).ok().and_then(|name| name.parse().ok());
                let member = Member { name: name.ok_or(StaffError::DamagedRow)?, role: row.role };
                Ok(Listed { member, since: row.since, removed: row.removed })
            })
            .collect()
    }

    /// Forgets invitations that nobody used.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), StaffError> {
        let mut batch = Batch::new();
        let rows = self.store.scan(INVITATIONS, KeyRange::all(), usize::MAX).await;
        for (key, row) in rows.map_err(StaffError::Read)? {
            if InvitationRow::decode(&row)?.until <= now {
                batch.delete(INVITATIONS, key);
            }
        }
        self.store.commit(batch).await.map_err(StaffError::Write)?;
        Ok(())
    }

    async fn invitation(&self, code: &str, now: Timestamp) -> Result<([u8; 32], InvitationRow), StaffError> {
        let hash: [u8; 32] = Sha256::digest(code.as_bytes()).into();
        let row = self.store.get(INVITATIONS, hash.to_vec().into()).await.map_err(StaffError::Read)?;
        let row = row.map(|row| InvitationRow::decode(&row)).transpose()?;
        let row = row.filter(|row| row.until > now).ok_or(StaffError::BadInvitation)?;
        Ok((hash, row))
    }

    async fn member(&self, name: &StaffName) -> Result<Option<MemberRow>, StaffError> {
        let row = self.store.get(MEMBERS, name.as_str().as_bytes().to_vec().into()).await;
        Ok(row.map_err(StaffError::Read)?.map(|row| MemberRow::decode(&row)).transpose()?)
    }
}

/// 26 small letters and digits: 130 bits of which 128 are random.
fn invitation_code() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
}
