//! Why a proof, a checkpoint, a tile path or a request for a cosignature is refused.

/// Why a proof is not made or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// An index or size that the tree does not have.
    #[error("index or size outside the log")]
    OutOfRange,
    /// The proof does not lead from one to the other.
    #[error("proof does not hold")]
    DoesNotHold,
}

/// Why a checkpoint is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Larger than [`super::CHECKPOINT`].
    #[error("checkpoint is too large")]
    TooLarge,
    /// Not a signed note with a checkpoint in it, or of a size that no log has.
    #[error("malformed checkpoint")]
    Malformed,
    /// The name of a log or witness, or its key, is not acceptable.
    #[error("unacceptable name or key of a log or witness")]
    BadKey,
    /// The checkpoint of another log.
    #[error("checkpoint of another log")]
    OtherLog,
    /// The log did not sign it.
    #[error("the log did not sign the checkpoint")]
    Unsigned,
}

/// Why a policy cannot be, or is not met.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// More witnesses are asked for than there are, or one stands twice.
    #[error("a policy that nothing can meet, or that counts one witness twice")]
    Impossible,
    /// The checkpoint itself is refused.
    #[error("checkpoint refused")]
    Checkpoint(#[from] CheckpointError),
    /// Too few witnesses signed lately.
    #[error("{fresh} of {needed} witnesses signed lately")]
    TooFewWitnesses {
        /// How many did.
        fresh: usize,
        /// How many the policy asks for.
        needed: usize,
    },
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// Smaller than the one that was cosigned before.
    #[error("checkpoint is older than the one that was kept")]
    RolledBack,
    /// The same size with another root: the log has two histories. Both checkpoints together are evidence.
    #[error("same size, another root: the log forked")]
    Forked,
    /// The proof is for other sizes, or does not hold.
    #[error("not shown to be consistent with the checkpoint that was kept")]
    NotConsistent(#[source] ProofError),
}

/// Why a tile or bundle of entries is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not a path of C2SP tlog-tiles.
    #[error("not the path of a tile")]
    BadPath,
    /// The bytes are not whole entries.
    #[error("malformed bundle of entries")]
    BadBundle,
    /// Fewer hashes than the tile has.
    #[error("a tile without all of its hashes")]
    BadTile,
}

/// A text form of C2SP that is not well formed; says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {0}")]
pub struct MalformedText(pub &'static str);

/// Why an entry is not taken to be in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoggedError {
    /// The checkpoint does not meet the policy.
    #[error("the checkpoint does not meet the policy")]
    Policy(#[from] PolicyError),
    /// The log with this checkpoint does not have the entry.
    #[error("the log does not have it")]
    Proof(#[from] ProofError),
}

/// Why a policy file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFileError {
    /// Larger than any policy.
    #[error("the policy is too large")]
    TooLarge,
    /// One line.
    #[error("line {number}: {what}")]
    Line {
        /// From 1.
        number: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A line that must be there is not.
    #[error("there is no line `{0}`")]
    Missing(&'static str),
    /// The lines together.
    #[error(transparent)]
    Policy(PolicyError),
}
