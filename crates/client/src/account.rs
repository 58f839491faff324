//! The account: made here, proven to the service by signed challenges. Tokens live in memory only.

use crate::{
    ChangeRefusal, ClientError, Event, HttpResponse, Method, Refusal,
    core::Core,
    directory::first_set,
    error::mls,
    live::{Job, Token},
    mls::credential::{DeviceKey, Me},
    rows::{self, ACCOUNT, AccountRow, CandidateRow, Row as _, Secret, name},
    verification,
};
use ed25519_dalek::SigningKey;
use openmls_traits::{OpenMlsProvider as _, random::OpenMlsRand as _};
use std::sync::Arc;
use trefoil_proto::{
    DeviceId, DeviceUri, Domain, ErrorBody, ErrorCode, Timestamp, UserId, Wire as _,
    credential::DeviceAuthorisation,
    edge::{
        ChallengeRequest, ChallengeResponse, DeviceList, Identifier, NewDevice, REGISTER_LABEL,
        RegisterRequest, RegisterTbs, ServiceInfo, TOKEN_LABEL, TokenRequest, TokenResponse, TokenTbs,
        signed_content,
    },
    minors::Marking,
    passes, paths,
};
use zeroize::Zeroizing;

/// A token is replaced so long before it expires, in milliseconds.
const TOKEN_MARGIN: u64 = 60_000;
/// Tokens that are refused in a row before the person is told.
const TOKEN_REFUSALS: u32 = 3;
/// Times in a row that another person's service is not reached before the person who adds them is told.
const PEER_TRIES: u32 = 4;

impl AccountRow {
    /// The keys in use.
    pub(crate) fn load(self) -> Me {
        Me {
            user: self.device.user_uri(),
            key: DeviceKey::from_secret(&self.device_secret.bytes()),
            authorisation: self.authorisation.clone(),
            account: self.account_secret.as_ref().map(|secret| SigningKey::from_bytes(&secret.bytes())),
            device: self.device,
        }
    }
}

impl Core {
    /// Makes ids and keys, and asks the service for an account.
    pub(crate) fn register(
        &mut self,
        domain: Domain,
        identifier: Identifier,
        minor: Option<Marking>,
        pass: Option<passes::Token>,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        if self.me.is_some() {
            return Err(ClientError::AccountExists);
        }
        let user = UserId::from_random(&self.random::<16>()?[..]);
        let device = DeviceId::from_random(&self.random::<8>()?[..]);
        let uri = DeviceUri { domain: domain.clone(), user, device };
        let (device_secret, account_secret) = (self.random::<32>()?, self.random::<32>()?);
        let key = DeviceKey::from_secret(&device_secret);
        let account_key = SigningKey::from_bytes(&account_secret);
        let authorisation = DeviceAuthorisation::sign(&account_key, &uri, &key.public());
        let device =
            NewDevice { uri: uri.clone(), signature_key: key.public(), authorisation: authorisation.clone() };
        let device_set = first_set(&account_key, &device, now).encode();
        let tbs = RegisterTbs { identifier, device, device_set, minor };
        let content = signed_content(REGISTER_LABEL, &tbs).map_err(mls("sign a registration"))?;
        let request = RegisterRequest { signature: key.sign_bytes(&content), tbs, pass };
        let account = AccountRow {
            device: uri,
            device_secret: Secret(*device_secret),
            authorisation,
            account_secret: Some(Secret(*account_secret)),
        };
        let row = CandidateRow { account, request: request.encode().into() };
        let mut tx = self.tx();
        row.write(&mut tx, ACCOUNT, name::CANDIDATE);
        tx.put(ACCOUNT, name::DOMAIN, domain.as_str());
        drop(tx);
        self.live.online = true;
        Ok(())
    }

    /// Random bytes that wipe themselves.
    pub(crate) fn random<const N: usize>(&self) -> Result<Zeroizing<[u8; N]>, ClientError> {
        self.provider.rand().random_array().map(Zeroizing::new).map_err(mls("draw random bytes"))
    }

    pub(crate) fn pump_registration(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let candidate = CandidateRow::read(&self.tx(), ACCOUNT, name::CANDIDATE)?;
        if let Some(candidate) = candidate
            && self.live.may(&Job::Register, now)
        {
            self.ask(Job::Register, Method::Post, path("accounts"), candidate.request.as_slice().to_vec());
        }
        Ok(())
    }

    pub(crate) fn registered(&mut self) -> Result<(), ClientError> {
        let Some(candidate) = CandidateRow::read(&self.tx(), ACCOUNT, name::CANDIDATE)? else {
            return Ok(());
        };
        self.tx().delete(ACCOUNT, name::CANDIDATE);
        self.keep_first_set(candidate.request.as_slice());
        let me = self.settle_in(candidate.account);
        self.emit(Event::Registered { user: me.user.clone(), device: me.device.clone() });
        Ok(())
    }

    /// This device has an account from now on.
    pub(crate) fn settle_in(&mut self, account: AccountRow) -> Arc<Me> {
        account.write(&mut self.tx(), ACCOUNT, name::ME);
        let me = Arc::new(account.load());
        // Nobody else can ever be this person here.
        verification::pin(&mut self.tx(), &me.user, &me.authorisation.account_key);
        self.me = Some(Arc::clone(&me));
        me
    }

    pub(crate) fn registration_refused(&mut self, error: &ErrorBody) {
        self.tx().delete(ACCOUNT, name::CANDIDATE);
        self.unmark();
        self.emit(Event::RegistrationRefused { code: error.code, detail: detail(error) });
    }

    /// What the service is: asked once, kept, needed to make rooms.
    pub(crate) fn pump_service(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let wanted = self.service_info()?.is_none() && self.live.may(&Job::Service, now);
        if wanted {
            self.ask(Job::Service, Method::Get, path("service"), Vec::new());
        }
        Ok(())
    }

    pub(crate) fn service_info(&self) -> Result<Option<ServiceInfo>, ClientError> {
        let row = self.tx().get(ACCOUNT, name::SERVICE)?;
        row.map(|row| {
            ServiceInfo::decode(&row).map_err(|source| ClientError::Row { what: "service", source })
        })
        .transpose()
    }

    pub(crate) fn service_answered(&mut self, body: &[u8], now: Timestamp) -> Result<(), ClientError> {
        let domain = self.tx().get(ACCOUNT, name::DOMAIN)?;
        match ServiceInfo::decode(body) {
            Ok(info) if domain.is_none_or(|domain| domain == info.domain.as_str().as_bytes()) => {
                self.tx().put(ACCOUNT, name::SERVICE, body);
            }
            _ => {
                self.emit(Event::Refused { room: None, reason: Refusal::Malformed });
                self.live.pause(Job::Service, 60_000, now);
            }
        }
        Ok(())
    }

    /// True with a token that is good for a while; else asks for one.
    pub(crate) fn pump_token(&mut self, now: Timestamp) -> Result<bool, ClientError> {
        if let Some(token) = &self.live.token {
            if token.expires > now.plus_millis(TOKEN_MARGIN) {
                return Ok(true);
            }
            self.live.token = None;
        }
        let me = self.me()?;
        if let Some(challenge) = self.live.challenge.clone() {
            if self.live.may(&Job::Token, now) {
                let tbs = TokenTbs { device: me.device.clone(), challenge };
                let content = signed_content(TOKEN_LABEL, &tbs).map_err(mls("sign a challenge"))?;
                let request = TokenRequest { signature: me.key.sign_bytes(&content), tbs };
                self.live.challenge = None;
                self.ask(Job::Token, Method::Post, path("auth/token"), request.encode());
            }
        } else if self.live.may(&Job::Challenge, now) && self.live.may(&Job::Token, now) {
            let request = ChallengeRequest { device: me.device.clone() };
            self.ask(Job::Challenge, Method::Post, path("auth/challenge"), request.encode());
        }
        Ok(false)
    }

    pub(crate) fn challenged(&mut self, body: &[u8], now: Timestamp) {
        match ChallengeResponse::decode(body) {
            Ok(response) if response.challenge.len() <= 128 => self.live.challenge = Some(response.challenge),
            _ => self.live.pause(Job::Challenge, 0, now),
        }
    }

    pub(crate) fn token_given(&mut self, body: &[u8], now: Timestamp) {
        match TokenResponse::decode(body) {
            Ok(response) => {
                let bytes = Arc::new(Zeroizing::new(response.token));
                self.live.token = Some(Token { bytes, expires: response.expires });
            }
            Err(_) => self.live.pause(Job::Token, 0, now),
        }
    }

    /// The service did not take the token, or gave none.
    pub(crate) fn unauthenticated(&mut self, code: ErrorCode, now: Timestamp) {
        self.live.token = None;
        self.live.refusals += 1;
        if self.live.refusals == TOKEN_REFUSALS {
            self.emit(Event::Unauthenticated { code });
        }
        if self.live.refusals > 1 {
            self.live.pause(Job::Challenge, 0, now);
        }
    }

    pub(crate) fn pump_devices(&mut self, now: Timestamp) -> Result<(), ClientError> {
        if !self.live.devices_known && self.live.may(&Job::Devices, now) {
            self.ask(Job::Devices, Method::Get, path("accounts/devices"), Vec::new());
        }
        Ok(())
    }

    pub(crate) fn devices_answered(&mut self, body: &[u8], now: Timestamp) -> Result<(), ClientError> {
        let me = self.me()?;
        let Ok(list) = DeviceList::decode(body) else {
            self.live.pause(Job::Devices, 60_000, now);
            return Ok(());
        };
        self.live.devices_known = true;
        let known = self.devices()?;
        for device in &list.devices {
            let own = device.uri.user_uri() == me.user
                && device.authorisation.account_key == me.authorisation.account_key
                && device.authorisation.verify(&device.uri, &device.signature_key).is_ok();
            if !own {
                let device = device.uri.to_string();
                self.emit(Event::Refused { room: None, reason: Refusal::UntrustedDevice { device } });
            } else if device.uri != me.device && !known.contains(&device.uri) {
                self.emit(Event::OwnDeviceSeen { device: device.uri.clone() });
            }
        }
        self.tx().put(ACCOUNT, name::DEVICES, body);
        let left = self.devices()?;
        let gone = known.into_iter().filter(|device| *device != me.device && !left.contains(device));
        self.devices_gone(gone.collect())?;
        self.add_missing()
    }

    /// The account's devices as last heard, those alone that the account vouches for.
    pub(crate) fn devices(&self) -> Result<Vec<DeviceUri>, ClientError> {
        let me = self.me()?;
        let Some(row) = self.tx().get(ACCOUNT, name::DEVICES)? else { return Ok(vec![me.device.clone()]) };
        let list =
            DeviceList::decode(&row).map_err(|source| ClientError::Row { what: "device list", source })?;
        let ours = list.devices.into_iter().filter(|device| {
            device.authorisation.account_key == me.authorisation.account_key
                && device.authorisation.verify(&device.uri, &device.signature_key).is_ok()
        });
        Ok(ours.map(|device| device.uri).collect())
    }

    /// A request was answered.
    pub(crate) fn answered(
        &mut self,
        job: &Job,
        response: &HttpResponse,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        if !(200..300).contains(&response.status) {
            return self.refused(job, response, now);
        }
        self.live.backoff.remove(job);
        if !job.is_anonymous() {
            self.live.refusals = 0;
        }
        let body = &response.body[..];
        match job {
            Job::Service => self.service_answered(body, now),
            Job::Register => self.registered(),
            Job::RecoveryChallenge => {
                self.recovery_challenged(body, now);
                Ok(())
            }
            Job::BeginRecovery => self.recovery_begun(body),
            Job::Recover => self.recovered(),
            Job::Challenge => {
                self.challenged(body, now);
                Ok(())
            }
            Job::Token => {
                self.token_given(body, now);
                Ok(())
            }
            Job::AddDevice(device) => self.device_added(device),
            Job::RemoveDevice(device) => self.device_unlinked(device),
            Job::Devices => self.devices_answered(body, now),
            Job::Count => self.counted(body, now),
            Job::Publish => self.published(),
            Job::CreateRoom(room) => self.room_created(room, now),
            Job::KeyMaterial(room, user) => self.material(room, user, body, now),
            Job::Pass(room, user) => self.pass_answered(room, user, body, now),
            Job::GroupInfo(room) => self.group_info(room, body, now),
            Job::Reach => self.reach_replaced(now),
            Job::Services => self.services_answered(body, now),
            Job::Proof(user) => self.proof_answered(user, body, now),
            Job::Root(directory, epoch) => self.root_answered(directory, *epoch, body, now),
            Job::Update(room) | Job::Propose(room) => {
                if self.room(room)?.is_none() {
                    return Ok(());
                }
                self.updated(job, room, body, now)
            }
            Job::CommitProposals(_) | Job::Submit(_) | Job::Stream => Ok(()),
        }
    }

    fn refused(&mut self, job: &Job, response: &HttpResponse, now: Timestamp) -> Result<(), ClientError> {
        let error = ErrorBody::decode(&response.body).unwrap_or(ErrorBody {
            code: if response.status == 401 { ErrorCode::Unauthenticated } else { ErrorCode::Internal },
            retry_after_ms: 0,
            detail: Vec::new(),
        });
        let passing = matches!(
            error.code,
            ErrorCode::PeerUnavailable | ErrorCode::Internal | ErrorCode::Draining | ErrorCode::RateLimited
        );
        // Whoever adds somebody waits for an answer; a service that is away may be so for days.
        if let Job::KeyMaterial(room, user) | Job::Pass(room, user) = job
            && error.code == ErrorCode::PeerUnavailable
            && self.live.tries(job) + 1 >= PEER_TRIES
        {
            self.live.backoff.remove(job);
            return self.not_added(room, ChangeRefusal::OutOfReach(user.clone()), user);
        }
        if let Job::KeyMaterial(room, user) | Job::Pass(room, user) = job
            && error.code == ErrorCode::TooManyFirstContacts
        {
            let until = now.plus_millis(error.retry_after_ms.into());
            return self.not_added(room, ChangeRefusal::TooManyNewPeople { user: user.clone(), until }, user);
        }
        if passing {
            if let Job::Proof(user) = job {
                return self.proof_refused(user, error.code, now);
            }
            self.live.pause(job.clone(), error.retry_after_ms.into(), now);
            return Ok(());
        }
        match job {
            Job::Register => self.registration_refused(&error),
            Job::RecoveryChallenge | Job::BeginRecovery | Job::Recover => self.recovery_refused(&error)?,
            Job::Challenge | Job::Token => self.unauthenticated(error.code, now),
            _ if error.code == ErrorCode::Unauthenticated => self.unauthenticated(error.code, now),
            Job::AddDevice(device) => self.device_refused(device, &error)?,
            Job::RemoveDevice(device) => self.unlink_refused(device, &error)?,
            Job::CreateRoom(room) => self.creation_refused(room, error.code)?,
            Job::KeyMaterial(room, user) if error.code == ErrorCode::PassNeeded => {
                self.pass_needed(room, user, now)?;
            }
            Job::KeyMaterial(room, user) => self.material_refused(room, user, error.code)?,
            Job::Pass(room, user) => self.pass_not_issued(room, user, &error, now)?,
            Job::Reach if error.code == ErrorCode::NotFound => self.unmark(),
            Job::GroupInfo(room) => self.join_error(room, error.code, now)?,
            Job::Proof(user) => self.proof_refused(user, error.code, now)?,
            Job::Root(directory, epoch) => self.root_refused(directory, *epoch, error.code, now)?,
            Job::Update(room) | Job::Propose(room) => {
                let joining = self.room(room)?.map(|room| room.row.state == rows::RoomState::Joining);
                match joining {
                    Some(true) => self.join_error(room, error.code, now)?,
                    // A hub may say it as an error too; the mailbox settles it in any case.
                    Some(false) if error.code == ErrorCode::WrongEpoch => self.answered_elsewhere(room)?,
                    Some(false) => self.update_refused(job, room, error.code)?,
                    None => {}
                }
            }
            _ => self.live.pause(job.clone(), 30_000, now),
        }
        Ok(())
    }
}

/// A path of the client's own interface.
pub(crate) fn path(what: &str) -> String {
    format!("{}/{what}", paths::CLIENT_ROOT)
}

/// The service's sentence.
pub(crate) fn detail(error: &ErrorBody) -> String {
    String::from_utf8_lossy(&error.detail).into_owned()
}
