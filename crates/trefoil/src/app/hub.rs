//! What happens, told to every window: one channel, JSON once for all.

use super::shape::{Account, Alarm, Item, Room, WaitingRoom};
use crate::settings::Settings;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::broadcast;
use utoipa::ToSchema;

/// Events that a slow window may be behind before it is told to ask anew.
const BEHIND: usize = 1024;

/// One thing that happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happening {
    /// An account is another than before.
    Account {
        /// As it is now.
        account: Box<Account>,
    },
    /// A room stands otherwise in the list.
    Room {
        /// As it is now.
        room: Box<Room>,
    },
    /// A line came, or reads differently.
    Item {
        /// The account.
        account: String,
        /// The room.
        room: String,
        /// As it is now.
        item: Box<Item>,
    },
    /// A message is no longer stored.
    Gone {
        /// The account.
        account: String,
        /// The room.
        room: String,
        /// Its id.
        message: String,
    },
    /// Somebody began or stopped writing; forget it after some seconds.
    Typing {
        /// The account.
        account: String,
        /// The room.
        room: String,
        /// Who, by URI.
        user: String,
        /// The name that they gave in this room.
        name: String,
        /// Whether they write.
        writing: bool,
    },
    /// The person should know something.
    Alarm(Box<Alarm>),
    /// Other messages of a room wait for their files than before, or for another reason.
    Waiting(WaitingRoom),
    /// A file is on its way.
    Transfer {
        /// The account.
        account: String,
        /// The upload, or message and index of a file that is fetched: `{message}/{index}`.
        upload: String,
        /// Bytes that have arrived.
        there: u64,
        /// Of how many. Once that many have arrived, the transfer has ended.
        of: u64,
    },
    /// Everything of an account is being written into files.
    Export {
        /// The account.
        account: String,
        /// Lines that are written.
        done: u64,
        /// Of how many.
        of: u64,
        /// It is all there.
        ended: bool,
    },
    /// The settings are others.
    Settings {
        /// As they are now.
        settings: Settings,
    },
    /// This window was told too little: it should ask for everything anew.
    Behind,
}

/// Where windows listen.
#[derive(Clone, Debug)]
pub struct Hub(broadcast::Sender<Arc<str>>);

impl Default for Hub {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }
}

impl Hub {
    /// Whether nobody listens.
    pub fn is_alone(&self) -> bool {
        self.0.receiver_count() == 0
    }

    /// Tells every window.
    pub fn tell(&self, happening: &Happening) {
        if let Ok(text) = serde_json::to_string(happening) {
            // Without a window nobody needs to know.
            let _ = self.0.send(text.into());
        }
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.0.subscribe()
    }
}
