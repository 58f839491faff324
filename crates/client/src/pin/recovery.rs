//! Restoring by a PIN: every service is tried, any two that are honest suffice, and what they give is checked against the
//! names of the records before it is believed.

use super::{
    Pin, PinError, Reply, Request, Seat,
    keys::{RecordKeys, SecretBytes},
    oblivious::Blinded,
    path, shares,
};
use trefoil_proto::{
    ErrorCode, Wire as _,
    pin::{Evaluated, Note, Place, SERVICES, TryRequest, TryResponse, UnlockRequest},
};

/// Pairs of services.
const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

/// A PIN that is being tried.
pub struct Recovery {
    salt: [u8; 32],
    places: [Place; SERVICES],
    blinded: [Blinded; SERVICES],
    heard: [Option<Heard>; SERVICES],
}

/// What a service answered.
enum Heard {
    /// A share as it comes out under this PIN, true or not.
    Share {
        share: SecretBytes,
        serial: u32,
        left: u32,
    },
    Locked,
    Gone,
    Refused(ErrorCode),
    Silent,
    Garbled,
}

/// What became of a try.
#[derive(Debug)]
pub enum Outcome {
    /// The PIN was right.
    Restored(Restored),
    /// Two services at least answered, and no two of them agree under this PIN: it is wrong. If only two answered, one of
    /// them may have lied.
    Wrong {
        /// Tries that are left where fewest are. At zero, that service has just locked its record.
        left: u32,
        /// What each service did.
        standings: [Standing; SERVICES],
    },
    /// So many services have locked or lost their records that this PIN restores nothing any more.
    Lost {
        /// What each service did.
        standings: [Standing; SERVICES],
    },
    /// Fewer than two services answered; the others may later.
    TooFew {
        /// What each service did.
        standings: [Standing; SERVICES],
    },
}

/// What a right PIN gives.
#[derive(Debug)]
pub struct Restored {
    /// What it protects.
    pub secret: SecretBytes,
    /// To be posted, so that the tries up to this one do not count any more.
    pub unlock: Vec<Request>,
    /// What each service did.
    pub standings: [Standing; SERVICES],
}

/// What a service did in a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It answered; whether truly is known only if the PIN was right.
    Answered {
        /// Tries that are left there.
        left: u32,
    },
    /// It answered falsely: what it gave does not fit what the two others gave.
    Lied,
    /// Its record is locked for ever: too many tries.
    Locked,
    /// It has no such record.
    Gone,
    /// It refused with another code.
    Refused(ErrorCode),
    /// It did not answer.
    Silent,
    /// It answered something that is not of the protocol.
    Garbled,
}

impl Restored {
    /// True unless all three services still keep a true share: the PIN is to be set again.
    pub fn set_again(&self) -> bool {
        self.standings.iter().any(|standing| match standing {
            Standing::Answered { left } => *left == 0,
            Standing::Lied | Standing::Locked | Standing::Gone | Standing::Garbled => true,
            Standing::Refused(_) | Standing::Silent => false,
        })
    }
}

impl Recovery {
    /// Begins a try with the note that the person's own service gave. Stretches the PIN. Each request counts as a try
    /// where it arrives.
    ///
    /// # Errors
    /// [`PinError::Note`], or the machine fails.
    pub fn begin(note: &Note, pin: &Pin) -> Result<(Self, Vec<Request>), PinError> {
        note.places().map_err(|_| PinError::Note)?;
        Self::with_stretched(note, &pin.stretch(&note.salt)?)
    }

    pub(super) fn with_stretched(
        note: &Note,
        stretched: &SecretBytes,
    ) -> Result<(Self, Vec<Request>), PinError> {
        let places = note.places().map_err(|_| PinError::Note)?.clone();
        let blind = |seat: Seat| Blinded::new(seat, &places[seat.index()].name, stretched);
        let [first, second, third] = Seat::ALL;
        let blinded = [blind(first)?, blind(second)?, blind(third)?];
        let attempt = |seat: Seat| Request {
            seat,
            path: path("tries"),
            body: TryRequest { name: places[seat.index()].name, blinded: blinded[seat.index()].element }
                .encode(),
        };
        let requests = Seat::ALL.map(attempt).to_vec();
        Ok((Self { salt: note.salt, places, blinded, heard: [None, None, None] }, requests))
    }

    /// Where the requests of a service go.
    pub fn address(&self, seat: Seat) -> &str {
        self.places[seat.index()].address().expect("a note's addresses are checked when it is read")
    }

    /// Takes what became of a service's request; the outcome once all three are known. Only a service's first answer
    /// counts.
    pub fn answered(&mut self, seat: Seat, reply: &Reply) -> Option<Outcome> {
        let heard = self.hear(seat, reply);
        self.heard[seat.index()].get_or_insert(heard);
        if self.heard.iter().all(Option::is_some) { Some(self.conclude()) } else { None }
    }

    /// For the fuzzer: true if the body is an answer of a service to its try.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn takes(&self, seat: Seat, body: &[u8]) -> bool {
        matches!(self.hear(seat, &Reply::Answered(body.to_vec())), Heard::Share { .. } | Heard::Locked)
    }

    fn hear(&self, seat: Seat, reply: &Reply) -> Heard {
        let body = match reply {
            Reply::Answered(body) => body,
            Reply::Refused(error) if error.code == ErrorCode::NotFound => return Heard::Gone,
            Reply::Refused(error) => return Heard::Refused(error.code),
            Reply::Silent => return Heard::Silent,
        };
        match TryResponse::decode(body) {
            Ok(TryResponse::Evaluated(Evaluated { evaluated, masked, serial, left })) => {
                let share = self.blinded[seat.index()].mask(&evaluated, &masked);
                share.map_or(Heard::Garbled, |share| Heard::Share { share, serial, left })
            }
            Ok(TryResponse::Locked) => Heard::Locked,
            Err(_) => Heard::Garbled,
        }
    }

    fn conclude(&self) -> Outcome {
        if let Some((secret, keys)) = PAIRS.iter().find_map(|pair| self.agreed(*pair)) {
            return Outcome::Restored(self.restored(secret, &keys));
        }
        let standings = self.standings();
        let left = |standing: &Standing| match standing {
            Standing::Answered { left } => Some(*left),
            _ => None,
        };
        let answered: Vec<u32> = standings.iter().filter_map(left).collect();
        let lost = |standing: &&Standing| matches!(standing, Standing::Locked | Standing::Gone);
        match answered.iter().min() {
            Some(least) if answered.len() >= 2 => Outcome::Wrong { left: *least, standings },
            _ if standings.iter().filter(lost).count() >= 2 => Outcome::Lost { standings },
            _ => Outcome::TooFew { standings },
        }
    }

    /// The secret of two services, if it is the one that the records are named after.
    fn agreed(&self, (one, other): (usize, usize)) -> Option<(SecretBytes, RecordKeys)> {
        let secret = shares::combine(self.share(one)?, self.share(other)?)?;
        let keys = RecordKeys::of(&secret, &self.salt);
        if keys.are_named(&self.places) { Some((secret, keys)) } else { None }
    }

    fn share(&self, index: usize) -> Option<(Seat, &SecretBytes)> {
        match self.heard.get(index)? {
            Some(Heard::Share { share, .. }) => Some((Seat::ALL[index], share)),
            _ => None,
        }
    }

    fn restored(&self, secret: SecretBytes, keys: &RecordKeys) -> Restored {
        let mut standings = self.standings();
        let mut unlock = Vec::new();
        for seat in Seat::ALL {
            let Some(Heard::Share { share, serial, left }) = &self.heard[seat.index()] else { continue };
            let fits = |other: usize| {
                other != seat.index()
                    && self
                        .share(other)
                        .and_then(|other| shares::combine((seat, share), other))
                        .is_some_and(|combined| combined.same(&secret))
            };
            if !(0..SERVICES).any(fits) {
                standings[seat.index()] = Standing::Lied;
            } else if *left > 0 {
                let body = UnlockRequest::sign(keys.key(seat), *serial).encode();
                unlock.push(Request { seat, path: path("unlock"), body });
            }
        }
        Restored { secret, unlock, standings }
    }

    fn standings(&self) -> [Standing; SERVICES] {
        self.heard.each_ref().map(|heard| match heard {
            Some(Heard::Share { left, .. }) => Standing::Answered { left: *left },
            Some(Heard::Locked) => Standing::Locked,
            Some(Heard::Gone) => Standing::Gone,
            Some(Heard::Refused(code)) => Standing::Refused(*code),
            Some(Heard::Garbled) => Standing::Garbled,
            Some(Heard::Silent) | None => Standing::Silent,
        })
    }
}
