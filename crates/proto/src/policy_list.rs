//! Policy lists (`docs/spec/policy-lists.md`): what one service recommends about others and their people, signed, for
//! whoever subscribes. `GET` of [`PATH`] by other services.

use crate::{Domain, ProtoError, Timestamp, UserUri, edge::signed_content, mimi::report::AbuseType};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Where a service's list is.
pub const PATH: &str = "/.well-known/trefoil-policy-list";
/// Entries of one list at most.
pub const ENTRIES: usize = 4_096;

const LABEL: &str = "Trefoil 1.0 PolicyList";

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Subject {
    /// A service, with all its people.
    #[tls_codec(discriminant = 1)]
    Service(Domain),
    /// One person.
    #[tls_codec(discriminant = 2)]
    Person(UserUri),
}

/// What is recommended about it. The order is that of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Recommendation {
    /// Nothing: it was looked at.
    Nothing = 0,
    /// Let it turn to fewer people.
    Limit = 1,
    /// Take nothing new from it.
    Refuse = 2,
}

/// One recommendation.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Entry {
    /// About whom.
    pub subject: Subject,
    /// What.
    pub recommend: Recommendation,
    /// Why.
    pub reason: AbuseType,
    /// Until when.
    pub until: Timestamp,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct PolicyList {
    /// Whose.
    pub publisher: Domain,
    /// Grows with each change.
    pub sequence: u64,
    /// At most [`ENTRIES`], each subject once.
    pub entries: Vec<Entry>,
}

/// A list as it is published.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SignedPolicyList {
    /// The list.
    pub list: PolicyList,
    /// The key that signed it. A subscriber believes the one that its operator configured, whatever stands here.
    pub key: [u8; 32],
    /// Ed25519, over `"Trefoil 1.0 PolicyList" || 0 || list`.
    pub signature: [u8; 64],
}

impl SignedPolicyList {
    /// Signs a list.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`]: more than a structure can have.
    pub fn sign(list: PolicyList, key: &SigningKey) -> Result<Self, ProtoError> {
        let signature = key.sign(&signed_content(LABEL, &list)?).to_bytes();
        Ok(Self { list, key: key.verifying_key().to_bytes(), signature })
    }

    /// Checks that this key signed it, and that no subject is there twice.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`], [`ProtoError::Malformed`], [`ProtoError::TooLarge`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), ProtoError> {
        let content = signed_content(LABEL, &self.list)?;
        key.verify_strict(&content, &Signature::from_bytes(&self.signature))
            .map_err(|_| ProtoError::Unverified("policy list"))?;
        if self.list.entries.len() > ENTRIES {
            return Err(ProtoError::TooLarge { what: "policy list", limit: ENTRIES });
        }
        let mut subjects: Vec<_> = self.list.entries.iter().map(|entry| &entry.subject).collect();
        subjects.sort_unstable();
        if subjects.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(ProtoError::Malformed("policy list"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_list_is_its_publishers_word_and_says_one_thing_of_each() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let entry = |name: &str, recommend| Entry {
            subject: Subject::Service(name.parse().unwrap()),
            recommend,
            reason: AbuseType::Spam,
            until: Timestamp(9),
        };
        let list = |entries| PolicyList { publisher: "a.test".parse().unwrap(), sequence: 1, entries };
        let of = |entries| SignedPolicyList::sign(list(entries), &key).unwrap();
        let good = of(vec![entry("b.test", Recommendation::Refuse), entry("c.test", Recommendation::Limit)]);
        assert_eq!(good.verify(&key.verifying_key()), Ok(()));
        let other = SigningKey::from_bytes(&[2; 32]);
        assert!(good.verify(&other.verifying_key()).is_err());
        let mut altered = good.clone();
        altered.list.entries[1].recommend = Recommendation::Refuse;
        assert!(altered.verify(&key.verifying_key()).is_err());
        let twice =
            of(vec![entry("b.test", Recommendation::Refuse), entry("b.test", Recommendation::Nothing)]);
        assert!(twice.verify(&key.verifying_key()).is_err());
    }
}
