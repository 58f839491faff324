//! Coming in, signing in, and going.
#![allow(clippy::unwrap_used)]

use super::*;
use ed25519_dalek::{Signer as _, SigningKey};
use trefoil_store::MemoryStore;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn staff() -> Staff {
    Staff::new(Arc::new(MemoryStore::new()), None)
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
    let code = staff.invite(&name("ines"), Role::Lead, NOW).await.unwrap();
    let late = NOW.plus_millis(INVITATION);
    assert!(matches!(staff.join_with_key(&code, &public, late).await, Err(StaffError::BadInvitation)));
    assert!(matches!(staff.join_with_key("made-up", &public, NOW).await, Err(StaffError::BadInvitation)));
    let (member, token) = staff.join_with_key(&code, &public, NOW).await.unwrap();
    assert_eq!(member, Member { name: name("ines"), role: Role::Lead });
    assert_eq!(staff.whose(&token, NOW).unwrap(), member);
    assert!(matches!(staff.join_with_key(&code, &public, NOW).await, Err(StaffError::BadInvitation)));
    assert!(matches!(staff.invite(&name("ines"), Role::Lead, NOW).await, Err(StaffError::Taken)));
}

#[tokio::test]
async fn a_passkey_may_be_in_whatever_verifies_its_user() {
    let place = Place { origin: "http://localhost:7421".to_owned(), host: "localhost".to_owned() };
    let staff = Staff::new(Arc::new(MemoryStore::new()), Some(place));
    let code = staff.invite(&name("ines"), Role::Lead, NOW).await.unwrap();
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
    let code = staff.invite(&name("ines"), Role::Reviewer, NOW).await.unwrap();
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
async fn who_is_removed_is_out_at_once_and_the_name_is_nobody_elses() {
    let (staff, key) = (staff(), SigningKey::from_bytes(&[1; 32]));
    let code = staff.invite(&name("ines"), Role::Reviewer, NOW).await.unwrap();
    let (_, token) = staff.join_with_key(&code, &key.verifying_key().to_bytes(), NOW).await.unwrap();
    staff.remove(&name("ines"), NOW).await.unwrap();
    assert!(matches!(staff.whose(&token, NOW), Err(StaffError::NoSession)));
    let challenge = staff.challenge(NOW);
    let again = staff.enter_with_key(&name("ines"), &challenge, &sign(&key, &challenge), NOW).await;
    assert!(matches!(again, Err(StaffError::NotProven)));
    assert!(matches!(staff.invite(&name("ines"), Role::Lead, NOW).await, Err(StaffError::Taken)));
    assert_eq!(staff.list().await.unwrap()[0].removed, Some(NOW));
}

#[tokio::test]
async fn an_operator_invites_from_beside_and_the_code_stays_out_of_the_folder() {
    let (staff, data) = (staff(), tempfile::tempdir().unwrap());
    let Order::Invite { code, .. } = invite(Role::Lead) else { unreachable!("an order to invite") };
    let order = Order::Invite { role: Role::Lead, code: code.clone() };
    let file = hand_in(data.path(), &name("ines"), &order, NOW).unwrap();
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&code));
    let followed = staff.follow_orders(data.path(), NOW).await;
    assert_eq!(followed, [Followed::Invited(name("ines"), Role::Lead)]);
    assert!(!file.exists());
    let key = SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
    staff.join_with_key(&code, &key, NOW).await.unwrap();
    hand_in(data.path(), &name("ines"), &Order::Remove, NOW).unwrap();
    assert_eq!(staff.follow_orders(data.path(), NOW).await, [Followed::Removed(name("ines"))]);
}

#[test]
fn names_are_plain() {
    for bad in ["", "Ines", "i nes", "i/nes", &"a".repeat(41)] {
        assert_eq!(bad.parse::<StaffName>(), Err(BadName), "{bad:?}");
    }
}
