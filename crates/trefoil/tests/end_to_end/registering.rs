//! A service that makes accounts with a registration pass only: somebody of another service gives one, and it is good once. By
//! commands alone, with the real binary.

use crate::{
    commands::{Commands, Ended, trefoil},
    services::Services,
};

const GIVING: &str = "\n[registration]\npasses_from_day = 0\npasses_per_account = 2\n";
const NEEDED: &str = "\n[registration]\npass_needed = true\n";

/// Makes an account with what there is.
fn create(services: &Services, index: usize, name: &str, more: &[&str]) -> Ended {
    let (url, ca) = (&services.planned(index).url, services.plan.ca.to_str().unwrap());
    let ask = ["account", "create", name, "--service", url, "--ca", ca];
    trefoil(&services.path().join("people").join(name), &[&ask, more].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_gives_a_pass_and_somebody_else_makes_an_account_with_it_once() {
    let services = Services::start_with([GIVING, NEEDED, ""]).await;
    let made = create(&services, 0, "ada", &[]);
    assert_eq!(made.code, 0, "{}", made.said);
    let ada = Commands { home: services.path().join("people/ada") };
    let there = services.planned(1).domain.to_string();

    let without = create(&services, 1, "grace", &[]);
    assert_eq!(without.code, 4);
    assert!(
        without.said.contains("ask somebody who has an account") && without.said.contains("account pass")
    );
    let given = &ada.run(&["account", "pass", "--for", &there])[0];
    assert_eq!((&given["kind"], &given["service"]), (&"pass".into(), &there.clone().into()));
    let pass = given["value"].as_str().unwrap();

    let broken = create(&services, 1, "grace", &["--pass", &pass[..pass.len() - 2]]);
    assert!(broken.code == 2 && broken.said.contains("copy all of it"), "{}", broken.said);
    let elsewhere = create(&services, 0, "grace", &["--pass", pass]);
    assert!(elsewhere.code == 2 && elsewhere.said.contains(&there), "{}", elsewhere.said);
    let made = create(&services, 1, "grace", &["--pass", pass]);
    assert_eq!(made.code, 0, "{}", made.said);
    let again = create(&services, 1, "mary", &["--pass", pass]);
    assert!(again.code == 4 && again.said.contains("used already"), "{} {}", again.code, again.said);

    // One more, for her own service; then she has to wait.
    let own = ada.run(&["account", "pass"])[0].clone();
    assert_eq!(own["service"], services.planned(0).domain.to_string());
    let made = create(&services, 0, "katherine", &["--pass", own["value"].as_str().unwrap()]);
    assert_eq!(made.code, 0, "{}", made.said);
    let enough = trefoil(&ada.home, &["account", "pass"]);
    assert!(enough.code == 4 && enough.said.contains("in 28 days it may"), "{} {}", enough.code, enough.said);
}
