//! A PIN that restores: a secret of 32 bytes is shared over three services so that two of them and the PIN give it back, and
//! one of them, with everything that it has, cannot tell a right PIN from a wrong one (`docs/spec/pin.md`).
//!
//! Pure: [`Registration`] and [`Recovery`] say what to ask of which service and take what came back. Who drives them
//! carries bytes. To stretch a PIN takes some tenths of a second and 64 MiB: not for an asynchronous thread.

mod code;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod keys;
mod oblivious;
mod recovery;
mod registration;
mod shares;
#[cfg(test)]
mod tests;

pub use code::{LONGEST, Pin, SHORTEST};
pub use error::PinError;
pub use keys::{SecretBytes, removals};
pub use recovery::{Outcome, Recovery, Restored, Standing};
pub use registration::{Registration, Step};

use trefoil_proto::{ErrorBody, pin::SERVICES};

/// Which of the three services: its place in the note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seat(u8);

impl Seat {
    /// All three, in order.
    pub const ALL: [Self; SERVICES] = [Self(0), Self(1), Self(2)];

    /// From 0.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Where the share is taken on the polynomial: never zero, which is the secret.
    fn point(self) -> u8 {
        self.0 + 1
    }
}

/// A request for one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which.
    pub seat: Seat,
    /// To be posted to this path, from the root.
    pub path: String,
    /// In TLS presentation language.
    pub body: Vec<u8>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A status of success, with its body.
    Answered(Vec<u8>),
    /// The service said no.
    Refused(ErrorBody),
    /// No answer came, or none that is of the protocol.
    Silent,
}

fn path(endpoint: &str) -> String {
    format!("{}/pin/{endpoint}", trefoil_proto::paths::CLIENT_ROOT)
}
