//! A picture that somebody reports is compared with what others found before: it comes forward, and nothing is done by it.

use crate::{
    commands::Commands,
    crowd::{Tea, tea_with_mallory},
    services::Services,
    team::Reviewer,
};
use data_encoding::HEXLOWER;
use serde_json::json;
use std::time::Duration;
use trefoil_server::safety::known::pdq_of;

const FLOWER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/flower.jpg");
const CHINA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/china.jpg");

/// A hash of which so many bits are others than a picture's.
fn hash_near(picture: &str, bits: usize) -> String {
    let mut hash = pdq_of(&std::fs::read(picture).unwrap()).unwrap().unwrap().hash;
    (0..bits).for_each(|bit| hash[bit * 5 / 8 % 32] ^= 1 << (bit % 8));
    HEXLOWER.encode(&hash)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_near_to_one_on_a_list_comes_first_and_nothing_is_done_by_it() {
    let services = Services::start().await;
    let Tea { room, mallory } = tea_with_mallory(&services).await;
    let (grace, sender) = (Commands::of(&services, "grace"), Commands::of(&services, "mallory"));
    let lena = Reviewer::invited(&services, 0, "lena", "lead");
    let list = services.path().join("list.txt");
    // One picture is on the list as another hand saved it, 24 bits away; of the other there is one 40 bits away.
    std::fs::write(&list, format!("pdq,{}\npdq,{}\n", hash_near(FLOWER, 24), hash_near(CHINA, 40))).unwrap();
    let list = list.to_str().unwrap();
    let import = ["known", "import", list, "--name", "given", "--from", "a hotline", "--kind", "terrorism"];
    assert_eq!(lena.does(&import)["taken"], 2);

    // The first report waits longest, the second shows a picture that is on no list, the third one that is.
    for (text, picture) in [("the weather is nice", None), ("look", Some(CHINA)), ("look here", Some(FLOWER))]
    {
        let mut send = vec!["send", &room, text];
        send.extend(picture.into_iter().flat_map(|picture| ["--file", picture]));
        sender.run(&send);
        grace.run(&["receive"]);
        let said = grace.run(&["search", text])[0]["message"].as_str().unwrap().to_owned();
        grace.run(&["report", &room, &mallory, "--reason", "other", "--message", &said]);
    }

    // What was reported first comes first, until the pictures are compared.
    let mut first = json!(null);
    for _ in 0..100 {
        first = lena.does(&["next"]);
        if first["matches"] != json!([]) {
            break;
        }
        lena.does(&["release", first["case"].as_str().unwrap()]);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(first["matches"][0]["list"], json!("given"));
    assert_eq!(
        (&first["matches"][0]["exact"], &first["matches"][0]["distance"]),
        (&json!(false), &json!(24))
    );
    assert_eq!((&first["decisions"], &first["messages"]), (&json!([]), &json!(1)));
    sender.run(&["send", &room, "and I can still write"]);
    // That a list brought it forward stands in the trail, once, as what the service did.
    let trail = lena.ask(&["audit"]).data;
    let matched: Vec<_> = trail.iter().filter(|entry| entry["act"] == "matched").collect();
    assert_eq!(matched.len(), 1, "{trail:?}");
    assert_eq!((&matched[0]["who"], &matched[0]["detail"]), (&json!("service"), &json!("given")));
    assert_eq!(matched[0]["case"], first["case"]);
    // The other picture is 40 bits from what is on the list, and no match.
    let rest = [lena.does(&["next"]), lena.does(&["next"])];
    assert!(rest.iter().all(|case| case["matches"] == json!([])), "{rest:?}");
}
