//! Whether a report proves what it says.

use super::SafetyError;
use trefoil_proto::{
    RoomUri, UserUri,
    content::MimiContent,
    defence::Defence,
    franking::{self, FrankingTag, ServerFrankingContext},
    mimi::{
        Frank,
        report::{AbuseReport, AbusiveMessage},
    },
};

/// Most messages of one report.
pub const MESSAGES: usize = 50;
/// Longest note, in bytes.
pub const NOTE: usize = 4096;

/// Looks at everything that a report says: the reporter is who asks, and each message was sent by whom it accuses, in this
/// room, as it stands there. `is_stamped` says whether this hub made a stamp. A report may show no message.
///
/// # Errors
/// [`SafetyError::NotTheReporter`], [`SafetyError::TooMuch`], [`SafetyError::Unproven`].
pub(super) fn prove(
    reporter: &UserUri,
    room: &RoomUri,
    report: &AbuseReport,
    is_stamped: impl Fn(&FrankingTag, &ServerFrankingContext, &Frank) -> bool,
) -> Result<(), SafetyError> {
    if report.reporting_user != *reporter {
        return Err(SafetyError::NotTheReporter);
    }
    if report.messages.len() > MESSAGES || report.note.len() > NOTE {
        return Err(SafetyError::TooMuch);
    }
    if std::str::from_utf8(&report.note).is_err() {
        return Err(SafetyError::Note);
    }
    let proven = |message: &AbusiveMessage| {
        let content = content_of(message)?;
        let tag = franking::tag(&content.salt, &message.message_content);
        let context = ServerFrankingContext {
            sender_uri: report.alleged_abuser.clone(),
            room_uri: room.clone(),
            accepted_timestamp: message.accepted_timestamp,
            key_id: message.frank.key_id,
        };
        (is_stamped(&tag, &context, &message.frank) || !Defence::ReportStamp.stands()).then_some(())
    };
    match report.messages.iter().position(|message| proven(message).is_none()) {
        Some(index) => Err(SafetyError::Unproven { index }),
        None => Ok(()),
    }
}

/// The tags of the messages that a report shows: which messages they are.
pub fn shown_by(report: &AbuseReport) -> Vec<FrankingTag> {
    let tag = |message: &AbusiveMessage| {
        content_of(message).map(|content| franking::tag(&content.salt, &message.message_content))
    };
    report.messages.iter().filter_map(tag).collect()
}

/// The content of a message that was shown.
pub(super) fn content_of(message: &AbusiveMessage) -> Option<MimiContent> {
    MimiContent::decode(&message.message_content).ok()
}
