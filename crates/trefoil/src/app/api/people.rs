//! People: found, seen, compared.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        keeper::Kept,
        shape::{Person, Qr, Safety, VerifyOutcome},
    },
    Body,
    auditing::domain,
    user_uri,
};
use crate::{discovery, minors, person};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};
use trefoil_client::{
    boundaries, conversation,
    discovery::Number,
    verification::{Comparison, Proof, Standing},
};
use trefoil_proto::{Domain, UserUri};
use utoipa::ToSchema;

/// Most numbers in one request: as many as a service allows a person a day, unless it says otherwise.
const MOST_NUMBERS: usize = 2000;

/// Whom to find: a card's link, or a name at a service.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// A URI as a card shows it, the link that a minor shows, or `NAME@DOMAIN` with an exact handle or phone number.
    whom: String,
}

/// What was compared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Compared {
    /// The code that the other's device shows, as text.
    code: Option<String>,
    /// The sixty digits that were on the screen when the person said that they match.
    digits: Option<String>,
}

/// Numbers to be looked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressBook {
    /// Domain of the service to look at.
    domain: String,
    /// Phone numbers in international form, as address books write them; 1 to 2000, as many as a service allows a day.
    numbers: Vec<String>,
}

/// Who was found by number.
#[derive(Serialize, ToSchema)]
pub(super) struct FoundNumbers {
    /// Those who have one of the numbers.
    found: Vec<FoundNumber>,
    /// How many different numbers were looked for; fewer than were given if that stopped, or some stood twice.
    looked: usize,
    /// Why it stopped before the last one: what was found until then stands.
    stopped: Option<Problem>,
}

/// Somebody, by number.
#[derive(Serialize, ToSchema)]
pub(super) struct FoundNumber {
    /// The number, as it was looked for.
    number: String,
    /// Who has it.
    person: Person,
}

/// Finds people, exactly.
#[utoipa::path(post, path = "/accounts/{account}/find", params(("account" = String, Path,)), request_body = Wanted, responses((status = 200, body = Vec<Person>)))]
pub(super) async fn find(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<Wanted>,
) -> Answer<Json<Vec<Person>>> {
    let keeper = app.accounts.get(&account)?;
    let whom = ask.whom.trim().to_owned();
    if minors::is_reach_link(&whom) {
        let took = keeper.with(move |kept| {
            let user = minors::take_reach(&mut kept.agent, &whom)?;
            seen(kept, &user).map(|person| vec![person])
        });
        return took.await.map(Json);
    }
    let found: Vec<UserUri> = match whom.parse() {
        Ok(user) => vec![user],
        Err(_) => {
            let form = || {
                Problem::because(
                    ProblemCode::NoPerson,
                    "give a card's link, or a name and its service: NAME@DOMAIN",
                )
            };
            let (name, domain) =
                whom.rsplit_once('@').filter(|(name, _)| !name.is_empty()).ok_or_else(form)?;
            let domain: Domain = domain.parse().map_err(|_| form())?;
            person::find(&keeper.way, &domain, name).await?
        }
    };
    keeper.with(move |kept| found.iter().map(|user| seen(kept, user)).collect()).await.map(Json)
}

/// Looks for a whole address book at a service. No service learns a number, or whether anybody was found. A number that cannot
/// be one is refused before anything is asked.
#[utoipa::path(post, path = "/accounts/{account}/find/numbers", params(("account" = String, Path,)), request_body = AddressBook, responses((status = 200, body = FoundNumbers), (status = 422, body = Problem)))]
pub(super) async fn find_numbers(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<AddressBook>,
) -> Answer<Json<FoundNumbers>> {
    let keeper = app.accounts.get(&account)?;
    let domain = domain(&ask.domain)?;
    if !(1..=MOST_NUMBERS).contains(&ask.numbers.len()) {
        return Err(Problem::unusable(format!("give 1 to {MOST_NUMBERS} numbers")));
    }
    let mut numbers: Vec<Number> = Vec::new();
    let mut met = BTreeSet::new();
    for (index, raw) in ask.numbers.iter().enumerate() {
        // What stands there instead is nobody's business.
        let number: Number = raw
            .parse()
            .map_err(|error| Problem::unusable(format!("number {} of the list: {error}", index + 1)))?;
        if met.insert(number.clone()) {
            numbers.push(number);
        }
    }
    let (mut found, mut looked) = (Vec::new(), 0);
    let hear = |told: Vec<discovery::Found>| {
        looked += told.len();
        found.extend(told.into_iter().filter_map(|(number, user)| Some((number, user?))));
    };
    let stopped = discovery::find(&keeper.way, &domain, &numbers, hear).await.err().map(Problem::from);
    if let Some(problem) = stopped.as_ref().filter(|_| looked == 0) {
        return Err(problem.clone());
    }
    let found = keeper.with(move |kept| {
        found
            .into_iter()
            .map(|(number, user)| {
                Ok(FoundNumber { number: number.as_str().to_owned(), person: seen(kept, &user)? })
            })
            .collect::<Answer<Vec<_>>>()
    });
    Ok(Json(FoundNumbers { found: found.await?, looked, stopped }))
}

/// A person, as this account sees them.
#[utoipa::path(get, path = "/accounts/{account}/people/{user}", params(("account" = String, Path,), ("user" = String, Path,)), responses((status = 200, body = Person)))]
pub(super) async fn person(
    State(app): State<Arc<App>>,
    Path((account, user)): Path<(String, String)>,
) -> Answer<Json<Person>> {
    let user = user_uri(&user)?;
    app.accounts.get(&account)?.with(move |kept| seen(kept, &user)).await.map(Json)
}

/// What to compare with a person.
#[utoipa::path(get, path = "/accounts/{account}/people/{user}/safety", params(("account" = String, Path,), ("user" = String, Path,)), responses((status = 200, body = Safety), (status = 404, body = Problem)))]
pub(super) async fn safety(
    State(app): State<Arc<App>>,
    Path((account, user)): Path<(String, String)>,
) -> Answer<Json<Safety>> {
    let user = user_uri(&user)?;
    app.accounts.get(&account)?.with(move |kept| compare_with(kept, &user)).await.map(Json)
}

/// Compares; on a match the person is verified.
#[utoipa::path(post, path = "/accounts/{account}/people/{user}/verify", params(("account" = String, Path,), ("user" = String, Path,)), request_body = Compared, responses((status = 200, body = VerifyOutcome)))]
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    Path((account, user)): Path<(String, String)>,
    Body(ask): Body<Compared>,
) -> Answer<Json<VerifyOutcome>> {
    let user = user_uri(&user)?;
    let unusable = |error: &dyn ToString| Problem::because(ProblemCode::BadSafetyCode, error.to_string());
    let proof = match (&ask.code, &ask.digits) {
        (Some(code), None) => Proof::Scanned(code.trim().parse().map_err(|error| unusable(&error))?),
        (None, Some(digits)) => Proof::Compared(digits.parse().map_err(|error| unusable(&error))?),
        _ => return Err(Problem::unusable("give either a code or digits")),
    };
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(move |kept| {
            let compared = kept.agent.act_for(|client, now| client.verify(&user, &proof, now))?;
            Ok(VerifyOutcome { matches: compared == Comparison::Match, message: said(&user, &compared) })
        })
        .await
        .map(Json)
}

/// Takes the new account key of a verified person without comparing it.
#[utoipa::path(post, path = "/accounts/{account}/people/{user}/accept-key", params(("account" = String, Path,), ("user" = String, Path,)), responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn accept_key(
    State(app): State<Arc<App>>,
    Path((account, user)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let user = user_uri(&user)?;
    let keeper = app.accounts.get(&account)?;
    keeper.with(move |kept| Ok(kept.agent.act(|client, now| client.accept_new_key(&user, now))?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn seen(kept: &mut Kept, user: &UserUri) -> Answer<Person> {
    let me = kept.agent.client.identity().map(|me| me.user);
    // Names are given in rooms: the one of any shared room does.
    let store = kept.store();
    let mut name = None;
    for room in kept.agent.client.rooms()? {
        if room.participants.iter().any(|one| one.user == *user) {
            name = name.or(conversation::profile(&store, &room.uri, user)?);
        }
    }
    let standing = kept.agent.client.standing(user);
    // A picture is asked for by its room.
    let near = (standing, boundaries::stance(&store, user)?);
    Ok(Person::of(user, me.as_ref(), (name, None), near))
}

fn compare_with(kept: &mut Kept, user: &UserUri) -> Answer<Safety> {
    let safety = kept.agent.client.safety(user)?;
    let code = safety.code.to_string();
    Ok(Safety {
        person: seen(kept, user)?,
        digits: safety.number.groups().collect(),
        digits_before: safety.number_before.map(|number| number.groups().collect()),
        qr: Qr::of(&code),
        code,
        verified: safety.verified.map(|time| time.0).filter(|_| safety.standing != Standing::Unverified),
    })
}

fn said(user: &UserUri, compared: &Comparison) -> String {
    match compared {
        Comparison::Match => format!("they match: {user} is verified"),
        Comparison::Mismatch { .. } => {
            "they do not match: one of you knows the other under a false key. Somebody may be between you, even a service: \
             write nothing that matters here, and find out why"
                .to_owned()
        }
        Comparison::OtherPerson { by, to } => {
            format!("that code is shown by {by} to {to}: nothing was compared")
        }
    }
}
