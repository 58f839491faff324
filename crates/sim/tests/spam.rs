//! The spam run, small: the rules let few through, and stop nobody who is answered.

#![allow(clippy::unwrap_used)]

use trefoil_sim::spam::{self, Setting};

#[tokio::test(flavor = "multi_thread")]
async fn rules_let_few_through_and_stop_nobody_who_is_answered() {
    let setting = Setting { accounts: 4, people: 40, days: 2, one_in_reports: 10, newcomers: 2, friends: 8 };
    let off = spam::run(setting, false).await.unwrap();
    assert_eq!((off.reached_at_home, off.reached_elsewhere), (20, 20));
    assert_eq!((off.reached_by_day[0], off.reports, off.refused.len()), (40, 4, 0));
    let on = spam::run(setting, true).await.unwrap();
    // Five on the first day; each account's first is one who reports, and halves it.
    assert_eq!(on.reached_by_day[0], 8);
    // Six by age on the second, three after the report, two of whom did not answer yet.
    assert_eq!(on.reached_by_day[1], 12);
    assert!(on.reached_elsewhere > 0, "passes got nobody through");
    assert_eq!(on.refused.keys().collect::<Vec<_>>(), ["TooManyFirstContacts"]);
    assert_eq!((on.friends_reached, off.friends_reached, on.friends), (16, 16, 16));
}
