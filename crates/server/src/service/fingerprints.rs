//! That a store is used with the secret keys that it was made with. With others, nobody would be found by handle or
//! number any more, and whoever knew the hub's key would refuse its stamps.

use super::RunError;
use crate::{
    catalogue::TableNote,
    secrets::{SecretName, Secrets},
};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use trefoil_store::{Batch, Store, Table};

/// SHA-256 of each secret key, by its name.
const FINGERPRINTS: Table = Table::new("service.secrets");

const LABEL: &[u8] = b"Trefoil 1.0 secret key\0";

/// What the house itself holds.
pub(crate) const TABLES: &[TableNote] = &[TableNote {
    table: FINGERPRINTS,
    holds: "by name of a secret key: its SHA-256",
    kept: "for the life of the service",
    discloses: "nothing: the keys are 32 random bytes",
}];

/// The fingerprints of a service's secret keys.
pub(super) struct Fingerprints(Vec<(SecretName, Bytes)>);

impl Fingerprints {
    pub(super) fn of(secrets: &Secrets) -> Self {
        let print = |name: SecretName| {
            let digest = Sha256::new().chain_update(LABEL).chain_update(secrets.key(name).bytes()).finalize();
            (name, Bytes::copy_from_slice(&digest))
        };
        Self(SecretName::ALL.into_iter().map(print).collect())
    }

    /// Compares with what the store was made with; keeps those of keys that are new.
    ///
    /// # Errors
    /// [`RunError::OtherSecrets`], [`RunError::Store`].
    pub(super) async fn check(self, store: &dyn Store) -> Result<(), RunError> {
        let mut batch = Batch::new();
        for (name, print) in self.0 {
            match store.get(FINGERPRINTS, Bytes::from_static(name.as_str().as_bytes())).await? {
                Some(kept) if kept != print => return Err(RunError::OtherSecrets(name.as_str())),
                Some(_) => {}
                None => {
                    batch.put(FINGERPRINTS, name.as_str(), print);
                }
            }
        }
        if !batch.is_empty() {
            store.commit(batch).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use trefoil_store::MemoryStore;

    #[tokio::test]
    async fn a_store_is_used_with_the_keys_that_it_was_made_with() {
        let (store, own, other) = (MemoryStore::new(), Secrets::ephemeral(), Secrets::ephemeral());
        Fingerprints::of(&own).check(&store).await.unwrap();
        Fingerprints::of(&own).check(&store).await.unwrap();
        let refused = Fingerprints::of(&other).check(&store).await;
        assert!(matches!(refused, Err(RunError::OtherSecrets("identifiers"))));
        Fingerprints::of(&own).check(&store).await.unwrap();
    }
}
