//! A light reader of what a service sends: only as much as is needed to match deliveries with submissions, without
//! full decoding. Anything unexpected is refused and ends the run.

use super::BenchError;
use trefoil_proto::ErrorCode;

/// What identifies an application message: the end of its ciphertext, which is the authentication tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mark(u64);

/// What a frame of the service says, as far as a load cares.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    /// Entries; read them with [`entries`].
    Deliver(Entries<'a>),
    /// A submission was accepted.
    Accepted(u32),
    /// A submission was not accepted by the hub.
    NotAccepted(u32),
    /// A submission was refused by the service.
    Refused(u32, u16),
    /// Nothing waits in the mailbox.
    CaughtUp,
    /// Passing events, draining.
    Other,
}

/// The entries of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entries<'a>(Cursor<'a>);

/// Reads a frame of the service.
pub(super) fn said(frame: &[u8]) -> Result<Said<'_>, BenchError> {
    let mut cursor = Cursor(frame);
    Ok(match cursor.u8()? {
        1 => Said::Deliver(Entries(Cursor(cursor.vector()?))),
        2 => Said::CaughtUp,
        4 => {
            let tag = cursor.u32()?;
            cursor.take(1)?;
            if cursor.u8()? == 0 { Said::Accepted(tag) } else { Said::NotAccepted(tag) }
        }
        5 => Said::Refused(cursor.u32()?, cursor.u16()?),
        _ => Said::Other,
    })
}

impl Iterator for Entries<'_> {
    /// Position, and the mark if it is an application message.
    type Item = Result<(u64, Option<Mark>), BenchError>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.0.is_empty()).then(|| {
            let position = self.0.u64()?;
            let mut body = Cursor(self.0.vector()?);
            if body.u8()? != 1 {
                return Ok((position, None));
            }
            body.vector()?;
            // Protocol and timestamp of the fan-out.
            body.take(9)?;
            Ok((position, mark(body.0)?))
        })
    }
}

/// The mark of an `MLSMessage`; `None` unless it is a `PrivateMessage`.
pub(super) fn mark(message: &[u8]) -> Result<Option<Mark>, BenchError> {
    let mut cursor = Cursor(message);
    if cursor.u32()? != 0x0001_0002 {
        return Ok(None);
    }
    cursor.vector()?;
    // Epoch and content type.
    cursor.take(9)?;
    cursor.vector()?;
    cursor.vector()?;
    let ciphertext = cursor.vector()?;
    let end = ciphertext.last_chunk::<8>().ok_or(SHORT)?;
    Ok(Some(Mark(u64::from_be_bytes(*end))))
}

/// The frame that acknowledges everything up to a position.
pub(super) fn acknowledgement(through: u64) -> [u8; 9] {
    let mut frame = [2; 9];
    frame[1..].copy_from_slice(&through.to_be_bytes());
    frame
}

/// What a refusal's number means.
pub(super) fn refusal(code: u16) -> BenchError {
    use tls_codec::DeserializeBytes as _;
    match ErrorCode::tls_deserialize_exact_bytes(&code.to_be_bytes()) {
        Ok(code) => BenchError::Refused(code),
        Err(_) => BenchError::Garbled("a refusal without a known code"),
    }
}

const SHORT: BenchError = BenchError::Garbled("a frame that ends early");

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], BenchError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BenchError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, BenchError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn u16(&mut self) -> Result<u16, BenchError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, BenchError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, BenchError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// The content of a vector `<V>` (RFC 9420, section 2.1.2).
    fn vector(&mut self) -> Result<&'a [u8], BenchError> {
        let first = self.u8()?;
        let low = usize::from(first & 0x3f);
        let length = match first >> 6 {
            0 => low,
            1 => low << 8 | usize::from(self.u8()?),
            2 => low << 24 | usize::from(self.u8()?) << 16 | usize::from(self.u16()?),
            _ => return Err(BenchError::Garbled("a vector of impossible length")),
        };
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tls_codec::{Serialize as _, VLBytes};
    use trefoil_proto::{
        ErrorBody, Timestamp, Wire as _,
        frame::{ClientFrame, MailboxEntry, MailboxEvent, ServerFrame},
        mimi::{
            Protocol,
            fanout::{FanoutMessage, RoomEvent},
            submit::{Frank, SubmitMessageResponse},
        },
        mls::MlsMessage,
    };

    /// A `PrivateMessage` of which only the framing is real: the reader looks at no more.
    fn message(ciphertext: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 2];
        let vector = |bytes: &mut Vec<u8>, content: &[u8]| {
            bytes.extend(VLBytes::from(content.to_vec()).tls_serialize_detached().unwrap());
        };
        vector(&mut bytes, b"mimi://account.test/r/aaaaaaaa");
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 3, 1]);
        vector(&mut bytes, b"tag");
        vector(&mut bytes, &[7; 28]);
        vector(&mut bytes, ciphertext);
        bytes
    }

    fn frank() -> Frank {
        Frank {
            key_id: 1,
            server_frank: [1; 32],
            signature_ciphersuite: 0x4f,
            integrity_signature: vec![3; 64],
            sender_frank: None,
        }
    }

    #[test]
    fn deliveries_are_read_as_the_real_codec_writes_them() {
        use tls_codec::DeserializeBytes as _;
        let bytes = message(&[9; 600]);
        let event = MailboxEvent::Room {
            room: "mimi://account.test/r/aaaaaaaa".parse().unwrap(),
            message: FanoutMessage {
                protocol: Protocol::Mls10,
                timestamp: Timestamp(5),
                event: RoomEvent::Application {
                    message: MlsMessage::tls_deserialize_exact_bytes(&bytes).unwrap(),
                    frank: Some(frank()),
                },
            },
        };
        let entries = vec![
            MailboxEntry { position: 70_000, body: event.encode() },
            MailboxEntry { position: 70_001, body: MailboxEvent::DevicesChanged.encode() },
        ];
        let frame = ServerFrame::Deliver { entries }.encode();
        let Said::Deliver(entries) = said(&frame).unwrap() else { panic!("not read as a delivery") };
        let read: Vec<_> = entries.map(Result::unwrap).collect();
        assert_eq!(read, [(70_000, mark(&bytes).unwrap()), (70_001, None)]);
        assert_eq!(read[0].1, Some(Mark(0x0909_0909_0909_0909)));
    }

    #[test]
    fn answers_are_read_as_the_real_codec_writes_them() {
        let accepted =
            SubmitMessageResponse::Accepted { accepted_timestamp: Timestamp(1), frank: Some(frank()) };
        let old = SubmitMessageResponse::EpochTooOld { current_epoch: 4 };
        let submitted = |response| ServerFrame::Submitted { tag: 77, response }.encode();
        assert_eq!(said(&submitted(accepted)).unwrap(), Said::Accepted(77));
        assert_eq!(said(&submitted(old)).unwrap(), Said::NotAccepted(77));
        let error = ErrorBody { code: ErrorCode::RateLimited, retry_after_ms: 5, detail: Vec::new() };
        let frame = ServerFrame::Refused { tag: 8, error }.encode();
        assert_eq!(said(&frame).unwrap(), Said::Refused(8, 7));
        assert!(matches!(refusal(7), BenchError::Refused(ErrorCode::RateLimited)));
        assert_eq!(said(&ServerFrame::CaughtUp.encode()).unwrap(), Said::CaughtUp);
    }

    #[test]
    fn acknowledgements_are_written_as_the_real_codec_does() {
        assert_eq!(acknowledgement(99_000).to_vec(), ClientFrame::Acknowledge { through: 99_000 }.encode());
    }

    #[test]
    fn what_ends_early_is_refused() {
        assert!(said(&[1, 0x41]).is_err());
        assert!(mark(&message(&[1; 4])).is_err());
    }
}
