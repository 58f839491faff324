//! What a service could see while it runs, if whoever runs it, or compels them, made it look: more than it holds. Not writing
//! something down is a habit of this program, and no law of nature.

/// One thing that passes through.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// On which occasion.
    pub occasion: &'static str,
    /// What can be seen then.
    pub sees: &'static str,
    /// What of it is written down.
    pub kept: &'static str,
}

/// All that passes through.
pub const OBSERVED: &[Observation] = &[
    Observation {
        occasion: "a device is connected",
        sees: "its address on the network, which of this service's devices it is, from when to when",
        kept: "the day, in `mailbox.last_read`, and what `edge.tokens` says. Addresses are counted in memory for limits, \
               and written nowhere",
    },
    Observation {
        occasion: "a device of this service writes into a room",
        sees: "which device, which room, when, the size of what is sealed, and whether it is a message or a change of the group",
        kept: "a message until each device has it, in the mailboxes and the outbox; a change of the group of a room of this \
               service as the tables of rooms say",
    },
    Observation {
        occasion: "somebody of another service writes into a room of this one",
        sees: "through which service, which member as the group has it, which room, when, the size",
        kept: "as before",
    },
    Observation {
        occasion: "events come from another service's room",
        sees: "which of this service's devices are in that room, when something comes, the size",
        kept: "until the devices have it, in the mailboxes; digests in `federation.seen`",
    },
    Observation {
        occasion: "somebody opens a room or adds somebody",
        sees: "who asks for whose key packages, and for which room; of a person of another service, as their hub, with a pass or a proof \
               of reach: that somebody asks through that hub, and not who",
        kept: "that a key package is used up, in `keys.spent`, and numbers without names in `behaviour.accounts`. In memory, for a \
               day, a hash of who claimed which",
    },
    Observation {
        occasion: "a device asks the key directory",
        sees: "whose entry it wants proven: of its own people who asks, of others' which service",
        kept: "nothing",
    },
    Observation {
        occasion: "somebody is looked up by handle or account name",
        sees: "who asks, or through which service, and for whom",
        kept: "nothing",
    },
    Observation {
        occasion: "somebody is looked up by number",
        sees: "some bits of a keyed function of each number, that many share, and who of its own people asks; not the number",
        kept: "nothing",
    },
    Observation {
        occasion: "a number is verified",
        sees: "the number, in clear, as it goes to whoever sends the code; so does that sender",
        kept: "keyed hashes, for ten minutes, in `accounts.codes`",
    },
    Observation {
        occasion: "an attachment is stored or fetched",
        sees: "which of this service's devices stores or fetches which one, and its size; for people of other services, which \
               service fetches it",
        kept: "bytes a day in `media.quotas`; not who has which",
    },
    Observation {
        occasion: "a backup is written or read",
        sees: "of which account, when, how much",
        kept: "as the tables of backups say",
    },
    Observation {
        occasion: "a PIN is tried",
        sees: "the address, and which record of `pin.records`; neither the PIN nor, of people elsewhere, whose it is",
        kept: "the number of tries",
    },
    Observation {
        occasion: "passes are made and spent",
        sees: "which of its people gets passes of which service and how many; of its own passes, through which service they are spent and \
               for whom. If it looks at both at once, the time can tie them",
        kept: "numbers in `behaviour.accounts`, nonces in `passes.spent`",
    },
    Observation {
        occasion: "somebody reports",
        sees: "what they chose to show, in clear, and who they are",
        kept: "as the tables of safety say",
    },
    Observation {
        occasion: "whoever watches the network between devices and services",
        sees: "which addresses talk to which service, when, and how much, under TLS",
        kept: "not the service's to keep",
    },
];
