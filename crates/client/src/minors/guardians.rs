//! The client as a shell sees it: minors, their guardians, and links that a minor shows. Requests to the service are the
//! shell's to send; what is signed is signed here.

use super::{GUARDED, SinceRow};
use crate::{
    Client, ClientError, Step,
    core::Core,
    linking::{code, parse},
    rows::{Row as _, Secret},
};
use ed25519_dalek::SigningKey;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{
    Domain, Month, Timestamp, UserUri,
    edge::Identifier,
    minors::{Act, GuardianWord, InviteGuardian, Reach, WordTbs},
    passes::Token,
};
use trefoil_store::KeyRange;

/// In front of every link that makes somebody a guardian.
pub const GUARDIAN_LINK: &str = "trefoil-guardian-";
/// In front of every link by which a minor is reached.
pub const REACH_LINK: &str = "trefoil-reach-";

/// What a minor shows their guardian.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct GuardianLink {
    minor: UserUri,
    /// Seed of the link's Ed25519 key.
    secret: Secret,
}

/// What a minor shows a friend.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct ReachLink {
    minor: UserUri,
    reach: Reach,
}

impl Client {
    /// As [`Client::register`], of somebody under the age of their place. `ends` is the month in which they reach it; without
    /// it the marking does not end by itself.
    ///
    /// # Errors
    /// As [`Client::register`].
    pub fn register_minor(
        &mut self,
        domain: Domain,
        identifier: Identifier,
        (ends, pass): (Option<Month>, Option<Token>),
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            let marking = core.mark(ends)?;
            core.register(domain, identifier, Some(marking), pass, now)
        })
        .map(|((), step)| step)
    }

    /// Whether this account said at its beginning that it is a minor's, and has not heard that this is over.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn is_minor(&self) -> Result<bool, ClientError> {
        Ok(self.core().own_reach()?.is_some())
    }

    /// The service says that the account is no more a minor's.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn come_of_age(&mut self, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            core.unmark();
            Ok(())
        })
        .map(|((), step)| step)
    }

    /// The link by which whoever has it reaches this minor: for somebody whom they want to be written to by.
    ///
    /// # Errors
    /// [`ClientError::NotMinor`]; [`ClientError::NoAccount`].
    pub fn reach_link(&self) -> Result<String, ClientError> {
        let own = self.core().own_reach()?.ok_or(ClientError::NotMinor)?;
        Ok(code(REACH_LINK, &ReachLink { minor: self.core().me()?.user.clone(), reach: own.reach }))
    }

    /// Takes up the link of a minor, and says who it is.
    ///
    /// # Errors
    /// [`ClientError::BadMinorLink`]; [`ClientError::NoAccount`]; [`ClientError::Oneself`].
    pub fn take_reach_link(
        &mut self,
        link: &str,
        now: Timestamp,
    ) -> Result<(UserUri, Step<'_>), ClientError> {
        let ReachLink { minor, reach } = parse(REACH_LINK, link).map_err(|_| ClientError::BadMinorLink)?;
        self.step(now, |core| {
            if core.me()?.user == minor {
                return Err(ClientError::Oneself);
            }
            core.reach_shown(&minor, &reach);
            Ok(minor)
        })
    }

    /// A link for the guardian, and what `POST minor/guardian` takes before it is shown. Good for a day, once.
    ///
    /// # Errors
    /// [`ClientError::NotMinor`]; [`ClientError::NoAccount`].
    pub fn guardian_link(&self) -> Result<(String, InviteGuardian), ClientError> {
        if !self.is_minor()? {
            return Err(ClientError::NotMinor);
        }
        let secret = self.core().random::<32>()?;
        let key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
        let link = GuardianLink { minor: self.core().me()?.user.clone(), secret: Secret(*secret) };
        Ok((code(GUARDIAN_LINK, &link), InviteGuardian { key }))
    }

    /// The word by which this person becomes the guardian of whoever showed the link.
    ///
    /// # Errors
    /// [`ClientError::BadMinorLink`]; [`ClientError::NoAccount`]; [`ClientError::Oneself`].
    pub fn take_up_guardian(&self, link: &str, now: Timestamp) -> Result<GuardianWord, ClientError> {
        let GuardianLink { minor, secret } =
            parse(GUARDIAN_LINK, link).map_err(|_| ClientError::BadMinorLink)?;
        let me = self.core().me()?;
        if me.user == minor {
            return Err(ClientError::Oneself);
        }
        let key = SigningKey::from_bytes(&secret.bytes());
        let act = GuardianWord::acceptance(&key, &minor, &me.device);
        self.guardian_word(&minor, act, now)
    }

    /// What this device's person says as a guardian, signed: for `POST guardian/{user}`.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`].
    pub fn guardian_word(
        &self,
        minor: &UserUri,
        act: Act,
        now: Timestamp,
    ) -> Result<GuardianWord, ClientError> {
        let me = self.core().me()?;
        let tbs = WordTbs { minor: minor.clone(), device: me.device.clone(), at: now, act };
        Ok(GuardianWord { signature: me.key.sign_bytes(&GuardianWord::content(&tbs)), tbs })
    }

    /// The service took this person for the guardian of somebody, or no more.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`].
    pub fn set_guarding(
        &mut self,
        minor: &UserUri,
        guards: bool,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.set_guarding(minor, guards, now)).map(|((), step)| step)
    }

    /// The minors whose guardian this person is.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn guarded(&self) -> Result<Vec<UserUri>, ClientError> {
        let rows = self.core().tx().scan(GUARDED, &KeyRange::all(), usize::MAX, false)?;
        let user = |key: &[u8]| std::str::from_utf8(key).ok()?.parse().ok();
        Ok(rows.iter().filter_map(|(key, _)| user(key)).collect())
    }
}

impl Core {
    fn set_guarding(&mut self, minor: &UserUri, guards: bool, now: Timestamp) -> Result<(), ClientError> {
        self.me()?;
        match guards {
            true => SinceRow { since: now }.write(&mut self.tx(), GUARDED, minor.to_string()),
            false => self.tx().delete(GUARDED, minor.to_string()),
        }
        Ok(())
    }
}
