//! Structures of the MIMI protocol between services, and between a client and its own service
//! (draft-ietf-mimi-protocol-06). Where the draft does not compile, `docs/spec/mimi-errata.md` says what was chosen.

mod codec;
pub mod consent;
pub mod directory;
pub mod fanout;
pub mod group_info;
pub mod identifier;
pub mod key_material;
pub mod removal;
pub mod report;
pub mod submit;
pub mod update;

pub use fanout::{FanoutMessage, NotifyRequest};
pub use group_info::{GroupInfoRequest, GroupInfoResponse};
pub use key_material::{KeyMaterialRequest, KeyMaterialResponse};
pub use submit::{Frank, SubmitMessageRequest, SubmitMessageResponse};
pub use update::{UpdateRequest, UpdateRoomResponse};

use tls_codec::{DeserializeBytes, Error, TlsDeserializeBytes, TlsSerialize, TlsSize};

/// The end-to-end protocol of a room (section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Protocol {
    /// MLS 1.0 (RFC 9420).
    Mls10 = 1,
}

/// One component's data in an [`AppDataDictionary`].
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ComponentData {
    /// Which component.
    pub component_id: u16,
    /// Its data.
    #[tls_codec(with = "crate::wire::opaque")]
    pub data: Vec<u8>,
}

/// The draft's extension point (draft-ietf-mls-extensions, section 4.6): components in strictly rising order.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize)]
pub struct AppDataDictionary {
    /// The components.
    pub components: Vec<ComponentData>,
}

impl DeserializeBytes for AppDataDictionary {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (components, rest) = Vec::<ComponentData>::tls_deserialize_bytes(bytes)?;
        if components.is_sorted_by(|a, b| a.component_id < b.component_id) {
            Ok((Self { components }, rest))
        } else {
            Err(Error::DecodingError("components out of order".into()))
        }
    }
}
