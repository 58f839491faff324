//! The roles list component (draft-ietf-mimi-room-policy-04, sections 3 and 8): the same four roles in every room, with one
//! of two tables of what they may do (`docs/adr/0024-two-kinds-of-rooms.md`).

use super::Role;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Something that a role may do: an entry of the "MIMI Role Capabilities" registry (section 10.2).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
pub struct Capability(pub u16);

macro_rules! capabilities {
    ($($name:ident = $value:literal, $meaning:literal;)*) => {
        impl Capability {
            $(#[doc = $meaning] pub const $name: Self = Self($value);)*
        }
    };
}

capabilities! {
    ADD_PARTICIPANT = 0x0000, "Add someone, with their devices.";
    REMOVE_PARTICIPANT = 0x0001, "Remove someone else, with all their devices.";
    ADD_OWN_CLIENT = 0x0002, "Add a device of one's own.";
    REMOVE_OWN_CLIENT = 0x0003, "Remove a device of one's own.";
    REMOVE_SELF = 0x0006, "Leave.";
    BAN = 0x000a, "Keep someone out.";
    UNBAN = 0x000b, "Stop keeping someone out.";
    KICK = 0x000c, "Remove someone's devices without changing the list.";
    CHANGE_USER_ROLE = 0x000f, "Change someone's role.";
    SEND_MESSAGE = 0x0100, "Send messages.";
    RECEIVE_MESSAGE = 0x0101, "Receive messages.";
    COPY_MESSAGE = 0x0102, "Copy messages.";
    REPORT_ABUSE = 0x0103, "Report.";
    REPLY_TO_MESSAGE = 0x0104, "Reply.";
    REACT_TO_MESSAGE = 0x0105, "React.";
    EDIT_REACTION = 0x0106, "Change one's reaction.";
    DELETE_OWN_REACTION = 0x0107, "Take back one's reaction.";
    EDIT_OWN_MESSAGE = 0x0109, "Edit one's message.";
    DELETE_OWN_MESSAGE = 0x010a, "Delete one's message.";
    START_TOPIC = 0x010c, "Start a topic.";
    REPLY_IN_TOPIC = 0x010d, "Reply in a topic.";
    UPLOAD_IMAGE = 0x0200, "Send pictures.";
    UPLOAD_AUDIO = 0x0201, "Send sound.";
    UPLOAD_VIDEO = 0x0202, "Send films.";
    UPLOAD_ATTACHMENT = 0x0203, "Send files.";
    DOWNLOAD_IMAGE = 0x0204, "Load pictures.";
    DOWNLOAD_AUDIO = 0x0205, "Load sound.";
    DOWNLOAD_VIDEO = 0x0206, "Load films.";
    DOWNLOAD_ATTACHMENT = 0x0207, "Load files.";
    SEND_LINK = 0x0208, "Send links.";
    FOLLOW_LINK = 0x020a, "Follow links.";
    COPY_LINK = 0x020b, "Copy links.";
    CHANGE_ROOM_NAME = 0x0300, "Name the room.";
    CHANGE_ROOM_DESCRIPTION = 0x0301, "Describe the room.";
    CHANGE_ROOM_AVATAR = 0x0302, "Give the room a picture.";
    CHANGE_ROOM_SUBJECT = 0x0303, "Say what the room talks about now.";
    CHANGE_ROOM_MOOD = 0x0304, "Say what mood the room is in.";
}

/// What a room is for, which decides what a member may do there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RoomKind {
    /// Everybody writes.
    #[default]
    Discussion,
    /// Only admins write. Members read, react, vote and report.
    Announcement,
}

impl RoomKind {
    /// Every kind that there is.
    pub const ALL: [Self; 2] = [Self::Discussion, Self::Announcement];

    const fn member(self) -> &'static [Capability] {
        match self {
            Self::Discussion => MEMBER,
            Self::Announcement => READER,
        }
    }
}

const MEMBER: &[Capability] = &[
    Capability::ADD_OWN_CLIENT,
    Capability::REMOVE_OWN_CLIENT,
    Capability::REMOVE_SELF,
    Capability::SEND_MESSAGE,
    Capability::RECEIVE_MESSAGE,
    Capability::COPY_MESSAGE,
    Capability::REPORT_ABUSE,
    Capability::REPLY_TO_MESSAGE,
    Capability::REACT_TO_MESSAGE,
    Capability::EDIT_REACTION,
    Capability::DELETE_OWN_REACTION,
    Capability::EDIT_OWN_MESSAGE,
    Capability::DELETE_OWN_MESSAGE,
    Capability::START_TOPIC,
    Capability::REPLY_IN_TOPIC,
    Capability::UPLOAD_IMAGE,
    Capability::UPLOAD_AUDIO,
    Capability::UPLOAD_VIDEO,
    Capability::UPLOAD_ATTACHMENT,
    Capability::DOWNLOAD_IMAGE,
    Capability::DOWNLOAD_AUDIO,
    Capability::DOWNLOAD_VIDEO,
    Capability::DOWNLOAD_ATTACHMENT,
    Capability::SEND_LINK,
    Capability::FOLLOW_LINK,
    Capability::COPY_LINK,
];

/// A member of an announcement room.
const READER: &[Capability] = &[
    Capability::ADD_OWN_CLIENT,
    Capability::REMOVE_OWN_CLIENT,
    Capability::REMOVE_SELF,
    Capability::RECEIVE_MESSAGE,
    Capability::COPY_MESSAGE,
    Capability::REPORT_ABUSE,
    Capability::REACT_TO_MESSAGE,
    Capability::EDIT_REACTION,
    Capability::DELETE_OWN_REACTION,
    Capability::DELETE_OWN_MESSAGE,
    Capability::DOWNLOAD_IMAGE,
    Capability::DOWNLOAD_AUDIO,
    Capability::DOWNLOAD_VIDEO,
    Capability::DOWNLOAD_ATTACHMENT,
    Capability::FOLLOW_LINK,
    Capability::COPY_LINK,
];

/// What an admin may do beyond a member of a discussion, in rooms of either kind.
const ADMIN: &[Capability] = &[
    Capability::ADD_PARTICIPANT,
    Capability::REMOVE_PARTICIPANT,
    Capability::BAN,
    Capability::UNBAN,
    Capability::KICK,
    Capability::CHANGE_USER_ROLE,
    Capability::CHANGE_ROOM_NAME,
    Capability::CHANGE_ROOM_DESCRIPTION,
    Capability::CHANGE_ROOM_AVATAR,
    Capability::CHANGE_ROOM_SUBJECT,
    Capability::CHANGE_ROOM_MOOD,
];

impl Role {
    /// Whether the role holds a capability in rooms of a kind, by [`RolesList::of`].
    pub fn can(self, kind: RoomKind, capability: Capability) -> bool {
        match self {
            Self::MEMBER => kind.member().contains(&capability),
            Self::ADMIN => MEMBER.contains(&capability) || ADMIN.contains(&capability),
            _ => false,
        }
    }
}

/// From one role to others that a holder may give.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RoleChangeTargets {
    /// The role before; [`Role::NONE`] for someone not in the list.
    pub from: Role,
    /// The roles after; [`Role::NONE`] for removal from the list.
    pub targets: Vec<Role>,
}

/// What a role is (section 3).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RoleDefinition {
    /// Its index.
    pub role: Role,
    /// Its name, UTF-8.
    #[tls_codec(with = "crate::wire::opaque")]
    pub name: Vec<u8>,
    /// What it is, in words, UTF-8.
    #[tls_codec(with = "crate::wire::opaque")]
    pub description: Vec<u8>,
    /// What it may do.
    pub capabilities: Vec<Capability>,
    /// At least so many people must have it.
    pub minimum_participants: u32,
    /// At most so many people may have it.
    pub maximum_participants: Option<u32>,
    /// At least so many of them must have a device in the group.
    pub minimum_active_participants: u32,
    /// At most so many of them may have a device in the group.
    pub maximum_active_participants: Option<u32>,
    /// Which changes of role a holder may make.
    pub authorized_role_changes: Vec<RoleChangeTargets>,
}

/// The component's data.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RolesList {
    /// In rising order of index.
    pub roles: Vec<RoleDefinition>,
}

impl RolesList {
    /// Which of the two lists that rooms have this is; none if it is another.
    pub fn kind(&self) -> Option<RoomKind> {
        RoomKind::ALL.into_iter().find(|kind| *self == Self::of(*kind))
    }

    /// The list of roles of rooms of a kind. [`super::authorise`] decides by the same table.
    pub fn of(kind: RoomKind) -> Self {
        let role = |role, name: &str, capabilities: Vec<Capability>, active: Option<u32>| RoleDefinition {
            role,
            name: name.into(),
            description: Vec::new(),
            capabilities,
            minimum_participants: 0,
            maximum_participants: None,
            minimum_active_participants: 0,
            maximum_active_participants: active,
            authorized_role_changes: Vec::new(),
        };
        let change = |from, targets: &[Role]| RoleChangeTargets { from, targets: targets.to_vec() };
        let (none, banned, member, admin) = (Role::NONE, Role::BANNED, Role::MEMBER, Role::ADMIN);
        Self {
            roles: vec![
                role(none, "no_role", Vec::new(), Some(0)),
                role(banned, "banned", Vec::new(), Some(0)),
                RoleDefinition {
                    authorized_role_changes: vec![change(member, &[none])],
                    ..role(member, "member", kind.member().to_vec(), None)
                },
                RoleDefinition {
                    minimum_participants: 1,
                    authorized_role_changes: vec![
                        change(none, &[banned, member, admin]),
                        change(banned, &[none, member, admin]),
                        change(member, &[none, banned, admin]),
                        change(admin, &[none, banned, member]),
                    ],
                    ..role(admin, "admin", [MEMBER, ADMIN].concat(), None)
                },
            ],
        }
    }
}
