//! `reportAbuse`: a member shows the hub messages that it was sent (section 5.9).

use super::{AppDataDictionary, Frank};
use crate::{Timestamp, UserUri};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Why something is reported. The draft names no reasons; these are the profile's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum AbuseType {
    /// None of the others, see the note.
    Other = 1,
    /// Unsolicited bulk messages.
    Spam = 2,
    /// Deceit for gain.
    Fraud = 3,
    /// Bullying, stalking, threats.
    Harassment = 4,
    /// Hate against a group.
    Hate = 5,
    /// Sexual content that was not wanted.
    SexualContent = 6,
    /// Sexual exploitation of a child.
    ChildExploitation = 7,
    /// Violence or terrorism.
    Violence = 8,
    /// Someone who may harm themselves.
    SelfHarm = 9,
    /// Pretending to be someone else.
    Impersonation = 10,
}

/// One reported message, with the hub's stamp that proves it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AbusiveMessage {
    /// The content as it was decrypted, byte for byte.
    #[tls_codec(with = "crate::wire::opaque")]
    pub message_content: Vec<u8>,
    /// The stamp it came with.
    pub frank: Frank,
    /// When the hub accepted it.
    pub accepted_timestamp: Timestamp,
}

/// A report to the hub of a room. There is no answer but the HTTP status.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AbuseReport {
    /// Who reports.
    pub reporting_user: UserUri,
    /// Who is reported.
    pub alleged_abuser: UserUri,
    /// Why.
    pub reason: AbuseType,
    /// In the reporter's words, UTF-8, may be empty.
    #[tls_codec(with = "crate::wire::opaque")]
    pub note: Vec<u8>,
    /// The messages shown.
    pub messages: Vec<AbusiveMessage>,
    /// Extension point; the profile defines none.
    pub extensions: AppDataDictionary,
}
