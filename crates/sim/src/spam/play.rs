//! Days on which accounts turn to people: each whom it did not reach yet, until its service says that it is enough for today.

use super::{
    Outcome, Setting,
    crowd::{AT_ONCE, Crowd, Sender, Somebody},
    mls::CLASSICAL,
    services::{Answer, ELSEWHERE, HOME, Services},
};
use futures_util::{StreamExt as _, stream};
use openmls::prelude::{KeyPackageIn, OpenMlsProvider as _, ProtocolVersion, SignContent};
use openmls_traits::signatures::Signer as _;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tls_codec::{DeserializeBytes as _, Serialize as _};
use trefoil_client::Blinded;
use trefoil_proto::{
    Domain, ErrorCode, RoomUri, UserUri, Wire as _,
    content::{Extensions, MimiContent, NestedPart},
    franking::FrankingAgentData,
    mimi::{
        FanoutMessage, KeyMaterialRequest, KeyMaterialResponse, Protocol, SubmitMessageResponse,
        UpdateRequest, UpdateRoomResponse,
        fanout::RoomEvent,
        key_material::{ClientKeyMaterialStatus, KeyMaterialRequestTbs, RequiredCapabilities},
        report::{AbuseReport, AbuseType, AbusiveMessage},
        update::{RatchetTreeOption, UpdateOutcome},
    },
    mls::{Credential, KeyPackage, MlsMessage, RatchetTree},
    passes::{Claim, FirstContact, IssueRequest, Issued, IssuerKey, Purpose},
    paths::segment,
    room::{ParticipantListUpdate, Role, UserRolePair},
};
use trefoil_server::clock::Clock as _;

const DAY: u64 = 24 * 60 * 60 * 1000;
/// That of the devices of the server's tests.
const SALT: [u8; 16] = [5; 16];

/// What every contact needs.
struct Run<'a> {
    services: &'a Services,
    setting: Setting,
    agent: FrankingAgentData,
    /// The key of the other service's passes today, if it issues any.
    passes: Option<IssuerKey>,
    refused: Mutex<BTreeMap<String, usize>>,
    rooms: AtomicUsize,
    /// Milliseconds from one contact to the next.
    step: u64,
}

/// How a contact went.
enum Contact {
    Reached(Box<Reached>),
    /// Not this one now.
    Refused,
    /// Nobody any more today.
    Enough,
}

/// A conversation with somebody, in whose mailbox a message is.
struct Reached {
    room: RoomUri,
    welcome: MlsMessage,
    tree: RatchetTree,
    shown: AbusiveMessage,
}

/// What an account got done on a day.
#[derive(Default)]
struct Done {
    home: usize,
    elsewhere: usize,
    reports: usize,
}

/// Plays all days.
pub(super) async fn days(services: &Services, crowd: Crowd, setting: &Setting) -> anyhow::Result<Outcome> {
    let attempts = (setting.people + setting.newcomers * setting.friends).max(1) as u64;
    let Crowd { mut spammers, newcomers } = crowd;
    let mut run = Run {
        services,
        setting: *setting,
        agent: services.agent(HOME).await?,
        passes: None,
        refused: Mutex::default(),
        rooms: AtomicUsize::new(0),
        // All of them together take half a day at most, and no challenge runs out in the middle of one.
        step: (DAY / 2 / attempts).min(2_000),
    };
    let mut outcome = Outcome {
        rules: false,
        setting: *setting,
        reached_by_day: Vec::new(),
        reached_at_home: 0,
        reached_elsewhere: 0,
        reports: 0,
        refused: BTreeMap::new(),
        friends_reached: 0,
        friends: setting.newcomers * setting.friends,
        seconds: 0.0,
    };
    let start = services.clock.now();
    let mut newcomers = Some(newcomers);
    for day in 0..setting.days {
        let begins = start.plus_millis(u64::from(day) * DAY);
        services.clock.advance(begins.0.saturating_sub(services.clock.now().0));
        run.passes = run.key_of_today(&mut spammers[0].account).await?;
        for sender in newcomers.take().into_iter().flatten() {
            outcome.friends_reached += run.befriend(sender).await?;
        }
        let playing: Vec<_> =
            stream::iter(spammers).map(|one| run.pester(one)).buffered(AT_ONCE).collect().await;
        spammers = Vec::new();
        for played in playing {
            let (sender, done) = played?;
            outcome.reached_at_home += done.home;
            outcome.reached_elsewhere += done.elsewhere;
            outcome.reports += done.reports;
            spammers.push(sender);
        }
        outcome.reached_by_day.push(outcome.reached_at_home + outcome.reached_elsewhere);
    }
    outcome.refused = run.refused.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(outcome)
}

impl Run<'_> {
    /// A day of an account that sends what nobody asked for. Whom it reached is off its list.
    async fn pester(&self, mut sender: Sender) -> anyhow::Result<(Sender, Done)> {
        let (mut done, mut left, mut enough) = (Done::default(), Vec::new(), false);
        for mut one in sender.to {
            if enough {
                left.push(one);
                continue;
            }
            match self.contact(&mut sender.account, &one).await? {
                Contact::Reached(reached) => {
                    if one.service == HOME {
                        done.home += 1
                    } else {
                        done.elsewhere += 1
                    }
                    if one.number % self.setting.one_in_reports == 0 {
                        self.report(&mut one, sender.account.user(), *reached).await?;
                        done.reports += 1;
                    }
                }
                Contact::Refused => left.push(one),
                Contact::Enough => {
                    enough = true;
                    left.push(one);
                }
            }
        }
        Ok((Sender { account: sender.account, to: left }, done))
    }

    /// The first day of somebody whose friends answer; how many of them could be written to.
    async fn befriend(&self, mut sender: Sender) -> anyhow::Result<usize> {
        let mut count = 0;
        for mut friend in sender.to {
            if let Contact::Reached(reached) = self.contact(&mut sender.account, &friend).await? {
                count += 1;
                self.answer(&mut friend, *reached).await?;
            }
        }
        Ok(count)
    }

    /// Opens a room, asks for somebody's keys, adds them, and writes.
    async fn contact(&self, account: &mut Somebody, one: &Somebody) -> anyhow::Result<Contact> {
        self.services.clock.advance(self.step);
        account.log_in(self.services).await?;
        let number = self.rooms.fetch_add(1, Ordering::Relaxed);
        let room: RoomUri = format!("mimi://{}/r/r{number}", self.services.domain(HOME)).parse()?;
        let create = account.device.begin(&room, &self.agent, CLASSICAL, |_| {});
        account.must(self.services, "rooms", create.encode()).await?;
        let package = match self.claim(account, one, &room).await? {
            Ok(package) => package,
            Err(refused) => return Ok(refused),
        };
        let package = KeyPackageIn::tls_deserialize_exact_bytes(package.as_bytes())?;
        let package = package.validate(account.device.provider.crypto(), ProtocolVersion::Mls10)?;
        let added = vec![UserRolePair { user: one.user(), role: Role::MEMBER }];
        let update = ParticipantListUpdate { added, ..Default::default() };
        let commit = account.device.commit(vec![package], Vec::new(), Some(update));
        let UpdateRequest::Commit { welcome: Some(welcome), .. } = &commit else {
            anyhow::bail!("somebody was added without a Welcome")
        };
        let at = |endpoint: &str| format!("{endpoint}/{}", segment(&room.to_string()));
        let answer = account.must(self.services, &at("update"), commit.encode()).await?;
        let outcome = UpdateRoomResponse::decode(&answer)?.outcome;
        anyhow::ensure!(matches!(outcome, UpdateOutcome::Success { .. }), "{outcome:?}");
        account.device.merge();
        let tree = account.device.group().export_ratchet_tree().tls_serialize_detached()?;
        let content = words("Buy now")?;
        let message = account.device.message(&content);
        let answer = account.must(self.services, &at("submitMessage"), message.encode()).await?;
        let SubmitMessageResponse::Accepted { accepted_timestamp, frank: Some(frank) } =
            SubmitMessageResponse::decode(&answer)?
        else {
            anyhow::bail!("a message was not accepted")
        };
        let shown = AbusiveMessage { message_content: content, frank, accepted_timestamp };
        let (welcome, tree) = (welcome.clone(), RatchetTree::parse(&tree)?);
        Ok(Contact::Reached(Box::new(Reached { room, welcome, tree, shown })))
    }

    /// A key package of somebody, with a pass if they are at the other service and it asks for one.
    async fn claim(
        &self,
        account: &Somebody,
        one: &Somebody,
        room: &RoomUri,
    ) -> anyhow::Result<Result<KeyPackage, Contact>> {
        let request = signed_request(account, one.user(), room)?;
        let user = segment(&one.user().to_string());
        let answer = match self.passes.filter(|_| one.service != HOME) {
            None => account.post(self.services, &format!("keyMaterial/{user}"), request.encode()).await?,
            Some(key) => {
                let domain = self.services.domain(one.service);
                let blinded = Blinded::begin(domain, Purpose::FirstContact, key, nonce());
                let (blinded, asked) = blinded.ok_or_else(|| anyhow::anyhow!("a pass cannot be blinded"))?;
                let body = IssueRequest { purpose: Purpose::FirstContact, requests: vec![asked] }.encode();
                let issued = match account.post(self.services, &passes_at(domain), body).await? {
                    Answer::Good(body) => Issued::decode(&body)?,
                    Answer::Refused(error) => return Ok(Err(self.refusal(error.code))),
                };
                let token = blinded.finish(&issued.responses);
                let token = token.ok_or_else(|| anyhow::anyhow!("a pass was not made under the key"))?;
                let body = FirstContact { token, claim: Claim::Named(request) }.encode();
                account.post(self.services, &format!("firstContact/{user}"), body).await?
            }
        };
        let body = match answer {
            Answer::Good(body) => body,
            Answer::Refused(error) => return Ok(Err(self.refusal(error.code))),
        };
        let material = KeyMaterialResponse::decode(&body)?;
        let found = material.clients.into_iter().find_map(|client| match client.status {
            ClientKeyMaterialStatus::Success(package) => Some(package),
            _ => None,
        });
        Ok(found.ok_or_else(|| self.refusal(ErrorCode::NotFound)))
    }

    /// Counts a refusal. Whoever has had enough first contacts does not try others today.
    fn refusal(&self, code: ErrorCode) -> Contact {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(format!("{code:?}")).or_default() += 1;
        if code == ErrorCode::TooManyFirstContacts { Contact::Enough } else { Contact::Refused }
    }

    /// Somebody shows their service what they were sent.
    async fn report(&self, one: &mut Somebody, about: UserUri, reached: Reached) -> anyhow::Result<()> {
        one.log_in(self.services).await?;
        let report = AbuseReport {
            reporting_user: one.user(),
            alleged_abuser: about,
            reason: AbuseType::Spam,
            note: Vec::new(),
            messages: vec![reached.shown],
            extensions: Default::default(),
        };
        let path = format!("reportAbuse/{}", segment(&reached.room.to_string()));
        one.must(self.services, &path, report.encode()).await?;
        Ok(())
    }

    /// Somebody comes in and writes back.
    async fn answer(&self, friend: &mut Somebody, reached: Reached) -> anyhow::Result<()> {
        let ratchet_tree = RatchetTreeOption::Full(reached.tree);
        friend.device.receive(&FanoutMessage {
            protocol: Protocol::Mls10,
            timestamp: reached.shown.accepted_timestamp,
            event: RoomEvent::Welcome { message: reached.welcome, ratchet_tree },
        });
        friend.log_in(self.services).await?;
        let message = friend.device.message(&words("Hello yourself")?);
        let path = format!("submitMessage/{}", segment(&reached.room.to_string()));
        friend.must(self.services, &path, message.encode()).await?;
        Ok(())
    }

    /// The key by which the other service issues passes today; nothing if nobody needs any.
    async fn key_of_today(&self, account: &mut Somebody) -> anyhow::Result<Option<IssuerKey>> {
        account.log_in(self.services).await?;
        let path = passes_at(self.services.domain(ELSEWHERE));
        match account
            .post(
                self.services,
                &path,
                IssueRequest { purpose: Purpose::FirstContact, requests: Vec::new() }.encode(),
            )
            .await?
        {
            Answer::Good(body) => Ok(Some(Issued::decode(&body)?.key)),
            Answer::Refused(error) if error.code == ErrorCode::Unsupported => Ok(None),
            Answer::Refused(error) => anyhow::bail!("the key of passes was refused: {:?}", error.code),
        }
    }
}

/// 32 random bytes.
fn nonce() -> [u8; 32] {
    trefoil_server::secrets::SecretKey::random().bytes().to_owned()
}

fn passes_at(domain: &Domain) -> String {
    format!("passes/{}", segment(domain.as_str()))
}

fn words(text: &str) -> anyhow::Result<Vec<u8>> {
    let content = MimiContent {
        salt: SALT,
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions: Extensions::default(),
        part: NestedPart::render("text/plain;charset=utf-8", text),
    };
    Ok(content.encode()?)
}

fn signed_request(account: &Somebody, target: UserUri, room: &RoomUri) -> anyhow::Result<KeyMaterialRequest> {
    let device = &account.device;
    let tbs = KeyMaterialRequestTbs {
        protocol: Protocol::Mls10,
        requesting_user: account.user(),
        target_user: target,
        room_id: room.clone(),
        acceptable_ciphersuites: vec![CLASSICAL.into()],
        required_capabilities: RequiredCapabilities::default(),
        requester_signature_key: device.signer.public().to_vec(),
        requester_credential: Credential::basic(device.uri.to_string().as_bytes()),
    };
    let content = SignContent::new("KeyMaterialRequestTBS", tbs.tls_serialize_detached()?.into());
    let signature = device.signer.sign(&content.tls_serialize_detached()?);
    let signature = signature.map_err(|_| anyhow::anyhow!("a request cannot be signed"))?;
    Ok(KeyMaterialRequest { tbs, signature })
}
