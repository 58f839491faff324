//! The hub's stamp on a message (draft-ietf-mimi-protocol-06, section 5.4.1), and the mark of a service on what its people send to
//! other hubs.

use super::{Rooms, keys::FrankingKeys};
use subtle::ConstantTimeEq as _;
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    franking::{self, FrankingIntegrityTbs, FrankingTag, SenderFrank, ServerFrankingContext},
    mimi::Frank,
};

impl Rooms {
    /// The hub's Ed25519 signature over a content that names what it is for.
    pub fn sign_as_hub(&self, content: &[u8]) -> [u8; 64] {
        self.keys.sign_whole(content)
    }

    /// This service's mark on what one of its people sends to the room of another.
    pub fn mark(&self, tag: &FrankingTag, sender: &UserUri, room: &RoomUri) -> SenderFrank {
        self.keys.mark(tag, sender, room)
    }

    /// Whether this service made a mark. In constant time.
    pub fn has_marked(
        &self,
        tag: &FrankingTag,
        sender: &UserUri,
        room: &RoomUri,
        mark: &SenderFrank,
    ) -> bool {
        self.keys.has_marked(tag, sender, room, mark)
    }
}

impl FrankingKeys {
    /// Whether this hub made a stamp over a tag and a context. In constant time.
    pub(crate) fn has_stamped(
        &self,
        tag: &FrankingTag,
        context: &ServerFrankingContext,
        frank: &Frank,
    ) -> bool {
        // Which keys there are is no secret: every stamp names its own.
        let Some(key) = self.stamp_key_of(context.key_id) else { return false };
        bool::from(franking::stamp(key, tag, context).ct_eq(&frank.server_frank))
    }

    pub(crate) fn mark(&self, tag: &FrankingTag, sender: &UserUri, room: &RoomUri) -> SenderFrank {
        let (key_id, key) = self.stamp_key();
        SenderFrank { key_id, mac: franking::sender_frank(key, tag, sender, room) }
    }

    pub(crate) fn has_marked(
        &self,
        tag: &FrankingTag,
        sender: &UserUri,
        room: &RoomUri,
        mark: &SenderFrank,
    ) -> bool {
        let Some(key) = self.stamp_key_of(mark.key_id) else { return false };
        bool::from(franking::sender_frank(key, tag, sender, room).ct_eq(&mark.mac))
    }

    /// Stamps a message that the hub accepts at `now`: an HMAC that only the hub can check, and a signature over it
    /// that every receiver checks. `sender_frank` is the mark of the sender's service, where that is another.
    pub(crate) fn frank(
        &self,
        tag: &FrankingTag,
        sender: (&UserUri, Option<SenderFrank>),
        room: &RoomUri,
        suite: u16,
        now: Timestamp,
    ) -> Frank {
        let (key_id, key) = self.stamp_key();
        let (sender, sender_frank) = sender;
        let context = ServerFrankingContext {
            sender_uri: sender.clone(),
            room_uri: room.clone(),
            accepted_timestamp: now,
            key_id,
            sender_frank,
        };
        let server_frank = franking::stamp(key, tag, &context);
        let tbs = FrankingIntegrityTbs { server_frank, signature_ciphersuite: suite, context };
        Frank {
            key_id,
            server_frank,
            signature_ciphersuite: suite,
            integrity_signature: self.sign(&tbs.signed_content()),
            sender_frank,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        super::label::{labelled, verifies},
        *,
    };
    use tls_codec::Serialize as _;
    use trefoil_proto::franking::INTEGRITY_LABEL;

    #[test]
    fn a_stamp_verifies_and_binds_everything() {
        let keys = FrankingKeys::new(7, &[1; 32], &[2; 32]);
        let sender: UserUri = "mimi://a.example/u/x".parse().unwrap();
        let room: RoomUri = "mimi://a.example/r/x".parse().unwrap();
        let tag = franking::tag(&[3; 16], b"hello");
        let now = Timestamp(99);
        let frank = keys.frank(&tag, (&sender, None), &room, 0x004f, now);
        let context = |sender: &UserUri, now| ServerFrankingContext {
            sender_uri: sender.clone(),
            room_uri: room.clone(),
            accepted_timestamp: now,
            key_id: 7,
            sender_frank: None,
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
        let other = FrankingKeys::new(7, &[9; 32], &[2; 32]).frank(&tag, (&sender, None), &room, 0x004f, now);
        assert_ne!(other.server_frank, frank.server_frank);
    }

    #[test]
    fn a_newer_key_stamps_and_the_older_one_still_proves() {
        let sender: UserUri = "mimi://a.example/u/x".parse().unwrap();
        let room: RoomUri = "mimi://a.example/r/x".parse().unwrap();
        let (tag, now) = (franking::tag(&[3; 16], b"hello"), Timestamp(99));
        let context = |key_id| ServerFrankingContext {
            sender_uri: sender.clone(),
            room_uri: room.clone(),
            accepted_timestamp: now,
            key_id,
            sender_frank: None,
        };
        let old = FrankingKeys::new(1, &[1; 32], &[2; 32]);
        let stamped = old.frank(&tag, (&sender, None), &room, 0x004f, now);
        let rotated = FrankingKeys::new(1, &[1; 32], &[2; 32]).with_stamp(2, &[9; 32]);
        let newer = rotated.frank(&tag, (&sender, None), &room, 0x004f, now);
        assert_eq!((stamped.key_id, newer.key_id), (1, 2));
        assert!(rotated.has_stamped(&tag, &context(1), &stamped));
        assert!(rotated.has_stamped(&tag, &context(2), &newer));
        // A stamp of one key under the other's name, and a key that this hub never had.
        assert!(!rotated.has_stamped(&tag, &context(2), &stamped));
        assert!(!rotated.has_stamped(&tag, &context(1), &newer));
        assert!(!rotated.has_stamped(&tag, &context(3), &newer));
        assert!(!old.has_stamped(&tag, &context(2), &newer));
    }

    #[test]
    fn a_mark_is_known_again_by_who_made_it_also_after_the_key_was_changed() {
        let sender: UserUri = "mimi://a.example/u/x".parse().unwrap();
        let room: RoomUri = "mimi://b.example/r/x".parse().unwrap();
        let tag = franking::tag(&[3; 16], b"hello");
        let keys = FrankingKeys::new(1, &[1; 32], &[2; 32]);
        let mark = keys.mark(&tag, &sender, &room);
        let rotated = FrankingKeys::new(1, &[1; 32], &[2; 32]).with_stamp(2, &[9; 32]);
        assert_eq!(rotated.mark(&tag, &sender, &room).key_id, 2);
        assert!(rotated.has_marked(&tag, &sender, &room, &mark));
        assert!(!rotated.has_marked(&tag, &sender, &room, &SenderFrank { key_id: 2, ..mark }));
        assert!(!rotated.has_marked(&tag, &sender, &room, &SenderFrank { key_id: 3, ..mark }));
        assert!(!rotated.has_marked(&franking::tag(&[4; 16], b"hello"), &sender, &room, &mark));
        let hub = FrankingKeys::new(1, &[5; 32], &[6; 32]);
        assert!(!hub.has_marked(&tag, &sender, &room, &mark));
    }

    #[test]
    fn the_signed_bytes_have_the_form_of_rfc_9420() {
        assert_eq!(labelled("X", b"yz"), b"\x09MLS 1.0 X\x02yz");
    }
}
