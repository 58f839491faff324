//! How a message is to be handled: how often it was forwarded, that it is seen once, that it goes when its room is closed.
//! Extensions inside the encryption, under names of our own (`docs/spec/conversation.md`); hints that nothing enforces.

use super::{ExtensionKey, Extensions};
use crate::ProtoError;
use minicbor::{Decoder, Encoder, data::Type};

/// How often it was forwarded: an unsigned integer. Absent for never.
pub const FORWARDED: &str = "trefoil.forwarded";
/// `true` if it is seen once. Absent otherwise.
pub const VIEW_ONCE: &str = "trefoil.view-once";
/// `true` if it goes when its room is closed after it was read. Absent otherwise.
pub const VANISHING: &str = "trefoil.vanishing";

/// What a message's extensions say about handling it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handling {
    /// How often it was forwarded.
    pub forwarded: u32,
    /// It is seen once.
    pub view_once: bool,
    /// It goes when its room is closed after it was read.
    pub vanishing: bool,
}

impl Handling {
    /// Reads it from a message's extensions. What cannot be read counts for the most careful that it could say.
    pub fn of(extensions: &Extensions) -> Self {
        Self {
            forwarded: value(extensions, FORWARDED).map_or(0, |value| match Decoder::new(value).u64() {
                Ok(hops) => u32::try_from(hops).unwrap_or(u32::MAX),
                Err(_) => u32::MAX,
            }),
            view_once: is_set(extensions, VIEW_ONCE),
            vanishing: is_set(extensions, VANISHING),
        }
    }

    /// Writes it into a message's extensions.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`] if they say something about it already.
    pub fn put(self, extensions: &mut Extensions) -> Result<(), ProtoError> {
        const IN_MEMORY: &str = "writing into memory does not fail";
        let mut insert =
            |key: &str, value: Vec<u8>| extensions.insert(ExtensionKey::Text(key.to_owned()), value);
        if self.forwarded > 0 {
            let mut encoder = Encoder::new(Vec::new());
            encoder.u32(self.forwarded).expect(IN_MEMORY);
            insert(FORWARDED, encoder.into_writer())?;
        }
        for (key, set) in [(VIEW_ONCE, self.view_once), (VANISHING, self.vanishing)] {
            if set {
                let mut encoder = Encoder::new(Vec::new());
                encoder.bool(true).expect(IN_MEMORY);
                insert(key, encoder.into_writer())?;
            }
        }
        Ok(())
    }
}

fn value<'e>(extensions: &'e Extensions, key: &str) -> Option<&'e [u8]> {
    extensions.get(&ExtensionKey::Text(key.to_owned()))
}

/// Anything but `false` and `null` sets it.
fn is_set(extensions: &Extensions, key: &str) -> bool {
    value(extensions, key).is_some_and(|value| {
        let mut decoder = Decoder::new(value);
        match decoder.datatype() {
            Ok(Type::Null) => false,
            Ok(Type::Bool) => decoder.bool().unwrap_or(true),
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn extensions(key: &str, value: &[u8]) -> Extensions {
        let mut extensions = Extensions::default();
        extensions.insert(ExtensionKey::Text(key.to_owned()), value.to_vec()).unwrap();
        extensions
    }

    proptest! {
        #[test]
        fn what_is_put_comes_back(forwarded: u32, view_once: bool, vanishing: bool) {
            let handling = Handling { forwarded, view_once, vanishing };
            let mut extensions = Extensions::default();
            handling.put(&mut extensions).unwrap();
            prop_assert_eq!(Handling::of(&extensions), handling);
            prop_assert_eq!(handling.put(&mut extensions).is_ok(), handling == Handling::default());
        }
    }

    #[test]
    fn what_cannot_be_read_counts_for_the_most_careful() {
        assert_eq!(Handling::of(&extensions(FORWARDED, b"\x61x")).forwarded, u32::MAX);
        assert_eq!(
            Handling::of(&extensions(FORWARDED, b"\x1b\x00\x00\x00\x01\x00\x00\x00\x00")).forwarded,
            u32::MAX
        );
        for (value, set) in [(&b"\xf5"[..], true), (b"\xf4", false), (b"\xf6", false), (b"\x01", true)] {
            assert_eq!(Handling::of(&extensions(VIEW_ONCE, value)).view_once, set, "{value:?}");
            assert_eq!(Handling::of(&extensions(VANISHING, value)).vanishing, set, "{value:?}");
        }
    }
}
