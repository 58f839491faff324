//! A key directory in memory, built with `akd`: honest as it stands, and able to lie for tests.

use akd::{
    AkdLabel, AkdValue, AzksParallelismConfig, Directory, HistoryParams, WhatsAppV1Configuration,
    ecvrf::{HardCodedAkdVRF, VRFKeyStorage as _},
    storage::{StorageManager, memory::AsyncInMemoryDatabase},
};
use ed25519_dalek::SigningKey;
use std::collections::BTreeMap;
use trefoil_proto::{Domain, Timestamp, UserUri, Wire as _};
use trefoil_transparency::{
    device_set::{DeviceSetChain, SignedDeviceSet},
    directory::{AuditSignature, HistoryProof, KeyProof, KeyProofRequest, ServiceKey, ServiceKeys},
    gossip::SignedRoot,
    log::DirectoryRoot,
};

type Akd = Directory<WhatsAppV1Configuration, AsyncInMemoryDatabase, HardCodedAkdVRF>;

pub struct KeyDirectory {
    runtime: tokio::runtime::Runtime,
    tree: Akd,
    vrf_key: [u8; 32],
    domain: Domain,
    pub key: SigningKey,
    /// The service that looks at this directory.
    pub auditor: Domain,
    pub auditor_key: SigningKey,
    /// Nobody vouches for anything.
    pub unaudited: bool,
    /// The auditor's signatures are so many milliseconds old.
    pub age: u64,
    /// Only this service is known.
    pub lone: bool,
    pub sets: BTreeMap<UserUri, Vec<SignedDeviceSet>>,
    pending: Vec<UserUri>,
    pub roots: Vec<SignedRoot>,
    /// Whoever asks for the root of an epoch is shown this one.
    pub shown_instead: BTreeMap<u64, SignedRoot>,
    /// How many proofs were asked for.
    pub asked: usize,
}

impl KeyDirectory {
    pub fn new(domain: &Domain) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let manager = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
        let tree = Akd::new(manager, HardCodedAkdVRF, AzksParallelismConfig::disabled());
        let tree = runtime.block_on(tree).unwrap();
        let vrf_key = runtime.block_on(HardCodedAkdVRF.get_vrf_public_key()).unwrap().to_bytes();
        Self {
            runtime,
            tree,
            vrf_key,
            domain: domain.clone(),
            key: SigningKey::from_bytes(&[40; 32]),
            auditor: "eyes.test".parse().unwrap(),
            auditor_key: SigningKey::from_bytes(&[41; 32]),
            unaudited: false,
            age: 0,
            lone: false,
            sets: BTreeMap::new(),
            pending: Vec::new(),
            roots: Vec::new(),
            shown_instead: BTreeMap::new(),
            asked: 0,
        }
    }

    /// A person's next set, as it was handed in.
    pub fn enter(&mut self, set: &[u8]) {
        let set = SignedDeviceSet::decode(set).unwrap();
        let user = set.set.user.clone();
        let sets = self.sets.entry(user.clone()).or_default();
        // The same one may be handed in again, and an account may be made anew.
        if sets.last() == Some(&set) {
            return;
        }
        if set.set.sequence == 1 {
            sets.clear();
        }
        sets.push(set);
        self.pending.push(user);
    }

    /// Every root, as whoever asks is shown it.
    pub fn shown(&self) -> impl Iterator<Item = &SignedRoot> {
        let instead = |root: &SignedRoot| self.shown_instead.get(&root.root.epoch);
        self.roots.iter().map(move |root| instead(root).unwrap_or(root))
    }

    /// Publishes a person's set as it is here, whatever was before.
    pub fn enter_again(&mut self, user: &UserUri, now: Timestamp) {
        self.pending.push(user.clone());
        self.publish(now);
    }

    pub fn services(&self) -> ServiceKeys {
        let key = |service: &Domain, key: &SigningKey| ServiceKey {
            service: service.clone(),
            key: key.verifying_key().to_bytes(),
        };
        let mut keys = vec![key(&self.domain, &self.key)];
        if !self.lone {
            keys.push(key(&self.auditor, &self.auditor_key));
        }
        ServiceKeys { keys }
    }

    pub fn publish(&mut self, now: Timestamp) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.sort();
        pending.dedup();
        if pending.is_empty() {
            return;
        }
        let label = |user: &UserUri| AkdLabel(user.to_string().into_bytes());
        let updates = pending
            .iter()
            .map(|user| (label(user), AkdValue(self.sets[user].last().unwrap().set.hash().0.to_vec())))
            .collect();
        let epoch = self.runtime.block_on(self.tree.publish(updates)).unwrap();
        let root = DirectoryRoot {
            directory: self.domain.clone(),
            epoch: epoch.0,
            root: epoch.1,
            time: now,
            vrf_key_hash: DirectoryRoot::hash_of_vrf_key(&self.vrf_key),
            previous: self.roots.last().map_or([0; 32], |root| root.root.hash()),
        };
        self.roots.push(SignedRoot::sign(root, &self.key));
    }

    pub fn prove(&mut self, request: &KeyProofRequest, now: Timestamp) -> Option<KeyProof> {
        self.asked += 1;
        self.publish(now);
        let root = self.roots.last()?.clone();
        let sets = self.sets.get(&request.user)?;
        let label = AkdLabel(request.user.to_string().into_bytes());
        let made = self.tree.key_history(&label, HistoryParams::MostRecent(1));
        let proof = HistoryProof::from_akd(&self.runtime.block_on(made).unwrap().0).unwrap();
        let sets = match request.known {
            Some(known) => sets.iter().filter(|set| set.set.sequence > known).cloned().collect(),
            None => vec![sets.last()?.clone()],
        };
        let time = Timestamp(now.0 - self.age);
        let audit = AuditSignature::sign(&root.root, self.auditor.clone(), time, &self.auditor_key);
        Some(KeyProof {
            audits: if self.unaudited { Vec::new() } else { vec![audit] },
            vrf_key: self.vrf_key,
            proof,
            chain: DeviceSetChain { sets },
            root,
        })
    }

    /// The same epoch with other contents, signed: what a service that shows two faces shows the second person.
    pub fn second_face(&self, epoch: u64) -> SignedRoot {
        let honest = &self.roots[usize::try_from(epoch).unwrap() - 1].root;
        self.sign(DirectoryRoot { root: [0xee; 32], ..honest.clone() })
    }

    /// Signs whatever it is told to.
    pub fn sign(&self, root: DirectoryRoot) -> SignedRoot {
        SignedRoot::sign(root, &self.key)
    }
}
