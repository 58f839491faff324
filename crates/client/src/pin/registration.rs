//! Setting a PIN: three services each make a key and keep a share. All three are needed, or the first one to fail later
//! would be one too many.

use super::{
    Pin, PinError, Reply, Request, Seat,
    keys::{RecordKeys, SecretBytes},
    oblivious::Blinded,
    path, shares,
};
use rand::RngCore as _;
use trefoil_proto::{
    Wire as _,
    pin::{Note, Place, PrepareRequest, Prepared, RemoveRequest, SERVICES, StoreRequest, TICKET, VERSION},
};

/// A PIN that is being set.
pub struct Registration {
    keys: RecordKeys,
    note: Note,
    parts: [Part; SERVICES],
}

/// One service's part.
struct Part {
    share: SecretBytes,
    blinded: Blinded,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Preparing,
    Storing,
    Stored,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Post this.
    Ask(Request),
    /// Other answers are awaited.
    Wait,
    /// Everything is kept. The note goes to the person's own service (`PUT pin/note`): from then on the PIN restores.
    Done(Note),
}

impl Registration {
    /// Begins to set a PIN for a secret of 32 uniformly random bytes, on three services by their addresses, the person's
    /// own first. Stretches the PIN.
    ///
    /// # Errors
    /// The addresses are not three, or the machine fails.
    pub fn begin(
        secret: &SecretBytes,
        pin: &Pin,
        addresses: [&str; SERVICES],
    ) -> Result<(Self, Vec<Request>), PinError> {
        let mut salt = [0; 32];
        rand::rng().fill_bytes(&mut salt);
        Self::with_stretched(secret, &pin.stretch(&salt)?, salt, addresses)
    }

    pub(super) fn with_stretched(
        secret: &SecretBytes,
        stretched: &SecretBytes,
        salt: [u8; 32],
        addresses: [&str; SERVICES],
    ) -> Result<(Self, Vec<Request>), PinError> {
        let keys = RecordKeys::of(secret, &salt);
        let places = Seat::ALL.map(|seat| Place {
            address: addresses[seat.index()].as_bytes().to_vec(),
            name: keys.name(seat),
        });
        let note = Note { version: VERSION, salt, places: places.to_vec() };
        note.places().map_err(|_| PinError::Addresses)?;
        let part = |seat: Seat, share: SecretBytes| {
            let blinded = Blinded::new(seat, &keys.name(seat), stretched)?;
            Ok::<_, PinError>(Part { share, blinded, state: State::Preparing })
        };
        let ([first, second, third], [one, two, three]) = (Seat::ALL, shares::split(secret)?);
        let parts = [part(first, one)?, part(second, two)?, part(third, three)?];
        let prepare = |seat: Seat| Request {
            seat,
            path: path("prepare"),
            body: PrepareRequest { name: keys.name(seat), blinded: parts[seat.index()].blinded.element }
                .encode(),
        };
        let requests = Seat::ALL.map(prepare).to_vec();
        Ok((Self { keys, note, parts }, requests))
    }

    /// Takes what became of the request that a service has open.
    ///
    /// # Errors
    /// The service refused, was silent or garbled. Nothing was changed for the person then; [`Registration::abandon`]
    /// takes back what others keep already.
    pub fn answered(&mut self, seat: Seat, reply: &Reply) -> Result<Step, PinError> {
        let body = match reply {
            Reply::Answered(body) => body,
            Reply::Refused(error) => return Err(PinError::Refused { seat, code: error.code }),
            Reply::Silent => return Err(PinError::Silent(seat)),
        };
        let part = &mut self.parts[seat.index()];
        match part.state {
            State::Preparing => {
                let prepared = Prepared::decode(body).map_err(|_| PinError::Garbled(seat))?;
                if prepared.ticket.len() > TICKET {
                    return Err(PinError::Garbled(seat));
                }
                let masked = part.blinded.mask(&prepared.evaluated, part.share.bytes());
                let masked = masked.ok_or(PinError::Garbled(seat))?;
                part.state = State::Storing;
                let store = StoreRequest::sign(self.keys.key(seat), prepared.ticket, *masked.bytes());
                Ok(Step::Ask(Request { seat, path: path("records"), body: store.encode() }))
            }
            State::Storing => {
                part.state = State::Stored;
                let done = self.parts.iter().all(|part| part.state == State::Stored);
                Ok(if done { Step::Done(self.note.clone()) } else { Step::Wait })
            }
            State::Stored => Ok(Step::Wait),
        }
    }

    /// Requests that take back what a registration that failed has left, or may have left.
    pub fn abandon(&self) -> Vec<Request> {
        let begun = |seat: &Seat| self.parts[seat.index()].state != State::Preparing;
        let remove = |seat: Seat| Request {
            seat,
            path: path("remove"),
            body: RemoveRequest::sign(self.keys.key(seat)).encode(),
        };
        Seat::ALL.into_iter().filter(begun).map(remove).collect()
    }
}
