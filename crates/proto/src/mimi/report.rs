//! `reportAbuse`: a member shows the hub messages that it was sent (section 5.9).

use super::{AppDataDictionary, Frank};
use crate::{
    ProtoError, RoomUri, Timestamp, UserUri,
    decisions::{Appeal, Words},
    edge::signed_content,
};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Why something is reported. The draft names no reasons; these are the profile's.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    TlsSize,
    TlsSerialize,
    TlsDeserializeBytes,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
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

impl AbuseType {
    /// Each of them.
    pub const ALL: [Self; 10] = [
        Self::Other,
        Self::Spam,
        Self::Fraud,
        Self::Harassment,
        Self::Hate,
        Self::SexualContent,
        Self::ChildExploitation,
        Self::Violence,
        Self::SelfHarm,
        Self::Impersonation,
    ];
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

/// What a reporter asks of the hub that took a report: what came of it, and perhaps to look again. Profile addition
/// (`docs/spec/reports.md`).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct FollowReport {
    /// Who asks: whoever reported.
    pub reporting_user: UserUri,
    /// SHA-256 of the report's encoding.
    pub report: [u8; 32],
    /// Why it is to be decided by somebody else, in the reporter's words. Taken once, after a decision.
    pub appeal: Option<Words>,
}

/// What came of a report. It says whether something was done and never what: that is between the service and whom it is about.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ReportStanding {
    /// How far it is.
    pub stage: ReportStage,
    /// Since when.
    pub since: Timestamp,
    /// Whether an appeal is taken now.
    pub appeals: Appeal,
}

/// How far a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum ReportStage {
    /// It waits for somebody of the safety team.
    Waiting = 1,
    /// Somebody looks at it.
    InReview = 2,
    /// Something was done about the person.
    ActedOn = 3,
    /// It was decided to do nothing.
    NoAction = 4,
    /// It is looked at again, by somebody else.
    Appealed = 5,
}

/// A hub hands on, to the service of the person who is reported, what it proved by its own stamps. It says nothing of who
/// reported. Profile addition (`docs/spec/reports.md`).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ForwardedReport {
    /// What is signed.
    pub tbs: ForwardedReportTbs,
    /// Ed25519 by the hub's franking agent over [`ForwardedReport::LABEL`] and `tbs` ([`signed_content`]).
    pub signature: [u8; 64],
}

/// The signed part of it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ForwardedReportTbs {
    /// In which room of the hub.
    pub room: RoomUri,
    /// Who is reported.
    pub alleged_abuser: UserUri,
    /// Why.
    pub reason: AbuseType,
    /// When the hub took the report.
    pub at: Timestamp,
    /// What that person sent there, with the stamps.
    pub messages: Vec<AbusiveMessage>,
}

impl ForwardedReport {
    /// What the hub's signature is made over, first.
    const LABEL: &'static str = "Trefoil 1.0 ForwardedReport";

    /// Makes one with the signature that `sign` gives over the content: the key is the hub's and stays there.
    pub fn sign(tbs: ForwardedReportTbs, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Self {
        let content = signed_content(Self::LABEL, &tbs);
        let signature = sign(&content.expect("a report that was taken is within the encoding's limits"));
        Self { tbs, signature }
    }

    /// Checks that the hub with this key says exactly this, and that it signed the stamp of each message as of this person, in
    /// this room, at that time.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self, hub: &VerifyingKey) -> Result<(), ProtoError> {
        const REFUSED: ProtoError = ProtoError::Unverified("report that a hub hands on");
        let content = signed_content(Self::LABEL, &self.tbs)?;
        let whole = Signature::from_bytes(&self.signature);
        hub.verify_strict(&content, &whole).map_err(|_| REFUSED)?;
        for message in &self.tbs.messages {
            let ForwardedReportTbs { alleged_abuser, room, .. } = &self.tbs;
            let context = message.frank.context(alleged_abuser, room, message.accepted_timestamp);
            message.frank.verify(context, hub).map_err(|_| REFUSED)?;
        }
        Ok(())
    }
}
