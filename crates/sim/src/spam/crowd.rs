//! Everybody in the run: registered, with key packages where they are to be found.

use super::{
    Setting,
    mls::{CLASSICAL, Device, Person},
    services::{Answer, ELSEWHERE, HOME, Services},
};
use anyhow::Context as _;
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::SigningKey;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use openmls_traits::signatures::Signer as _;
use tls_codec::Serialize as _;
use trefoil_proto::{
    Timestamp, UserUri, Wire as _,
    credential::AccountKey,
    edge::{
        ChallengeRequest, ChallengeResponse, Identifier, NewDevice, PublishKeyPackages, REGISTER_LABEL,
        RegisterRequest, RegisterTbs, TOKEN_LABEL, TokenRequest, TokenResponse, TokenTbs, signed_content,
    },
    mls::KeyPackage,
};
use trefoil_server::clock::Clock as _;
use trefoil_transparency::device_set::{DeviceEntry, DeviceSet, SignedDeviceSet};

/// Requests at a time.
pub(super) const AT_ONCE: usize = 16;

/// Somebody with one device.
pub(super) struct Somebody {
    /// Counted through all of their kind.
    pub number: usize,
    pub service: usize,
    pub device: Device,
    pub token: String,
}

/// An account, and whom it turns to.
pub(super) struct Sender {
    pub account: Somebody,
    pub to: Vec<Somebody>,
}

/// Everybody.
pub(super) struct Crowd {
    /// Send what nobody asked for.
    pub spammers: Vec<Sender>,
    /// Write to friends.
    pub newcomers: Vec<Sender>,
}

impl Crowd {
    /// Registers everybody. Every second person that an account turns to is at the other service.
    pub(super) async fn gather(services: &Services, setting: &Setting) -> anyhow::Result<Self> {
        let each = setting.people / setting.accounts;
        anyhow::ensure!(each * setting.accounts == setting.people, "as many people for each account");
        let spammers = senders(services, "s", setting.accounts, each).await?;
        let newcomers = senders(services, "n", setting.newcomers, setting.friends).await?;
        Ok(Self { spammers, newcomers })
    }
}

async fn senders(services: &Services, mark: &str, count: usize, each: usize) -> anyhow::Result<Vec<Sender>> {
    stream::iter(0..count)
        .map(|number| async move {
            let account = Somebody::join(services, HOME, &format!("{mark}{number}"), number).await?;
            let mut to = Vec::with_capacity(each);
            for other in 0..each {
                let service = if other % 2 == 0 { HOME } else { ELSEWHERE };
                let mut one = Somebody::join(
                    services,
                    service,
                    &format!("{mark}{number}x{other}"),
                    number * each + other,
                )
                .await?;
                one.log_in(services).await?;
                one.publish(services).await?;
                to.push(one);
            }
            Ok(Sender { account, to })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

impl Somebody {
    /// Makes an account.
    async fn join(services: &Services, service: usize, name: &str, number: usize) -> anyhow::Result<Self> {
        let person = Person::new(services.domain(service).as_str(), name);
        let device = person.device("d1");
        let identifier = match service {
            HOME => Identifier::AccountName(name.as_bytes().to_vec()),
            _ => Identifier::Handle(name.as_bytes().to_vec()),
        };
        let tbs = RegisterTbs {
            identifier,
            device: new_device(&device)?,
            device_set: device_set(&person.key, &device, services.clock.now())?,
            minor: None,
        };
        let signature = sign(&device, REGISTER_LABEL, &tbs)?;
        let request = RegisterRequest { tbs, signature, pass: None };
        services.must(service, "accounts", None, request.encode()).await?;
        Ok(Self { number, service, device, token: String::new() })
    }

    pub(super) fn user(&self) -> UserUri {
        self.device.uri.user_uri()
    }

    /// Gets a token.
    pub(super) async fn log_in(&mut self, services: &Services) -> anyhow::Result<()> {
        let device = self.device.uri.clone();
        let asked = ChallengeRequest { device: device.clone() }.encode();
        let answer = services.must(self.service, "auth/challenge", None, asked).await?;
        let tbs = TokenTbs { device, challenge: ChallengeResponse::decode(&answer)?.challenge };
        let signature = sign(&self.device, TOKEN_LABEL, &tbs)?;
        let answer =
            services.must(self.service, "auth/token", None, TokenRequest { tbs, signature }.encode()).await?;
        self.token = BASE64URL_NOPAD.encode(&TokenResponse::decode(&answer)?.token);
        Ok(())
    }

    /// Publishes one key package.
    async fn publish(&self, services: &Services) -> anyhow::Result<()> {
        let package = self.device.key_package(CLASSICAL).tls_serialize_detached()?;
        let request =
            PublishKeyPackages { one_use: vec![KeyPackage::parse(&package)?], last_resort: Vec::new() };
        self.must(services, "keyPackages", request.encode()).await?;
        Ok(())
    }

    /// Posts something in the name of this person.
    pub(super) async fn post(
        &self,
        services: &Services,
        path: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Answer> {
        services.post(self.service, path, Some(&self.token), body).await
    }

    /// The same for what must not be refused.
    pub(super) async fn must(
        &self,
        services: &Services,
        path: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Vec<u8>> {
        services.must(self.service, path, Some(&self.token), body).await
    }
}

fn new_device(device: &Device) -> anyhow::Result<NewDevice> {
    Ok(NewDevice {
        uri: device.uri.clone(),
        signature_key: device.signer.public().try_into().context("an Ed25519 key has 32 bytes")?,
        authorisation: device.authorisation.clone(),
    })
}

fn device_set(account: &SigningKey, device: &Device, now: Timestamp) -> anyhow::Result<Vec<u8>> {
    let new = new_device(device)?;
    let entry = DeviceEntry::new(new.uri.device, new.signature_key, &new.authorisation);
    let key = AccountKey(account.verifying_key().to_bytes());
    let set = DeviceSet::first(device.uri.user_uri(), now.month(), key, vec![entry]);
    Ok(SignedDeviceSet::by_account(set, account).encode())
}

fn sign<T: tls_codec::Serialize>(device: &Device, label: &str, tbs: &T) -> anyhow::Result<[u8; 64]> {
    let content = signed_content(label, tbs)?;
    let signature =
        device.signer.sign(&content).map_err(|_| anyhow::anyhow!("a request cannot be signed"))?;
    signature.try_into().map_err(|_| anyhow::anyhow!("an Ed25519 signature has 64 bytes"))
}
