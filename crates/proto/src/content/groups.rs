//! The groups of a community: the body of a message by which an admin of an announcement room says which groups belong to it
//! (`docs/adr/0024-two-kinds-of-rooms.md`, `docs/spec/conversation.md`). No service learns that they do.

use super::deterministic;
use crate::{ProtoError, RoomUri, limits, naming::is_name};
use minicbor::{Decoder, Encoder};
use std::{collections::HashSet, fmt};
use zeroize::Zeroizing;

/// The media type of a [`GroupList`], as content of a part.
pub const GROUPS: &str = "application/vnd.trefoil.groups";

const BAD: ProtoError = ProtoError::Malformed("list of groups");

/// The link of an invitation: whoever has it can come in, so it is never shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupLink(Zeroizing<String>);

impl GroupLink {
    /// A link of at most [`limits::GROUP_LINK`] bytes: visible ASCII characters alone.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`].
    pub fn new(link: &str) -> Result<Self, ProtoError> {
        let fits = !link.is_empty() && link.len() <= limits::GROUP_LINK;
        if fits && link.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(Zeroizing::new(link.to_owned())))
        } else {
            Err(BAD)
        }
    }

    /// The link itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for GroupLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupLink(…)")
    }
}

/// One group of a community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The room.
    pub room: RoomUri,
    /// What the admins call it, 1 to [`limits::GROUP_NAME`] bytes, [a name](is_name).
    pub name: String,
    /// What it is about, at most [`limits::GROUP_DESCRIPTION`] bytes without control characters; may be empty.
    pub description: String,
    /// The invitation by which people of the community come in.
    pub link: GroupLink,
}

/// What a community's groups are from now on, and what the admin changed by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupList {
    /// All of them, at most [`limits::GROUPS`], no room twice.
    pub groups: Vec<Group>,
    /// Names of those that came, for the timeline: it says the same in whatever order messages arrive.
    pub came: Vec<String>,
    /// Names of those that went.
    pub went: Vec<String>,
}

impl GroupList {
    /// Decodes deterministic CBOR: `[[* [room, name, description, link]], [* name], [* name]]`.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`]; [`ProtoError::TooLarge`] beyond [`limits::GROUP_LIST`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        if bytes.len() > limits::GROUP_LIST {
            return Err(ProtoError::TooLarge { what: "list of groups", limit: limits::GROUP_LIST });
        }
        deterministic::check(bytes)?;
        let mut d = Decoder::new(bytes);
        if d.array()? != Some(3) {
            return Err(BAD);
        }
        let mut groups = Vec::new();
        for _ in 0..count(&mut d)? {
            if d.array()? != Some(4) {
                return Err(BAD);
            }
            groups.push(Group {
                room: d.str()?.parse()?,
                name: d.str()?.to_owned(),
                description: d.str()?.to_owned(),
                link: GroupLink::new(d.str()?)?,
            });
        }
        let (came, went) = (names(&mut d)?, names(&mut d)?);
        let list = Self { groups, came, went };
        list.check()?;
        Ok(list)
    }

    /// Encodes.
    ///
    /// # Errors
    /// As [`GroupList::decode`].
    pub fn encode(&self) -> Result<Vec<u8>, ProtoError> {
        self.check()?;
        let mut e = Encoder::new(Vec::new());
        self.write(&mut e).map_err(|_| BAD)?;
        let bytes = e.into_writer();
        if bytes.len() > limits::GROUP_LIST {
            return Err(ProtoError::TooLarge { what: "list of groups", limit: limits::GROUP_LIST });
        }
        Ok(bytes)
    }

    fn write(
        &self,
        e: &mut Encoder<Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        e.array(3)?.array(self.groups.len() as u64)?;
        for group in &self.groups {
            e.array(4)?.str(&group.room.to_string())?.str(&group.name)?.str(&group.description)?;
            e.str(group.link.reveal())?;
        }
        for names in [&self.came, &self.went] {
            e.array(names.len() as u64)?;
            for name in names {
                e.str(name)?;
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ProtoError> {
        let sound = |group: &Group| {
            is_name(&group.name, limits::GROUP_NAME)
                && group.description.len() <= limits::GROUP_DESCRIPTION
                && !group.description.chars().any(char::is_control)
        };
        let rooms: HashSet<_> = self.groups.iter().map(|group| &group.room).collect();
        let all = self.groups.len() <= limits::GROUPS
            && rooms.len() == self.groups.len()
            && self.groups.iter().all(sound)
            && [&self.came, &self.went].into_iter().all(|names| names.len() <= limits::GROUPS)
            && self.came.iter().chain(&self.went).all(|name| is_name(name, limits::GROUP_NAME));
        if all { Ok(()) } else { Err(BAD) }
    }
}

fn count(d: &mut Decoder<'_>) -> Result<u64, ProtoError> {
    d.array()?.filter(|count| *count <= limits::GROUPS as u64).ok_or(BAD)
}

fn names(d: &mut Decoder<'_>) -> Result<Vec<String>, ProtoError> {
    (0..count(d)?).map(|_| Ok(d.str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn any_list() -> impl Strategy<Value = GroupList> {
        let group = ("[a-z]{1,8}", "[a-zA-Zé☕]{1,20}", "[ a-z]{0,40}", "[!-~]{1,60}").prop_map(
            |(id, name, description, link)| Group {
                room: format!("mimi://a.test/r/{id}").parse().unwrap(),
                name,
                description,
                link: GroupLink::new(&link).unwrap(),
            },
        );
        let names = || prop::collection::vec("[a-z]{1,9}", 0..3);
        (prop::collection::vec(group, 0..6), names(), names()).prop_map(|(mut groups, came, went)| {
            groups.sort_by_key(|group| group.room.to_string());
            groups.dedup_by_key(|group| group.room.to_string());
            GroupList { groups, came, went }
        })
    }

    proptest! {
        #[test]
        fn lists_come_back(list in any_list()) {
            prop_assert_eq!(GroupList::decode(&list.encode().unwrap()).unwrap(), list);
        }
    }

    fn group(number: usize) -> Group {
        Group {
            room: format!("mimi://a.test/r/{number}").parse().unwrap(),
            name: "Tea".into(),
            description: String::new(),
            link: GroupLink::new("link").unwrap(),
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert_eq!(GroupList::decode(b"\x83\x80\x80\x80").unwrap(), GroupList::default());
        for bytes in [&b"\x82\x80\x80"[..], b"\x83\x80\x80\x80\x00", b"\x83\x80\x81\x60\x80", b"\x80", b""] {
            assert!(GroupList::decode(bytes).is_err(), "{bytes:?}");
        }
        let of = |groups: Vec<Group>| GroupList { groups, ..GroupList::default() }.encode();
        assert!(of((0..limits::GROUPS).map(group).collect()).is_ok());
        assert!(of((0..=limits::GROUPS).map(group).collect()).is_err());
        assert!(of(vec![group(1), group(1)]).is_err());
        assert!(of(vec![Group { name: " ".into(), ..group(1) }]).is_err());
        assert!(of(vec![Group { name: "a\u{7}".into(), ..group(1) }]).is_err());
        assert!(
            of(vec![Group { description: "d".repeat(limits::GROUP_DESCRIPTION + 1), ..group(1) }]).is_err()
        );
        for link in ["", "two words", "é", &"l".repeat(limits::GROUP_LINK + 1)] {
            assert!(GroupLink::new(link).is_err(), "{link:?}");
        }
        let full: Vec<_> = (0..limits::GROUPS)
            .map(|number| Group {
                description: "d".repeat(limits::GROUP_DESCRIPTION),
                name: "n".repeat(limits::GROUP_NAME),
                link: GroupLink::new(&"l".repeat(limits::GROUP_LINK)).unwrap(),
                ..group(number)
            })
            .collect();
        assert!(matches!(of(full), Err(ProtoError::TooLarge { .. })));
    }

    #[test]
    fn a_link_is_never_shown_by_accident() {
        let group = Group { link: GroupLink::new("trefoil-invite-secret").unwrap(), ..group(1) };
        let list = GroupList { groups: vec![group], ..GroupList::default() };
        assert!(!format!("{list:?}").contains("secret"));
    }
}
