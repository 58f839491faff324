//! Own messages that the hub took, as far as they can be given again to somebody who misses one.

use super::order::Counters;
use crate::{
    ClientError,
    conversation::{self, Keeping, MessageId},
    core::Core,
    rows::{Row, room_key, room_range},
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};
use trefoil_proto::{RoomUri, Timestamp, content::ReceivedContent};
use trefoil_store::Table;

/// By room and counter.
pub const SENT: Table = Table::new("client.sent");

/// Messages of a room that are kept so; older ones cannot be asked for.
pub(super) const KEPT: u64 = 256;
/// How often one message is given again.
const TIMES: u8 = 3;

/// Where the content of a message is.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
enum Content {
    /// In the timeline, as long as it stands there.
    #[tls_codec(discriminant = 1)]
    Timeline,
    /// Here.
    #[tls_codec(discriminant = 2)]
    Here(VLBytes),
    /// It said nothing but what is missing or given: there is nothing to give.
    #[tls_codec(discriminant = 3)]
    Void,
}

/// One such message.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct SentRow {
    message: [u8; 32],
    /// The epoch it was encrypted in.
    epoch: u64,
    accepted: Timestamp,
    given: u8,
    content: Content,
}

impl Row for SentRow {
    const WHAT: &'static str = "sent message";
}

/// What becomes of a wish for one message.
pub(super) enum Giving {
    /// It is given.
    Given { accepted: Timestamp, content: Vec<u8> },
    /// It cannot be.
    Lost,
    /// There was nothing in it.
    Void,
}

impl Core {
    /// The hub took a message: it can be given again from now on.
    pub(super) fn keep_sent(
        &mut self,
        uri: &RoomUri,
        counter: u64,
        (epoch, accepted): (u64, Timestamp),
        content: &ReceivedContent,
    ) -> Result<(), ClientError> {
        let message = content.id(&self.me()?.user, uri).0;
        let content = match conversation::keeping(&content.content) {
            Keeping::Timeline => Content::Timeline,
            Keeping::Copy => Content::Here(content.bytes.to_vec().into()),
            Keeping::Nothing => Content::Void,
        };
        SentRow { message, epoch, accepted, given: 0, content }.write(
            &mut self.tx(),
            SENT,
            room_key(uri, &[counter]),
        );
        if let Some(old) = counter.checked_sub(KEPT) {
            self.tx().delete(SENT, room_key(uri, &[old]));
        }
        Ok(())
    }

    /// Looks for a message that somebody misses. What was sent before the last newcomer came in is not given: they
    /// would read it too.
    pub(super) fn give(&mut self, uri: &RoomUri, counter: u64, newcomer: u64) -> Result<Giving, ClientError> {
        let key = room_key(uri, &[counter]);
        let Some(mut row) = SentRow::read(&self.tx(), SENT, &key)? else { return Ok(Giving::Lost) };
        if row.epoch < newcomer || row.given >= TIMES {
            return Ok(Giving::Lost);
        }
        let content = match &row.content {
            Content::Void => return Ok(Giving::Void),
            Content::Here(bytes) => {
                conversation::stands(&self.tx(), uri, bytes.as_slice())?.then(|| bytes.as_slice().to_vec())
            }
            Content::Timeline => conversation::original(&self.tx(), uri, MessageId(row.message))?,
        };
        let Some(content) = content else { return Ok(Giving::Lost) };
        row.given += 1;
        let accepted = row.accepted;
        row.write(&mut self.tx(), SENT, key);
        Ok(Giving::Given { accepted, content })
    }

    /// Nothing is given of a room that is not this device's any more.
    pub(crate) fn forget_sent(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        for (key, _) in self.tx().scan(SENT, &room_range(uri), usize::MAX, false)? {
            self.tx().delete(SENT, key);
        }
        Ok(())
    }
}

/// Puts a counter at the end of ascending ranges.
pub(super) fn push(ranges: &mut Vec<Counters>, counter: u64) {
    match ranges.last_mut() {
        Some(last) if last.to + 1 == counter => last.to = counter,
        _ => ranges.push(Counters { from: counter, to: counter }),
    }
}

#[cfg(any(test, feature = "fuzzing"))]
#[allow(dead_code, reason = "samples are for tests only")]
pub(super) fn sample() -> SentRow {
    let content = Content::Here(b"bytes".to_vec().into());
    SentRow { message: [1; 32], epoch: 2, accepted: Timestamp(3), given: 1, content }
}
