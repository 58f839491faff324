//! Roots of directories: the newest that was seen, those that others saw, and the evidence when two do not agree.
//!
//! Inside the encrypted content of a message goes each root that its room was not told of yet. Whoever reads it compares
//! it with the root of that epoch they saw themselves, or asks their own service for the roots that lie between it and one
//! they saw: each names the one before. Two that contradict each other are evidence; it is kept, and sent to every room
//! with people of that service, so that all of them have it.

use super::{
    KeysRefusal, Looked,
    rows::{EVIDENCE, EvidenceRow, HEARD, ROOTS, RootRow, TOLD, epoch_key, of_directory, told_key},
};
use crate::{
    ClientError, Event, Method,
    account::path,
    conversation::compose,
    core::Core,
    live::Job,
    rows::{self, RoomState, Row as _, room_range},
};
use std::collections::{BTreeMap, BTreeSet};
use tls_codec::{DeserializeBytes as _, Serialize as _};
use trefoil_proto::{
    DeviceUri, Domain, ErrorCode, RoomUri, Timestamp, Wire as _,
    content::{ExtensionKey, Extensions},
    defence::Defence,
};
use trefoil_store::KeyRange;
use trefoil_transparency::{
    directory::ServiceKey,
    gossip::{self, Accused, Comparison, Evidence, SignedRoot, SignedRoots, VerifiedRoot},
    log::DirectoryRoot,
};

/// The extension of a message's content that carries roots: a byte string with a vector of `SignedRoot`.
pub(super) const ROOTS_EXTENSION: &str = "trefoil.roots";
/// Roots in one message.
const IN_A_MESSAGE: usize = 8;
/// Roots that are kept of a directory.
const KEPT: usize = 256;
/// Roots of a directory that wait to be asked about.
const ASKED: usize = 64;
/// Roots of a directory that are asked about at a time.
const AT_ONCE: usize = 2;
/// Before a root that could not be had is asked for again, in milliseconds.
const AGAIN: u64 = 60_000;
/// How often in a row a root is asked for, a minute apart, before the person is told.
const UNANSWERED: u32 = 24 * 60;
/// Rooms that evidence is sent to.
const TELL_ROOMS: usize = 64;

impl Core {
    /// The newest root of a directory that was seen.
    pub(super) fn newest_root(
        &self,
        directory: &Domain,
        keys: &[ServiceKey],
    ) -> Result<Option<VerifiedRoot>, ClientError> {
        if !Defence::NewestRoot.stands() {
            return Ok(None);
        }
        let newest = self.tx().scan(ROOTS, &of_directory(directory), 1, true)?;
        let Some((_, row)) = newest.first() else { return Ok(None) };
        Ok(verified(RootRow::from_row(row)?.signed, keys))
    }

    /// Keeps a root that its service signed.
    pub(super) fn keep_root(&mut self, signed: &SignedRoot) -> Result<(), ClientError> {
        let root = &signed.root;
        let key = epoch_key(&root.directory, root.epoch);
        let mut tx = self.tx();
        if tx.get(ROOTS, &key)?.is_some() {
            return Ok(());
        }
        RootRow { signed: signed.clone() }.write(&mut tx, ROOTS, key);
        let kept = tx.scan(ROOTS, &of_directory(&root.directory), KEPT + 1, false)?;
        if kept.len() > KEPT
            && let Some((oldest, _)) = kept.first()
        {
            tx.delete(ROOTS, oldest.clone());
        }
        Ok(())
    }

    /// Adds to a message the roots that its room was not told of.
    pub(crate) fn tell_roots(
        &mut self,
        uri: &RoomUri,
        extensions: &mut Extensions,
    ) -> Result<(), ClientError> {
        let Some(room) = self.room(uri)? else { return Ok(()) };
        let Ok(context) = room.context() else { return Ok(()) };
        let directories: BTreeSet<Domain> =
            context.participants.participants.iter().map(|pair| pair.user.domain.clone()).collect();
        let mut roots = Vec::new();
        for directory in directories {
            if roots.len() == IN_A_MESSAGE {
                // The others go with the next message.
                break;
            }
            let newest = self.tx().scan(ROOTS, &of_directory(&directory), 1, true)?;
            let Some((_, row)) = newest.first() else { continue };
            let root = RootRow::from_row(row)?.signed;
            let key = told_key(uri, &directory);
            let told = self.tx().get(TOLD, &key)?.and_then(|row| rows::last_number(&row));
            if told != Some(root.root.epoch) {
                self.tx().put(TOLD, key, root.root.epoch.to_be_bytes());
                roots.push(root);
            }
        }
        if roots.is_empty() {
            return Ok(());
        }
        let roots = roots.tls_serialize_detached().expect("a few roots always encode");
        let mut value = Vec::new();
        minicbor::Encoder::new(&mut value).bytes(&roots).expect("writing into memory does not fail");
        // Without it a message is a message still.
        let _ = extensions.insert(ExtensionKey::Text(ROOTS_EXTENSION.to_owned()), value);
        Ok(())
    }

    /// Somebody who was not there before is told everything.
    pub(crate) fn forget_told(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        let mut tx = self.tx();
        for (key, _) in tx.scan(TOLD, &room_range(uri), usize::MAX, false)? {
            tx.delete(TOLD, key);
        }
        Ok(())
    }

    /// Compares the roots in a message with those that this device saw. One that is not signed under the key that is kept
    /// of its service is no evidence, and told: of that key somebody was told something else than this device.
    pub(crate) fn roots_heard(
        &mut self,
        extensions: &Extensions,
        sender: &DeviceUri,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        if !Defence::RootsCompared.stands() {
            return Ok(());
        }
        let value = extensions.get(&ExtensionKey::Text(ROOTS_EXTENSION.to_owned()));
        let Some(roots) = value.and_then(read_roots) else { return Ok(()) };
        let keys = self.services()?;
        for signed in roots {
            let directory = signed.root.directory.clone();
            let is_known = keys.iter().any(|known| known.service == directory);
            let Some(told) = verified(signed, &keys) else {
                let by = sender.user_uri();
                if is_known && self.directories.disputed.insert((directory.clone(), by.clone())) {
                    self.emit(Event::DirectoryKeyDisputed { directory, by });
                }
                continue;
            };
            let (directory, epoch) = (told.root().directory.clone(), told.root().epoch);
            let seen = RootRow::read(&self.tx(), ROOTS, &epoch_key(&directory, epoch))?;
            if let Some(seen) = seen.and_then(|row| verified(row.signed, &keys)) {
                self.compare_roots(&seen, &told, now)?;
                continue;
            }
            let waiting = self.tx().scan(HEARD, &of_directory(&directory), ASKED, false)?.len();
            if waiting < ASKED {
                let row = RootRow { signed: told.signed().clone() };
                row.write(&mut self.tx(), HEARD, epoch_key(&directory, epoch));
            }
        }
        Ok(())
    }

    /// Asks the own service for the roots that others saw.
    pub(super) fn pump_heard(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let mut asked: BTreeMap<Domain, usize> = BTreeMap::new();
        for job in self.live.under_way.values() {
            if let Job::Root(directory, _) = job {
                *asked.entry(directory.clone()).or_default() += 1;
            }
        }
        let heard = self.tx().scan(HEARD, &KeyRange::all(), usize::MAX, false)?;
        for (_, row) in heard {
            let signed = RootRow::from_row(&row)?.signed;
            if self.seen_meanwhile(&signed, now)? {
                continue;
            }
            let root = signed.root;
            let job = Job::Root(root.directory.clone(), root.epoch);
            let of_this = asked.entry(root.directory.clone()).or_default();
            // One that does not answer keeps nobody from asking about the others.
            if *of_this < AT_ONCE && self.live.may(&job, now) {
                *of_this += 1;
                let from = self.way_to(&root)?.asks_from(&root);
                let path = path(&format!("directory/root/{}/{from}", root.directory));
                self.ask(job, Method::Get, path, Vec::new());
            }
        }
        Ok(())
    }

    /// True if this device has seen that epoch itself since it heard of it: nothing has to be asked any more.
    fn seen_meanwhile(&mut self, heard: &SignedRoot, now: Timestamp) -> Result<bool, ClientError> {
        let key = epoch_key(&heard.root.directory, heard.root.epoch);
        let Some(seen) = RootRow::read(&self.tx(), ROOTS, &key)? else { return Ok(false) };
        self.tx().delete(HEARD, key);
        let keys = self.services()?;
        if let (Some(seen), Some(told)) = (verified(seen.signed, &keys), verified(heard.clone(), &keys)) {
            self.compare_roots(&seen, &told, now)?;
        }
        Ok(true)
    }

    /// Where this device stands to a root that somebody saw.
    fn way_to(&self, heard: &DirectoryRoot) -> Result<Way, ClientError> {
        let of = |range: KeyRange, backwards| -> Result<Option<SignedRoot>, ClientError> {
            let found = self.tx().scan(ROOTS, &range, 1, backwards)?;
            found.first().map(|(_, row)| RootRow::from_row(row).map(|row| row.signed)).transpose()
        };
        let all = of_directory(&heard.directory);
        let here = epoch_key(&heard.directory, heard.epoch);
        let below = KeyRange { start: all.start.clone(), end: Some(here.clone().into()) };
        if let Some(below) = of(below, true)? {
            return Ok(Way::Up(below));
        }
        Ok(of(KeyRange { start: here.into(), end: all.end }, false)?.map_or(Way::Unknown, Way::Down))
    }

    /// The roots that lie between one that somebody saw and one that this device saw, as the service shows them. Each must
    /// follow the one before, from end to end: a service that shows different people different directories cannot lead
    /// from one to the other, whatever it answers.
    pub(crate) fn root_answered(
        &mut self,
        directory: &Domain,
        epoch: u64,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let key = epoch_key(directory, epoch);
        let Some(row) = RootRow::read(&self.tx(), HEARD, &key)? else { return Ok(()) };
        let keys = self.services()?;
        let Some(heard) = verified(row.signed, &keys) else {
            self.tx().delete(HEARD, key);
            return Ok(());
        };
        let way = self.way_to(heard.root())?;
        let asked_from = way.asks_from(heard.root());
        let shown: Option<Vec<VerifiedRoot>> = SignedRoots::decode(body)
            .ok()
            .and_then(|shown| shown.roots.into_iter().map(|root| verified(root, &keys)).collect());
        let in_order = |shown: &Vec<VerifiedRoot>| {
            let numbered = shown.iter().map(|root| (&root.root().directory, root.root().epoch));
            numbered.eq((asked_from..).map(|epoch| (directory, epoch)).take(shown.len()))
        };
        let shown =
            shown.filter(in_order).filter(|shown| !shown.is_empty() && shown.len() <= SignedRoots::MOST);
        let Some(shown) = shown else { return self.root_not_had(directory, epoch, now) };
        let (start, end) = match way {
            Way::Up(below) => (verified(below, &keys), heard),
            Way::Down(above) => (
                Some(heard),
                match verified(above, &keys) {
                    Some(above) => above,
                    None => return self.root_not_had(directory, epoch, now),
                },
            ),
            Way::Unknown => (None, heard),
        };
        let last = end.root().epoch;
        let mut before = start;
        for root in shown {
            if let Some(before) = &before
                && !self.compare_roots(before, &root, now)?
            {
                self.tx().delete(HEARD, key);
                return Ok(());
            }
            if root.root().epoch == last {
                self.tx().delete(HEARD, key);
                if self.compare_roots(&end, &root, now)? {
                    self.keep_root(root.signed())?;
                }
                return Ok(());
            }
            before = Some(root);
        }
        // Not there yet: from here on the next time.
        self.live.backoff.remove(&Job::Root(directory.clone(), epoch));
        let Some(before) = before else { return Ok(()) };
        if before.root().epoch < epoch {
            return self.keep_root(before.signed());
        }
        self.tx().delete(HEARD, key);
        let key = epoch_key(directory, before.root().epoch);
        RootRow { signed: before.signed().clone() }.write(&mut self.tx(), HEARD, key);
        Ok(())
    }

    /// The service has no root of an epoch that somebody saw and it signed.
    pub(crate) fn root_refused(
        &mut self,
        directory: &Domain,
        epoch: u64,
        code: ErrorCode,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let heard = RootRow::read(&self.tx(), HEARD, &epoch_key(directory, epoch))?;
        if let Some(heard) = heard
            && self.seen_meanwhile(&heard.signed, now)?
        {
            return Ok(());
        }
        if code == ErrorCode::NotFound {
            self.withheld(directory, epoch)
        } else {
            self.root_not_had(directory, epoch, now)
        }
    }

    /// No answer that says anything. A service that gives none for a day keeps the epoch back as much as one that says
    /// no.
    fn root_not_had(&mut self, directory: &Domain, epoch: u64, now: Timestamp) -> Result<(), ClientError> {
        let job = Job::Root(directory.clone(), epoch);
        self.live.pause(job.clone(), AGAIN, now);
        if self.live.tries(&job) >= UNANSWERED { self.withheld(directory, epoch) } else { Ok(()) }
    }

    fn withheld(&mut self, directory: &Domain, epoch: u64) -> Result<(), ClientError> {
        let key = epoch_key(directory, epoch);
        let heard = RootRow::read(&self.tx(), HEARD, &key)?;
        if let Some(heard) = heard {
            self.tx().delete(HEARD, key);
            // It is the service's own word: from now on nothing older is taken of it.
            self.keep_root(&heard.signed)?;
            self.emit(Event::EpochWithheld { directory: directory.clone(), epoch });
        }
        Ok(())
    }

    /// True if both can be true.
    fn compare_roots(
        &mut self,
        seen: &VerifiedRoot,
        told: &VerifiedRoot,
        now: Timestamp,
    ) -> Result<bool, ClientError> {
        match gossip::compare(seen, told) {
            Ok(Comparison::Split(evidence)) => self.caught(*evidence, now).map(|()| false),
            Ok(_) => Ok(true),
            Err(_) => Ok(false),
        }
    }

    /// Evidence that somebody sent: it needs no one's word.
    pub(crate) fn evidence_heard(&mut self, file: &[u8], now: Timestamp) -> Result<(), ClientError> {
        match Evidence::from_file(file) {
            Ok(evidence) => self.caught(evidence, now),
            Err(_) => Ok(()),
        }
    }

    /// A directory showed two faces: kept, told to the person, and sent to those who must know.
    pub(super) fn caught(&mut self, evidence: Evidence, now: Timestamp) -> Result<(), ClientError> {
        let Ok(split) = evidence.verify() else { return Ok(()) };
        let Accused::Directory(directory) = split.accused else { return Ok(()) };
        let is_theirs =
            self.services()?.iter().any(|known| known.service == directory && known.key == split.key);
        let key = epoch_key(&directory, split.at);
        // One is enough while it stands: a service that makes more of it would have everybody send them on and on.
        if !is_theirs || self.tx().get(EVIDENCE, &key)?.is_some() || self.is_caught(&directory)? {
            return Ok(());
        }
        EvidenceRow { evidence: evidence.clone(), settled: None }.write(&mut self.tx(), EVIDENCE, key);
        let file = evidence.to_file();
        for uri in self.rooms_with_people_of(&directory)? {
            self.queue(&uri, compose::evidence(&file), now)?;
        }
        // What this directory proves is worth nothing from now on.
        for (user, looked) in &mut self.directories.looked {
            if user.domain == directory {
                *looked = Looked::Refused(KeysRefusal::Split);
            }
        }
        self.directories.generation += 1;
        self.emit(Event::DirectorySplit { directory, epoch: split.at, evidence: file });
        Ok(())
    }

    /// The person believes a directory again that was caught. The evidence stays, and does not count any more; what was
    /// seen of the directory before is forgotten, as one of its faces is the one that goes on.
    pub(crate) fn believe_again(&mut self, directory: &Domain, now: Timestamp) -> Result<(), ClientError> {
        if !self.is_caught(directory)? {
            return Err(ClientError::NotCaught(directory.clone()));
        }
        let mut tx = self.tx();
        for (key, row) in tx.scan(EVIDENCE, &of_directory(directory), usize::MAX, false)? {
            let mut row = EvidenceRow::from_row(&row)?;
            row.settled.get_or_insert(now);
            row.write(&mut tx, EVIDENCE, key.to_vec());
        }
        for table in [ROOTS, HEARD] {
            for (key, _) in tx.scan(table, &of_directory(directory), usize::MAX, false)? {
                tx.delete(table, key);
            }
        }
        let told = [&[0], directory.as_str().as_bytes()].concat();
        for (key, _) in tx.scan(TOLD, &KeyRange::all(), usize::MAX, false)? {
            if key.ends_with(&told) {
                tx.delete(TOLD, key);
            }
        }
        drop(tx);
        let users = self.directories.looked.keys().filter(|user| user.domain == *directory);
        for user in users.cloned().collect::<Vec<_>>() {
            self.want_fresh_proof(&user);
        }
        Ok(())
    }

    fn rooms_with_people_of(&mut self, directory: &Domain) -> Result<Vec<RoomUri>, ClientError> {
        let mut found = Vec::new();
        for uri in self.room_uris()? {
            let Some(room) = self.room(&uri)? else { continue };
            let is_there = room.row.state == RoomState::Open
                && room.context().is_ok_and(|context| {
                    context.participants.participants.iter().any(|pair| pair.user.domain == *directory)
                });
            if is_there && found.len() < TELL_ROOMS {
                found.push(uri);
            }
        }
        Ok(found)
    }
}

/// How a root that somebody saw is tied to those that this device saw.
enum Way {
    /// From the newest one before it.
    Up(SignedRoot),
    /// To the oldest one after it.
    Down(SignedRoot),
    /// There is none.
    Unknown,
}

impl Way {
    /// The first epoch to ask for.
    fn asks_from(&self, heard: &DirectoryRoot) -> u64 {
        match self {
            Self::Up(below) => below.root.epoch + 1,
            Self::Down(_) => heard.epoch + 1,
            Self::Unknown => heard.epoch,
        }
    }
}

/// Checks a root under the key that is kept for its service.
fn verified(signed: SignedRoot, keys: &[ServiceKey]) -> Option<VerifiedRoot> {
    let key = keys.iter().find(|known| known.service == signed.root.directory)?.key;
    signed.verify(&key).ok()
}

/// The roots in an extension's value.
pub(super) fn read_roots(value: &[u8]) -> Option<Vec<SignedRoot>> {
    let mut decoder = minicbor::Decoder::new(value);
    let bytes = decoder.bytes().ok()?;
    let roots = Vec::<SignedRoot>::tls_deserialize_exact_bytes(bytes).ok()?;
    (decoder.position() == value.len() && roots.len() <= IN_A_MESSAGE).then_some(roots)
}
