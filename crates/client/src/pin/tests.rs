//! Setting and restoring against three model services, which keep what a real one keeps and answer as it answers; and an
//! attacker with everything that one of them has.

#![allow(clippy::unwrap_used)]

use super::{keys::RecordKeys, oblivious::Blinded, *};
use std::collections::BTreeMap;
use trefoil_proto::{
    ErrorCode, Wire as _,
    pin::{
        Element, Evaluated, Note, Place, PrepareRequest, Prepared, RecordName, RemoveRequest, StoreRequest,
        TryRequest, TryResponse, UnlockRequest,
    },
};
use voprf::{BlindedElement, OprfServer, Ristretto255};

const GUESSES: u32 = 10;
const SALT: [u8; 32] = [9; 32];
const ADDRESSES: [&str; 3] = ["https://a.test", "https://b.test", "https://c.test"];

/// What a service keeps of one PIN.
#[derive(Clone)]
struct Row {
    seed: [u8; 32],
    masked: [u8; 32],
    serial: u32,
    cleared: u32,
    locked: bool,
}

#[derive(Clone, Default)]
struct Vault {
    rows: BTreeMap<RecordName, Row>,
    made: u8,
    behaves: Behaves,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Behaves {
    #[default]
    Well,
    Down,
    /// Another share than the one it keeps.
    FalseShare,
    /// Another key than the record's.
    FalseKey,
    /// No element.
    Nonsense,
    /// Bytes of no structure.
    Noise,
}

fn evaluate(seed: &[u8; 32], blinded: &Element) -> Element {
    let server = OprfServer::<Ristretto255>::new_from_seed(seed, b"model").unwrap();
    let blinded = BlindedElement::deserialize(&blinded.0).unwrap();
    Element(server.blind_evaluate(&blinded).serialize().into())
}

fn not_found() -> Reply {
    Reply::Refused(ErrorBody { code: ErrorCode::NotFound, retry_after_ms: 0, detail: Vec::new() })
}

impl Vault {
    fn answer(&mut self, request: &Request) -> Reply {
        if self.behaves == Behaves::Down {
            return Reply::Silent;
        }
        let body = match request.path.as_str() {
            "/v1/pin/prepare" => {
                let request = PrepareRequest::decode(&request.body).unwrap();
                self.made += 1;
                let seed = [self.made; 32];
                Prepared { ticket: seed.to_vec(), evaluated: evaluate(&seed, &request.blinded) }.encode()
            }
            "/v1/pin/records" => {
                let request = StoreRequest::decode(&request.body).unwrap();
                request.verify().unwrap();
                let seed = request.tbs.ticket.try_into().unwrap();
                let row = Row { seed, masked: request.tbs.masked, serial: 0, cleared: 0, locked: false };
                self.rows.insert(request.tbs.name, row);
                Vec::new()
            }
            "/v1/pin/tries" => return self.attempt(&TryRequest::decode(&request.body).unwrap()),
            "/v1/pin/unlock" => {
                let request = UnlockRequest::decode(&request.body).unwrap();
                request.verify().unwrap();
                self.rows.get_mut(&request.tbs.name).unwrap().cleared = request.tbs.through;
                Vec::new()
            }
            "/v1/pin/remove" => {
                let request = RemoveRequest::decode(&request.body).unwrap();
                request.verify().unwrap();
                self.rows.remove(&request.tbs.name);
                Vec::new()
            }
            other => panic!("{other}"),
        };
        Reply::Answered(body)
    }

    fn attempt(&mut self, request: &TryRequest) -> Reply {
        let Some(row) = self.rows.get_mut(&request.name) else { return not_found() };
        if row.locked {
            return Reply::Answered(TryResponse::Locked.encode());
        }
        row.serial += 1;
        let left = GUESSES - (row.serial - row.cleared);
        row.locked = left == 0;
        let mut answer = Evaluated {
            evaluated: evaluate(&row.seed, &request.blinded),
            masked: row.masked,
            serial: row.serial,
            left,
        };
        match self.behaves {
            Behaves::FalseShare => answer.masked[3] ^= 1,
            Behaves::FalseKey => answer.evaluated = evaluate(&[0xee; 32], &request.blinded),
            Behaves::Nonsense => answer.evaluated = Element([0xff; 32]),
            Behaves::Noise => return Reply::Answered(vec![7; 9]),
            Behaves::Well | Behaves::Down => {}
        }
        Reply::Answered(TryResponse::Evaluated(answer).encode())
    }
}

/// Stands for Argon2id, which would make these tests long.
fn stretched(pin: u32) -> SecretBytes {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&pin.to_be_bytes());
    SecretBytes::new(bytes)
}

fn secret() -> SecretBytes {
    SecretBytes::new(std::array::from_fn(|at| 7 * at as u8 + 1))
}

/// Three services on which a PIN was set.
#[derive(Clone)]
struct Three {
    vaults: [Vault; 3],
    note: Note,
}

impl Three {
    fn with(pin: u32) -> Self {
        let mut vaults: [Vault; 3] = Default::default();
        // Each service has keys of its own.
        for (number, vault) in vaults.iter_mut().enumerate() {
            vault.made = 10 * number as u8;
        }
        let begun = Registration::with_stretched(&secret(), &stretched(pin), SALT, ADDRESSES).unwrap();
        let note = set(&mut vaults, begun).unwrap();
        Self { vaults, note }
    }

    fn behaving(pin: u32, behaves: [Behaves; 3]) -> Self {
        let mut three = Self::with(pin);
        for (vault, behaves) in three.vaults.iter_mut().zip(behaves) {
            vault.behaves = behaves;
        }
        three
    }

    fn attempt(&mut self, pin: u32) -> Outcome {
        let (mut recovery, requests) = Recovery::with_stretched(&self.note, &stretched(pin)).unwrap();
        let mut outcome = None;
        for request in requests {
            assert!(outcome.is_none(), "an outcome before everybody was heard");
            assert_eq!(recovery.address(request.seat), ADDRESSES[request.seat.index()]);
            let reply = self.vaults[request.seat.index()].answer(&request);
            outcome = recovery.answered(request.seat, &reply);
        }
        outcome.unwrap()
    }

    /// Restores, and sends what is to be sent afterwards.
    fn restore(&mut self, pin: u32) -> Restored {
        match self.attempt(pin) {
            Outcome::Restored(restored) => {
                for request in &restored.unlock {
                    assert_eq!(
                        self.vaults[request.seat.index()].answer(request),
                        Reply::Answered(Vec::new())
                    );
                }
                assert!(restored.secret.same(&secret()));
                restored
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Carries a registration through.
fn set(
    vaults: &mut [Vault; 3],
    (mut registration, requests): (Registration, Vec<Request>),
) -> Result<Note, PinError> {
    let mut waiting = requests;
    while let Some(request) = waiting.pop() {
        let reply = vaults[request.seat.index()].answer(&request);
        match registration.answered(request.seat, &reply) {
            Ok(Step::Ask(next)) => waiting.push(next),
            Ok(Step::Wait) => {}
            Ok(Step::Done(note)) => {
                assert!(waiting.is_empty());
                return Ok(note);
            }
            Err(error) => {
                for request in registration.abandon() {
                    vaults[request.seat.index()].answer(&request);
                }
                return Err(error);
            }
        }
    }
    panic!("it waits for nothing")
}

const GOOD: Standing = Standing::Answered { left: GUESSES - 1 };

#[test]
fn the_right_pin_restores_and_its_tries_do_not_count() {
    let mut three = Three::with(1234);
    for _ in 0..3 {
        let Outcome::Wrong { .. } = three.attempt(1) else { panic!("restored by another PIN") };
    }
    let restored = three.restore(1234);
    assert_eq!(restored.standings, [Standing::Answered { left: GUESSES - 4 }; 3]);
    assert!(!restored.set_again());
    for _ in 0..GUESSES * 2 {
        assert_eq!(three.restore(1234).standings, [GOOD; 3]);
    }
}

#[test]
fn a_wrong_pin_is_told_with_the_fewest_tries_left() {
    let mut three = Three::with(1234);
    three.vaults[1].behaves = Behaves::Down;
    three.attempt(1);
    three.vaults[1].behaves = Behaves::Well;
    let Outcome::Wrong { left, standings } = three.attempt(1235) else { panic!("not told as wrong") };
    assert_eq!(left, GUESSES - 2);
    assert_eq!(standings.map(|one| one == GOOD), [false, true, false]);
}

#[test]
fn after_the_last_try_nothing_restores_any_more() {
    let mut three = Three::with(1234);
    for left in (0..GUESSES).rev() {
        let Outcome::Wrong { left: told, .. } = three.attempt(1) else { panic!("not told as wrong") };
        assert_eq!(told, left);
    }
    let Outcome::Lost { standings } = three.attempt(1234) else { panic!("not told as lost") };
    assert_eq!(standings, [Standing::Locked; 3]);
}

#[test]
fn the_last_try_may_be_the_right_one() {
    let mut three = Three::with(1234);
    for _ in 0..GUESSES - 1 {
        three.attempt(1);
    }
    let restored = three.restore(1234);
    assert!(restored.unlock.is_empty() && restored.set_again());
}

#[test]
fn any_one_service_may_be_down_locked_or_without_its_record() {
    for bad in 0..3 {
        let mut down = Three::with(1234);
        down.vaults[bad].behaves = Behaves::Down;
        let restored = down.restore(1234);
        assert_eq!(restored.standings[bad], Standing::Silent);
        assert!(!restored.set_again(), "who was down may come back");
        let mut locked = Three::with(1234);
        locked.vaults[bad].rows.values_mut().for_each(|row| row.locked = true);
        let restored = locked.restore(1234);
        assert_eq!(restored.standings[bad], Standing::Locked);
        assert!(restored.set_again());
        let mut gone = Three::with(1234);
        gone.vaults[bad].rows.clear();
        assert_eq!(gone.restore(1234).standings[bad], Standing::Gone);
        let mut wrong = Three::with(1234);
        wrong.vaults[bad].behaves = Behaves::Down;
        assert!(matches!(wrong.attempt(1), Outcome::Wrong { left: 9, .. }));
    }
}

#[test]
fn any_one_service_may_lie_and_is_found() {
    for (lie, told) in [
        (Behaves::FalseShare, Standing::Lied),
        (Behaves::FalseKey, Standing::Lied),
        (Behaves::Nonsense, Standing::Garbled),
        (Behaves::Noise, Standing::Garbled),
    ] {
        for liar in 0..3 {
            let mut three = Three::with(1234);
            three.vaults[liar].behaves = lie;
            let restored = three.restore(1234);
            for seat in 0..3 {
                assert_eq!(restored.standings[seat], if seat == liar { told } else { GOOD });
            }
            assert!(restored.set_again());
            assert!(restored.unlock.iter().all(|request| request.seat.index() != liar));
        }
    }
}

#[test]
fn two_that_fail_are_too_many_and_told_apart() {
    let well = Behaves::Well;
    let mut down = Three::behaving(1234, [Behaves::Down, well, Behaves::Down]);
    assert!(matches!(down.attempt(1234), Outcome::TooFew { .. }));
    let mut lost = Three::with(1234);
    lost.vaults[0].rows.clear();
    lost.vaults[2].rows.values_mut().for_each(|row| row.locked = true);
    assert!(matches!(lost.attempt(1234), Outcome::Lost { .. }));
    let mut mixed = Three::with(1234);
    mixed.vaults[0].rows.clear();
    mixed.vaults[2].behaves = Behaves::Down;
    assert!(matches!(mixed.attempt(1234), Outcome::TooFew { .. }));
    // With one down and one that lies, nobody can say who is wrong.
    let mut lying = Three::behaving(1234, [Behaves::Down, well, Behaves::FalseShare]);
    assert!(matches!(lying.attempt(1234), Outcome::Wrong { .. }));
    let mut liars = Three::behaving(1234, [Behaves::FalseKey, well, Behaves::FalseShare]);
    assert!(matches!(liars.attempt(1234), Outcome::Wrong { .. }));
}

#[test]
fn only_the_first_answer_of_a_service_counts() {
    let mut three = Three::with(1234);
    let (mut recovery, requests) = Recovery::with_stretched(&three.note, &stretched(1234)).unwrap();
    let replies: Vec<_> =
        requests.iter().map(|request| three.vaults[request.seat.index()].answer(request)).collect();
    assert!(recovery.answered(Seat::ALL[0], &replies[0]).is_none());
    assert!(recovery.answered(Seat::ALL[0], &Reply::Silent).is_none());
    assert!(recovery.answered(Seat::ALL[1], &replies[1]).is_none());
    let Some(Outcome::Restored(restored)) = recovery.answered(Seat::ALL[2], &Reply::Silent) else {
        panic!("two answers restore")
    };
    assert!(restored.secret.same(&secret()));
}

/// A person's own service may give any note. Records that are not named after the secret give nothing.
#[test]
fn a_false_note_restores_nothing() {
    let three = Three::with(1234);
    let edits: [fn(&mut Note); 3] = [
        |note| note.salt[0] ^= 1,
        |note| note.places.swap(0, 1),
        |note| note.places[2].name = name(&SecretBytes::new([1; 32]), 2),
    ];
    for edit in edits {
        let mut false_one = three.clone();
        edit(&mut false_one.note);
        let (mut recovery, requests) = Recovery::with_stretched(&false_one.note, &stretched(1234)).unwrap();
        let mut last = None;
        for request in requests {
            let reply = false_one.vaults[request.seat.index()].answer(&request);
            last = recovery.answered(request.seat, &reply);
        }
        assert!(!matches!(last.unwrap(), Outcome::Restored(_)));
    }
    let odd = Note { version: 2, ..three.note.clone() };
    assert!(matches!(Recovery::with_stretched(&odd, &stretched(1)), Err(PinError::Note)));
}

fn name(secret: &SecretBytes, seat: usize) -> RecordName {
    RecordKeys::of(secret, &SALT).name(Seat::ALL[seat])
}

#[test]
fn setting_needs_all_three_and_leaves_nothing_behind_when_one_fails() {
    for bad in 0..3 {
        let mut vaults: [Vault; 3] = Default::default();
        vaults[bad].behaves = Behaves::Down;
        let begun = Registration::with_stretched(&secret(), &stretched(1), SALT, ADDRESSES).unwrap();
        assert_eq!(set(&mut vaults, begun), Err(PinError::Silent(Seat::ALL[bad])));
        assert!(vaults.iter().all(|vault| vault.rows.is_empty()));
    }
    let twice = [ADDRESSES[0], ADDRESSES[1], ADDRESSES[0]];
    let begun = Registration::with_stretched(&secret(), &stretched(1), SALT, twice);
    assert!(matches!(begun, Err(PinError::Addresses)));
    let refusal = ErrorBody { code: ErrorCode::QuotaExceeded, retry_after_ms: 0, detail: Vec::new() };
    let (mut begun, _) = Registration::with_stretched(&secret(), &stretched(1), SALT, ADDRESSES).unwrap();
    let refused = begun.answered(Seat::ALL[2], &Reply::Refused(refusal));
    assert_eq!(refused, Err(PinError::Refused { seat: Seat::ALL[2], code: ErrorCode::QuotaExceeded }));
    let garbled = begun.answered(Seat::ALL[1], &Reply::Answered(vec![1, 2, 3]));
    assert_eq!(garbled, Err(PinError::Garbled(Seat::ALL[1])));
}

#[test]
fn another_pin_takes_the_place_of_the_first() {
    let mut three = Three::with(1234);
    let old = three.note.clone();
    let begun = Registration::with_stretched(&secret(), &stretched(5678), [8; 32], ADDRESSES).unwrap();
    three.note = set(&mut three.vaults, begun).unwrap();
    // Until the old records are removed their PIN works with the old note alone.
    assert!(matches!(three.attempt(1234), Outcome::Wrong { .. }));
    three.restore(5678);
    assert_eq!(removals(&SecretBytes::new([1; 32]), &old).unwrap(), []);
    let removed = removals(&secret(), &old).unwrap();
    assert_eq!(removed.len(), 3);
    for request in &removed {
        three.vaults[request.seat.index()].answer(request);
    }
    assert!(three.vaults.iter().all(|vault| vault.rows.len() == 1));
    three.restore(5678);
    three.note = old;
    assert!(matches!(three.attempt(5678), Outcome::Lost { .. }));
}

#[test]
fn a_pin_as_typed_restores() {
    let mut vaults: [Vault; 3] = Default::default();
    let begun = Registration::begin(&secret(), &Pin::new("correct horse").unwrap(), ADDRESSES).unwrap();
    let note = set(&mut vaults, begun).unwrap();
    for (typed, right) in [(" correct horse ", true), ("correct horsf", false)] {
        let (mut recovery, requests) = Recovery::begin(&note, &Pin::new(typed).unwrap()).unwrap();
        let mut last = None;
        for request in requests {
            last = recovery.answered(request.seat, &vaults[request.seat.index()].answer(&request));
        }
        assert_eq!(matches!(last.unwrap(), Outcome::Restored(_)), right);
    }
}

/// What an attacker has who owns a service: its rows and its keys, and the note, names and salt included.
struct Attacker<'a> {
    seat: Seat,
    row: &'a Row,
    note: &'a Note,
}

impl Attacker<'_> {
    /// The share that a guessed PIN gives, as often as wanted and without being counted.
    fn share(&self, guess: u32) -> SecretBytes {
        let name = &self.note.places[self.seat.index()].name;
        let blinded = Blinded::new(self.seat, name, &stretched(guess)).unwrap();
        blinded.mask(&evaluate(&self.row.seed, &blinded.element), &self.row.masked).unwrap()
    }

    fn of(three: &Three, seat: usize) -> Attacker<'_> {
        let row = three.vaults[seat].rows.values().next().unwrap();
        Attacker { seat: Seat::ALL[seat], row, note: &three.note }
    }
}

const SPACE: std::ops::Range<u32> = 1200..1280;
const TRUE_PIN: u32 = 1234;

/// The guesses that are left when attackers have put together all that they have: those that something confirms, or if
/// nothing confirms any, those that nothing refutes.
fn survivors(three: &Three, attackers: &[Attacker<'_>]) -> Vec<u32> {
    let places = three.note.places().unwrap();
    // What one could take for another service's share for want of one: whatever 32 bytes lie around.
    let mut around = vec![SecretBytes::new(three.note.salt)];
    around.extend(places.iter().map(|place| SecretBytes::new(place.name.0)));
    around.extend(attackers.iter().flat_map(|own| [own.row.masked, own.row.seed]).map(SecretBytes::new));
    let (mut confirmed, mut possible) = (Vec::new(), Vec::new());
    for guess in SPACE {
        let shares: Vec<_> = attackers.iter().map(|own| (own.seat, own.share(guess))).collect();
        let mut thought: Vec<SecretBytes> = shares.iter().map(|(_, share)| share.clone()).collect();
        for (seat, share) in &shares {
            let others = shares.iter().map(|(seat, share)| (*seat, share));
            let guessed = Seat::ALL.iter().flat_map(|seat| around.iter().map(|bytes| (*seat, bytes)));
            let others = others.chain(guessed).filter(|(other, _)| other != seat);
            let combined = others.map(|other| shares::combine((*seat, share), other));
            // Over this field two shares always give a secret; that they did not would refute the guess.
            let combined: Option<Vec<_>> = combined.collect();
            thought.extend(combined.into_iter().flatten());
        }
        let expected = shares.len() * (shares.len() + 2 * around.len());
        if thought.iter().any(|secret| RecordKeys::of(secret, &SALT).are_named(places)) {
            confirmed.push(guess);
        } else if thought.len() == expected {
            possible.push(guess);
        }
    }
    if confirmed.is_empty() { possible } else { confirmed }
}

/// One service, and whoever compels it, can compute a share for every PIN, and has nothing to tell them apart by.
#[test]
fn one_service_alone_has_nothing_to_check_a_guess_against() {
    let three = Three::with(TRUE_PIN);
    for seat in 0..3 {
        let attacker = Attacker::of(&three, seat);
        assert_eq!(survivors(&three, std::slice::from_ref(&attacker)), SPACE.collect::<Vec<_>>());
        let shares: std::collections::BTreeSet<_> =
            SPACE.map(|guess| *attacker.share(guess).bytes()).collect();
        assert_eq!(shares.len(), SPACE.len(), "two guesses give one share");
        // Nor do they look otherwise than random: bits are set half of the time.
        let ones: u32 = shares.iter().flatten().map(|byte| byte.count_ones()).sum();
        let all = SPACE.len() as f64 * 256.0;
        assert!((f64::from(ones) / all - 0.5).abs() < 0.025);
    }
}

/// The same attack with the rows and keys of two services finds the PIN at once: so the test above could fail.
#[test]
fn two_services_together_can_guess() {
    let three = Three::with(TRUE_PIN);
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let attackers = [Attacker::of(&three, one), Attacker::of(&three, other)];
        assert_eq!(survivors(&three, &attackers), [TRUE_PIN]);
    }
}

/// A person's PIN set again and again with the same secret gives one service nothing either: each share is on a line of
/// its own.
#[test]
fn many_settings_of_one_secret_give_one_service_nothing() {
    let mut three = Three::with(TRUE_PIN);
    let mut rows = Vec::new();
    for number in 0..20_u8 {
        let salt = [number; 32];
        let begun = Registration::with_stretched(&secret(), &stretched(TRUE_PIN), salt, ADDRESSES).unwrap();
        three.vaults[0].rows.clear();
        let note = set(&mut three.vaults, begun).unwrap();
        rows.push((three.vaults[0].rows.values().next().unwrap().clone(), note));
    }
    // Under the true PIN the shares differ from each other as they do under a false one.
    for guess in [TRUE_PIN, TRUE_PIN + 1] {
        let shares: std::collections::BTreeSet<_> = rows
            .iter()
            .map(|(row, note)| *Attacker { seat: Seat::ALL[0], row, note }.share(guess).bytes())
            .collect();
        assert_eq!(shares.len(), rows.len());
    }
}

#[test]
fn nothing_secret_is_shown() {
    let restored = Three::with(1).restore(1);
    assert!(format!("{restored:?}").contains("SecretBytes(..)"));
    let place = Place { address: b"https://a.test".to_vec(), name: RecordName([0xab; 32]) };
    assert!(!format!("{place:?}").contains(&"ab".repeat(3)));
}
