//! Authentication of devices: a challenge that is not stored until it is used, a signature, a token that is stored
//! by its hash.

use super::rows::{self, ChallengeRow, DeviceRow, DeviceToken, TokenRow};
use crate::secrets::SecretKey;
use bytes::Bytes;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, Mac as _};
use moka::sync::Cache;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use trefoil_proto::{
    DeviceUri, Timestamp,
    edge::{self, TokenRequest, TokenResponse},
};
use trefoil_store::{Batch, KeyRange, Store, StoreError};

/// How long a challenge is good, in milliseconds.
const CHALLENGE_LIFE: u64 = 60 * 1000;
/// How long a token is good, in milliseconds.
const TOKEN_LIFE: u64 = 60 * 60 * 1000;
/// Tokens of one device at a time: the oldest goes first.
const TOKENS: usize = 4;
const NONCE: usize = 16;
const TAG: usize = 32;
const ATTEMPTS: usize = 8;

/// Why a device is not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    /// No such device, a bad or used challenge, or a bad signature: never said which.
    #[error("the device is not known, or its challenge or signature is not good")]
    Refused,
    /// Others changed the same rows again and again.
    #[error("too many token requests at the same time")]
    Contended,
    /// A stored row does not decode.
    #[error("a stored token does not decode")]
    DamagedRow,
    /// Reading rows failed.
    #[error("read tokens")]
    Read(#[source] StoreError),
    /// Writing rows failed.
    #[error("store a token")]
    Write(#[source] StoreError),
}

/// Challenges and tokens.
pub(super) struct Tokens {
    store: Arc<dyn Store>,
    challenges: SecretKey,
    /// Tokens seen lately, by hash.
    seen: Cache<[u8; 32], TokenRow>,
    /// How often tokens were made void. Held while one is remembered, so that none is that was read before.
    voided: Mutex<u64>,
}

/// What makes a device's tokens void for ever.
pub(super) struct Revocation {
    /// To be committed, together with whatever takes the device away.
    pub batch: Batch,
    /// For [`Tokens::forget`] once it is.
    pub tokens: Vec<[u8; 32]>,
}

impl Tokens {
    pub(super) fn new(store: Arc<dyn Store>, challenges: SecretKey) -> Self {
        let seen = Cache::builder().max_capacity(100_000).time_to_live(Duration::from_secs(60)).build();
        Self { store, challenges, seen, voided: Mutex::default() }
    }

    /// A challenge for a device, known or not.
    pub(super) fn challenge(&self, device: &DeviceUri, now: Timestamp) -> Vec<u8> {
        let mut challenge = vec![0; NONCE];
        rand::rng().fill_bytes(&mut challenge);
        challenge.extend_from_slice(&now.plus_millis(CHALLENGE_LIFE).0.to_be_bytes());
        let tag = self.mac(device, &challenge).finalize().into_bytes();
        challenge.extend_from_slice(&tag);
        challenge
    }

    /// Checks a challenge that was given for a device, in time. It can be used again.
    pub(super) fn glance(
        &self,
        device: &DeviceUri,
        challenge: &[u8],
        now: Timestamp,
    ) -> Result<(), TokenError> {
        self.own_challenge(device, challenge, now).map(drop)
    }

    /// What uses a challenge up, to be committed with what it was used for: fails there if it was used before.
    pub(super) async fn spend(
        &self,
        device: &DeviceUri,
        challenge: &[u8],
        now: Timestamp,
    ) -> Result<Batch, TokenError> {
        let (nonce, expires) = self.own_challenge(device, challenge, now)?;
        if self.get(rows::CHALLENGES, nonce.clone()).await?.is_some() || self.was_removed(device).await? {
            return Err(TokenError::Refused);
        }
        let mut batch = Batch::new();
        batch.assert_absent(rows::REMOVED, rows::device_key(device));
        batch.assert_absent(rows::CHALLENGES, nonce.clone());
        batch.put(rows::CHALLENGES, nonce, ChallengeRow { expires }.encode());
        Ok(batch)
    }

    /// A token for a signed challenge. `key` is the device's, or `None` if it is not known; both take the same steps.
    pub(super) async fn exchange(
        &self,
        request: &TokenRequest,
        key: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Result<TokenResponse, TokenError> {
        let (nonce, challenge_ends) = self.check(request, key, now)?;
        let mut token = vec![0; 32];
        rand::rng().fill_bytes(&mut token);
        let hash: [u8; 32] = Sha256::digest(&token).into();
        let device = &request.tbs.device;
        let row = TokenRow { device: device.clone(), expires: now.plus_millis(TOKEN_LIFE) };
        let device_key = rows::device_key(device);
        for _ in 0..ATTEMPTS {
            let used = self.get(rows::CHALLENGES, nonce.clone()).await?;
            if used.is_some() || self.was_removed(device).await? {
                return Err(TokenError::Refused);
            }
            let mut batch = Batch::new();
            // The device may have been removed since its key was looked up.
            batch.assert_absent(rows::REMOVED, device_key.clone());
            batch.assert_absent(rows::CHALLENGES, nonce.clone());
            batch.put(rows::CHALLENGES, nonce.clone(), ChallengeRow { expires: challenge_ends }.encode());
            let old = self.get(rows::DEVICES, device_key.clone().into()).await?;
            let mut held = old.as_deref().map_or_else(|| Ok(DeviceRow::default()), DeviceRow::decode)?;
            match old {
                Some(old) => batch.assert_equals(rows::DEVICES, device_key.clone(), old),
                None => batch.assert_absent(rows::DEVICES, device_key.clone()),
            };
            let mut gone = Vec::new();
            held.tokens.push(DeviceToken { hash, expires: row.expires });
            let surplus = held.tokens.len().saturating_sub(TOKENS);
            let mut at = 0;
            held.tokens.retain(|token| {
                at += 1;
                let keep = at > surplus && token.expires > now;
                if !keep {
                    gone.push(token.hash);
                }
                keep
            });
            for hash in &gone {
                batch.delete(rows::TOKENS, hash.to_vec());
            }
            batch.put(rows::DEVICES, device_key.clone(), held.encode());
            batch.put(rows::TOKENS, hash.to_vec(), row.encode());
            match self.store.commit(batch).await {
                Ok(_) => {
                    gone.iter().for_each(|hash| self.seen.invalidate(hash));
                    return Ok(TokenResponse { token, expires: row.expires });
                }
                Err(StoreError::AssertFailed { .. }) => {}
                Err(error) => return Err(TokenError::Write(error)),
            }
        }
        Err(TokenError::Contended)
    }

    /// Whose a token is; `None` if it is nobody's, or has ended.
    pub(super) async fn device(&self, token: &[u8], now: Timestamp) -> Result<Option<DeviceUri>, TokenError> {
        if token.len() != 32 {
            return Ok(None);
        }
        // The look-up is by hash, so its timing tells nothing about a token.
        let hash: [u8; 32] = Sha256::digest(token).into();
        if let Some(row) = self.seen.get(&hash) {
            return Ok(if row.expires > now { Some(row.device) } else { None });
        }
        let voided = *self.voided();
        let Some(value) = self.get(rows::TOKENS, hash.to_vec().into()).await? else { return Ok(None) };
        let row = TokenRow::decode(&value)?;
        if row.expires <= now {
            return Ok(None);
        }
        let now_voided = self.voided();
        if *now_voided == voided {
            self.seen.insert(hash, row.clone());
        }
        Ok(Some(row.device))
    }

    /// Makes every token of a device void, those that are being made as well, and keeps it from getting another.
    pub(super) async fn revocation(&self, device: &DeviceUri) -> Result<Revocation, TokenError> {
        let key = rows::device_key(device);
        let mut batch = Batch::new();
        let mut tokens = Vec::new();
        match self.get(rows::DEVICES, key.clone().into()).await? {
            Some(old) => {
                tokens.extend(DeviceRow::decode(&old)?.tokens.iter().map(|token| token.hash));
                batch.assert_equals(rows::DEVICES, key.clone(), old);
                batch.delete(rows::DEVICES, key.clone());
            }
            None => {
                batch.assert_absent(rows::DEVICES, key.clone());
            }
        }
        for hash in &tokens {
            batch.delete(rows::TOKENS, hash.to_vec());
        }
        batch.put(rows::REMOVED, key, rows::encode_removed());
        Ok(Revocation { batch, tokens })
    }

    /// Forgets tokens of a revocation that is durable.
    pub(super) fn forget(&self, tokens: &[[u8; 32]]) {
        let mut voided = self.voided();
        *voided += 1;
        tokens.iter().for_each(|hash| self.seen.invalidate(hash));
    }

    /// True if a device of this URI was removed: there will not be another.
    pub(super) async fn was_removed(&self, device: &DeviceUri) -> Result<bool, TokenError> {
        Ok(self.get(rows::REMOVED, rows::device_key(device).into()).await?.is_some())
    }

    /// Forgets used challenges that have ended.
    pub(super) async fn sweep(&self, now: Timestamp) -> Result<(), TokenError> {
        let mut range = KeyRange::all();
        loop {
            let page =
                self.store.scan(rows::CHALLENGES, range.clone(), 512).await.map_err(TokenError::Read)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            range.start = [last, [0].as_slice()].concat().into();
            let mut batch = Batch::new();
            for (key, value) in &page {
                if ChallengeRow::decode(value)?.expires <= now {
                    batch.delete(rows::CHALLENGES, key.clone());
                }
            }
            if !batch.is_empty() {
                self.store.commit(batch).await.map_err(TokenError::Write)?;
            }
        }
    }

    /// The challenge is ours, for this device, in time; the device signed it. Returns its nonce and its end.
    fn check(
        &self,
        request: &TokenRequest,
        key: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Result<(Bytes, Timestamp), TokenError> {
        let ours = self.own_challenge(&request.tbs.device, &request.tbs.challenge, now);
        // An unknown device costs the same: its signature is checked as well.
        let verifying = VerifyingKey::from_bytes(&key.unwrap_or(NOBODY)).map_err(|_| TokenError::Refused)?;
        let signed = edge::signed_content(edge::TOKEN_LABEL, &request.tbs).is_ok_and(|content| {
            verifying.verify_strict(&content, &Signature::from_bytes(&request.signature)).is_ok()
        });
        if signed && key.is_some() { ours } else { Err(TokenError::Refused) }
    }

    /// The challenge is ours, for this device, in time. Returns its nonce and its end.
    fn own_challenge(
        &self,
        device: &DeviceUri,
        challenge: &[u8],
        now: Timestamp,
    ) -> Result<(Bytes, Timestamp), TokenError> {
        if challenge.len() != NONCE + 8 + TAG {
            return Err(TokenError::Refused);
        }
        let (content, tag) = challenge.split_at(NONCE + 8);
        let ours = self.mac(device, content).verify_slice(tag).is_ok();
        let ends = content[NONCE..].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        if ours && ends > now.0 {
            Ok((Bytes::copy_from_slice(&content[..NONCE]), Timestamp(ends)))
        } else {
            Err(TokenError::Refused)
        }
    }

    fn mac(&self, device: &DeviceUri, content: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.challenges.bytes()).expect("HMAC takes keys of any length");
        mac.update(content);
        mac.update(device.to_string().as_bytes());
        mac
    }

    /// A number is whole whatever panicked elsewhere.
    fn voided(&self) -> MutexGuard<'_, u64> {
        self.voided.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self, table: trefoil_store::Table, key: Bytes) -> Result<Option<Bytes>, TokenError> {
        self.store.get(table, key).await.map_err(TokenError::Read)
    }
}

/// Stands in for the key of a device that is not known: a valid point (the curve's base point, RFC 8032).
const NOBODY: [u8; 32] = {
    let mut point = [0x66; 32];
    point[0] = 0x58;
    point
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey};
    use trefoil_proto::edge::TokenTbs;
    use trefoil_store::MemoryStore;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[tokio::test]
    async fn a_revocation_reaches_tokens_that_are_seen_and_those_that_are_being_made() {
        let store = Arc::new(MemoryStore::new());
        let tokens = Tokens::new(store.clone(), SecretKey::fixed([1; 32]));
        let device: DeviceUri = "mimi://a.test/d/ann/d1".parse().unwrap();
        let signer = SigningKey::from_bytes(&[2; 32]);
        let key = Some(signer.verifying_key().to_bytes());
        let signed = || {
            let tbs = TokenTbs { device: device.clone(), challenge: tokens.challenge(&device, NOW) };
            let content = edge::signed_content(edge::TOKEN_LABEL, &tbs).unwrap();
            TokenRequest { signature: signer.sign(&content).to_bytes(), tbs }
        };
        let token = tokens.exchange(&signed(), key, NOW).await.unwrap().token;
        assert_eq!(tokens.device(&token, NOW).await.unwrap(), Some(device.clone()));

        // A token that is made between the look at the device's tokens and the commit breaks the commit.
        let early = tokens.revocation(&device).await.unwrap();
        let second = tokens.exchange(&signed(), key, NOW).await.unwrap().token;
        assert!(matches!(store.commit(early.batch).await, Err(StoreError::AssertFailed { .. })));

        let revocation = tokens.revocation(&device).await.unwrap();
        store.commit(revocation.batch).await.unwrap();
        tokens.forget(&revocation.tokens);
        for token in [&token, &second] {
            assert_eq!(tokens.device(token, NOW).await.unwrap(), None);
        }
        // One whose device was looked up before, and that is committed afterwards.
        assert!(matches!(tokens.exchange(&signed(), key, NOW).await, Err(TokenError::Refused)));
        assert!(tokens.was_removed(&device).await.unwrap());
    }
}
