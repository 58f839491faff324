//! Encryption keys that are none: whoever commits next could not seal to them, and the room would stand still.

use super::*;
use openmls::prelude::tls_codec::SecretVLBytes;
use openmls_rust_crypto::{OpenMlsRustCrypto, RustCrypto};
use openmls_traits::{
    OpenMlsProvider,
    crypto::OpenMlsCrypto,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
        HpkeKeyPair, KemOutput, SignatureScheme,
    },
};

/// An altered client's: key pairs whose public half is spoilt.
#[derive(Default)]
pub(crate) struct Spoiling(RustCrypto);

#[rustfmt::skip]
impl OpenMlsCrypto for Spoiling {
    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        let mut pair = self.0.derive_hpke_keypair(config, ikm)?;
        // No coefficient of ML-KEM is 4095; the rest stays, so that no two keys are the same.
        pair.public.iter_mut().take(300).for_each(|byte| *byte = 0xff);
        Ok(pair)
    }

    fn supports(&self, suite: Ciphersuite) -> Result<(), CryptoError> { self.0.supports(suite) }
    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> { self.0.supported_ciphersuites() }
    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> { self.0.hkdf_extract(hash, salt, ikm) }
    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> { self.0.hmac(hash, key, message) }
    fn hkdf_expand(&self, hash: HashType, prk: &[u8], info: &[u8], length: usize) -> Result<SecretVLBytes, CryptoError> { self.0.hkdf_expand(hash, prk, info, length) }
    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> { self.0.hash(hash, data) }
    fn aead_encrypt(&self, alg: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> { self.0.aead_encrypt(alg, key, data, nonce, aad) }
    fn aead_decrypt(&self, alg: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> { self.0.aead_decrypt(alg, key, data, nonce, aad) }
    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> { self.0.signature_key_gen(alg) }
    fn verify_signature(&self, alg: SignatureScheme, data: &[u8], key: &[u8], signature: &[u8]) -> Result<(), CryptoError> { self.0.verify_signature(alg, data, key, signature) }
    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> { self.0.sign(alg, data, key) }
    fn hpke_seal(&self, config: HpkeConfig, key: &[u8], info: &[u8], aad: &[u8], data: &[u8]) -> Result<HpkeCiphertext, CryptoError> { self.0.hpke_seal(config, key, info, aad, data) }
    fn hpke_open(&self, config: HpkeConfig, input: &HpkeCiphertext, key: &[u8], info: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> { self.0.hpke_open(config, input, key, info, aad) }
    fn hpke_setup_sender_and_export(&self, config: HpkeConfig, key: &[u8], info: &[u8], context: &[u8], length: usize) -> Result<(KemOutput, ExporterSecret), CryptoError> { self.0.hpke_setup_sender_and_export(config, key, info, context, length) }
    fn hpke_setup_receiver_and_export(&self, config: HpkeConfig, enc: &[u8], key: &[u8], info: &[u8], context: &[u8], length: usize) -> Result<ExporterSecret, CryptoError> { self.0.hpke_setup_receiver_and_export(config, enc, key, info, context, length) }
}

/// The same, with the store that making a key package needs.
#[derive(Default)]
pub(crate) struct SpoilingProvider {
    crypto: Spoiling,
    honest: OpenMlsRustCrypto,
}

impl OpenMlsProvider for SpoilingProvider {
    type CryptoProvider = Spoiling;
    type RandProvider = RustCrypto;
    type StorageProvider = <OpenMlsRustCrypto as OpenMlsProvider>::StorageProvider;

    fn storage(&self) -> &Self::StorageProvider {
        self.honest.storage()
    }

    fn crypto(&self) -> &Spoiling {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        self.honest.rand()
    }
}

#[tokio::test]
async fn a_commit_whose_keys_nobody_can_seal_to_is_refused() {
    let mut hub = Hub::new();
    let people = [Person::new("hub.test", "alice"), Person::new("hub.test", "bob")];
    let (mut a, mut b) = (people[0].device("1"), people[1].device("1"));
    hub.suite = client::HYBRID;
    hub.room_of(&people.each_ref(), &mut [&mut a, &mut b]).await;
    let request = b.commit_by(&Spoiling::default(), vec![], vec![], vec![]);
    let outcome = hub.update(&b, request).await;
    assert!(matches!(outcome, UpdateOutcome::InvalidProposal { .. }), "{outcome:?}");
    assert!(hub.events_for(&a.uri).await.is_empty());
    b.give_up();
    let request = b.commit(vec![], vec![], None);
    assert_eq!(hub.update(&b, request).await, success(), "the same with keys that are some");
}
