//! Witnesses: what they sign, what they never sign, and what the log serves meanwhile.

use super::*;
use crate::federation::IncidentReason;
use trefoil_store::Store as _;
use trefoil_transparency::log::CheckpointError;

async fn served(service: &Service) -> Bytes {
    service.log.checkpoint().await.unwrap()
}

async fn incidents(service: &Service) -> Vec<(String, IncidentReason)> {
    let recorded = crate::federation::recorded(&*service.store).await.unwrap();
    recorded.into_iter().map(|incident| (incident.from.unwrap().to_string(), incident.reason)).collect()
}

#[tokio::test]
async fn a_checkpoint_is_served_with_the_cosignatures_of_the_others() {
    let world = World::new();
    let [a, b, c] = world.three();
    assert!(a.log.publish().await.unwrap(), "an empty log needs no witness");
    for size in [1, 5, 300] {
        a.grow(size - a.log.head().await.unwrap().size).await;
        assert!(a.log.publish().await.unwrap());
        let trusted = a.policy(&[&b, &c], 2).check(&served(&a).await, NOW).unwrap();
        assert_eq!(trusted.head().size, size);
    }
    // Signatures grow old, and are renewed on the same head.
    a.clock.advance(25 * 60 * 60 * 1000);
    b.clock.advance(25 * 60 * 60 * 1000);
    let later = Timestamp(NOW.0 + 25 * 60 * 60 * 1000);
    assert!(a.policy(&[&b, &c], 1).check(&served(&a).await, later).is_err());
    assert!(a.log.publish().await.unwrap());
    assert_eq!(
        a.policy(&[&b, &c], 1).check(&served(&a).await, later).unwrap().witnesses(),
        ["b.test/witness"]
    );
    assert!(incidents(&b).await.is_empty() && incidents(&c).await.is_empty());
}

#[tokio::test]
async fn what_was_cosigned_is_served_after_a_restart_and_while_witnesses_are_away() {
    let world = World::new();
    let [a, b, c] = world.three();
    a.grow(4).await;
    assert!(a.log.publish().await.unwrap());
    let before = served(&a).await;
    let again = world.start("a.test", 1, a.store.clone());
    assert_eq!(served(&again).await, before);
    world.switch_off("c.test");
    again.grow(1).await;
    assert!(!again.log.publish().await.unwrap());
    let policy = again.policy(&[&b, &c], 1);
    assert_eq!(policy.check(&served(&again).await, NOW).unwrap().head().size, 5);
    world.switch_off("b.test");
    again.grow(1).await;
    assert!(!again.log.publish().await.unwrap());
    assert_eq!(policy.check(&served(&again).await, NOW).unwrap().head().size, 5, "the cosigned one stays");
    again.clock.advance(60 * 60 * 1000);
    assert!(!again.log.publish().await.unwrap());
    assert!(policy.check(&served(&again).await, NOW).is_err(), "not for ever");
    let key: LogKey = again.log.keys().log.parse().unwrap();
    assert_eq!(OpenCheckpoint::open(&served(&again).await, &key).unwrap().head().size, 6);
}

#[tokio::test]
async fn a_forked_log_is_not_cosigned_and_leaves_evidence() {
    let world = World::new();
    let [a, b, c] = world.three();
    a.grow(3).await;
    assert!(a.log.publish().await.unwrap());
    let kept = served(&a).await;
    // The same keys, another history of the same size.
    let fork = world.start("a.test", 1, new_store());
    for number in [7, 8, 9] {
        fork.log.append(&entry(number)).await.unwrap();
    }
    assert!(!fork.log.publish().await.unwrap());
    let policy = fork.policy(&[&b, &c], 1);
    assert!(policy.check(&served(&fork).await, NOW).is_err());
    for witness in [&b, &c] {
        assert_eq!(incidents(witness).await, [("a.test".to_owned(), IncidentReason::LogForked)]);
        let row = witness.store.get(rows::FORKS, "a.test".into()).await.unwrap().unwrap();
        let known = witness.store.get(rows::WITNESSED, "a.test".into()).await.unwrap().unwrap();
        let split = cosign::evidence(b"a.test", &row, &known).unwrap().verify().unwrap();
        let key: LogKey = a.log.keys().log.parse().unwrap();
        assert_eq!((split.at, split.key), (3, key.key()), "evidence that anyone can check");
    }
    // A larger history that does not contain the first one.
    fork.grow(4).await;
    assert!(!fork.log.publish().await.unwrap());
    assert!(policy.check(&served(&fork).await, NOW).is_err());
    assert_eq!(incidents(&b).await.len(), 2);
    // The first history goes on.
    let again = world.start("a.test", 1, a.store.clone());
    again.grow(1).await;
    assert!(again.log.publish().await.unwrap());
    assert!(policy.check(&kept, NOW).is_ok());
}

#[tokio::test]
async fn a_log_that_was_rolled_back_is_not_cosigned() {
    let world = World::new();
    let [a, b, c] = world.three();
    a.grow(5).await;
    assert!(a.log.publish().await.unwrap());
    let old = world.start("a.test", 1, new_store());
    old.grow(4).await;
    assert!(!old.log.publish().await.unwrap());
    assert!(old.policy(&[&b, &c], 1).check(&served(&old).await, NOW).is_err());
    // Back where it was, and beyond, nobody would notice; a step to the side is noticed, above.
    old.grow(2).await;
    assert!(old.log.publish().await.unwrap());
}

#[tokio::test]
async fn a_witness_keeps_what_it_signed_before_it_answers_and_after_a_restart() {
    let world = World::new();
    let [a, b, _] = world.three();
    a.grow(3).await;
    assert!(a.log.publish().await.unwrap());
    let restarted = world.start("b.test", 2, b.store.clone());
    let key: LogKey = a.log.keys().log.parse().unwrap();
    let checkpoint = OpenCheckpoint::open(&served(&a).await, &key).unwrap();
    let peer: Domain = "a.test".parse().unwrap();
    let submission = |old| {
        let proof = trefoil_transparency::log::ConsistencyProof { old, new: 3, hashes: vec![] };
        Submission::new(&proof, &checkpoint)
    };
    let answer = restarted.log.cosign(&peer, &submission(0)).await;
    assert!(matches!(answer, Err(LogError::OtherSize(3))), "{answer:?}");
    assert!(restarted.log.cosign(&peer, &submission(3)).await.is_ok());
    let answer = restarted.log.cosign(&peer, &submission(4)).await;
    assert!(matches!(answer, Err(LogError::OldSize)), "{answer:?}");
    let other: Domain = "c.test".parse().unwrap();
    let answer = restarted.log.cosign(&other, &submission(3)).await;
    assert!(matches!(answer, Err(LogError::UnknownLog(_))), "{answer:?}");
}

#[tokio::test]
async fn a_log_that_comes_with_another_key_is_refused() {
    let world = World::new();
    let [a, b, c] = world.three();
    a.grow(3).await;
    assert!(a.log.publish().await.unwrap());
    let rekeyed = world.start("a.test", 9, a.store.clone());
    rekeyed.grow(1).await;
    // What it served is of its old key: it says so, and does not go on as if nothing were.
    assert!(matches!(rekeyed.log.publish().await, Err(LogError::DamagedRow)));
    let fresh = world.start("a.test", 9, new_store());
    fresh.grow(4).await;
    assert!(!fresh.log.publish().await.unwrap());
    assert!(fresh.policy(&[&b, &c], 1).check(&served(&fresh).await, NOW).is_err());
    let key: LogKey = fresh.log.keys().log.parse().unwrap();
    let checkpoint = OpenCheckpoint::open(&served(&fresh).await, &key).unwrap();
    let proof = trefoil_transparency::log::ConsistencyProof { old: 3, new: 4, hashes: vec![] };
    let answer = b.log.cosign(&"a.test".parse().unwrap(), &Submission::new(&proof, &checkpoint)).await;
    assert!(matches!(answer, Err(LogError::Checkpoint(CheckpointError::Unsigned))), "{answer:?}");
}
