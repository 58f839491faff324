//! An account whose devices are lost: let in on the account key, in the place of all others; and backups over HTTP.

use super::{mls::Person, world::*};
use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    DeviceUri, Wire as _,
    backup::*,
    edge::{ChallengeRequest, ChallengeResponse, DeviceList, Identifier},
    recovery::{BeginRecoveryRequest, RecoverRequest, RecoverTbs, RecoveryBegun},
};
use trefoil_transparency::device_set::SignedDeviceSet;

fn name(text: &str) -> Identifier {
    Identifier::AccountName(text.as_bytes().to_vec())
}

async fn challenge(service: &Running, device: &DeviceUri) -> Vec<u8> {
    let request = ChallengeRequest { device: device.clone() };
    let response: ChallengeResponse = service.ask("auth/challenge", None, &request).await;
    response.challenge
}

fn recovery(
    key: &SigningKey,
    had: &[&[&super::mls::Device]],
    device: &super::mls::Device,
    challenge: Vec<u8>,
) -> RecoverRequest {
    let alone: &[&super::mls::Device] = &[device];
    let history = [had, &[alone]].concat();
    let device_set = device_set(key, &history);
    RecoverRequest::sign(key, RecoverTbs { device: new_device(device), challenge, device_set })
}

#[tokio::test]
async fn the_account_key_lets_a_new_device_in_and_every_other_one_out() {
    let service = World::new().start("account");
    let person = Person::new(&service.domain, "ann");
    let first = service.join("ann", name("Ann")).await;
    let (second, third) = (person.device("d2"), person.device("d3"));
    let body = add_request(&person.key, &[&first.mls], &second).encode();
    assert_eq!(service.call("POST", "accounts/devices", Some(&first.token), body).await.status, 201);
    let second = service.log_in(Member { mls: second, token: String::new() }).await;

    let nonce = challenge(&service, &third.uri).await;
    let begin = BeginRecoveryRequest::sign(&person.key, third.uri.clone(), nonce.clone());
    let begun: RecoveryBegun = service.ask("accounts/recover/begin", None, &begin).await;
    let newest = SignedDeviceSet::decode(&begun.device_set).unwrap();
    assert_eq!((newest.set.sequence, newest.set.devices.len()), (2, 2));

    let had: [&[&super::mls::Device]; 2] = [&[&first.mls], &[&first.mls, &second.mls]];
    let good = recovery(&person.key, &had, &third, nonce);
    let answer = service.call("POST", "accounts/recover", None, good.encode()).await;
    assert_eq!(answer.status, 201, "{:?}", answer.error());
    // The answer was lost.
    assert_eq!(service.call("POST", "accounts/recover", None, good.encode()).await.status, 200);

    for lost in [&first, &second] {
        let answer = service.call("GET", "accounts/devices", Some(&lost.token), vec![]).await;
        assert_eq!(answer.status, 401, "its token is void");
        let request = service.token_request(lost).await;
        assert_eq!(
            service.call("POST", "auth/token", None, request.encode()).await.code(),
            "Unauthenticated"
        );
    }
    let third = service.log_in(Member { mls: third, token: String::new() }).await;
    let list: DeviceList = service.call("GET", "accounts/devices", Some(&third.token), vec![]).await.decode();
    assert_eq!(list.devices, [new_device(&third.mls)]);
    // No device comes back under the name of one that was lost.
    let nonce = challenge(&service, first.uri()).await;
    let sets: [&[&super::mls::Device]; 3] = [&[&first.mls], &[&first.mls, &second.mls], &[&third.mls]];
    let back = recovery(&person.key, &sets, &first.mls, nonce);
    assert_eq!(service.call("POST", "accounts/recover", None, back.encode()).await.code(), "Unauthenticated");
    service.stop().await;
}

#[tokio::test]
async fn a_recovery_that_is_not_the_accounts_changes_nothing() {
    let service = World::new().start("account");
    let person = Person::new(&service.domain, "ann");
    let first = service.join("ann", name("Ann")).await;
    let eve = service.join("eve", name("Eve")).await;
    let stranger = Person::new(&service.domain, "eve").key;
    let new = person.device("d2");
    let other = person.device("d3");
    let had: [&[&super::mls::Device]; 1] = [&[&first.mls]];
    let nonce = challenge(&service, &new.uri).await;
    let good = recovery(&person.key, &had, &new, nonce.clone());
    let before = service.dump().await;

    let begin = |key: &SigningKey, uri: &DeviceUri, nonce: &[u8]| {
        BeginRecoveryRequest::sign(key, uri.clone(), nonce.to_vec()).encode()
    };
    let nobody: DeviceUri = "mimi://account.test/d/nobody/d1".parse().unwrap();
    let of_nobody = challenge(&service, &nobody).await;
    let elsewhere: DeviceUri = "mimi://other.test/d/ann/d2".parse().unwrap();
    let from_elsewhere = challenge(&service, &elsewhere).await;
    for (what, body, code) in [
        ("by a stranger", begin(&stranger, &new.uri, &nonce), "BadSignature"),
        ("of nobody", begin(&person.key, &nobody, &of_nobody), "BadSignature"),
        ("of another service", begin(&person.key, &elsewhere, &from_elsewhere), "NotAllowed"),
        ("with the challenge of another device", begin(&person.key, &other.uri, &nonce), "Unauthenticated"),
        ("with no challenge", begin(&person.key, &new.uri, b""), "Unauthenticated"),
    ] {
        let answer = service.call("POST", "accounts/recover/begin", None, body).await;
        assert_eq!(answer.code(), code, "{what}");
    }

    let mut altered = good.clone();
    altered.signature[3] ^= 1;
    let mut other_key = good.clone();
    other_key.tbs.device.signature_key[0] ^= 1;
    let by_stranger = RecoverRequest::sign(&stranger, good.tbs.clone());
    let mut tbs = good.tbs.clone();
    tbs.device_set = device_set(&person.key, &[&[&first.mls], &[&first.mls, &new]]);
    let keeps_the_old = RecoverRequest::sign(&person.key, tbs.clone());
    tbs.device_set = device_set(&person.key, &[&[&new]]);
    let another_history = RecoverRequest::sign(&person.key, tbs.clone());
    tbs.device_set = device_set(&stranger, &[&[&first.mls], &[&new]]);
    let set_of_a_stranger = RecoverRequest::sign(&person.key, tbs);
    let mut tbs = good.tbs.clone();
    tbs.device = new_device(&first.mls);
    tbs.challenge = challenge(&service, first.uri()).await;
    tbs.device_set = device_set(&person.key, &[&[&first.mls], &[&first.mls]]);
    // A device that is there is no lost one: that changes nothing either.
    let no_change = RecoverRequest::sign(&person.key, tbs);
    assert_eq!(service.call("POST", "accounts/recover", None, no_change.encode()).await.status, 200);
    for (what, request, code) in [
        ("altered", altered, "BadSignature"),
        ("with another key", other_key, "BadSignature"),
        ("by a stranger", by_stranger, "BadSignature"),
        ("with a set that keeps the old device", keeps_the_old, "Malformed"),
        ("with a set of another history", another_history, "Conflict"),
        ("with a set of a stranger", set_of_a_stranger, "Malformed"),
    ] {
        let answer = service.call("POST", "accounts/recover", None, request.encode()).await;
        assert_eq!(answer.code(), code, "{what}: {:?}", answer.error());
    }
    assert_eq!(before, service.dump().await);
    // Its challenge is good for a minute.
    service.clock.advance(61_000);
    let answer = service.call("POST", "accounts/recover", None, good.encode()).await;
    assert_eq!(answer.code(), "Unauthenticated");
    assert_eq!(before, service.dump().await);
    let devices = service.call("GET", "accounts/devices", Some(&eve.token), vec![]).await;
    assert_eq!(devices.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn a_backup_is_written_by_its_person_and_read_by_its_token() {
    let service = World::new().start("account");
    let ann = service.join("ann", name("Ann")).await;
    let eve = service.join("eve", name("Eve")).await;
    let (id, token, segment) = (BackupId([1; 32]), BackupToken([2; 32]), SegmentName([3; 16]));
    let open = OpenBackup { id, token_hash: Sha256::digest(token.0).into(), kind: BackupKind::Lasting };
    let put =
        |token: &BackupToken| PutSegment { id, token: token.clone(), name: segment, sealed: vec![4; 5000] };
    let list =
        |expected| PutManifest { id, token: token.clone(), expected, sealed: vec![5; 9], dropped: vec![] };
    let read = |part| ReadBackup { id, token: token.clone(), part };
    let call = async |path: &str, by: Option<&Member>, body: Vec<u8>| {
        service.call("POST", path, by.map(|member| &member.token[..]), body).await
    };
    assert_eq!(call("backups", None, open.encode()).await.code(), "Unauthenticated");
    assert_eq!(call("backups", Some(&ann), open.encode()).await.status, 201);
    assert_eq!(call("backups", Some(&ann), open.encode()).await.status, 200);
    assert_eq!(call("backups", Some(&eve), open.encode()).await.code(), "Conflict");
    assert_eq!(call("backups/segment", Some(&ann), put(&token).encode()).await.status, 201);
    assert_eq!(call("backups/segment", Some(&ann), put(&token).encode()).await.status, 200);
    assert_eq!(call("backups/segment", Some(&eve), put(&token).encode()).await.code(), "NotFound");
    let wrong = BackupToken([9; 32]);
    assert_eq!(call("backups/segment", Some(&ann), put(&wrong).encode()).await.code(), "NotFound");
    assert_eq!(call("backups/manifest", Some(&ann), list(0).encode()).await.status, 204);
    let late = call("backups/manifest", Some(&ann), list(5).encode()).await;
    assert_eq!((late.code(), late.error().unwrap().detail), ("Conflict".to_owned(), b"1".to_vec()));
    // Nobody says who they are.
    let part: SealedPart = service.ask("backups/read", None, &read(BackupPart::Segment(segment))).await;
    assert_eq!(part, SealedPart { counter: 1, sealed: vec![4; 5000] });
    let other = ReadBackup { token: wrong, ..read(BackupPart::Manifest) };
    assert_eq!(call("backups/read", None, other.encode()).await.code(), "NotFound");
    let delete = DeleteBackup { id, token: token.clone(), kind: BackupKind::Lasting };
    assert_eq!(call("backups/delete", Some(&eve), delete.encode()).await.code(), "NotFound");
    assert_eq!(call("backups/delete", Some(&ann), delete.encode()).await.status, 204);
    assert_eq!(call("backups/read", None, read(BackupPart::Manifest).encode()).await.code(), "NotFound");
    service.stop().await;
}
