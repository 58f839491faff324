//! What openmls is given: cryptography, randomness, and storage that is part of the step under way.

use super::storage::Storage;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;

/// Cryptography and randomness of RustCrypto, storage over the step's overlay.
pub struct Provider {
    crypto: RustCrypto,
    /// The step's storage, for our own rows too.
    pub storage: Storage,
}

impl Provider {
    /// A provider over a store.
    pub fn new(storage: Storage) -> Self {
        Self { crypto: RustCrypto::default(), storage }
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Storage;

    fn storage(&self) -> &Storage {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}
