//! People of a load: real cores with their stores in memory, set up through the service like anyone else.

use super::{BenchError, Server};
use crate::{
    agent::{Agent, AgentError},
    person,
    transport::Service,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use trefoil_client::{Client, Event, RoomState, RoomView};
use trefoil_proto::{RoomUri, UserUri, edge::Identifier};
use trefoil_store::MemoryStore;

/// How long one step of the setting up may take: a room of hundreds takes some.
const PATIENCE: Duration = Duration::from_secs(120);

/// Someone with an account and published key packages.
pub(super) struct Person {
    pub(super) agent: Agent,
    pub(super) user: UserUri,
}

impl Person {
    /// Makes an account.
    pub(super) async fn register(server: &Server, name: &str) -> Result<Self, BenchError> {
        let service = Service::new(&server.url(), Some(server.ca()))?;
        let domain = person::service_info(&service).await?.domain;
        let mut agent = Agent::new(Client::open(Arc::new(MemoryStore::new()))?, service);
        let who = Identifier::AccountName(name.as_bytes().to_vec());
        agent.act(|client, now| client.register(domain, who, None, now))?;
        let mut refused = None;
        agent
            .run_until(
                PATIENCE,
                |_, events| {
                    events.iter().any(|event| {
                        matches!(event, Event::Registered { .. } | Event::RegistrationRefused { .. })
                    })
                },
                |_, event| {
                    if let Event::RegistrationRefused { code, .. } = event {
                        refused = Some(BenchError::Refused(code));
                    }
                },
            )
            .await?;
        if let Some(refused) = refused {
            return Err(refused);
        }
        agent.go_online()?;
        agent.settle(PATIENCE, |_, _| {}).await?;
        let user = agent.client.identity().map(|identity| identity.user);
        let user = user.ok_or(AgentError::TooSlow)?;
        Ok(Self { agent, user })
    }

    /// The token of this device.
    pub(super) fn token(&self) -> Result<String, BenchError> {
        self.agent
            .client
            .bearer()
            .map(|bearer| bearer.as_str().to_owned())
            .ok_or(BenchError::Garbled("a registration without a token"))
    }

    /// Opens a room with these people and waits until it is open and everything about it is sent.
    pub(super) async fn open_room(&mut self, name: &str, people: &[UserUri]) -> Result<RoomUri, BenchError> {
        let room = self.agent.act_for(|client, now| client.create_room(name, people, now))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut trouble = None;
            let watch = |_: &Agent, event| {
                if let Event::ChangeRefused { reason, .. } = event {
                    trouble = Some(BenchError::Broken(format!("a room of the load was refused: {reason:?}")));
                }
            };
            self.agent.settle(PATIENCE, watch).await?;
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
            let there =
                |view: &RoomView| view.participants.iter().filter(|one| !one.devices.is_empty()).count();
            match self.agent.client.room(&room)? {
                Some(view) if view.state == RoomState::Open && there(&view) == people.len() + 1 => {
                    return Ok(room);
                }
                _ if Instant::now() > deadline => return Err(AgentError::TooSlow.into()),
                _ => drop(self.agent.turn(Duration::from_millis(100)).await?),
            }
        }
    }
}
