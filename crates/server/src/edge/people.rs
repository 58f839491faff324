//! What a service's people ask of it about themselves: accounts, devices, tokens, key packages.

use super::{
    Edge, Refusal,
    body::{Body, Reply},
    identity::{Anyone, Caller},
    leases::Slot,
    segment::Segment,
};
use crate::accounts::{Accepted, AccountsError};
use axum::{Extension, extract::State};
use http::StatusCode;
use std::sync::Arc;
use trefoil_proto::{
    DeviceId, DeviceUri, ErrorCode, UserUri,
    edge::{
        AccountData, AddDeviceRequest, ChallengeRequest, ChallengeResponse, CodeRequest, DeviceList,
        KeyPackageCounts, NewDevice, PublishKeyPackages, RemoveDeviceRequest, ServiceInfo, TokenRequest,
        TokenResponse,
    },
    frame::MailboxEvent,
    mimi::fanout::Recipient,
    recovery::{BeginRecoveryRequest, BeginRecoveryTbs, RecoverRequest, RecoverTbs, RecoveryBegun},
};
use trefoil_store::Batch;

type Served = State<Arc<Edge>>;

/// How often a removal is decided again because a token was made meanwhile.
const ATTEMPTS: usize = 8;

/// `GET service`.
pub(super) async fn service(State(edge): Served, _: Anyone) -> Reply<ServiceInfo> {
    Reply(StatusCode::OK, ServiceInfo { now: edge.now(), ..edge.about.info.clone() })
}

/// `POST accounts/code`.
pub(super) async fn code(
    State(edge): Served,
    Anyone(address): Anyone,
    request: Body<CodeRequest>,
) -> Result<StatusCode, Refusal> {
    edge.rates.code(address, edge.now())?;
    edge.house.accounts.request_code(&request.value, edge.now()).await?;
    Ok(StatusCode::ACCEPTED)
}

/// `POST accounts/devices`.
pub(super) async fn add_device(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<AddDeviceRequest>,
) -> Result<StatusCode, Refusal> {
    let device = &request.value.device;
    if edge.tokens.was_removed(&device.uri).await? {
        return Err(AccountsError::IdsInUse.into());
    }
    let accepted = edge.house.accounts.add_device(&caller, &request.value).await?;
    edge.house.mailboxes.admit(&recipient(&device.uri));
    if accepted == Accepted::New {
        edge.tell_devices(&caller).await?;
    }
    Ok(status(accepted))
}

/// `GET accounts/devices`.
pub(super) async fn devices(
    State(edge): Served,
    Caller(caller): Caller,
) -> Result<Reply<DeviceList>, Refusal> {
    Ok(Reply(StatusCode::OK, DeviceList { devices: edge.own_devices(&caller).await?.1 }))
}

/// `DELETE accounts/devices/{device}`: once it is answered the device is nobody here. Its tokens are void from the
/// commit on that takes it off the list; what it had under way has ended; what it left behind has gone.
pub(super) async fn remove_device(
    State(edge): Served,
    Caller(caller): Caller,
    Extension(slot): Extension<Slot>,
    Segment(device): Segment,
    request: Body<RemoveDeviceRequest>,
) -> Result<StatusCode, Refusal> {
    let device: DeviceId = device.parse()?;
    let removed = DeviceUri { device, ..caller.clone() };
    if request.value.tbs.device != removed {
        return Err(Refusal::new(ErrorCode::Malformed, "path and request name different devices"));
    }
    edge.take_off(&caller, &request.value).await?;
    if removed == caller {
        slot.leave();
    }
    edge.clear_away(&removed).await?;
    edge.tell_devices(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST accounts/recover/begin`.
pub(super) async fn begin_recovery(
    State(edge): Served,
    Anyone(address): Anyone,
    request: Body<BeginRecoveryRequest>,
) -> Result<Reply<RecoveryBegun>, Refusal> {
    edge.rates.registration(address, edge.now())?;
    let BeginRecoveryTbs { device, challenge } = &request.value.tbs;
    edge.tokens.glance(device, challenge, edge.now())?;
    Ok(Reply(StatusCode::OK, edge.house.accounts.begin_recovery(&request.value).await?))
}

/// `POST accounts/recover`: once it is answered the account's other devices are nobody here, as after their removal.
pub(super) async fn recover(
    State(edge): Served,
    Anyone(address): Anyone,
    request: Body<RecoverRequest>,
) -> Result<StatusCode, Refusal> {
    edge.rates.registration(address, edge.now())?;
    let device = &request.value.tbs.device.uri;
    let (accepted, lost) = edge.take_over(&request.value).await?;
    edge.house.mailboxes.admit(&recipient(device));
    for lost in &lost {
        edge.clear_away(lost).await?;
    }
    Ok(status(accepted))
}

/// `GET account`.
pub(super) async fn account(
    State(edge): Served,
    Caller(caller): Caller,
) -> Result<Reply<AccountData>, Refusal> {
    let (created_day, devices) = edge.own_devices(&caller).await?;
    let media_bytes = edge.house.media.used(&caller.user, edge.now()).await?;
    let user: UserUri = caller.user_uri();
    Ok(Reply(StatusCode::OK, AccountData { user, created_day, devices: DeviceList { devices }, media_bytes }))
}

/// `POST auth/challenge`.
pub(super) async fn challenge(
    State(edge): Served,
    _: Anyone,
    request: Body<ChallengeRequest>,
) -> Reply<ChallengeResponse> {
    let challenge = edge.tokens.challenge(&request.value.device, edge.now());
    Reply(StatusCode::OK, ChallengeResponse { challenge })
}

/// `POST auth/token`.
pub(super) async fn token(
    State(edge): Served,
    _: Anyone,
    request: Body<TokenRequest>,
) -> Result<Reply<TokenResponse>, Refusal> {
    let device = edge.house.accounts.device(&request.value.tbs.device).await?;
    let key = device.map(|device| device.signature_key);
    Ok(Reply(StatusCode::OK, edge.tokens.exchange(&request.value, key, edge.now()).await?))
}

/// `POST keyPackages`.
pub(super) async fn publish_key_packages(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<PublishKeyPackages>,
) -> Result<StatusCode, Refusal> {
    let device = edge.house.accounts.device(&caller).await?;
    let device = device.ok_or_else(|| Refusal::new(ErrorCode::Unauthenticated, "the device was removed"))?;
    let before = edge.house.keys.counts(&caller, edge.now()).await?;
    edge.house.keys.publish(&device, request.value, edge.now()).await?;
    if before.one_use.iter().all(|count| count.left == 0) {
        // From now on the device can be added to rooms that its account is in.
        edge.tell_devices(&caller).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `GET keyPackages`.
pub(super) async fn key_package_counts(
    State(edge): Served,
    Caller(caller): Caller,
) -> Result<Reply<KeyPackageCounts>, Refusal> {
    Ok(Reply(StatusCode::OK, edge.house.keys.counts(&caller, edge.now()).await?))
}

impl Edge {
    /// Takes a device off its account's list, and makes its tokens void in the same commit. One that is off it
    /// already stays so.
    async fn take_off(&self, caller: &DeviceUri, removal: &RemoveDeviceRequest) -> Result<(), Refusal> {
        for _ in 0..ATTEMPTS {
            let revocation = self.tokens.revocation(&removal.tbs.device).await?;
            let removed =
                self.house.accounts.remove_device(caller, removal, revocation.batch, self.now()).await;
            match removed {
                Ok(()) => {
                    self.tokens.forget(&revocation.tokens);
                    return Ok(());
                }
                Err(AccountsError::NoSuchDevice) if self.tokens.was_removed(&removal.tbs.device).await? => {
                    return Ok(());
                }
                Err(AccountsError::Contended) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccountsError::Contended.into())
    }

    /// Ends what a device that was taken off has under way, and removes what it left behind.
    async fn clear_away(&self, removed: &DeviceUri) -> Result<(), Refusal> {
        if !self.leases.end(removed, self.about.limits.request_timeout / 2).await {
            return Err(Refusal::busy("requests of the device are still under way: ask again"));
        }
        self.house.keys.remove(removed).await?;
        self.house.rooms.device_removed(removed).await;
        self.house.mailboxes.remove(&recipient(removed)).await?;
        Ok(())
    }

    /// Puts one device in the place of all others, and makes the others' tokens void in the same commit. Returns those
    /// that are gone.
    async fn take_over(&self, request: &RecoverRequest) -> Result<(Accepted, Vec<DeviceUri>), Refusal> {
        let RecoverTbs { device, challenge, .. } = &request.tbs;
        for _ in 0..ATTEMPTS {
            let now = self.house.accounts.before_recovery(request).await?;
            if now == std::slice::from_ref(device) {
                return Ok((Accepted::Repeated, Vec::new()));
            }
            let mut also = self.tokens.spend(&device.uri, challenge, self.now()).await?;
            let mut tokens = Vec::new();
            for lost in &now {
                let revocation = self.tokens.revocation(&lost.uri).await?;
                also.extend(revocation.batch);
                tokens.extend(revocation.tokens);
            }
            match self.house.accounts.recover(request, also).await {
                Ok(lost) => {
                    self.tokens.forget(&tokens);
                    return Ok((Accepted::New, lost));
                }
                Err(AccountsError::Contended) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccountsError::Contended.into())
    }

    /// Day of registration and devices of the caller's account.
    async fn own_devices(&self, caller: &DeviceUri) -> Result<(u32, Vec<NewDevice>), Refusal> {
        let person = self.house.accounts.person(&caller.user).await?;
        let person = person.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "the account is gone"))?;
        Ok((person.created_day, person.devices))
    }

    /// Tells the caller's other devices that the list changed.
    async fn tell_devices(&self, caller: &DeviceUri) -> Result<(), Refusal> {
        let (_, devices) = self.own_devices(caller).await?;
        let others: Vec<_> =
            devices.iter().map(|device| &device.uri).filter(|uri| *uri != caller).map(recipient).collect();
        self.tell(&others, &MailboxEvent::DevicesChanged).await
    }

    /// Appends an event of the service's own to mailboxes.
    pub(super) async fn tell(&self, to: &[Recipient], event: &MailboxEvent) -> Result<(), Refusal> {
        if to.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        self.house.mailboxes.append(&mut batch, to, event)?;
        self.store.commit(batch).await.map_err(|error| Refusal::internal(&error))?;
        self.house.mailboxes.announce(to);
        Ok(())
    }
}

/// Where a device's mailbox is.
pub(super) fn recipient(device: &DeviceUri) -> Recipient {
    Recipient { user: device.user.clone(), device: device.device.clone() }
}

pub(super) fn status(accepted: Accepted) -> StatusCode {
    match accepted {
        Accepted::New => StatusCode::CREATED,
        Accepted::Repeated => StatusCode::OK,
    }
}
