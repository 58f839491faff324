//! One day's key, and what it makes: RFC 9578, section 5.

use super::PassesError;
use crate::secrets::SecretKey;
use p384::NistP384;
use rand_core::OsRng;
use subtle::ConstantTimeEq as _;
use trefoil_proto::{
    Timestamp,
    passes::{ELEMENT, IssueRequest, Issued, IssuerKey, TOKEN_TYPE, Token, TokenRequest, TokenResponse},
};
use voprf::{BlindedElement, Group as _, VoprfServer};

/// `info` of RFC 9497's DeriveKeyPair, before the day.
const KEY_INFO: &[u8] = b"Trefoil 1.0 PassIssuer\0";

/// Issues passes of one day, and knows them again.
pub(super) struct Issuer {
    server: VoprfServer<NistP384>,
    key: IssuerKey,
}

impl Issuer {
    /// The key of a day, from the service's seed.
    pub(super) fn of(seed: &SecretKey, day: u32) -> Result<Self, PassesError> {
        let info = [KEY_INFO, &day.to_be_bytes()].concat();
        Self::with(VoprfServer::new_from_seed(seed.bytes(), &info).map_err(|_| PassesError::Derive)?)
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
    u32::try_from(now.0 / (24 * 60 * 60 * 1000)).unwrap_or(u32::MAX)
}
