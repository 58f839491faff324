//! The timer of a room: the body of a message under a media type of our own (`docs/spec/conversation.md`).

use super::deterministic;
use crate::{ProtoError, limits};
use minicbor::{Decoder, Encoder};

/// The media type of a [`RoomTimer`], as content of a part.
pub const TIMER: &str = "application/vnd.trefoil.timer";

const BAD: ProtoError = ProtoError::Malformed("timer of a room");

/// When messages of a room disappear that do not say it themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomTimer {
    /// Seconds after reading; zero for never. At most [`limits::TIMER`].
    pub seconds: u32,
    /// They also go when the room is closed on a device after they were read there. Never without a time.
    pub vanishing: bool,
}

impl RoomTimer {
    /// Decodes deterministic CBOR: `[seconds, vanishing]`.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        if bytes.len() > 8 {
            return Err(BAD);
        }
        deterministic::check(bytes)?;
        let mut d = Decoder::new(bytes);
        if d.array()? != Some(2) {
            return Err(BAD);
        }
        let timer = Self { seconds: d.u32()?, vanishing: d.bool()? };
        timer.check()?;
        Ok(timer)
    }

    /// Encodes.
    ///
    /// # Errors
    /// As [`RoomTimer::decode`].
    pub fn encode(&self) -> Result<Vec<u8>, ProtoError> {
        self.check()?;
        let mut e = Encoder::new(Vec::new());
        let written = e.array(2).and_then(|e| e.u32(self.seconds)?.bool(self.vanishing)?.ok());
        written.map_err(|_| BAD)?;
        Ok(e.into_writer())
    }

    fn check(&self) -> Result<(), ProtoError> {
        let fits = self.seconds <= limits::TIMER && (self.seconds > 0 || !self.vanishing);
        if fits { Ok(()) } else { Err(BAD) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn timers_come_back(seconds in 1..=limits::TIMER, vanishing: bool) {
            let timer = RoomTimer { seconds, vanishing };
            prop_assert_eq!(RoomTimer::decode(&timer.encode().unwrap()).unwrap(), timer);
        }
    }

    #[test]
    fn what_is_no_timer_is_refused() {
        assert_eq!(RoomTimer::decode(b"\x82\x00\xf4").unwrap(), RoomTimer::default());
        for bytes in
            [&b"\x82\x00\xf5"[..], b"\x82\x1a\xff\xff\xff\xff\xf4", b"\x81\x00", b"\x82\x00\xf4\x00", b""]
        {
            assert!(RoomTimer::decode(bytes).is_err(), "{bytes:?}");
        }
        assert!(RoomTimer { seconds: limits::TIMER + 1, vanishing: false }.encode().is_err());
        assert!(RoomTimer { seconds: 0, vanishing: true }.encode().is_err());
    }
}
