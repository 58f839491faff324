//! Everything that a person has here, in a folder, in forms that other programs and people can read. The format is
//! written down in `docs/export.md` and stays as it is: what is added later is added beside it.

mod place;
mod readable;
mod records;

pub use records::FORMAT;

use crate::{
    agent::{Agent, Way},
    clock,
    exit::UsageError,
    show, transfer,
};
use place::{new_file, new_folder, safe};
use records::{Account, File, KeptAway, Line, Message, Person, Room};
use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};
use trefoil_client::{
    ClientError, IdentityView, RoomState,
    boundaries::{self, Reception, Stance},
    conversation::{self, Attached, ConversationError, Cursor, Item, Position},
    overlay::Overlay,
    verification::Standing,
};
use trefoil_proto::{RoomUri, UserUri};

/// Lines that are read at a time.
const PAGE: usize = 200;

/// What can go wrong. What was written before stays there.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder cannot be used.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A file cannot be written.
    #[error("{path} cannot be written: check that the disk is not full, then export into another folder")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store cannot be read.
    #[error("the local store cannot be read")]
    Core(#[from] ClientError),
}

impl From<ConversationError> for ExportError {
    fn from(error: ConversationError) -> Self {
        Self::Core(error.into())
    }
}

/// How an export goes, and went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Lines that are written.
    pub lines: u64,
    /// Lines in all, as far as they are counted: every line before the first is written.
    pub of: u64,
    /// Attachments that are there.
    pub files: u64,
    /// Attachments that could not be fetched; their lines say why.
    pub missing: u64,
}

/// Makes the folder, or finds it empty, before anything else is done.
///
/// # Errors
/// [`ExportError::Usage`] if something is in it; [`ExportError::File`].
pub fn prepare(folder: &Path) -> Result<(), ExportError> {
    new_folder(folder)
}

/// Writes everything into a folder that is new or empty; nothing that is there is ever written over. Attachments are
/// fetched if the device is online (`fetch`), else their lines say that they were not.
///
/// # Errors
/// [`ExportError`].
pub async fn export(
    agent: &mut Agent,
    folder: &Path,
    fetch: bool,
    moved: impl FnMut(Progress),
) -> Result<Progress, ExportError> {
    Everything::of(agent)?.write(folder, fetch, moved).await
}

/// What is to be written, as it stands when it is asked for: the device is not needed any more after that, and can do
/// other things.
pub struct Everything {
    way: Way,
    me: IdentityView,
    devices: Vec<records::Device>,
    names: BTreeMap<RoomUri, Known>,
}

impl Everything {
    /// What a device has.
    ///
    /// # Errors
    /// [`ExportError::Client`].
    pub fn of(agent: &mut Agent) -> Result<Self, ExportError> {
        let me = agent.client.identity().ok_or(ClientError::NoAccount)?;
        let store = Overlay::new(agent.client.store().clone());
        let mut names: BTreeMap<RoomUri, Known> = BTreeMap::new();
        for view in agent.client.rooms()? {
            let people = view.participants.into_iter().map(|person| (person.user, person.standing)).collect();
            names.insert(view.uri, (view.name, view.state, people));
        }
        for summary in conversation::rooms(&store)? {
            names.entry(summary.room).or_insert((String::new(), RoomState::Left, Vec::new()));
        }
        let mut devices = Vec::new();
        for device in agent.client.own_devices()? {
            let name = agent.client.device_name(&device)?;
            devices.push(records::Device { this: device == me.device, device: device.to_string(), name });
        }
        Ok(Self { way: agent.way(), me, devices, names })
    }

    /// Writes it, as [`export`].
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn write(
        self,
        folder: &Path,
        fetch: bool,
        mut moved: impl FnMut(Progress),
    ) -> Result<Progress, ExportError> {
        let Self { way, me, devices, names } = self;
        new_folder(folder)?;
        let store = Overlay::new(way.store.clone());
        let mut progress = Progress::default();
        for room in names.keys() {
            let mut at = Position::START;
            loop {
                let page = conversation::timeline(&store, room, Cursor::After(at), PAGE)?;
                let Some(last) = page.last() else { break };
                at = last.position();
                progress.of += page.len() as u64;
            }
        }
        moved(progress);
        let (mut rooms, mut people) = (Vec::new(), BTreeMap::<String, Person>::new());
        for (number, (room, (name, state, members))) in names.iter().enumerate() {
            let label = if name.is_empty() { room.id.as_str() } else { name };
            let place = format!("{:03}-{}", number + 1, safe(label, "room"));
            let mut writer = RoomWriter::new(folder, room, &place, label)?;
            let mut at = Position::START;
            loop {
                let page = conversation::timeline(&store, room, Cursor::After(at), PAGE)?;
                let Some(last) = page.last() else { break };
                at = last.position();
                for item in page {
                    writer.write(&way, &store, item, fetch, &mut progress).await?;
                    progress.lines += 1;
                    moved(progress);
                }
            }
            writer.finish()?;
            for (user, standing) in members {
                let person = people.entry(user.to_string()).or_insert_with(|| Person {
                    user: user.to_string(),
                    names: Vec::new(),
                    verified: *standing == Standing::Verified,
                });
                if let Some(name) = conversation::profile(&store, room, user)?
                    && !person.names.contains(&name)
                {
                    person.names.push(name);
                }
            }
            rooms.push(Room {
                room: room.to_string(),
                name: name.clone(),
                folder: format!("rooms/{place}"),
                state: if *state == RoomState::Left { "left" } else { "open" },
                people: members.iter().map(|(user, _)| user.to_string()).collect(),
            });
        }
        let kept_away = boundaries::kept(&store)?.into_iter().map(|one| KeptAway {
            user: one.user.to_string(),
            stance: if one.stance == Stance::Blocked { "blocked" } else { "restricted" },
            since: one.since.0,
        });
        let Reception { silence_unknown, strict } = boundaries::reception(&store)?;
        let account = Account {
            format: FORMAT,
            made: clock::now().0,
            user: me.user.to_string(),
            service: way.service.address(),
            account_key: data_encoding::HEXLOWER.encode(&me.account_key),
            devices,
            people: people.into_values().collect(),
            rooms,
            kept_away: kept_away.collect(),
            hidden_words: boundaries::hidden_words(&store)?,
            silence_unknown,
            strict,
        };
        let text = serde_json::to_vec_pretty(&account).map_err(|error| failed(folder)(error.into()))?;
        put(&folder.join("account.json"), &text)?;
        put(&folder.join("README.txt"), readable::explanation(&account, &progress).as_bytes())?;
        moved(progress);
        Ok(progress)
    }
}

/// Name, state and people of a room, as this device knows them.
type Known = (String, RoomState, Vec<(UserUri, Standing)>);

/// The two files of a room, and its folder of attachments.
struct RoomWriter<'a> {
    room: &'a RoomUri,
    folder: PathBuf,
    lines: BufWriter<std::fs::File>,
    text: BufWriter<std::fs::File>,
    day: String,
}

impl<'a> RoomWriter<'a> {
    fn new(folder: &Path, room: &'a RoomUri, place: &str, label: &str) -> Result<Self, ExportError> {
        let folder = folder.join("rooms").join(place);
        new_folder(&folder)?;
        let (lines, text) = (folder.join("messages.jsonl"), folder.join("messages.md"));
        let open = |path: &Path| new_file(path).map(BufWriter::new).map_err(failed(path));
        let (lines, mut text) = (open(&lines)?, open(&text)?);
        writeln!(text, "# {}", readable::one_line(label)).map_err(failed(&folder))?;
        Ok(Self { room, folder, lines, text, day: String::new() })
    }

    async fn write(
        &mut self,
        way: &Way,
        store: &Overlay,
        item: Item,
        fetch: bool,
        progress: &mut Progress,
    ) -> Result<(), ExportError> {
        let line = match item {
            Item::Note(note) => {
                Line::Note { at: note.at.0, text: show::words(store, self.room, &note.line)? }
            }
            Item::Message(message) => {
                let files = message.body.as_ref().map(|body| body.attachments.clone()).unwrap_or_default();
                let mut record = Message::of(store, self.room, *message)?;
                for attached in files {
                    let file = self.attachment(way, attached, fetch).await?;
                    match file.problem {
                        None => progress.files += 1,
                        Some(_) => progress.missing += 1,
                    }
                    record.files.push(file);
                }
                Line::Message(Box::new(record))
            }
        };
        let unwritable = failed(&self.folder);
        let mut json = serde_json::to_vec(&line).map_err(|error| failed(&self.folder)(error.into()))?;
        json.push(b'\n');
        self.lines
            .write_all(&json)
            .and_then(|()| readable::write(&mut self.text, &line, &mut self.day))
            .map_err(unwritable)
    }

    /// A file of a message, fetched. One that cannot be had is no reason to stop.
    async fn attachment(&self, way: &Way, attached: Attached, fetch: bool) -> Result<File, ExportError> {
        let file = match attached {
            Attached::Usable(file) => file,
            Attached::Unusable { content_type, reason } => {
                return Ok(File { media_type: content_type, problem: Some(reason), ..File::default() });
            }
        };
        let mut record = File {
            name: file.label.filename.clone(),
            media_type: file.label.content_type.clone(),
            description: file.label.description.clone(),
            size: file.layout.size(),
            sha256: data_encoding::HEXLOWER.encode(&file.plaintext_hash),
            path: None,
            problem: None,
        };
        if !fetch {
            record.problem = Some("it was not fetched: the service was not reached".to_owned());
            return Ok(record);
        }
        let folder = self.folder.join("files");
        if !folder.exists() {
            new_folder(&folder)?;
        }
        let target = transfer::free_place(&folder, &safe(&file.label.filename, "attachment"));
        match transfer::download(way, &file, &target, |_, _| {}).await {
            Ok(()) => {
                let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
                record.path = Some(format!("files/{name}"));
            }
            Err(error) => record.problem = Some(error.to_string()),
        }
        Ok(record)
    }

    fn finish(mut self) -> Result<(), ExportError> {
        let folder = self.folder.clone();
        self.lines.flush().and_then(|()| self.text.flush()).map_err(failed(&folder))
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    new_file(path).and_then(|mut file| file.write_all(bytes)).map_err(failed(path))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> ExportError {
    let path = path.to_owned();
    move |source| ExportError::File { path, source }
}
