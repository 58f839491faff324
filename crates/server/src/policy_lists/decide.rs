//! Pure decisions: whether a list is taken, and what is done about whom.

use super::PolicyListError;
use ed25519_dalek::VerifyingKey;
use std::collections::BTreeMap;
use trefoil_proto::{
    Domain, Timestamp, UserUri, Wire as _,
    policy_list::{PolicyList, Recommendation, SignedPolicyList, Subject},
};

/// What is done about somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    #[default]
    Nothing,
    /// They turn to fewer people here.
    Limit,
    /// Nothing new is taken from them.
    Refuse,
}

/// A list that counts here.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Whose.
    pub from: Domain,
    /// The key that signs it.
    pub key: VerifyingKey,
    /// What its recommendations to limit do here.
    pub limit: Action,
    /// What its recommendations to refuse do here.
    pub refuse: Action,
}

/// By publisher and subject: what is done, until when.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<Domain, BTreeMap<Subject, (Action, Timestamp)>>);

impl Index {
    /// Puts a list in the place of its publisher's last one.
    pub(super) fn put(&mut self, subscription: &Subscription, list: &PolicyList) {
        let entries = list.entries.iter().map(|entry| {
            let action = match entry.recommend {
                Recommendation::Nothing => Action::Nothing,
                Recommendation::Limit => subscription.limit,
                Recommendation::Refuse => subscription.refuse,
            };
            (entry.subject.clone(), (action, entry.until))
        });
        self.0.insert(subscription.from.clone(), entries.collect());
    }

    pub(super) fn about_service(&self, domain: &Domain, now: Timestamp) -> Action {
        self.about(&Subject::Service(domain.clone()), now)
    }

    pub(super) fn about_person(&self, user: &UserUri, now: Timestamp) -> Action {
        self.about(&Subject::Person(user.clone()), now)
    }

    fn about(&self, subject: &Subject, now: Timestamp) -> Action {
        let said = self.0.values().filter_map(|list| list.get(subject));
        said.filter(|(_, until)| *until > now).map(|(action, _)| *action).max().unwrap_or_default()
    }
}

/// The list in these bytes, if it is what the subscription is for and no older than the one that is known.
pub(super) fn judge(
    subscription: &Subscription,
    known: Option<&SignedPolicyList>,
    bytes: &[u8],
) -> Result<SignedPolicyList, PolicyListError> {
    let signed = SignedPolicyList::decode(bytes).map_err(PolicyListError::List)?;
    signed.verify(&subscription.key).map_err(PolicyListError::List)?;
    if signed.list.publisher != subscription.from {
        return Err(PolicyListError::OtherPublisher);
    }
    match known {
        Some(known) if signed.list.sequence < known.list.sequence => Err(PolicyListError::Older),
        Some(known) if signed.list.sequence == known.list.sequence && signed.list != known.list => {
            Err(PolicyListError::TwoOfOneSequence)
        }
        _ => Ok(signed),
    }
}
