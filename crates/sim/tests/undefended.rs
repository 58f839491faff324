//! Every attack of the drill with its defences taken away: each must succeed, or what it is stopped by is not what
//! stops it. `cargo nextest run -p trefoil-sim --features undefended --test undefended`.

#![allow(clippy::unwrap_used)]

use trefoil_proto::defence::take_away;
use trefoil_sim::{attack::Verdict, attacks, table::Row};

/// The switches are the process's: run one test a process (as `cargo nextest` does), or one thread.
macro_rules! broken {
    ($($test:ident = $name:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let attack = attacks::named($name).expect("an attack of the drill");
                assert!(!attack.stopped_by.is_empty(), "nothing is said to stop it");
                let away = take_away(attack.stopped_by);
                let outcome = attack.run().await;
                drop(away);
                println!("{}", Row(&outcome));
                assert!(matches!(outcome.verdict, Verdict::Broken(_)), "{}", Row(&outcome));
            }
        )*

        #[test]
        fn each_attack_has_its_test() {
            let tested = [$($name),*];
            let missing: Vec<_> = attacks::ALL.iter().map(|attack| attack.name).filter(|name| !tested.contains(name)).collect();
            assert!(missing.is_empty(), "no test plays {missing:?} without its defences");
        }
    };
}

broken! {
    a_key_swapped_at_fetch = "key-swap-at-fetch";
    a_ghost_device_on_an_account = "ghost-device-on-an-account";
    keys_swapped_and_restored = "keys-swapped-and-restored";
    a_key_package_used_twice = "key-package-reuse";
    a_downgrade_to_the_classical_suite = "downgrade-to-classical";
    a_ghost_member_added_by_the_hub = "ghost-member-added-by-hub";
    an_external_commit_with_a_forged_credential = "forged-external-commit";
    two_directories = "two-directories";
    an_auditor_that_signs_a_fork = "auditor-signs-a-fork";
    a_directory_that_nobody_audited = "directory-nobody-audited";
    a_rolled_back_directory = "rolled-back-directory";
    an_epoch_withheld = "epoch-withheld";
    a_replayed_message = "replayed-message";
    a_dropped_message = "dropped-message";
    reordered_messages = "reordered-messages";
    an_altered_message = "altered-message";
    a_follower_that_forges_a_sender = "follower-forges-a-sender";
    a_report_that_frames_somebody = "framed-by-a-reporter";
    a_report_handed_on_by_no_hub = "framed-by-another-service";
    a_report_of_a_message_that_the_hub_made_up = "framed-by-the-hub";
    a_message_that_cannot_be_reported = "unreportable-message";
    an_altered_release = "altered-release";
}
