//! Linking by a short code: what each device leaves sealed at the service, and a service that plays false.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{Client, ClientError, Event, LinkCode, LinkOffer};
use trefoil_proto::{Domain, limits};
use world::World;

/// A new device, and what it shows and leaves.
fn offer(world: &mut World, name: &str) -> (usize, LinkOffer) {
    let device = world.device(name);
    let (domain, now) = (world.hub.domain.clone(), world.now);
    world.devices[device].client.link_request_named(domain, "Kitchen", now).unwrap().1.commit().unwrap();
    let offer = world.devices[device].client.link_offer().unwrap().unwrap();
    (device, offer)
}

/// The first device opens what it is given under a code, approves it, and seals its answer.
fn approve(world: &mut World, first: usize, code: &LinkCode, sealed: &[u8]) -> Vec<u8> {
    let request = code.open_request(sealed).unwrap();
    world.act(first, |client, now| client.link_approve(&request, now));
    world.run();
    let answer = world.events(first).into_iter().find_map(|event| match event {
        Event::LinkApproved { answer, .. } => Some(answer),
        _ => None,
    });
    code.seal_answer(&answer.unwrap()).unwrap()
}

fn show(world: &mut World, first: usize, new: usize) {
    let (device, now) = (world.uri(new), world.now);
    let put = world.devices[new].client.link_show(&device).unwrap();
    world.devices[first].client.link_seen(&device, &put.sealed, now).unwrap().commit().unwrap();
}

fn number(client: &Client) -> Option<String> {
    client.links().unwrap().pop().unwrap().number
}

#[test]
fn a_device_is_linked_by_one_short_code() {
    let mut world = World::new();
    let alice = world.person("alice");
    let (new, left) = offer(&mut world, "alice's second");
    let shown = left.code.to_string();
    assert!(shown.len() < 100 && left.sealed.len() < limits::LINK_REQUEST, "{shown}");

    // After a restart it shows and leaves the same.
    let again = Client::open(world.devices[new].store.clone()).unwrap().link_offer().unwrap().unwrap();
    assert_eq!((again.code.to_string(), &again.sealed), (shown.clone(), &left.sealed));

    let code = world.devices[alice].client.link_code(&format!(" {shown}\n")).unwrap();
    assert_eq!(code.slot(), left.code.slot());
    let answer = approve(&mut world, alice, &code, &left.sealed);
    // Approved again, as after a lost connection.
    assert_eq!(approve(&mut world, alice, &code, &left.sealed), answer);
    let opened = left.code.open_answer(&answer).unwrap();
    world.act(new, |client, now| client.link_finish(&opened, now));
    world.run();
    show(&mut world, alice, new);
    let [hers, its] = [alice, new].map(|at| number(&world.devices[at].client));
    assert!(its.is_some());
    assert_eq!(hers, its);
    for at in [alice, new] {
        assert!(world.devices[at].client.link_offer().unwrap().is_none(), "nothing waits any more");
    }
}

#[test]
fn a_code_is_for_the_first_device_of_an_account_at_its_service() {
    let mut world = World::new();
    let alice = world.person("alice");
    let second = world.link(alice, "alice's second");
    let (new, left) = offer(&mut world, "alice's third");
    let shown = left.code.to_string();
    let refused = |at: usize, code: &str| world.devices[at].client.link_code(code).unwrap_err();
    assert!(matches!(refused(second, &shown), ClientError::NotPrimary));
    assert!(matches!(refused(new, &shown), ClientError::NoAccount));
    let elsewhere = world.device("elsewhere");
    let domain: Domain = "b.test".parse().unwrap();
    let now = world.now;
    let client = &mut world.devices[elsewhere].client;
    let (long, step) = client.link_request(domain, now).unwrap();
    step.commit().unwrap();
    let other = client.link_offer().unwrap().unwrap().code.to_string();
    let refused = |code: &str| world.devices[alice].client.link_code(code).unwrap_err();
    for wrong in [&other, &long, &shown[1..], &shown[..shown.len() - 4], &format!("{shown}AAAA"), ""] {
        assert!(matches!(refused(wrong), ClientError::BadCode), "{wrong}");
    }
    // Nor is a short one taken for a long one.
    let short = world.devices[alice].client.link_approve(&shown, now);
    assert!(matches!(short.err(), Some(ClientError::BadCode)));
}

/// The service has two devices waiting and everything that lies in their slots, but neither code.
#[test]
fn a_service_that_exchanges_what_it_keeps_is_noticed() {
    let mut world = World::new();
    let (alice, mallory) = (world.person("alice"), world.person("mallory"));
    let (new, left) = offer(&mut world, "alice's second");
    let (_, theirs) = offer(&mut world, "mallory's second");
    let code = world.devices[alice].client.link_code(&left.code.to_string()).unwrap();
    let altered = |result: Result<String, ClientError>| matches!(result, Err(ClientError::RendezvousAltered));
    assert!(altered(code.open_request(&theirs.sealed)), "another's request");
    let answer = approve(&mut world, alice, &code, &left.sealed);
    let other = approve(&mut world, mallory, &theirs.code, &theirs.sealed);
    for false_answer in [&other, &left.sealed, &Vec::new(), &answer[1..].to_vec()] {
        assert!(altered(left.code.open_answer(false_answer)));
    }
    assert!(altered(code.open_request(&answer)), "the answer in the place of the request");
    assert!(left.code.open_answer(&answer).is_ok());
    assert!(world.devices[new].client.identity().is_none());
}

/// Somebody who has seen the code, together with the service: they let the first device approve a device of their own, and
/// answer the new device in its place. The numbers differ.
#[test]
fn whoever_has_the_code_and_the_service_is_seen_by_the_numbers() {
    let mut world = World::new();
    let (alice, mallory) = (world.person("alice"), world.person("mallory"));
    let (hers, left) = offer(&mut world, "alice's second");
    let (theirs, own) = offer(&mut world, "mallory's second");
    let code = left.code.clone();
    // Mallory links Alice's device to Mallory's account …
    let to_hers = approve(&mut world, mallory, &code, &left.sealed);
    // … and Alice's first device gets Mallory's request under the code that Alice scanned.
    let swapped = own.code.open_request(&own.sealed).unwrap();
    world.act(alice, |client, now| client.link_approve(&swapped, now));
    world.run();
    let to_theirs = world.events(alice).into_iter().find_map(|event| match event {
        Event::LinkApproved { answer, .. } => Some(answer),
        _ => None,
    });
    let to_hers = code.open_answer(&to_hers).unwrap();
    world.act(hers, |client, now| client.link_finish(&to_hers, now));
    world.act(theirs, |client, now| client.link_finish(&to_theirs.unwrap(), now));
    world.run();
    show(&mut world, alice, theirs);
    let [first, new] = [alice, hers].map(|at| number(&world.devices[at].client).unwrap());
    assert_ne!(first, new);
}
