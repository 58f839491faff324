//! A second key directory under a service's real keys: what a service, or whoever compels it, can show to some people
//! and not to others. It is built with `akd`, as the real one is, and can hold whatever the adversary likes.

use akd::{
    AkdLabel, AkdValue, AzksParallelismConfig, Directory, HistoryParams, WhatsAppV1Configuration,
    ecvrf::{VRFKeyStorage, VRFPrivateKey, VRFPublicKey, VrfError},
    storage::{StorageManager, memory::AsyncInMemoryDatabase},
};
use anyhow::Context as _;
use async_trait::async_trait;
use ed25519_dalek::SigningKey;
use std::collections::BTreeMap;
use trefoil_proto::{Domain, Timestamp, UserUri};
use trefoil_server::secrets::SecretName;
use trefoil_transparency::{
    device_set::{DeviceSetChain, SignedDeviceSet},
    directory::{AuditSignature, HistoryProof, KeyProof, KeyProofRequest},
    gossip::{SignedRoot, SignedRoots},
    log::DirectoryRoot,
};

use crate::world::Standing;

type Tree = Directory<WhatsAppV1Configuration, AsyncInMemoryDatabase, Vrf>;

#[derive(Clone)]
struct Vrf([u8; 32]);

#[async_trait]
impl VRFKeyStorage for Vrf {
    async fn retrieve(&self) -> Result<Vec<u8>, VrfError> {
        Ok(self.0.to_vec())
    }
}

/// The other face of a service's directory.
pub struct FalseDirectory {
    tree: Tree,
    domain: Domain,
    signing: SigningKey,
    vrf_key: [u8; 32],
    sets: BTreeMap<UserUri, Vec<SignedDeviceSet>>,
    roots: Vec<SignedRoot>,
    /// Services that sign what they are told to, with their keys.
    colluding: Vec<(Domain, SigningKey)>,
}

impl FalseDirectory {
    /// An empty one, under the keys of a service; its first epoch differs from the real one's already.
    ///
    /// # Errors
    /// The tree cannot be made.
    pub async fn of(service: &Standing, colluding: &[&Standing]) -> anyhow::Result<Self> {
        let signing =
            |service: &Standing| SigningKey::from_bytes(service.secret(SecretName::DirectorySign).bytes());
        let vrf = Vrf(*service.secret(SecretName::DirectoryVrf).bytes());
        let private = VRFPrivateKey::try_from(&vrf.0[..]).ok().context("any 32 bytes are a VRF key")?;
        let manager = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
        let mut made = Self {
            tree: Tree::new(manager, vrf, AzksParallelismConfig::disabled()).await?,
            domain: service.domain.clone(),
            signing: signing(service),
            vrf_key: VRFPublicKey::from(&private).to_bytes(),
            sets: BTreeMap::new(),
            roots: Vec::new(),
            colluding: colluding.iter().map(|other| (other.domain.clone(), signing(other))).collect(),
        };
        made.publish("somebody who does not exist", [0xee; 32]).await?;
        Ok(made)
    }

    /// Whose it says it is.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Has a person's sets in it, to the newest.
    ///
    /// # Errors
    /// The tree fails.
    pub async fn enter(&mut self, user: &UserUri, sets: Vec<SignedDeviceSet>) -> anyhow::Result<()> {
        let newest = |sets: &[SignedDeviceSet]| sets.last().map(|set| set.set.hash().0);
        let Some(hash) = newest(&sets) else { return Ok(()) };
        if self.sets.get(user).and_then(|known| newest(known)) == Some(hash) {
            return Ok(());
        }
        self.sets.insert(user.clone(), sets);
        self.publish(&user.to_string(), hash).await
    }

    /// Answers as the real one would: proof, root, sets, and the signatures of those who collude.
    ///
    /// # Errors
    /// The tree fails; the person is not in it.
    pub async fn prove(&self, request: &KeyProofRequest, now: Timestamp) -> anyhow::Result<KeyProof> {
        let root = self.roots.last().context("an epoch was made at the beginning")?.clone();
        let sets = self.sets.get(&request.user).context("somebody who was entered")?;
        let label = AkdLabel(request.user.to_string().into_bytes());
        let (proof, _) = self.tree.key_history(&label, HistoryParams::MostRecent(1)).await?;
        let sets = match request.known {
            Some(known) => sets.iter().filter(|set| set.set.sequence > known).cloned().collect(),
            None => sets.last().cloned().into_iter().collect(),
        };
        let sign = |(auditor, key): &(Domain, SigningKey)| {
            AuditSignature::sign(&root.root, auditor.clone(), now, key)
        };
        Ok(KeyProof {
            audits: self.colluding.iter().map(sign).collect(),
            vrf_key: self.vrf_key,
            proof: HistoryProof::from_akd(&proof).context("a proof of akd's has our form")?,
            chain: DeviceSetChain { sets },
            root,
        })
    }

    /// The roots from an epoch on; one that is not there yet is made.
    ///
    /// # Errors
    /// The tree fails.
    pub async fn roots(&mut self, epoch: u64) -> anyhow::Result<SignedRoots> {
        let at = usize::try_from(epoch)?.checked_sub(1).context("epochs begin at one")?;
        while self.roots.len() <= at {
            let filling = format!("nobody {}", self.roots.len());
            self.publish(&filling, [0xee; 32]).await?;
        }
        let roots = self.roots[at..].iter().take(SignedRoots::MOST).cloned().collect();
        Ok(SignedRoots { roots })
    }

    async fn publish(&mut self, label: &str, value: [u8; 32]) -> anyhow::Result<()> {
        let entry = (AkdLabel(label.as_bytes().to_vec()), AkdValue(value.to_vec()));
        let akd::EpochHash(epoch, root) = self.tree.publish(vec![entry]).await?;
        let root = DirectoryRoot {
            directory: self.domain.clone(),
            epoch,
            root,
            time: crate::person::now(),
            vrf_key_hash: DirectoryRoot::hash_of_vrf_key(&self.vrf_key),
            previous: self.roots.last().map_or([0; 32], |root| root.root.hash()),
        };
        self.roots.push(SignedRoot::sign(root, &self.signing));
        Ok(())
    }
}
