//! The client core: identity, rooms, messages, attachments, timeline. Steps in, effects out.
//!
//! Nothing here knows sockets, threads or clocks. A call on [`Client`] returns a [`Step`]: changes that are not durable
//! yet. Committing it makes them durable in one batch and hands out [`Effect`]s for the shell to perform and
//! [`Event`]s to show; the answers come back as [`Input`]s. Dropping a step undoes it.

pub mod alarm;
pub mod attachment;
pub mod backup;
pub mod boundaries;
pub mod conversation;
pub mod delivery;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod minors;
pub mod mls;
pub mod overlay;
pub mod pin;
pub mod rows;
pub mod verification;

mod account;
mod announcing;
mod changes;
mod client;
mod communities;
mod core;
pub mod directory;
pub mod discovery;
mod effect;
mod error;
mod event;
mod forwarding;
mod frank;
mod inbox;
mod input;
mod inviting;
mod joining;
mod keys;
mod left;
mod linking;
mod live;
pub mod made_reports;
mod outbox;
mod own_devices;
mod parcels;
mod passes;
mod picturing;
mod plan;
mod reading;
mod recovering;
mod rejoining;
mod removal;
pub mod reporting;
mod requests;
mod retelling;
mod room;
mod rooms;
mod roster;
mod step;
mod talk;

pub use client::{Client, IdentityView};
pub use communities::GroupView;
pub use effect::{Effect, HttpRequest, Method, RequestId};
pub use error::{ClientError, MlsFailure};
pub use event::{ChangeRefusal, Event, JoinedHow, Refusal, SendRefusal};
pub use input::{HttpResponse, Input};
pub use inviting::{InvitationTerms, LINK as INVITATION_LINK};
pub use linking::{HistoryPiece, LinkCode, LinkOffer, LinkView, REQUEST as LINK_CODE, Side};
pub use mls::suite::Suite;
pub use passes::Blinded;
pub use rooms::{Participant, RoomView};
pub use rows::RoomState;
pub use step::{Outcome, Step};
