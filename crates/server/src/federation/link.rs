//! The way to other services, as the rest of the house sees it.

use super::FederationError;
use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};
use std::sync::Arc;
use trefoil_proto::{
    Domain, Wire,
    discovery::DiscoveryResponse,
    limits,
    mimi::{
        GroupInfoResponse, KeyMaterialResponse, SubmitMessageResponse, UpdateRoomResponse,
        directory::Directory, identifier::IdentifierResponse, report::ReportStanding,
    },
    minors::Guarded,
    passes::Issued,
};
use trefoil_transparency::{
    directory::{AuditAnswer, KeyProof},
    gossip::SignedRoots,
};

/// An endpoint of the MIMI interface that is posted to (draft-ietf-mimi-protocol-06, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `keyMaterial/{targetUser}`.
    KeyMaterial,
    /// `update/{roomId}`.
    Update,
    /// `notify/{roomId}`.
    Notify,
    /// `submitMessage/{roomId}`.
    SubmitMessage,
    /// `groupInfo/{roomId}`.
    GroupInfo,
    /// `requestConsent/{targetUser}`.
    RequestConsent,
    /// `updateConsent/{requesterUser}`.
    UpdateConsent,
    /// `identifierQuery/{domain}`.
    IdentifierQuery,
    /// `reportAbuse/{roomId}`.
    ReportAbuse,
    /// `keyProof/{targetUser}`: an extension of ours, as the next two.
    KeyProof,
    /// `auditDirectory/{directoryDomain}`.
    AuditDirectory,
    /// `directoryRoot/{directoryDomain}`.
    DirectoryRoot,
    /// `discovery/{domain}`: an extension of ours as well, as the next two.
    Discovery,
    /// `followReport/{roomId}`.
    FollowReport,
    /// `forwardReport/{targetUser}`.
    ForwardReport,
    /// `passes/{domain}`: as well.
    Passes,
    /// `firstContact/{targetUser}`: as well.
    FirstContact,
    /// `reached/{targetUser}`: as well.
    Reached,
    /// `guardian/{targetUser}`: as well.
    Guardian,
}

impl Endpoint {
    /// Each of them.
    pub(super) const ALL: [Self; 19] = [
        Self::KeyMaterial,
        Self::Update,
        Self::Notify,
        Self::SubmitMessage,
        Self::GroupInfo,
        Self::RequestConsent,
        Self::UpdateConsent,
        Self::IdentifierQuery,
        Self::ReportAbuse,
        Self::KeyProof,
        Self::AuditDirectory,
        Self::DirectoryRoot,
        Self::Discovery,
        Self::FollowReport,
        Self::ForwardReport,
        Self::Passes,
        Self::FirstContact,
        Self::Reached,
        Self::Guardian,
    ];

    /// Not of MIMI: a service without it is none the worse.
    pub(super) fn is_extension(self) -> bool {
        matches!(
            self,
            Self::KeyProof
                | Self::AuditDirectory
                | Self::DirectoryRoot
                | Self::Discovery
                | Self::FollowReport
                | Self::ForwardReport
                | Self::Passes
                | Self::FirstContact
                | Self::Reached
                | Self::Guardian
        )
    }

    /// The URL template in a service's directory.
    pub(super) fn template(self, directory: &Directory) -> &str {
        match self {
            Self::KeyMaterial => &directory.key_material,
            Self::Update => &directory.update,
            Self::Notify => &directory.notify,
            Self::SubmitMessage => &directory.submit_message,
            Self::GroupInfo => &directory.group_info,
            Self::RequestConsent => &directory.request_consent,
            Self::UpdateConsent => &directory.update_consent,
            Self::IdentifierQuery => &directory.identifier_query,
            Self::ReportAbuse => &directory.report_abuse,
            Self::KeyProof => &directory.key_proof,
            Self::AuditDirectory => &directory.audit_directory,
            Self::DirectoryRoot => &directory.directory_root,
            Self::Discovery => &directory.discovery,
            Self::FollowReport => &directory.follow_report,
            Self::ForwardReport => &directory.forward_report,
            Self::Passes => &directory.passes,
            Self::FirstContact => &directory.first_contact,
            Self::Reached => &directory.reached,
            Self::Guardian => &directory.guardian,
        }
    }

    /// Largest answer that is read, in bytes.
    pub(super) fn answer_limit(self) -> usize {
        match self {
            Self::KeyMaterial | Self::FirstContact | Self::Reached => KeyMaterialResponse::LIMIT,
            Self::Guardian => Guarded::LIMIT,
            Self::Passes => Issued::LIMIT,
            Self::Update => UpdateRoomResponse::LIMIT,
            Self::SubmitMessage => SubmitMessageResponse::LIMIT,
            Self::GroupInfo => GroupInfoResponse::LIMIT,
            Self::IdentifierQuery => IdentifierResponse::LIMIT,
            Self::KeyProof => KeyProof::LIMIT,
            Self::AuditDirectory => AuditAnswer::LIMIT,
            Self::DirectoryRoot => SignedRoots::LIMIT,
            Self::Discovery => DiscoveryResponse::LIMIT,
            Self::FollowReport => ReportStanding::LIMIT,
            Self::ForwardReport
            | Self::Notify
            | Self::RequestConsent
            | Self::UpdateConsent
            | Self::ReportAbuse => limits::REQUEST,
        }
    }
}

/// Part of an attachment on its way from another service.
pub struct Media {
    /// 200 or 206.
    pub status: u16,
    /// `Content-Length`, if the peer said.
    pub length: Option<u64>,
    /// `Content-Range`, as the peer said.
    pub content_range: Option<String>,
    /// The bytes.
    pub body: BoxStream<'static, Result<Bytes, FederationError>>,
}

/// A request outside MIMI, at a fixed path of the peer.
#[derive(Clone, Debug)]
pub struct Ask {
    /// From the root, with its slash.
    pub path: &'static str,
    /// What is posted; nothing is a GET.
    pub body: Option<Bytes>,
    /// Largest answer that is read, in bytes.
    pub limit: usize,
}

/// The answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// Calls to other services. Implementations authenticate both ends: who answers is the domain that was asked.
pub trait Link: Send + Sync + 'static {
    /// Posts a body and reads the whole answer.
    ///
    /// # Errors
    /// [`FederationError::Unavailable`], [`FederationError::Refused`], [`FederationError::Misbehaved`],
    /// [`FederationError::Directory`].
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        endpoint: Endpoint,
        segment: &'a str,
        body: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>>;

    /// Opens an attachment.
    ///
    /// # Errors
    /// As [`Link::post`].
    fn media<'a>(
        &'a self,
        domain: &'a Domain,
        url: &'a str,
        range: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Media, FederationError>>;

    /// The peer's directory, as it was read lately. A way that knows of MIMI's calls only has none.
    ///
    /// # Errors
    /// As [`Link::post`].
    fn directory<'a>(&'a self, domain: &'a Domain) -> BoxFuture<'a, Result<Arc<Directory>, FederationError>> {
        Box::pin(async move { Err(mimi_only(domain)) })
    }

    /// Asks for something outside MIMI and reads the whole answer.
    ///
    /// # Errors
    /// [`FederationError::Unavailable`]; [`FederationError::Misbehaved`] for an answer that is too large.
    fn ask<'a>(&'a self, domain: &'a Domain, ask: Ask) -> BoxFuture<'a, Result<Told, FederationError>> {
        let _ = ask;
        Box::pin(async move { Err(mimi_only(domain)) })
    }
}

fn mimi_only(domain: &Domain) -> FederationError {
    FederationError::Unavailable { domain: domain.clone(), source: "this way carries MIMI only".into() }
}

/// Whether a domain can be a public service's. A person who names another domain must not make a service knock at hosts and
/// ports of an inner network.
pub fn has_public_name(domain: &Domain) -> bool {
    let name = domain.as_str();
    let last_label = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && !name.contains(':') && !last_label.bytes().all(|byte| byte.is_ascii_digit())
}
