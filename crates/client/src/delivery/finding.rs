//! What can be found out about the messages of a device, in the words of the program.

use trefoil_proto::UserUri;

/// What was found out about the messages of one device in a room. Counters are those of that device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// They were in the hub's order before what is here, and did not come.
    Missing {
        /// The first counter.
        from: u64,
        /// The last one.
        to: u64,
    },
    /// It came after messages that the hub had put behind it.
    Late {
        /// Its counter.
        counter: u64,
    },
    /// It came before. It was taken once.
    Repeated {
        /// Its counter.
        counter: u64,
    },
    /// It does not fit what the device sent before, or takes the place of another message.
    Conflict {
        /// Its counter.
        counter: u64,
    },
    /// Somebody else had messages before they wrote what is here, and these did not come.
    Unseen {
        /// Up to this counter.
        through: u64,
        /// Who has them.
        by: UserUri,
    },
    /// Somebody else had another message in its place.
    Split {
        /// Its counter.
        counter: u64,
        /// Who.
        by: UserUri,
    },
    /// It was missing, was asked for, and came.
    Restored {
        /// Its counter.
        counter: u64,
    },
    /// They were missing and asked for, and the device cannot give them: it no longer has them, or never sent them, or
    /// they were from before this device was in the room.
    Unavailable {
        /// The first counter.
        from: u64,
        /// The last one.
        to: u64,
    },
}

impl Finding {
    /// For a stored line: a number, who else, and two counters.
    pub(crate) fn parts(&self) -> (u8, Option<&UserUri>, u64, u64) {
        match self {
            Self::Missing { from, to } => (0, None, *from, *to),
            Self::Late { counter } => (1, None, *counter, *counter),
            Self::Repeated { counter } => (2, None, *counter, *counter),
            Self::Conflict { counter } => (3, None, *counter, *counter),
            Self::Unseen { through, by } => (4, Some(by), *through, *through),
            Self::Split { counter, by } => (5, Some(by), *counter, *counter),
            Self::Restored { counter } => (6, None, *counter, *counter),
            Self::Unavailable { from, to } => (7, None, *from, *to),
        }
    }

    /// Reads what [`Self::parts`] made. `None` for what a later version wrote.
    pub(crate) fn of_parts(kind: u8, by: Option<UserUri>, from: u64, to: u64) -> Option<Self> {
        let counter = from;
        Some(match kind {
            0 => Self::Missing { from, to },
            1 => Self::Late { counter },
            2 => Self::Repeated { counter },
            3 => Self::Conflict { counter },
            4 => Self::Unseen { through: from, by: by? },
            5 => Self::Split { counter, by: by? },
            6 => Self::Restored { counter },
            7 => Self::Unavailable { from, to },
            _ => return None,
        })
    }
}
