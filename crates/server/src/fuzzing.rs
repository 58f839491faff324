//! The bodies of the fuzz targets for this crate's decoders: stored rows, configuration, and what of a network is read
//! here and not by `proto`. `fuzz/` runs them under libFuzzer, a test over spoiled samples. They exist in tests and
//! under the feature `fuzzing` only; each room keeps its own beside what they read.

use crate::{
    accounts, backup, behaviour, config::Config, discovery, edge, federation, keys, log, mailbox, media,
    minors, pin, policy_lists, rooms, safety, secrets, staff, trail,
};
use std::sync::LazyLock;
use trefoil_proto::fuzzing::{Decoder, run_in};

/// A name and what runs under it.
pub(crate) type Target = (&'static str, Decoder);

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let rooms = [
        accounts::fuzzing::TARGETS,
        backup::fuzzing::TARGETS,
        behaviour::fuzzing::TARGETS,
        discovery::fuzzing::TARGETS,
        edge::fuzzing::TARGETS,
        federation::fuzzing::TARGETS,
        keys::fuzzing::TARGETS,
        log::fuzzing::TARGETS,
        mailbox::fuzzing::TARGETS,
        media::fuzzing::TARGETS,
        minors::fuzzing::TARGETS,
        pin::fuzzing::TARGETS,
        policy_lists::fuzzing::TARGETS,
        rooms::fuzzing::TARGETS,
        safety::fuzzing::TARGETS,
        safety::known::fuzzing::TARGETS,
        safety::tipline::fuzzing::TARGETS,
        staff::fuzzing::TARGETS,
        trail::fuzzing::TARGETS,
        &[("server_configuration", configuration), ("server_secrets", secrets::is_readable)],
    ];
    rooms.concat()
});

/// Runs the target of a name; says whether the input was taken.
///
/// # Panics
/// If there is none of this name, or the input breaks what the target checks.
pub fn run(name: &str, input: &[u8]) -> bool {
    run_in(&TARGETS, name, input)
}

/// A target for a row with `decode` and `encode`: it has one encoding only.
macro_rules! row {
    ($row:ty) => {
        |input| match <$row>::decode(input) {
            Ok(row) => {
                assert_eq!(row.encode(), input, "a second encoding");
                true
            }
            Err(_) => false,
        }
    };
}
pub(crate) use row;

fn configuration(input: &[u8]) -> bool {
    std::str::from_utf8(input).is_ok_and(|text| Config::parse(text, []).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trefoil_proto::fuzzing::exercise;

    #[test]
    fn decoders_bear_what_is_made_of_their_samples() {
        let example = include_str!("../../../docs/configuration.example.toml");
        let key = "A".repeat(43);
        let own = vec![
            ("server_configuration", example.as_bytes().to_vec()),
            ("server_secrets", format!("tokens = \"{key}\"\n").into_bytes()),
        ];
        let samples = [
            accounts::fuzzing::samples(),
            backup::fuzzing::samples(),
            behaviour::fuzzing::samples(),
            discovery::fuzzing::samples(),
            edge::fuzzing::samples(),
            federation::fuzzing::samples(),
            keys::fuzzing::samples(),
            log::fuzzing::samples(),
            mailbox::fuzzing::samples(),
            media::fuzzing::samples(),
            minors::fuzzing::samples(),
            pin::fuzzing::samples(),
            policy_lists::fuzzing::samples(),
            rooms::fuzzing::samples(),
            safety::fuzzing::samples(),
            safety::known::fuzzing::samples(),
            safety::tipline::fuzzing::samples(),
            staff::fuzzing::samples(),
            trail::fuzzing::samples(),
            own,
        ];
        exercise(&TARGETS, &samples.concat(), include_str!("../../../fuzz/Cargo.toml"), "server.rs");
    }
}
