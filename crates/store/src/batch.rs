//! A batch: preconditions and writes that take effect together or not at all.

use bytes::Bytes;

/// A keyspace. Every table a program uses is declared once, as a constant, beside the codec of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Table(&'static str);

impl Table {
    /// Declares a table. The name is `room.thing`, lower case, and is stored as written.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name as stored.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// The name of one queue, opaque to the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueKey(pub Bytes);

impl QueueKey {
    /// A queue's name from its bytes.
    pub fn new(name: impl Into<Bytes>) -> Self {
        Self(name.into())
    }
}

/// Where an entry stands in its queue. Positions rise strictly within a queue and are never used again,
/// not even after a trim or a restart; a reader that saw position `p` never later finds a new entry at or below `p`.
/// Zero stands before every entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(pub u64);

/// What must hold at the moment of commit; otherwise nothing is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assert {
    /// No row has this key.
    Absent {
        /// Its table.
        table: Table,
        /// Its key.
        key: Bytes,
    },
    /// The row has exactly this value.
    Equals {
        /// Its table.
        table: Table,
        /// Its key.
        key: Bytes,
        /// The value it must have.
        value: Bytes,
    },
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Inserts or replaces a row.
    Put {
        /// Its table.
        table: Table,
        /// Its key.
        key: Bytes,
        /// Its new value; may be empty.
        value: Bytes,
    },
    /// Removes a row; removing what is not there is no error.
    Delete {
        /// Its table.
        table: Table,
        /// Its key.
        key: Bytes,
    },
    /// Appends one body to each of the queues (duplicates in `queues` are the caller's error).
    /// The body is stored once, however many queues there are.
    Append {
        /// Who gets an entry.
        queues: Vec<QueueKey>,
        /// What the entry says.
        body: Bytes,
    },
    /// Forgets the entries of a queue up to and including a position.
    Trim {
        /// The queue.
        queue: QueueKey,
        /// The last position that is forgotten.
        through: Position,
    },
}

/// Preconditions and writes that are applied together, in order, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Checked first, against the state before any of this batch's writes.
    pub asserts: Vec<Assert>,
    /// Applied in order.
    pub writes: Vec<Write>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// True if committing it would do nothing.
    pub fn is_empty(&self) -> bool {
        self.asserts.is_empty() && self.writes.is_empty()
    }

    /// Requires that no row has this key.
    pub fn assert_absent(&mut self, table: Table, key: impl Into<Bytes>) -> &mut Self {
        self.asserts.push(Assert::Absent { table, key: key.into() });
        self
    }

    /// Requires that the row has exactly this value.
    pub fn assert_equals(
        &mut self,
        table: Table,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) -> &mut Self {
        self.asserts.push(Assert::Equals { table, key: key.into(), value: value.into() });
        self
    }

    /// Inserts or replaces a row.
    pub fn put(&mut self, table: Table, key: impl Into<Bytes>, value: impl Into<Bytes>) -> &mut Self {
        self.writes.push(Write::Put { table, key: key.into(), value: value.into() });
        self
    }

    /// Removes a row.
    pub fn delete(&mut self, table: Table, key: impl Into<Bytes>) -> &mut Self {
        self.writes.push(Write::Delete { table, key: key.into() });
        self
    }

    /// Appends one body to each queue. The receipt's position for it is that of the last queue's entry.
    pub fn append(&mut self, queues: Vec<QueueKey>, body: impl Into<Bytes>) -> &mut Self {
        self.writes.push(Write::Append { queues, body: body.into() });
        self
    }

    /// Forgets a queue's entries up to and including `through`.
    pub fn trim(&mut self, queue: QueueKey, through: Position) -> &mut Self {
        self.writes.push(Write::Trim { queue, through });
        self
    }

    /// Adds another batch's asserts and writes after this one's.
    pub fn extend(&mut self, other: Batch) -> &mut Self {
        self.asserts.extend(other.asserts);
        self.writes.extend(other.writes);
        self
    }
}

/// What a durable commit returns: the position of each `Append`, in the order of the batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// One for each `Write::Append`.
    pub positions: Vec<Position>,
}
