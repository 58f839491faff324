//! The hub's stamp on a message (draft-ietf-mimi-protocol-06, section 5.4.1).

use super::{keys::FrankingKeys, label::labelled};
use subtle::ConstantTimeEq as _;
use tls_codec::Serialize as _;
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    franking::{self, FrankingIntegrityTbs, FrankingTag, INTEGRITY_LABEL, ServerFrankingContext},
    mimi::Frank,
};

impl FrankingKeys {
    /// Whether this hub made a stamp over a tag and a context. In constant time.
    pub(crate) fn has_stamped(
        &self,
        tag: &FrankingTag,
        context: &ServerFrankingContext,
        frank: &Frank,
    ) -> bool {
        let made = franking::stamp(self.stamp_key(), tag, context);
        context.key_id == self.key_id() && bool::from(made.ct_eq(&frank.server_frank))
    }

    /// Stamps a message that the hub accepts at `now`: an HMAC that only the hub can check, and a signature over it
    /// that every receiver checks.
    pub(crate) fn frank(
        &self,
        tag: &FrankingTag,
        sender: &UserUri,
        room: &RoomUri,
        suite: u16,
        now: Timestamp,
    ) -> Frank {
        let context = ServerFrankingContext {
            sender_uri: sender.clone(),
            room_uri: room.clone(),
            accepted_timestamp: now,
            key_id: self.key_id(),
        };
        let server_frank = franking::stamp(self.stamp_key(), tag, &context);
        let tbs = FrankingIntegrityTbs { server_frank, signature_ciphersuite: suite, context };
        let tbs = tbs.tls_serialize_detached().expect("bounded structures always serialise");
        Frank {
            key_id: self.key_id(),
            server_frank,
            signature_ciphersuite: suite,
            integrity_signature: self.sign(&labelled(INTEGRITY_LABEL, &tbs)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::label::verifies, *};

    #[test]
    fn a_stamp_verifies_and_binds_everything() {
        let keys = FrankingKeys::new(7, &[1; 32], &[2; 32]);
        let sender: UserUri = "mimi://a.example/u/x".parse().unwrap();
        let room: RoomUri = "mimi://a.example/r/x".parse().unwrap();
        let tag = franking::tag(&[3; 16], b"hello");
        let now = Timestamp(99);
        let frank = keys.frank(&tag, &sender, &room, 0x004f, now);
        let context = |sender: &UserUri, now| ServerFrankingContext {
            sender_uri: sender.clone(),
            room_uri: room.clone(),
            accepted_timestamp: now,
            key_id: 7,
        };
        let holds = |suite, context| {
            let tbs = FrankingIntegrityTbs {
                server_frank: frank.server_frank,
                signature_ciphersuite: suite,
                context,
            };
            let tbs = tbs.tls_serialize_detached().unwrap();
            verifies(&keys.public_key(), INTEGRITY_LABEL, &tbs, &frank.integrity_signature)
        };
        assert!(holds(0x004f, context(&sender, now)));
        assert!(!holds(0x0001, context(&sender, now)));
        assert!(!holds(0x004f, context(&sender, Timestamp(98))));
        assert!(!holds(0x004f, context(&"mimi://a.example/u/y".parse().unwrap(), now)));
        let other = FrankingKeys::new(7, &[9; 32], &[2; 32]).frank(&tag, &sender, &room, 0x004f, now);
        assert_ne!(other.server_frank, frank.server_frank);
    }

    #[test]
    fn the_signed_bytes_have_the_form_of_rfc_9420() {
        assert_eq!(labelled("X", b"yz"), b"\x09MLS 1.0 X\x02yz");
    }
}
