//! A step: changes that are not durable yet. Effects and events come out only by committing them.

use crate::{ClientError, Effect, Event, core::Core};

/// Changes, effects and events of one call. Nothing may leave the device before the changes are durable, or a crash
/// could reuse a nonce: so effects can be had from [`Step::commit`] only. A step that is dropped without it leaves no
/// trace, neither in the store nor in memory.
#[must_use = "a step that is dropped changes nothing"]
pub struct Step<'a> {
    core: &'a mut Core,
    committed: bool,
}

/// What a committed step hands out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// To be performed, in this order.
    pub effects: Vec<Effect>,
    /// To be shown, in this order.
    pub events: Vec<Event>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(core: &'a mut Core) -> Self {
        Self { core, committed: false }
    }

    /// Makes the changes durable in one batch, and only then hands out what follows from them.
    ///
    /// # Errors
    /// [`ClientError::Store`]: nothing was written, and memory is as before the step.
    pub fn commit(mut self) -> Result<Outcome, ClientError> {
        let outcome = self.core.commit()?;
        self.committed = true;
        Ok(outcome)
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if !self.committed {
            self.core.roll_back();
        }
    }
}
