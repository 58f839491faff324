//! Key packages: one-use ones kept in stock at the service, and one of last resort for each suite.

use crate::{
    ClientError, Method,
    account::path,
    core::Core,
    error::mls,
    live::Job,
    mls::{
        credential::Me,
        suite::{self, Suite},
        wire,
    },
    rows::{ACCOUNT, name},
};
use openmls::prelude::{KeyPackage, Lifetime};
use trefoil_proto::{
    Timestamp, Wire as _,
    edge::{KeyPackageCounts, PublishKeyPackages},
    limits, mls,
};

/// One-use key packages to have at the service, of each suite.
const STOCK: u32 = 20;
/// Fewer than this are refilled.
const LOW: u32 = 10;

impl Core {
    /// Publishes what was made, or counts what is left.
    pub(crate) fn pump_keys(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let publish = self.tx().get(ACCOUNT, name::PUBLISH)?;
        if let Some(body) = publish {
            if self.live.may(&Job::Publish, now) {
                self.ask(Job::Publish, Method::Post, path("keyPackages"), body);
            }
        } else if !self.live.counted && self.live.may(&Job::Count, now) {
            self.ask(Job::Count, Method::Get, path("keyPackages"), Vec::new());
        }
        Ok(())
    }

    /// Makes as many as are missing. Their private keys are stored in the same step as the request.
    pub(crate) fn counted(&mut self, body: &[u8], now: Timestamp) -> Result<(), ClientError> {
        let Ok(counts) = KeyPackageCounts::decode(body) else {
            self.live.pause(Job::Count, 60_000, now);
            return Ok(());
        };
        self.live.counted = true;
        let me = self.me()?;
        let mut publish = PublishKeyPackages { one_use: Vec::new(), last_resort: Vec::new() };
        for suite in Suite::ALL {
            let left = counts.one_use.iter().find(|count| count.ciphersuite == suite.code());
            let left = left.map_or(0, |count| count.left);
            if left >= LOW {
                continue;
            }
            for _ in left..STOCK {
                publish.one_use.push(self.key_package(&me, suite, false)?);
            }
            publish.last_resort.push(self.key_package(&me, suite, true)?);
        }
        if !publish.one_use.is_empty() {
            self.tx().put(ACCOUNT, name::PUBLISH, publish.encode());
            self.pump_keys(now)?;
        }
        Ok(())
    }

    pub(crate) fn published(&mut self) -> Result<(), ClientError> {
        self.tx().delete(ACCOUNT, name::PUBLISH);
        Ok(())
    }

    fn key_package(&self, me: &Me, suite: Suite, last_resort: bool) -> Result<mls::KeyPackage, ClientError> {
        let builder = KeyPackage::builder()
            .leaf_node_capabilities(suite::capabilities())
            .leaf_node_extensions(suite::leaf_extensions(me))
            .key_package_lifetime(Lifetime::new(limits::KEY_PACKAGE_LIFE));
        let builder = if last_resort { builder.mark_as_last_resort() } else { builder };
        let bundle = builder
            .build(suite.mls(), &self.provider, &me.key, me.credential())
            .map_err(mls("make a key package"))?;
        wire::object(bundle.key_package())
    }
}
