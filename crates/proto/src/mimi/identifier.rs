//! `identifierQuery`: from an identifier that a person gave out to their URI (section 5.8).
//! Our services answer exact handles and numbers only.

use super::AppDataDictionary;
use crate::UserUri;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Asks for the people who fit every element.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct IdentifierRequest {
    /// All must fit.
    pub query_elements: Vec<QueryElement>,
    /// Extension point; the profile defines none.
    pub extensions: AppDataDictionary,
}

/// One condition: kind of identifier, and its value (UTF-8).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum QueryElement {
    /// The whole handle URI.
    #[tls_codec(discriminant = 1)]
    Handle(#[tls_codec(with = "crate::wire::opaque")] Vec<u8>),
    /// The handle's user part.
    #[tls_codec(discriminant = 2)]
    Nick(#[tls_codec(with = "crate::wire::opaque")] Vec<u8>),
    /// RFC 5322 `addr-spec`.
    #[tls_codec(discriminant = 3)]
    Email(#[tls_codec(with = "crate::wire::opaque")] Vec<u8>),
    /// International form, with `+`.
    #[tls_codec(discriminant = 4)]
    Phone(#[tls_codec(with = "crate::wire::opaque")] Vec<u8>),
    /// Part of a name. Never answered here.
    #[tls_codec(discriminant = 5)]
    PartialName(#[tls_codec(with = "crate::wire::opaque")] Vec<u8>),
    /// Part of any field. Never answered here.
    #[tls_codec(discriminant = 6)]
    WholeProfile(#[tls_codec(with = "crate::wire::opaque")] Vec<u8>),
    /// An OpenID Connect standard claim. Never answered here.
    #[tls_codec(discriminant = 7)]
    OidcStdClaim {
        /// The claim's name.
        #[tls_codec(with = "crate::wire::opaque")]
        claim_name: Vec<u8>,
        /// The value sought.
        #[tls_codec(with = "crate::wire::opaque")]
        value: Vec<u8>,
    },
    /// A vCard property. Never answered here.
    #[tls_codec(discriminant = 8)]
    VcardField {
        /// The property's name.
        #[tls_codec(with = "crate::wire::opaque")]
        property_name: Vec<u8>,
        /// The value sought.
        #[tls_codec(with = "crate::wire::opaque")]
        value: Vec<u8>,
    },
}

/// What became of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum IdentifierQueryCode {
    /// At least one person fits.
    Success = 0,
    /// Nobody fits; also the answer when that must not be revealed.
    NotFound = 1,
    /// Not exact enough.
    Ambiguous = 2,
    /// Not for you, or not this field.
    Forbidden = 3,
    /// This kind of identifier is not looked up here.
    UnsupportedField = 4,
}

/// Where a profile field's name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum FieldSource {
    /// OpenID Connect standard claims.
    OidcStdClaim = 7,
    /// vCard properties.
    VcardField = 8,
}

/// One field of a profile.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ProfileField {
    /// Whose vocabulary.
    pub source: FieldSource,
    /// The field's name, UTF-8.
    #[tls_codec(with = "crate::wire::opaque")]
    pub name: Vec<u8>,
    /// The field's value.
    #[tls_codec(with = "crate::wire::opaque")]
    pub value: Vec<u8>,
}

/// A person who fits, with what they show to strangers.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct UserProfile {
    /// The person.
    pub stable_uri: UserUri,
    /// What they show; our services show nothing.
    pub fields: Vec<ProfileField>,
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct IdentifierResponse {
    /// What became of it.
    pub code: IdentifierQueryCode,
    /// The people who fit.
    pub uris: Vec<UserUri>,
    /// Those of them with a profile to show.
    pub found_profiles: Vec<UserProfile>,
    /// Extension point; the profile defines none.
    pub extensions: AppDataDictionary,
}
