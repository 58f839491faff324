//! Keys of logs and witnesses as text (C2SP signed-note, verifier keys): name, key id, and algorithm with key in base64,
//! with a plus between them.

use super::{
    CheckpointError, LogKey, WitnessKey,
    checkpoint::{COSIGNATURE, NOTE_SIGNATURE, key_id},
};
use data_encoding::BASE64;
use std::{fmt, str::FromStr};

/// Longest key as text, in bytes.
const LONGEST: usize = 512;

macro_rules! text {
    ($key:ident, $algorithm:ident) => {
        impl fmt::Display for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let material = [&[$algorithm][..], &self.key()].concat();
                let id = key_id(self.name(), &material);
                write!(f, "{}+{id:08x}+{}", self.name(), BASE64.encode(&material))
            }
        }

        impl FromStr for $key {
            type Err = CheckpointError;
            fn from_str(raw: &str) -> Result<Self, CheckpointError> {
                if raw.len() > LONGEST {
                    return Err(CheckpointError::BadKey);
                }
                let mut parts = raw.splitn(3, '+');
                let (name, material) = (parts.next(), parts.nth(1));
                let material =
                    material.and_then(|encoded| BASE64.decode(encoded.as_bytes()).ok()).unwrap_or_default();
                let key = match (name, material.split_first()) {
                    (Some(name), Some((&$algorithm, key))) => {
                        let key: &[u8; 32] = key.try_into().map_err(|_| CheckpointError::BadKey)?;
                        Self::new(name, key)?
                    }
                    _ => return Err(CheckpointError::BadKey),
                };
                // The id as well, and nothing written in a second way.
                if key.to_string() == raw { Ok(key) } else { Err(CheckpointError::BadKey) }
            }
        }
    };
}

text!(LogKey, NOTE_SIGNATURE);
text!(WitnessKey, COSIGNATURE);
