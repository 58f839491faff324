//! What a service answers to a try, for the fuzzer: an element is computed with, whatever it is.

use super::{Recovery, Seat, SecretBytes};
use crate::fuzzing::Target;
use std::sync::LazyLock;
use trefoil_proto::pin::{Note, Place, RecordName, VERSION};

pub(crate) const TARGETS: &[Target] = &[("client_pin_answers", answers)];

static TRIED: LazyLock<Recovery> = LazyLock::new(|| {
    let place = |number: u8| Place {
        address: format!("https://{number}.test").into_bytes(),
        name: RecordName([number; 32]),
    };
    let note = Note { version: VERSION, salt: [1; 32], places: (0..3).map(place).collect() };
    let begun = Recovery::with_stretched(&note, &SecretBytes::new([2; 32]));
    begun.expect("a note that can be is tried").0
});

fn answers(input: &[u8]) -> bool {
    let taken = Seat::ALL.map(|seat| TRIED.takes(seat, input));
    assert!(taken == [taken[0]; 3], "taken of one service and not of another");
    taken[0]
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use trefoil_proto::{
        Wire as _,
        pin::{Element, Evaluated, TryResponse},
    };
    // The generator (RFC 9496, section 4.3.1).
    let generator = data_encoding::HEXLOWER
        .decode(b"e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
        .expect("hex");
    let evaluated = Element(generator.try_into().expect("32 bytes"));
    let answer = Evaluated { evaluated, masked: [3; 32], serial: 4, left: 6 };
    vec![
        ("client_pin_answers", TryResponse::Evaluated(answer).encode()),
        ("client_pin_answers", TryResponse::Locked.encode()),
    ]
}
