//! What is stored, for how long, and what could not be sent anyway.

use super::{
    super::{rows::*, xml},
    *,
};
use crate::safety::tipline::tests::schema::{check, file_details, report};
use std::os::unix::fs::PermissionsExt as _;

const DAY: u64 = 24 * 60 * 60 * 1000;

async fn rows(world: &World) -> (usize, usize) {
    let count =
        async |table| Store::scan(&*world.store, table, KeyRange::all(), usize::MAX).await.unwrap().len();
    (count(PACKAGES).await, count(CHUNKS).await)
}

#[tokio::test]
async fn a_package_is_kept_for_a_year_after_it_was_finished_and_then_gone_whole() {
    let world = World::new().await;
    let id = world.approved().await;
    let finished = NOW.plus_millis(DAY / 48);
    world.tipline.drive(id, &world.line, finished).await.unwrap();
    world.tipline.sweep(finished.plus_millis(365 * DAY)).await.unwrap();
    assert_eq!(world.tipline.file(id, 0).await.unwrap(), files()[0]);
    assert_eq!(world.tipline.file(id, 1).await.unwrap(), files()[1]);
    assert!(matches!(world.tipline.file(id, 2).await, Err(TiplineError::NotFound)));
    world.tipline.sweep(finished.plus_millis(367 * DAY)).await.unwrap();
    assert_eq!(rows(&world).await, (0, 0));
    assert!(matches!(world.tipline.file(id, 0).await, Err(TiplineError::NotFound)));
}

#[tokio::test]
async fn files_lie_sealed_and_under_a_key_of_their_own() {
    let world = World::new().await;
    let one = world.approved().await;
    let two = world.approved().await;
    let chunks = Store::scan(&*world.store, CHUNKS, KeyRange::all(), usize::MAX).await.unwrap();
    assert_eq!(chunks.len(), 2 * 4);
    for (_, chunk) in &chunks {
        let clear = chunk.windows(13).any(|window| window == &files()[1][..] || window == [0xAB; 13]);
        assert!(!clear, "a file lies in clear");
    }
    assert!(chunks.iter().all(|(key, chunk)| {
        chunks.iter().filter(|(_, other)| other == chunk).count() == 1 && key.len() == 24
    }));
    // A chunk that is exchanged does not open.
    let of = |id: PackageId| chunks.iter().find(|(key, _)| key.starts_with(&id.0)).unwrap().clone();
    let mut batch = Batch::new();
    batch.put(CHUNKS, of(one).0, of(two).1);
    Store::commit(&*world.store, batch).await.unwrap();
    assert!(matches!(world.tipline.file(one, 0).await, Err(TiplineError::DamagedRow)));
}

#[tokio::test]
async fn what_a_crash_left_while_files_were_written_goes_soon() {
    let world = World::new().await;
    let mut left = row();
    (left.state, left.until) = (State::Gathering, NOW);
    let id = PackageId([9; 16]);
    write_file(&*world.store, &SecretKey::fixed([5; 32]), id, 0, &files()[0]).await.unwrap();
    let mut batch = Batch::new();
    batch.put(PACKAGES, id.0.to_vec(), left.encode());
    Store::commit(&*world.store, batch).await.unwrap();
    assert_eq!(world.drive(id).await.unwrap(), State::Gathering);
    assert!(matches!(world.tipline.approve(id, "bob", NOW).await, Err(TiplineError::NotNow)));
    world.tipline.sweep(NOW).await.unwrap();
    assert_eq!(rows(&world).await, (0, 0));
}

#[tokio::test]
async fn what_could_not_be_sent_is_not_prepared() {
    let world = World::new().await;
    let spoilt: [fn(&mut Package); 6] = [
        |it| it.reporter.email.clear(),
        |it| it.reporter.last_name = " ".to_owned(),
        |it| it.reported.user.clear(),
        |it| it.at = Timestamp(0),
        |it| it.files[0].sha256[0] ^= 1,
        |it| it.files[1].classification = Some(Classification::B1),
    ];
    for spoil in spoilt {
        let mut package = package();
        spoil(&mut package);
        let refused = world.prepare(package, &files(), "ann", NOW).await;
        assert!(matches!(refused, Err(TiplineError::Package(_))));
    }
    assert!(world.prepare(package(), &files()[..1], "ann", NOW).await.is_err());
    assert_eq!(rows(&world).await, (0, 0));
}

/// The check that the stand-in for NCMEC makes can fail: each element that has to be there, and the order.
#[test]
fn the_schema_refuses_what_is_missing_or_out_of_order() {
    let whole = xml::report(&package());
    check(whole.as_bytes(), report()).unwrap();
    let without = |document: &str, element: &str| {
        let (start, end) = (format!("<{element}>"), format!("</{element}>"));
        let (from, to) = (document.find(&start).unwrap(), document.find(&end).unwrap() + end.len());
        (format!("{}{}", &document[..from], &document[to..]), document[from..to].to_owned())
    };
    for element in [
        "incidentSummary",
        "incidentType",
        "incidentDateTime",
        "internetDetails",
        "reporter",
        "reportingPerson",
    ] {
        let (spoilt, _) = without(&whole, element);
        assert!(check(spoilt.as_bytes(), report()).is_err(), "{element}");
    }
    let (rest, summary) = without(&whole, "incidentSummary");
    let late = rest.replace("</report>", &format!("{summary}</report>"));
    assert!(check(late.as_bytes(), report()).is_err());
    let twice = whole.replace("<reporter>", &format!("{summary}<reporter>"));
    assert!(check(twice.as_bytes(), report()).is_err());

    let details = xml::file_details(7, "f", &package().files[0]);
    check(details.as_bytes(), file_details()).unwrap();
    for element in ["reportId", "fileId"] {
        assert!(check(without(&details, element).0.as_bytes(), file_details()).is_err(), "{element}");
    }
    for (old, new) in [(" hashType=\"SHA256\"", ""), (">A2<", ">C3<"), (">Reported<", ">reported<")] {
        assert!(details.contains(old));
        assert!(check(details.replace(old, new).as_bytes(), file_details()).is_err(), "{old}");
    }
}

#[test]
fn credentials_are_read_from_a_file_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ncmec");
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    std::fs::write(&path, "name\npassword\n").unwrap();
    mode(0o644);
    assert!(matches!(Credentials::read(&path), Err(LineError::Credentials { .. })));
    mode(0o600);
    assert!(Credentials::read(&path).is_ok());
    for bad in ["name\n", "name\n\n", "a\nb\nc\n", ""] {
        std::fs::write(&path, bad).unwrap();
        assert!(matches!(Credentials::read(&path), Err(LineError::Credentials { .. })), "{bad:?}");
    }
}

#[test]
fn rows_keep_their_form() {
    let bytes = row().encode();
    assert_eq!(PackageRow::decode(&bytes).unwrap(), row());
    let text = std::str::from_utf8(&bytes[1..]).unwrap();
    let state = r#""state":{"state":"open","report":7,"opened":3,"changed":4,"files":["f1"],"described":1,"uploading":true}"#;
    assert!(bytes[0] == 1 && text.contains(state), "{text}");
    assert!(PackageRow::decode(&[2, b'{', b'}']).is_err());
}
