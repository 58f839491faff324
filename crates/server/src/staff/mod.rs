//! The people of a service's teams: who they are, how they prove it, what their role is. Passwords there are none: a browser shows a
//! passkey, the command line signs with a key of its own.

mod challenges;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod orders;
mod pairs;
mod passkey;
mod role;
mod rows;
mod session;
#[cfg(test)]
mod tests;

pub use error::StaffError;
pub use orders::{Order, hand_in, invite};
pub use pairs::Inviter;
pub use passkey::Place;
pub use role::{BadName, Member, Role, StaffName};
pub use rows::TABLES;

use crate::{
    json_row::JsonRow as _,
    trail::{Act, Note, Trail, TrailError},
};
use bytes::Bytes;
use challenges::Challenges;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use ed25519_dalek::{Signature, VerifyingKey};
use pairs::Credential;
use passkey::Ceremonies;
use rand::RngCore as _;
use rows::{INVITATIONS, InvitationRow, MEMBERS, MemberRow};
use session::Sessions;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use trefoil_proto::Timestamp;
use trefoil_store::{Batch, KeyRange, Store};
use zeroize::Zeroizing;

/// What a key of the command line signs, before the challenge.
pub const SESSION_LABEL: &[u8] = b"Trefoil 1.0 StaffSession\0";

/// How long an invitation is good, in milliseconds: three days.
const INVITATION: u64 = 3 * 24 * 60 * 60 * 1000;
/// Passkeys and keys of one person.
const KEYS: usize = 8;

/// The teams of one service.
pub struct Staff {
    store: Arc<dyn Store>,
    trail: Arc<Trail>,
    sessions: Sessions,
    ceremonies: Option<Ceremonies>,
    challenges: Challenges,
    /// Held while somebody comes in, signs in or is removed: a session begins only for who is of the team then, and no two come in
    /// with one key.
    team: tokio::sync::Mutex<()>,
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
    /// The team in a store; what is done with it stands in the trail from the same commit on. Passkeys are bound to `place`; without one there are only keys of the command line.
    pub fn new(store: Arc<dyn Store>, trail: Arc<Trail>, place: Option<Place>) -> Self {
        let ceremonies = place.and_then(Ceremonies::at);
        Self {
            store,
            trail,
            sessions: Sessions::default(),
            ceremonies,
            challenges: Challenges::default(),
            team: tokio::sync::Mutex::default(),
        }
    }

    /// Invites somebody: a code that is good once, for three days.
    ///
    /// # Errors
    /// [`StaffError::Taken`]; the store failed.
    pub async fn invite(
        &self,
        name: &StaffName,
        role: Role,
        by: Inviter,
        now: Timestamp,
    ) -> Result<String, StaffError> {
        let code = invitation_code();
        self.keep_invitation(Sha256::digest(code.as_bytes()).into(), name, role, by, now).await?;
        Ok(code)
    }

    async fn keep_invitation(
        &self,
        hash: [u8; 32],
        name: &StaffName,
        role: Role,
        by: Inviter,
        now: Timestamp,
    ) -> Result<(), StaffError> {
        if self.member(name).await?.is_some() {
            return Err(StaffError::Taken);
        }
        let until = now.plus_millis(INVITATION);
        let note = Note::new(by.as_str(), Act::Invited).saying(format!("{name}, {}", role.as_str()));
        let row = InvitationRow { name: name.clone(), role, until, by: Some(by) };
        let mut batch = Batch::new();
        batch.assert_absent(INVITATIONS, hash.to_vec()).put(INVITATIONS, hash.to_vec(), row.encode());
        match self.trail.enter(note, batch, now).await {
            // The same order again: the service ended before its file was taken away.
            Ok(()) | Err(TrailError::Assert { .. }) => Ok(()),
            Err(error) => Err(StaffError::Trail(error)),
        }
    }

    /// Whom an invitation is for, and what a browser is given to make a passkey.
    ///
    /// # Errors
    /// [`StaffError::BadInvitation`]; [`StaffError::NoPasskeys`] where the console has no place.
    pub async fn begin_joining(
        &self,
        code: &str,
        now: Timestamp,
    ) -> Result<(StaffName, Vec<u8>), StaffError> {
        let (_, invitation) = self.invitation(code, now).await?;
        let ceremonies = self.ceremonies.as_ref().ok_or(StaffError::NoPasskeys)?;
        let options = ceremonies.begin_joining(invitation.name.as_str(), &passkey::fresh_handle()?)?;
        Ok((invitation.name, options))
    }

    /// Comes in with a passkey, and has a session.
    ///
    /// # Errors
    /// [`StaffError::BadInvitation`], [`StaffError::NotProven`], [`StaffError::Taken`], [`StaffError::KnownKey`].
    pub async fn join_with_passkey(
        &self,
        code: &str,
        answer: &[u8],
        now: Timestamp,
    ) -> Result<(Member, Zeroizing<String>), StaffError> {
        let ceremonies = self.ceremonies.as_ref().ok_or(StaffError::NoPasskeys)?;
        let (handle, passkey) = ceremonies.join(answer)?;
        self.join(code, Credential::Passkey(handle, passkey), now).await
    }

    /// Comes in with a key of the command line, and has a session.
    ///
    /// # Errors
    /// [`StaffError::BadInvitation`], [`StaffError::NotProven`], [`StaffError::Taken`], [`StaffError::KnownKey`].
    pub async fn join_with_key(
        &self,
        code: &str,
        key: &[u8; 32],
        now: Timestamp,
    ) -> Result<(Member, Zeroizing<String>), StaffError> {
        // Anybody can sign with a weak one.
        if !VerifyingKey::from_bytes(key).is_ok_and(|key| !key.is_weak()) {
            return Err(StaffError::NotProven);
        }
        self.join(code, Credential::Key(BASE64URL_NOPAD.encode(key)), now).await
    }

    async fn join(
        &self,
        code: &str,
        credential: Credential,
        now: Timestamp,
    ) -> Result<(Member, Zeroizing<String>), StaffError> {
        let _team = self.team.lock().await;
        let (hash, InvitationRow { name, role, by, .. }) = self.invitation(code, now).await?;
        self.refuse_known(&credential).await?;
        let mut row = MemberRow {
            role,
            since: now,
            removed: None,
            handle: passkey::fresh_handle()?,
            passkeys: Vec::new(),
            keys: Vec::new(),
            invited_by: by,
        };
        credential.enrol(&mut row);
        let mut batch = Batch::new();
        batch.assert_absent(MEMBERS, key(&name));
        batch.put(MEMBERS, key(&name), row.encode());
        batch.delete(INVITATIONS, hash.to_vec());
        let note = Note::new(name.as_str(), Act::Enrolled).saying(role.as_str());
        match self.trail.enter(note, batch, now).await {
            Ok(()) => {}
            Err(TrailError::Assert { .. }) => return Err(StaffError::Taken),
            Err(error) => return Err(StaffError::Trail(error)),
        }
        let member = Member { name, role };
        let token = self.sessions.begin(member.clone(), now);
        Ok((member, token))
    }

    /// What a browser is given to show a passkey.
    ///
    /// # Errors
    /// [`StaffError::NoPasskeys`] where the console has no place.
    pub fn begin_entering(&self) -> Result<Vec<u8>, StaffError> {
        self.ceremonies.as_ref().ok_or(StaffError::NoPasskeys)?.begin_entering()
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
        let ceremonies = self.ceremonies.as_ref().ok_or(StaffError::NoPasskeys)?;
        let claimed = ceremonies.read(answer)?;
        let _team = self.team.lock().await;
        let member = self.with_handle(&claimed.handle).await?;
        let (name, old, mut row) =
            member.filter(|(_, _, row)| row.removed.is_none()).ok_or(StaffError::NotProven)?;
        let known = row.passkeys.iter_mut().find(|known| known.id == claimed.id);
        let known = known.ok_or(StaffError::NotProven)?;
        *known = ceremonies.enter(&claimed, known)?;
        let mut batch = Batch::new();
        batch.assert_equals(MEMBERS, key(&name), old).put(MEMBERS, key(&name), row.encode());
        self.begin(Member { name, role: row.role }, batch, now).await
    }

    /// Whose passkey an answer names, proven or not; `None` if it names nobody of the team.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn named_by_passkey(&self, answer: &[u8]) -> Result<Option<StaffName>, StaffError> {
        let claimed = self.ceremonies.as_ref().and_then(|ceremonies| ceremonies.read(answer).ok());
        let Some(claimed) = claimed else { return Ok(None) };
        Ok(self.with_handle(&claimed.handle).await?.map(|(name, _, _)| name))
    }

    /// What a key of the command line is to sign: good once, for two minutes. Nothing is kept of it.
    pub fn challenge(&self, now: Timestamp) -> [u8; 32] {
        self.challenges.fresh(now)
    }

    /// Whether somebody of this name is or was of the team.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn knows(&self, name: &StaffName) -> Result<bool, StaffError> {
        Ok(self.member(name).await?.is_some())
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
        let _team = self.team.lock().await;
        let asked = self.challenges.is_good(challenge, now);
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
        self.challenges.spend(challenge, now);
        self.begin(Member { name: name.clone(), role: row.role }, Batch::new(), now).await
    }

    /// Begins a session, as soon as it stands in the trail.
    async fn begin(
        &self,
        member: Member,
        batch: Batch,
        now: Timestamp,
    ) -> Result<(Member, Zeroizing<String>), StaffError> {
        let note = Note::new(member.name.as_str(), Act::SignedIn).saying(member.role.as_str());
        match self.trail.enter(note, batch, now).await {
            Ok(()) => {}
            Err(TrailError::Assert { .. }) => return Err(StaffError::Contended),
            Err(error) => return Err(StaffError::Trail(error)),
        }
        let token = self.sessions.begin(member.clone(), now);
        Ok((member, token))
    }

    /// Somebody named one of the team, and did not prove to be them: that stands in the trail. Whether
    /// somebody has or had the name is for the caller to ask ([`Self::knows`]).
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn note_failure(&self, name: &StaffName, now: Timestamp) -> Result<(), StaffError> {
        let note = Note::new(name.as_str(), Act::SignInFailed);
        self.trail.enter(note, Batch::new(), now).await.map_err(StaffError::Trail)
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

    /// Takes somebody off the team: their sessions end, whom they invited does not come in any more, their name stays in the trail and
    /// is nobody else's.
    ///
    /// # Errors
    /// [`StaffError::Nobody`]; the store failed.
    pub async fn remove(&self, name: &StaffName, by: &Inviter, now: Timestamp) -> Result<(), StaffError> {
        let _team = self.team.lock().await;
        let mut row = self.member(name).await?.ok_or(StaffError::Nobody)?;
        if row.removed.is_none() {
            row.removed = Some(now);
            let mut batch = Batch::new();
            batch.put(MEMBERS, key(name), row.encode());
            let note = Note::new(by.as_str(), Act::Removed).saying(name.as_str());
            self.trail.enter(note, batch, now).await.map_err(StaffError::Trail)?;
        }
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
        // Whoever is taken off the team leaves no door open behind them.
        if let Some(Inviter::Lead(by)) = &row.by {
            self.member(by).await?.filter(|by| by.removed.is_none()).ok_or(StaffError::BadInvitation)?;
        }
        Ok((hash, row))
    }

    async fn member(&self, name: &StaffName) -> Result<Option<MemberRow>, StaffError> {
        let row = self.store.get(MEMBERS, key(name).into()).await;
        Ok(row.map_err(StaffError::Read)?.map(|row| MemberRow::decode(&row)).transpose()?)
    }

    /// Who has the handle that a passkey is made for, and their row as it is kept and as it reads.
    async fn with_handle(&self, handle: &str) -> Result<Option<(StaffName, Bytes, MemberRow)>, StaffError> {
        let rows = self.store.scan(MEMBERS, KeyRange::all(), usize::MAX).await.map_err(StaffError::Read)?;
        for (key, old) in rows {
            let row = MemberRow::decode(&old)?;
            if row.handle == handle {
                let name = std::str::from_utf8(&key).ok().and_then(|name| name.parse().ok());
                return Ok(Some((name.ok_or(StaffError::DamagedRow)?, old, row)));
            }
        }
        Ok(None)
    }
}

/// Where somebody's row is.
fn key(name: &StaffName) -> Vec<u8> {
    name.as_str().as_bytes().to_vec()
}

/// 26 small letters and digits: 130 bits of which 128 are random.
fn invitation_code() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
}
