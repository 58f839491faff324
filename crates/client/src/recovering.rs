//! An account whose devices are all lost goes on with this one: the service lets it in on the account key alone, and
//! every other device goes in the same act (`docs/spec/backup.md`, "Losing every device").

use crate::{
    ClientError, Event, Method,
    account::{detail, path},
    core::Core,
    directory::entry,
    live::Job,
    mls::credential::DeviceKey,
    rows::{ACCOUNT, AccountRow, RECOVERED_ROOMS, Row, Secret, name},
};
use ed25519_dalek::SigningKey;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};
use trefoil_proto::{
    DeviceId, DeviceUri, ErrorBody, ErrorCode, Timestamp, UserUri, Wire as _,
    credential::DeviceAuthorisation,
    edge::{ChallengeRequest, ChallengeResponse, NewDevice},
    recovery::{BeginRecoveryRequest, RecoverRequest, RecoverTbs, RecoveryBegun},
};
use trefoil_store::KeyRange;
use trefoil_transparency::device_set::{DeviceSetChain, SignedDeviceSet, VerifiedSet};

/// How often a recovery is begun anew because its challenge ran out or the account changed meanwhile.
const TRIES: u32 = 4;

/// An account that was restored, and how far its recovery is. Holds secrets.
#[derive(Clone, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct RecoveringRow {
    user: UserUri,
    account_secret: Secret,
    /// The device that is to be let in, once that was asked for.
    device: Option<CandidateDevice>,
    /// The request, byte for byte, once it is signed.
    request: Option<VLBytes>,
    tries: u32,
}

#[derive(Clone, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct CandidateDevice {
    uri: DeviceUri,
    secret: Secret,
}

impl Row for RecoveringRow {
    const WHAT: &'static str = "recovery";
}

impl RecoveringRow {
    pub(crate) fn restored(user: UserUri, account_secret: Secret) -> Self {
        Self { user, account_secret, device: None, request: None, tries: 0 }
    }

    fn account(&self) -> SigningKey {
        SigningKey::from_bytes(&self.account_secret.bytes())
    }
}

impl CandidateDevice {
    fn vouched(&self, account: &SigningKey) -> NewDevice {
        let signature_key = DeviceKey::from_secret(&self.secret.bytes()).public();
        let authorisation = DeviceAuthorisation::sign(account, &self.uri, &signature_key);
        NewDevice { uri: self.uri.clone(), signature_key, authorisation }
    }
}

impl Core {
    pub(crate) fn recovering(&self) -> Result<Option<RecoveringRow>, ClientError> {
        RecoveringRow::read(&self.tx(), ACCOUNT, name::RECOVERING)
    }

    /// Makes keys for this device and asks the service to let it in.
    pub(crate) fn recover(&mut self) -> Result<(), ClientError> {
        if self.me.is_some() {
            return Err(ClientError::AccountExists);
        }
        let mut row = self.recovering()?.ok_or(ClientError::NothingRestored)?;
        if row.device.is_none() {
            let UserUri { domain, id } = row.user.clone();
            let device = DeviceId::from_random(&self.random::<8>()?[..]);
            let secret = Secret(*self.random::<32>()?);
            row.device = Some(CandidateDevice { uri: DeviceUri { domain, user: id, device }, secret });
        }
        row.tries = 0;
        let mut tx = self.tx();
        tx.put(ACCOUNT, name::DOMAIN, row.user.domain.as_str());
        row.write(&mut tx, ACCOUNT, name::RECOVERING);
        drop(tx);
        self.live.online = true;
        Ok(())
    }

    pub(crate) fn pump_recovery(&mut self, now: Timestamp) -> Result<(), ClientError> {
        if self.me.is_some() {
            return Ok(());
        }
        let Some(row) = self.recovering()? else { return Ok(()) };
        let Some(device) = &row.device else { return Ok(()) };
        if let Some(request) = &row.request {
            if self.live.may(&Job::Recover, now) {
                self.ask(Job::Recover, Method::Post, path("accounts/recover"), request.as_slice().to_vec());
            }
        } else if let Some(challenge) = self.live.recovery_challenge.clone() {
            if self.live.may(&Job::BeginRecovery, now) {
                let request = BeginRecoveryRequest::sign(&row.account(), device.uri.clone(), challenge);
                self.ask(Job::BeginRecovery, Method::Post, path("accounts/recover/begin"), request.encode());
            }
        } else if self.live.may(&Job::RecoveryChallenge, now) {
            let request = ChallengeRequest { device: device.uri.clone() };
            self.ask(Job::RecoveryChallenge, Method::Post, path("auth/challenge"), request.encode());
        }
        Ok(())
    }

    pub(crate) fn recovery_challenged(&mut self, body: &[u8], now: Timestamp) {
        match ChallengeResponse::decode(body) {
            Ok(response) if response.challenge.len() <= 128 => {
                self.live.recovery_challenge = Some(response.challenge);
            }
            _ => self.live.pause(Job::RecoveryChallenge, 0, now),
        }
    }

    /// The account's newest set: the new one follows it, with this device alone.
    pub(crate) fn recovery_begun(&mut self, body: &[u8]) -> Result<(), ClientError> {
        let Some(mut row) = self.recovering()? else { return Ok(()) };
        let (Some(device), Some(challenge)) = (&row.device, self.live.recovery_challenge.take()) else {
            return Ok(());
        };
        let account = row.account();
        let newest = RecoveryBegun::decode(body).ok();
        let newest = newest.and_then(|begun| SignedDeviceSet::decode(&begun.device_set).ok());
        let Some(newest) = newest.filter(|newest| self.is_our_newest(&row, newest)) else {
            return self
                .recovery_ended(ErrorCode::PeerMisbehaved, "its device set is not this account's newest");
        };
        let device = device.vouched(&account);
        let set = newest.set.followed_by(vec![entry(&device)]);
        let device_set = SignedDeviceSet::by_account(set, &account).encode();
        let request = RecoverRequest::sign(&account, RecoverTbs { device, challenge, device_set });
        row.request = Some(request.encode().into());
        row.write(&mut self.tx(), ACCOUNT, name::RECOVERING);
        Ok(())
    }

    /// Signed by this account, and not older than the one that was restored.
    fn is_our_newest(&self, row: &RecoveringRow, newest: &SignedDeviceSet) -> bool {
        let hash = newest.set.hash();
        let chain = DeviceSetChain { sets: vec![newest.clone()] };
        let signed = VerifiedSet::anchored(chain, &hash).is_ok();
        let ours = newest.set.user == row.user
            && newest.set.account_key.0 == row.account().verifying_key().to_bytes();
        let known = self.own_set().ok().flatten();
        let goes_back = known.is_some_and(|known| known.set.sequence > newest.set.sequence);
        signed && ours && !goes_back
    }

    /// The service has let this device in.
    pub(crate) fn recovered(&mut self) -> Result<(), ClientError> {
        let Some(row) = self.recovering()? else { return Ok(()) };
        let (Some(device), Some(request)) = (&row.device, &row.request) else { return Ok(()) };
        let request = RecoverRequest::decode(request.as_slice())
            .map_err(|source| ClientError::Row { what: "recovery", source })?;
        if let Ok(set) = SignedDeviceSet::decode(&request.tbs.device_set) {
            self.keep_own_set(set);
        }
        self.tx().delete(ACCOUNT, name::RECOVERING);
        let me = self.settle_in(AccountRow {
            device: device.uri.clone(),
            device_secret: device.secret.clone(),
            authorisation: request.tbs.device.authorisation,
            account_secret: Some(row.account_secret.clone()),
        });
        self.emit(Event::Recovered { user: me.user.clone(), device: me.device.clone() });
        let rooms = self.tx().scan(RECOVERED_ROOMS, &KeyRange::all(), usize::MAX, false)?;
        for (uri, state) in rooms {
            self.know_room(&uri, &state)?;
            self.tx().delete(RECOVERED_ROOMS, uri.to_vec());
        }
        Ok(())
    }

    pub(crate) fn recovery_refused(&mut self, error: &ErrorBody) -> Result<(), ClientError> {
        self.live.recovery_challenge = None;
        let Some(mut row) = self.recovering()? else { return Ok(()) };
        // The challenge ran out, or the account's devices changed in between: from the start, with fresh ones.
        let passing = matches!(error.code, ErrorCode::Unauthenticated | ErrorCode::Conflict);
        if passing && row.tries < TRIES {
            row.request = None;
            row.tries += 1;
            row.write(&mut self.tx(), ACCOUNT, name::RECOVERING);
            return Ok(());
        }
        self.recovery_ended(error.code, &detail(error))
    }

    fn recovery_ended(&mut self, code: ErrorCode, detail: &str) -> Result<(), ClientError> {
        self.live.recovery_challenge = None;
        if let Some(mut row) = self.recovering()? {
            row.device = None;
            row.request = None;
            row.write(&mut self.tx(), ACCOUNT, name::RECOVERING);
        }
        self.emit(Event::RecoveryRefused { code, detail: detail.to_owned() });
        Ok(())
    }
}
