//! What a room was told before somebody came in, told once more by an admin's device: the body of a message under a media
//! type of our own (`docs/spec/conversation.md`, "Newcomers").

use super::{
    MessageId, deterministic,
    groups::GroupList,
    picture::{self, Picture},
    timer::RoomTimer,
};
use crate::{ProtoError, Timestamp, UserUri, limits};
use minicbor::{Decoder, Encoder, data::Type};

/// The media type of a [`Retold`], as content of a part.
pub const RETOLD: &str = "application/vnd.trefoil.retold";

const BAD: ProtoError = ProtoError::Malformed("what was retold");

/// What a room was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// When messages disappear.
    Timer(RoomTimer),
    /// The room's picture; none if it was taken away.
    Picture(Option<Picture>),
    /// The community's groups.
    Groups(GroupList),
}

impl Told {
    const fn number(&self) -> u8 {
        match self {
            Self::Timer(_) => 1,
            Self::Picture(_) => 2,
            Self::Groups(_) => 3,
        }
    }

    fn decode(number: u8, body: &[u8]) -> Result<Self, ProtoError> {
        match number {
            1 => RoomTimer::decode(body).map(Self::Timer),
            2 => picture::decode(body).map(Self::Picture),
            3 => GroupList::decode(body).map(Self::Groups),
            _ => Err(BAD),
        }
    }

    fn encode(&self) -> Result<Vec<u8>, ProtoError> {
        match self {
            Self::Timer(timer) => timer.encode(),
            Self::Picture(shown) => Ok(picture::encode(shown.as_ref())),
            Self::Groups(list) => list.encode(),
        }
    }
}

/// One of them, with the stamp that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retelling {
    /// What.
    pub told: Told,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// Of the message that said it.
    pub id: MessageId,
    /// Who said it, as whoever retells it has it; none if that is not known any more.
    pub by: Option<UserUri>,
}

/// The body: each thing at most once, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retold {
    /// At least one.
    pub entries: Vec<Retelling>,
}

impl Retold {
    /// Decodes deterministic CBOR: `[+ [what, accepted, id, by / null, body]]`.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`]; [`ProtoError::TooLarge`] for a body within it.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        if bytes.len() > limits::MESSAGE {
            return Err(ProtoError::TooLarge { what: "message", limit: limits::MESSAGE });
        }
        deterministic::check(bytes)?;
        let mut d = Decoder::new(bytes);
        let count = d.array()?.filter(|count| (1..=3).contains(count)).ok_or(BAD)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            if d.array()? != Some(5) {
                return Err(BAD);
            }
            let (number, accepted) = (d.u8()?, Timestamp(d.u64()?));
            let id = MessageId::from_slice(d.bytes()?)?;
            let by = match d.datatype()? {
                Type::Null => {
                    d.null()?;
                    None
                }
                _ => Some(d.str()?.parse()?),
            };
            entries.push(Retelling { told: Told::decode(number, d.bytes()?)?, accepted, id, by });
        }
        let retold = Self { entries };
        retold.check()?;
        Ok(retold)
    }

    /// Encodes.
    ///
    /// # Errors
    /// As [`Retold::decode`].
    pub fn encode(&self) -> Result<Vec<u8>, ProtoError> {
        self.check()?;
        let mut e = Encoder::new(Vec::new());
        e.array(self.entries.len() as u64).map_err(|_| BAD)?;
        for entry in &self.entries {
            let by = entry.by.as_ref().map(ToString::to_string);
            let written = e.array(5).and_then(|e| {
                let e = e.u8(entry.told.number())?.u64(entry.accepted.0)?.bytes(&entry.id.0)?;
                match &by {
                    Some(by) => e.str(by)?.ok(),
                    None => e.null()?.ok(),
                }
            });
            written.map_err(|_| BAD)?;
            e.bytes(&entry.told.encode()?).map_err(|_| BAD)?;
        }
        Ok(e.into_writer())
    }

    fn check(&self) -> Result<(), ProtoError> {
        let ascending = self.entries.windows(2).all(|pair| pair[0].told.number() < pair[1].told.number());
        if self.entries.is_empty() || !ascending { Err(BAD) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::content::picture::PictureType;
    use proptest::prelude::*;

    fn told() -> impl Strategy<Value = Vec<Told>> {
        let picture = Picture::new(PictureType::Jpeg, b"\xff\xd8\xff\xe0".to_vec()).unwrap();
        let all = vec![
            Told::Timer(RoomTimer { seconds: 60, vanishing: true }),
            Told::Picture(Some(picture)),
            Told::Groups(GroupList::default()),
        ];
        prop::sample::subsequence(all, 1..=3)
    }

    proptest! {
        #[test]
        fn what_is_retold_comes_back(told in told(), accepted: u64, known: bool) {
            let by = known.then(|| "mimi://a.test/u/ann".parse().unwrap());
            let entry = |told| Retelling { told, accepted: Timestamp(accepted), id: MessageId([1; 32]), by: by.clone() };
            let retold = Retold { entries: told.into_iter().map(entry).collect() };
            prop_assert_eq!(Retold::decode(&retold.encode().unwrap()).unwrap(), retold);
        }
    }

    #[test]
    fn what_is_nothing_retold_is_refused() {
        let entry = |told| Retelling { told, accepted: Timestamp(1), id: MessageId([1; 32]), by: None };
        let timer = || entry(Told::Timer(RoomTimer::default()));
        for entries in [vec![], vec![timer(), timer()], vec![entry(Told::Picture(None)), timer()]] {
            assert!(Retold { entries }.encode().is_err());
        }
        let good = Retold { entries: vec![timer()] }.encode().unwrap();
        assert!(Retold::decode(&good).is_ok());
        let mut unknown = good.clone();
        unknown[2] = 4;
        for bytes in [&unknown[..], &good[..good.len() - 1], b"\x80", b""] {
            assert!(Retold::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
