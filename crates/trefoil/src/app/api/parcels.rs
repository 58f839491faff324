//! Messages with files: taken into the store at once, sent when their files are with the service. What was taken does not end with
//! this process: it goes on with the next, and of what can never be sent the person is told.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        files,
        hub::Happening,
        keeper::Keeper,
        shape::Warning,
    },
    files::blocking,
    messages::{NewMessage, draft},
};
use rand::RngCore as _;
use std::{sync::Arc, time::Duration};
use trefoil_client::attachment::{Descriptor, HandedId, Parcel, ParcelId};
use trefoil_proto::RoomUri;

/// How long what failed for now waits at first; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// What becomes of a message that could not be sent.
enum Fate {
    /// The service is away, or busy: it is tried again.
    Again,
    /// This process cannot go on with it: the next one does.
    Later,
    /// It will not be sent: the person is told.
    Never,
}

/// Takes a message with files. It is kept when this is answered.
pub(super) async fn take(app: &Arc<App>, keeper: Keeper, room: RoomUri, ask: NewMessage) -> Answer<()> {
    let mut id = [0; 16];
    rand::rng().fill_bytes(&mut id);
    let files = ask.files.iter().map(|upload| files::parse(upload)).collect::<Answer<Vec<_>>>()?;
    let letter = serde_json::to_vec(&ask).map_err(|error| Problem::internal(error.to_string()))?;
    let parcel = Parcel { id: ParcelId(id), room, files, letter };
    if !ask.text.trim().is_empty() {
        // What cannot be said is refused now, and not once its files are with the service.
        let place = parcel.room.clone();
        keeper.with(move |kept| draft(kept, &place, &ask, &[]).map(drop)).await?;
    }
    let (keeping, way, kept) = (Arc::clone(app), keeper.way.clone(), parcel.clone());
    if blocking(move || keeping.files.keep(&way, &kept)).await? {
        tokio::spawn(deliver(Arc::clone(app), keeper, parcel));
    }
    Ok(())
}

/// Goes on with what an earlier process took.
pub fn resume(app: &Arc<App>) {
    for keeper in app.accounts.all() {
        match app.files.parcels(&keeper.way) {
            Ok(parcels) => {
                for parcel in parcels {
                    tokio::spawn(deliver(Arc::clone(app), keeper.clone(), parcel));
                }
            }
            Err(problem) => tracing::warn!(problem = problem.message, "messages with files wait unread"),
        }
    }
}

async fn deliver(app: Arc<App>, keeper: Keeper, parcel: Parcel) {
    let mut pause = FIRST_PAUSE;
    let mut sent = Vec::with_capacity(parcel.files.len());
    loop {
        let Err(problem) = send(&app, &keeper, &parcel, &mut sent).await else { return };
        match fate(problem.code) {
            Fate::Again => {
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
            Fate::Later => {
                tracing::warn!(problem = problem.message, "a message with files waits for the next start");
                return;
            }
            Fate::Never => return give_up(&app, &keeper, &parcel, &problem).await,
        }
    }
}

/// `sent` are those of the files that the service has already, from the first on.
async fn send(app: &Arc<App>, keeper: &Keeper, parcel: &Parcel, sent: &mut Vec<Descriptor>) -> Answer<()> {
    let mut ask: NewMessage = serde_json::from_slice(&parcel.letter)
        .map_err(|error| Problem::internal(format!("it was kept by another version: {error}")))?;
    for id in parcel.files.iter().skip(sent.len()) {
        sent.push(app.files.send(&keeper.way, *id, |there, of| tell(app, keeper, *id, there, of)).await?);
    }
    let (parcel, sent) = (parcel.clone(), sent.clone());
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

const fn fate(code: ProblemCode) -> Fate {
    use ProblemCode as Code;
    match code {
        // A quota is a day's; of a key that changed the person decides, whom the conversation asks.
        Code::Unreachable
        | Code::ServiceFailed
        | Code::RateLimited
        | Code::QuotaExceeded
        | Code::KeyChanged => Fate::Again,
        Code::NotOpen
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
        | Code::PictureUnusable => Fate::Never,
        _ => Fate::Later,
    }
}

async fn give_up(app: &Arc<App>, keeper: &Keeper, parcel: &Parcel, problem: &Problem) {
    let (forgetting, way, gone) = (Arc::clone(app), keeper.way.clone(), parcel.clone());
    if let Err(problem) = blocking(move || forgetting.files.give_up(&way, &gone)).await {
        tracing::warn!(problem = problem.message, "a message that was not sent could not be forgotten");
    }
    // Of nothing: it has ended.
    parcel.files.iter().for_each(|id| tell(app, keeper, *id, 0, 0));
    let (room, text) = (parcel.room.to_string(), format!("a file was not sent: {}", problem.message));
    let told = keeper.with(move |kept| {
        kept.alarm(Some(room), Warning::new("file-not-sent", text));
        Ok(())
    });
    // The account is closed with the program; nobody is left to be told.
    let _ = told.await;
}

/// Tells the windows how far a file is.
fn tell(app: &App, keeper: &Keeper, id: HandedId, there: u64, of: u64) {
    let (account, upload) = (keeper.id.clone(), files::named(id));
    app.accounts.hub().tell(&Happening::Transfer { account, upload, there, of });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_or_this_machine_lacks_for_now_loses_no_message() {
        assert!(matches!(fate(ProblemCode::Unreachable), Fate::Again));
        assert!(matches!(fate(ProblemCode::RateLimited), Fate::Again));
        assert!(matches!(fate(ProblemCode::QuotaExceeded), Fate::Again));
        assert!(matches!(fate(ProblemCode::KeyChanged), Fate::Again));
        assert!(matches!(fate(ProblemCode::Store), Fate::Later));
        assert!(matches!(fate(ProblemCode::Internal), Fate::Later));
        assert!(matches!(fate(ProblemCode::NotOpen), Fate::Never));
        assert!(matches!(fate(ProblemCode::FileUnusable), Fate::Never));
    }
}
