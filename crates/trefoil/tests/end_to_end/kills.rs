//! Services that are killed in the middle of something that is more than a message: files and changes of rooms on
//! their way.

use crate::{
    crowd::{Device, open_room, sha256, turn, until},
    services::Services,
};
use std::{path::Path, time::Duration};
use tokio::sync::Notify;
use trefoil::{
    clock,
    transfer::{self, TransferError},
};
use trefoil_proto::UserUri;

const LIMIT: Duration = Duration::from_secs(90);
/// The service that holds the file.
const HUB: usize = 0;

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_survives_services_that_are_killed_on_its_way() {
    let mut services = Services::start().await;
    let mut devices =
        [Device::register(&services, 0, "sender").await, Device::register(&services, 1, "receiver").await];
    until(&mut devices, LIMIT, "both are authenticated", |devices| {
        devices.iter().all(|device| device.agent.is_settled())
    })
    .await;
    let source = services.path().join("large.bin");
    write_noise(&source, 24 << 20);
    let file = over_kills(&mut services, "upload", async |at: &mut dyn FnMut(u64, u64)| {
        transfer::upload(&devices[0].agent.way(), &source, true, at).await
    })
    .await;
    let target = services.path().join("received.bin");
    over_kills(&mut services, "download", async |at: &mut dyn FnMut(u64, u64)| {
        transfer::download(&devices[1].agent.way(), &file, &target, at).await
    })
    .await;
    assert_eq!(sha256(&target), sha256(&source));
    println!(
        "24 MiB uploaded and downloaded, each over two kills of the service that holds them: the same bytes"
    );
}

/// Goes through with a transfer that is given up a third and two thirds of the way, as if its program had died, while
/// the service that holds the file is killed as well. What was moved before each kill is not moved again.
async fn over_kills<T>(
    services: &mut Services,
    what: &str,
    mut transfer: impl AsyncFnMut(&mut dyn FnMut(u64, u64)) -> Result<T, TransferError>,
) -> T {
    let mut moved = 0;
    for kill in 1..=2 {
        let far_enough = Notify::new();
        let mut first = None;
        let mut at = |there: u64, of: u64| {
            first.get_or_insert(there);
            moved = there;
            if there > of * kill / 3 {
                far_enough.notify_one();
            }
        };
        tokio::select! {
            biased;
            () = far_enough.notified() => {}
            done = transfer(&mut at) => panic!("the {what} was over before kill {kill}: {:?}", done.err()),
        }
        assert_eq!(first.unwrap_or(0) > 0, kill > 1, "kill {kill}: where the {what} went on");
        services.kill(HUB);
        println!("service {HUB} was killed after {moved} bytes of the {what}");
        services.begin(HUB).await;
    }
    transfer(&mut |_, _| {}).await.unwrap()
}

/// Bytes that no compression and no deduplication makes smaller.
fn write_noise(path: &Path, length: usize) {
    use rand::RngCore as _;
    let mut bytes = vec![0; length];
    rand::rng().fill_bytes(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_room_survives_its_hub_that_is_killed_on_the_way() {
    let mut services = Services::start().await;
    let mut devices = Vec::new();
    for (service, name) in
        [(0, "maker"), (1, "second"), (2, "third"), (0, "fourth"), (1, "fifth"), (2, "sixth")]
    {
        devices.push(Device::register(&services, service, name).await);
    }
    let room = open_room(&mut devices, "Before").await;
    let gone: Vec<UserUri> = devices[3..].iter().map(Device::user).collect();
    for kill in 1..=3 {
        let name = format!("After kill {kill}");
        let maker = &mut devices[0];
        let step = maker.agent.client.rename_room(&room, &name, clock::now()).unwrap();
        let outcome = step.commit().unwrap();
        maker.agent.carry_out(outcome);
        let one_gone = &gone[kill - 1..kill];
        let step = maker.agent.client.remove_people(&room, one_gone, clock::now()).unwrap();
        let outcome = step.commit().unwrap();
        maker.agent.carry_out(outcome);
        for _ in 0..kill {
            turn(&mut devices).await;
        }
        services.kill(HUB);
        for _ in 0..20 {
            turn(&mut devices).await;
        }
        services.begin(HUB).await;
        until(&mut devices, LIMIT, "everybody who stays sees both changes", |devices| {
            let stay = 6 - kill;
            devices.iter_mut().all(|device| device.agent.client.is_idle())
                && devices[..3].iter_mut().all(|device| {
                    device.is_in(&room, stay)
                        && device.agent.client.room(&room).unwrap().is_some_and(|view| view.name == name)
                })
        })
        .await;
        println!("kill {kill} of the hub with a rename and a removal on their way: both are done, once");
    }
    for device in &devices {
        assert!(device.refused.is_empty(), "{} refused {:?}", device.name, device.refused);
    }
}
