//! A short number on both devices that are being linked, compared by eye (`docs/spec/backup.md`, "Linking").
//!
//! Whoever carries the codes could exchange both. They could even look for codes of their own that give both devices
//! the same short number, if everything that goes into it were in the codes. So it is not: the request holds a
//! commitment to a random number of the new device, and that is shown, through the service, only once the answer has
//! arrived. When the codes are made, nobody but the new device can compute the number.

use super::{LinkAnswer, LinkRequest, Sealed};
use crate::{
    Client, ClientError, Step,
    backup::BackupKeys,
    core::Core,
    error::mls,
    mls::{suite::Suite, wire},
    rows::{DEVICE_NAMES, LINKS, LinkRow, Row, Secret},
};
use openmls::prelude::{HpkeCiphertext, HpkeKeyPair};
use openmls_traits::{OpenMlsProvider as _, crypto::OpenMlsCrypto as _};
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;
use tls_codec::{Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{
    DeviceId, DeviceUri, Timestamp, UserUri,
    backup::{BackupKind, BackupPart, OpenBackup, PutSegment, ReadBackup, SegmentName},
    credential::DeviceAuthorisation,
    edge::NewDevice,
};
use trefoil_store::KeyRange;

const COMMIT_LABEL: &[u8] = b"Trefoil 1.0 LinkCommitment";
const REQUEST_LABEL: &[u8] = b"Trefoil 1.0 LinkRequest";
const NUMBER_LABEL: &[u8] = b"Trefoil 1.0 LinkNumber";
const SEAL_LABEL: &str = "Trefoil link";
const REVEAL: &[u8] = b"reveal";
/// Where the new device shows its number: no segment of history has this name.
const REVEAL_NAME: SegmentName = SegmentName([0; 16]);
/// Numbers that can be shown: eight digits.
const NUMBERS: u64 = 100_000_000;

/// What both devices compare: eight digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkNumber(u32);

/// Which of the two devices this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It has the account key and approved the other.
    First,
    /// It was approved.
    New,
}

/// A device that is being linked, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// The new device.
    pub device: DeviceUri,
    /// Which of the two this one is.
    pub side: Side,
    /// What to compare: `1234 5678`. On the first device once the new one has shown its part.
    pub number: Option<String>,
    /// On the first device: the person said that both show the same.
    pub compared: bool,
    /// History was sent, or has arrived.
    pub done: bool,
}

/// The parts of an answer that the number is over: fixed with the approval, however often it is given.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct Bound {
    pub(super) user: UserUri,
    pub(super) device: DeviceId,
    pub(super) authorisation: DeviceAuthorisation,
    pub(super) nonce: [u8; 32],
    pub(super) sealed: Sealed,
}

/// What the comparison with a device rests on.
#[derive(Clone, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct ComparisonRow {
    request_hash: [u8; 32],
    commitment: [u8; 32],
    bound: Bound,
    /// Of what the two tell each other through the service.
    seed: Secret,
    /// The new device's number; on the first one once it was shown.
    shown: Option<Secret>,
    /// This is the first device.
    first: Option<()>,
    compared: Option<()>,
    done: Option<()>,
}

impl Row for ComparisonRow {
    const WHAT: &'static str = "comparison of linking codes";
}

impl ComparisonRow {
    fn number(&self) -> Option<LinkNumber> {
        let shown = self.shown.as_ref()?.bytes();
        let bound = self.bound.tls_serialize_detached().expect("bounded structures always serialise");
        let hash: [u8; 32] = Sha256::new()
            .chain_update(NUMBER_LABEL)
            .chain_update(self.request_hash)
            .chain_update(Sha256::digest(bound))
            .chain_update(&shown[..])
            .finalize()
            .into();
        let number = hash[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        // Under 10^8, so that it fits.
        Some(LinkNumber((number % NUMBERS) as u32))
    }

    pub(super) fn keys(&self) -> BackupKeys {
        BackupKeys::of(&self.seed.bytes())
    }

    pub(super) fn may_send_history(&self) -> bool {
        self.first.is_some() && self.compared.is_some()
    }

    pub(super) fn is_new_device(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn ended(self) -> Self {
        Self { done: Some(()), ..self }
    }

    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub(super) fn sample() -> Self {
        use trefoil_proto::credential::AccountKey;
        let bound = Bound {
            user: "mimi://a.test/u/ann".parse().unwrap(),
            device: "d2".parse().unwrap(),
            authorisation: DeviceAuthorisation { account_key: AccountKey([2; 32]), signature: [3; 64] },
            nonce: [4; 32],
            sealed: Sealed { kem_output: vec![5; 9].into(), ciphertext: vec![6; 9].into() },
        };
        Self {
            request_hash: [7; 32],
            commitment: [8; 32],
            bound,
            seed: Secret([9; 32]),
            shown: Some(Secret([1; 32])),
            first: Some(()),
            compared: None,
            done: None,
        }
    }
}

impl fmt::Display for LinkNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04} {:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

pub(super) fn commitment(nonce: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(COMMIT_LABEL).chain_update(nonce).finalize().into()
}

pub(super) fn request_hash(request: &LinkRequest) -> [u8; 32] {
    let bytes = request.tls_serialize_detached().expect("bounded structures always serialise");
    Sha256::new().chain_update(REQUEST_LABEL).chain_update(bytes).finalize().into()
}

impl Core {
    /// The key pair that a request's key belongs to.
    pub(super) fn seal_pair(&self, secret: &Secret) -> Result<HpkeKeyPair, ClientError> {
        let config = Suite::Hybrid.mls().hpke_config();
        self.provider.crypto().derive_hpke_keypair(config, &secret.bytes()[..]).map_err(mls("derive a key"))
    }

    /// On the first device: fixes what its answer says. Approving the same code again changes nothing.
    pub(super) fn begin_comparing(
        &mut self,
        request: &LinkRequest,
        device: &NewDevice,
    ) -> Result<(), ClientError> {
        let key = device.uri.to_string();
        let hash = request_hash(request);
        let known = ComparisonRow::read(&self.tx(), LINKS, key.as_bytes())?;
        if known.is_some_and(|known| known.request_hash == hash) {
            return Ok(());
        }
        let (seed, nonce) = (Secret(*self.random::<32>()?), self.random::<32>()?);
        let info = wire::encrypt_context(SEAL_LABEL, &hash);
        let config = Suite::Hybrid.mls().hpke_config();
        let sealed = self
            .provider
            .crypto()
            .hpke_seal(config, request.seal_key.as_slice(), &info, &[], &seed.bytes()[..])
            .map_err(|_| ClientError::BadCode)?;
        let bound = Bound {
            user: device.uri.user_uri(),
            device: device.uri.device.clone(),
            authorisation: device.authorisation.clone(),
            nonce: *nonce,
            sealed: Sealed {
                kem_output: sealed.kem_output.as_slice().to_vec().into(),
                ciphertext: sealed.ciphertext.as_slice().to_vec().into(),
            },
        };
        let row = ComparisonRow {
            request_hash: hash,
            commitment: request.commitment,
            bound,
            seed,
            shown: None,
            first: Some(()),
            compared: None,
            done: None,
        };
        row.write(&mut self.tx(), LINKS, key);
        Ok(())
    }

    pub(super) fn bound_answer(&self, device: &DeviceUri) -> Result<Option<Bound>, ClientError> {
        let row = ComparisonRow::read(&self.tx(), LINKS, device.to_string().as_bytes())?;
        Ok(row.map(|row| row.bound))
    }

    /// On the new device: the answer is here, so its number may be shown.
    pub(super) fn finish_comparing(
        &mut self,
        link: &LinkRow,
        device: &DeviceUri,
        answer: &LinkAnswer,
    ) -> Result<(), ClientError> {
        let pair = self.seal_pair(&link.seal_secret)?;
        let info = wire::encrypt_context(SEAL_LABEL, &link.request_hash);
        let sealed = HpkeCiphertext {
            kem_output: answer.sealed.kem_output.clone(),
            ciphertext: answer.sealed.ciphertext.clone(),
        };
        let config = Suite::Hybrid.mls().hpke_config();
        let seed = self.provider.crypto().hpke_open(config, &sealed, &pair.private, &info, &[]);
        let seed = seed.ok().and_then(|seed| <[u8; 32]>::try_from(&seed[..]).ok());
        let row = ComparisonRow {
            request_hash: link.request_hash,
            commitment: commitment(&link.nonce.bytes()),
            bound: Bound {
                user: answer.user.clone(),
                device: answer.device.clone(),
                authorisation: answer.authorisation.clone(),
                nonce: answer.nonce,
                sealed: answer.sealed.clone(),
            },
            seed: Secret(seed.ok_or(ClientError::BadCode)?),
            shown: Some(link.nonce.clone()),
            first: None,
            compared: None,
            done: None,
        };
        let mut tx = self.tx();
        row.write(&mut tx, LINKS, device.to_string());
        if !link.name.as_slice().is_empty() {
            tx.put(DEVICE_NAMES, device.to_string(), link.name.as_slice().to_vec());
        }
        Ok(())
    }

    pub(super) fn comparison(&self, device: &DeviceUri) -> Result<ComparisonRow, ClientError> {
        ComparisonRow::read(&self.tx(), LINKS, device.to_string().as_bytes())?
            .ok_or_else(|| ClientError::NoLink(device.clone()))
    }

    fn link_shown(&mut self, device: &DeviceUri, sealed: &[u8]) -> Result<(), ClientError> {
        let row = self.comparison(device)?;
        if row.shown.is_some() {
            return Ok(());
        }
        let altered = || ClientError::LinkAltered(device.clone());
        let shown = row.keys().unseal(REVEAL, sealed).ok_or_else(altered)?;
        let shown = <[u8; 32]>::try_from(&shown[..]).map_err(|_| altered())?;
        if !bool::from(commitment(&shown).ct_eq(&row.commitment)) {
            return Err(altered());
        }
        ComparisonRow { shown: Some(Secret(shown)), ..row }.write(&mut self.tx(), LINKS, device.to_string());
        Ok(())
    }
}

impl Client {
    /// The devices that are being linked, or were: with the number to compare.
    ///
    /// # Errors
    /// [`ClientError::Store`], [`ClientError::Row`].
    pub fn links(&self) -> Result<Vec<LinkView>, ClientError> {
        let rows = self.core().tx().scan(LINKS, &KeyRange::all(), usize::MAX, false)?;
        let mut links = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            let row = ComparisonRow::from_row(&row)?;
            let Some(device) = std::str::from_utf8(&key).ok().and_then(|uri| uri.parse().ok()) else {
                continue;
            };
            links.push(LinkView {
                device,
                side: if row.first.is_some() { Side::First } else { Side::New },
                number: row.number().map(|number| number.to_string()),
                compared: row.compared.is_some(),
                done: row.done.is_some(),
            });
        }
        Ok(links)
    }

    /// `POST backups` with this before anything else of a link is asked of the service. Both devices may.
    ///
    /// # Errors
    /// [`ClientError::NoLink`].
    pub fn link_place(&self, device: &DeviceUri) -> Result<OpenBackup, ClientError> {
        Ok(self.core().comparison(device)?.keys().open_request(BackupKind::Passing))
    }

    /// On the new device: `POST backups/segment` with this shows its number to the first one.
    ///
    /// # Errors
    /// [`ClientError::NoLink`].
    pub fn link_show(&self, device: &DeviceUri) -> Result<PutSegment, ClientError> {
        let row = self.core().comparison(device)?;
        let shown = row.shown.as_ref().filter(|_| row.is_new_device());
        let shown = shown.ok_or_else(|| ClientError::NoLink(device.clone()))?.bytes();
        let keys = row.keys();
        let sealed = keys.seal(REVEAL, &shown[..]);
        Ok(PutSegment { id: keys.id(), token: keys.token(), name: REVEAL_NAME, sealed })
    }

    /// On the first device: `POST backups/read` with this; what comes is for [`Client::link_seen`].
    ///
    /// # Errors
    /// [`ClientError::NoLink`].
    pub fn link_look(&self, device: &DeviceUri) -> Result<ReadBackup, ClientError> {
        let keys = self.core().comparison(device)?.keys();
        let part = BackupPart::Segment(REVEAL_NAME);
        Ok(ReadBackup { id: keys.id(), token: keys.token(), part })
    }

    /// On the first device: what the new one showed.
    ///
    /// # Errors
    /// [`ClientError::LinkAltered`] if it is not what its code promised; [`ClientError::NoLink`].
    pub fn link_seen(
        &mut self,
        device: &DeviceUri,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.link_shown(device, sealed)).map(|((), step)| step)
    }

    /// On the first device: the person says that both devices show the same number. From now on history may be sent.
    ///
    /// # Errors
    /// [`ClientError::NotCompared`] if there was none to compare; [`ClientError::NoLink`].
    pub fn link_compared(&mut self, device: &DeviceUri, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            let row = core.comparison(device)?;
            if row.shown.is_none() || row.first.is_none() {
                return Err(ClientError::NotCompared(device.clone()));
            }
            ComparisonRow { compared: Some(()), ..row }.write(&mut core.tx(), LINKS, device.to_string());
            Ok(())
        })
        .map(|((), step)| step)
    }
}
