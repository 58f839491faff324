//! The public log from outside: reads a service's log over HTTPS and believes only what its checkpoint proves, checks
//! released binaries without a network, and puts a proven one in the place of the one that runs. What a proof is, is
//! decided in `trefoil-transparency`.

mod install;
mod release;
mod remote;

pub use install::{Installed, Older, UpdateError, install};
pub use release::{ProvenRelease, ReleaseError, TARGET, hash};
pub use remote::{ReadError, RemoteLog, keys};

use trefoil_transparency::log::{CheckpointError, LoggedError, PolicyError};

/// Why a proof is refused, and what to do about it, for people.
pub fn words(error: &LoggedError) -> String {
    match error {
        LoggedError::Policy(error) => policy_words(error),
        LoggedError::Proof(_) => "the proof does not lead to the checkpoint: the entry, the proof or the checkpoint was \
                                  altered, or they do not belong together; fetch the proof again, or make one with \
                                  `trefoil log prove`"
            .to_owned(),
    }
}

fn policy_words(error: &PolicyError) -> String {
    match error {
        PolicyError::Impossible => "nothing can meet that policy".to_owned(),
        PolicyError::Checkpoint(CheckpointError::OtherLog) => {
            "the checkpoint is of another log than the policy names: use the policy that belongs to it".to_owned()
        }
        PolicyError::Checkpoint(CheckpointError::Unsigned) => {
            "the log's key that the policy names did not sign the checkpoint: it was altered, or the policy has another \
             key; compare the policy with the one that you were given first"
                .to_owned()
        }
        PolicyError::Checkpoint(error) => format!("{error}: fetch it again"),
        PolicyError::TooFewWitnesses { fresh, needed } => format!(
            "the policy asks for {needed} witnesses, and {fresh} of them signed the checkpoint: make a proof with `trefoil \
             log prove` a few minutes later; if that does not help, ask whoever runs the log"
        ),
    }
}
