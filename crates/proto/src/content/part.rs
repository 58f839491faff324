//! Parts of a message (draft-ietf-mimi-content-09, section 4.4).

use std::fmt;

/// What a part is for. Values above 8 are unknown here, and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Disposition(pub u8);

impl Disposition {
    /// Not said.
    pub const UNSPECIFIED: Self = Self(0);
    /// To be shown.
    pub const RENDER: Self = Self(1);
    /// A reaction to another message.
    pub const REACTION: Self = Self(2);
    /// About the sender: name and picture.
    pub const PROFILE: Self = Self(3);
    /// To be shown in line.
    pub const INLINE: Self = Self(4);
    /// An icon.
    pub const ICON: Self = Self(5);
    /// To be downloaded.
    pub const ATTACHMENT: Self = Self(6);
    /// A call, or how to join one.
    pub const SESSION: Self = Self(7);
    /// The sender's preview of something.
    pub const PREVIEW: Self = Self(8);
}

/// A part with what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedPart {
    /// What it is for.
    pub disposition: Disposition,
    /// Language tags (RFC 5646), separated by commas; may be empty.
    pub language: String,
    /// The part.
    pub part: Part,
}

impl NestedPart {
    /// A body without parts: deletes or unlikes what the message replaces.
    pub fn null() -> Self {
        Self { disposition: Disposition::RENDER, language: String::new(), part: Part::Null }
    }

    /// One part to be shown.
    pub fn render(content_type: &str, content: impl Into<Vec<u8>>) -> Self {
        let part = Part::Single { content_type: content_type.to_owned(), content: content.into() };
        Self { disposition: Disposition::RENDER, language: String::new(), part }
    }
}

/// The body of a part.
#[derive(Clone, PartialEq, Eq)]
pub enum Part {
    /// Nothing.
    Null,
    /// Content in the message itself.
    Single {
        /// IANA media type with parameters.
        content_type: String,
        /// The content.
        content: Vec<u8>,
    },
    /// Content elsewhere.
    External(ExternalPart),
    /// Several parts.
    Multi {
        /// How they belong together.
        semantics: PartSemantics,
        /// Two at least.
        parts: Vec<NestedPart>,
    },
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Single { content_type, content } => {
                write!(f, "Single({content_type:?}, {} bytes)", content.len())
            }
            Self::External(part) => part.fmt(f),
            Self::Multi { semantics, parts } => write!(f, "Multi({semantics:?}, {parts:?})"),
        }
    }
}

/// How the parts of a [`Part::Multi`] belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartSemantics {
    /// The receiver picks exactly one.
    ChooseOne,
    /// All together, or none.
    SingleUnit,
    /// As many as can be.
    ProcessAll,
}

/// Content that is fetched from a URL, usually encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalPart {
    /// IANA media type with parameters.
    pub content_type: String,
    /// Where it is.
    pub url: String,
    /// Until when, in seconds since the UNIX epoch; zero for ever.
    pub expires: u32,
    /// Bytes of the content; zero if not said.
    pub size: u64,
    /// IANA AEAD algorithm; zero if it is not encrypted.
    pub enc_alg: u16,
    /// AEAD key. Secret.
    pub key: Vec<u8>,
    /// AEAD nonce.
    pub nonce: Vec<u8>,
    /// AEAD additional data.
    pub aad: Vec<u8>,
    /// IANA named information hash algorithm; 1 is SHA-256.
    pub hash_alg: u8,
    /// The hash.
    pub content_hash: Vec<u8>,
    /// What it is, in words; may be empty.
    pub description: String,
    /// Suggested name of a file; may be empty. Never a path.
    pub filename: String,
}

impl fmt::Debug for ExternalPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "External({:?}, {} bytes)", self.content_type, self.size)
    }
}
