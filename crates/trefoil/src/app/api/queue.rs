//! Who sends the messages of a room that wait for their files: one after the other, each until it is in the outbox, or refused in a
//! way that only its writer can change.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        files,
        hub::Happening,
        keeper::Keeper,
        shape::{WaitingRoom, Warning},
        waiting::{Again, Order, Place, Trouble},
    },
    files::blocking,
    messages::draft,
    waiting::{letter, parcels, shown},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;
use trefoil_client::attachment::{HandedId, Parcel, ParcelId};

/// How long what failed for now waits at first; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

type Orders = mpsc::UnboundedReceiver<Order>;

/// Works until nothing waits in the room any more.
pub(super) async fn work(app: Arc<App>, keeper: Keeper, place: Place, mut orders: Orders) {
    let mut queue = Queue { app, keeper, place, pause: FIRST_PAUSE };
    while let Some(order) = queue.turn(&mut orders).await {
        queue.obey(order).await;
    }
}

struct Queue {
    app: Arc<App>,
    keeper: Keeper,
    place: Place,
    /// How long the next pause is.
    pause: Duration,
}

impl Queue {
    /// Goes on until it is told something; nothing once it has ended.
    async fn turn(&mut self, orders: &mut Orders) -> Option<Order> {
        loop {
            let waiting = self.waiting().await;
            self.tell(&waiting);
            let next = waiting.iter().find(|parcel| !self.app.waiting.is_held(&self.keeper.id, parcel.id));
            let Some(parcel) = next else {
                if waiting.is_empty() && self.app.waiting.end(&self.place, orders) {
                    return None;
                }
                return orders.recv().await;
            };
            let sending = send(Arc::clone(&self.app), self.keeper.clone(), parcel.clone());
            tokio::pin!(sending);
            let sent = loop {
                let order = tokio::select! {
                    sent = &mut sending => break sent,
                    order = orders.recv() => order?,
                };
                if order.breaks_off(parcel.id) {
                    // What was sent so far is kept: if it goes, it goes on there.
                    return Some(order);
                }
                self.obey(order).await;
                self.tell(&self.waiting().await);
            };
            let Err(problem) = sent else {
                self.app.waiting.set_trouble(&self.keeper.id, parcel.id, None);
                self.pause = FIRST_PAUSE;
                continue;
            };
            if self.keeper.is_closed() {
                return None;
            }
            if !self.waiting().await.contains(parcel) {
                // It went with the try before, which an order broke off when all was said.
                continue;
            }
            if self.refused(parcel, problem).await {
                continue;
            }
            self.tell(&waiting);
            let pause = self.pause;
            self.pause = (2 * pause).min(LONGEST_PAUSE);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.keeper.comes_online() => self.pause = FIRST_PAUSE,
                order = orders.recv() => return order,
            }
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Look => {}
            Order::Again(id, how) => {
                if how == Again::Whole
                    && let Err(problem) = self.leave_whole(id).await
                {
                    tracing::warn!(problem = problem.message, "a picture keeps being cleaned");
                }
                self.app.waiting.set_trouble(&self.keeper.id, id, None);
                self.pause = FIRST_PAUSE;
            }
            Order::GiveUp(id, answer) => {
                // Who asked may have gone; it is given up all the same.
                let _ = answer.send(self.give_up(id).await);
            }
        }
    }

    /// Those of the room; tried until the store can be read.
    async fn waiting(&self) -> Vec<Parcel> {
        loop {
            let (app, keeper, place) = (Arc::clone(&self.app), self.keeper.clone(), self.place.clone());
            match blocking(move || parcels(&app, &keeper, &place)).await {
                Ok(waiting) => return waiting,
                Err(problem) => {
                    tracing::warn!(problem = problem.message, "messages with files wait unread");
                    tokio::time::sleep(LONGEST_PAUSE).await;
                }
            }
        }
    }

    /// Notes why one has not gone. Whether it is held: then the next one's turn comes, and the person is told.
    async fn refused(&self, parcel: &Parcel, problem: Problem) -> bool {
        let held = is_final(problem.code);
        let text = format!("a file was not sent: {}", problem.message);
        self.app.waiting.set_trouble(&self.keeper.id, parcel.id, Some(Trouble { problem, held }));
        if !held {
            return false;
        }
        // Of nothing: it has ended.
        parcel.files.iter().for_each(|id| tell_transfer(&self.app, &self.keeper, *id, 0, 0));
        let (app, way, anew) = (Arc::clone(&self.app), self.keeper.way.clone(), parcel.clone());
        if let Err(problem) = blocking(move || app.files.forget_uploads(&way, &anew)).await {
            tracing::warn!(problem = problem.message, "the uploads of a message that was not sent are kept");
        }
        let room = parcel.room.clone();
        let told = self.keeper.with(move |kept| {
            kept.alarm(Some(&room), Warning::new("file-not-sent", text));
            Ok(())
        });
        // The account is closed with the program; nobody is left to be told.
        let _ = told.await;
        true
    }

    /// In the account's turn, as it is there that a message comes into the outbox: it is sent or given up, never both.
    async fn give_up(&self, id: ParcelId) -> Answer<()> {
        let (app, keeper, place) = (Arc::clone(&self.app), self.keeper.clone(), self.place.clone());
        let given_up = self.keeper.with(move |_| {
            let waiting = parcels(&app, &keeper, &place)?;
            let found = waiting.into_iter().find(|parcel| parcel.id == id);
            let parcel = found.ok_or_else(|| Problem::not_found("it was sent, or given up, already"))?;
            app.files.give_up(&keeper.way, &parcel)?;
            Ok(parcel)
        });
        let parcel = given_up.await?;
        self.app.waiting.set_trouble(&self.keeper.id, id, None);
        parcel.files.iter().for_each(|file| tell_transfer(&self.app, &self.keeper, *file, 0, 0));
        Ok(())
    }

    async fn leave_whole(&self, id: ParcelId) -> Answer<()> {
        let (app, keeper, place) = (Arc::clone(&self.app), self.keeper.clone(), self.place.clone());
        blocking(move || {
            let waiting = parcels(&app, &keeper, &place)?;
            let found = waiting.iter().find(|parcel| parcel.id == id);
            found.map_or(Ok(()), |parcel| app.files.leave_whole(&keeper.way, parcel))
        })
        .await
    }

    /// Tells the windows what waits.
    fn tell(&self, waiting: &[Parcel]) {
        let hub = self.app.accounts.hub();
        if !hub.is_alone() {
            let waiting = shown(&self.app, &self.keeper, waiting);
            let (account, room) = (self.keeper.id.clone(), self.place.1.to_string());
            hub.tell(&Happening::Waiting(WaitingRoom { account, room, waiting }));
        }
    }
}

async fn send(app: Arc<App>, keeper: Keeper, parcel: Parcel) -> Answer<()> {
    let _turn = app.waiting.turn(&keeper.id).await;
    let mut ask = letter(&parcel)?;
    let mut sent = Vec::with_capacity(parcel.files.len());
    for id in &parcel.files {
        let moved = |there, of| tell_transfer(&app, &keeper, *id, there, of);
        sent.push(app.files.send(&keeper.way, *id, moved).await?);
    }
    keeper
        .with(move |kept| {
            if !ask.answers_something(kept, &parcel.room)? {
                // It is gone by now: what was said of it is said all the same.
                ask.reply_to = None;
            }
            let draft = draft(kept, &parcel.room, &ask, &sent)?;
            kept.agent.act_for(|client, now| client.send_parcel(&parcel, draft, now))?;
            Ok(())
        })
        .await
}

/// Tells the windows how far a file is.
fn tell_transfer(app: &App, keeper: &Keeper, id: HandedId, there: u64, of: u64) {
    let (account, upload) = (keeper.id.clone(), files::named(id));
    app.accounts.hub().tell(&Happening::Transfer { account, upload, there, of });
}

/// Whether trying again by itself changes nothing. A quota is a day's; of a key that changed the person decides, whom the
/// conversation asks; a token may have run out; what this machine lacks it may have later.
const fn is_final(code: ProblemCode) -> bool {
    use ProblemCode as Code;
    matches!(
        code,
        Code::Unusable
            | Code::NotOpen
            | Code::NotAllowed
            | Code::NotInRoom
            | Code::NotFound
            | Code::Refused
            | Code::Unsupported
            | Code::TooLong
            | Code::TooLarge
            | Code::FileSize
            | Code::FileUnusable
            | Code::AttachmentUnusable
            | Code::PictureTooLarge
            | Code::PictureUnusable
            | Code::MetadataStays
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_or_this_machine_lacks_for_now_is_tried_again() {
        for code in [
            ProblemCode::Unreachable,
            ProblemCode::RateLimited,
            ProblemCode::QuotaExceeded,
            ProblemCode::KeyChanged,
            ProblemCode::Removed,
            ProblemCode::Store,
            ProblemCode::Internal,
        ] {
            assert!(!is_final(code), "{code:?}");
        }
        assert!(is_final(ProblemCode::NotOpen));
        assert!(is_final(ProblemCode::FileUnusable));
    }
}
