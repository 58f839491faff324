//! Franking: a hub's stamp proves what was sent, when and by whom, without the hub reading it
//! (draft-ietf-mimi-protocol-06, section 5.4.1, with the gaps closed that `docs/spec/mimi-errata.md` names).

use crate::{ProtoError, RoomUri, Timestamp, UserUri};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tls_codec::{Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize, VLByteSlice};
use zeroize::Zeroizing;

/// The Safe AAD component that carries the tag.
pub const FRANK_AAD: u16 = 0x0020;
/// The group-context component that names the hub's franking key.
pub const FRANKING_AGENT: u16 = 0x0021;
/// Label of the hub's signature.
pub const INTEGRITY_LABEL: &str = "FrankingIntegrityTBS";
/// What the key of [`SenderFrank`]s is derived with.
const SENDER_LABEL: &[u8] = b"Trefoil 1.0 SenderFrank";

/// The sender's commitment to a message: HMAC-SHA256 with the content's 16-byte salt as key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct FrankingTag(pub [u8; 32]);

/// What the hub knows of a message when it stamps it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ServerFrankingContext {
    /// Who submitted it.
    pub sender_uri: UserUri,
    /// Where.
    pub room_uri: RoomUri,
    /// When the hub accepted it.
    pub accepted_timestamp: Timestamp,
    /// Which of the hub's keys stamps it (profile addition).
    pub key_id: u32,
    /// The mark of the sender's service, where that is not the hub (profile addition).
    pub sender_frank: Option<SenderFrank>,
}

/// The mark that the sender's own service puts on a message for another service's room, so that the hub of that room cannot make
/// up what its people wrote: HMAC-SHA256 under a key of that service over tag, sender and room. Only that service can check it; it
/// has to when a report is handed on to it (profile addition, `docs/spec/reports.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SenderFrank {
    /// Which of the service's stamp keys it is made under.
    pub key_id: u32,
    /// The mark.
    pub mac: [u8; 32],
}

/// What the hub signs, so that a follower cannot alter the stamp.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct FrankingIntegrityTbs {
    /// The stamp.
    pub server_frank: [u8; 32],
    /// The room's suite.
    pub signature_ciphersuite: u16,
    /// The context.
    pub context: ServerFrankingContext,
}

impl FrankingIntegrityTbs {
    /// What `SignWithLabel` signs for [`INTEGRITY_LABEL`] (RFC 9420, section 5.1.2).
    pub fn signed_content(&self) -> Vec<u8> {
        let label = ["MLS 1.0 ", INTEGRITY_LABEL].concat();
        let tbs = self.tls_serialize_detached().expect("bounded structures always serialise");
        let mut content = Vec::with_capacity(label.len() + tbs.len() + 8);
        for part in [label.as_bytes(), &tbs] {
            VLByteSlice(part).tls_serialize(&mut content).expect("both stay under 2^30 bytes");
        }
        content
    }
}

/// Group-context data under [`FRANKING_AGENT`].
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct FrankingAgentData {
    /// Ed25519 public key of the hub.
    #[tls_codec(with = "crate::wire::opaque")]
    pub franking_signature_key: Vec<u8>,
    /// Basic credential: the hub's domain.
    pub credential: crate::mls::Credential,
}

/// The tag over the application data as encrypted, under the content's salt.
pub fn tag(salt: &[u8; 16], application_data: &[u8]) -> FrankingTag {
    FrankingTag(hmac(salt, &[application_data]))
}

/// Checks a tag in constant time.
///
/// # Errors
/// [`ProtoError::Unverified`].
pub fn verify_tag(
    tag_sent: &FrankingTag,
    salt: &[u8; 16],
    application_data: &[u8],
) -> Result<(), ProtoError> {
    if bool::from(tag(salt, application_data).0.ct_eq(&tag_sent.0)) {
        Ok(())
    } else {
        Err(ProtoError::Unverified("franking tag"))
    }
}

/// What the sender puts into the Safe AAD under [`FRANK_AAD`]: `FrankAAD`, which is the tag's 32 bytes.
pub fn safe_aad_item(tag: &FrankingTag) -> Vec<u8> {
    tag.0.to_vec()
}

/// The mark of the sender's service over what its person sends to another service's room. The key is derived from the key by which
/// that service stamps as a hub: nothing that a hub stamps is as short as the label.
pub fn sender_frank(stamp_key: &[u8; 32], tag: &FrankingTag, sender: &UserUri, room: &RoomUri) -> [u8; 32] {
    let key = Zeroizing::new(hmac(stamp_key, &[SENDER_LABEL]));
    let (sender, room) = (sender.tls_serialize_detached(), room.tls_serialize_detached());
    let bounded = "bounded structures always serialise";
    hmac(&*key, &[&tag.0, &sender.expect(bounded), &room.expect(bounded)])
}

/// The hub's stamp: HMAC-SHA256 under its secret key over tag and context.
pub fn stamp(hub_key: &[u8; 32], tag: &FrankingTag, context: &ServerFrankingContext) -> [u8; 32] {
    let context = context.tls_serialize_detached().expect("bounded structures always serialise");
    hmac(hub_key, &[&tag.0, &context])
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_tag_is_for_one_salt_and_one_content() {
        let made = tag(&[1; 16], b"content");
        assert_eq!(verify_tag(&made, &[1; 16], b"content"), Ok(()));
        let refused = Err(ProtoError::Unverified("franking tag"));
        assert_eq!(verify_tag(&made, &[2; 16], b"content"), refused);
        assert_eq!(verify_tag(&made, &[1; 16], b"contents"), refused);
        let mut altered = made;
        altered.0[31] ^= 1;
        assert_eq!(verify_tag(&altered, &[1; 16], b"content"), refused);
    }

    #[test]
    fn a_stamp_depends_on_everything() {
        let context = ServerFrankingContext {
            sender_uri: "mimi://a.example/u/a".parse().unwrap(),
            room_uri: "mimi://a.example/r/r".parse().unwrap(),
            accepted_timestamp: Timestamp(1),
            key_id: 1,
            sender_frank: None,
        };
        let made = stamp(&[1; 32], &tag(&[1; 16], b"x"), &context);
        let other = |change: fn(&mut ServerFrankingContext)| {
            let mut context = context.clone();
            change(&mut context);
            stamp(&[1; 32], &tag(&[1; 16], b"x"), &context)
        };
        assert_ne!(made, other(|context| context.sender_uri = "mimi://a.example/u/b".parse().unwrap()));
        assert_ne!(made, other(|context| context.room_uri = "mimi://a.example/r/s".parse().unwrap()));
        assert_ne!(made, other(|context| context.accepted_timestamp = Timestamp(2)));
        assert_ne!(made, other(|context| context.key_id = 2));
        const MARK: SenderFrank = SenderFrank { key_id: 1, mac: [0; 32] };
        assert_ne!(made, other(|context| context.sender_frank = Some(MARK)));
        assert_ne!(made, stamp(&[2; 32], &tag(&[1; 16], b"x"), &context));
        assert_ne!(made, stamp(&[1; 32], &tag(&[1; 16], b"y"), &context));
        assert_eq!(made, other(|_| ()));
    }

    #[test]
    fn a_mark_is_of_one_service_for_one_message_of_one_person_in_one_room() {
        let user: fn(&str) -> UserUri = |id| format!("mimi://a.example/u/{id}").parse().unwrap();
        let room: fn(&str) -> RoomUri = |id| format!("mimi://b.example/r/{id}").parse().unwrap();
        let made = sender_frank(&[1; 32], &tag(&[1; 16], b"x"), &user("a"), &room("r"));
        assert_eq!(made, sender_frank(&[1; 32], &tag(&[1; 16], b"x"), &user("a"), &room("r")));
        for other in [
            sender_frank(&[2; 32], &tag(&[1; 16], b"x"), &user("a"), &room("r")),
            sender_frank(&[1; 32], &tag(&[1; 16], b"y"), &user("a"), &room("r")),
            sender_frank(&[1; 32], &tag(&[1; 16], b"x"), &user("b"), &room("r")),
            sender_frank(&[1; 32], &tag(&[1; 16], b"x"), &user("a"), &room("s")),
        ] {
            assert_ne!(made, other);
        }
    }

    /// RFC 4231, test case 1.
    #[test]
    fn the_mac_is_hmac_sha256() {
        let made = hmac(&[0x0b; 20], &[b"Hi ", b"There"]);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(data_encoding::HEXLOWER.encode(&made), expected);
    }
}
