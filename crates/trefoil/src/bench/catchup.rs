//! Coming back: devices whose mailboxes were filled while they were away read everything.

use super::{BenchError, Place, delivery, lanes::Shape, report};

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Messages in all mailboxes together.
    pub messages: usize,
    /// Devices that come back at the same time.
    pub devices: usize,
    /// Bytes of text in a message.
    pub payload: usize,
    /// Unanswered submissions of one sender while the mailboxes are filled.
    pub window: usize,
}

/// Fills, then measures from the moment the devices connect to the last delivery. Processor time and bytes written
/// are of that second part.
///
/// # Errors
/// [`BenchError`].
pub async fn run(place: &Place, ask: Ask) -> Result<report::Delivery, BenchError> {
    let shape = Shape::Pairs { count: ask.devices.max(1) };
    let Ask { payload, messages, window, .. } = ask;
    delivery::after(place, delivery::Ask { shape, payload, messages, limit: None, rate: None, window }).await
}
