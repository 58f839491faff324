//! The key of one time and purpose, and what it makes: RFC 9578, section 5.

use super::PassesError;
use crate::secrets::SecretKey;
use p384::NistP384;
use rand_core::OsRng;
use subtle::ConstantTimeEq as _;
use trefoil_proto::{
    Timestamp,
    passes::{
        ELEMENT, IssueRequest, Issued, IssuerKey, Purpose, TOKEN_TYPE, Token, TokenRequest, TokenResponse,
    },
};
use voprf::{BlindedElement, Group as _, VoprfServer};

/// `info` of RFC 9497's DeriveKeyPair, before the day.
const KEY_INFO: &[u8] = b"Trefoil 1.0 PassIssuer\0";
/// The same for registrations, before the period.
const REGISTRATION_KEY_INFO: &[u8] = b"Trefoil 1.0 RegistrationPassIssuer\0";
/// Days of one key for registrations: who gets such a pass hands it on, and it is spent days later.
const PERIOD: u32 = 30;

/// How long one key issues, for one purpose: a day, or a period of [`PERIOD`] days, counted since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Term {
    purpose: Purpose,
    number: u32,
}

impl Term {
    /// The one that issues now.
    pub(super) fn now(purpose: Purpose, now: Timestamp) -> Self {
        Self { purpose, number: day(now) / days(purpose) }
    }

    /// The one that issued before it, whose passes are still good.
    pub(super) fn before(self) -> Self {
        Self { number: self.number.saturating_sub(1), ..self }
    }

    /// The last day on which its passes are good: the last one of the next term, or some would be void as they are made.
    pub(super) fn last_good_day(self) -> u32 {
        self.number.saturating_add(2).saturating_mul(days(self.purpose)) - 1
    }

    /// The day that leads the rows of its spent passes: they are forgotten when that is no longer today or yesterday.
    pub(super) fn spent_day(self) -> u32 {
        self.last_good_day() - 1
    }

    fn info(self) -> Vec<u8> {
        let info = match self.purpose {
            Purpose::FirstContact => KEY_INFO,
            Purpose::Registration => REGISTRATION_KEY_INFO,
        };
        [info, &self.number.to_be_bytes()].concat()
    }
}

fn days(purpose: Purpose) -> u32 {
    match purpose {
        Purpose::FirstContact => 1,
        Purpose::Registration => PERIOD,
    }
}

/// Issues passes of one term, and knows them again.
pub(super) struct Issuer {
    server: VoprfServer<NistP384>,
    key: IssuerKey,
}

impl Issuer {
    /// The key of a term, from the service's seed.
    pub(super) fn of(seed: &SecretKey, term: Term) -> Result<Self, PassesError> {
        Self::with(VoprfServer::new_from_seed(seed.bytes(), &term.info()).map_err(|_| PassesError::Derive)?)
    }

    pub(super) fn with(server: VoprfServer<NistP384>) -> Result<Self, PassesError> {
        let key = <NistP384 as voprf::CipherSuite>::Group::serialize_elem(server.get_public_key());
        let key: [u8; ELEMENT] = key.as_slice().try_into().map_err(|_| PassesError::Derive)?;
        Ok(Self { server, key: IssuerKey(key) })
    }

    pub(super) fn key(&self) -> IssuerKey {
        self.key
    }

    /// Evaluates what was blinded, each with its proof.
    pub(super) fn issue(&self, request: &IssueRequest) -> Result<Issued, PassesError> {
        let responses: Result<Vec<_>, _> = request.requests.iter().map(|one| self.issue_one(one)).collect();
        Ok(Issued { key: self.key, responses: responses? })
    }

    fn issue_one(&self, request: &TokenRequest) -> Result<TokenResponse, PassesError> {
        if request.token_type != TOKEN_TYPE {
            return Err(PassesError::OtherType);
        }
        if request.truncated_key_id != self.key.truncated_id() {
            return Err(PassesError::OtherKey);
        }
        let blinded = BlindedElement::<NistP384>::deserialize(&request.blinded);
        let blinded = blinded.map_err(|_| PassesError::Element)?;
        let done = self.server.blind_evaluate(&mut OsRng, &blinded);
        let (evaluated, proof) = (done.message.serialize(), done.proof.serialize());
        Ok(TokenResponse {
            evaluated: evaluated.as_slice().try_into().map_err(|_| PassesError::Prove)?,
            proof: proof.as_slice().try_into().map_err(|_| PassesError::Prove)?,
        })
    }

    /// True if this key made the pass.
    pub(super) fn is_good(&self, token: &Token) -> Result<bool, PassesError> {
        if token.token_type != TOKEN_TYPE {
            return Ok(false);
        }
        let input = Token::input(&token.nonce, &token.challenge_digest, &token.key_id);
        let expected = self.server.evaluate(&input).map_err(|_| PassesError::Derive)?;
        Ok(expected.as_slice().ct_eq(&token.authenticator).into())
    }
}

/// Days since the UNIX epoch.
pub(super) fn day(now: Timestamp) -> u32 {
    now.short_day()
}
