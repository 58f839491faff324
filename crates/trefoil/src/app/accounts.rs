//! The accounts of this device: one in the home folder itself, further ones in `accounts/` inside it. Which accounts
//! belong to one person is known here and nowhere else.

use super::{
    error::{Answer, Problem, ProblemCode},
    hub::{Happening, Hub},
    keeper::Keeper,
    shape::{KnownService, profile_name},
    suggestions::Suggestions,
};
use crate::{
    agent::Agent,
    backup,
    home::{FIRST, FURTHER, Home, HomeError, Passphrase},
    person::{self, Newcomer, PersonError, Place},
    settings::{Choice, Settings},
    transport::Service,
};
use futures_util::future::join_all;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use trefoil_client::{LinkOffer, backup::RecoverySecret, conversation::compose};

/// How long a new account may take to be at rest before it is shown.
const SETTLING: Duration = Duration::from_secs(10);
/// Accounts on one device.
const MOST: usize = 32;

/// The accounts of this device.
pub struct Accounts {
    home: PathBuf,
    passphrase: Option<Passphrase>,
    hub: Hub,
    keepers: Mutex<BTreeMap<String, Keeper>>,
    suggested: Suggestions,
    settings: Mutex<Settings>,
    /// One account is made at a time.
    making: tokio::sync::Mutex<()>,
}

/// What can go wrong before the page is served.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A folder or store.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// An account.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// The list of services.
    #[error("{path} is no list of services: {what}")]
    Suggestions {
        /// Which file.
        path: PathBuf,
        /// Why.
        what: String,
    },
}

impl Accounts {
    /// Opens what is in the home folder; every account goes online.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        home: &Path,
        passphrase: Option<Passphrase>,
        services: Option<&Path>,
        hub: Hub,
    ) -> Result<Self, OpenError> {
        let accounts = Self {
            home: home.to_owned(),
            passphrase,
            keepers: Mutex::default(),
            suggested: services.map(Suggestions::read).transpose()?.unwrap_or_default(),
            settings: Mutex::new(Settings::read(home)?),
            making: tokio::sync::Mutex::default(),
            hub,
        };
        for (id, folder) in Home::accounts_of(home)? {
            let home = Home::locate(Some(&folder))?;
            if home.has_account() {
                let opened = person::open(&home, accounts.passphrase.as_ref());
                accounts.keep(opened.map_err(|error| not_by_oneself(error, &accounts.home, &folder))?.0, id);
            }
        }
        Ok(accounts)
    }

    /// Where things happen.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Every account, in the order in which they were made.
    pub fn all(&self) -> Vec<Keeper> {
        let mut keepers: Vec<Keeper> = self.keepers().values().cloned().collect();
        keepers.sort_by_key(|keeper| (keeper.id.len(), keeper.id.clone()));
        keepers
    }

    /// Those of them at which this program has not failed.
    pub fn working(&self) -> Vec<Keeper> {
        self.all().into_iter().filter(|keeper| !keeper.is_closed()).collect()
    }

    /// Closes every account.
    pub async fn close(&self) {
        join_all(self.all().iter().map(Keeper::close)).await;
    }

    /// One account.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn get(&self, id: &str) -> Answer<Keeper> {
        let found = self.keepers().get(id).cloned();
        found.ok_or_else(|| Problem::not_found("there is no such account on this device"))
    }

    /// What the person chose.
    pub fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    /// Keeps what the person chose, beside what they chose before, and tells every window.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn choose(&self, choice: Choice) -> Answer<Settings> {
        let mut kept = lock(&self.settings);
        let settings = kept.clone().with(choice);
        settings.write(&self.home)?;
        *kept = settings.clone();
        self.hub.tell(&Happening::Settings { settings: settings.clone() });
        Ok(settings)
    }

    /// The services to choose from; those that do not answer are left out.
    pub async fn services(&self) -> Vec<KnownService> {
        self.suggested.known(look).await
    }

    /// What a service says of itself.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn look(&self, place: Place<'_>) -> Answer<KnownService> {
        look(place.service.to_owned(), place.ca.map(<[u8]>::to_vec)).await
    }

    /// The authority to trust at an address: the one that was given (PEM), else the one that the suggestions name.
    pub fn authority(&self, url: &str, given: Option<&str>) -> Option<Vec<u8>> {
        given.map(|given| given.as_bytes().to_vec()).or_else(|| self.suggested.authority(url))
    }

    /// The way to another service on behalf of an account: by the authority that was given (PEM), else the one that the
    /// suggestions name, else the account's own.
    ///
    /// # Errors
    /// It is no address, or the authority is none.
    pub fn service(&self, account: &str, url: &str, given: Option<&str>) -> Answer<Service> {
        let folder = match account {
            FIRST => self.home.clone(),
            further => self.home.join(FURTHER).join(further),
        };
        let ca = match self.authority(url, given) {
            Some(ca) => Some(ca),
            None => Home::locate(Some(&folder))?.address()?.1,
        };
        Ok(Service::new(url, ca.as_deref()).map_err(PersonError::from)?)
    }

    /// Makes an account and goes online with it.
    ///
    /// # Errors
    /// The service refused or cannot be reached; nothing is kept then.
    pub async fn register(&self, place: Place<'_>, who: Newcomer<'_>, name: &str) -> Answer<Keeper> {
        if !name.is_empty() {
            // Before anything is asked for: what is registered cannot be taken back.
            compose::profile(name)
                .map_err(|error| Problem::because(ProblemCode::BadName, error.to_string()))?;
        }
        let _one = self.making.lock().await;
        let known = self.look(place).await?;
        let (id, folder) = self.free_place()?;
        let home = Home::locate(Some(&folder))?;
        let place = Place { service: &known.url, ca: place.ca };
        let made = person::register_as(&home, self.passphrase.as_ref(), place, who).await;
        let mut agent = match made {
            Ok((agent, _)) => agent,
            Err(error) => {
                home.forget_attempt(id != FIRST);
                return Err(error.into());
            }
        };
        if !name.is_empty() {
            person::rename(&mut agent, name)?;
        }
        // The account is there; what is not settled in time (the directories, key packages) goes on by itself.
        let _ = agent.settle(SETTLING, |_, _| {}).await;
        Ok(self.keep(agent, id))
    }

    /// Makes a device that waits to be linked to an account; gives what it shows to the account's first device.
    ///
    /// # Errors
    /// The service cannot be reached; nothing is kept then.
    pub async fn request_link(&self, place: Place<'_>, name: &str) -> Answer<(Keeper, LinkOffer)> {
        let _one = self.making.lock().await;
        let known = self.look(place).await?;
        let (id, folder) = self.free_place()?;
        let home = Home::locate(Some(&folder))?;
        let place = Place { service: &known.url, ca: place.ca };
        match person::begin_link(&home, self.passphrase.as_ref(), place, name).await {
            Ok((agent, offer)) => Ok((self.keep(agent, id), offer)),
            Err(error) => {
                home.forget_attempt(id != FIRST);
                Err(error.into())
            }
        }
    }

    /// Brings an account back from its backup, and goes online with it.
    ///
    /// # Errors
    /// There is no backup under this secret, or the service cannot be reached; nothing is kept then.
    pub async fn recover(&self, place: Place<'_>, secret: &RecoverySecret) -> Answer<Keeper> {
        let _one = self.making.lock().await;
        let (id, folder) = self.free_place()?;
        let home = Home::locate(Some(&folder))?;
        match backup::recover(&home, self.passphrase.as_ref(), place, secret, |_, _| {}).await {
            Ok((agent, _)) => Ok(self.keep(agent, id)),
            Err(error) => {
                home.forget_attempt(id != FIRST);
                Err(error.into())
            }
        }
    }

    /// Two suggested services that are not this one, to keep parts of a PIN.
    ///
    /// # Errors
    /// Fewer are known.
    pub async fn two_others(&self, url: &str) -> Answer<[Service; 2]> {
        let own = url.trim_end_matches('/');
        let known = self.services().await;
        let mut others = Vec::new();
        for one in known.iter().filter(|one| one.url.trim_end_matches('/') != own).take(2) {
            let ca = self.authority(&one.url, None);
            others.push(Service::new(&one.url, ca.as_deref()).map_err(PersonError::from)?);
        }
        others.try_into().map_err(|_| {
            Problem::because(
                ProblemCode::PinNeedsThree,
                "a PIN needs three services, each to keep a part, and this device knows fewer: use a recovery code",
            )
        })
    }

    fn keep(&self, agent: Agent, id: String) -> Keeper {
        let keeper = Keeper::start(agent, id.clone(), self.hub.clone());
        self.keepers().insert(id, keeper.clone());
        keeper
    }

    /// Where the next account goes.
    fn free_place(&self) -> Answer<(String, PathBuf)> {
        let keepers = self.keepers();
        if keepers.len() >= MOST {
            let why = format!("there are {MOST} accounts on this device: that is the most");
            return Err(Problem::because(ProblemCode::TooManyAccounts, why).with_limit(MOST as u64));
        }
        if !keepers.contains_key(FIRST) && !self.home.join("settings.toml").exists() {
            return Ok((FIRST.to_owned(), self.home.clone()));
        }
        drop(keepers);
        self.make_home()?;
        let further = self.home.join(FURTHER);
        let id = (2_u32..)
            .map(|number| number.to_string())
            .find(|id| !further.join(id).exists())
            .expect("a folder does not hold every number");
        let folder = further.join(&id);
        Ok((id, folder))
    }

    fn make_home(&self) -> Answer<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.home);
        made.map_err(|source| HomeError::File { path: self.home.clone(), source }.into())
    }

    fn keepers(&self) -> MutexGuard<'_, BTreeMap<String, Keeper>> {
        lock(&self.keepers)
    }
}

async fn look(url: String, ca: Option<Vec<u8>>) -> Answer<KnownService> {
    let service = Service::new(&url, ca.as_deref()).map_err(PersonError::from)?;
    let info = person::service_info(&service).await?;
    Ok(KnownService {
        url: service.address(),
        domain: info.domain.to_string(),
        profile: profile_name(info.profile).to_owned(),
    })
}

/// This process serves the page of this person already, and has no store open: it is another kind of command that has.
fn not_by_oneself(error: PersonError, person: &Path, account: &Path) -> OpenError {
    match error {
        PersonError::Home(HomeError::PageIsOpen(open)) if open == person => {
            HomeError::InUse(account.join("store.db")).into()
        }
        error => error.into(),
    }
}

/// What is behind a lock; whoever panicked with it held changed nothing half.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
