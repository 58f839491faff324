//! Devices that nobody has: made by the adversary, who can do with them all that MLS lets a device do.

mod session;

pub use session::Session;

use anyhow::{Context as _, anyhow, bail};
use ed25519_dalek::SigningKey;
use openmls::{component::*, group::ProposalStore, prelude::*, treesync::RatchetTree};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use tls_codec::Serialize as _;
use trefoil_client::Suite;
use trefoil_proto::{
    DeviceUri, Wire,
    credential::{AccountKey, DEVICE_AUTHORISATION, DeviceAuthorisation},
    edge::{CreateRoomRequest, NewDevice},
    franking::{self, FRANK_AAD, FrankingTag},
    mimi::{
        Protocol, SubmitMessageRequest, UpdateRequest,
        submit::Delivery,
        update::{GroupInfoOption, RatchetTreeOption},
    },
    mls::{self, MlsMessage},
    room::{PARTICIPANT_LIST, ParticipantList, ParticipantListUpdate},
};
use trefoil_transparency::device_set::DeviceEntry;

const SUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519;

/// A device of the adversary's.
pub struct Forged {
    /// What it says it is, and who is said to vouch for it.
    pub device: NewDevice,
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    group: Option<MlsGroup>,
}

/// Who is said to vouch for a device.
pub enum Voucher<'a> {
    /// An account that the adversary made.
    Own(&'a SigningKey),
    /// Somebody's account, whose key the adversary does not have: the signature is none.
    Pretended(AccountKey),
}

/// A group as a hub can follow it, without a secret: enough to hand its tree to whoever joins.
pub struct Followed {
    public: PublicGroup,
    provider: OpenMlsRustCrypto,
}

impl Forged {
    /// Makes one.
    ///
    /// # Errors
    /// MLS refuses.
    pub fn new(uri: &DeviceUri, voucher: &Voucher<'_>) -> anyhow::Result<Self> {
        let provider = OpenMlsRustCrypto::default();
        let signer = SignatureKeyPair::new(SignatureScheme::ED25519)?;
        let key: [u8; 32] = signer.public().try_into().context("an Ed25519 key has 32 bytes")?;
        let authorisation = match voucher {
            Voucher::Own(account) => DeviceAuthorisation::sign(account, uri, &key),
            Voucher::Pretended(account_key) => {
                let nobody = DeviceAuthorisation::sign(&SigningKey::from_bytes(&[7; 32]), uri, &key);
                DeviceAuthorisation { account_key: *account_key, ..nobody }
            }
        };
        let device = NewDevice { uri: uri.clone(), signature_key: key, authorisation };
        Ok(Self { device, provider, signer, group: None })
    }

    /// How a directory lists it.
    pub fn entry(&self) -> DeviceEntry {
        let NewDevice { uri, signature_key, authorisation } = &self.device;
        DeviceEntry::new(uri.device.clone(), *signature_key, authorisation)
    }

    /// A key package under the suite of rooms.
    ///
    /// # Errors
    /// MLS refuses.
    pub fn key_package(&self) -> anyhow::Result<mls::KeyPackage> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .leaf_node_extensions(self.extensions()?)
            .build(SUITE, &self.provider, &self.signer, self.credential())?;
        Ok(mls::KeyPackage::parse(&bundle.key_package().tls_serialize_detached()?)?)
    }

    /// Comes into a group by itself, with what its hub has at hand.
    ///
    /// # Errors
    /// MLS refuses.
    pub fn join(&mut self, info: &mls::GroupInfo, tree: &mls::RatchetTree) -> anyhow::Result<MlsMessage> {
        let info = group_info::VerifiableGroupInfo::tls_deserialize_exact_bytes(info.as_bytes())?;
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes())?;
        let builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree)
            .with_config(configuration())
            .skip_lifetime_validation()
            .build_group(&self.provider, info, self.credential())?;
        let leaf = LeafNodeParameters::builder()
            .with_capabilities(capabilities())
            .with_extensions(self.extensions()?)
            .build();
        let built = builder
            .leaf_node_parameters(leaf)
            .load_psks(self.provider.storage())?
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)?;
        let (group, bundle) = built.finalize(&self.provider)?;
        self.group = Some(group);
        encoded(&bundle.into_messages().0)
    }

    /// Comes into a group by a Welcome.
    ///
    /// # Errors
    /// It is not for this device.
    pub fn take_welcome(&mut self, welcome: &MlsMessage, tree: &mls::RatchetTree) -> anyhow::Result<()> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(welcome.as_bytes())?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { bail!("that is no Welcome") };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes())?;
        let staged = StagedWelcome::build_from_welcome(&self.provider, &configuration(), welcome)?
            .with_ratchet_tree(tree)
            .skip_lifetime_validation()
            .build()?;
        self.group = Some(staged.into_group(&self.provider)?);
        Ok(())
    }

    /// Whether it can read a message, and finds these words in it.
    pub fn reads(&mut self, message: &MlsMessage, words: &str) -> bool {
        let Some(group) = &mut self.group else { return false };
        let read = |group: &mut MlsGroup| -> anyhow::Result<Vec<u8>> {
            let processed = group.process_message(&self.provider, protocol_message(message)?)?;
            match processed.into_content() {
                ProcessedMessageContent::ApplicationMessage(said) => Ok(said.into_bytes()),
                _ => bail!("not a message"),
            }
        };
        match read(group) {
            Ok(content) => String::from_utf8_lossy(&content).contains(words),
            Err(error) => {
                tracing::debug!(%error, "the adversary cannot read a message");
                false
            }
        }
    }

    /// Encrypts a content under a tag, which may be of another content.
    ///
    /// # Errors
    /// It is in no group.
    pub fn says(&mut self, content: &[u8], tag: &FrankingTag) -> anyhow::Result<SubmitMessageRequest> {
        let group = self.group.as_mut().context("it is in no group")?;
        group.set_safe_aad(vec![SafeAadItem::new(FRANK_AAD, franking::safe_aad_item(tag))])?;
        let message = group.create_message(&self.provider, &self.signer, content)?;
        Ok(SubmitMessageRequest {
            protocol: Protocol::Mls10,
            app_message: encoded(&message)?,
            sending_uri: self.device.uri.user_uri(),
            delivery: Delivery::Durable,
            sender_frank: None,
        })
    }

    fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.device.uri.to_string().into_bytes()).into(),
            signature_key: self.signer.public().into(),
        }
    }

    fn extensions(&self) -> anyhow::Result<Extensions<LeafNode>> {
        let mut dictionary = AppDataDictionary::new();
        let components = ComponentsList::new(vec![FRANK_AAD]).tls_serialize_detached()?;
        dictionary.insert(ComponentType::SafeAad.into(), components);
        dictionary.insert(DEVICE_AUTHORISATION, self.device.authorisation.encode());
        Ok(Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)))?)
    }
}

impl Followed {
    /// A room from its beginning.
    ///
    /// # Errors
    /// It cannot be followed.
    pub fn open(request: &CreateRoomRequest) -> anyhow::Result<Self> {
        let RatchetTreeOption::Full(tree) = &request.ratchet_tree else {
            bail!("a room is made with its tree")
        };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes())?;
        let info = request.group_info.as_bytes();
        let info = group_info::VerifiableGroupInfo::tls_deserialize_exact_bytes(info)?;
        let provider = OpenMlsRustCrypto::default();
        let opened = PublicGroup::from_external(
            provider.crypto(),
            provider.storage(),
            tree,
            info,
            ProposalStore::new(),
        );
        Ok(Self { public: opened.map_err(|error| anyhow!("{error}"))?.0, provider })
    }

    /// Takes a commit as it is: the adversary's hub judges nothing.
    ///
    /// # Errors
    /// It is not valid MLS.
    pub fn take(&mut self, commit: &MlsMessage) -> anyhow::Result<()> {
        let crypto = self.provider.crypto();
        let processed = self.public.process_message(crypto, protocol_message(commit)?);
        let staged = match processed.map_err(|error| anyhow!("{error}"))?.into_content() {
            ProcessedMessageContent::StagedCommitMessage(commit) => commit,
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let mut updater = self.public.app_data_dictionary_updater();
                for proposal in commit.app_data_update_proposals() {
                    let AppDataUpdateOperation::Update(data) = proposal.operation() else { bail!("removed") };
                    let mut value = data.as_slice().to_vec();
                    if proposal.component_id() == PARTICIPANT_LIST {
                        let old = updater.old_value(PARTICIPANT_LIST).context("no list")?;
                        let update = ParticipantListUpdate::decode(&value)?;
                        value = ParticipantList::decode(old)?.apply(&update)?.encode();
                    }
                    updater.set(ComponentData::from_parts(proposal.component_id(), value.into()));
                }
                let changes = updater.changes();
                let staged = self.public.stage_app_data_commit(crypto, *commit, changes);
                Box::new(staged.map_err(|error| anyhow!("{error}"))?)
            }
            _ => bail!("not a commit"),
        };
        Ok(self.public.merge_commit(self.provider.storage(), *staged)?)
    }

    /// Its tree.
    ///
    /// # Errors
    /// It is too large.
    pub fn tree(&self) -> anyhow::Result<mls::RatchetTree> {
        let tree: RatchetTree = self.public.export_ratchet_tree();
        Ok(mls::RatchetTree::parse(&tree.tls_serialize_detached()?)?)
    }
}

/// What a member hands to the hub when it changes a room.
pub struct Handed {
    /// The commit.
    pub commit: MlsMessage,
    /// For those who come in.
    pub welcome: Option<MlsMessage>,
    /// Of the epoch that it makes.
    pub info: mls::GroupInfo,
}

impl Handed {
    /// Reads an update request.
    ///
    /// # Errors
    /// It is not a commit.
    pub fn read(body: &[u8]) -> anyhow::Result<Self> {
        match UpdateRequest::decode(body)? {
            UpdateRequest::Commit { commit, welcome, group_info: GroupInfoOption::Full(info), .. } => {
                Ok(Self { commit, welcome, info })
            }
            UpdateRequest::Proposals { .. } => bail!("only proposals"),
        }
    }
}

fn capabilities() -> Capabilities {
    let suites: Vec<Ciphersuite> =
        Suite::ALL.iter().filter_map(|suite| Ciphersuite::try_from(suite.code()).ok()).collect();
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&suites),
        Some(&[ExtensionType::AppDataDictionary, ExtensionType::LastResort]),
        Some(&[ProposalType::AppDataUpdate, ProposalType::SelfRemove]),
        Some(&[CredentialType::Basic]),
    )
}

fn configuration() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .build()
}

fn protocol_message(message: &MlsMessage) -> anyhow::Result<ProtocolMessage> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes())?;
    Ok(message.try_into_protocol_message()?)
}

fn encoded(message: &MlsMessageOut) -> anyhow::Result<MlsMessage> {
    Ok(MlsMessage::parse(&message.tls_serialize_detached()?)?)
}
