//! The client's side of RFC 9497 (`OPRF(ristretto255, SHA-512)`, mode OPRF), and the mask that it gives.

use super::{PinError, Seat, keys::SecretBytes};
use hmac::{Hmac, Mac as _};
use rand_core::OsRng;
use sha2::Sha256;
use trefoil_proto::pin::{Element, RecordName};
use voprf::{EvaluationElement, OprfClient, Ristretto255};
use zeroize::{Zeroize as _, Zeroizing};

const INPUT_LABEL: &[u8] = b"Trefoil 1.0 PinInput";
const MASK_LABEL: &[u8] = b"Trefoil 1.0 PinMask";

/// A stretched PIN on its way to one record, blinded: what the service sees says nothing of it.
pub(super) struct Blinded {
    seat: Seat,
    input: Zeroizing<Vec<u8>>,
    state: OprfClient<Ristretto255>,
    /// What the service is given.
    pub(super) element: Element,
}

impl Blinded {
    pub(super) fn new(seat: Seat, name: &RecordName, stretched: &SecretBytes) -> Result<Self, PinError> {
        let parts = [INPUT_LABEL, &[0, seat.point()], &name.0, stretched.bytes()];
        let input = Zeroizing::new(parts.concat());
        let blind = OprfClient::<Ristretto255>::blind(&input, &mut OsRng).map_err(|_| PinError::Blind)?;
        let element = Element(blind.message.serialize().into());
        Ok(Self { seat, input, state: blind.state, element })
    }

    /// A share under its mask, or the mask taken off again: a pad of as many bytes, and nothing that would say whether it
    /// is the right one. `None` if the service's element is none.
    pub(super) fn mask(&self, evaluated: &Element, share: &[u8; 32]) -> Option<SecretBytes> {
        let element = EvaluationElement::<Ristretto255>::deserialize(&evaluated.0).ok()?;
        let mut output = self.state.finalize(&self.input, &element).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&output).expect("HMAC takes keys of any length");
        output.as_mut_slice().zeroize();
        mac.update(MASK_LABEL);
        mac.update(&[0, self.seat.point()]);
        let mut masked = SecretBytes::new(mac.finalize().into_bytes().into());
        for (byte, share) in masked.as_mut().iter_mut().zip(share) {
            *byte ^= share;
        }
        Some(masked)
    }
}
