//! Many devices, and many messages.

use crate::{
    crowd::{Device, open_room, turn, until},
    services::Services,
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn thirty_devices_on_three_services_all_read_each_other() {
    let services = Services::start().await;
    // On each service six people: four with one device, one who has three before the room opens, one who links two
    // more afterwards.
    let mut devices = Vec::new();
    for service in 0..3 {
        for person in 0..6 {
            let name = format!("person_{service}_{person}");
            let mut first = Device::register(&services, service, &name).await;
            if person == 0 {
                for more in 1..3 {
                    devices.push(first.link(&services, service, &format!("{name}_device_{more}")).await);
                }
            }
            devices.push(first);
        }
    }
    assert_eq!(devices.len(), 24);
    let room = open_room(&mut devices, "Thirty").await;
    let mut later = Vec::new();
    for service in 0..3 {
        let name = format!("person_{service}_5");
        let first = devices.iter_mut().find(|device| device.name == name).unwrap();
        for more in 1..3 {
            later.push(first.link(&services, service, &format!("{name}_device_{more}")).await);
        }
    }
    devices.append(&mut later);
    assert_eq!(devices.len(), 30);
    until(&mut devices, LIMIT, "every device has all thirty in the room", |devices| {
        devices.iter_mut().all(|device| {
            device.agent.is_settled()
                && device.agent.client.room(&room).unwrap().is_some_and(|view| {
                    view.participants.iter().map(|participant| participant.devices.len()).sum::<usize>() == 30
                })
        })
    })
    .await;

    let mut said = Vec::new();
    for device in &mut devices {
        let text = format!("this is {}", device.name);
        said.push((device.say(&room, &text), text));
    }
    until(&mut devices, LIMIT, "every device reads every device", |devices| {
        devices.iter().all(|device| {
            said.iter().all(|(id, text)| {
                device.message(&room, id).is_some_and(|message| message.text.as_ref() == Some(text))
            })
        })
    })
    .await;
    for device in &devices {
        assert!(device.added.values().all(|times| *times == 1), "{} got something twice", device.name);
        assert!(device.refused.is_empty(), "{} refused {:?}", device.name, device.refused);
    }
    println!("30 devices of 18 people on 3 services: {} texts read by each of them", said.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_offline_catches_up_ten_thousand_messages() {
    const MESSAGES: usize = 10_000;
    let services = Services::start().await;
    let mut devices =
        vec![Device::register(&services, 0, "ada").await, Device::register(&services, 1, "grace").await];
    let room = open_room(&mut devices, "Many").await;
    until(&mut devices, LIMIT, "both are at rest", |devices| {
        devices.iter().all(|device| device.agent.is_settled())
    })
    .await;
    let off = devices.pop().unwrap().switch_off().await;

    let begun = Instant::now();
    for batch in 0..MESSAGES / 250 {
        for number in 0..250 {
            devices[0].say(&room, &format!("message {}", batch * 250 + number));
            if number % 10 == 9 {
                turn(&mut devices).await;
            }
        }
        until(&mut devices, LIMIT, "the hub accepted the batch", |devices| devices[0].agent.client.is_idle())
            .await;
    }
    let sent = begun.elapsed();

    devices.push(off.switch_on());
    let begun = Instant::now();
    until(&mut devices, LIMIT, "the device caught up", |devices| devices[1].added.len() == MESSAGES).await;
    let caught_up = begun.elapsed();
    let texts = devices[1].texts(&room);
    let expected: Vec<String> = (0..MESSAGES).map(|number| format!("message {number}")).collect();
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), MESSAGES);
    assert_eq!(texts, expected, "in the order in which they were sent");
    assert!(devices[1].added.values().all(|times| *times == 1));
    assert!(devices[1].refused.is_empty(), "{:?}", devices[1].refused);
    println!(
        "{MESSAGES} messages sent in {sent:.1?}, caught up across services in {caught_up:.1?}, each once, in order"
    );
}
