//! What three services on one machine need before they can start: ports, certificates, configuration files.

use super::certificates::{Authority, CertificateError};
use crate::home;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

/// The services, by profile; the domain is the profile under `test`.
pub const PROFILES: [&str; 3] = ["account", "handle", "phone"];
/// First port for clients, unless another is asked for.
pub const PORT_BASE: u16 = 7401;
/// What is added to a service's client port to get its port for other services, and that for its safety team.
const FEDERATION_STEP: u16 = 10;
const CONSOLE_STEP: u16 = 20;

/// People that each account may turn to a day.
const NEW_PEOPLE: u32 = 2_000;

/// One service, ready to be started with `trefoil serve --config`.
#[derive(Clone, Debug)]
pub struct Planned {
    /// `account`, `handle` or `phone`.
    pub profile: &'static str,
    /// Its domain.
    pub domain: String,
    /// Base URL for its own people.
    pub url: String,
    /// Address of the console of its safety team.
    pub console: String,
    /// Its configuration.
    pub config: PathBuf,
    /// Its folder: store, media, keys.
    pub data: PathBuf,
}

/// Three services that know each other.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In the order of [`PROFILES`].
    pub services: Vec<Planned>,
    /// What clients are told to trust, PEM.
    pub ca: PathBuf,
    /// The services, for `trefoil app --services`.
    pub list: PathBuf,
}

/// The list of services that `trefoil app` suggests.
#[derive(Serialize)]
struct Listed<'a> {
    service: Vec<ListedService<'a>>,
}

#[derive(Serialize)]
struct ListedService<'a> {
    url: String,
    ca: &'a Path,
}

/// What can go wrong before anything is started.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Somebody listens there.
    #[error(
        "port {port} is in use: stop what listens there, or choose other ports with --port-base (0: any free ones)"
    )]
    PortTaken {
        /// Which.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The ports do not fit below 65536.
    #[error("--port-base {0} is too high: the services need ports up to 22 above it")]
    PortBase(u16),
    /// A folder cannot be made.
    #[error("{path} cannot be made: check that the data folder is yours and the disk is not full")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The certificates.
    #[error(transparent)]
    Certificates(#[from] CertificateError),
    /// A configuration cannot be written.
    #[error("a configuration file cannot be written")]
    Write(#[source] home::HomeError),
    /// A configuration cannot be put into TOML.
    #[error("a configuration cannot be written as TOML")]
    Encode(#[from] toml::ser::Error),
}

#[derive(Serialize)]
struct Config<'a> {
    domain: &'a str,
    profile: &'a str,
    data: &'a Path,
    drain_seconds: u64,
    client: Listener,
    federation: Federation<'a>,
    console: Console,
    tls: Tls<'a>,
    peers: BTreeMap<&'a str, Peer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    first_contacts: FirstContacts,
}

#[derive(Serialize)]
struct Listener {
    listen: SocketAddr,
}

#[derive(Serialize)]
struct Console {
    listen: SocketAddr,
    origin: String,
    plain: bool,
}

#[derive(Serialize)]
struct Federation<'a> {
    listen: SocketAddr,
    authorities: [&'a Path; 1],
}

#[derive(Serialize)]
struct Tls<'a> {
    certificate: &'a Path,
    key: &'a Path,
}

#[derive(Serialize)]
struct Code {
    sender: &'static str,
}

#[derive(Serialize)]
struct FirstContacts {
    first_day: u32,
    most: u32,
}

#[derive(Serialize)]
struct Peer {
    url: String,
}

impl Plan {
    /// Checks the ports, makes what is missing under `data`, and writes the three configurations anew. A `port_base`
    /// of zero takes six free ports.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn make(data: &Path, port_base: u16) -> Result<Self, PlanError> {
        let folder = |path: &Path| -> Result<PathBuf, PlanError> {
            fs::create_dir_all(path)
                .and_then(|()| fs::canonicalize(path))
                .map_err(|source| PlanError::Folder { path: path.to_owned(), source })
        };
        let data = folder(data)?;
        let ports = ports(port_base)?;
        let authority = Authority::open(&data.join("certificates"))?;
        let ca = authority.certificate();
        let domains = PROFILES.map(|profile| format!("{profile}.test"));
        let mut services = Vec::new();
        for (index, profile) in PROFILES.into_iter().enumerate() {
            let own = folder(&data.join("services").join(profile))?;
            let identity = authority.service(&domains[index])?;
            let Ports { client, federation, console } = ports[index];
            let desk = format!("http://localhost:{console}");
            let peers = (0..PROFILES.len())
                .filter(|other| *other != index)
                .map(|other| (domains[other].as_str(), Peer { url: url(ports[other].federation) }))
                .collect();
            let store = own.join("data");
            let text = toml::to_string(&Config {
                domain: &domains[index],
                profile,
                data: &store,
                drain_seconds: 3,
                client: Listener { listen: local(client) },
                federation: Federation { listen: local(federation), authorities: [&ca] },
                // Passkeys need a name that the browser trusts: without a public certificate, this machine's own.
                console: Console { listen: local(console), origin: desk.clone(), plain: true },
                tls: Tls { certificate: &identity.certificate, key: &identity.key },
                peers,
                // There is no gateway here: codes are read from the file.
                code: (profile == "phone").then_some(Code { sender: "log" }),
                // Everybody is new here, and nobody a stranger: with the default nobody could try a larger group.
                first_contacts: FirstContacts { first_day: NEW_PEOPLE, most: NEW_PEOPLE },
            })?;
            let config = own.join("service.toml");
            home::write_private(&config, text.as_bytes()).map_err(PlanError::Write)?;
            services.push(Planned {
                profile,
                domain: domains[index].clone(),
                url: url(client),
                console: desk,
                config,
                data: store,
            });
        }
        let listed = services.iter().map(|one| ListedService { url: one.url.clone(), ca: &ca }).collect();
        let list = data.join("services.toml");
        let text = toml::to_string(&Listed { service: listed })?;
        home::write_private(&list, text.as_bytes()).map_err(PlanError::Write)?;
        Ok(Self { services, ca, list })
    }
}

/// Where one service listens.
#[derive(Clone, Copy, Default)]
struct Ports {
    client: u16,
    federation: u16,
    console: u16,
}

/// The ports of each service. Each was free a moment ago.
fn ports(base: u16) -> Result<[Ports; 3], PlanError> {
    let mut held = Vec::new();
    let mut take = |port: u16| -> Result<u16, PlanError> {
        let taken = |source| PlanError::PortTaken { port, source };
        let listener = TcpListener::bind(local(port)).map_err(taken)?;
        let port = listener.local_addr().map_err(taken)?.port();
        held.push(listener);
        Ok(port)
    };
    let mut chosen = [Ports::default(); 3];
    for (index, of) in (0u16..).zip(chosen.iter_mut()) {
        let port = |step: u16| match base {
            0 => Ok(0),
            base => base.checked_add(index + step).ok_or(PlanError::PortBase(base)),
        };
        let (client, federation, console) = (port(0)?, port(FEDERATION_STEP)?, port(CONSOLE_STEP)?);
        *of = Ports { client: take(client)?, federation: take(federation)?, console: take(console)? };
    }
    Ok(chosen)
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn url(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_services_accept_the_configurations_and_know_each_other() {
        let place = tempfile::tempdir().unwrap();
        let plan = Plan::make(place.path(), 0).unwrap();
        for service in &plan.services {
            let config = trefoil_server::Config::load(&service.config, []).unwrap();
            assert_eq!(config.domain.as_str(), service.domain);
            assert_eq!(config.peers.len(), 2);
            assert!(!config.peers.contains_key(&config.domain));
        }
    }

    #[test]
    fn a_taken_port_is_named() {
        let taken = TcpListener::bind(local(0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(matches!(ports(port), Err(PlanError::PortTaken { port: named, .. }) if named == port));
        assert!(matches!(ports(65_530), Err(PlanError::PortBase(_) | PlanError::PortTaken { .. })));
    }
}
