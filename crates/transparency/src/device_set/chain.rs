//! A set that follows, link by link, from one that was known before. Holding a [`VerifiedSet`] is the proof that it
//! was checked: nothing makes one but a check, and [`VerifiedSet::restored`] what was checked before.

use super::{ChainError, DeviceSet, DeviceSetChain, SetHash, SetSigner, SignedDeviceSet};
use trefoil_proto::DeviceId;

/// A set whose origin was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSet {
    set: DeviceSet,
    hash: SetHash,
}

/// What a further set does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Devices came or went, under the same account key.
    Changed(VerifiedSet, Changes),
    /// The account key was replaced.
    Reset(PendingReset),
}

/// What changed between two sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Devices that are new.
    pub added: Vec<DeviceId>,
    /// Devices that are gone.
    pub removed: Vec<DeviceId>,
}

/// A set under a new account key. It becomes a [`VerifiedSet`] only by [`PendingReset::accept`], so that no code
/// takes a new key for the old one without saying so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct PendingReset {
    set: VerifiedSet,
    changes: Changes,
}

impl VerifiedSet {
    /// The very first set of a person.
    ///
    /// # Errors
    /// [`ChainError`] if it is not a first set or is not signed by its own account key.
    pub fn first(signed: SignedDeviceSet) -> Result<Self, ChainError> {
        signed.set.check_form()?;
        if signed.set.sequence != 1 {
            return Err(ChainError::OutOfSequence);
        }
        signed.verify_account()?;
        Ok(Self::new(signed.set))
    }

    /// The newest set of someone of whom nothing was known: a chain that begins with a set signed by its account key
    /// and ends with the one whose hash the directory proves.
    ///
    /// # Errors
    /// [`ChainError`]; [`ChainError::NotProven`] if the chain does not end at `proven`.
    pub fn anchored(chain: DeviceSetChain, proven: &SetHash) -> Result<Self, ChainError> {
        if chain.sets.len() > DeviceSetChain::LONGEST {
            return Err(ChainError::BadLength);
        }
        let mut sets = chain.sets.into_iter();
        let start = sets.next().ok_or(ChainError::BadLength)?;
        start.set.check_form()?;
        start.verify_account()?;
        let mut newest = Self::new(start.set);
        for signed in sets {
            newest = match newest.follow(signed)? {
                Step::Changed(set, _) => set,
                Step::Reset(_) => return Err(ChainError::ResetAmidChain),
            };
        }
        if newest.hash == *proven { Ok(newest) } else { Err(ChainError::NotProven) }
    }

    /// A set that was verified and then stored: nothing is checked again. For what comes from the own store alone.
    pub fn restored(set: DeviceSet) -> Self {
        Self::new(set)
    }

    /// The set that comes after this one.
    ///
    /// # Errors
    /// [`ChainError`]; this set stays as it is.
    pub fn follow(&self, signed: SignedDeviceSet) -> Result<Step, ChainError> {
        let next = &signed.set;
        next.check_form()?;
        if next.user != self.set.user {
            return Err(ChainError::OtherPerson);
        }
        if next.since != self.set.since {
            return Err(ChainError::OtherBeginning);
        }
        if self.set.sequence.checked_add(1) != Some(next.sequence) {
            return Err(ChainError::OutOfSequence);
        }
        if next.previous != Some(self.hash) {
            return Err(ChainError::OtherHistory);
        }
        let same_account = next.account_key == self.set.account_key;
        let changes = changes(&self.set, next);
        match (same_account, next.flags.is_reset()) {
            (false, false) => Err(ChainError::SilentReset),
            (true, true) => Err(ChainError::EmptyReset),
            (false, true) => {
                signed.verify_account()?;
                Ok(Step::Reset(PendingReset { set: Self::new(signed.set), changes }))
            }
            (true, false) => {
                let kept_keys = next
                    .devices
                    .iter()
                    .all(|entry| self.set.device(&entry.device).is_none_or(|before| before == entry));
                if !kept_keys {
                    return Err(ChainError::DeviceKeyChanged);
                }
                self.verify_signer(&signed, &changes)?;
                Ok(Step::Changed(Self::new(signed.set), changes))
            }
        }
    }

    /// Follows sets one after the other to the one whose hash the directory proves. No sets: nothing changed. After an
    /// account reset the rest is of the new account, and all of it is one [`Step::Reset`].
    ///
    /// # Errors
    /// [`ChainError`]; [`ChainError::NotProven`] if the sets do not end at `proven`. This set stays as it is.
    pub fn lead_to(&self, chain: DeviceSetChain, proven: &SetHash) -> Result<Step, ChainError> {
        if chain.sets.len() > DeviceSetChain::LONGEST {
            return Err(ChainError::BadLength);
        }
        let mut newest = self.clone();
        let mut reset = false;
        for signed in chain.sets {
            newest = match newest.follow(signed)? {
                Step::Changed(set, _) => set,
                Step::Reset(pending) => {
                    reset = true;
                    pending.set
                }
            };
        }
        if newest.hash != *proven {
            return Err(ChainError::NotProven);
        }
        let changes = changes(&self.set, &newest.set);
        Ok(if reset {
            Step::Reset(PendingReset { set: newest, changes })
        } else {
            Step::Changed(newest, changes)
        })
    }

    /// The set.
    pub fn set(&self) -> &DeviceSet {
        &self.set
    }

    /// Its hash.
    pub fn hash(&self) -> SetHash {
        self.hash
    }

    fn new(set: DeviceSet) -> Self {
        Self { hash: set.hash(), set }
    }

    /// A device that could bring in others would undo what docs/adr/0005 is for.
    fn verify_signer(&self, signed: &SignedDeviceSet, changes: &Changes) -> Result<(), ChainError> {
        match &signed.signer {
            SetSigner::Account => signed.verify_account(),
            SetSigner::Device(device) => {
                let leaves_alone = changes.added.is_empty() && changes.removed == [device.clone()];
                let entry =
                    self.set.device(device).filter(|_| leaves_alone).ok_or(ChainError::WrongSigner)?;
                signed.verify_under(&entry.signature_key)
            }
        }
    }
}

impl PendingReset {
    /// What changed beside the account key.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The set as it would be.
    pub fn set(&self) -> &DeviceSet {
        self.set.set()
    }

    /// Takes the new account key for the person's. The caller answers for telling whoever relies on the old one.
    pub fn accept(self) -> VerifiedSet {
        self.set
    }
}

fn changes(before: &DeviceSet, after: &DeviceSet) -> Changes {
    let missing_from = |set: &DeviceSet, other: &DeviceSet| {
        other
            .devices
            .iter()
            .filter(|entry| set.device(&entry.device).is_none())
            .map(|entry| entry.device.clone())
            .collect()
    };
    Changes { added: missing_from(before, after), removed: missing_from(after, before) }
}
