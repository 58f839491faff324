//! Ciphersuites, capabilities, extensions: what every leaf and every group of ours looks like.

use super::credential::Me;
use crate::{Refusal, outbox::WINDOW};
use openmls::{
    component::{ComponentType, ComponentsList},
    prelude::*,
};
use tls_codec::Serialize as _;
use trefoil_proto::{credential::DEVICE_AUTHORISATION, defence::Defence, franking::FRANK_AAD};

/// A room's ciphersuite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Suite {
    /// ML-KEM-768 with X25519, AES-128-GCM, SHA-256, Ed25519 (draft-ietf-mls-pq-ciphersuites, provisional 0x004F).
    #[default]
    Hybrid,
    /// X25519, AES-128-GCM, SHA-256, Ed25519 (RFC 9420, 0x0001): for people whose devices have nothing better.
    Classical,
}

impl Suite {
    /// Both, the preferred one first.
    pub const ALL: [Self; 2] = [Self::Hybrid, Self::Classical];

    /// As on the wire.
    pub fn code(self) -> u16 {
        self.mls().into()
    }

    /// One of ours from the wire.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.code() == code)
    }

    pub(crate) fn mls(self) -> Ciphersuite {
        match self {
            Self::Hybrid => Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519,
            Self::Classical => Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
        }
    }
}

/// Refuses a group of a lesser suite than all its devices can do: a service that hands out no better keys hides them, as
/// each device says in its signed leaf what it can do. While one device has nothing better, the lesser suite serves all.
pub(crate) fn refuse_downgrade<'a>(
    suite: Ciphersuite,
    mut leaves: impl Iterator<Item = &'a LeafNode>,
) -> Result<(), Refusal> {
    let best = Suite::default().mls();
    let can = |leaf: &LeafNode| leaf.capabilities().ciphersuites().contains(&best.into());
    if suite == best || !Defence::Suite.stands() || !leaves.all(can) {
        Ok(())
    } else {
        Err(Refusal::Downgrade)
    }
}

/// What every leaf of ours says it can do. Set explicitly: the library's default is a fixed list without our suites.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&Suite::ALL.map(Suite::mls)),
        Some(&[ExtensionType::AppDataDictionary, ExtensionType::LastResort]),
        Some(&[ProposalType::AppDataUpdate, ProposalType::SelfRemove]),
        Some(&[CredentialType::Basic]),
    )
}

/// What a group of ours demands of every leaf.
pub(crate) fn required_capabilities() -> RequiredCapabilitiesExtension {
    RequiredCapabilitiesExtension::new(
        &[ExtensionType::AppDataDictionary],
        &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
        &[CredentialType::Basic],
    )
}

/// The leaf's dictionary: the components it understands in Safe AAD, and the account's word for the device.
pub(crate) fn leaf_extensions(me: &Me) -> Extensions<LeafNode> {
    let mut dictionary = AppDataDictionary::new();
    dictionary.insert(ComponentType::SafeAad.into(), safe_aad_components());
    dictionary.insert(DEVICE_AUTHORISATION, me.authorisation.encode());
    Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)))
        .expect("a dictionary is valid in a leaf")
}

/// Content of the Safe AAD component: frank_aad alone.
pub(crate) fn safe_aad_components() -> Vec<u8> {
    ComponentsList::new(vec![FRANK_AAD]).tls_serialize_detached().expect("one component id always encodes")
}

/// How a member of ours keeps a group: handshakes in the clear for the hub, keys of one past epoch, trees from the hub.
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(1)
        .sender_ratchet_configuration(ratchet_configuration())
        .build()
}

/// A new group's configuration.
pub(crate) fn create_config(
    suite: Suite,
    me: &Me,
    context: Extensions<GroupContext>,
) -> MlsGroupCreateConfig {
    MlsGroupCreateConfig::builder()
        .ciphersuite(suite.mls())
        .capabilities(capabilities())
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(1)
        .sender_ratchet_configuration(ratchet_configuration())
        .with_group_context_extensions(context)
        .with_leaf_node_extensions(leaf_extensions(me))
        .expect("a dictionary is valid in a leaf")
        .build()
}

/// Passing messages are lost when nobody is connected, so gaps are common. The hub keeps the order in which messages
/// reach it, but after a break a sender repeats what failed behind what did not: as many as it keeps unanswered, and
/// the passing ones among them.
fn ratchet_configuration() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(2 * WINDOW, 5_000)
}
