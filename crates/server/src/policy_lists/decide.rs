//! Pure decisions: whether a list is taken, and what is done about whom.

use super::PolicyListError;
use ed25519_dalek::VerifyingKey;
use std::collections::BTreeMap;
use trefoil_proto::{
    Domain, Timestamp, UserUri, Wire as _,
    policy_list::{Entry, PolicyList, Recommendation, SignedPolicyList, Subject},
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

/// By publisher and subject: what is done, until when. Nothing about the service that keeps it and its people: about these it
/// decides itself, in cases.
#[derive(Debug)]
pub(super) struct Index {
    own: Domain,
    lists: BTreeMap<Domain, BTreeMap<Subject, (Action, Timestamp)>>,
}

impl Index {
    /// Of the service at `own`, with nothing in it.
    pub(super) fn new(own: Domain) -> Self {
        Self { own, lists: BTreeMap::new() }
    }

    /// Puts a list in the place of its publisher's last one. Returns how many of its entries do not count, as they are about this
    /// service or its people.
    pub(super) fn put(&mut self, subscription: &Subscription, list: &PolicyList) -> usize {
        let counts = |entry: &&Entry| match &entry.subject {
            Subject::Service(domain) => *domain != self.own,
            Subject::Person(user) => user.domain != self.own,
        };
        let entries = list.entries.iter().filter(counts).map(|entry| {
            let action = match entry.recommend {
                Recommendation::Nothing => Action::Nothing,
                Recommendation::Limit => subscription.limit,
                Recommendation::Refuse => subscription.refuse,
            };
            (entry.subject.clone(), (action, entry.until))
        });
        let entries: BTreeMap<_, _> = entries.collect();
        let ignored = list.entries.len() - entries.len();
        self.lists.insert(subscription.from.clone(), entries);
        ignored
    }

    pub(super) fn about_service(&self, domain: &Domain, now: Timestamp) -> Action {
        self.about(&Subject::Service(domain.clone()), now)
    }

    pub(super) fn about_person(&self, user: &UserUri, now: Timestamp) -> Action {
        self.about(&Subject::Person(user.clone()), now)
    }

    fn about(&self, subject: &Subject, now: Timestamp) -> Action {
        let said = self.lists.values().filter_map(|list| list.get(subject));
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
