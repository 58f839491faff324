//! Finding people of a service by phone number, without telling the number to anybody (`docs/spec/discovery.md`).
//!
//! Pure: [`Lookup`] says what to ask and takes what came back, [`Buckets`] likewise, and who drives them carries bytes. The
//! service that is asked learns which service asks, how many numbers, and the first bits of their tags; the own service
//! that hands it on learns that of its own person. Neither can tell whether anybody was found.

mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod known;
mod number;
#[cfg(test)]
mod tests;

pub use error::DiscoveryError;
pub use known::{KEYS, KnownKey};
pub use number::Number;
pub use trefoil_proto::discovery::BATCH;

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use rand_core::OsRng;
use std::collections::{BTreeMap, BTreeSet};
use trefoil_proto::{
    Domain, UserUri, Wire as _,
    discovery::{
        BITS, BUCKETS, Bucket, DiscoveryRequest, DiscoveryResponse, Evaluated, Tag, input, key, unsealed,
    },
    paths,
    pin::Element,
};
use voprf::{EvaluationElement, Group as _, Proof, Ristretto255, VoprfClient};
use zeroize::{Zeroize as _, Zeroizing};

/// Numbers that are blinded, on their way to a service.
pub struct Lookup {
    domain: Domain,
    sought: Vec<(Number, Zeroizing<Vec<u8>>)>,
    blinds: Vec<VoprfClient<Ristretto255>>,
}

/// Numbers of which this device knows the tags, and not yet who has them.
pub struct Buckets {
    domain: Domain,
    bits: u8,
    sought: Vec<Sought>,
    /// Prefixes not asked for yet, from the end.
    left: Vec<u32>,
    asked: DiscoveryRequest,
}

struct Sought {
    number: Number,
    tag: Tag,
    key: Zeroizing<[u8; 32]>,
    found: Option<UserUri>,
}

/// Where to go on.
pub enum Next {
    /// Ask this too.
    Ask(Vec<u8>),
    /// Each number, in the order in which it was given, and who has it.
    Done(Vec<(Number, Option<UserUri>)>),
}

/// Where questions about a service are posted, from the root of the own one.
pub fn path(domain: &Domain) -> String {
    format!("{}/discovery/{}", paths::CLIENT_ROOT, paths::segment(domain.as_str()))
}

impl Lookup {
    /// Blinds numbers, 1 to [`BATCH`] of them; and what to ask. The same number given twice is one.
    ///
    /// # Errors
    /// [`DiscoveryError::Batch`], [`DiscoveryError::Blind`].
    pub fn begin(domain: Domain, numbers: &[Number]) -> Result<(Self, Vec<u8>), DiscoveryError> {
        let mut met = BTreeSet::new();
        let numbers: Vec<_> = numbers.iter().filter(|number| met.insert(*number)).collect();
        if !(1..=BATCH).contains(&numbers.len()) {
            return Err(DiscoveryError::Batch);
        }
        let (mut sought, mut blinds, mut elements) = (Vec::new(), Vec::new(), Vec::new());
        for number in numbers {
            let input = input(number.as_str());
            let blind = VoprfClient::blind(&input, &mut OsRng).map_err(|_| DiscoveryError::Blind)?;
            elements.push(Element(blind.message.serialize().into()));
            blinds.push(blind.state);
            sought.push((number.clone(), input));
        }
        Ok((Self { domain, sought, blinds }, DiscoveryRequest::Evaluate(elements).encode()))
    }

    /// Takes the evaluations, if the service proves that they were made under the key that this device knows of it; and what
    /// to ask next. Also the key, to be kept if none is known.
    ///
    /// # Errors
    /// [`DiscoveryError::OtherKey`], [`DiscoveryError::Unproven`], [`DiscoveryError::Garbled`].
    pub fn evaluated(
        self,
        answer: &[u8],
        known: Option<&KnownKey>,
    ) -> Result<(Buckets, Vec<u8>, KnownKey), DiscoveryError> {
        let answer = DiscoveryResponse::decode(answer).map_err(|_| DiscoveryError::Garbled)?;
        let DiscoveryResponse::Evaluated(answer) = answer else { return Err(DiscoveryError::Garbled) };
        if answer.elements.len() != self.sought.len() || answer.bits > BITS {
            return Err(DiscoveryError::Garbled);
        }
        let shown = KnownKey(answer.key);
        if known.is_some_and(|known| *known != shown) {
            return Err(DiscoveryError::OtherKey(self.domain));
        }
        let sought = self.unblind(&answer)?;
        let prefixes: BTreeSet<_> = sought.iter().map(|one| one.tag.prefix(answer.bits)).collect();
        let mut buckets = Buckets {
            domain: self.domain,
            bits: answer.bits,
            sought,
            left: prefixes.into_iter().rev().collect(),
            asked: DiscoveryRequest::Buckets { bits: answer.bits, prefixes: Vec::new() },
        };
        let request = buckets.ask().ok_or(DiscoveryError::Garbled)?;
        Ok((buckets, request, shown))
    }

    fn unblind(&self, answer: &Evaluated) -> Result<Vec<Sought>, DiscoveryError> {
        let garbled = |_| DiscoveryError::Garbled;
        let key_shown = Ristretto255::deserialize_elem(&answer.key.0).map_err(garbled)?;
        let proof = Proof::<Ristretto255>::deserialize(&answer.proof).map_err(garbled)?;
        let elements: Result<Vec<_>, _> =
            answer.elements.iter().map(|one| EvaluationElement::deserialize(&one.0)).collect();
        let elements = elements.map_err(garbled)?;
        let inputs: Vec<_> = self.sought.iter().map(|(_, input)| input.as_slice()).collect();
        let outputs = VoprfClient::batch_finalize(&inputs, &self.blinds, &elements, &proof, key_shown)
            .map_err(|_| DiscoveryError::Unproven)?;
        let mut sought = Vec::with_capacity(self.sought.len());
        for ((number, _), output) in self.sought.iter().zip(outputs) {
            let mut output = output.map_err(|_| DiscoveryError::Blind)?;
            let (tag, key) = (Tag::of(&output), key(&output));
            output.as_mut_slice().zeroize();
            sought.push(Sought { number: number.clone(), tag, key, found: None });
        }
        Ok(sought)
    }
}

impl Buckets {
    /// Takes the buckets that were asked for last.
    ///
    /// # Errors
    /// [`DiscoveryError::Garbled`].
    pub fn answered(mut self, answer: &[u8]) -> Result<(Self, Next), DiscoveryError> {
        let answer = DiscoveryResponse::decode(answer).map_err(|_| DiscoveryError::Garbled)?;
        if !answer.is_answer_to(&self.asked) {
            return Err(DiscoveryError::Garbled);
        }
        let DiscoveryResponse::Buckets(buckets) = answer else { return Err(DiscoveryError::Garbled) };
        let entries: BTreeMap<_, _> = buckets
            .iter()
            .flat_map(|Bucket { entries }| entries.iter().map(|entry| (entry.tag, &entry.sealed)))
            .collect();
        for one in &mut self.sought {
            if let Some(sealed) = entries.get(&one.tag) {
                one.found = open(one, &sealed[..], &self.domain);
            }
        }
        let next = match self.ask() {
            Some(request) => Next::Ask(request),
            None => Next::Done(self.sought.drain(..).map(|one| (one.number, one.found)).collect()),
        };
        Ok((self, next))
    }

    /// The next question, if there is one.
    fn ask(&mut self) -> Option<Vec<u8>> {
        let rest = self.left.len().saturating_sub(BUCKETS);
        let prefixes = self.left.split_off(rest);
        if prefixes.is_empty() {
            return None;
        }
        self.asked = DiscoveryRequest::Buckets { bits: self.bits, prefixes };
        Some(self.asked.encode())
    }
}

/// What does not open is nobody: it was made for somebody else, or by nobody.
fn open(sought: &Sought, sealed: &[u8], domain: &Domain) -> Option<UserUri> {
    let (nonce, msg) = sealed.split_at_checked(12)?;
    let cipher = Aes256Gcm::new_from_slice(sought.key.as_slice()).ok()?;
    let plain = cipher.decrypt(Nonce::from_slice(nonce), Payload { msg, aad: &sought.tag.0 }).ok()?;
    Some(UserUri { domain: domain.clone(), id: unsealed(&plain)? })
}
