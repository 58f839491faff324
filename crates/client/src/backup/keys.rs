//! What a secret gives: HKDF-SHA256 (RFC 5869) with a label for each purpose.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use trefoil_proto::backup::{BackupId, BackupKind, BackupToken, DeleteBackup, OpenBackup};
use zeroize::Zeroizing;

const SALT: &[u8] = b"Trefoil 1.0 Backup";
/// One block of HKDF's second step is what is needed.
const BLOCK: u8 = 1;

/// Id, token and key of a backup.
#[derive(Clone)]
pub struct BackupKeys {
    id: BackupId,
    token: Zeroizing<[u8; 32]>,
    key: Zeroizing<[u8; 32]>,
}

impl BackupKeys {
    /// Those of a secret: a recovery secret's, or one made for a single transfer.
    pub fn of(secret: &[u8; 32]) -> Self {
        let root = mac(SALT, &[secret]);
        Self {
            id: BackupId(*mac(&root[..], &[b"id", &[BLOCK]])),
            token: mac(&root[..], &[b"token", &[BLOCK]]),
            key: mac(&root[..], &[b"encryption", &[BLOCK]]),
        }
    }

    /// Its name at the service.
    pub fn id(&self) -> BackupId {
        self.id
    }

    /// What opens it there.
    pub fn token(&self) -> BackupToken {
        BackupToken(*self.token)
    }

    /// The request that makes it.
    pub fn open_request(&self, kind: BackupKind) -> OpenBackup {
        OpenBackup { id: self.id, token_hash: Sha256::digest(&self.token[..]).into(), kind }
    }

    /// The request that removes it.
    pub fn delete_request(&self, kind: BackupKind) -> DeleteBackup {
        DeleteBackup { id: self.id, token: self.token(), kind }
    }

    /// Seals something under a key of its own: `context` names it, and is never the same for two. So the nonce is always
    /// zero.
    pub(crate) fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: plain, aad: &self.aad(context) };
        self.cipher(context).encrypt(&Nonce::default(), payload).expect("GCM takes what a segment may hold")
    }

    pub(crate) fn unseal(&self, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let payload = Payload { msg: sealed, aad: &self.aad(context) };
        self.cipher(context).decrypt(&Nonce::default(), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self, context: &[u8]) -> Aes256Gcm {
        let key = mac(&self.key[..], &[context, &[BLOCK]]);
        Aes256Gcm::new((&*key).into())
    }

    fn aad(&self, context: &[u8]) -> Vec<u8> {
        [&self.id.0[..], context].concat()
    }
}

/// HMAC-SHA256 over parts that are written one after the other.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_are_apart_and_stay_as_they_are() {
        let keys = BackupKeys::of(&[7; 32]);
        assert_ne!(keys.id.0, *keys.token);
        assert_ne!(keys.token, keys.key);
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(&bytes[..8]);
        let made = [hex(&keys.id.0), hex(&keys.token[..]), hex(&keys.key[..])];
        assert_eq!(made, ["c21b9dec1250b917", "3d83ebba8eaa1ab6", "1aea220fefb4cf7c"]);
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let (keys, others) = (BackupKeys::of(&[7; 32]), BackupKeys::of(&[8; 32]));
        let sealed = keys.seal(b"one", b"plain");
        assert_eq!(keys.unseal(b"one", &sealed).as_deref().map(Vec::as_slice), Some(&b"plain"[..]));
        assert!(keys.unseal(b"two", &sealed).is_none());
        assert!(others.unseal(b"one", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(keys.unseal(b"one", &altered).is_none());
        }
    }
}
