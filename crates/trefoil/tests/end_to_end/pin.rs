//! Everything is lost but the PIN: three services give the secret back, any two suffice, and one alone is no help to
//! whoever guesses.

use crate::{
    crowd::{Device, number_of},
    services::Services,
};
use std::{num::NonZeroU32, sync::Arc};
use trefoil::{
    pin::{PinFailure, Recovered, recover_with_pin, remove_pin, set_pin},
    transport::Service,
    up::demo,
};
use trefoil_client::pin::{
    Outcome, Pin, Recovery, Registration, Reply, Request, Restored, Seat, SecretBytes, Standing, Step,
};
use trefoil_proto::{
    Timestamp, Wire as _,
    pin::{Note, PrepareRequest, StoreRequest, TryRequest},
};
use trefoil_server::{
    pin::{Pins, Settings, TABLES},
    secrets::SecretKey,
};
use trefoil_store::{KeyRange, MemoryStore, Store};

const SECRET: [u8; 32] = [0x42; 32];

/// A person's own service and the two others, as they see them.
struct Seen {
    own: Service,
    others: [Service; 2],
    token: String,
}

impl Seen {
    async fn by(services: &Services, device: &mut Device, own: usize) -> Self {
        let at = |index: usize| Service::new(services.at(index).service, services.at(index).ca).unwrap();
        device.agent.settle(trefoil::person::PATIENCE, |_, _| {}).await.unwrap();
        let token = device.agent.client.bearer().expect("a device that was online has a token");
        Self { own: at(own), others: [at((own + 1) % 3), at((own + 2) % 3)], token: token.to_string() }
    }

    async fn set(&self, name: &str, pin: &str, secret: &[u8; 32]) -> Result<(), PinFailure> {
        let [one, other] = &self.others;
        set_pin(&self.own, &self.token, [one, other], name, pin, secret).await
    }
}

async fn recover(services: &Services, own: usize, name: &str, pin: &str) -> Result<Recovered, PinFailure> {
    let place = services.at(own);
    if services.planned(own).profile != "phone" {
        return recover_with_pin(place, name, None, pin).await;
    }
    let number = number_of(name);
    let code = demo::fetch_code(place, &services.planned(own).data, &number).await.unwrap();
    recover_with_pin(place, &number, Some(&code), pin).await
}

fn left(outcome: Result<Recovered, PinFailure>) -> u32 {
    match outcome {
        Err(PinFailure::Wrong { left }) => left,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_restores_at_each_kind_of_service_and_only_its_own_person() {
    let services = Services::start().await;
    let mut seen = Vec::new();
    for (own, name) in ["ada", "grace", "edsger"].into_iter().enumerate() {
        let mut device = Device::register(&services, own, name).await;
        let secret = [own as u8 + 1; 32];
        seen.push(Seen::by(&services, &mut device, own).await);
        seen[own].set(name, &format!("13579{own}"), &secret).await.unwrap();
        // From here on the device is lost.
        drop(device.switch_off().await);
    }
    for (own, name) in ["ada", "grace", "edsger"].into_iter().enumerate() {
        let restored = recover(&services, own, name, &format!(" 13579{own} ")).await.unwrap();
        assert_eq!(*restored.secret.bytes(), [own as u8 + 1; 32]);
        assert!(!restored.set_again);
        assert_eq!(restored.standings, [Standing::Answered { left: 9 }; 3]);
    }
    // Another PIN takes the place of the first, whose records go.
    seen[0].set("ada", "correct horse", &[1; 32]).await.unwrap();
    assert_eq!(left(recover(&services, 0, "ada", "135790").await), 9);
    assert_eq!(*recover(&services, 0, "ada", "correct horse").await.unwrap().secret.bytes(), [1; 32]);
    // Two services are not three.
    let Seen { own, token, others } = &seen[1];
    let twice = set_pin(own, token, [&others[0], &others[0]], "", "123456", &SECRET).await;
    assert!(matches!(twice, Err(PinFailure::SameService(_))), "{twice:?}");
    assert!(recover(&services, 1, "grace", "135791").await.is_ok(), "the PIN that there was stays");
    remove_pin(own, token, &[&others[0], &others[1]], &[2; 32]).await.unwrap();
    assert!(matches!(recover(&services, 1, "grace", "135791").await, Err(PinFailure::NoPin)));
    assert!(matches!(recover(&services, 1, "nobody", "135791").await, Err(PinFailure::NoPin)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_service_may_be_down_tries_survive_a_crash_and_the_last_one_locks() {
    let mut services = Services::start().await;
    let mut device = Device::register(&services, 0, "ada").await;
    Seen::by(&services, &mut device, 0).await.set("ada", "271828", &SECRET).await.unwrap();
    drop(device.switch_off().await);
    for down in [1, 2] {
        services.kill(down);
        let restored = recover(&services, 0, "ada", "271828").await.unwrap();
        assert_eq!(*restored.secret.bytes(), SECRET);
        assert_eq!(restored.standings[down], Standing::Silent);
        services.begin(down).await;
    }
    // Counted, and not forgotten by who is killed at once.
    for expected in [9, 8, 7] {
        assert_eq!(left(recover(&services, 0, "ada", "271829").await), expected);
        for index in 0..3 {
            services.kill(index);
            services.begin(index).await;
        }
    }
    // The right one forgives.
    assert!(recover(&services, 0, "ada", "271828").await.is_ok());
    for expected in (0..10).rev() {
        assert_eq!(left(recover(&services, 0, "ada", "000000").await), expected);
    }
    assert!(matches!(recover(&services, 0, "ada", "271828").await, Err(PinFailure::Locked)));
    for index in 0..3 {
        services.stop(index);
        services.begin(index).await;
    }
    assert!(matches!(recover(&services, 0, "ada", "271828").await, Err(PinFailure::Locked)));
}

/// The vault of a service, with everything that belongs to it.
struct Vault {
    store: Arc<MemoryStore>,
    key: SecretKey,
}

const NOW: Timestamp = Timestamp(1_700_000_000_000);

impl Vault {
    fn new() -> Self {
        Self { store: Arc::new(MemoryStore::new()), key: SecretKey::random() }
    }

    fn pins(&self, guesses: u32) -> Pins {
        let settings =
            Settings { key: self.key.clone(), guesses: NonZeroU32::new(guesses).unwrap(), records: 9 };
        Pins::new(self.store.clone(), settings)
    }

    async fn answer(&self, pins: &Pins, request: &Request) -> Reply {
        let body = match request.path.rsplit('/').next().unwrap() {
            "prepare" => pins.prepare(&PrepareRequest::decode(&request.body).unwrap(), NOW).unwrap().encode(),
            "records" => {
                pins.store(&StoreRequest::decode(&request.body).unwrap(), NOW).await.unwrap();
                Vec::new()
            }
            "tries" => pins.attempt(&TryRequest::decode(&request.body).unwrap()).await.unwrap().encode(),
            other => panic!("{other}"),
        };
        Reply::Answered(body)
    }

    /// Everything that is stored.
    async fn rows(&self) -> Vec<Vec<u8>> {
        let mut rows = Vec::new();
        for note in TABLES {
            let found = Store::scan(&*self.store, note.table, KeyRange::all(), 99).await.unwrap();
            rows.extend(found.into_iter().flat_map(|(key, value)| [key.to_vec(), value.to_vec()]));
        }
        rows
    }
}

async fn vaults(pin: &str) -> ([Vault; 3], Note) {
    let vaults = [Vault::new(), Vault::new(), Vault::new()];
    let addresses = ["https://a.test", "https://b.test", "https://c.test"];
    let secret = SecretBytes::new(SECRET);
    let (mut registration, mut waiting) =
        Registration::begin(&secret, &Pin::new(pin).unwrap(), addresses).unwrap();
    while let Some(request) = waiting.pop() {
        let vault = &vaults[request.seat.index()];
        let reply = vault.answer(&vault.pins(10), &request).await;
        match registration.answered(request.seat, &reply).unwrap() {
            Step::Ask(next) => waiting.push(next),
            Step::Wait => {}
            Step::Done(note) => return (vaults, note),
        }
    }
    panic!("it was not done")
}

/// Whoever owns services: they run them with their rows and keys as they are, and a limit that is none.
async fn guess(vaults: &[Vault; 3], owned: &[usize], note: &Note, pin: &str) -> Outcome {
    let (mut recovery, requests) = Recovery::begin(note, &Pin::new(pin).unwrap()).unwrap();
    let mut outcome = None;
    for request in requests {
        let vault = &vaults[request.seat.index()];
        let reply = if owned.contains(&request.seat.index()) {
            vault.answer(&vault.pins(u32::MAX), &request).await
        } else {
            Reply::Silent
        };
        outcome = recovery.answered(request.seat, &reply);
    }
    outcome.unwrap()
}

#[tokio::test]
async fn whoever_owns_one_service_cannot_tell_a_right_guess_and_whoever_owns_two_can() {
    let (vaults, note) = vaults("100003").await;
    let space = || (100_000..100_006).map(|pin| pin.to_string());
    for owned in Seat::ALL.map(Seat::index) {
        for pin in space() {
            let outcome = guess(&vaults, &[owned], &note, &pin).await;
            // The same word for every PIN: one answer came, and one is not enough to say anything.
            let Outcome::TooFew { standings } = outcome else { panic!("{pin}: {outcome:?}") };
            assert!(matches!(standings[owned], Standing::Answered { .. }));
        }
    }
    let mut found = Vec::new();
    for pin in space() {
        if let Outcome::Restored(Restored { secret, .. }) = guess(&vaults, &[0, 2], &note, &pin).await {
            assert_eq!(*secret.bytes(), SECRET);
            found.push(pin);
        }
    }
    assert_eq!(found, ["100003"]);
}

#[tokio::test]
async fn records_of_one_person_have_nothing_in_common() {
    let (vaults, _) = vaults("100003").await;
    let windows = |rows: &[Vec<u8>]| -> std::collections::HashSet<Vec<u8>> {
        let long = rows.iter().filter(|row| row.len() >= 32);
        long.flat_map(|row| row.windows(8).map(<[u8]>::to_vec)).collect()
    };
    let mut seen = Vec::new();
    for vault in &vaults {
        let rows = vault.rows().await;
        assert_eq!(
            rows.iter().map(Vec::len).collect::<Vec<_>>(),
            [32, 74, 7, 9],
            "name and row, and the count"
        );
        // The tries in a row are the same number in all of them: eight zero bytes.
        let mut windows = windows(&rows);
        windows.retain(|window| window.iter().any(|byte| *byte != 0));
        seen.push(windows);
    }
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        assert!(seen[one].is_disjoint(&seen[other]));
    }
}
