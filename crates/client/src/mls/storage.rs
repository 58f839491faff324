//! openmls' storage over the step's overlay: one table of keys and CBOR values, no transaction of its own.
//!
//! The ratchet state of a group ([`Label::MessageSecrets`]) is by far the largest row and changes with every message.
//! It is not written here while a step is under way, but noted as due; the core writes it once for each group before
//! the step commits ([`Storage::write_due`]).

use crate::overlay::{self, Overlay};
use openmls_traits::storage::{CURRENT_VERSION, Entity, Key, StorageProvider, traits};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    cell::{Cell, RefCell, RefMut},
    collections::BTreeSet,
};
use trefoil_proto::defence::Defence;
use trefoil_store::{KeyRange, StoreError, Table};

/// Everything that openmls stores.
pub const TABLE: Table = Table::new("client.mls");

/// A failure under openmls.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key or value could not be encoded.
    #[error("encode {0}")]
    Encode(&'static str),
    /// A value could not be decoded.
    #[error("decode a stored {0}")]
    Decode(&'static str),
}

/// What a row is; the first byte of its key. Never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Label {
    JoinConfig = 1,
    OwnLeafNodes = 2,
    Proposal = 3,
    Tree = 4,
    TranscriptHash = 5,
    Context = 6,
    ConfirmationTag = 7,
    GroupState = 8,
    MessageSecrets = 9,
    ResumptionPsks = 10,
    OwnLeafIndex = 11,
    EpochSecrets = 12,
    ExportTree = 13,
    SignatureKey = 14,
    EncryptionKey = 15,
    EpochKeys = 16,
    KeyPackage = 17,
    Psk = 18,
}

/// Storage for openmls within a step.
pub struct Storage {
    overlay: RefCell<Overlay>,
    due: RefCell<BTreeSet<Vec<u8>>>,
    writing_due: Cell<bool>,
}

/// What was pending at some point of a step.
pub struct Savepoint {
    pending: overlay::Savepoint,
    due: BTreeSet<Vec<u8>>,
}

impl Storage {
    /// Storage over an overlay.
    pub fn new(overlay: Overlay) -> Self {
        Self { overlay: RefCell::new(overlay), due: RefCell::default(), writing_due: Cell::new(false) }
    }

    /// The step's changes, for our own rows. Not to be held across a call of openmls.
    pub fn overlay(&self) -> RefMut<'_, Overlay> {
        self.overlay.borrow_mut()
    }

    /// If the ratchet state of a group was changed and not written: clears the note and runs `writing`, during which
    /// ratchet state is written at once.
    pub fn write_due<T>(
        &self,
        group_id: &openmls::prelude::GroupId,
        writing: impl FnOnce() -> T,
    ) -> Option<T> {
        let key = key(Label::MessageSecrets, group_id).ok()?;
        if !self.due.borrow_mut().remove(&key) {
            return None;
        }
        self.writing_due.set(true);
        let written = writing();
        self.writing_due.set(false);
        Some(written)
    }

    /// True if some group's ratchet state is not written yet.
    pub fn is_due(&self) -> bool {
        !self.due.borrow().is_empty()
    }

    /// What is pending now, to come back to within this step.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint { pending: self.overlay.borrow().savepoint(), due: self.due.borrow().clone() }
    }

    /// Forgets what was written since.
    pub fn return_to(&self, savepoint: Savepoint) {
        self.overlay.borrow_mut().return_to(savepoint.pending);
        *self.due.borrow_mut() = savepoint.due;
    }

    /// Forgets what is pending.
    pub fn discard(&self) {
        self.overlay.borrow_mut().discard();
        self.due.borrow_mut().clear();
    }

    fn put<K: Serialize, V: Serialize + ?Sized>(
        &self,
        label: Label,
        id: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.overlay.borrow_mut().put(TABLE, key(label, id)?, encode(value)?);
        Ok(())
    }

    fn get<K: Serialize, V: DeserializeOwned>(
        &self,
        label: Label,
        id: &K,
    ) -> Result<Option<V>, StorageError> {
        self.overlay.borrow().get(TABLE, &key(label, id)?)?.map(|row| decode(&row)).transpose()
    }

    fn delete<K: Serialize>(&self, label: Label, id: &K) -> Result<(), StorageError> {
        self.overlay.borrow_mut().delete(TABLE, key(label, id)?);
        Ok(())
    }

    fn proposals<G: Key<CURRENT_VERSION>, R: Entity<CURRENT_VERSION>, Q: Entity<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Vec<(R, Q)>, StorageError> {
        let range = KeyRange::prefix(key(Label::Proposal, group_id)?);
        let rows = self.overlay.borrow().scan(TABLE, &range, usize::MAX, false)?;
        rows.iter().map(|(_, row)| decode(row)).collect()
    }
}

fn key<K: Serialize>(label: Label, id: &K) -> Result<Vec<u8>, StorageError> {
    let mut key = vec![label as u8];
    ciborium::into_writer(id, &mut key).map_err(|_| StorageError::Encode("key"))?;
    Ok(key)
}

fn encode<V: Serialize + ?Sized>(value: &V) -> Result<Vec<u8>, StorageError> {
    let mut row = Vec::with_capacity(1024);
    ciborium::into_writer(value, &mut row).map_err(|_| StorageError::Encode(std::any::type_name::<V>()))?;
    Ok(row)
}

fn decode<V: DeserializeOwned>(row: &[u8]) -> Result<V, StorageError> {
    ciborium::from_reader(row).map_err(|_| StorageError::Decode(std::any::type_name::<V>()))
}

macro_rules! puts {
    ($($name:ident<$($generic:ident: $bound:ident),+>($key:ident, $value:ident) as $label:ident;)*) => { $(
        fn $name<$($generic: traits::$bound<CURRENT_VERSION>),+>(
            &self,
            key: &$key,
            value: &$value,
        ) -> Result<(), StorageError> {
            self.put(Label::$label, key, value)
        }
    )* };
}

macro_rules! gets {
    ($($name:ident<$($generic:ident: $bound:ident),+>($key:ident) -> $value:ident as $label:ident;)*) => { $(
        fn $name<$($generic: traits::$bound<CURRENT_VERSION>),+>(
            &self,
            key: &$key,
        ) -> Result<Option<$value>, StorageError> {
            self.get(Label::$label, key)
        }
    )* };
}

macro_rules! deletes {
    ($($name:ident<$($generic:ident: $bound:ident),+>($key:ident) as $label:ident;)*) => { $(
        fn $name<$($generic: traits::$bound<CURRENT_VERSION>),+>(&self, key: &$key) -> Result<(), StorageError> {
            self.delete(Label::$label, key)
        }
    )* };
}

impl StorageProvider<CURRENT_VERSION> for Storage {
    type Error = StorageError;

    puts! {
        write_mls_join_config<G: GroupId, V: MlsGroupJoinConfig>(G, V) as JoinConfig;
        write_tree<G: GroupId, V: TreeSync>(G, V) as Tree;
        write_interim_transcript_hash<G: GroupId, V: InterimTranscriptHash>(G, V) as TranscriptHash;
        write_context<G: GroupId, V: GroupContext>(G, V) as Context;
        write_confirmation_tag<G: GroupId, V: ConfirmationTag>(G, V) as ConfirmationTag;
        write_group_state<V: GroupState, G: GroupId>(G, V) as GroupState;
        write_resumption_psk_store<G: GroupId, V: ResumptionPskStore>(G, V) as ResumptionPsks;
        write_own_leaf_index<G: GroupId, V: LeafNodeIndex>(G, V) as OwnLeafIndex;
        write_group_epoch_secrets<G: GroupId, V: GroupEpochSecrets>(G, V) as EpochSecrets;
        write_application_export_tree<G: GroupId, V: ApplicationExportTree>(G, V) as ExportTree;
        write_signature_key_pair<K: SignaturePublicKey, V: SignatureKeyPair>(K, V) as SignatureKey;
        write_encryption_key_pair<K: EncryptionKey, V: HpkeKeyPair>(K, V) as EncryptionKey;
        write_key_package<K: HashReference, V: KeyPackage>(K, V) as KeyPackage;
        write_psk<K: PskId, V: PskBundle>(K, V) as Psk;
    }

    gets! {
        mls_group_join_config<G: GroupId, V: MlsGroupJoinConfig>(G) -> V as JoinConfig;
        tree<G: GroupId, V: TreeSync>(G) -> V as Tree;
        group_context<G: GroupId, V: GroupContext>(G) -> V as Context;
        interim_transcript_hash<G: GroupId, V: InterimTranscriptHash>(G) -> V as TranscriptHash;
        confirmation_tag<G: GroupId, V: ConfirmationTag>(G) -> V as ConfirmationTag;
        group_state<V: GroupState, G: GroupId>(G) -> V as GroupState;
        message_secrets<G: GroupId, V: MessageSecrets>(G) -> V as MessageSecrets;
        resumption_psk_store<G: GroupId, V: ResumptionPskStore>(G) -> V as ResumptionPsks;
        own_leaf_index<G: GroupId, V: LeafNodeIndex>(G) -> V as OwnLeafIndex;
        group_epoch_secrets<G: GroupId, V: GroupEpochSecrets>(G) -> V as EpochSecrets;
        application_export_tree<G: GroupId, V: ApplicationExportTree>(G) -> V as ExportTree;
        signature_key_pair<K: SignaturePublicKey, V: SignatureKeyPair>(K) -> V as SignatureKey;
        encryption_key_pair<V: HpkeKeyPair, K: EncryptionKey>(K) -> V as EncryptionKey;
        key_package<K: HashReference, V: KeyPackage>(K) -> V as KeyPackage;
        psk<V: PskBundle, K: PskId>(K) -> V as Psk;
    }

    deletes! {
        delete_own_leaf_nodes<G: GroupId>(G) as OwnLeafNodes;
        delete_group_config<G: GroupId>(G) as JoinConfig;
        delete_tree<G: GroupId>(G) as Tree;
        delete_confirmation_tag<G: GroupId>(G) as ConfirmationTag;
        delete_group_state<G: GroupId>(G) as GroupState;
        delete_context<G: GroupId>(G) as Context;
        delete_interim_transcript_hash<G: GroupId>(G) as TranscriptHash;
        delete_all_resumption_psk_secrets<G: GroupId>(G) as ResumptionPsks;
        delete_own_leaf_index<G: GroupId>(G) as OwnLeafIndex;
        delete_group_epoch_secrets<G: GroupId>(G) as EpochSecrets;
        delete_signature_key_pair<K: SignaturePublicKey>(K) as SignatureKey;
        delete_psk<K: PskId>(K) as Psk;
    }

    fn delete_encryption_key_pair<K: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<(), StorageError> {
        if Defence::KeyUsedOnce.stands() { self.delete(Label::EncryptionKey, key) } else { Ok(()) }
    }

    fn delete_key_package<K: traits::HashReference<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<(), StorageError> {
        if Defence::KeyUsedOnce.stands() { self.delete(Label::KeyPackage, key) } else { Ok(()) }
    }

    fn write_message_secrets<
        G: traits::GroupId<CURRENT_VERSION>,
        V: traits::MessageSecrets<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        secrets: &V,
    ) -> Result<(), StorageError> {
        if self.writing_due.get() {
            return self.put(Label::MessageSecrets, group_id, secrets);
        }
        self.due.borrow_mut().insert(key(Label::MessageSecrets, group_id)?);
        Ok(())
    }

    fn delete_message_secrets<G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<(), StorageError> {
        self.due.borrow_mut().remove(&key(Label::MessageSecrets, group_id)?);
        self.delete(Label::MessageSecrets, group_id)
    }

    fn append_own_leaf_node<G: traits::GroupId<CURRENT_VERSION>, L: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        leaf_node: &L,
    ) -> Result<(), StorageError> {
        let mut nodes: Vec<ciborium::Value> = self.get(Label::OwnLeafNodes, group_id)?.unwrap_or_default();
        nodes.push(ciborium::Value::serialized(leaf_node).map_err(|_| StorageError::Encode("leaf node"))?);
        self.put(Label::OwnLeafNodes, group_id, &nodes)
    }

    fn own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>, L: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Vec<L>, StorageError> {
        Ok(self.get(Label::OwnLeafNodes, group_id)?.unwrap_or_default())
    }

    fn queue_proposal<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        Q: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        reference: &R,
        proposal: &Q,
    ) -> Result<(), StorageError> {
        let mut key = key(Label::Proposal, group_id)?;
        ciborium::into_writer(reference, &mut key).map_err(|_| StorageError::Encode("key"))?;
        self.overlay.borrow_mut().put(TABLE, key, encode(&(reference, proposal))?);
        Ok(())
    }

    fn queued_proposal_refs<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Vec<R>, StorageError> {
        let range = KeyRange::prefix(key(Label::Proposal, group_id)?);
        let rows = self.overlay.borrow().scan(TABLE, &range, usize::MAX, false)?;
        rows.iter()
            .map(|(_, row)| decode::<(R, ciborium::Value)>(row).map(|(reference, _)| reference))
            .collect()
    }

    fn queued_proposals<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        Q: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
    ) -> Result<Vec<(R, Q)>, StorageError> {
        self.proposals(group_id)
    }

    fn remove_proposal<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        reference: &R,
    ) -> Result<(), StorageError> {
        let mut key = key(Label::Proposal, group_id)?;
        ciborium::into_writer(reference, &mut key).map_err(|_| StorageError::Encode("key"))?;
        self.overlay.borrow_mut().delete(TABLE, key);
        Ok(())
    }

    fn clear_proposal_queue<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<(), StorageError> {
        let range = KeyRange::prefix(key(Label::Proposal, group_id)?);
        let mut overlay = self.overlay.borrow_mut();
        for (key, _) in overlay.scan(TABLE, &range, usize::MAX, false)? {
            overlay.delete(TABLE, key);
        }
        Ok(())
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        P: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
        key_pairs: &[P],
    ) -> Result<(), StorageError> {
        self.put(Label::EpochKeys, &(group_id, epoch, leaf_index), key_pairs)
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        P: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<Vec<P>, StorageError> {
        Ok(self.get(Label::EpochKeys, &(group_id, epoch, leaf_index))?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<(), StorageError> {
        self.delete(Label::EpochKeys, &(group_id, epoch, leaf_index))
    }

    fn delete_application_export_tree<
        G: traits::GroupId<CURRENT_VERSION>,
        V: traits::ApplicationExportTree<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
    ) -> Result<(), StorageError> {
        self.delete(Label::ExportTree, group_id)
    }
}
