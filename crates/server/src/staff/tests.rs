//! Coming in, signing in, and going.
#![allow(clippy::unwrap_used)]

use super::{challenges::CHALLENGE, *};
use ed25519_dalek::{Signer as _, SigningKey};
use trefoil_store::MemoryStore;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn staff() -> Staff {
    over(Arc::new(MemoryStore::new()), None)
}

fn over(store: Arc<MemoryStore>, place: Option<Place>) -> Staff {
    let trail = Arc::new(Trail::new(store.clone()));
    Staff::new(store, trail, place)
}

/// What stands in the trail: who, and what.
async fn trail(staff: &Staff) -> Vec<(String, Act, String)> {
    let entries = staff.trail.after(0, 100).await.unwrap();
    entries.into_iter().map(|entry| (entry.who, entry.act, entry.detail)).collect()
}

fn name(text: &str) -> StaffName {
    text.parse().unwrap()
}

fn sign(key: &SigningKey, challenge: &[u8; 32]) -> [u8; 64] {
    key.sign(&[SESSION_LABEL, challenge].concat()).to_bytes()
}

#[tokio::test]
async fn an_invitation_is_good_once_and_for_a_time() {
    let (staff, key) = (staff(), SigningKey::from_bytes(&[1; 32]));
    let public = key.verifying_key().to_bytes();
    let code = staff.invite(&name("ines"), Role::Lead, Inviter::Operator, NOW).await.unwrap();
    let late = NOW.plus_millis(INVITATION);
    assert!(matches!(staff.join_with_key(&code, &public, late).await, Err(StaffError::BadInvitation)));
    assert!(matches!(staff.join_with_key("made-up", &public, NOW).await, Err(StaffError::BadInvitation)));
    let (member, token) = staff.join_with_key(&code, &public, NOW).await.unwrap();
    assert_eq!(member, Member { name: name("ines"), role: Role::Lead });
    assert_eq!(staff.whose(&token, NOW).unwrap(), member);
    assert!(matches!(staff.join_with_key(&code, &public, NOW).await, Err(StaffError::BadInvitation)));
    assert!(matches!(
        staff.invite(&name("ines"), Role::Lead, Inviter::Operator, NOW).await,
        Err(StaffError::Taken)
    ));
}

#[tokio::test]
async fn a_passkey_may_be_in_whatever_verifies_its_user() {
    let place = Place { origin: "http://localhost:7421".to_owned(), host: "localhost".to_owned() };
    let staff = over(Arc::new(MemoryStore::new()), Some(place));
    let code = staff.invite(&name("ines"), Role::Lead, Inviter::Operator, NOW).await.unwrap();
    let (whom, options) = staff.begin_joining(&code, NOW).await.unwrap();
    let options: serde_json::Value = serde_json::from_slice(&options).unwrap();
    assert_eq!((whom.as_str(), &options["rp"]["id"]), ("ines", &"localhost".into()));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["extensions"]["enforceCredentialProtectionPolicy"], false);
    let asked: serde_json::Value = serde_json::from_slice(&staff.begin_entering().unwrap()).unwrap();
    assert_eq!(asked["userVerification"], "required");
}

#[tokio::test]
async fn a_key_signs_in_with_a_challenge_of_this_service_once() {
    let (staff, key) = (staff(), SigningKey::from_bytes(&[1; 32]));
    let code = staff.invite(&name("ines"), Role::Reviewer, Inviter::Operator, NOW).await.unwrap();
    staff.join_with_key(&code, &key.verifying_key().to_bytes(), NOW).await.unwrap();
    let enter = async |who: &str, challenge: [u8; 32], key: &SigningKey, now| {
        staff.enter_with_key(&name(who), &challenge, &sign(key, &challenge), now).await
    };
    let challenge = staff.challenge(NOW);
    enter("ines", challenge, &key, NOW).await.unwrap();
    // Again, an own one, an old one, another key, another name.
    assert!(enter("ines", challenge, &key, NOW).await.is_err());
    assert!(enter("ines", [7; 32], &key, NOW).await.is_err());
    assert!(enter("ines", staff.challenge(NOW), &key, NOW.plus_millis(CHALLENGE)).await.is_err());
    assert!(enter("ines", staff.challenge(NOW), &SigningKey::from_bytes(&[2; 32]), NOW).await.is_err());
    assert!(enter("nobody", staff.challenge(NOW), &key, NOW).await.is_err());
}

#[tokio::test]
async fn asking_for_challenges_shuts_nobody_out() {
    let (staff, key) = (staff(), SigningKey::from_bytes(&[1; 32]));
    join(&staff, "ines", Inviter::Operator, 1).await.unwrap();
    let challenge = staff.challenge(NOW);
    for _ in 0..5000 {
        staff.challenge(NOW);
    }
    // Whoever does not have the key spends nothing of hers either.
    let forged = sign(&SigningKey::from_bytes(&[2; 32]), &challenge);
    assert!(staff.enter_with_key(&name("ines"), &challenge, &forged, NOW).await.is_err());
    staff.enter_with_key(&name("ines"), &challenge, &sign(&key, &challenge), NOW).await.unwrap();
}

/// The oldest ceremony gives way; the newest can be finished.
#[tokio::test]
async fn beginning_with_passkeys_shuts_nobody_out() {
    let place = Place { origin: "http://localhost:7421".to_owned(), host: "localhost".to_owned() };
    let staff = over(Arc::new(MemoryStore::new()), Some(place));
    for _ in 0..5000 {
        staff.begin_entering().unwrap();
    }
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_and_the_name_is_nobody_elses() {
    let (staff, key) = (staff(), SigningKey::from_bytes(&[1; 32]));
    let code = staff.invite(&name("ines"), Role::Reviewer, Inviter::Operator, NOW).await.unwrap();
    let (_, token) = staff.join_with_key(&code, &key.verifying_key().to_bytes(), NOW).await.unwrap();
    staff.remove(&name("ines"), &Inviter::Operator, NOW).await.unwrap();
    assert!(matches!(staff.whose(&token, NOW), Err(StaffError::NoSession)));
    let challenge = staff.challenge(NOW);
    let again = staff.enter_with_key(&name("ines"), &challenge, &sign(&key, &challenge), NOW).await;
    assert!(matches!(again, Err(StaffError::NotProven)));
    assert!(matches!(
        staff.invite(&name("ines"), Role::Lead, Inviter::Operator, NOW).await,
        Err(StaffError::Taken)
    ));
    assert_eq!(staff.list().await.unwrap()[0].removed, Some(NOW));
}

#[tokio::test]
async fn whom_somebody_invited_does_not_come_in_after_they_were_removed() {
    let staff = staff();
    join(&staff, "ines", Inviter::Operator, 1).await.unwrap();
    let code = staff.invite(&name("ada"), Role::Lead, Inviter::Lead(name("ines")), NOW).await.unwrap();
    let key = SigningKey::from_bytes(&[2; 32]).verifying_key().to_bytes();
    staff.remove(&name("ines"), &Inviter::Operator, NOW).await.unwrap();
    let late = staff.join_with_key(&code, &key, NOW).await;
    assert!(matches!(late, Err(StaffError::BadInvitation)), "{late:?}");
}

#[tokio::test]
async fn an_operator_invites_from_beside_and_the_code_stays_out_of_the_folder() {
    let (staff, data) = (staff(), tempfile::tempdir().unwrap());
    let Order::Invite { code, .. } = invite(Role::Lead) else { unreachable!("an order to invite") };
    let order = Order::Invite { role: Role::Lead, code: code.clone() };
    let file = hand_in(data.path(), &name("ines"), &order, NOW).unwrap();
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&code));
    // As if the service had ended before the file was taken away.
    let copy = std::fs::read(&file).unwrap();
    staff.follow_orders(data.path(), NOW).await;
    assert!(!file.exists());
    std::fs::write(&file, copy).unwrap();
    staff.follow_orders(data.path(), NOW).await;
    assert!(!file.exists());
    let key = SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
    staff.join_with_key(&code, &key, NOW).await.unwrap();
    hand_in(data.path(), &name("ines"), &Order::Remove, NOW).unwrap();
    staff.follow_orders(data.path(), NOW).await;
    hand_in(data.path(), &name("ines"), &Order::Remove, NOW).unwrap();
    staff.follow_orders(data.path(), NOW).await;
    let told = |who: &str, act, detail: &str| (who.to_owned(), act, detail.to_owned());
    let expected = [
        told("operator", Act::Invited, "ines, lead"),
        told("ines", Act::Enrolled, "lead"),
        told("operator", Act::Removed, "ines"),
    ];
    assert_eq!(trail(&staff).await, expected);
}

async fn join(staff: &Staff, who: &str, by: Inviter, seed: u8) -> Result<Member, StaffError> {
    let code = staff.invite(&name(who), Role::Lead, by, NOW).await?;
    let key = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
    staff.join_with_key(&code, &key, NOW).await.map(|(member, _)| member)
}

#[tokio::test]
async fn two_of_the_team_do_not_come_in_with_one_key() {
    let staff = staff();
    join(&staff, "ines", Inviter::Operator, 1).await.unwrap();
    let two = join(&staff, "ines-two", Inviter::Lead(name("ines")), 1).await;
    assert!(matches!(two, Err(StaffError::KnownKey)), "{two:?}");
    // Nor with that of somebody who is gone; nor two at the same moment; nor with one that anybody can sign for.
    staff.remove(&name("ines"), &Inviter::Operator, NOW).await.unwrap();
    assert!(matches!(join(&staff, "ines-three", Inviter::Operator, 1).await, Err(StaffError::KnownKey)));
    let (one, other) =
        tokio::join!(join(&staff, "ada", Inviter::Operator, 2), join(&staff, "bea", Inviter::Operator, 2));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let code = staff.invite(&name("eve"), Role::Lead, Inviter::Operator, NOW).await.unwrap();
    let mut weak = [0; 32];
    weak[0] = 1;
    assert!(matches!(staff.join_with_key(&code, &weak, NOW).await, Err(StaffError::NotProven)));
    // The invitation is still good, for a key of their own.
    let key = SigningKey::from_bytes(&[3; 32]).verifying_key().to_bytes();
    staff.join_with_key(&code, &key, NOW).await.unwrap();
}

#[tokio::test]
async fn two_pair_unless_one_let_the_other_in() {
    let staff = staff();
    join(&staff, "ines", Inviter::Operator, 1).await.unwrap();
    join(&staff, "omar", Inviter::Operator, 2).await.unwrap();
    join(&staff, "bea", Inviter::Lead(name("ines")), 3).await.unwrap();
    let pairs = async |one: &str, other: &str| staff.may_pair(&name(one), &name(other)).await.unwrap();
    assert!(pairs("ines", "omar").await && pairs("omar", "bea").await && pairs("bea", "omar").await);
    assert!(!pairs("ines", "bea").await && !pairs("bea", "ines").await);
    assert!(!pairs("ines", "ines").await && !pairs("ines", "nobody").await);
    // Nor does somebody in between make two of one.
    join(&staff, "cora", Inviter::Lead(name("bea")), 4).await.unwrap();
    assert!(!pairs("ines", "cora").await && !pairs("cora", "ines").await && pairs("cora", "omar").await);
    staff.remove(&name("ines"), &Inviter::Operator, NOW).await.unwrap();
    assert!(
        pairs("ines", "omar").await && !pairs("bea", "ines").await,
        "as long as names stand in the trail"
    );
}

/// A row that was written before it was recorded who let whom in.
#[tokio::test]
async fn a_row_of_an_earlier_version_is_read() {
    let row = InvitationRow { name: name("ines"), role: Role::Lead, until: NOW, by: None };
    let mut json: serde_json::Value = serde_json::from_slice(&row.encode()[1..]).unwrap();
    json.as_object_mut().unwrap().remove("by").unwrap();
    let bytes = [&row.encode()[..1], &serde_json::to_vec(&json).unwrap()].concat();
    assert_eq!(InvitationRow::decode(&bytes).unwrap(), row);
}

/// Signing in and being removed at the same moment, in whatever order: nobody who is removed has a session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_races_a_removal_leaves_no_session() {
    for round in 0..200_u8 {
        let (staff, key) = (Arc::new(staff()), SigningKey::from_bytes(&[1; 32]));
        join(&staff, "ines", Inviter::Operator, 1).await.unwrap();
        let challenge = staff.challenge(NOW);
        let entering = {
            let staff = Arc::clone(&staff);
            tokio::spawn(async move {
                staff.enter_with_key(&name("ines"), &challenge, &sign(&key, &challenge), NOW).await
            })
        };
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        staff.remove(&name("ines"), &Inviter::Operator, NOW).await.unwrap();
        if let Ok((_, token)) = entering.await.unwrap() {
            assert!(matches!(staff.whose(&token, NOW), Err(StaffError::NoSession)), "round {round}");
        }
    }
}

#[tokio::test]
async fn a_console_without_a_place_says_that_it_has_no_passkeys() {
    let staff = staff();
    let code = staff.invite(&name("ines"), Role::Lead, Inviter::Operator, NOW).await.unwrap();
    assert!(matches!(staff.begin_joining(&code, NOW).await, Err(StaffError::NoPasskeys)));
    assert!(matches!(staff.begin_entering(), Err(StaffError::NoPasskeys)));
    assert!(matches!(staff.enter_with_passkey(b"{}", NOW).await, Err(StaffError::NoPasskeys)));
}

#[test]
fn names_are_plain() {
    for bad in ["", "Ines", "i nes", "i/nes", &"a".repeat(41), "operator", "service"] {
        assert_eq!(bad.parse::<StaffName>(), Err(BadName), "{bad:?}");
    }
}
