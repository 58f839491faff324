//! Against a model of the service that is asked, with the own service between, which keeps what it hands on.

#![allow(clippy::unwrap_used)]

use super::*;
use aes_gcm::aead::Aead as _;
use trefoil_proto::{
    UserId,
    discovery::{Entry, plain},
};
use voprf::{BlindedElement, VoprfServer};

/// The service that is asked, and what the own service saw.
struct Model {
    server: VoprfServer<Ristretto255>,
    entries: Vec<Entry>,
    bits: u8,
    handed_on: Vec<Vec<u8>>,
}

impl Model {
    fn new(seed: u8, bits: u8, people: &[(&str, &str)]) -> Self {
        let server = VoprfServer::new_from_seed(&[seed; 32], b"model").unwrap();
        let entry = |(number, user): &(&str, &str)| {
            let output = server.evaluate(&input(number)).unwrap();
            let tag = Tag::of(&output);
            let cipher = Aes256Gcm::new_from_slice(key(&output).as_slice()).unwrap();
            let payload = Payload { msg: &plain(&user.parse::<UserId>().unwrap()), aad: &tag.0 };
            let sealed = cipher.encrypt(Nonce::from_slice(&[9; 12]), payload).unwrap();
            Entry { tag, sealed: [vec![9; 12], sealed].concat().try_into().unwrap() }
        };
        let entries = people.iter().map(entry).collect();
        Self { server, entries, bits, handed_on: Vec::new() }
    }

    fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        self.handed_on.push(request.to_vec());
        let request = DiscoveryRequest::decode(request).unwrap();
        request.check().unwrap();
        let response = match &request {
            DiscoveryRequest::Evaluate(elements) => {
                let blinded: Vec<_> =
                    elements.iter().map(|one| BlindedElement::deserialize(&one.0).unwrap()).collect();
                let prepared: Vec<_> = self.server.batch_blind_evaluate_prepare(blinded.iter()).collect();
                let done =
                    self.server.batch_blind_evaluate_finish(&mut OsRng, blinded.iter(), &prepared).unwrap();
                DiscoveryResponse::Evaluated(Evaluated {
                    key: Element(Ristretto255::serialize_elem(self.server.get_public_key()).into()),
                    bits: self.bits,
                    proof: done.proof.serialize().into(),
                    elements: done.messages.map(|one| Element(one.serialize().into())).collect(),
                })
            }
            DiscoveryRequest::Buckets { bits, prefixes } => {
                let bucket = |prefix: &u32| {
                    let fits = |entry: &&Entry| entry.tag.prefix(*bits) == *prefix;
                    Bucket { entries: self.entries.iter().filter(fits).cloned().collect() }
                };
                DiscoveryResponse::Buckets(prefixes.iter().map(bucket).collect())
            }
        };
        assert!(response.is_answer_to(&request));
        response.encode()
    }
}

fn numbers(all: &[&str]) -> Vec<Number> {
    all.iter().map(|one| one.parse().unwrap()).collect()
}

fn look(
    model: &mut Model,
    all: &[&str],
    known: Option<&KnownKey>,
) -> Result<(Vec<Option<String>>, KnownKey), DiscoveryError> {
    let (lookup, request) = Lookup::begin("phone.example".parse().unwrap(), &numbers(all))?;
    let (mut buckets, mut request, key) = lookup.evaluated(&model.answer(&request), known)?;
    loop {
        let (rest, next) = buckets.answered(&model.answer(&request))?;
        match next {
            Next::Ask(more) => (buckets, request) = (rest, more),
            Next::Done(found) => {
                return Ok((
                    found.into_iter().map(|(_, user)| user.map(|user| user.to_string())).collect(),
                    key,
                ));
            }
        }
    }
}

const THERE: &str = "+447700900123";
const ABSENT: &str = "+447700900124";

#[test]
fn who_has_a_number_is_found_and_what_is_handed_on_looks_the_same_and_has_no_number_in_it() {
    let mut model = Model::new(1, 0, &[(THERE, "ann"), ("+15550100", "bob")]);
    let (found, key) = look(&mut model, &[THERE], None).unwrap();
    assert_eq!(found, [Some("mimi://phone.example/u/ann".to_owned())]);
    let present = std::mem::take(&mut model.handed_on);
    assert_eq!(look(&mut model, &[ABSENT], Some(&key)).unwrap().0, [None]);
    let lengths = |all: &[Vec<u8>]| all.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lengths(&present), lengths(&model.handed_on));
    for bytes in present.iter().chain(&model.handed_on) {
        for number in [THERE, ABSENT] {
            assert!(!bytes.windows(number.len() - 1).any(|part| part == &number.as_bytes()[1..]));
        }
    }
    // Two questions for one number have nothing in common but the bucket.
    let before = std::mem::take(&mut model.handed_on);
    look(&mut model, &[ABSENT], Some(&key)).unwrap();
    assert_ne!(before[0], model.handed_on[0]);
    assert_eq!(before[1], model.handed_on[1]);
}

#[test]
fn an_address_book_is_looked_for_at_once_and_its_buckets_in_pieces() {
    let all: Vec<String> = (0..BATCH).map(|one| format!("+1555{one:07}")).collect();
    let people: Vec<_> = all.iter().step_by(2).map(|number| (number.as_str(), &number[1..])).collect();
    let mut model = Model::new(2, 9, &people);
    let texts: Vec<&str> = all.iter().map(String::as_str).collect();
    let (found, _) = look(&mut model, &texts, None).unwrap();
    for (place, user) in found.iter().enumerate() {
        let expected = (place % 2 == 0).then(|| format!("mimi://phone.example/u/{}", &all[place][1..]));
        assert_eq!(*user, expected);
    }
    assert!(model.handed_on.len() > 7, "{}", model.handed_on.len());
    // The order of the address book is not in the order of the prefixes.
    let mut seen = Vec::new();
    for request in &model.handed_on[1..] {
        let DiscoveryRequest::Buckets { prefixes, .. } = DiscoveryRequest::decode(request).unwrap() else {
            panic!()
        };
        assert!(prefixes.len() <= BUCKETS && prefixes.iter().is_sorted_by(|one, other| one > other));
        seen.extend(prefixes);
    }
    assert!(seen.len() <= BATCH);
    assert!(seen.iter().collect::<BTreeSet<_>>().len() == seen.len(), "a bucket was asked for twice");
    // The same number twice is one; too many and none are refused.
    assert_eq!(look(&mut model, &[&all[0], &all[0]], None).unwrap().0.len(), 1);
    for refused in [numbers(&[]), numbers(&[&texts[..], &[THERE]].concat())] {
        let begun = Lookup::begin("phone.example".parse().unwrap(), &refused);
        assert!(matches!(begun, Err(DiscoveryError::Batch)));
    }
}

#[test]
fn another_key_and_evaluations_without_proof_are_refused() {
    let mut honest = Model::new(3, 0, &[(THERE, "ann")]);
    let mut other = Model::new(4, 0, &[(THERE, "ann")]);
    let (_, key) = look(&mut honest, &[THERE], None).unwrap();
    assert_eq!(KnownKey::decode(&key.encode()), Ok(key));
    assert!(matches!(look(&mut other, &[THERE], Some(&key)), Err(DiscoveryError::OtherKey(_))));
    assert_eq!(other.handed_on.len(), 1, "it was asked for a bucket all the same");
    // It shows the known key, and evaluates under its own.
    let (lookup, request) =
        Lookup::begin("phone.example".parse().unwrap(), &numbers(&[THERE, ABSENT])).unwrap();
    let DiscoveryResponse::Evaluated(mut lie) = DiscoveryResponse::decode(&other.answer(&request)).unwrap()
    else {
        panic!()
    };
    lie.key = key.0;
    let refused = lookup.evaluated(&DiscoveryResponse::Evaluated(lie).encode(), Some(&key));
    assert!(matches!(refused, Err(DiscoveryError::Unproven)));
    // One of two evaluations is of another key.
    let (lookup, request) =
        Lookup::begin("phone.example".parse().unwrap(), &numbers(&[THERE, ABSENT])).unwrap();
    let evaluated = |model: &mut Model| match DiscoveryResponse::decode(&model.answer(&request)).unwrap() {
        DiscoveryResponse::Evaluated(evaluated) => evaluated,
        DiscoveryResponse::Buckets(_) => panic!(),
    };
    let mut mixed = evaluated(&mut honest);
    mixed.elements[1] = evaluated(&mut other).elements[1];
    let refused = lookup.evaluated(&DiscoveryResponse::Evaluated(mixed).encode(), Some(&key));
    assert!(matches!(refused, Err(DiscoveryError::Unproven)));
}

#[test]
fn answers_of_another_form_are_refused() {
    let mut model = Model::new(5, 0, &[(THERE, "ann")]);
    let begin = || Lookup::begin("phone.example".parse().unwrap(), &numbers(&[THERE])).unwrap();
    let (lookup, request) = begin();
    let good = model.answer(&request);
    let (buckets, asked, _) = lookup.evaluated(&good, None).unwrap();
    let told = model.answer(&asked);
    assert!(matches!(begin().0.evaluated(&told, None), Err(DiscoveryError::Garbled)));
    assert!(matches!(begin().0.evaluated(&[], None), Err(DiscoveryError::Garbled)));
    let DiscoveryResponse::Evaluated(mut long) = DiscoveryResponse::decode(&good).unwrap() else { panic!() };
    long.bits = BITS + 1;
    let long = DiscoveryResponse::Evaluated(long).encode();
    assert!(matches!(begin().0.evaluated(&long, None), Err(DiscoveryError::Garbled)), "it would tell more");
    assert!(matches!(buckets.answered(&good), Err(DiscoveryError::Garbled)));
    // An entry under the right tag that does not open is nobody.
    model.entries[0].sealed[40] ^= 1;
    assert_eq!(look(&mut model, &[THERE], None).unwrap().0, [None]);
}
