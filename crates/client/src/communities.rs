//! Communities: an announcement room whose admins say, inside the encryption, which groups belong to it. No service learns
//! that (`docs/adr/0024-two-kinds-of-rooms.md`). A group stays a room of its own with its own rules; whoever is in the
//! community has a link into it.

use crate::{
    Client, ClientError, Step, Suite,
    conversation::{self, OutgoingState, compose},
    core::Core,
    inviting,
    rows::{PUBLISHING, PublishingRow, RoomState, Row as _},
};
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    content::groups::{Group, GroupLink, GroupList},
    limits,
    room::{Capability, RoomKind},
};
use trefoil_store::KeyRange;

/// How long a community's link into a group is good: ten years, in milliseconds. Adding the group anew renews it.
const GOOD_FOR: u64 = 10 * 365 * 24 * 60 * 60 * 1000;
/// How many people can come in by it.
const PEOPLE: u32 = limits::PARTICIPANTS as u32;

/// A group of a community, as this person stands to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// The room.
    pub room: RoomUri,
    /// What the community's admins call it.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// Where it stands on this device; none if this person was never in it.
    pub state: Option<RoomState>,
    /// A stranger brought this person in, and they have not taken it up.
    pub request: bool,
}

impl Client {
    /// Makes a community: an announcement room with an empty list of groups.
    ///
    /// # Errors
    /// As [`Client::create_room_with`].
    pub fn create_community(
        &mut self,
        name: &str,
        people: &[UserUri],
        now: Timestamp,
    ) -> Result<(RoomUri, Step<'_>), ClientError> {
        self.step(now, |core| {
            let room = core.create_room(name, people, (Suite::Hybrid, RoomKind::Announcement))?;
            core.say(&room, compose::groups(&GroupList::default())?, now)?;
            Ok(room)
        })
    }

    /// Puts a group into a community's list under its room's name, with an invitation made for it: the list is published
    /// once the group has taken the invitation. One that is in the list gets the new description and another link.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] unless this person is an admin of both; as [`Client::add_people`] of either;
    /// [`ClientError::Conversation`] for a description that is too long, a group without a name, or too many groups.
    pub fn add_group(
        &mut self,
        community: &RoomUri,
        group: &RoomUri,
        description: &str,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.add_group(community, group, description, now)).map(|((), step)| step)
    }

    /// Takes a group out of a community's list, and its invitation back if this person may.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] unless this person is an admin of the community; [`ClientError::UnknownRoom`] if the
    /// group is not in the list; as [`Client::add_people`].
    pub fn remove_group(
        &mut self,
        community: &RoomUri,
        group: &RoomUri,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.remove_group(community, group, now)).map(|((), step)| step)
    }

    /// The groups of a room that is a community; none if it is not one.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn groups(&mut self, community: &RoomUri) -> Result<Option<Vec<GroupView>>, ClientError> {
        let Some(list) = conversation::groups(&self.core().tx(), community)? else { return Ok(None) };
        let views = list.groups.into_iter().map(|group| {
            let view = self.room(&group.room)?;
            let request = conversation::is_request(&self.core().tx(), &group.room)?;
            Ok(GroupView {
                state: view.map(|view| view.state),
                request,
                room: group.room,
                name: group.name,
                description: group.description,
            })
        });
        views.collect::<Result<_, ClientError>>().map(Some)
    }

    /// Comes into a group of a community by its link. Ends as [`Client::accept_invitation`].
    ///
    /// # Errors
    /// [`ClientError::UnknownRoom`] if the group is not in the list; as [`Client::accept_invitation`].
    pub fn join_group(
        &mut self,
        community: &RoomUri,
        group: &RoomUri,
        now: Timestamp,
    ) -> Result<(RoomUri, Step<'_>), ClientError> {
        self.step(now, |core| {
            let list = conversation::groups(&core.tx(), community)?.unwrap_or_default();
            let listed = list.groups.into_iter().find(|one| one.room == *group);
            let listed = listed.ok_or_else(|| ClientError::UnknownRoom(group.clone()))?;
            match inviting::invited_to(listed.link.reveal()) {
                Some((room, _)) if room == *group => core.accept_invitation(listed.link.reveal()),
                _ => Err(ClientError::BadInvitation),
            }
        })
    }
}

impl Core {
    fn add_group(
        &mut self,
        community: &RoomUri,
        group: &RoomUri,
        description: &str,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        self.administers(community)?;
        self.administers(group)?;
        let room = self.known_room(group)?;
        let name = room.context().map(|context| context.metadata.readable_name());
        let link = self.invite(group, PEOPLE, now.plus_millis(GOOD_FOR))?;
        let listed = Group {
            room: group.clone(),
            name: name.unwrap_or_default(),
            description: description.to_owned(),
            link: GroupLink::new(&link).map_err(|_| ClientError::BadInvitation)?,
        };
        // What cannot be published is refused before anything is made.
        compose::groups(&with(self.list(community)?, listed.clone()))?;
        PublishingRow {
            name: listed.name.into_bytes().into(),
            description: listed.description.into_bytes().into(),
            link: link.into_bytes().into(),
        }
        .write(&mut self.tx(), PUBLISHING, key(group, community));
        Ok(())
    }

    fn remove_group(
        &mut self,
        community: &RoomUri,
        group: &RoomUri,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        self.administers(community)?;
        let mut list = self.list(community)?;
        let place = list.groups.iter().position(|one| one.room == *group);
        let gone = list.groups.remove(place.ok_or_else(|| ClientError::UnknownRoom(group.clone()))?);
        (list.came, list.went) = (Vec::new(), vec![gone.name.clone()]);
        self.tx().delete(PUBLISHING, key(group, community));
        self.say(community, compose::groups(&list)?, now)?;
        self.void_link(group, &gone.link)
    }

    /// Publishes the groups whose invitations a room has taken by now.
    pub(crate) fn publish_groups(&mut self, group: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        let waiting = self.tx().scan(PUBLISHING, &crate::rows::room_range(group), usize::MAX, false)?;
        for (at, row) in waiting {
            let row = PublishingRow::from_row(&row)?;
            let community = std::str::from_utf8(&at[crate::rows::room_key(group, &[]).len()..]).ok();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let link = text(row.link.as_slice());
            let (Some(community), Some((_, invitation)), Ok(listed)) = (
                community.and_then(|uri| uri.parse().ok()),
                inviting::invited_to(&link),
                GroupLink::new(&link),
            ) else {
                self.tx().delete(PUBLISHING, at);
                continue;
            };
            let taken = self.known_room(group)?.context().map(|of| of.invitations.of(&invitation).is_some());
            if taken != Ok(true) {
                continue;
            }
            self.tx().delete(PUBLISHING, at);
            if self.administers(&community).is_err() {
                continue;
            }
            let (name, description) = (text(row.name.as_slice()), text(row.description.as_slice()));
            let listed = Group { room: group.clone(), name, description, link: listed };
            let before = self.list(&community)?;
            let old = before.groups.iter().find(|one| one.room == *group).map(|one| one.link.clone());
            if let Ok(draft) = compose::groups(&with(before, listed)) {
                self.say(&community, draft, now)?;
                if let Some(old) = old {
                    self.void_link(group, &old)?;
                }
            }
        }
        Ok(())
    }

    /// The group did not take an invitation: nothing is published of it.
    pub(crate) fn forget_publishing(&mut self, group: &RoomUri) -> Result<(), ClientError> {
        let range: KeyRange = crate::rows::room_range(group);
        for (at, _) in self.tx().scan(PUBLISHING, &range, usize::MAX, false)? {
            self.tx().delete(PUBLISHING, at);
        }
        Ok(())
    }

    fn administers(&mut self, room: &RoomUri) -> Result<(), ClientError> {
        self.open_room(room, true)?;
        self.unblocked(room)?;
        self.allowed(room, Capability::CHANGE_ROOM_DESCRIPTION)
    }

    /// The list as this person left it: what waits for the hub is later than what it has accepted.
    fn list(&self, community: &RoomUri) -> Result<GroupList, ClientError> {
        let mut list = conversation::groups(&self.tx(), community)?;
        for (_, state, content) in conversation::outgoing(&self.tx(), community)? {
            if state == OutgoingState::Queued
                && let Some(waiting) = conversation::groups_in(&content.content)
            {
                list = Some(waiting);
            }
        }
        list.ok_or_else(|| ClientError::NoCommunity(community.clone()))
    }

    /// Takes a link's invitation back, where this person may.
    fn void_link(&mut self, group: &RoomUri, link: &GroupLink) -> Result<(), ClientError> {
        let Some((_, key)) = inviting::invited_to(link.reveal()) else { return Ok(()) };
        if self.room(group)?.is_none() || self.administers(group).is_err() {
            return Ok(());
        }
        let open = self.known_room(group)?.context().is_ok_and(|of| of.invitations.of(&key).is_some());
        if open { self.take_back(group, vec![key]) } else { Ok(()) }
    }
}

/// The list with a group in it, in its place if it was there.
fn with(mut list: GroupList, group: Group) -> GroupList {
    (list.came, list.went) = (Vec::new(), Vec::new());
    match list.groups.iter_mut().find(|one| one.room == group.room) {
        Some(before) => *before = group,
        None => {
            list.came.push(group.name.clone());
            list.groups.push(group);
        }
    }
    list
}

fn key(group: &RoomUri, community: &RoomUri) -> Vec<u8> {
    [crate::rows::room_key(group, &[]), community.to_string().into_bytes()].concat()
}
