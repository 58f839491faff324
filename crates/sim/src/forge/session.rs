//! A forged device at a service, as any device is there: with an account, a token and key packages.

use super::Forged;
use anyhow::{Context as _, anyhow, bail};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::SigningKey;
use openmls_traits::signatures::Signer as _;
use std::net::SocketAddr;
use trefoil::clock;
use trefoil_proto::{
    RoomUri, Wire,
    edge::{
        ChallengeRequest, ChallengeResponse, Identifier, PublishKeyPackages, REGISTER_LABEL, RegisterRequest,
        RegisterTbs, TOKEN_LABEL, TokenRequest, TokenResponse, TokenTbs, signed_content,
    },
    mimi::{SubmitMessageRequest, SubmitMessageResponse},
    paths,
};
use trefoil_transparency::device_set::{DeviceSet, SignedDeviceSet};

/// Logged in.
pub struct Session {
    at: SocketAddr,
    token: String,
}

impl Forged {
    /// Makes an account of its own at a service, as anybody can: with this device as its first.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn register(
        &self,
        at: SocketAddr,
        identifier: Identifier,
        account: &SigningKey,
    ) -> anyhow::Result<()> {
        let user = self.device.uri.user_uri();
        let account_key = self.device.authorisation.account_key;
        let set = DeviceSet::first(user, clock::now().month(), account_key, vec![self.entry()]);
        let tbs = RegisterTbs {
            identifier,
            device: self.device.clone(),
            device_set: SignedDeviceSet::by_account(set, account).encode(),
            minor: None,
        };
        let signature = self.sign(REGISTER_LABEL, &tbs)?;
        post(at, "accounts", None, RegisterRequest { tbs, signature, pass: None }.encode()).await?;
        Ok(())
    }

    /// Gets a token of the service where it has an account.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn log_in(&self, at: SocketAddr) -> anyhow::Result<Session> {
        let device = self.device.uri.clone();
        let asked = ChallengeRequest { device: device.clone() }.encode();
        let challenge = ChallengeResponse::decode(&post(at, "auth/challenge", None, asked).await?)?.challenge;
        let tbs = TokenTbs { device, challenge };
        let signature = self.sign(TOKEN_LABEL, &tbs)?;
        let answer = post(at, "auth/token", None, TokenRequest { tbs, signature }.encode()).await?;
        Ok(Session { at, token: BASE64URL_NOPAD.encode(&TokenResponse::decode(&answer)?.token) })
    }

    fn sign<T: tls_codec::Serialize>(&self, label: &str, tbs: &T) -> anyhow::Result<[u8; 64]> {
        let signature = self.signer.sign(&signed_content(label, tbs)?);
        let signature = signature.map_err(|_| anyhow!("a request cannot be signed"))?;
        signature.try_into().map_err(|_| anyhow!("an Ed25519 signature has 64 bytes"))
    }
}

impl Session {
    /// Lets others find one key package of the device.
    ///
    /// # Errors
    /// MLS or the service refuses.
    pub async fn publish(&self, device: &Forged) -> anyhow::Result<()> {
        let request = PublishKeyPackages { one_use: vec![device.key_package()?], last_resort: Vec::new() };
        post(self.at, "keyPackages", Some(&self.token), request.encode()).await?;
        Ok(())
    }

    /// Sends a message to a room.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn submit(
        &self,
        room: &RoomUri,
        request: SubmitMessageRequest,
    ) -> anyhow::Result<SubmitMessageResponse> {
        let path = format!("submitMessage/{}", paths::segment(&room.to_string()));
        let answer = post(self.at, &path, Some(&self.token), request.encode()).await?;
        Ok(SubmitMessageResponse::decode(&answer)?)
    }
}

async fn post(at: SocketAddr, path: &str, token: Option<&str>, body: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let tls = trefoil::transport::client_config(None)?;
    let http = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build()?;
    let url = format!("http://{at}{}/{path}", paths::CLIENT_ROOT);
    let mut request = http.post(url).header("content-type", paths::MEDIA_TYPE).body(body);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = request.send().await.with_context(|| format!("{path} cannot be asked"))?;
    if !answer.status().is_success() {
        bail!("{path} was refused: {}", answer.status());
    }
    Ok(answer.bytes().await?.to_vec())
}
