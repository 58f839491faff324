//! Checkpoints (C2SP tlog-checkpoint): a head, signed by the log, cosigned by witnesses (C2SP tlog-cosignature, v1).

use super::{CheckpointError, LOG_SIZE, TreeHead};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use signed_note::{Note, Signature as SignatureLine, Signer, Verifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash};
use trefoil_proto::Timestamp;

/// Largest checkpoint that we look at, in bytes: room for 64 cosignatures.
pub const CHECKPOINT: usize = 16 * 1024;

/// Longest name, in bytes: any domain with its port, and what follows it.
const NAME: usize = 320;
pub(super) const NOTE_SIGNATURE: u8 = 0x01;
pub(super) const COSIGNATURE: u8 = 0x04;

/// A log's name, which is also the origin line of its checkpoints, and its Ed25519 key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    name: String,
    key: VerifyingKey,
}

/// A witness's name and Ed25519 key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key: VerifyingKey,
}

/// Signs the checkpoints of a log.
pub struct LogSigner {
    name: String,
    key: SigningKey,
}

/// Signs the checkpoints of other logs.
pub struct WitnessSigner {
    name: String,
    key: SigningKey,
}

/// A checkpoint that its log signed. Who else signed is not known yet.
#[derive(Debug)]
pub struct OpenCheckpoint {
    origin: String,
    head: TreeHead,
    note: Note,
}

macro_rules! keys {
    ($key:ident, $signer:ident) => {
        impl $key {
            /// A name without spaces and pluses, best a URL without its scheme, with its key.
            ///
            /// # Errors
            /// [`CheckpointError::BadKey`], for a weak key as well.
            pub fn new(name: &str, key: &[u8; 32]) -> Result<Self, CheckpointError> {
                let key = VerifyingKey::from_bytes(key).map_err(|_| CheckpointError::BadKey)?;
                if is_name(name) && !key.is_weak() {
                    Ok(Self { name: name.to_owned(), key })
                } else {
                    Err(CheckpointError::BadKey)
                }
            }

            /// The name.
            pub fn name(&self) -> &str {
                &self.name
            }

            /// The key.
            pub fn key(&self) -> [u8; 32] {
                self.key.to_bytes()
            }
        }

        impl $signer {
            /// A name without spaces and pluses, with its key.
            ///
            /// # Errors
            /// [`CheckpointError::BadKey`] for the name.
            pub fn new(name: &str, key: SigningKey) -> Result<Self, CheckpointError> {
                if is_name(name) {
                    Ok(Self { name: name.to_owned(), key })
                } else {
                    Err(CheckpointError::BadKey)
                }
            }

            /// What others verify with.
            pub fn public(&self) -> $key {
                $key { name: self.name.clone(), key: self.key.verifying_key() }
            }
        }
    };
}

keys!(LogKey, LogSigner);
keys!(WitnessKey, WitnessSigner);

impl LogSigner {
    /// Signs a head: the bytes of a signed note.
    pub fn sign(&self, head: &TreeHead) -> Vec<u8> {
        let checkpoint = Checkpoint::new(&self.name, head.size, Hash(head.root), "")
            .expect("a name is never empty and there are no extension lines");
        let mut note =
            Note::new(&checkpoint.to_bytes(), &[]).expect("the text of a checkpoint ends in a newline");
        note.add_sigs(&[self]).expect("the name was checked, and Ed25519 signs everything");
        note.to_bytes()
    }
}

impl WitnessSigner {
    /// Adds a cosignature. Deciding whether to is [`super::witness`].
    pub(super) fn cosign(&self, checkpoint: OpenCheckpoint, now: Timestamp) -> Vec<u8> {
        let mut note = checkpoint.note;
        note.add_sigs(&[&Cosigner { witness: self, seconds: now.0 / 1000 }])
            .expect("the name was checked, and Ed25519 signs everything");
        note.to_bytes()
    }
}

impl OpenCheckpoint {
    /// Parses a checkpoint and checks the log's signature. Extension lines are allowed and mean nothing.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(bytes: &[u8], log: &LogKey) -> Result<Self, CheckpointError> {
        let (checkpoint, note) = parse(bytes)?;
        if checkpoint.origin() != log.name {
            return Err(CheckpointError::OtherLog);
        }
        note.verify(&VerifierList::new(vec![Box::new(log.clone())]))
            .map_err(|_| CheckpointError::Unsigned)?;
        let head = TreeHead { size: checkpoint.size(), root: checkpoint.hash().0 };
        Ok(Self { origin: checkpoint.origin().to_owned(), head, note })
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What the log signed.
    pub fn head(&self) -> TreeHead {
        self.head
    }

    /// The same with the cosignature of a witness, in the place of an older one: a line as a witness answers with.
    ///
    /// # Errors
    /// [`CheckpointError::Unsigned`] if the witness did not sign this checkpoint in it.
    pub fn with_cosignature(&self, witness: &WitnessKey, line: &str) -> Result<Self, CheckpointError> {
        let signature = SignatureLine::from_bytes(line.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        let id = Verifier::key_id(witness);
        if signature.name() != witness.name || signature.id() != id {
            return Err(CheckpointError::Unsigned);
        }
        let bytes = self.note.to_bytes();
        let text = std::str::from_utf8(&bytes).map_err(|_| CheckpointError::Malformed)?;
        let (_, lines) = text.rsplit_once("\n\n").ok_or(CheckpointError::Malformed)?;
        let others = lines.lines().filter_map(|line| SignatureLine::from_bytes(line.as_bytes()).ok());
        let mut signatures: Vec<_> =
            others.filter(|other| other.name() != witness.name || other.id() != id).collect();
        signatures.push(signature);
        let note = Note::new(self.note.text(), &signatures).map_err(|_| CheckpointError::Malformed)?;
        let signed = Self { origin: self.origin.clone(), head: self.head, note };
        match signed.cosigned_at(witness) {
            Some(_) if signed.to_bytes().len() > CHECKPOINT => Err(CheckpointError::TooLarge),
            Some(_) => Ok(signed),
            None => Err(CheckpointError::Unsigned),
        }
    }

    /// When a witness cosigned, if it did.
    pub fn cosigned_at(&self, witness: &WitnessKey) -> Option<Timestamp> {
        // One at a time: a bad line of one witness must not hide the good one of another.
        let list = VerifierList::new(vec![Box::new(witness.clone())]);
        let (verified, _) = self.note.verify(&list).ok()?;
        let seconds = verified.first()?.signature().first_chunk().copied().map(u64::from_be_bytes)?;
        Some(Timestamp(seconds.saturating_mul(1000)))
    }

    /// The note as it travels.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }
}

struct Cosigner<'a> {
    witness: &'a WitnessSigner,
    seconds: u64,
}

impl Signer for LogSigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        id_of(&self.name, NOTE_SIGNATURE, &self.key.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok(self.key.sign(message).to_bytes().to_vec())
    }
}

impl Signer for Cosigner<'_> {
    fn name(&self) -> &str {
        &self.witness.name
    }

    fn key_id(&self) -> u32 {
        id_of(&self.witness.name, COSIGNATURE, &self.witness.key.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        let signature = self.witness.key.sign(&cosigned(self.seconds, message)).to_bytes();
        Ok([&self.seconds.to_be_bytes()[..], &signature].concat())
    }
}

impl Verifier for LogKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        id_of(&self.name, NOTE_SIGNATURE, &self.key)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl Verifier for WitnessKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        id_of(&self.name, COSIGNATURE, &self.key)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let Some((seconds, signature)) = signature.split_first_chunk() else { return false };
        let seconds = u64::from_be_bytes(*seconds);
        seconds <= i64::MAX as u64
            && Signature::from_slice(signature).is_ok_and(|signature| {
                self.key.verify_strict(&cosigned(seconds, message), &signature).is_ok()
            })
    }
}

fn cosigned(seconds: u64, message: &[u8]) -> Vec<u8> {
    [format!("cosignature/v1\ntime {seconds}\n").as_bytes(), message].concat()
}

/// The id of a key: algorithm, then key.
pub(super) fn key_id(name: &str, material: &[u8]) -> u32 {
    signed_note::key_id(name, material)
}

fn id_of(name: &str, algorithm: u8, key: &VerifyingKey) -> u32 {
    key_id(name, &[&[algorithm], &key.as_bytes()[..]].concat())
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME
        && signed_note::is_key_name_valid(name)
        && name.chars().all(|letter| !letter.is_control())
}

/// A checkpoint in a note, well formed, whoever signed it.
pub(super) fn parse(bytes: &[u8]) -> Result<(Checkpoint, Note), CheckpointError> {
    if bytes.len() > CHECKPOINT {
        return Err(CheckpointError::TooLarge);
    }
    let note = Note::from_bytes(bytes).map_err(|_| CheckpointError::Malformed)?;
    let checkpoint = lines(note.text()).ok_or(CheckpointError::Malformed)?;
    if checkpoint.size() > LOG_SIZE {
        return Err(CheckpointError::Malformed);
    }
    Ok((checkpoint, note))
}

/// The checkpoint in a note's text. Strict: the lenient parser of the crate takes text that has a second encoding.
fn lines(text: &[u8]) -> Option<Checkpoint> {
    let text = std::str::from_utf8(text).ok()?;
    let mut parts = text.splitn(4, '\n');
    let (origin, size, root, extension) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let checkpoint =
        Checkpoint::new(origin, size.parse().ok()?, Hash::parse_hash(root).ok()?, extension).ok()?;
    (checkpoint.to_bytes() == text.as_bytes()).then_some(checkpoint)
}
