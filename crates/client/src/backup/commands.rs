//! What a shell can do with the backup: make and confirm a code, carry segments to the service, bring them back.

use super::{
    code::{RecoveryCode, RecoverySecret},
    collect, compact,
    keys::BackupKeys,
    manifest::{Manifest, SegmentEntry},
    restore::Archive,
    rows::{
        BACKUP, CHANGED, CONTENTS, OUTBOX, PLACES, SEGMENTS, SecretRow, SegmentRow, StateRow, name, secret,
    },
};
use crate::{Client, ClientError, Step, core::Core, rows::Row as _};
use trefoil_proto::{
    Timestamp,
    backup::{BackupKind, DeleteBackup, OpenBackup, PutManifest, PutSegment, SegmentName},
};
use trefoil_store::KeyRange;

/// Whether there is a recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryState {
    /// None was made: what is here is lost with this device.
    None,
    /// One was made and not given back: nothing is kept yet.
    Unconfirmed,
    /// It is in force.
    Confirmed,
}

/// How a backup stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryView {
    /// Of the code.
    pub state: RecoveryState,
    /// When the service last took a whole backup.
    pub last: Option<Timestamp>,
    /// Something changed since, or waits to be sent.
    pub waiting: bool,
    /// Sealed bytes at the service, as far as this device put them there.
    pub bytes: u64,
    /// The service showed another manifest than this device put there last: it went back, or somebody else who has the
    /// secret wrote. The counter that it named.
    pub disputed: Option<u64>,
}

/// What to do next for a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupStep {
    /// `POST backups`, then [`Client::backup_answered`].
    Open(OpenBackup),
    /// `POST backups/segment`, then [`Client::backup_answered`].
    Segment(PutSegment),
    /// `POST backups/manifest`, then [`Client::backup_answered`].
    Manifest(PutManifest),
    /// `POST backups/delete`, for one that was replaced, then [`Client::backup_answered`].
    Delete(DeleteBackup),
    /// A piece of work was done here: ask again.
    Again,
    /// Everything is kept.
    Done,
    /// There is no recovery code in force.
    Off,
}

/// What the service answered to a [`BackupStep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It took it.
    Taken,
    /// It has another manifest, with this counter.
    Counter(u64),
    /// It knows no such backup: it is begun anew.
    Lost,
}

impl Client {
    /// Makes a recovery code. It is in force once it was given back ([`Client::confirm_recovery_code`]); until then one
    /// that was in force before stays so.
    ///
    /// # Errors
    /// [`ClientError::NotPrimary`], [`ClientError::NoAccount`].
    pub fn make_recovery_code(&mut self, now: Timestamp) -> Result<(RecoveryCode, Step<'_>), ClientError> {
        self.step(now, |core| {
            if core.me()?.account.is_none() {
                return Err(ClientError::NotPrimary);
            }
            let secret = RecoverySecret::from_seed(&*core.random::<20>()?);
            SecretRow::of(&secret).write(&mut core.tx(), BACKUP, name::CANDIDATE);
            Ok(secret.code())
        })
    }

    /// Puts the code that was made into force, since the person has it: everything is kept from now on, and the backup
    /// under an earlier code is removed. Giving back the code that is in force changes nothing.
    ///
    /// # Errors
    /// [`ClientError::BadRecoveryCode`]; [`ClientError::OtherRecoveryCode`]; [`ClientError::NoRecoveryCode`].
    pub fn confirm_recovery_code(&mut self, code: &str, now: Timestamp) -> Result<Step<'_>, ClientError> {
        let code: RecoveryCode = code.parse()?;
        self.step(now, |core| core.confirm_code(code.secret())).map(|((), step)| step)
    }

    /// The secret in force, for whoever keeps it in another way (behind a PIN). If there is none: the one whose code was
    /// shown last, or one that is made now, to be put into force by [`Client::confirm_recovery_secret`] once it is kept.
    ///
    /// # Errors
    /// [`ClientError::NotPrimary`], [`ClientError::NoAccount`].
    pub fn prepare_recovery_secret(
        &mut self,
        now: Timestamp,
    ) -> Result<(RecoverySecret, Step<'_>), ClientError> {
        self.step(now, |core| {
            for at in [name::SECRET, name::CANDIDATE] {
                if let Some(secret) = secret(&core.tx(), at)? {
                    return Ok(secret);
                }
            }
            if core.me()?.account.is_none() {
                return Err(ClientError::NotPrimary);
            }
            let secret = RecoverySecret::from_seed(&*core.random::<20>()?);
            SecretRow::of(&secret).write(&mut core.tx(), BACKUP, name::CANDIDATE);
            Ok(secret)
        })
    }

    /// Puts the secret of [`Client::prepare_recovery_secret`] into force, as [`Client::confirm_recovery_code`] does a code.
    ///
    /// # Errors
    /// [`ClientError::OtherRecoveryCode`] if another was made meanwhile; [`ClientError::NoRecoveryCode`].
    pub fn confirm_recovery_secret(
        &mut self,
        secret: &RecoverySecret,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.confirm_code(secret)).map(|((), step)| step)
    }

    /// The code in force, to be shown again.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn recovery_code(&self) -> Result<Option<RecoveryCode>, ClientError> {
        Ok(secret(&self.core().tx(), name::SECRET)?.map(|secret| secret.code()))
    }

    /// How the backup stands.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn recovery(&self) -> Result<RecoveryView, ClientError> {
        let (standing, waiting) = (self.recovery_state()?, self.is_backup_waiting()?);
        let tx = self.core().tx();
        let state = StateRow::read(&tx, BACKUP, name::STATE)?.unwrap_or_default();
        let there = compact::segments(&tx)?.into_iter().filter(|(_, row)| row.there.is_some());
        Ok(RecoveryView {
            state: standing,
            last: (state.last.0 > 0).then_some(state.last),
            waiting,
            bytes: there.map(|(_, row)| u64::from(row.length)).sum(),
            disputed: state.disputed,
        })
    }

    /// Whether there is a recovery code, in force or not: what [`Client::recovery`] says of it, without looking at the
    /// backup.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn recovery_state(&self) -> Result<RecoveryState, ClientError> {
        let tx = self.core().tx();
        Ok(match (tx.get(BACKUP, name::SECRET)?, tx.get(BACKUP, name::CANDIDATE)?) {
            (Some(_), _) => RecoveryState::Confirmed,
            (None, Some(_)) => RecoveryState::Unconfirmed,
            (None, None) => RecoveryState::None,
        })
    }

    /// Whether something is to be put into the backup: what [`Client::recovery`] says of it, without looking at the
    /// backup.
    ///
    /// # Errors
    /// [`ClientError::Store`], [`ClientError::Row`].
    pub fn is_backup_waiting(&self) -> Result<bool, ClientError> {
        let tx = self.core().tx();
        if tx.get(BACKUP, name::SECRET)?.is_none() {
            return Ok(false);
        }
        let state = StateRow::read(&tx, BACKUP, name::STATE)?.unwrap_or_default();
        let some = |table| Ok::<_, ClientError>(!tx.scan(table, &KeyRange::all(), 1, false)?.is_empty());
        Ok(state.stale.is_some() || state.walk.is_some() || some(CHANGED)? || some(OUTBOX)?)
    }

    /// The next thing to do for the backup. Bounded: marks some rows, or seals one segment, at most.
    ///
    /// # Errors
    /// [`ClientError::Store`], [`ClientError::Row`].
    pub fn back_up(&mut self, now: Timestamp) -> Result<(BackupStep, Step<'_>), ClientError> {
        self.step(now, |core| core.next_backup(now))
    }

    /// The service answered to what [`Client::back_up`] gave last.
    ///
    /// # Errors
    /// [`ClientError::Store`], [`ClientError::Row`].
    pub fn backup_answered(
        &mut self,
        step: &BackupStep,
        answer: Put,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.backup_answer(step, answer, now)).map(|((), step)| step)
    }

    /// Takes a segment of a backup into a store without an account: all of a manifest's, in their order, then
    /// [`Client::restored`]. Beginning again is harmless.
    ///
    /// # Errors
    /// [`ClientError::Archive`] if it is not the one that the manifest names; [`ClientError::AccountExists`].
    pub fn restore_segment(
        &mut self,
        archive: &Archive,
        segment: &SegmentEntry,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.restore_segment(archive, segment, sealed)).map(|((), step)| step)
    }

    /// Every segment of the manifest with this counter was restored. [`Client::recover`] comes next.
    ///
    /// # Errors
    /// [`ClientError::NothingRestored`] if no account was in it.
    pub fn restored(
        &mut self,
        archive: &Archive,
        manifest: &Manifest,
        counter: u64,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.restored(archive, manifest, counter)).map(|((), step)| step)
    }
}

impl Core {
    fn confirm_code(&mut self, given: &RecoverySecret) -> Result<(), ClientError> {
        let mut tx = self.tx();
        let in_force = secret(&tx, name::SECRET)?;
        let candidate = secret(&tx, name::CANDIDATE)?;
        if candidate.as_ref() != Some(given) {
            return match (&in_force, candidate) {
                (Some(in_force), _) if in_force == given => Ok(()),
                (None, None) => Err(ClientError::NoRecoveryCode),
                _ => Err(ClientError::OtherRecoveryCode),
            };
        }
        if let Some(former) = in_force {
            SecretRow::of(&former).write(&mut tx, BACKUP, name::FORMER);
        }
        tx.delete(BACKUP, name::CANDIDATE);
        SecretRow::of(given).write(&mut tx, BACKUP, name::SECRET);
        begin_anew(&mut tx)
    }

    fn next_backup(&mut self, now: Timestamp) -> Result<BackupStep, ClientError> {
        let mut random = [0; 16];
        random.copy_from_slice(&self.random::<16>()?[..]);
        let mut tx = self.tx();
        let Some(secret_now) = secret(&tx, name::SECRET)? else { return Ok(BackupStep::Off) };
        let keys = BackupKeys::of(secret_now.bytes());
        let mut state = StateRow::read(&tx, BACKUP, name::STATE)?.unwrap_or_default();
        if state.opened.is_none() {
            return Ok(BackupStep::Open(keys.open_request(BackupKind::Lasting)));
        }
        if let Some((key, sealed)) = tx.scan(OUTBOX, &KeyRange::all(), 1, false)?.into_iter().next() {
            let Some(row) = SegmentRow::read(&tx, SEGMENTS, &key)? else {
                tx.delete(OUTBOX, key.to_vec());
                return Ok(BackupStep::Again);
            };
            let (id, token) = (keys.id(), keys.token());
            return Ok(BackupStep::Segment(PutSegment {
                id,
                token,
                name: row.name,
                sealed: sealed.to_vec(),
            }));
        }
        if let Some(from) = &state.walk {
            state.walk = collect::walk(&mut tx, from.as_slice())?.map(Into::into);
            state.write(&mut tx, BACKUP, name::STATE);
            return Ok(BackupStep::Again);
        }
        if collect::collect(&mut tx, &keys, &mut state, SegmentName(random))?
            || state.stale.is_none() && compact::compact(&mut tx, &mut state, now)?
        {
            state.write(&mut tx, BACKUP, name::STATE);
            return Ok(BackupStep::Again);
        }
        if state.stale.is_some() {
            return Ok(BackupStep::Manifest(manifest(&tx, &keys, &state, random, now)?));
        }
        if let Some(former) = secret(&tx, name::FORMER)? {
            return Ok(BackupStep::Delete(
                BackupKeys::of(former.bytes()).delete_request(BackupKind::Lasting),
            ));
        }
        Ok(BackupStep::Done)
    }

    fn backup_answer(&mut self, step: &BackupStep, answer: Put, now: Timestamp) -> Result<(), ClientError> {
        let mut tx = self.tx();
        let mut state = StateRow::read(&tx, BACKUP, name::STATE)?.unwrap_or_default();
        match (step, answer) {
            (BackupStep::Delete(_), _) => tx.delete(BACKUP, name::FORMER),
            (BackupStep::Open(_), _) => state.opened = Some(()),
            (_, Put::Lost) => return begin_anew(&mut tx),
            (BackupStep::Segment(put), Put::Taken) => {
                for (number, mut row) in compact::segments(&tx)? {
                    if row.name == put.name {
                        row.there = Some(());
                        row.write(&mut tx, SEGMENTS, number.to_be_bytes());
                        tx.delete(OUTBOX, number.to_be_bytes());
                    }
                }
            }
            (BackupStep::Manifest(put), Put::Taken) => {
                state.counter = put.expected + 1;
                state.last = now;
                state.stale = None;
                for (number, row) in compact::segments(&tx)? {
                    if put.dropped.contains(&row.name) {
                        tx.delete(SEGMENTS, number.to_be_bytes());
                    }
                }
            }
            // What this device has is what the person has: it is put there all the same, under a later number.
            (BackupStep::Manifest(_), Put::Counter(counter)) => {
                state.disputed = Some(counter);
                state.counter = counter.max(state.counter);
                if counter < state.counter {
                    return begin_anew(&mut tx);
                }
            }
            _ => return Ok(()),
        }
        state.write(&mut tx, BACKUP, name::STATE);
        Ok(())
    }
}

/// Everything goes into new segments.
fn begin_anew(tx: &mut crate::overlay::Overlay) -> Result<(), ClientError> {
    for table in [CHANGED, SEGMENTS, PLACES, CONTENTS, OUTBOX] {
        for (key, _) in tx.scan(table, &KeyRange::all(), usize::MAX, false)? {
            tx.delete(table, key.to_vec());
        }
    }
    let disputed = StateRow::read(tx, BACKUP, name::STATE)?.and_then(|state| state.disputed);
    let walk = Some(Vec::new().into());
    StateRow { walk, stale: Some(()), disputed, ..StateRow::default() }.write(tx, BACKUP, name::STATE);
    Ok(())
}

fn manifest(
    tx: &crate::overlay::Overlay,
    keys: &BackupKeys,
    state: &StateRow,
    salt: [u8; 16],
    now: Timestamp,
) -> Result<PutManifest, ClientError> {
    let (mut segments, mut dropped) = (Vec::new(), Vec::new());
    for (number, row) in compact::segments(tx)? {
        if row.live == 0 {
            dropped.push(row.name);
        } else if row.there.is_some() {
            segments.push(SegmentEntry { number, name: row.name, hash: row.hash, length: row.length });
        }
    }
    let manifest = Manifest { made: now, segments };
    let sealed = manifest
        .seal(keys, state.counter + 1, salt)
        .ok_or(ClientError::TooLarge { limit: trefoil_proto::limits::BACKUP_MANIFEST })?;
    Ok(PutManifest { id: keys.id(), token: keys.token(), expected: state.counter, sealed, dropped })
}
