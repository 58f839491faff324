//! Linking a device by two codes: the new device makes a request, the account's first device signs for it and answers.
//! Both travel sealed through the service, which a short code opens ([`rendezvous`]), or are pasted as they are. Neither
//! is secret; each is bound to its device by signature keys. Whether they were exchanged on their way, the two people (or
//! one person with two screens) see by comparing a short number ([`compare`]); only then does history follow.

mod compare;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod history;
mod names;
mod rendezvous;

pub use compare::{LinkView, Side};
pub use history::HistoryPiece;
pub use rendezvous::{LinkCode, LinkOffer};

use crate::{
    ClientError, Event, Method,
    account::{detail, path},
    core::Core,
    directory::entry,
    live::Job,
    mls::credential::DeviceKey,
    rows::{ACCOUNT, APPROVALS, AccountRow, DEVICE_NAMES, LinkRow, RoomState, Row as _, Secret, name},
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};
use trefoil_proto::{
    DeviceId, DeviceUri, Domain, ErrorBody, RoomUri, Timestamp, UserUri, Wire as _,
    credential::DeviceAuthorisation,
    edge::{AddDeviceRequest, NewDevice},
};
use trefoil_store::KeyRange;
use trefoil_transparency::device_set::SignedDeviceSet;

/// In front of every code of a device that waits to be linked, so that a wrong paste is told apart.
pub const REQUEST: &str = "trefoil-link-";
/// In front of every answer to one.
const ANSWER: &str = "trefoil-answer-";
/// Longest code that is looked at, in characters.
const LONGEST: usize = 1 << 20;

#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct LinkRequest {
    domain: Domain,
    device: DeviceId,
    signature_key: [u8; 32],
    /// The name that the person gave to the device, UTF-8; may be empty.
    name: VLBytes,
    /// SHA-256 of a number that is shown once the answer is there: [`compare`].
    commitment: [u8; 32],
    /// HPKE key of the hybrid suite: what only this device may read is sealed to it.
    seal_key: VLBytes,
}

#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct LinkAnswer {
    user: UserUri,
    device: DeviceId,
    authorisation: DeviceAuthorisation,
    rooms: Vec<RoomUri>,
    device_set: SignedDeviceSet,
    /// The account's devices and the names that the person gave them.
    names: Vec<DeviceName>,
    /// Fresh for each request.
    nonce: [u8; 32],
    /// Sealed to the request's key: the secret of what the two devices tell each other through the service.
    sealed: Sealed,
}

/// What HPKE makes.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Sealed {
    kem_output: VLBytes,
    ciphertext: VLBytes,
}

#[derive(Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct DeviceName {
    device: DeviceUri,
    name: VLBytes,
}

impl Core {
    /// On the new device: makes its keys and the code to paste at the first device.
    pub(crate) fn link_request(&mut self, domain: Domain, device_name: &str) -> Result<String, ClientError> {
        if self.me.is_some() {
            return Err(ClientError::AccountExists);
        }
        let mut row = LinkRow {
            domain: domain.clone(),
            device: DeviceId::from_random(&self.random::<8>()?[..]),
            device_secret: Secret(*self.random::<32>()?),
            nonce: Secret(*self.random::<32>()?),
            seal_secret: Secret(*self.random::<32>()?),
            request_hash: [0; 32],
            name: names::checked_name(device_name)?.as_bytes().to_vec().into(),
        };
        let request = self.request_of(&row)?;
        row.request_hash = compare::request_hash(&request);
        let mut tx = self.tx();
        row.write(&mut tx, ACCOUNT, name::LINK);
        tx.put(ACCOUNT, name::DOMAIN, domain.as_str());
        Ok(code(REQUEST, &request))
    }

    /// The request that a device made of what it keeps.
    fn request_of(&self, row: &LinkRow) -> Result<LinkRequest, ClientError> {
        Ok(LinkRequest {
            domain: row.domain.clone(),
            device: row.device.clone(),
            signature_key: DeviceKey::from_secret(&row.device_secret.bytes()).public(),
            name: row.name.clone(),
            commitment: compare::commitment(&row.nonce.bytes()),
            seal_key: self.seal_pair(&row.seal_secret)?.public.into(),
        })
    }

    /// On the first device: signs for the new one and tells the service.
    /// Which device of this account a request is for.
    pub(crate) fn link_requested(&self, pasted: &str) -> Result<DeviceUri, ClientError> {
        self.requested(pasted).map(|(device, _)| device)
    }

    fn requested(&self, pasted: &str) -> Result<(DeviceUri, LinkRequest), ClientError> {
        let me = self.me()?;
        let request: LinkRequest = parse(REQUEST, pasted)?;
        if request.domain != me.user.domain {
            return Err(ClientError::BadCode);
        }
        let (domain, user, device) = (me.user.domain.clone(), me.user.id.clone(), request.device.clone());
        Ok((DeviceUri { domain, user, device }, request))
    }

    pub(crate) fn link_approve(&mut self, pasted: &str) -> Result<(), ClientError> {
        let (uri, request) = self.requested(pasted)?;
        let me = self.me()?;
        let account = me.account.as_ref().ok_or(ClientError::NotPrimary)?;
        let authorisation = DeviceAuthorisation::sign(account, &uri, &request.signature_key);
        let device = NewDevice { uri: uri.clone(), signature_key: request.signature_key, authorisation };
        let device_name = names::checked_name(&String::from_utf8_lossy(request.name.as_slice()))?.to_owned();
        self.begin_comparing(&request, &device)?;
        if !device_name.is_empty() {
            self.tx().put(DEVICE_NAMES, uri.to_string(), device_name);
        }
        // Approved before, and the answer was lost: the service would not take a second set for it.
        if self.own_set()?.is_some_and(|own| own.set.devices.contains(&entry(&device))) {
            return self.give_answer(&device);
        }
        self.tx().put(APPROVALS, uri.to_string(), device.encode());
        Ok(())
    }

    pub(crate) fn pump_approvals(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let me = self.me()?;
        let approvals = self.tx().scan(APPROVALS, &KeyRange::all(), usize::MAX, false)?;
        for (_, body) in approvals {
            let Ok(device) = NewDevice::decode(&body) else { continue };
            let job = Job::AddDevice(device.uri.clone());
            if !self.live.may(&job, now) {
                continue;
            }
            if let Some(device_set) = self.next_set(&me, &device.uri, Some(entry(&device)))? {
                let request = AddDeviceRequest { device, device_set };
                self.ask(job, Method::Post, path("accounts/devices"), request.encode());
            }
        }
        Ok(())
    }

    pub(crate) fn device_added(&mut self, device: &DeviceUri) -> Result<(), ClientError> {
        let key = device.to_string();
        let Some(body) = self.tx().get(APPROVALS, key.as_bytes())? else { return Ok(()) };
        self.tx().delete(APPROVALS, key);
        let Ok(approved) = NewDevice::decode(&body) else { return Ok(()) };
        self.settle_set(device, true)?;
        self.live.devices_known = false;
        self.give_answer(&approved)
    }

    /// The code for the new device, from what this device knows now.
    fn give_answer(&mut self, approved: &NewDevice) -> Result<(), ClientError> {
        let Some(device_set) = self.own_set()? else { return Ok(()) };
        let rooms = self.room_uris()?;
        let mut open = Vec::new();
        for room in rooms {
            if self.room(&room)?.is_none_or(|room| room.row.state != RoomState::Open) {
                continue;
            }
            if self.is_request(&room)? {
                // Nothing tells a stranger of a further device before the person took the room up.
                self.note_lacking(&room, &approved.uri);
            } else {
                open.push(room);
            }
        }
        let Some(bound) = self.bound_answer(&approved.uri)? else { return Ok(()) };
        let answer = LinkAnswer {
            user: bound.user,
            device: bound.device,
            authorisation: bound.authorisation,
            rooms: open,
            device_set,
            names: self.device_names()?,
            nonce: bound.nonce,
            sealed: bound.sealed,
        };
        self.emit(Event::LinkApproved { device: approved.uri.clone(), answer: code(ANSWER, &answer) });
        Ok(())
    }

    pub(crate) fn device_refused(
        &mut self,
        device: &DeviceUri,
        error: &ErrorBody,
    ) -> Result<(), ClientError> {
        self.tx().delete(APPROVALS, device.to_string());
        self.settle_set(device, false)?;
        self.emit(Event::LinkRefused { device: device.clone(), code: error.code, detail: detail(error) });
        Ok(())
    }

    /// On the new device: takes the answer, and joins the account's rooms.
    pub(crate) fn link_finish(&mut self, answer: &str) -> Result<(), ClientError> {
        if self.me.is_some() {
            return Err(ClientError::AccountExists);
        }
        let answer: LinkAnswer = parse(ANSWER, answer)?;
        let row = LinkRow::read(&self.tx(), ACCOUNT, name::LINK)?.ok_or(ClientError::BadCode)?;
        let uri = DeviceUri {
            domain: row.domain.clone(),
            user: answer.user.id.clone(),
            device: row.device.clone(),
        };
        let key = DeviceKey::from_secret(&row.device_secret.bytes());
        let fits = answer.device == row.device
            && answer.user.domain == row.domain
            && answer.authorisation.verify(&uri, &key.public()).is_ok();
        if !fits {
            return Err(ClientError::BadCode);
        }
        self.finish_comparing(&row, &uri, &answer)?;
        self.keep_linked_set(answer.device_set, &uri, &key.public(), &answer.authorisation)?;
        for named in answer.names {
            self.tx().put(DEVICE_NAMES, named.device.to_string(), named.name.as_slice().to_vec());
        }
        self.tx().delete(ACCOUNT, name::LINK);
        let me = self.settle_in(AccountRow {
            device: uri,
            device_secret: row.device_secret.clone(),
            authorisation: answer.authorisation,
            account_secret: None,
        });
        self.live.online = true;
        self.emit(Event::Linked { user: me.user.clone(), device: me.device.clone() });
        for room in answer.rooms {
            self.start_joining(&room)?;
        }
        Ok(())
    }
}

pub(crate) fn code(prefix: &str, content: &impl tls_codec::Serialize) -> String {
    let bytes = content.tls_serialize_detached().expect("a code's vectors stay far below 2^30 bytes");
    format!("{prefix}{}", data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

pub(crate) fn parse<T: tls_codec::DeserializeBytes>(prefix: &str, code: &str) -> Result<T, ClientError> {
    code.trim()
        .strip_prefix(prefix)
        .filter(|text| text.len() <= LONGEST)
        .and_then(|text| data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok())
        .and_then(|bytes| T::tls_deserialize_exact_bytes(&bytes).ok())
        .ok_or(ClientError::BadCode)
}
