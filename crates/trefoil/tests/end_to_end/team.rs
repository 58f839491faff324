//! The safety team of a service, by commands.

use crate::{
    commands::{Ended, trefoil},
    services::Services,
};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};

/// Somebody of the team of one service.
pub struct Reviewer {
    key: PathBuf,
}

impl Reviewer {
    /// Invited by the operator, or by a lead.
    pub fn join(services: &Services, index: usize, name: &str, code: &str) -> Self {
        let planned = services.planned(index);
        let key = services.path().join(format!("{}-{name}.toml", planned.profile));
        let ask = ["moderate", "join", code, "--console", &planned.console, "--desk", key.to_str().unwrap()];
        let joined = trefoil(services.path(), &ask);
        assert_eq!((joined.code, &joined.data[0]["name"]), (0, &json!(name)), "{}", joined.said);
        Self { key }
    }

    pub fn invited(services: &Services, index: usize, name: &str, role: &str) -> Self {
        let config = services.planned(index).config.clone();
        let ask = ["admin", "staff", "invite", name, "--role", role, "--config", config.to_str().unwrap()];
        let code = trefoil(services.path(), &ask).data[0]["code"].as_str().unwrap().to_owned();
        // The service looks every second.
        let data = services.planned(index).data.join("staff-inbox");
        while std::fs::read_dir(&data).is_ok_and(|mut waiting| waiting.next().is_some()) {
            std::thread::sleep(Duration::from_millis(50));
        }
        Self::join(services, index, name, &code)
    }

    /// Runs `trefoil moderate` as this person.
    pub fn ask(&self, ask: &[&str]) -> Ended {
        let whole = [&["moderate", "--desk", self.key.to_str().unwrap()], ask].concat();
        trefoil(self.key.parent().unwrap(), &whole)
    }

    /// The same for what must succeed.
    pub fn does(&self, ask: &[&str]) -> Value {
        let said = self.ask(ask);
        assert_eq!(said.code, 0, "{ask:?}: {}", said.said);
        said.data[0].clone()
    }

    /// The same for what must be refused, in words that have these in them.
    pub fn refused(&self, ask: &[&str], with: &str) {
        let said = self.ask(ask);
        assert!(said.code != 0 && said.said.contains(with), "{ask:?}: {}", said.said);
    }
}
