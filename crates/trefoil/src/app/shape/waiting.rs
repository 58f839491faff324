//! A message that waits for its files, as the windows see it.

use crate::app::{error::Problem, files::Progress};
use serde::Serialize;
use utoipa::ToSchema;

/// A message that was taken and waits for its files: it is sent by itself, whatever becomes of the window and of this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Waiting {
    /// Names it.
    pub waiting: String,
    /// Its text in Markdown, or the caption of its files.
    pub text: String,
    /// Its files. How far each is on its way to the service is told as it goes.
    pub files: Vec<Progress>,
    /// When it was taken: milliseconds since the UNIX epoch.
    pub taken: u64,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// It can be opened once.
    pub view_once: bool,
    /// Why it has not gone yet, if that is known.
    pub problem: Option<Problem>,
    /// It is not tried again by itself: the person decides.
    pub held: bool,
}

/// The messages of a room that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitingRoom {
    /// The account.
    pub account: String,
    /// The room.
    pub room: String,
    /// Those that wait, in the order in which they go.
    pub waiting: Vec<Waiting>,
}
