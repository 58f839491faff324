//! The key directories of two services: each person's keys proven to people of both, each directory looked at by the
//! other service.

use super::{federation::pair, mls::Person, world::*};
use trefoil_proto::{Domain, Wire as _, edge::Identifier, paths::segment as escaped};
use trefoil_server::federation::IncidentReason;
use trefoil_transparency::{
    device_set::{Step, VerifiedSet},
    directory::{
        AuditAnswer, AuditRequest, Checked, DirectoryError, EpochRecords, KeyProof, KeyProofRequest, Policy,
        ServiceKey, ServiceKeys,
    },
    gossip::SignedRoots,
    log::DirectoryRoot,
};

fn name(text: &str) -> Identifier {
    Identifier::AccountName(text.as_bytes().to_vec())
}

fn handle(text: &str) -> Identifier {
    Identifier::Handle(text.as_bytes().to_vec())
}

/// The keys that a device is told, once both services know each other.
async fn keys(service: &Running) -> Vec<ServiceKey> {
    for _ in 0..500 {
        let known: ServiceKeys = service.call("GET", "directory/services", None, Vec::new()).await.decode();
        if known.keys.len() == 2 {
            return known.keys;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{} knows nobody", service.domain);
}

async fn prove(
    at: &Running,
    asker: &Member,
    of: &Member,
    known: Option<&VerifiedSet>,
    keys: &[ServiceKey],
) -> Result<Checked, DirectoryError> {
    let user = of.uri().user_uri();
    let request = KeyProofRequest { user: user.clone(), known: known.map(|known| known.set().sequence) };
    let proof: KeyProof = at.ask("directory/proof", Some(&asker.token), &request).await;
    assert!(proof.encode().len() < 8 * 1024);
    proof.verify(&user, known, Policy { keys, needed: 1, newest: None }, at.clock_now())
}

fn set(checked: Checked) -> VerifiedSet {
    match checked.set {
        Step::Changed(set, _) => set,
        Step::Reset(_) => panic!("nobody lost an account"),
    }
}

#[tokio::test]
async fn everybody_is_proven_to_everybody_under_roots_that_the_other_service_signed() {
    let world = World::new();
    let (accounts, handles) = pair(&world);
    let ann = accounts.join("ann", name("Ann")).await;
    let ben = handles.join("ben", handle("ben")).await;
    // Asking makes the first epochs, and with them the services hear of each other.
    for (service, member) in [(&accounts, &ann), (&handles, &ben)] {
        let request = KeyProofRequest { user: member.uri().user_uri(), known: None };
        let _: KeyProof = service.ask("directory/proof", Some(&member.token), &request).await;
    }
    let (told_ann, told_ben) = (keys(&accounts).await, keys(&handles).await);
    let sorted = |mut keys: Vec<ServiceKey>| {
        keys.sort_by(|one, other| one.service.cmp(&other.service));
        keys
    };
    assert_eq!(sorted(told_ann.clone()), sorted(told_ben.clone()), "both tell the same keys");

    let own = prove(&accounts, &ann, &ann, None, &told_ann).await.unwrap();
    assert_eq!(own.auditors, [handles.domain.parse::<Domain>().unwrap()]);
    let known = set(own);
    let theirs = prove(&accounts, &ann, &ben, None, &told_ann).await.unwrap();
    assert_eq!(theirs.auditors, [accounts.domain.parse::<Domain>().unwrap()]);
    set(theirs)
        .admits(ben.uri(), ben.mls.signer.public(), &ben.mls.authorisation)
        .expect("the leaf is in the set");

    // A second device, seen from the other service as soon as it is asked for.
    let person = Person::new(&accounts.domain, "ann");
    let second = person.device("d2");
    let request = add_request(&person.key, &[&ann.mls], &second);
    let added = accounts.call("POST", "accounts/devices", Some(&ann.token), request.encode()).await;
    assert_eq!(added.status, 201, "{:?}", added.error());
    let seen = prove(&handles, &ben, &ann, Some(&known), &told_ben).await.unwrap();
    assert_eq!(seen.root.root().epoch, 2);
    let both = set(seen);
    assert_eq!(both.set().devices.len(), 2);
    both.admits(&second.uri, second.signer.public(), &second.authorisation).expect("the new leaf too");

    // And taken off again.
    let second = accounts.log_in(Member { mls: second, token: String::new() }).await;
    assert_eq!(accounts.remove(&ann, &person.key, &[&ann, &second], &second).await.status, 204);
    let seen = set(prove(&handles, &ben, &ann, Some(&both), &told_ben).await.unwrap());
    assert_eq!(seen.set().devices.len(), 1);
    assert!(seen.admits(second.uri(), second.mls.signer.public(), &second.mls.authorisation).is_err());

    // Anyone can follow: every epoch from the empty directory on.
    let told: EpochRecords = handles.call("GET", "directory/epochs/1", None, Vec::new()).await.decode();
    let key = &told_ben.iter().find(|known| known.service.as_str() == handles.domain).unwrap().key;
    let mut before: Option<DirectoryRoot> = None;
    for record in told.records {
        record.verify(&handles.domain.parse().unwrap(), key, before.as_ref()).unwrap();
        before = Some(record.root.root);
    }
    // The root of an epoch, of one's own service and of the other.
    for (service, member) in [(&accounts, &ann), (&handles, &ben)] {
        let path = format!("directory/root/{}/1", accounts.domain);
        let told: SignedRoots = service.call("GET", &path, Some(&member.token), Vec::new()).await.decode();
        let roots: Vec<_> = told.roots.into_iter().map(|signed| signed.root).collect();
        assert_eq!((roots[0].epoch, roots.len()), (1, 3));
        assert!(roots.windows(2).all(|pair| pair[1].follows(&pair[0])));
    }
    accounts.stop().await;
    handles.stop().await;
}

#[tokio::test]
async fn a_set_that_does_not_say_what_the_account_says_changes_nothing() {
    let service = World::new().start("account");
    let ann = service.join("ann", name("Ann")).await;
    let person = Person::new(&service.domain, "ann");
    let (second, third) = (person.device("d2"), person.device("d3"));
    let good = add_request(&person.key, &[&ann.mls], &second);
    let with = |device_set: Vec<u8>| {
        let request = trefoil_proto::edge::AddDeviceRequest { device_set, ..good.clone() };
        let (service, token) = (service.caller(), ann.token.clone());
        async move { service.call("POST", "accounts/devices", Some(&token), request.encode()).await.code() }
    };
    let before = service.dump().await;
    assert_eq!(with(Vec::new()).await, "Malformed");
    assert_eq!(with(device_set(&person.key, &[&[&ann.mls], &[&ann.mls, &third]])).await, "Malformed");
    assert_eq!(with(device_set(&person.key, &[&[&ann.mls], &[&ann.mls]])).await, "Malformed");
    // Signed by somebody else; the first set again; one that skips.
    let stranger = Person::new(&service.domain, "eve");
    assert_eq!(with(device_set(&stranger.key, &[&[&ann.mls], &[&ann.mls, &second]])).await, "Malformed");
    assert_eq!(with(device_set(&person.key, &[&[&ann.mls, &second]])).await, "Conflict");
    let skipping: [&[&super::mls::Device]; 3] = [&[&ann.mls], &[&ann.mls, &third], &[&ann.mls, &second]];
    assert_eq!(with(device_set(&person.key, &skipping)).await, "Conflict");
    assert_eq!(before, service.dump().await);
    let added = service.call("POST", "accounts/devices", Some(&ann.token), good.encode()).await;
    assert_eq!(added.status, 201, "{:?}", added.error());
    // A service alone signs for nobody and says so by saying nothing.
    let lone = prove(&service, &ann, &ann, None, &[]).await.unwrap_err();
    assert_eq!(lone, DirectoryError::UnknownService);
    let own: ServiceKeys = service.call("GET", "directory/services", None, Vec::new()).await.decode();
    assert_eq!(own.keys.len(), 1);
    let lone = prove(&service, &ann, &ann, None, &own.keys).await.unwrap_err();
    assert_eq!(lone, DirectoryError::Unaudited { found: 0, needed: 1 });
    service.stop().await;
}

#[tokio::test]
async fn a_service_that_shows_a_false_directory_is_remembered_for_it() {
    let world = World::new();
    let (accounts, handles) = pair(&world);
    let ann = accounts.join("ann", name("Ann")).await;
    let request = KeyProofRequest { user: ann.uri().user_uri(), known: None };
    let _: KeyProof = accounts.ask("directory/proof", Some(&ann.token), &request).await;
    keys(&handles).await;
    let known: EpochRecords = accounts.call("GET", "directory/epochs/1", None, Vec::new()).await.decode();
    let peer = world.peer_client(&accounts.domain, &handles);
    let url = format!(
        "https://{}:{}/mimi/v1/auditDirectory/{}",
        handles.domain,
        handles.addresses.federation.port(),
        escaped(&accounts.domain)
    );
    let ask = |request: AuditRequest| {
        let call = peer.post(&url).header("from", format!("mimi@{}", accounts.domain)).body(request.encode());
        answer(call)
    };
    let own: ServiceKeys = accounts.call("GET", "directory/services", None, Vec::new()).await.decode();
    let key = own.keys[0].key;
    // The same again is no lie.
    let again: AuditAnswer = ask(AuditRequest { key, records: known.records.clone() }).await.decode();
    assert_eq!(again.epoch, 1);
    // A root under the same number that its service never signed, and another key.
    let mut forged = known.records.clone();
    forged[0].root.root.epoch = 2;
    for request in [AuditRequest { key, records: forged }, AuditRequest { key: [9; 32], records: vec![] }] {
        let refused = ask(request).await;
        assert_eq!((refused.code().as_str(), refused.status), ("PeerMisbehaved", 502));
    }
    let reasons: Vec<_> = handles.incidents().await.into_iter().map(|incident| incident.reason).collect();
    assert_eq!(reasons, [IncidentReason::FalseDirectory; 2]);
    accounts.stop().await;
    handles.stop().await;
}
