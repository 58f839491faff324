//! Whoever comes, goes, reads with another device, or gets another role: it is a line for each member.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{
    Suite,
    conversation::{self, Cursor, Item, Line},
    overlay::Overlay,
};
use trefoil_proto::{DeviceUri, RoomUri, UserUri, Wire as _, frame::MailboxEvent, room::Role};
use world::World;

struct Lines {
    world: World,
    room: RoomUri,
    told: Vec<Vec<Line>>,
}

impl Lines {
    fn all(&self, at: usize) -> Vec<Line> {
        let overlay = Overlay::new(self.world.devices[at].store.clone());
        let items = conversation::timeline(&overlay, &self.room, Cursor::Newest, 1000).unwrap();
        let line = |item| match item {
            Item::Note(note) => Some(note.line),
            Item::Message(_) => None,
        };
        items.into_iter().filter_map(line).collect()
    }

    /// What a device was told since it was asked last, in any order.
    fn news(&mut self, at: usize) -> Vec<Line> {
        let mut news = self.all(at);
        self.told.resize(self.told.len().max(at + 1), Vec::new());
        for line in &self.told[at] {
            let known = news.iter().position(|other| other == line).expect("no line goes away");
            news.remove(known);
        }
        self.told[at] = self.all(at);
        news
    }

    /// Each of these devices was told exactly these lines; the rest of them nothing.
    #[track_caller]
    fn tells(&mut self, to: &[usize], lines: &[Line]) {
        let sorted = |mut lines: Vec<Line>| {
            lines.sort_by_key(|line| format!("{line:?}"));
            lines
        };
        for at in 0..self.world.devices.len() {
            let expected = if to.contains(&at) { lines.to_vec() } else { Vec::new() };
            let name = self.world.devices[at].name.clone();
            assert_eq!(sorted(self.news(at)), sorted(expected), "{name}");
        }
    }

    fn user(&self, at: usize) -> UserUri {
        self.world.user(at)
    }

    fn device(&self, at: usize) -> DeviceUri {
        self.world.uri(at)
    }
}

fn added(user: &UserUri, by: &UserUri) -> Line {
    Line::Added { user: user.clone(), by: by.clone() }
}

#[test]
fn everything_that_happens_to_people_and_devices_is_a_line_for_each_member() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let (carol, dave) = (world.person("carol"), world.person("dave"));
    let (a, b, c, d) = (world.user(alice), world.user(bob), world.user(carol), world.user(dave));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let mut lines = Lines { world, room: room.clone(), told: Vec::new() };

    // Opened, and joined.
    assert_eq!(lines.news(bob), [added(&b, &a)]);
    let opened = Line::Opened { by: a.clone() };
    lines.tells(&[alice], &[opened, added(&b, &a)]);
    lines.world.act(alice, |client, now| client.add_people(&room, std::slice::from_ref(&c), now));
    lines.world.run();
    lines.tells(&[alice, bob, carol], &[added(&c, &a)]);

    // A new device, which joins by itself.
    lines.world.take_up(carol, &room);
    let second = lines.world.link(carol, "carol's second");
    let device = lines.device(second);
    let line = Line::DeviceAdded { device: device.clone(), by: Some(c.clone()) };
    lines.tells(&[alice, bob, carol, second], &[line]);

    // A role, a name.
    lines.world.act(alice, |client, now| client.make_admin(&room, &b, now));
    lines.world.run();
    let line = Line::RoleChanged { user: b.clone(), by: a.clone(), role: Role::ADMIN.0 };
    lines.tells(&[alice, bob, carol, second], &[line]);
    lines.world.act(bob, |client, now| client.rename_room(&room, "Coffee", now));
    lines.world.run();
    let line = Line::Renamed { by: b.clone(), name: "Coffee".into() };
    lines.tells(&[alice, bob, carol, second], &[line]);

    // A device is taken off. Its mailbox went with it.
    lines.world.act(carol, |client, now| client.remove_device(&device, now));
    lines.world.run();
    let line = Line::DeviceRemoved { device, by: Some(c.clone()) };
    lines.tells(&[alice, bob, carol], &[line]);

    // Removed, and added again.
    lines.world.act(bob, |client, now| client.remove_people(&room, std::slice::from_ref(&c), now));
    lines.world.run();
    let line = Line::Removed { user: c.clone(), by: b.clone() };
    lines.tells(&[alice, bob, carol], &[line]);
    lines.world.act(bob, |client, now| client.add_people(&room, std::slice::from_ref(&c), now));
    lines.world.run();
    lines.tells(&[alice, bob, carol], &[added(&c, &b)]);

    // Out of step while one goes, one comes, and one has another device; then joined anew.
    lines.world.devices[bob].deaf = true;
    let third = lines.world.link(alice, "alice's second");
    let other = lines.device(third);
    let by_alice = Line::DeviceAdded { device: other.clone(), by: Some(a.clone()) };
    lines.tells(&[alice, carol, third], &[by_alice]);
    lines.world.act(alice, |client, now| client.remove_people(&room, std::slice::from_ref(&c), now));
    lines.world.run();
    let line = Line::Removed { user: c.clone(), by: a.clone() };
    lines.tells(&[alice, carol, third], &[line]);
    lines.world.act(alice, |client, now| client.add_people(&room, std::slice::from_ref(&d), now));
    lines.world.run();
    lines.tells(&[alice, dave, third], &[added(&d, &a)]);
    let (bobs, waiting) = (lines.device(bob), lines.world.waiting(bob, usize::MAX).len());
    let mailbox = lines.world.hub.mailboxes.get_mut(&bobs).unwrap();
    mailbox.truncate(mailbox.len() - waiting);
    lines.world.hub.post(&bobs, MailboxEvent::Lapsed { room: None }.encode());
    lines.world.devices[bob].deaf = false;
    lines.world.run();
    let mut meanwhile = lines.news(bob);
    assert_eq!([meanwhile.remove(0), meanwhile.remove(0)], [Line::Lapsed, Line::Gap]);
    let (came, went) = (Line::CameMeanwhile { user: d.clone() }, Line::GoneMeanwhile { user: c.clone() });
    assert_eq!(meanwhile, [came, went, Line::DeviceAdded { device: other.clone(), by: None }]);
    lines.tells(&[alice, dave, third], &[Line::Rejoined { device: bobs }]);

    // Left, which somebody else commits.
    lines.world.act(dave, |client, now| client.leave(&room, now));
    lines.world.run();
    lines.world.pass(60_000);
    lines.tells(&[alice, bob, dave, third], &[Line::Left { user: d }]);
    // With two devices: one takes the other along.
    lines.world.act(alice, |client, now| client.leave(&room, now));
    lines.world.run();
    lines.world.pass(60_000);
    let line = Line::DeviceRemoved { device: other, by: Some(a.clone()) };
    assert_eq!(lines.news(third), std::slice::from_ref(&line));
    lines.tells(&[alice, bob], &[line, Line::Left { user: a }]);
    // The last one needs nobody.
    lines.world.act(bob, |client, now| client.leave(&room, now));
    lines.world.run();
    lines.tells(&[bob], &[Line::Left { user: b }]);
}

#[test]
fn a_device_under_a_false_account_key_that_was_refused_is_a_line_too() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    let victim = world.user(bob);
    let device = format!("mimi://{}/d/{}/forged", victim.domain, victim.id).parse().unwrap();
    let account = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
    let (_, keys) = world::forge::device(&device, &account);
    world.hub.lenient = true;
    let request = world::evil::commit(&world, alice, &room, &keys.one_use[0], None);
    world.hub.update(&room, &request);
    let mut lines = Lines { world, room, told: Vec::new() };
    lines.news(carol);
    lines.world.run();
    assert_eq!(lines.news(carol), [Line::KeyRefused { user: lines.user(bob) }]);
}
