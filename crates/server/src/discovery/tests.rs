//! What is handed out by number, and that it is the same whether a number is there or not.

#![allow(clippy::unwrap_used)]

use super::*;
use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use proptest::prelude::*;
use rand_core::OsRng;
use trefoil_proto::{
    Wire as _,
    discovery::{self as wire, BITS, SEALED, STEP},
    pin::Element,
};
use trefoil_store::MemoryStore;
use voprf::{EvaluationElement, Group as _, Proof, Ristretto255, VoprfClient};

fn room(key: [u8; 32]) -> Discovery {
    Discovery::new(Arc::new(MemoryStore::new()), Profile::Phone, &SecretKey::fixed(key)).unwrap()
}

async fn register(room: &Discovery, number: &str, user: &str) {
    let mut batch = Batch::new();
    room.enter(&mut batch, number, &user.parse().unwrap()).unwrap();
    room.store.commit(batch).await.unwrap();
    room.entered();
}

/// A whole question, with the bytes of both requests and answers.
async fn look(room: &Discovery, number: &str) -> (Option<UserId>, [Vec<u8>; 4]) {
    let input = wire::input(number);
    let blind = VoprfClient::<Ristretto255>::blind(&input, &mut OsRng).unwrap();
    let first = DiscoveryRequest::Evaluate(vec![Element(blind.message.serialize().into())]);
    let answer = room.answer(&first).await.unwrap();
    let DiscoveryResponse::Evaluated(evaluated) = &answer else { panic!("{answer:?}") };
    assert!(answer.is_answer_to(&first));
    let element = EvaluationElement::deserialize(&evaluated.elements[0].0).unwrap();
    let proof = Proof::deserialize(&evaluated.proof).unwrap();
    let key = Ristretto255::deserialize_elem(&evaluated.key.0).unwrap();
    let output = blind.state.finalize(&input, &element, &proof, key).unwrap();
    let (tag, key) = (Tag::of(&output), wire::key(&output));
    let bits = evaluated.bits;
    let second = DiscoveryRequest::Buckets { bits, prefixes: vec![tag.prefix(bits)] };
    let told = room.answer(&second).await.unwrap();
    let DiscoveryResponse::Buckets(buckets) = &told else { panic!("{told:?}") };
    assert!(told.is_answer_to(&second));
    let entries = &buckets[0].entries;
    assert!(entries.len().is_multiple_of(STEP) && entries.is_sorted_by_key(|entry| entry.tag));
    assert!(entries.iter().all(|entry| entry.tag.prefix(bits) == tag.prefix(bits)), "of another bucket");
    let found = entries.iter().find(|entry| entry.tag == tag).map(|entry| {
        let cipher = Aes256Gcm::new_from_slice(key.as_slice()).unwrap();
        let (nonce, msg) = entry.sealed.split_at(12);
        let plain = cipher.decrypt(Nonce::from_slice(nonce), Payload { msg, aad: &tag.0 }).unwrap();
        wire::unsealed(&plain).unwrap()
    });
    (found, [first.encode(), answer.encode(), second.encode(), told.encode()])
}

#[tokio::test]
async fn who_is_there_is_found_and_who_is_not_looks_the_same() {
    let room = room([1; 32]);
    let (there, absent) = ("+447700900123", "+447700900124");
    register(&room, there, "ann").await;
    let (found, present) = look(&room, there).await;
    assert_eq!(found, Some("ann".parse().unwrap()));
    let (nobody, missing) = look(&room, absent).await;
    assert_eq!(nobody, None);
    for (one, other) in present.iter().zip(&missing) {
        assert_eq!(one.len(), other.len());
        for number in [there, absent] {
            let digits = &number.as_bytes()[1..];
            assert!(![one, other].iter().any(|bytes| bytes.windows(digits.len()).any(|part| part == digits)));
        }
    }
    // The one bucket there is says the same to both.
    assert_eq!(present[2..], missing[2..]);
    // Asked again, the first request has nothing in common with the one before.
    assert_ne!(look(&room, there).await.1[0], present[0]);
}

#[tokio::test]
async fn buckets_divide_the_people_when_there_are_many_and_are_filled_up() {
    let room = room([2; 32]);
    // Counted at the first question, kept up after it.
    for one in 0..600 {
        if one == 5 {
            look(&room, "+15550000").await;
        }
        register(&room, &format!("+1555{one:07}"), &format!("u{one}")).await;
    }
    assert_eq!(decide::bits(room.people().await.unwrap()), 3);
    for one in [0, 77, 599] {
        let (found, [.., told]) = look(&room, &format!("+1555{one:07}")).await;
        assert_eq!(found.unwrap().as_str(), format!("u{one}"));
        let DiscoveryResponse::Buckets(buckets) = DiscoveryResponse::decode(&told).unwrap() else { panic!() };
        assert!([STEP, 2 * STEP].contains(&buckets[0].entries.len()));
    }
    let mut seen = 0;
    for prefix in 0..8 {
        let range = decide::range(prefix, 3);
        seen += room.store.scan(rows::ENTRIES, range, 999).await.unwrap().len();
    }
    assert_eq!(seen, 600, "an entry is in no bucket, or in two");
    // One bit fewer is answered, for who asked before the last person came; others are not.
    let bits = |bits| {
        let request = DiscoveryRequest::Buckets { bits, prefixes: vec![0] };
        let room = &room;
        async move { room.answer(&request).await }
    };
    assert!(bits(3).await.is_ok() && bits(2).await.is_ok());
    assert!(matches!(bits(1).await, Err(DiscoveryError::OtherBits)));
    assert!(matches!(bits(4).await, Err(DiscoveryError::OtherBits)));
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused() {
    let room = room([3; 32]);
    let nonsense = DiscoveryRequest::Evaluate(vec![Element([0xff; 32])]);
    assert!(matches!(room.answer(&nonsense).await, Err(DiscoveryError::Element)));
    let identity = DiscoveryRequest::Evaluate(vec![Element([0; 32])]);
    assert!(matches!(room.answer(&identity).await, Err(DiscoveryError::Element)));
    let nothing = DiscoveryRequest::Evaluate(vec![]);
    assert!(matches!(room.answer(&nothing).await, Err(DiscoveryError::Malformed)));
    let other = Discovery { profile: Profile::Handle, ..room };
    assert!(matches!(other.answer(&nonsense).await, Err(DiscoveryError::OtherProfile)));
}

#[tokio::test]
async fn another_key_gives_other_tags() {
    let tag = |key| async move {
        let room = room(key);
        register(&room, "+447700900123", "ann").await;
        room.store.scan(rows::ENTRIES, KeyRange::all(), 9).await.unwrap()[0].0.clone()
    };
    assert_eq!(tag([4; 32]).await, tag([4; 32]).await);
    assert_ne!(tag([4; 32]).await, tag([5; 32]).await);
}

proptest! {
    #[test]
    fn a_bucket_has_64_to_128_people_on_average(people in 64_u64..4_000_000) {
        let mean = people as f64 / f64::from(1_u32 << decide::bits(people));
        prop_assert!((64.0..128.0).contains(&mean), "{}", mean);
    }

    #[test]
    fn what_fills_a_bucket_up_belongs_there_and_stays(bits in 0..=BITS, any in any::<u32>(), there in 0_usize..200) {
        let function = decide::Function::new(&SecretKey::fixed([6; 32])).unwrap();
        let prefix = any & ((1 << bits) - 1);
        let own = || {
            let entry = |number: usize| Entry { tag: Tag([number as u8; 16]), sealed: [0; SEALED] };
            (0..there).map(entry).collect::<Vec<_>>()
        };
        let (mut one, mut other) = (own(), own());
        function.fill(&mut one, prefix, bits);
        function.fill(&mut other, prefix, bits);
        prop_assert_eq!(&one, &other);
        prop_assert!(one.len() >= STEP && one.len().is_multiple_of(STEP));
        let filling: Vec<_> = one.iter().filter(|entry| entry.sealed != [0; SEALED]).collect();
        prop_assert_eq!(filling.len(), one.len() - there);
        prop_assert!(filling.iter().all(|entry| entry.tag.prefix(bits) == prefix));
    }
}
