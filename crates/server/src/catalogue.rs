//! The catalogue of what a service stores: each table, queue and folder, for how long, and what it discloses to
//! whoever takes the disk; what it could see while it runs; and what cannot be had from it. `docs/at-rest.md` and
//! `trefoil inventory` are made from it.

mod impossible;
mod observed;

pub use impossible::{IMPOSSIBLE, Impossible, Shown};
pub use observed::{OBSERVED, Observation};

use trefoil_store::Table;

/// One table's line in `docs/at-rest.md`.
#[derive(Clone, Copy, Debug)]
pub struct TableNote {
    /// The table.
    pub table: Table,
    /// What a row is.
    pub holds: &'static str,
    /// How long a row stays.
    pub kept: &'static str,
    /// What someone with a copy of the disk learns from it.
    pub discloses: &'static str,
}

/// The line of something stored that is no table.
#[derive(Clone, Copy, Debug)]
pub struct PlaceNote {
    /// Its name.
    pub place: &'static str,
    /// What an entry is.
    pub holds: &'static str,
    /// How long it stays.
    pub kept: &'static str,
    /// What someone with a copy of the disk learns from it.
    pub discloses: &'static str,
}

/// Queues and files beside the tables.
pub const PLACES: &[PlaceNote] = &[
    PlaceNote {
        place: "queue of each device (its mailbox)",
        holds: "events that the device has not acknowledged: room, time of acceptance, MLS message, stamp",
        kept: "until the device acknowledges, or nobody read the mailbox for its days",
        discloses: "which of this service's devices waits for an event of which room. Several devices that wait for \
                    the same event share a room: until stored events are sealed, a copy of the disk shows such pairs",
    },
    PlaceNote {
        place: "queue of each other service (the outbox)",
        holds: "notifications not delivered yet: room, recipients at that service, events",
        kept: "until that service has taken it",
        discloses: "who at that service is in a room with whom, for as long as the notification waits; to be sealed \
                    to that service",
    },
    PlaceNote {
        place: "folder `media`",
        holds: "encrypted attachments and segments of backups by random id",
        kept: "an unfinished upload for a day; a finished one until the service removes it; a segment as its table says",
        discloses: "number and sizes; neither who uploaded nor who reads",
    },
    PlaceNote {
        place: "folder `log-inbox`",
        holds: "releases that the operator handed in and that are not in the public log yet",
        kept: "until they are in it: a second or two while the service runs. What is no release stays, renamed to \
               `.refused`, until the operator takes it away",
        discloses: "nothing that will not be public",
    },
    PlaceNote {
        place: "folder `rooms-inbox`",
        holds: "orders of the operator that were not followed yet: who is to be removed from which room, and why",
        kept: "until they are followed: a second or two while the service runs. What cannot be followed stays, renamed \
               to `.refused`, until the operator takes it away",
        discloses: "as the table `rooms.removals`",
    },
    PlaceNote {
        place: "folder `staff-inbox`",
        holds: "orders of the operator that were not followed yet: who is invited to the team, with the SHA-256 of the code, and who \
                is removed from it",
        kept: "until they are followed: a second or two while the service runs. What cannot be followed stays, renamed \
               to `.refused`, until the operator takes it away",
        discloses: "who works here",
    },
    PlaceNote {
        place: "folder `minors-inbox`",
        holds: "orders of the operator that were not followed yet: whose guardian is released, and why",
        kept: "until they are followed: a second or two while the service runs. What cannot be followed stays, renamed \
               to `.refused`, until the operator takes it away",
        discloses: "that the account is a minor's, and the reason; once it is followed, the audit trail has them",
    },
    PlaceNote {
        place: "file `codes.log` (mode 0600; only with `code.sender = \"log\"`, development)",
        holds: "numbers with their one-time codes, in clear",
        kept: "ten minutes, and until the next code or the next round of forgetting",
        discloses: "which numbers asked for a code lately, and the codes",
    },
    PlaceNote {
        place: "file `secrets.toml` (mode 0600)",
        holds: "the service's secret keys: of identifiers, one-time codes, challenges, stamps, the public log and its \
                witness, the key directory's roots and labels, finding by number, telling reporters apart, passes, the policy list, and the \
                fixed parts of the keys of PIN records and of files in reports to NCMEC",
        kept: "for the life of the service",
        discloses: "with the tables: handles and numbers by trying them out, codes that are good now, who is in the \
                    key directory. Whoever has it can forge this service's stamps, requests to remove somebody, \
                    checkpoints, cosignatures, directory roots, audits and passes. Nothing that opens a message",
    },
];

/// Every table of a service, by room.
pub fn all() -> impl Iterator<Item = &'static TableNote> {
    [
        crate::accounts::TABLES,
        crate::backup::TABLES,
        crate::behaviour::TABLES,
        crate::directory::TABLES,
        crate::discovery::TABLES,
        crate::edge::TABLES,
        crate::federation::TABLES,
        crate::keys::TABLES,
        crate::log::TABLES,
        crate::mailbox::TABLES,
        crate::media::TABLES,
        crate::minors::TABLES,
        crate::passes::TABLES,
        crate::pin::TABLES,
        crate::policy_lists::TABLES,
        crate::rooms::TABLES,
        crate::safety::TABLES,
        crate::safety::evidence::TABLES,
        crate::safety::known::TABLES,
        crate::safety::tipline::TABLES,
        crate::staff::TABLES,
        crate::trail::TABLES,
        crate::service::fingerprints::TABLES,
    ]
    .into_iter()
    .flatten()
}

/// The page `docs/at-rest.md`, Markdown.
pub fn render() -> String {
    let mut page = String::from(
        "# What a service has\n\nWhat a service holds, what it could see while it runs, and what cannot be had from it: written from the \
         code's own catalogue\n(`crates/server/src/catalogue.rs`, the folder beside it, and each room's `rows.rs`). `trefoil inventory` \
         prints the same.\nA test fails when a table is added without its line. Regenerate: \
         `UPDATE_DOCS=1 cargo nextest run -p trefoil-server --test at_rest`.\n\n## What it holds\n\nThis is the first of two \
         steps: little is held. Sealing room records under keys that only members hold is not built yet,\nso promise P6 does not \
         hold yet: the lines below say what a copy of the disk shows today.\n\n",
    );
    table(&mut page, ["where", "holds", "kept", "discloses"]);
    for note in all() {
        line(&mut page, [&format!("table `{}`", note.table.name()), note.holds, note.kept, note.discloses]);
    }
    for note in PLACES {
        line(&mut page, [note.place, note.holds, note.kept, note.discloses]);
    }
    page.push_str(
        "\n## What it could see while it runs\n\nIf whoever runs it, or compels them, made it look. What is written down today \
         stands beside it.\n\n",
    );
    table(&mut page, ["when", "sees", "written down"]);
    for Observation { occasion, sees, kept } in OBSERVED {
        line(&mut page, [*occasion, sees, kept]);
    }
    page.push_str(
        "\n## What cannot be had from it\n\nWhoever asks, and with whatever order. `make drill` plays the attacks; `make test` runs \
         the tests.\n\n",
    );
    table(&mut page, ["asked for", "why there is no way", "shown by"]);
    for Impossible { asked, why, shown_by } in IMPOSSIBLE {
        let shown: Vec<_> = shown_by.iter().map(|shown| format!("`{shown}`")).collect();
        line(&mut page, [*asked, why, &shown.join(", ")]);
    }
    page
}

fn table<const N: usize>(page: &mut String, heads: [&str; N]) {
    line(page, heads);
    page.push_str(&"|---".repeat(N));
    page.push_str("|\n");
}

fn line<const N: usize>(page: &mut String, cells: [&str; N]) {
    page.push_str(&format!("| {} |\n", cells.join(" | ")));
}
