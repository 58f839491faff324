//! Rows that are JSON behind a version: for what a service keeps little of, and people read in an emergency.

use serde::{Serialize, de::DeserializeOwned};

const VERSION: u8 = 1;

/// A stored row cannot be decoded. Each room says so in its own words.
#[derive(Debug)]
pub(crate) struct Damaged;

/// A row of this form.
pub(crate) trait JsonRow: Serialize + DeserializeOwned {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        serde_json::to_writer(&mut bytes, self).expect("structures of text and numbers always encode");
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => serde_json::from_slice(rest).map_err(|_| Damaged),
            _ => Err(Damaged),
        }
    }
}

/// For the fuzzer. JSON has many encodings of a value: what decodes encodes to what decodes to the same.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn bears<T: JsonRow + PartialEq>(input: &[u8]) -> bool {
    T::decode(input).is_ok_and(|value| {
        assert!(T::decode(&value.encode()).is_ok_and(|again| again == value), "another value");
        true
    })
}
