//! Accounts that are made with a pass: one service gives it, another takes it, once.

use super::{passes::get, stream::name, world::*};
use trefoil_proto::{
    ErrorBody, ErrorCode, Wire as _,
    edge::{Identifier, RegisterRequest},
    passes::{
        Purpose::{FirstContact, Registration},
        Token,
    },
};

const DAY: u64 = 24 * 60 * 60 * 1000;
const NEEDED: &str = "[registration]\npass_needed = true\n";
const GIVING: &str = "[registration]\npasses_from_day = 0\n";

/// Ann's service, and one whose accounts she gives passes for.
struct Two {
    account: Running,
    handle: Running,
    ann: Member,
}

async fn two(of_account: &str, of_handle: &str) -> Two {
    let world = World::new();
    let ports = [free_port(), free_port()];
    let account =
        world.start_with("account", "account.test", ports[0], &[("handle.test", ports[1])], of_account);
    let handle =
        world.start_with("handle", "handle.test", ports[1], &[("account.test", ports[0])], of_handle);
    let ann = account.join("ann", name("Ann")).await;
    Two { account, handle, ann }
}

impl Two {
    async fn pass(&self, nonce: u8) -> Result<Token, ErrorBody> {
        get(&self.account, &self.ann, "handle.test", Registration, nonce).await
    }

    /// What somebody would send who makes an account.
    fn newcomer(&self, id: &str, handle: &str, pass: Option<Token>) -> RegisterRequest {
        let (_, request) = self.handle.newcomer(id, Identifier::Handle(handle.as_bytes().to_vec()));
        RegisterRequest { pass, ..request }
    }

    async fn register(&self, request: &RegisterRequest) -> Answer {
        self.handle.call("POST", "accounts", None, request.encode()).await
    }

    /// What somebody is told who makes an account with a pass.
    async fn told(&self, id: &str, pass: Token) -> String {
        let answer = self.register(&self.newcomer(id, id, Some(pass))).await;
        let Some(error) = answer.error() else { return answer.status.to_string() };
        format!("{:?} {}", error.code, String::from_utf8(error.detail).unwrap())
    }

    /// Passes that were spent where accounts are made.
    async fn spent(&self) -> usize {
        self.handle.dump().await.keys().filter(|(table, _)| *table == "passes.spent").count()
    }

    async fn stop(self) {
        self.account.stop().await;
        self.handle.stop().await;
    }
}

fn refused(got: Result<Token, ErrorBody>) -> (ErrorCode, u64) {
    let error = got.unwrap_err();
    (error.code, error.retry_after_ms.into())
}

#[tokio::test]
async fn where_a_pass_is_needed_an_account_is_made_with_one_and_with_no_other() {
    let two = two(GIVING, NEEDED).await;
    let without = two.register(&two.newcomer("zed", "zed", None)).await;
    assert_eq!((without.status, without.code().as_str()), (403, "PassNeeded"));
    let token = two.pass(1).await.unwrap();
    let forged = Token { nonce: [2; 32], ..token.clone() };
    let of_another = get(&two.account, &two.ann, "account.test", Registration, 3).await.unwrap();
    let for_another = get(&two.account, &two.ann, "handle.test", FirstContact, 4).await.unwrap();
    for bad in [forged, of_another, for_another] {
        let told = two.told("zed", bad).await;
        assert!(told.starts_with("PassNeeded this registration pass is not good here"), "{told}");
    }
    let zed = two.newcomer("zed", "zed", Some(token.clone()));
    assert_eq!(two.register(&zed).await.status, 201);
    // The answer was lost, and the device asks again.
    assert_eq!(two.register(&zed).await.status, 200);
    let told = two.told("yan", token).await;
    assert!(told.starts_with("PassNeeded this registration pass was used already"), "{told}");
    // Where she is, Ann's own pass is as good; for a registration it is no first contact.
    let own = get(&two.account, &two.ann, "account.test", Registration, 5).await.unwrap();
    let (_, request) = two.account.newcomer("bob", name("Bob"));
    let request = RegisterRequest { pass: Some(own), ..request };
    assert_eq!(two.account.call("POST", "accounts", None, request.encode()).await.status, 201);
    // The service that took it holds nothing by which its giver can be told.
    let dump = two.handle.dump().await;
    for ((table, key), value) in &dump {
        for bytes in [key, value] {
            assert!(!bytes.windows(3).any(|part| part == b"ann"), "Ann is in {table}");
        }
    }
    assert_eq!(two.spent().await, 1);
    two.stop().await;
}

#[tokio::test]
async fn a_pass_is_spent_with_the_account_and_not_before() {
    let two = two(GIVING, "[limits]\nregistrations_per_hour = 3\n").await;
    assert_eq!(two.register(&two.newcomer("zed", "zed", None)).await.status, 201);
    let token = two.pass(1).await.unwrap();
    let taken = two.register(&two.newcomer("yan", "zed", Some(token.clone()))).await;
    assert_eq!(taken.code(), "IdentifierTaken");
    let not_true = RegisterRequest { signature: [1; 64], ..two.newcomer("yan", "yan", Some(token.clone())) };
    assert_eq!(two.register(&not_true).await.code(), "BadSignature");
    assert_eq!(two.spent().await, 0, "who is refused still has the pass");
    assert_eq!(two.told("yan", token).await, "201");
    assert_eq!(two.spent().await, 1);
    // Attempts with a pass count against the pass, and not against the address.
    let token = two.pass(2).await.unwrap();
    for _ in 0..3 {
        let taken = two.register(&two.newcomer("xan", "zed", Some(token.clone()))).await;
        assert_eq!(taken.code(), "IdentifierTaken");
    }
    assert_eq!(two.register(&two.newcomer("xan", "xan", Some(token))).await.code(), "RateLimited");
    for name in ["v", "w"] {
        assert_eq!(two.register(&two.newcomer(name, name, None)).await.status, 201);
    }
    assert_eq!(two.register(&two.newcomer("u", "u", None)).await.code(), "RateLimited");
    assert_eq!(two.told("u", two.pass(3).await.unwrap()).await, "201");
    two.stop().await;
}

#[tokio::test]
async fn an_account_gives_few_passes_and_a_service_gets_so_many_a_day() {
    let few = "[registration]\npasses_from_day = 1\npasses_per_account = 9\n";
    let two = two(few, "[registration]\npasses_per_service = 8\n").await;
    let (code, wait) = refused(two.pass(0).await);
    assert_eq!(code, ErrorCode::RateLimited);
    assert_eq!(wait, DAY - two.account.clock_now().0 % DAY, "too young until midnight");
    for service in [&two.account, &two.handle] {
        service.clock.advance(DAY);
    }
    let two = Two { ann: two.account.log_in(two.ann).await, ..two };
    for nonce in 0..8 {
        two.pass(nonce).await.unwrap();
    }
    // Past the rate of its service; she had none for it, and has one left for her own service.
    for _ in 0..3 {
        let (code, wait) = refused(two.pass(9).await);
        assert!(code == ErrorCode::RateLimited && wait <= DAY / 8, "{code:?} {wait}");
    }
    get(&two.account, &two.ann, "account.test", Registration, 9).await.unwrap();
    let error = get(&two.account, &two.ann, "account.test", Registration, 10).await.unwrap_err();
    let detail = String::from_utf8(error.detail).unwrap();
    assert_eq!(detail, "this account gives no registration pass for now; in 28 days it may");
    two.stop().await;
}

#[tokio::test]
async fn an_operator_says_that_none_are_given() {
    let two = two("[registration]\npasses_per_account = 0\n", "").await;
    assert_eq!(refused(two.pass(0).await).0, ErrorCode::NotAllowed);
    two.stop().await;
    let two = self::two(GIVING, "[registration]\npasses_per_service = 0\n").await;
    assert_eq!(refused(two.pass(0).await).0, ErrorCode::NotAllowed);
    two.stop().await;
}
