//! Devices by the bare interface, for figures that need many of them and no conversation: registered, authenticated,
//! and nothing more.

use super::{BenchError, Server};
use crate::{clock, person, transport::TransportError};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::time::Duration;
use trefoil_proto::{
    DeviceUri, Domain, UserUri, Wire as _,
    credential::DeviceAuthorisation,
    edge::{
        self, ChallengeRequest, ChallengeResponse, Identifier, NewDevice, RegisterRequest, RegisterTbs,
        ServiceInfo, TokenRequest, TokenResponse, TokenTbs,
    },
    paths,
};
use trefoil_transparency::device_set::{DeviceEntry, DeviceSet, SignedDeviceSet};

/// Requests under way at a time.
const AT_ONCE: usize = 16;

/// A device that its service knows.
#[derive(Debug)]
pub(super) struct Device {
    uri: DeviceUri,
    key: SigningKey,
}

/// A client for the measured service.
pub(super) fn client(server: &Server) -> Result<reqwest::Client, BenchError> {
    let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).http1_only();
    let builder = match server.tls() {
        Some(tls) => builder.tls_backend_preconfigured(tls.as_ref().clone()),
        None => builder,
    };
    builder.build().map_err(|error| TransportError::SetUp(error.into()).into())
}

/// What the service says of itself.
pub(super) async fn service_info(http: &reqwest::Client, url: &str) -> Result<ServiceInfo, BenchError> {
    let answer = http.get(format!("{url}{}/service", paths::CLIENT_ROOT)).send().await.map_err(broken)?;
    decode(answer).await
}

/// Registers as many accounts, each with one device.
pub(super) async fn register(
    http: &reqwest::Client,
    url: &str,
    count: usize,
) -> Result<Vec<Device>, BenchError> {
    let domain = service_info(http, url).await?.domain;
    stream::iter(0..count)
        .map(|index| one(http, url, domain.clone(), index))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// A bearer token for each device.
pub(super) async fn tokens(
    http: &reqwest::Client,
    url: &str,
    devices: &[Device],
) -> Result<Vec<String>, BenchError> {
    stream::iter(devices).map(|device| token(http, url, device)).buffered(AT_ONCE).try_collect().await
}

async fn one(http: &reqwest::Client, url: &str, domain: Domain, index: usize) -> Result<Device, BenchError> {
    use trefoil_proto::uri::{DeviceId, UserId};
    let (account, key) = (SigningKey::from_bytes(&rand::random()), SigningKey::from_bytes(&rand::random()));
    let user = UserUri { domain: domain.clone(), id: UserId::from_random(&rand::random::<[u8; 16]>()) };
    let device = DeviceId::from_random(&rand::random::<[u8; 8]>());
    let uri = DeviceUri { domain, user: user.id, device };
    let signature_key = key.verifying_key().to_bytes();
    let authorisation = DeviceAuthorisation::sign(&account, &uri, &signature_key);
    let entry = DeviceEntry::new(uri.device.clone(), signature_key, &authorisation);
    let set = DeviceSet::first(uri.user_uri(), clock::now().month(), authorisation.account_key, vec![entry]);
    let tbs = RegisterTbs {
        identifier: Identifier::AccountName(format!("load-{index}").into_bytes()),
        device: NewDevice { authorisation, uri: uri.clone(), signature_key },
        device_set: SignedDeviceSet::by_account(set, &account).encode(),
        minor: None,
    };
    let signature = sign(&key, edge::REGISTER_LABEL, &tbs)?;
    let answer = post(http, url, "accounts", &RegisterRequest { tbs, signature, pass: None }).await?;
    if !answer.status().is_success() {
        let status = answer.status().as_u16();
        return Err(person::refused(status, &answer.bytes().await.map_err(broken)?).into());
    }
    Ok(Device { uri, key })
}

async fn token(http: &reqwest::Client, url: &str, device: &Device) -> Result<String, BenchError> {
    let answer = post(http, url, "auth/challenge", &ChallengeRequest { device: device.uri.clone() }).await?;
    let ChallengeResponse { challenge } = decode(answer).await?;
    let tbs = TokenTbs { device: device.uri.clone(), challenge };
    let signature = sign(&device.key, edge::TOKEN_LABEL, &tbs)?;
    let answer = post(http, url, "auth/token", &TokenRequest { tbs, signature }).await?;
    let TokenResponse { token, .. } = decode(answer).await?;
    Ok(BASE64URL_NOPAD.encode(&token))
}

fn sign(key: &SigningKey, label: &str, tbs: &impl tls_codec::Serialize) -> Result<[u8; 64], BenchError> {
    let content =
        edge::signed_content(label, tbs).map_err(|_| BenchError::Garbled("a structure too large to sign"))?;
    Ok(key.sign(&content).to_bytes())
}

async fn post(
    http: &reqwest::Client,
    url: &str,
    path: &str,
    body: &impl tls_codec::Serialize,
) -> Result<reqwest::Response, BenchError> {
    let body: Bytes = body
        .tls_serialize_detached()
        .map_err(|_| BenchError::Garbled("a structure too large to send"))?
        .into();
    let request = http
        .post(format!("{url}{}/{path}", paths::CLIENT_ROOT))
        .header(http::header::CONTENT_TYPE, paths::MEDIA_TYPE)
        .body(body);
    request.send().await.map_err(broken)
}

async fn decode<T: tls_codec::DeserializeBytes>(answer: reqwest::Response) -> Result<T, BenchError> {
    let status = answer.status();
    let body = answer.bytes().await.map_err(broken)?;
    if !status.is_success() {
        return Err(person::refused(status.as_u16(), &body).into());
    }
    T::tls_deserialize_exact_bytes(&body).map_err(|_| BenchError::Garbled("an answer to a request"))
}

fn broken(error: reqwest::Error) -> BenchError {
    TransportError::Broken(error.without_url().into()).into()
}
