//! Why a set, a chain of sets, or a leaf is refused.

use trefoil_proto::ProtoError;

/// Why a set does not follow from what is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// More devices than an account may have.
    #[error("more devices than an account may have")]
    TooManyDevices,
    /// Devices are not in ascending order, or an id or a key stands twice.
    #[error("devices out of order, or one of them twice")]
    UnorderedDevices,
    /// A flag that this version does not know.
    #[error("a flag without a meaning")]
    UnknownFlags,
    /// The sequence number does not follow, or does not go with what else is in the set.
    #[error("sequence number does not follow")]
    OutOfSequence,
    /// The set belongs to someone else.
    #[error("set of another person")]
    OtherPerson,
    /// The account began in another month than it used to.
    #[error("the account began in another month before")]
    OtherBeginning,
    /// The hash of the set before is another one: two histories.
    #[error("follows another set than the one that is known")]
    OtherHistory,
    /// The account key changed and the set does not say so.
    #[error("account key changed without an account reset")]
    SilentReset,
    /// The set claims an account reset and keeps the account key.
    #[error("account reset that changes nothing")]
    EmptyReset,
    /// A device id that stayed has another key or credential.
    #[error("a device changed its key")]
    DeviceKeyChanged,
    /// Signed by someone who may not make this change.
    #[error("signed by someone who may not make this change")]
    WrongSigner,
    /// The signature does not verify.
    #[error("signature of the device set does not verify")]
    BadSignature,
    /// No sets, or more than may travel together.
    #[error("a chain of no sets, or of too many")]
    BadLength,
    /// An account reset amid a chain that should begin after it.
    #[error("an account reset amid a chain")]
    ResetAmidChain,
    /// The newest set is not the one that the directory proves.
    #[error("the directory proves another set")]
    NotProven,
}

/// Why a leaf is not one of a person's devices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// The credential names another person.
    #[error("credential of another person")]
    OtherPerson,
    /// The credential is under another account key than the directory's.
    #[error("credential under another account key than the directory's")]
    OtherAccountKey,
    /// The account did not sign for this device and key.
    #[error("credential that the account did not sign")]
    Unauthorised(#[source] ProtoError),
    /// The person never published this device: a ghost.
    #[error("device that its owner did not publish")]
    UnknownDevice,
    /// The person published this device with another key or credential.
    #[error("device that its owner published with another key")]
    OtherKey,
}
