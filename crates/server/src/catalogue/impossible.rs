//! What a service cannot give to anybody, whoever asks and with whatever order, and what shows it: a test of this repository, or an
//! attack of the drill, which plays a service that tries.

use Shown::{Attack, Tests};
use std::fmt;

/// Something that is not to be had from a service.
#[derive(Clone, Copy, Debug)]
pub struct Impossible {
    /// What may be asked for.
    pub asked: &'static str,
    /// Why there is no way to give it.
    pub why: &'static str,
    /// What shows it. Not empty.
    pub shown_by: &'static [Shown],
}

/// What shows it.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// An attack of the drill, by its name (`docs/drill.md`).
    Attack(&'static str),
    /// A file of tests, from the root of the repository.
    Tests(&'static str),
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attack(name) => write!(f, "trefoil-drill {name}"),
            Tests(file) => f.write_str(file),
        }
    }
}

/// All of it.
pub const IMPOSSIBLE: &[Impossible] = &[
    Impossible {
        asked: "the content of messages, reactions, edits, polls and attachments",
        why: "they are sealed on a member's device to keys that are on the members' devices only. No key of a service opens them, \
              today's or yesterday's; keys of messages are used once and destroyed",
        shown_by: &[
            Attack("key-swap-at-fetch"),
            Attack("key-package-reuse"),
            Attack("downgrade-to-classical"),
            Tests("crates/client/tests/faults.rs"),
        ],
    },
    Impossible {
        asked: "a silent member of a conversation, or a silent device of somebody, from now on",
        why: "members judge each change of their group by themselves: only members add, only devices that the person's account key \
              signed and that the key directory proves, and each is told to everybody",
        shown_by: &[
            Attack("ghost-member-added-by-hub"),
            Attack("ghost-device-on-an-account"),
            Attack("forged-external-commit"),
            Attack("keys-swapped-and-restored"),
            Attack("two-directories"),
        ],
    },
    Impossible {
        asked: "a program for one person that is another than everybody's",
        why: "a program is taken only if the public log proves its hash, and other services sign that everybody sees one log",
        shown_by: &[Attack("altered-release"), Tests("crates/trefoil/tests/end_to_end/public_log.rs")],
    },
    Impossible {
        asked: "a message in somebody's name",
        why: "messages are signed by the device that wrote them; a service has no device's key",
        shown_by: &[
            Attack("follower-forges-a-sender"),
            Attack("altered-message"),
            Attack("framed-by-the-hub"),
        ],
    },
    Impossible {
        asked: "what was said and nobody reported",
        why: "a report has the messages that a person who received them chose, and the team opens these. There is no way to others, and \
              nothing on a device looks at messages and tells somebody",
        shown_by: &[
            Tests("crates/client/tests/reporting.rs"),
            Tests("crates/server/src/safety/tests/proofs.rs"),
        ],
    },
    Impossible {
        asked: "the content of a backup",
        why: "it is sealed under a key that only the person's recovery code gives. By the PIN it takes two services together, and \
              ten tries",
        shown_by: &[
            Tests("crates/client/tests/backup.rs"),
            Tests("crates/client/src/pin/tests.rs"),
            Tests("crates/trefoil/tests/end_to_end/pin.rs"),
        ],
    },
    Impossible {
        asked: "an address book, or whom somebody looked for by number",
        why: "address books stay on devices; numbers are looked for blinded, and absent ones look like present ones",
        shown_by: &[
            Tests("crates/server/tests/edge/discovery.rs"),
            Tests("crates/client/src/discovery/tests.rs"),
        ],
    },
    Impossible {
        asked: "whom somebody blocked, restricted or silenced, which words they hide, of what they were warned",
        why: "all of it is decided on the device, and nothing goes out because of it",
        shown_by: &[
            Tests("crates/client/tests/boundaries.rs"),
            Tests("crates/trefoil/tests/end_to_end/keeping_away.rs"),
        ],
    },
    Impossible {
        asked: "who of another service turned to somebody of this one with a pass",
        why: "passes are blind: the service that takes one cannot tell to whom it was given, and is asked without a name",
        shown_by: &[Tests("crates/server/src/passes/tests.rs"), Tests("crates/server/tests/edge/passes.rs")],
    },
    Impossible {
        asked: "a past that was not written down: who was connected when, from which address, who asked for whose keys",
        why: "it is in no table. From the day of an order on, a service could be made to look (the second list); it cannot be made to \
              have looked",
        shown_by: &[Tests("crates/server/tests/at_rest.rs")],
    },
];
