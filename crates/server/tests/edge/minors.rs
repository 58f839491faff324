//! Accounts of minors at real services: who reaches them, who finds them, and what a guardian's word does, here and from
//! another service.

use super::{
    accounts::last_code,
    first_contacts::claim,
    key_packages::{open_room, packages, publish, raw, request},
    mls::CLASSICAL,
    stream::name,
    world::*,
};
use ed25519_dalek::SigningKey;
use openmls_traits::signatures::Signer as _;
use trefoil_proto::{
    Month, Timestamp, UserUri, Wire as _,
    edge::{CodeRequest, Identifier},
    mimi::{
        AppDataDictionary, KeyMaterialResponse,
        identifier::{IdentifierQueryCode, IdentifierRequest, IdentifierResponse, QueryElement},
        key_material::KeyMaterialUserCode,
    },
    minors::{
        Act, Ages, Guarded, GuardianWord, InviteGuardian, LONGEST_CONSENT, Marking, MinorStanding, Opening,
        Openness, Reach, Reached, ReplaceReach, WORD_LIFE, WordTbs,
    },
    passes::Claim,
    paths::segment,
};
use trefoil_server::discovery;

const ROOM: &str = "mimi://account.test/r/x";
const ROOM_AT_HANDLE: &str = "mimi://handle.test/r/x";
const HOUR: u64 = 60 * 60 * 1000;
const KEY: Reach = Reach { serial: 1, seed: [7; 32] };

/// Ann at one service with a room; Kim, a minor, at another, with key packages and Bo.
struct Two {
    account: Running,
    handle: Running,
    ann: Member,
    bo: Member,
    kim: Member,
}

async fn two() -> Two {
    let world = World::new();
    let ports = [free_port(), free_port()];
    let without = "[first_contacts]\nlimited = false\npasses = false\n";
    let account =
        world.start_with("account", "account.test", ports[0], &[("handle.test", ports[1])], without);
    let handle = world.start_with("handle", "handle.test", ports[1], &[("account.test", ports[0])], without);
    let mut ann = account.join("ann", name("Ann")).await;
    open_room(&account, &mut ann, ROOM).await;
    let mut bo = handle.join("bo", Identifier::Handle(b"bo".to_vec())).await;
    open_room(&handle, &mut bo, ROOM_AT_HANDLE).await;
    let ends = Some(Month(handle.clock_now().month().0 + 2));
    let marking = Marking { ends, reach: KEY.public() };
    let kim = handle.join_minor("kim", Identifier::Handle(b"kim".to_vec()), marking).await;
    let ready = (0..12).map(|_| raw(&kim.mls.key_package(CLASSICAL))).collect();
    assert_eq!(publish(&handle, &kim, ready, Vec::new()).await.status, 204);
    Two { account, handle, ann, bo, kim }
}

impl Two {
    fn kim(&self) -> UserUri {
        self.kim.uri().user_uri()
    }

    fn today(&self) -> u32 {
        u32::try_from(self.handle.clock_now().0 / (24 * HOUR)).unwrap()
    }

    /// How many packages come of a claim of Ann's with a proof, from her service over the hub.
    async fn reached(&self, key: &Reach, nonce: u8) -> usize {
        let proof = key.prove(&self.kim(), self.today(), [nonce; 32]);
        let claim = Claim::Named(request(&self.ann.mls, &self.kim(), vec![1], ROOM));
        let path = format!("reached/{}", segment(&self.kim().to_string()));
        let answer =
            self.account.call("POST", &path, Some(&self.ann.token), Reached { proof, claim }.encode()).await;
        packages(&answer.decode::<KeyMaterialResponse>()).len()
    }

    /// The same without, of Ann from another service and of Bo from the same.
    async fn turned_to(&self) -> [usize; 2] {
        let mut all = [0; 2];
        let asked = [(&self.account, &self.ann, ROOM), (&self.handle, &self.bo, ROOM_AT_HANDLE)];
        for (at, (service, by, room)) in asked.into_iter().enumerate() {
            let answer: KeyMaterialResponse = claim(service, by, &self.kim(), room).await.decode();
            all[at] = packages(&answer).len();
        }
        all
    }

    async fn look_up(&self) -> IdentifierQueryCode {
        let query = IdentifierRequest {
            query_elements: vec![QueryElement::Nick(b"kim".to_vec())],
            extensions: AppDataDictionary::default(),
        };
        let answer: IdentifierResponse =
            self.account.ask("identifierQuery/handle.test", Some(&self.ann.token), &query).await;
        answer.code
    }

    async fn link(&self, link: &SigningKey) -> Answer {
        let body = InviteGuardian { key: link.verifying_key().to_bytes() }.encode();
        self.handle.call("POST", "minor/guardian", Some(&self.kim.token), body).await
    }

    /// What somebody says about Kim, signed by their device.
    fn word(&self, by: &Member, act: Act, at: Timestamp) -> GuardianWord {
        let tbs = WordTbs { minor: self.kim(), device: by.uri().clone(), at, act };
        let signature = by.mls.signer.sign(&GuardianWord::content(&tbs)).unwrap().try_into().unwrap();
        GuardianWord { tbs, signature }
    }

    async fn send(&self, service: &Running, by: &Member, word: &GuardianWord) -> Answer {
        let path = format!("guardian/{}", segment(&self.kim().to_string()));
        service.call("POST", &path, Some(&by.token), word.encode()).await
    }

    /// Ann says it, at a time after now.
    async fn says(&self, act: Act, later: u64) -> Answer {
        let word = self.word(&self.ann, act, self.handle.clock_now().plus_millis(later));
        self.send(&self.account, &self.ann, &word).await
    }

    /// Ann is Kim's guardian from now on.
    async fn guarded_by_ann(&self) {
        let link = SigningKey::from_bytes(&[9; 32]);
        assert_eq!(self.link(&link).await.status, 204);
        let accepted = self.says(GuardianWord::acceptance(&link, &self.kim(), self.ann.uri()), 0).await;
        assert_eq!(accepted.decode::<Guarded>().open, None);
    }

    fn open(&self, how: Openness) -> Act {
        Act::Open(Opening { how, until: self.handle.clock_now().plus_millis(HOUR) })
    }

    async fn stop(self) {
        self.account.stop().await;
        self.handle.stop().await;
    }
}

#[tokio::test]
async fn a_minor_is_reached_by_whoever_holds_the_key_and_is_not_there_for_others() {
    let two = two().await;
    assert_eq!(two.turned_to().await, [0, 0]);
    let nobody: UserUri = "mimi://handle.test/u/nobody".parse().unwrap();
    for target in [two.kim(), nobody] {
        let answer: KeyMaterialResponse = claim(&two.account, &two.ann, &target, ROOM).await.decode();
        let expected = KeyMaterialResponse {
            user_status: KeyMaterialUserCode::UserUnknown,
            user_uri: target,
            clients: Vec::new(),
            proof: Vec::new(),
            protocol: answer.protocol,
        };
        assert_eq!(answer, expected, "who is not there and who is not reached look alike");
    }
    assert_eq!(two.look_up().await, IdentifierQueryCode::NotFound);
    assert_eq!(two.reached(&KEY, 1).await, 1);
    assert_eq!(two.reached(&KEY, 1).await, 0, "a proof is good once");
    assert_eq!(two.reached(&Reach { serial: 1, seed: [8; 32] }, 2).await, 0, "made with another key");
    assert_eq!(two.reached(&KEY, 3).await, 1);
    // Kim's service holds nothing by which Ann could be told.
    let ann = two.ann.uri().user.as_str().as_bytes();
    for ((table, key), value) in two.handle.dump().await {
        let found = [&key, &value].iter().any(|bytes| bytes.windows(ann.len()).any(|seen| seen == ann));
        assert!(!found || !table.starts_with("minors."), "{table}");
    }
    two.stop().await;
}

#[tokio::test]
async fn ones_own_devices_and_another_key_need_nobody() {
    let two = two().await;
    let mut two = two;
    let room = "mimi://handle.test/r/kims";
    open_room(&two.handle, &mut two.kim, room).await;
    let own: KeyMaterialResponse = claim(&two.handle, &two.kim, &two.kim(), room).await.decode();
    assert_eq!(packages(&own).len(), 1);
    let other = Reach { serial: 2, seed: [8; 32] };
    let body = ReplaceReach { reach: other.public() }.encode();
    assert_eq!(two.handle.call("POST", "minor/reach", Some(&two.kim.token), body.clone()).await.status, 204);
    assert_eq!(two.reached(&KEY, 1).await, 0, "the old one is void");
    assert_eq!(two.reached(&other, 2).await, 1);
    // Bo is of age.
    assert_eq!(two.handle.call("POST", "minor/reach", Some(&two.bo.token), body).await.code(), "NotFound");
    let standing: MinorStanding =
        two.handle.call("GET", "minor", Some(&two.bo.token), Vec::new()).await.decode();
    assert_eq!(standing, MinorStanding { guarded: None, guardian: None, reach: None });
    two.stop().await;
}

#[tokio::test]
async fn a_guardian_of_another_service_opens_the_account_for_a_time() {
    let two = two().await;
    two.guarded_by_ann().await;
    let standing: MinorStanding =
        two.handle.call("GET", "minor", Some(&two.kim.token), Vec::new()).await.decode();
    assert_eq!(standing.guardian, Some(two.ann.uri().user_uri()));
    let opened: Guarded = two.says(two.open(Openness::Address), 1).await.decode();
    assert_eq!(opened.open.unwrap().how, Openness::Address);
    assert_eq!((two.turned_to().await, two.look_up().await), ([1, 1], IdentifierQueryCode::NotFound));
    assert_eq!(two.says(two.open(Openness::Found), 2).await.status, 200);
    assert_eq!((two.turned_to().await, two.look_up().await), ([1, 1], IdentifierQueryCode::Success));
    assert_eq!(two.says(Act::Close, 3).await.status, 200);
    assert_eq!((two.turned_to().await, two.look_up().await), ([0, 0], IdentifierQueryCode::NotFound));
    assert_eq!(two.says(two.open(Openness::Found), 4).await.status, 200);
    two.handle.clock.advance(HOUR);
    assert_eq!(two.look_up().await, IdentifierQueryCode::NotFound, "it ended by itself");
    two.stop().await;
}

#[tokio::test]
async fn nobody_opens_an_account_but_the_guardian_whom_the_minor_linked() {
    let two = two().await;
    let open = two.open(Openness::Found);
    let now = two.handle.clock_now();
    // Neither the minor, nor somebody whom the minor did not link, nor by a link that is none.
    let own = two.word(&two.kim, open.clone(), now);
    assert_eq!(two.send(&two.handle, &two.kim, &own).await.code(), "NotFound");
    assert_eq!(two.says(open.clone(), 0).await.code(), "NotFound");
    let link = SigningKey::from_bytes(&[9; 32]);
    let accept = |by: &Member, link: &SigningKey| GuardianWord::acceptance(link, &two.kim(), by.uri());
    assert_eq!(two.says(accept(&two.ann, &link), 0).await.code(), "NotAllowed");
    assert_eq!(two.link(&link).await.status, 204);
    let oneself = two.word(&two.kim, accept(&two.kim, &link), now);
    assert_eq!(two.send(&two.handle, &two.kim, &oneself).await.code(), "NotAllowed");
    assert_eq!(two.says(accept(&two.bo, &link), 0).await.code(), "NotAllowed", "another device's");
    // Taking up what was never shown is answered alike about a minor with a guardian or without, somebody of age, and nobody.
    let about = |whom: &UserUri| {
        let act = GuardianWord::acceptance(&SigningKey::from_bytes(&[1; 32]), whom, two.bo.uri());
        let tbs = WordTbs { minor: whom.clone(), device: two.bo.uri().clone(), at: now, act };
        let signature = two.bo.mls.signer.sign(&GuardianWord::content(&tbs)).unwrap().try_into().unwrap();
        GuardianWord { tbs, signature }
    };
    let tried = async |whom: &UserUri| {
        let path = format!("guardian/{}", segment(&whom.to_string()));
        let answer = two.handle.call("POST", &path, Some(&two.bo.token), about(whom).encode()).await;
        (answer.status, answer.body)
    };
    let unguarded = tried(&two.kim()).await;
    two.guarded_by_ann().await;
    assert_eq!(two.link(&link).await.code(), "Conflict", "there is one already");
    for whom in [two.kim(), two.bo.uri().user_uri(), "mimi://handle.test/u/nobody".parse().unwrap()] {
        assert_eq!(tried(&whom).await, unguarded, "{whom}");
    }
    let bo = two.word(&two.bo, open.clone(), now);
    assert_eq!(two.send(&two.handle, &two.bo, &bo).await.code(), "NotFound");

    // Forged: another device's key; another's name; altered.
    let mut forged = two.word(&two.bo, open.clone(), now.plus_millis(1));
    forged.tbs.device = two.ann.uri().clone();
    assert_eq!(two.send(&two.account, &two.ann, &forged).await.code(), "BadSignature");
    assert_eq!(two.send(&two.handle, &two.bo, &forged).await.code(), "NotAllowed");
    let mut altered = two.word(&two.ann, Act::Close, now.plus_millis(1));
    altered.tbs.act = open.clone();
    assert_eq!(two.send(&two.account, &two.ann, &altered).await.code(), "BadSignature");
    // For the past, for too long, too old, said before.
    let until = |until| Act::Open(Opening { how: Openness::Found, until });
    assert_eq!(two.says(until(now), 1).await.code(), "Malformed");
    assert_eq!(two.says(until(now.plus_millis(LONGEST_CONSENT + HOUR)), 1).await.code(), "Malformed");
    assert_eq!(two.says(open.clone(), WORD_LIFE + HOUR).await.code(), "BadSignature");
    assert_eq!(two.look_up().await, IdentifierQueryCode::NotFound);
    let opened = two.word(&two.ann, open, now.plus_millis(1));
    assert_eq!(two.send(&two.account, &two.ann, &opened).await.status, 200);
    assert_eq!(two.says(Act::Close, 2).await.status, 200);
    assert_eq!(two.send(&two.account, &two.ann, &opened).await.code(), "Conflict", "replayed");
    assert_eq!(two.look_up().await, IdentifierQueryCode::NotFound);
    assert_eq!(two.says(Act::Release, 3).await.status, 200);
    assert_eq!(two.says(Act::Look, 4).await.code(), "NotFound", "no guardian any more");
    two.stop().await;
}

#[tokio::test]
async fn who_comes_of_age_is_marked_no_more() {
    let two = two().await;
    two.handle.clock.advance(93 * 24 * HOUR);
    two.account.clock.advance(93 * 24 * HOUR);
    let ann = two.account.log_in(Member { mls: two.ann.mls, token: String::new() }).await;
    let kim = two.kim.uri().user_uri();
    let claimed: KeyMaterialResponse = claim(&two.account, &ann, &kim, ROOM).await.decode();
    assert_ne!(claimed.user_status, KeyMaterialUserCode::UserUnknown);
    two.account.stop().await;
    two.handle.stop().await;
}

#[tokio::test]
async fn a_marking_that_cannot_be_is_refused_and_ages_are_told() {
    let service = World::new().start_with(
        "handle",
        "handle.test",
        free_port(),
        &[],
        "[minors]\nage = 17\nplaces = { KR = 19 }\n",
    );
    let ages: Ages = service.call("GET", "minors/ages", None, Vec::new()).await.decode();
    assert_eq!((ages.of(None), ages.of("KR".parse().ok())), (17, 19));
    let before = service.dump().await;
    let over = Month(service.clock_now().month().0 - 1);
    let marking = Marking { ends: Some(over), reach: KEY.public() };
    let (_, request) = service.newcomer_marked("kim", Identifier::Handle(b"kim".to_vec()), marking);
    assert_eq!(service.call("POST", "accounts", None, request.encode()).await.code(), "Malformed");
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn a_minor_is_not_among_those_who_are_found_by_number_until_the_guardian_says_so() {
    let service = World::new().start_with("phone", "phone.test", free_port(), &[], "");
    let number = "+4733333333";
    service.call("POST", "accounts/code", None, CodeRequest { number: number.into() }.encode()).await;
    let code = last_code(&service, number).await;
    let identifier = Identifier::Phone { number: number.into(), code: code.into() };
    let marking = Marking { ends: None, reach: KEY.public() };
    let kim = service.join_minor("kim", identifier, marking).await;
    let entries = async || {
        let rows = service.dump().await;
        rows.keys().filter(|(table, _)| *table == discovery::TABLES[0].table.name()).count()
    };
    assert_eq!(entries().await, 0);
    let number = "+4744444444";
    service.call("POST", "accounts/code", None, CodeRequest { number: number.into() }.encode()).await;
    let code = last_code(&service, number).await;
    let mum = service.join("mum", Identifier::Phone { number: number.into(), code: code.into() }).await;
    assert_eq!(entries().await, 1, "of whoever is of age");
    let link = SigningKey::from_bytes(&[9; 32]);
    let body = InviteGuardian { key: link.verifying_key().to_bytes() }.encode();
    assert_eq!(service.call("POST", "minor/guardian", Some(&kim.token), body).await.status, 204);
    let user = kim.uri().user_uri();
    let path = format!("guardian/{}", segment(&user.to_string()));
    let says = async |act, later| {
        let at = service.clock_now().plus_millis(later);
        let tbs = WordTbs { minor: user.clone(), device: mum.uri().clone(), at, act };
        let signature = mum.mls.signer.sign(&GuardianWord::content(&tbs)).unwrap().try_into().unwrap();
        let word = GuardianWord { tbs, signature };
        assert_eq!(service.call("POST", &path, Some(&mum.token), word.encode()).await.status, 200);
    };
    says(GuardianWord::acceptance(&link, &user, mum.uri()), 0).await;
    let until = service.clock_now().plus_millis(HOUR);
    says(Act::Open(Opening { how: Openness::Found, until }), 1).await;
    assert_eq!(entries().await, 2);
    says(Act::Close, 2).await;
    assert_eq!(entries().await, 1);
    service.stop().await;
}
