//! What the room answers beyond the structures of the wire.

/// What became of a record that may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It was made now.
    New,
    /// It had been made before, exactly so.
    Repeated,
}
