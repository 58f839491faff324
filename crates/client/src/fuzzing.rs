//! The bodies of the fuzz targets for this crate's decoders: what a message says beyond `proto`, pictures, pasted
//! codes, objects of MLS, stored rows. `fuzz/` runs them under libFuzzer, a test over spoiled samples. They exist in
//! tests and under the feature `fuzzing` only.

use crate::{
    alarm, attachment, backup, boundaries, conversation, delivery, directory, discovery, left, linking,
    made_reports, mls::wire, pin, rows, verification,
};
use std::sync::LazyLock;
use trefoil_proto::{
    Wire as _,
    fuzzing::{Decoder, run_in},
    mimi::{FanoutMessage, fanout::RoomEvent},
};

/// A name and what runs under it.
pub(crate) type Target = (&'static str, Decoder);

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let all = [
        alarm::fuzzing::TARGETS,
        made_reports::fuzzing::TARGETS,
        attachment::fuzzing::TARGETS,
        backup::fuzzing::TARGETS,
        boundaries::fuzzing::TARGETS,
        conversation::fuzzing::TARGETS,
        delivery::fuzzing::TARGETS,
        directory::fuzzing::TARGETS,
        discovery::fuzzing::TARGETS,
        left::fuzzing::TARGETS,
        linking::fuzzing::TARGETS,
        pin::fuzzing::TARGETS,
        rows::fuzzing::TARGETS,
        verification::fuzzing::TARGETS,
        &[("client_event", event)],
    ];
    all.concat()
});

/// Runs the target of a name; says whether the input was taken.
///
/// # Panics
/// If there is none of this name, or the input breaks what the target checks.
pub fn run(name: &str, input: &[u8]) -> bool {
    run_in(&TARGETS, name, input)
}

/// An event's MLS objects are read by the MLS library before anything is known of them.
fn event(input: &[u8]) -> bool {
    let Ok(event) = FanoutMessage::decode(input) else { return false };
    match &event.event {
        RoomEvent::Application { message, .. } | RoomEvent::Commit { message, .. } => {
            wire::protocol_message(message).is_ok()
        }
        RoomEvent::Proposal { message, more } => {
            more.iter().for_each(|message| drop(wire::protocol_message(message)));
            wire::protocol_message(message).is_ok()
        }
        RoomEvent::Welcome { message, ratchet_tree } => {
            wire::welcome(message).is_ok() && wire::ratchet_tree(ratchet_tree).is_ok()
        }
        RoomEvent::Removal(_) => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use trefoil_proto::{Timestamp, fuzzing::exercise, mimi::Protocol, mls::MlsMessage};

    /// A message as it looks from outside.
    fn application() -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 2, 1, b'r'];
        bytes.extend_from_slice(&5_u64.to_be_bytes());
        // Application data; no data in clear; encrypted sender data and content.
        bytes.extend_from_slice(&[1, 0, 1, 7, 1, 7]);
        let message = MlsMessage::parse(&bytes).unwrap();
        let event = RoomEvent::Application { message, frank: None };
        FanoutMessage { protocol: Protocol::Mls10, timestamp: Timestamp(1), event }.encode()
    }

    #[test]
    fn decoders_bear_what_is_made_of_their_samples() {
        let samples = [
            alarm::fuzzing::samples(),
            made_reports::fuzzing::samples(),
            attachment::fuzzing::samples(),
            backup::fuzzing::samples(),
            boundaries::fuzzing::samples(),
            conversation::fuzzing::samples(),
            delivery::fuzzing::samples(),
            directory::fuzzing::samples(),
            discovery::fuzzing::samples(),
            left::fuzzing::samples(),
            linking::fuzzing::samples(),
            pin::fuzzing::samples(),
            rows::fuzzing::samples(),
            verification::fuzzing::samples(),
            vec![("client_event", application())],
        ];
        exercise(&TARGETS, &samples.concat(), include_str!("../../../fuzz/Cargo.toml"), "client.rs");
    }
}
