//! What a message says about an attachment: a MIMI `ExternalPart`, and the hash of its plaintext in an extension.

use super::{Digest32, ENC_ALG, FileKey, Layout, OpenError};
use crate::content::{Disposition, ExtensionKey, Extensions, ExternalPart, MimiContent, NestedPart, Part};
use minicbor::{Decoder, Encoder};

/// Text key of the content extension that names plaintext hashes: a map from `contentHash` to the SHA-256 of the
/// plaintext, both byte strings of 32 bytes.
pub const PLAINTEXT_HASHES: &str = "trefoil.plaintext-sha256";

/// `hashAlg` for SHA-256.
const SHA_256: u8 = 1;
const LONGEST_URL: usize = 2048;
const LONGEST_LABEL: usize = 255;

/// What the sender says about a file, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// IANA media type.
    pub content_type: String,
    /// Suggested name; never a path. May be empty.
    pub filename: String,
    /// In words; may be empty.
    pub description: String,
    /// To be shown in the conversation (pictures) rather than offered for download.
    pub inline: bool,
}

/// An attachment as a message describes it. Holds the file's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// For people.
    pub label: Label,
    /// Where the ciphertext is: `http` or `https`.
    pub url: String,
    /// Until when it is there, in seconds since the UNIX epoch; zero if not said.
    pub expires: u32,
    /// The file's key.
    pub key: FileKey,
    /// Its chunks; knows the plaintext's size.
    pub layout: Layout,
    /// SHA-256 of the plaintext.
    pub plaintext_hash: Digest32,
    /// SHA-256 of the ciphertext.
    pub sealed_hash: Digest32,
}

impl Descriptor {
    /// The part for a message. The message must also carry [`plaintext_hashes`].
    pub fn part(&self) -> NestedPart {
        let part = Part::External(ExternalPart {
            content_type: self.label.content_type.clone(),
            url: self.url.clone(),
            expires: self.expires,
            size: self.layout.size(),
            enc_alg: ENC_ALG,
            key: self.key.key().to_vec(),
            nonce: self.key.prefix().to_vec(),
            aad: Vec::new(),
            hash_alg: SHA_256,
            content_hash: self.sealed_hash.to_vec(),
            description: self.label.description.clone(),
            filename: self.label.filename.clone(),
        });
        let disposition = if self.label.inline { Disposition::INLINE } else { Disposition::ATTACHMENT };
        NestedPart { disposition, language: String::new(), part }
    }

    /// Reads a received part. `None` for a part that is no external content.
    ///
    /// # Errors
    /// [`OpenError::Unusable`] if it is not of our format or its message does not name the plaintext's hash;
    /// [`OpenError::TooLarge`].
    pub fn read(part: &NestedPart, extensions: &Extensions) -> Option<Result<Self, OpenError>> {
        let Part::External(external) = &part.part else { return None };
        Some(Self::from_external(external, part.disposition == Disposition::INLINE, extensions))
    }

    /// Every attachment of a message, in order and however deep, whether or not a device would show it: also the
    /// alternatives, and what cannot be used.
    pub fn all(content: &MimiContent) -> Vec<Result<Self, OpenError>> {
        fn walk(part: &NestedPart, extensions: &Extensions, found: &mut Vec<Result<Descriptor, OpenError>>) {
            if let Part::Multi { parts, .. } = &part.part {
                parts.iter().for_each(|part| walk(part, extensions, found));
            }
            found.extend(Descriptor::read(part, extensions));
        }
        let mut found = Vec::new();
        walk(&content.part, &content.extensions, &mut found);
        found
    }

    fn from_external(part: &ExternalPart, inline: bool, extensions: &Extensions) -> Result<Self, OpenError> {
        let fits = [&part.content_type, &part.filename].iter().all(|text| text.len() <= LONGEST_LABEL);
        if !fits || part.description.len() > LONGEST_URL {
            return Err(OpenError::Unusable("its name or type is too long"));
        }
        let reachable = part.url.starts_with("https://") || part.url.starts_with("http://");
        if !reachable || part.url.len() > LONGEST_URL || part.url.chars().any(char::is_control) {
            return Err(OpenError::Unusable("not an http or https URL"));
        }
        if part.enc_alg != ENC_ALG || !part.aad.is_empty() {
            return Err(OpenError::Unusable("another encryption"));
        }
        let key = FileKey::from_parts(&part.key, &part.nonce)
            .ok_or(OpenError::Unusable("a key of another length"))?;
        if part.hash_alg != SHA_256 {
            return Err(OpenError::Unusable("another hash"));
        }
        let sealed_hash: Digest32 =
            part.content_hash[..].try_into().map_err(|_| OpenError::Unusable("a hash of another length"))?;
        let plaintext_hash = named_hash(extensions, &sealed_hash)
            .ok_or(OpenError::Unusable("its message does not name the plaintext's hash"))?;
        Ok(Self {
            label: Label {
                content_type: part.content_type.clone(),
                filename: base_name(&part.filename),
                description: part.description.clone(),
                inline,
            },
            url: part.url.clone(),
            expires: part.expires,
            key,
            layout: Layout::of(part.size)?,
            plaintext_hash,
            sealed_hash,
        })
    }
}

/// The value of the extension [`PLAINTEXT_HASHES`] for a message with these attachments: deterministic CBOR.
pub fn plaintext_hashes(files: &[Descriptor]) -> Vec<u8> {
    let mut pairs: Vec<_> = files.iter().map(|file| (file.sealed_hash, file.plaintext_hash)).collect();
    pairs.sort_unstable();
    pairs.dedup_by_key(|(sealed, _)| *sealed);
    let mut encoder = Encoder::new(Vec::new());
    let written = encoder.map(pairs.len() as u64).and_then(|e| {
        pairs.iter().try_for_each(|(sealed, plaintext)| e.bytes(sealed)?.bytes(plaintext)?.ok())
    });
    written.expect("writing into memory does not fail");
    encoder.into_writer()
}

/// Finds a plaintext hash in a message's extensions. Their CBOR was checked and bounded when the message was decoded.
fn named_hash(extensions: &Extensions, sealed_hash: &Digest32) -> Option<Digest32> {
    let value = extensions.get(&ExtensionKey::Text(PLAINTEXT_HASHES.to_owned()))?;
    let mut decoder = Decoder::new(value);
    for _ in 0..decoder.map().ok()?? {
        let sealed = decoder.bytes().ok()?;
        let plaintext = decoder.bytes().ok()?;
        if sealed == sealed_hash {
            return plaintext.try_into().ok();
        }
    }
    None
}

/// The last component of whatever was sent as a name, without control characters: never a way out of a folder.
pub fn base_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).collect();
    if matches!(clean.trim(), "." | "..") { String::new() } else { clean }
}
