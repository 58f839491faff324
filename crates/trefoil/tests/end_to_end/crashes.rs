//! Services that die, and services that are away: nothing that was acknowledged is lost, nothing comes twice.

use crate::{
    crowd::{Device, open_room, turn, until},
    services::Services,
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use trefoil_proto::{RoomUri, content::MessageId};

const LIMIT: Duration = Duration::from_secs(60);
/// The hub of the rooms here: the service of whoever opens them.
const HUB: usize = 0;

#[tokio::test(flavor = "multi_thread")]
async fn killed_services_lose_no_acknowledged_message_and_repeat_none() {
    let mut services = Services::start().await;
    let mut devices = three(&services).await;
    let room = open_room(&mut devices, "Under fire").await;
    let mut said: Vec<BTreeMap<MessageId, String>> = vec![BTreeMap::new(); devices.len()];
    let mut killed = Vec::new();
    // The hub dies twice, each follower once, always while messages of all three are on their way.
    for (round, victim) in [HUB, 1, 2, HUB].into_iter().enumerate() {
        let before = acknowledged(&devices, &room, &said);
        let mut number = 0;
        let mut speak_once = |devices: &mut [Device], said: &mut [BTreeMap<MessageId, String>]| {
            speak(devices, &room, &format!("round {round}, number {number}"), said);
            number += 1;
        };
        let end = Instant::now() + LIMIT;
        while acknowledged(&devices, &room, &said) < before + 60 {
            assert!(Instant::now() < end, "in round {round} nothing is acknowledged\n{}", services.said(HUB));
            speak_once(&mut devices, &mut said);
            turn(&mut devices).await;
        }
        for _ in 0..10 {
            speak_once(&mut devices, &mut said);
        }
        turn(&mut devices).await;
        services.kill(victim);
        killed.push(victim);
        for _ in 0..20 {
            speak_once(&mut devices, &mut said);
            turn(&mut devices).await;
        }
        let written: usize = said.iter().map(BTreeMap::len).sum();
        println!(
            "round {round}: service {victim} was killed; of {written} messages written so far {} were acknowledged",
            acknowledged(&devices, &room, &said)
        );
        services.begin(victim).await;
    }
    everything_arrives_once(&services, &mut devices, &room, &said).await;
    let total: usize = said.iter().map(BTreeMap::len).sum();
    println!(
        "{} services killed with SIGKILL under load: {total} messages sent, {total} acknowledged, each of them \
         arrived exactly once at each of the 2 other people ({} arrivals)",
        killed.len(),
        2 * total
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_was_down_for_a_while_loses_nothing() {
    let mut services = Services::start().await;
    let mut devices = three(&services).await;
    let room = open_room(&mut devices, "Away").await;
    let mut said: Vec<BTreeMap<MessageId, String>> = vec![BTreeMap::new(); devices.len()];
    for away in [1, HUB] {
        services.stop(away);
        for number in 0..25 {
            speak(&mut devices, &room, &format!("while {away} was down, number {number}"), &mut said);
            turn(&mut devices).await;
        }
        // Long enough for tries to fail and waits to grow.
        let end = Instant::now() + Duration::from_secs(4);
        while Instant::now() < end {
            turn(&mut devices).await;
        }
        services.begin(away).await;
        everything_arrives_once(&services, &mut devices, &room, &said).await;
        println!("service {away} was down while 75 messages were written; all arrived");
    }
}

async fn three(services: &Services) -> Vec<Device> {
    let mut devices = Vec::new();
    for service in 0..3 {
        devices.push(Device::register(services, service, &format!("person_{service}")).await);
    }
    devices
}

fn speak(devices: &mut [Device], room: &RoomUri, text: &str, said: &mut [BTreeMap<MessageId, String>]) {
    for (index, device) in devices.iter_mut().enumerate() {
        let text = format!("{} says: {text}", device.name);
        said[index].insert(device.say(room, &text), text);
    }
}

/// How many messages the hub acknowledged to their senders.
fn acknowledged(devices: &[Device], room: &RoomUri, said: &[BTreeMap<MessageId, String>]) -> usize {
    devices.iter().zip(said).map(|(device, said)| sent(device, room, said)).sum()
}

/// How many of a device's messages the hub acknowledged to it.
fn sent(device: &Device, room: &RoomUri, said: &BTreeMap<MessageId, String>) -> usize {
    said.keys()
        .filter(|id| device.message(room, id).is_some_and(|message| message.state == Some("sent")))
        .count()
}

/// Waits until everything that was said is acknowledged and has arrived, and checks that nothing came twice.
async fn everything_arrives_once(
    services: &Services,
    devices: &mut [Device],
    room: &RoomUri,
    said: &[BTreeMap<MessageId, String>],
) {
    let all: usize = said.iter().map(BTreeMap::len).sum();
    let mine: Vec<usize> = said.iter().map(BTreeMap::len).collect();
    until(devices, LIMIT, "every message is acknowledged and everybody has all of them", |devices| {
        devices
            .iter()
            .enumerate()
            .all(|(index, device)| device.added.len() >= all - mine[index] && device.agent.client.is_idle())
    })
    .await;
    for _ in 0..100 {
        turn(devices).await;
    }
    for (index, device) in devices.iter_mut().enumerate() {
        assert_eq!(sent(device, room, &said[index]), mine[index], "{}'s own", device.name);
        for (sender, said) in said.iter().enumerate().filter(|(sender, _)| *sender != index) {
            for (id, text) in said {
                let times = device.added.get(id).copied().unwrap_or_default();
                assert_eq!(
                    times,
                    1,
                    "{} got {text:?} of {sender} {times} times\n{}",
                    device.name,
                    services.said(HUB)
                );
            }
        }
        let mut texts = device.texts(room);
        texts.sort();
        let mut expected: Vec<String> = said.iter().flat_map(BTreeMap::values).cloned().collect();
        expected.sort();
        assert_eq!(texts, expected, "what {} reads", device.name);
        // While services are away nobody vouches for a directory: that it is said is right, if it is over by now.
        let refused = device.refused.iter().filter(|one| !one.contains("Unaudited { found: 0"));
        assert_eq!(refused.count(), 0, "{} refused {:?}", device.name, device.refused);
        let view = device.agent.client.rooms().unwrap().into_iter().find(|view| view.uri == *room);
        assert!(view.unwrap().unproven.is_empty(), "{} holds keys for unproven", device.name);
    }
}
