//! The services that `--services` suggests, and what each said of itself. They are asked at once and not for long: a
//! service that is silent keeps nobody from the page, and is asked again later.

use super::{accounts::OpenError, shape::KnownService};
use futures_util::future::join_all;
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Longest that all of them are waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long one that did not answer is left alone.
const AGAIN: Duration = Duration::from_secs(30);

/// The file of `--services`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    service: Vec<Line>,
}

/// A service of that file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// Its address.
    url: String,
    /// PEM file of the certificate authority to trust instead of the public web's.
    ca: Option<PathBuf>,
}

/// A suggested service, read whole.
struct Suggested {
    url: String,
    ca: Option<Vec<u8>>,
    known: Option<KnownService>,
    /// When it was asked and did not answer.
    silent: Option<Instant>,
}

/// What is suggested.
#[derive(Default)]
pub struct Suggestions(Mutex<Vec<Suggested>>);

impl Suggestions {
    /// Reads the file and the authorities that it names.
    ///
    /// # Errors
    /// [`OpenError::Suggestions`].
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        let wrong = |what: String| OpenError::Suggestions { path: path.to_owned(), what };
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let list: File = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        let read = list.service.into_iter().map(|one| {
            let ca = one.ca.map(|file| {
                let beside = path.parent().unwrap_or(Path::new("")).join(file);
                fs::read(&beside).map_err(|error| wrong(format!("{}: {error}", beside.display())))
            });
            Ok(Suggested { url: one.url, ca: ca.transpose()?, known: None, silent: None })
        });
        Ok(Self(Mutex::new(read.collect::<Result<_, OpenError>>()?)))
    }

    /// Those that answered, in the order of the file. `look` asks one, by its address and with its authority.
    pub async fn known<F, E>(&self, look: impl Fn(String, Option<Vec<u8>>) -> F) -> Vec<KnownService>
    where
        F: Future<Output = Result<KnownService, E>>,
    {
        let (urls, asked): (Vec<_>, Vec<_>) = self
            .unknown()
            .into_iter()
            .map(|(url, ca)| (url.clone(), tokio::time::timeout(PATIENCE, look(url, ca))))
            .unzip();
        for (url, answer) in urls.into_iter().zip(join_all(asked).await) {
            let answer = answer.ok().and_then(Result::ok);
            let mut all = self.all();
            for one in all.iter_mut().filter(|one| one.url == url) {
                one.silent = answer.is_none().then(Instant::now);
                one.known.clone_from(&answer);
            }
        }
        self.all().iter().filter_map(|one| one.known.clone()).collect()
    }

    /// The authority that the file names for an address.
    pub fn authority(&self, url: &str) -> Option<Vec<u8>> {
        let wanted = url.trim_end_matches('/');
        let all = self.all();
        all.iter().find(|one| one.url.trim_end_matches('/') == wanted).and_then(|one| one.ca.clone())
    }

    fn unknown(&self) -> Vec<(String, Option<Vec<u8>>)> {
        let rested = |one: &Suggested| one.silent.is_none_or(|since| since.elapsed() >= AGAIN);
        let all = self.all();
        let unknown = all.iter().filter(|one| one.known.is_none() && rested(one));
        unknown.map(|one| (one.url.clone(), one.ca.clone())).collect()
    }

    /// Whoever panicked with it held changed nothing half.
    fn all(&self) -> MutexGuard<'_, Vec<Suggested>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn suggestions(text: &str) -> Suggestions {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("services.toml");
        fs::write(&path, text).unwrap();
        Suggestions::read(&path).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_service_keeps_nobody_waiting_and_is_left_alone_for_a_while() {
        let all = suggestions(
            "[[service]]\nurl = \"https://silent.example\"\n[[service]]\nurl = \"https://a.example\"\n[[service]]\nurl = \"https://mute.example\"\n",
        );
        let asked = AtomicUsize::new(0);
        let look = |url: String, _| {
            asked.fetch_add(1, Ordering::Relaxed);
            async move {
                if url != "https://a.example" {
                    std::future::pending::<()>().await;
                }
                Ok::<_, ()>(KnownService {
                    url,
                    domain: "a.example".to_owned(),
                    profile: "account".to_owned(),
                })
            }
        };
        let began = tokio::time::Instant::now();
        let known = all.known(look).await;
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].url, "https://a.example");
        assert_eq!(began.elapsed(), PATIENCE, "they were asked at once");
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        assert_eq!(all.known(look).await.len(), 1);
        assert_eq!(asked.load(Ordering::Relaxed), 3, "neither the known nor the silent are asked again");
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("services.toml");
        fs::write(&path, "[[service]]\nurl = 1").unwrap();
        assert!(matches!(Suggestions::read(&path), Err(OpenError::Suggestions { .. })));
        fs::write(&path, "[[service]]\nurl = \"https://a.example\"\nca = \"absent.pem\"").unwrap();
        assert!(matches!(Suggestions::read(&path), Err(OpenError::Suggestions { .. })));
    }
}
