//! Pure decisions of the PIN vault: which key a record has, what a try comes to, whether a ticket is good.

use super::{
    PinError,
    rows::{OpenRecord, RecordRow},
};
use crate::secrets::SecretKey;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use trefoil_proto::{
    Timestamp,
    pin::{Element, Evaluated, RecordName},
};
use voprf::{BlindedElement, OprfServer, Ristretto255};
use zeroize::Zeroizing;

/// How long a ticket is good, in milliseconds.
pub(super) const TICKET_LIFE: u64 = 10 * 60 * 1000;
/// Nonce, time, authentication tag.
const TICKET: usize = 32 + 8 + 32;

/// `info` of RFC 9497's DeriveKeyPair.
const KEY_INFO: &[u8] = b"Trefoil 1.0 PinKey";
const SEED_LABEL: &[u8] = b"Trefoil 1.0 PinSeed";
const TICKET_LABEL: &[u8] = b"Trefoil 1.0 PinTicket";

/// What a try makes of a record, and whether it is answered once that is durable.
pub(super) struct Decided {
    pub row: RecordRow,
    pub answer: Option<Counted>,
}

/// A try that was counted.
pub(super) struct Counted {
    record: OpenRecord,
    left: u32,
}

/// Counts one try. The last that is allowed is answered from what was read; its row holds the key no longer.
pub(super) fn attempt(row: RecordRow, guesses: u32) -> Decided {
    let RecordRow::Open(mut record) = row else { return Decided { row, answer: None } };
    let used = record.serial.saturating_sub(record.cleared);
    // As many as are allowed may have been used when the operator allowed more; and a serial is never used twice.
    if used >= guesses || record.serial == u32::MAX {
        return Decided { row: RecordRow::Locked, answer: None };
    }
    record.serial += 1;
    let left = guesses - used - 1;
    let row = if left == 0 { RecordRow::Locked } else { RecordRow::Open(record.clone()) };
    Decided { row, answer: Some(Counted { record, left }) }
}

impl Counted {
    /// The answer. Only for after the commit.
    pub(super) fn evaluate(
        &self,
        key: &SecretKey,
        name: &RecordName,
        blinded: &BlindedElement<Ristretto255>,
    ) -> Result<Evaluated, PinError> {
        let OpenRecord { nonce, masked, serial, .. } = self.record;
        let evaluated = evaluate_parsed(key, name, &Zeroizing::new(nonce), blinded)?;
        Ok(Evaluated { evaluated, masked, serial, left: self.left })
    }
}

/// The record with its tries forgiven up to one; `None` if they are already.
pub(super) fn unlock(row: RecordRow, through: u32) -> Result<Option<RecordRow>, PinError> {
    let RecordRow::Open(record) = row else { return Err(PinError::Locked) };
    if through > record.serial {
        return Err(PinError::NoSuchTry);
    }
    if through <= record.cleared {
        return Ok(None);
    }
    Ok(Some(RecordRow::Open(OpenRecord { cleared: through, ..record })))
}

/// An element that can be computed with.
pub(super) fn element(raw: &Element) -> Result<BlindedElement<Ristretto255>, PinError> {
    BlindedElement::deserialize(&raw.0).map_err(|_| PinError::Element)
}

/// RFC 9497, `BlindEvaluate`, under the key of a name and a nonce.
pub(super) fn evaluate(
    key: &SecretKey,
    name: &RecordName,
    nonce: &[u8; 32],
    blinded: &Element,
) -> Result<Element, PinError> {
    evaluate_parsed(key, name, nonce, &element(blinded)?)
}

fn evaluate_parsed(
    key: &SecretKey,
    name: &RecordName,
    nonce: &[u8; 32],
    blinded: &BlindedElement<Ristretto255>,
) -> Result<Element, PinError> {
    let seed = Zeroizing::new(mac(key, SEED_LABEL, &[&name.0, nonce]));
    let server =
        OprfServer::<Ristretto255>::new_from_seed(seed.as_slice(), KEY_INFO).map_err(|_| PinError::Derive)?;
    Ok(Element(server.blind_evaluate(blinded).serialize().into()))
}

/// What the client brings back to have the record made under the key that it saw.
pub(super) fn ticket(key: &SecretKey, name: &RecordName, nonce: &[u8; 32], now: Timestamp) -> Vec<u8> {
    let at = now.0.to_be_bytes();
    [nonce.as_slice(), &at, &mac(key, TICKET_LABEL, &[&name.0, nonce, &at])].concat()
}

/// The nonce in a ticket. Only this service makes tickets, so that nobody chooses a nonce that was used before.
pub(super) fn open_ticket(
    key: &SecretKey,
    name: &RecordName,
    ticket: &[u8],
    now: Timestamp,
) -> Result<Zeroizing<[u8; 32]>, PinError> {
    let ticket: &[u8; TICKET] = ticket.try_into().map_err(|_| PinError::Ticket)?;
    let (nonce, rest) = ticket.split_at(32);
    let (at, tag) = rest.split_at(8);
    let mut mac = keyed(key, TICKET_LABEL);
    for part in [name.0.as_slice(), nonce, at] {
        mac.update(part);
    }
    mac.verify_slice(tag).map_err(|_| PinError::Ticket)?;
    let made = u64::from_be_bytes(at.try_into().map_err(|_| PinError::Ticket)?);
    if now.0.abs_diff(made) > TICKET_LIFE {
        return Err(PinError::Ticket);
    }
    Ok(Zeroizing::new(nonce.try_into().map_err(|_| PinError::Ticket)?))
}

/// Every part has a fixed length, and the labels are no beginning of each other.
fn mac(key: &SecretKey, label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed(key, label);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn keyed(key: &SecretKey, label: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes keys of any length");
    mac.update(label);
    mac.update(&[0]);
    mac
}
