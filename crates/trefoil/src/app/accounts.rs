//! The accounts of this device: one in the home folder itself, further ones in `accounts/` inside it. Which accounts
//! belong to one person is known here and nowhere else.

use super::{
    error::{Answer, Problem, ProblemCode},
    hub::{Happening, Hub},
    keeper::Keeper,
    shape::{KnownService, Settings, profile_name},
    suggestions::Suggestions,
};
use crate::{
    agent::Agent,
    backup,
    home::{Home, HomeError, Passphrase, write_private},
    person::{self, PersonError, Place},
    transport::Service,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use trefoil_client::{LinkOffer, backup::RecoverySecret, conversation::compose};

/// Name of the account in the home folder itself; further ones count on.
const FIRST: &str = "1";
/// Folder of further accounts.
const FURTHER: &str = "accounts";
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
            settings: Mutex::new(read_settings(home)),
            making: tokio::sync::Mutex::default(),
            hub,
        };
        for (id, folder) in accounts.folders() {
            let home = Home::locate(Some(&folder))?;
            if home.has_account() {
                let (agent, _) = person::open(&home, accounts.passphrase.as_ref())?;
                accounts.keep(agent, id);
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

    /// Keeps what the person chose, and tells every window.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn choose(&self, settings: Settings) -> Answer<Settings> {
        let text = toml::to_string(&settings).map_err(|error| Problem::internal(error.to_string()))?;
        self.make_home()?;
        write_private(&self.home.join("app.toml"), text.as_bytes())?;
        *lock(&self.settings) = settings.clone();
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
    pub async fn look(&self, url: &str) -> Answer<KnownService> {
        look(url.to_owned(), self.authority(url)).await
    }

    /// The authority that the suggestions name for an address.
    pub fn authority(&self, url: &str) -> Option<Vec<u8>> {
        self.suggested.authority(url)
    }

    /// Makes an account and goes online with it.
    ///
    /// # Errors
    /// The service refused or cannot be reached; nothing is kept then.
    pub async fn register(
        &self,
        url: &str,
        identifier: &str,
        code: Option<&str>,
        name: &str,
    ) -> Answer<Keeper> {
        if !name.is_empty() {
            // Before anything is asked for: what is registered cannot be taken back.
            compose::profile(name)
                .map_err(|error| Problem::because(ProblemCode::BadName, error.to_string()))?;
        }
        let _one = self.making.lock().await;
        let known = self.look(url).await?;
        let (id, folder) = self.free_place()?;
        let ca = self.authority(url);
        let home = Home::locate(Some(&folder))?;
        let place = Place { service: &known.url, ca: ca.as_deref() };
        let made = person::register(&home, self.passphrase.as_ref(), place, identifier, code).await;
        let mut agent = match made {
            Ok((agent, _)) => agent,
            Err(error) => {
                forget(&folder, id == FIRST);
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
    pub async fn request_link(&self, url: &str, name: &str) -> Answer<(Keeper, LinkOffer)> {
        let _one = self.making.lock().await;
        let known = self.look(url).await?;
        let (id, folder) = self.free_place()?;
        let ca = self.authority(url);
        let home = Home::locate(Some(&folder))?;
        let place = Place { service: &known.url, ca: ca.as_deref() };
        match person::begin_link(&home, self.passphrase.as_ref(), place, name).await {
            Ok((agent, offer)) => Ok((self.keep(agent, id), offer)),
            Err(error) => {
                forget(&folder, id == FIRST);
                Err(error.into())
            }
        }
    }

    /// Brings an account back from its backup, and goes online with it.
    ///
    /// # Errors
    /// There is no backup under this secret, or the service cannot be reached; nothing is kept then.
    pub async fn recover(&self, url: &str, secret: &RecoverySecret) -> Answer<Keeper> {
        let _one = self.making.lock().await;
        let (id, folder) = self.free_place()?;
        let ca = self.authority(url);
        let home = Home::locate(Some(&folder))?;
        let place = Place { service: url, ca: ca.as_deref() };
        match backup::recover(&home, self.passphrase.as_ref(), place, secret, |_, _| {}).await {
            Ok((agent, _)) => Ok(self.keep(agent, id)),
            Err(error) => {
                forget(&folder, id == FIRST);
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
            let ca = self.authority(&one.url);
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

    fn folders(&self) -> Vec<(String, PathBuf)> {
        let mut folders = vec![(FIRST.to_owned(), self.home.clone())];
        let further = fs::read_dir(self.home.join(FURTHER)).into_iter().flatten().flatten();
        for entry in further {
            if let Ok(id) = entry.file_name().into_string() {
                folders.push((id, entry.path()));
            }
        }
        folders
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

/// What is behind a lock; whoever panicked with it held changed nothing half.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes away what an attempt left that made no account: keys of nothing.
fn forget(folder: &Path, first: bool) {
    if folder.join("settings.toml").exists() {
        return;
    }
    // What cannot be removed is used again by the next attempt.
    if first {
        for file in ["key", "store.db", "store.db-wal", "store.db-shm", "store.db.lock"] {
            let _ = fs::remove_file(folder.join(file));
        }
    } else {
        let _ = fs::remove_dir_all(folder);
    }
}

fn read_settings(home: &Path) -> Settings {
    let kept = fs::read_to_string(home.join("app.toml")).ok();
    kept.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}
