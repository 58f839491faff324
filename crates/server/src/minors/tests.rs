//! Who reaches a minor's account, what a guardian's word does to it, and that rows keep their form.

#![allow(clippy::unwrap_used)]

use super::{
    rows::{GuardianRow, LinkRow},
    *,
};
use ed25519_dalek::SigningKey;
use trefoil_proto::{
    DeviceUri, Month,
    minors::{Opening, Reach, WordTbs},
};

/// The middle of November 2023.
const NOW: Timestamp = Timestamp(1_700_000_000_000);
const HOUR: u64 = 60 * 60 * 1000;

fn link() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn reach() -> Reach {
    Reach { serial: 1, seed: [1; 32] }
}

fn kim() -> UserUri {
    "mimi://a.test/u/kim".parse().unwrap()
}

fn mum() -> DeviceUri {
    "mimi://b.test/d/mum/d1".parse().unwrap()
}

pub(super) fn row() -> MinorRow {
    MinorRow {
        ends: Some(Month(NOW.month().0 + 2)),
        reach: reach().public(),
        entry: vec![5; 3],
        entered: None,
        link: Some(LinkRow { key: link().verifying_key().to_bytes(), until: NOW.plus_millis(HOUR) }),
        guardian: Some(GuardianRow { user: mum().user_uri(), heard: NOW }),
        open: Some(Opening { how: Openness::Found, until: NOW.plus_millis(HOUR) }),
    }
}

fn bare() -> MinorRow {
    MinorRow { guardian: None, open: None, ..row() }
}

fn said(device: DeviceUri, act: Act, at: Timestamp) -> GuardianWord {
    // The signature is the edge's to verify.
    GuardianWord { tbs: WordTbs { minor: kim(), device, at, act }, signature: [0; 64] }
}

#[test]
fn rows_keep_their_form() {
    let row = row();
    assert_eq!(MinorRow::decode(&row.encode()).unwrap(), row);
    let begin = [&[1, 1][..], &row.ends.unwrap().0.to_be_bytes(), &row.reach, &[3, 5, 5, 5, 0, 1]].concat();
    assert_eq!(row.encode()[..begin.len()], begin);
    assert!(matches!(MinorRow::decode(&[2]), Err(MinorsError::DamagedRow)));
}

#[test]
fn whoever_holds_the_key_reaches_a_minor_and_nobody_else() {
    let today = decide::day(NOW);
    fn reaches(row: &MinorRow, shown: Shown<'_>) -> bool {
        row.admits(&kim(), shown, NOW)
    }
    let proof = reach().prove(&kim(), today, [2; 32]);
    assert!(!reaches(&bare(), Shown::Nothing));
    assert!(reaches(&bare(), Shown::Own) && reaches(&bare(), Shown::Proof(&proof)));
    for day in [today - 1, today + 1] {
        assert!(reaches(&bare(), Shown::Proof(&reach().prove(&kim(), day, [2; 32]))));
    }
    let other = Reach { serial: 1, seed: [9; 32] };
    for bad in [
        reach().prove(&kim(), today - 2, [2; 32]),
        reach().prove(&kim(), today + 2, [2; 32]),
        reach().prove(&"mimi://a.test/u/kai".parse().unwrap(), today, [2; 32]),
        other.prove(&kim(), today, [2; 32]),
    ] {
        assert!(!reaches(&bare(), Shown::Proof(&bad)));
    }
    let open = |how| MinorRow { open: Some(Opening { how, until: NOW.plus_millis(1) }), ..bare() };
    assert!(reaches(&open(Openness::Address), Shown::Nothing));
    assert!(reaches(&open(Openness::Found), Shown::Nothing));
    assert!(!open(Openness::Found).admits(&kim(), Shown::Nothing, NOW.plus_millis(1)), "it is over");
}

#[test]
fn a_marking_ends_by_itself_with_its_month() {
    let begin = |ends| {
        let marking = Marking { ends, reach: [1; 32] };
        decide::marked(&marking, Vec::new(), NOW)
    };
    let month = NOW.month().0;
    for bad in [0, month - 1, month + 30 * 12 + 1] {
        assert!(matches!(begin(Some(Month(bad))), Err(MinorsError::Ends)), "{bad}");
    }
    assert!(begin(None).unwrap().holds(Timestamp(u64::MAX)));
    let row = begin(Some(Month(month))).unwrap();
    let (last, december) = (NOW.plus_millis(15 * 24 * HOUR), NOW.plus_millis(17 * 24 * HOUR));
    assert!(row.holds(NOW) && row.holds(last), "the birthday may be the last day of the month");
    assert!(!row.holds(december));
    assert_eq!(row.openness(december), Openness::Found);
}

#[test]
fn a_guardian_is_whom_the_minor_linked() {
    let accept = |device: DeviceUri, with: &SigningKey| {
        said(device.clone(), GuardianWord::acceptance(with, &kim(), &device), NOW)
    };
    let linked = bare().after(&accept(mum(), &link()), NOW).unwrap();
    assert_eq!(linked.guardian.as_ref().unwrap().user, mum().user_uri());
    assert_eq!(linked.link, None, "a link is good once");
    let again = linked.after(&accept(mum(), &link()), NOW);
    assert!(matches!(again, Err(MinorsError::Link)), "that there is one, nobody hears");
    let own = accept("mimi://a.test/d/kim/d1".parse().unwrap(), &link());
    assert!(matches!(bare().after(&own, NOW), Err(MinorsError::Link)));
    let other = accept(mum(), &SigningKey::from_bytes(&[4; 32]));
    assert!(matches!(bare().after(&other, NOW), Err(MinorsError::Link)));
    let late = bare().after(&accept(mum(), &link()), NOW.plus_millis(HOUR));
    assert!(matches!(late, Err(MinorsError::Link)));
    let nobodys = MinorRow { link: None, ..bare() };
    assert!(matches!(nobodys.after(&accept(mum(), &link()), NOW), Err(MinorsError::Link)));
}

#[test]
fn the_guardian_opens_and_closes_and_nobody_else_does() {
    let until = NOW.plus_millis(HOUR);
    let open = |how, until| Act::Open(Opening { how, until });
    let later = NOW.plus_millis(1);
    let closed = MinorRow { open: None, ..row() };
    let opened = closed.after(&said(mum(), open(Openness::Address, until), later), NOW).unwrap();
    assert_eq!(opened.openness(NOW), Openness::Address);
    for act in [Act::Close, open(Openness::Connections, until)] {
        let shut = opened.after(&said(mum(), act, NOW.plus_millis(2)), NOW).unwrap();
        assert_eq!(shut.openness(NOW), Openness::Connections);
    }
    for at in [NOW, later] {
        let replayed = opened.after(&said(mum(), open(Openness::Found, until), at), NOW);
        assert!(matches!(replayed, Err(MinorsError::Replayed)));
    }
    for bad in [NOW, NOW.plus_millis(trefoil_proto::minors::LONGEST_CONSENT + 1)] {
        let refused = closed.after(&said(mum(), open(Openness::Found, bad), later), NOW);
        assert!(matches!(refused, Err(MinorsError::Until)));
    }
    for stranger in ["mimi://a.test/d/kim/d1", "mimi://b.test/d/dad/d1"] {
        for act in [open(Openness::Found, until), Act::Close, Act::Release, Act::Look] {
            let refused = row().after(&said(stranger.parse().unwrap(), act, later), NOW);
            assert!(matches!(refused, Err(MinorsError::NotTheGuardian)));
        }
    }
    let released = row().after(&said(mum(), Act::Release, later), NOW).unwrap();
    assert_eq!((released.guardian, released.open), (None, None));
}
