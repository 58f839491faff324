//! Passes for turning to people of other services (`docs/spec/passes.md`): Privacy Pass tokens, blinded here, issued by the
//! person's service on the word of the own one, and spent in place of a name. What is kept of them is in memory only.

use crate::{
    ChangeRefusal, ClientError, Method,
    account::path,
    core::Core,
    live::{Job, Live},
};
use p384::NistP384;
use rand_core::OsRng;
use std::{collections::BTreeMap, sync::Arc};
use trefoil_proto::{
    Domain, ErrorBody, ErrorCode, RoomUri, Timestamp, UserUri, Wire as _,
    passes::{
        IssueRequest, Issued, IssuerKey, Purpose, TOKEN_TYPE, Token, TokenRequest, TokenResponse,
        challenge_digest,
    },
    paths,
};
use voprf::{CipherSuite, EvaluationElement, Group as _, Proof, VoprfClient};

/// How often in a row a pass may turn out not to be good.
const TRIES: u32 = 3;

/// For whom a pass is.
type For = (RoomUri, UserUri);

/// What this device has of passes.
#[derive(Clone, Default)]
pub(crate) struct Passes {
    /// The key of each service, with the day on which it told it.
    keys: BTreeMap<Domain, (IssuerKey, u64)>,
    /// Services that ask for none.
    unneeded: Vec<Domain>,
    under_way: BTreeMap<For, Arc<Blinded>>,
    ready: BTreeMap<For, Token>,
}

/// What a person is asked for with.
pub(crate) enum Pass {
    /// They are asked for without.
    Unneeded,
    /// With this one, once.
    Ready(Box<Token>),
    /// One is being got.
    Awaited,
}

/// A pass before it is issued. Public for the simulation, and for whoever gives a pass for a registration: both ask without
/// the rest of a device.
pub struct Blinded {
    state: VoprfClient<NistP384>,
    nonce: [u8; 32],
    challenge: [u8; 32],
    key: IssuerKey,
}

impl Core {
    /// A pass for asking for somebody's key packages, if one is needed; asks for it if there is none.
    pub(crate) fn pass_for(
        &mut self,
        room: &RoomUri,
        user: &UserUri,
        now: Timestamp,
    ) -> Result<Pass, ClientError> {
        let me = self.me()?;
        let own = [&room.domain, &user.domain].iter().all(|domain| **domain == me.user.domain);
        if own || *user == me.user || self.live.passes.unneeded.contains(&user.domain) {
            return Ok(Pass::Unneeded);
        }
        let whom = (room.clone(), user.clone());
        if let Some(token) = self.live.passes.ready.remove(&whom) {
            return Ok(Pass::Ready(Box::new(token)));
        }
        let job = Job::Pass(room.clone(), user.clone());
        if !self.live.may(&job, now) {
            return Ok(Pass::Awaited);
        }
        let known = self.live.passes.keys.get(&user.domain).filter(|(_, day)| *day == day_of(now));
        let request = match known {
            None => IssueRequest { purpose: Purpose::FirstContact, requests: Vec::new() },
            Some(&(key, _)) => {
                let nonce = *self.random::<32>()?;
                let begun = Blinded::begin(&user.domain, Purpose::FirstContact, key, nonce);
                let Some((blinded, request)) = begun else {
                    self.live.pause(job, 60_000, now);
                    return Ok(Pass::Awaited);
                };
                self.live.passes.under_way.insert(whom, Arc::new(blinded));
                IssueRequest { purpose: Purpose::FirstContact, requests: vec![request] }
            }
        };
        let path = path(&format!("passes/{}", paths::segment(user.domain.as_str())));
        self.ask(job, Method::Post, path, request.encode());
        Ok(Pass::Awaited)
    }

    /// The key of a service, or a pass of its.
    pub(crate) fn pass_answered(
        &mut self,
        room: &RoomUri,
        user: &UserUri,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), ClientError> {
        self.live.busy.insert(room.clone());
        let whom = (room.clone(), user.clone());
        let blinded = self.live.passes.under_way.remove(&whom);
        let issued = Issued::decode(body).ok();
        let passes = &mut self.live.passes;
        match (issued, blinded) {
            (Some(issued), None) => {
                passes.keys.insert(user.domain.clone(), (issued.key, day_of(now)));
            }
            (Some(issued), Some(blinded)) => match blinded.finish(&issued.responses) {
                Some(token) => {
                    passes.ready.insert(whom, token);
                }
                // Made under another key than the one that was told: nothing that it says is believed.
                None => return self.material_refused(room, user, ErrorCode::PeerMisbehaved),
            },
            (None, _) => self.live.pause(Job::Pass(room.clone(), user.clone()), 0, now),
        }
        Ok(())
    }

    /// No pass was issued.
    pub(crate) fn pass_not_issued(
        &mut self,
        room: &RoomUri,
        user: &UserUri,
        error: &ErrorBody,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        self.live.busy.insert(room.clone());
        self.live.passes.under_way.remove(&(room.clone(), user.clone()));
        match error.code {
            // Its people are asked for without, or it is of another version.
            ErrorCode::Unsupported | ErrorCode::NotFound | ErrorCode::PeerMisbehaved => {
                self.live.passes.unneeded.push(user.domain.clone());
                Ok(())
            }
            // Another day has begun there.
            ErrorCode::Conflict => {
                self.live.passes.keys.remove(&user.domain);
                self.live.pause(Job::Pass(room.clone(), user.clone()), 0, now);
                Ok(())
            }
            code => self.material_refused(room, user, code),
        }
    }

    /// A pass was not good, or there was none where one is needed.
    pub(crate) fn pass_needed(
        &mut self,
        room: &RoomUri,
        user: &UserUri,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let job = Job::KeyMaterial(room.clone(), user.clone());
        if self.live.tries(&job) >= TRIES {
            self.live.backoff.remove(&job);
            return self.not_added(room, ChangeRefusal::Service(ErrorCode::PassNeeded), user);
        }
        let passes = &mut self.live.passes;
        passes.unneeded.retain(|domain| *domain != user.domain);
        passes.keys.remove(&user.domain);
        self.live.pause(job, 0, now);
        self.live.busy.insert(room.clone());
        Ok(())
    }
}

impl Live {
    /// Forgets how often a pass for somebody was not good.
    pub(crate) fn pass_was_good(&mut self, room: &RoomUri, user: &UserUri) {
        self.backoff.remove(&Job::KeyMaterial(room.clone(), user.clone()));
    }
}

impl Blinded {
    /// RFC 9578, section 5.1: what to ask of a service with this key. The nonce must be random.
    pub fn begin(
        domain: &Domain,
        purpose: Purpose,
        key: IssuerKey,
        nonce: [u8; 32],
    ) -> Option<(Self, TokenRequest)> {
        let challenge = challenge_digest(domain, purpose);
        let input = Token::input(&nonce, &challenge, &key.id());
        let blind = VoprfClient::<NistP384>::blind(&input, &mut OsRng).ok()?;
        let blinded = blind.message.serialize().as_slice().try_into().ok()?;
        let request = TokenRequest { token_type: TOKEN_TYPE, truncated_key_id: key.truncated_id(), blinded };
        Some((Self { state: blind.state, nonce, challenge, key }, request))
    }

    /// RFC 9578, section 5.3: nothing if it was not made under the key.
    pub fn finish(&self, responses: &[TokenResponse]) -> Option<Token> {
        let [response] = responses else { return None };
        let input = Token::input(&self.nonce, &self.challenge, &self.key.id());
        let element = EvaluationElement::<NistP384>::deserialize(&response.evaluated).ok()?;
        let proof = Proof::<NistP384>::deserialize(&response.proof).ok()?;
        let key = <NistP384 as CipherSuite>::Group::deserialize_elem(&self.key.0).ok()?;
        let output = self.state.finalize(&input, &element, &proof, key).ok()?;
        Some(Token {
            token_type: TOKEN_TYPE,
            nonce: self.nonce,
            challenge_digest: self.challenge,
            key_id: self.key.id(),
            authenticator: output.as_slice().try_into().ok()?,
        })
    }
}

fn day_of(now: Timestamp) -> u64 {
    now.day()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use voprf::{BlindedElement, VoprfServer};

    fn issuer(seed: u8) -> (VoprfServer<NistP384>, IssuerKey) {
        let server = VoprfServer::new_from_seed(&[seed; 32], b"test").unwrap();
        let key = <NistP384 as CipherSuite>::Group::serialize_elem(server.get_public_key());
        (server, IssuerKey(key.as_slice().try_into().unwrap()))
    }

    fn issue(server: &VoprfServer<NistP384>, request: &TokenRequest) -> TokenResponse {
        let blinded = BlindedElement::deserialize(&request.blinded).unwrap();
        let done = server.blind_evaluate(&mut OsRng, &blinded);
        TokenResponse {
            evaluated: done.message.serialize().as_slice().try_into().unwrap(),
            proof: done.proof.serialize().as_slice().try_into().unwrap(),
        }
    }

    #[test]
    fn a_pass_is_what_the_issuer_knows_again_and_nothing_that_it_saw() {
        let (domain, (server, key)) = ("b.test".parse().unwrap(), issuer(1));
        let (blinded, request) = Blinded::begin(&domain, Purpose::FirstContact, key, [9; 32]).unwrap();
        let response = issue(&server, &request);
        let token = blinded.finish(std::slice::from_ref(&response)).unwrap();
        let input = Token::input(&[9; 32], &challenge_digest(&domain, Purpose::FirstContact), &key.id());
        assert_eq!(server.evaluate(&input).unwrap().as_slice(), token.authenticator);
        let sent = [&request.blinded[..], &response.evaluated, &response.proof].concat();
        for part in [&token.nonce[..], &token.authenticator] {
            assert!(!sent.windows(part.len()).any(|seen| seen == part));
        }
        // Blinded anew, the same pass looks like another.
        assert_ne!(
            Blinded::begin(&domain, Purpose::FirstContact, key, [9; 32]).unwrap().1.blinded,
            request.blinded
        );
    }

    #[test]
    fn what_was_made_under_another_key_is_refused() {
        let (domain, (_, key), (other, _)) = ("b.test".parse().unwrap(), issuer(1), issuer(2));
        let (blinded, request) = Blinded::begin(&domain, Purpose::FirstContact, key, [9; 32]).unwrap();
        let response = issue(&other, &request);
        assert!(blinded.finish(std::slice::from_ref(&response)).is_none());
        assert!(blinded.finish(&[]).is_none());
        assert!(blinded.finish(&[response.clone(), response]).is_none());
    }
}
