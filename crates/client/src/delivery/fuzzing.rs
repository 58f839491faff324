//! Decoders of honest delivery, for the fuzzer.

use super::{again::Again, heard::Heard, order::Order, sending::Sending, sent::SentRow};
use crate::{fuzzing::Target, rows::fuzzing::row};
use trefoil_proto::content::MimiContent;

pub(crate) const TARGETS: &[Target] = &[
    ("client_delivery", place),
    ("client_delivery_again", again),
    ("client_sending_row", row::<Sending>),
    ("client_heard_device_row", row::<Heard>),
    ("client_sent_row", row::<SentRow>),
];

/// What asks or gives again.
fn again(input: &[u8]) -> bool {
    let Some(again) = Again::of(input) else { return false };
    assert_eq!(again.to_bytes(), input, "a second encoding");
    true
}

/// A message's place, and what a device that heard nothing before makes of it.
fn place(input: &[u8]) -> bool {
    let Ok(content) = MimiContent::decode(input) else { return false };
    let Some(order) = Order::of(&content) else { return false };
    let device = "mimi://a.test/d/ann/d1".parse().expect("a device");
    let id = trefoil_proto::content::MessageId([1; 32]);
    let mut heard = Heard::new(device);
    let found = heard.take(&order, id, super::heard::Listening { times: 1, since: 5 }, false);
    assert!(found.len() <= 2 && heard.last == order.counter);
    // Once more it is known.
    assert!(!heard.take(&order, id, super::heard::Listening { times: 1, since: 5 }, false).is_empty());
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::{
        again::Asked,
        order::{Counters, DeviceTag, Seen, Transcript},
    };
    use crate::rows::Row as _;
    use trefoil_proto::content::{Disposition, Extensions, MARKDOWN, MessageId, NestedPart};
    let seen = Seen { device: DeviceTag([1; 16]), counter: 3, transcript: Transcript([2; 32]) };
    let order = Order {
        counter: 9,
        settled: 7,
        previous: Transcript([3; 32]),
        epoch: 5,
        first: 6,
        unsent: vec![Counters { from: 2, to: 3 }],
        seen: vec![seen],
    };
    let mut extensions = Extensions::of("mimi://a.test/u/ann", "mimi://a.test/r/tea");
    order.put(&mut extensions).unwrap();
    let content = MimiContent {
        salt: [7; 16],
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions,
        part: NestedPart { disposition: Disposition::RENDER, ..NestedPart::render(MARKDOWN, "tea") },
    };
    let mut heard = Heard::new("mimi://a.test/d/ann/d1".parse().unwrap());
    heard.take(&order, MessageId([1; 32]), super::heard::Listening { times: 1, since: 5 }, false);
    let mut sending = Sending::default();
    let first = sending.next(5);
    sending.queued(&first, MessageId([4; 32]));
    let second = sending.next(5);
    sending.queued(&second, MessageId([5; 32]));
    sending.given_up(2);
    sending.heard(seen);
    sending.listen(4);
    let ranges = vec![Counters { from: 2, to: 3 }, Counters { from: 6, to: 6 }];
    let ask = Again::Ask(vec![Asked { device: seen.device, counters: ranges.clone() }]);
    let given = Again::Given { accepted: trefoil_proto::Timestamp(9), content: b"content".to_vec().into() };
    let unavailable = Again::Unavailable { lost: ranges.clone(), void: ranges };
    vec![
        ("client_delivery", content.encode().unwrap()),
        ("client_delivery_again", ask.to_bytes()),
        ("client_delivery_again", given.to_bytes()),
        ("client_delivery_again", unavailable.to_bytes()),
        ("client_sending_row", sending.to_row()),
        ("client_heard_device_row", heard.to_row()),
        ("client_sent_row", super::sent::sample().to_row()),
    ]
}
