//! Stored rows and the extension, byte for byte: a change of format is seen here.

use super::*;
use crate::{
    delivery::order::{DeviceTag, Seen},
    rows::Row as _,
};
use proptest::prelude::*;

#[test]
fn rows_and_the_extension_are_written_as_they_were() {
    let samples = super::super::fuzzing::samples();
    let shown: Vec<_> = samples.iter().map(|(_, row)| data_encoding::HEXLOWER.encode(row)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    875007070707070707070707070707070707f640f6f6a301736d696d693a2f2f612e746573742f752f616e6e02736d696d693a2f2f612e746573742f722f74656170747265666f696c2e64656c6976657279588a00000000000000090000000000000007030303030303030303030303030303030303030303030303030303030303030300000000000000050000000000000006100000000000000002000000000000000338010101010101010101010101010101010000000000000003020202020202020202020202020202020202020202020202020202020202020285016001781e746578742f6d61726b646f776e3b76617269616e743d47464d2d4d494d4943746561
    013101010101010101010101010101010101200000000000000002000000000000000300000000000000060000000000000006
    02000000000000000907636f6e74656e74
    03200000000000000002000000000000000300000000000000060000000000000006200000000000000002000000000000000300000000000000060000000000000006
    010000000000000002768798cabf2ab14c4c70340c11ab1993e799968bb80fc8f699b63e893d898b0d000000000000000010000000000000000200000000000000020000000000000005000000000000000118000000000000000200000000000000020000000000000000000000000000000100000000000000040000000000000000380101010101010101010101010101010100000000000000030202020202020202020202020202020202020202020202020202020202020202
    01166d696d693a2f2f612e746573742f642f616e6e2f64310000000000000001000000000000000600000000000000090129d15253752c649569e3bd431dc8242e4b4474e82c201a94e987fa083100e9270000000000000005000000000000000040460000000000000006000000000000000702000000000000000000080000000000000008010001030303030303030303030303030303030303030303030303030303030303030328000000000000000929d15253752c649569e3bd431dc8242e4b4474e82c201a94e987fa083100e927
    010101010101010101010101010101010101010101010101010101010101010101000000000000000200000000000000030102056279746573
    ");
}

proptest! {
    #[test]
    fn anything_else_is_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Sending::from_row(&bytes);
        let _ = Heard::from_row(&bytes);
        let _ = super::super::again::Again::of(&bytes);
    }
}

#[test]
fn a_place_that_cannot_be_is_none() {
    use trefoil_proto::content::{Extensions, MimiContent, NestedPart};
    let read = |order: &Order| {
        let mut extensions = Extensions::of("mimi://a.test/u/ann", "mimi://a.test/r/tea");
        order.put(&mut extensions).unwrap();
        let part = NestedPart::render("text/plain", "tea");
        Order::of(&MimiContent {
            salt: [1; 16],
            replaces: None,
            topic_id: Vec::new(),
            expires: None,
            in_reply_to: None,
            extensions,
            part,
        })
    };
    let good = Order {
        counter: 9,
        settled: 8,
        previous: Transcript::START,
        epoch: 1,
        first: 9,
        unsent: vec![Counters { from: 1, to: 2 }, Counters { from: 4, to: 4 }],
        seen: vec![Seen { device: DeviceTag([1; 16]), counter: 1, transcript: Transcript::START }; 8],
    };
    assert_eq!(read(&good), Some(good.clone()));
    let range = |from, to| vec![Counters { from, to }];
    for bad in [
        Order { counter: 0, ..good.clone() },
        Order { counter: 1 << 53, ..good.clone() },
        Order { settled: 9, ..good.clone() },
        Order { first: 0, ..good.clone() },
        Order { first: 10, ..good.clone() },
        Order { unsent: range(0, 1), ..good.clone() },
        Order { unsent: range(3, 2), ..good.clone() },
        Order { unsent: range(3, 9), ..good.clone() },
        Order { unsent: [range(3, 4), range(4, 5)].concat(), ..good.clone() },
        Order {
            unsent: (1..=17).map(|at| Counters { from: at, to: at }).collect(),
            counter: 99,
            ..good.clone()
        },
        Order { seen: vec![good.seen[0]; 9], ..good.clone() },
        Order { seen: vec![Seen { counter: 0, ..good.seen[0] }], ..good.clone() },
    ] {
        assert_eq!(read(&bad), None, "{bad:?}");
    }
}
