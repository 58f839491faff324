//! Keys on the disk: of the store and of TLS.

use super::world::*;
use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
use trefoil_server::{Config, OpenError, RunError, Service};

#[tokio::test]
async fn a_service_whose_keys_file_was_lost_does_not_begin_with_others() {
    let world = World::new();
    let (text, data) = world.configuration("account", "account.test", 0);
    let run = async || {
        let config = Config::parse(&text, []).unwrap();
        let service = tokio::task::spawn_blocking(|| Service::open(config).unwrap()).await.unwrap();
        service.run(async {}).await
    };
    run().await.unwrap();
    let (own, kept) = (data.join("secrets.toml"), data.join("kept"));
    std::fs::rename(&own, &kept).unwrap();
    let refused = run().await.unwrap_err();
    assert!(matches!(refused, RunError::OtherSecrets(_)), "{refused}");
    assert!(refused.to_string().contains("restore secrets.toml"), "{refused}");
    std::fs::rename(&kept, &own).unwrap();
    run().await.unwrap();
}

#[test]
fn a_private_key_that_everybody_may_read_is_not_used() {
    let world = World::new();
    let (text, data) = world.configuration("account", "account.test", 0);
    let (_, key) = world.certificate("account.test");
    std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let Err(OpenError::Tls(refused)) = Service::open(Config::parse(&text, []).unwrap()) else {
        panic!("it was used");
    };
    assert!(refused.to_string().contains("chmod"), "{refused}");
    // The store is released again, and nothing stands in the way of the next try.
    std::fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    drop(Service::open(Config::parse(&text, []).unwrap()).unwrap());
    assert!(data.join("secrets.toml").exists());
}
