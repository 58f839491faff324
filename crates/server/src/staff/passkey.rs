//! Passkeys (WebAuthn level 3) of the team: a key in an authenticator, bound to this console's name, so that no page elsewhere can
//! ask for it. The checks are the crate's, `webauthn_rp`.

use super::{StaffError, rows::PasskeyRow};
use data_encoding::BASE64URL_NOPAD;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication64, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration,
    RegistrationServerState,
    bin::{Decode as _, Encode as _},
    request::{
        AsciiDomain, ExtensionInfo, RpId, TimedCeremony,
        auth::AuthenticationVerificationOptions,
        register::{
            CredProtect, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, USER_HANDLE_MAX_LEN,
            UserHandle64,
        },
    },
    response::{
        CredentialId, SentChallenge,
        register::{CompressedPubKey, DynamicState, StaticState},
    },
};

/// Ceremonies of a kind at a time: more than one address can begin while somebody finishes one (`console::guard`).
const MOST: usize = 4096;

type Key = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// Where the console is: what passkeys are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As the browser says it: `https://desk.chat.example`.
    pub origin: String,
    /// The host in it.
    pub host: String,
}

/// Ceremonies that were begun.
pub(super) struct Ceremonies {
    place: Place,
    id: RpId,
    joining: Mutex<Begun<RegistrationServerState<USER_HANDLE_MAX_LEN>>>,
    entering: Mutex<Begun<DiscoverableAuthenticationServerState>>,
}

/// Those of a kind, in the order in which they were begun. The oldest gives way to one that is new: whoever begins many keeps nobody
/// from beginning.
struct Begun<T>(VecDeque<T>);

impl<T> Default for Begun<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: TimedCeremony> Begun<T> {
    fn keep(&mut self, begun: T) {
        let now = Instant::now();
        while self.0.front().is_some_and(|oldest| oldest.expiration() < now) || self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(begun);
    }

    fn take(&mut self, challenge: &SentChallenge) -> Option<T> {
        let at = self.0.iter().position(|begun| begun.sent_challenge() == *challenge)?;
        self.0.remove(at)
    }
}

/// Who shows a passkey, before it is checked.
pub(super) struct Claimed {
    pub handle: String,
    pub id: String,
    answer: DiscoverableAuthentication64,
}

impl Ceremonies {
    /// Those of the console at a place; `None` if its host is no name that passkeys can be bound to.
    pub(super) fn at(place: Place) -> Option<Self> {
        let id = RpId::Domain(AsciiDomain::try_from(place.host.clone()).ok()?);
        Some(Self {
            place,
            id,
            joining: Mutex::new(Begun::default()),
            entering: Mutex::new(Begun::default()),
        })
    }

    /// What a browser is given to make a passkey, JSON.
    pub(super) fn begin_joining(&self, name: &str, handle: &str) -> Result<Vec<u8>, StaffError> {
        let handle = handle_of(handle)?;
        let entity = PublicKeyCredentialUserEntity {
            name: name.try_into().map_err(|_| StaffError::Encode)?,
            id: &handle,
            display_name: None,
        };
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.id, entity, Vec::new());
        // Enforced, it would shut out every authenticator that does not know it: those of phones and laptops among them. Each use of
        // a passkey here asks for its user anyway.
        options.extensions.cred_protect =
            CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
        let (server, client) = options.start_ceremony().map_err(|_| StaffError::Encode)?;
        lock(&self.joining).keep(server);
        serde_json::to_vec(&client).map_err(|_| StaffError::Encode)
    }

    /// The passkey that a browser made, and the handle that it was made for.
    pub(super) fn join(&self, answer: &[u8]) -> Result<(String, PasskeyRow), StaffError> {
        let refused = |_| StaffError::NotProven;
        let registration = Registration::from_json_relaxed(answer).map_err(refused)?;
        let challenge = registration.challenge_relaxed().map_err(refused)?;
        let begun = lock(&self.joining).take(&challenge).ok_or(StaffError::NotProven)?;
        let origins = [self.place.origin.as_str()];
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            ..RegistrationVerificationOptions::default()
        };
        let made = begun.verify(&self.id, &registration, &options).map_err(|_| StaffError::NotProven)?;
        let fixed = made.static_state().encode().map_err(|_| StaffError::Encode)?;
        let changing = made.dynamic_state().encode().map_err(|_| StaffError::Encode)?;
        let handle: [u8; USER_HANDLE_MAX_LEN] = made.user_id().encode().map_err(|_| StaffError::Encode)?;
        let row = PasskeyRow {
            id: BASE64URL_NOPAD.encode(made.id().as_ref()),
            fixed: BASE64URL_NOPAD.encode(fixed.as_ref()),
            changing: BASE64URL_NOPAD.encode(changing.as_ref()),
        };
        Ok((BASE64URL_NOPAD.encode(&handle), row))
    }

    /// What a browser is given to show a passkey, JSON.
    pub(super) fn begin_entering(&self) -> Result<Vec<u8>, StaffError> {
        let options = DiscoverableCredentialRequestOptions::passkey(&self.id);
        let (server, client) = options.start_ceremony().map_err(|_| StaffError::Encode)?;
        lock(&self.entering).keep(server);
        serde_json::to_vec(&client).map_err(|_| StaffError::Encode)
    }

    /// Whose passkey an answer says it is.
    pub(super) fn read(&self, answer: &[u8]) -> Result<Claimed, StaffError> {
        let answer =
            DiscoverableAuthentication64::from_json_relaxed(answer).map_err(|_| StaffError::NotProven)?;
        let handle: [u8; USER_HANDLE_MAX_LEN] =
            answer.response().user_handle().encode().map_err(|_| StaffError::Encode)?;
        Ok(Claimed {
            handle: BASE64URL_NOPAD.encode(&handle),
            id: BASE64URL_NOPAD.encode(answer.raw_id().as_ref()),
            answer,
        })
    }

    /// Checks it; returns the passkey as it is to be kept from now on.
    pub(super) fn enter(&self, claimed: &Claimed, known: &PasskeyRow) -> Result<PasskeyRow, StaffError> {
        let damaged = || StaffError::DamagedRow;
        let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| damaged());
        let (id, fixed) = (bytes(&known.id)?, bytes(&known.fixed)?);
        let changing: [u8; 7] = bytes(&known.changing)?.try_into().map_err(|_| damaged())?;
        let handle = handle_of(&claimed.handle)?;
        let mut credential = AuthenticatedCredential::new(
            CredentialId::<&[u8]>::decode(id.as_slice()).map_err(|_| damaged())?,
            &handle,
            StaticState::<Key>::decode(fixed.as_slice()).map_err(|_| damaged())?,
            DynamicState::decode(changing).map_err(|_| damaged())?,
        )
        .map_err(|_| damaged())?;
        let challenge = claimed.answer.challenge_relaxed().map_err(|_| StaffError::NotProven)?;
        let begun = lock(&self.entering).take(&challenge).ok_or(StaffError::NotProven)?;
        let origins = [self.place.origin.as_str()];
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            ..AuthenticationVerificationOptions::default()
        };
        begun
            .verify(&self.id, &claimed.answer, &mut credential, &options)
            .map_err(|_| StaffError::NotProven)?;
        let changing = credential.dynamic_state().encode().map_err(|_| StaffError::Encode)?;
        Ok(PasskeyRow { changing: BASE64URL_NOPAD.encode(changing.as_ref()), ..known.clone() })
    }
}

/// A fresh handle, base64url.
pub(super) fn fresh_handle() -> Result<String, StaffError> {
    let handle: [u8; USER_HANDLE_MAX_LEN] = UserHandle64::new().encode().map_err(|_| StaffError::Encode)?;
    Ok(BASE64URL_NOPAD.encode(&handle))
}

fn handle_of(text: &str) -> Result<UserHandle64, StaffError> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| StaffError::DamagedRow)?;
    let bytes: [u8; USER_HANDLE_MAX_LEN] = bytes.try_into().map_err(|_| StaffError::DamagedRow)?;
    UserHandle64::decode(bytes).map_err(|_| StaffError::DamagedRow)
}

/// Whole whatever panicked elsewhere.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
