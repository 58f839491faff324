//! From two people's release to a finished report, whatever happens on the way.

use super::{
    ncmec::{Fault, Stage, tls},
    *,
};

const HOUR: u64 = 60 * 60 * 1000;

#[tokio::test]
async fn what_two_people_released_arrives_whole_and_as_the_schema_says() {
    let world = World::new().await;
    let id = world.approved().await;
    let state = world.drive(id).await.unwrap();
    let asked = world.ncmec.books().asked.clone();
    assert_eq!(asked, ["submit", "upload", "fileinfo", "upload", "fileinfo", "finish"]);
    let (number, report) = world.ncmec.finished();
    assert_eq!(state, State::Finished { report: number, at: NOW });

    let xml = report.xml;
    let summary = xml.child("incidentSummary").unwrap();
    assert_eq!(summary.text_of("incidentType"), Incident::Material.as_str());
    assert_eq!(summary.text_of("incidentDateTime"), "2023-11-14T22:13:20Z");
    let chat = xml.child("internetDetails").unwrap().child("chatImIncident").unwrap();
    assert_eq!(chat.text_of("content"), "<look> & \u{FFFD}tell\nnobody", "what XML cannot say is replaced");
    let reported = xml.child("personOrUserReported").unwrap();
    assert_eq!(reported.text_of("espIdentifier"), "mimi://a.example/u/mallory");
    assert_eq!(reported.children.iter().filter(|child| child.name == "displayName").count(), 2);

    let sent: Vec<_> = report.files.iter().map(|(_, bytes, _)| &bytes[..]).collect();
    assert_eq!(sent, files().each_ref().map(|file| &file[..]));
    let described = report.files[0].2.as_ref().unwrap();
    assert_eq!(described.text_of("originalFileName"), "my \"1.jpg\" & more");
    assert_eq!(described.text_of("industryClassification"), "A2");
    assert_eq!(described.text_of("fileViewedByEsp"), "true");
    let hash = described.child("originalFileHash").unwrap();
    assert_eq!(hash.text, data_encoding::HEXLOWER.encode(&Sha256::digest(&files()[0])));
    assert_eq!(hash.attributes, [("hashType".to_owned(), "SHA256".to_owned())]);
    assert_eq!(report.files[1].2.as_ref().unwrap().text_of("fileRelevance"), "Supplemental Reported");
}

#[tokio::test]
async fn nothing_leaves_before_a_second_person_approves() {
    let world = World::new().await;
    let id = world.prepare(package(), &files(), "ann", NOW).await.unwrap();
    assert_eq!(world.drive(id).await.unwrap(), State::Prepared);
    for nobody in ["ann", ""] {
        assert!(world.tipline.approve(id, nobody, NOW).await.is_err());
    }
    assert!(matches!(world.tipline.approve(id, "ann", NOW).await, Err(TiplineError::SamePerson)));
    assert_eq!(world.drive(id).await.unwrap(), State::Prepared);
    assert!(world.ncmec.books().asked.is_empty());
    world.tipline.approve(id, "bob", NOW).await.unwrap();
    assert!(matches!(world.tipline.approve(id, "eve", NOW).await, Err(TiplineError::NotNow)));
    let [standing] = &world.tipline.all().await.unwrap()[..] else { panic!("one package") };
    assert_eq!((standing.prepared_by.as_str(), standing.approved_by.as_deref()), ("ann", Some("bob")));
}

/// After each request in turn the answer is lost and the process ends. In the end one report is finished, each file in it once.
#[tokio::test]
async fn an_answer_that_is_lost_and_a_crash_double_nothing() {
    for (kind, after) in
        [("submit", 0), ("upload", 0), ("fileinfo", 0), ("upload", 1), ("fileinfo", 1), ("finish", 0)]
    {
        let mut world = World::new().await;
        let id = world.approved().await;
        world.ncmec.books().faults.push((kind, after, Fault::AnswerLost));
        let failed = world.drive(id).await.unwrap_err();
        assert!(matches!(failed, TiplineError::Line(LineError::NoAnswer(502))), "{kind}: {failed}");
        world.restarted();
        assert!(matches!(world.drive(id).await.unwrap(), State::Finished { .. }), "{kind}");
        assert_eq!(world.ncmec.books().refused.contains(&5102), kind == "finish", "{kind}");
        let (_, report) = world.ncmec.finished();
        let sent: Vec<_> = report.files.iter().map(|(_, bytes, _)| &bytes[..]).collect();
        assert_eq!(sent, files().each_ref().map(|file| &file[..]), "{kind}");
        assert!(report.files.iter().all(|(_, _, described)| described.is_some()), "{kind}");
        let left = world.ncmec.books().reports.values().filter(|report| report.stage == Stage::Open).count();
        assert_eq!(left, usize::from(kind == "submit"), "{kind}: what was opened twice runs out at NCMEC");
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_its_meaning_and_what_is_refused_for_good_waits_for_a_person() {
    let world = World::new().await;
    let id = world.approved().await;
    for (code, meaning) in [
        (1000, Meaning::Fault),
        (3100, Meaning::NotAllowed),
        (4100, Meaning::Invalid),
        (9999, Meaning::Other),
    ] {
        world.ncmec.books().faults.push(("upload", 0, Fault::Code(code)));
        let refused = world.drive(id).await.unwrap_err();
        assert!(
            matches!(&refused, TiplineError::Line(LineError::Refused { code: c, meaning: m, .. }) if (*c, *m) == (code, meaning)),
            "{refused}"
        );
        let standing = world.tipline.all().await.unwrap().remove(0);
        if let Meaning::NotAllowed | Meaning::Invalid = meaning {
            assert_eq!(standing.refused.map(|refused| refused.code), Some(code));
            let asked = world.ncmec.books().asked.len();
            assert!(!world.drive(id).await.unwrap().is_over());
            assert_eq!(world.ncmec.books().asked.len(), asked, "nothing is asked again by itself");
            world.tipline.resume(id, "ann", NOW).await.unwrap();
        } else {
            assert_eq!(standing.refused, None, "worth another try");
            assert!(matches!(world.tipline.resume(id, "ann", NOW).await, Err(TiplineError::NotNow)));
        }
    }
    assert!(world.drive(id).await.unwrap().is_over());
    let asked = world.ncmec.books().asked.clone();
    assert_eq!(asked.iter().filter(|what| *what == "submit").count(), 1, "it went on where it was");
    let stranger = world.ncmec.line("trefoil", "sesame");
    let other = world.approved().await;
    let refused = world.tipline.drive(other, &stranger, NOW).await.unwrap_err();
    assert!(matches!(refused, TiplineError::Line(LineError::Refused { meaning: Meaning::Unknown, .. })));
}

#[tokio::test]
async fn what_ncmec_dropped_is_begun_anew_but_not_for_ever() {
    let world = World::new().await;
    let id = world.approved().await;
    world.ncmec.books().faults.push(("fileinfo", 0, Fault::Code(1000)));
    assert!(world.drive(id).await.is_err());
    // Dropped by surprise.
    world.ncmec.books().reports.clear();
    assert!(world.drive(id).await.unwrap().is_over());
    assert!(world.ncmec.books().refused.contains(&5001));

    let world = World::new().await;
    let id = world.approved().await;
    world.ncmec.books().faults.push(("fileinfo", 0, Fault::Code(1000)));
    assert!(world.drive(id).await.is_err());
    // After an hour without a change it is not even asked for.
    let later = NOW.plus_millis(HOUR);
    assert!(world.tipline.drive(id, &world.line, later).await.unwrap().is_over());
    assert!(!world.ncmec.books().refused.contains(&5001));

    let world = World::new().await;
    let id = world.approved().await;
    world.ncmec.books().faults.extend([("upload", 0, Fault::Code(5001)); 5]);
    assert!(world.drive(id).await.is_err());
    assert_eq!(world.ncmec.books().asked.iter().filter(|what| *what == "submit").count(), 2);
}

#[tokio::test]
async fn a_package_is_taken_back_until_it_is_finished() {
    let world = World::new().await;
    let (early, midway, late) = (world.approved().await, world.approved().await, world.approved().await);
    world.tipline.withdraw(early, "bob", NOW).await.unwrap();
    assert_eq!(world.drive(early).await.unwrap(), State::Withdrawn);
    assert!(world.ncmec.books().asked.is_empty());

    world.ncmec.books().faults.push(("fileinfo", 0, Fault::Code(1000)));
    assert!(world.drive(midway).await.is_err());
    world.tipline.withdraw(midway, "bob", NOW).await.unwrap();
    // That it was retracted before is as good.
    world.ncmec.books().faults.push(("retract", 0, Fault::AnswerLost));
    assert!(world.drive(midway).await.is_err());
    assert_eq!(world.drive(midway).await.unwrap(), State::Withdrawn);
    assert!(world.ncmec.books().refused.contains(&5101));
    assert!(world.ncmec.books().reports.values().all(|report| report.stage == Stage::Retracted));

    assert!(world.drive(late).await.unwrap().is_over());
    assert!(matches!(world.tipline.withdraw(late, "bob", NOW).await, Err(TiplineError::NotNow)));
}

#[test]
fn the_line_is_encrypted_or_stays_on_this_machine() {
    let line = |endpoint: &str| Line::new(endpoint, ncmec::credentials("a", "b"), tls());
    assert!(line("https://exttest.cybertip.org/ispws").is_ok());
    for bad in ["http://report.cybertip.org/ispws", "ftp://127.0.0.1", "report.cybertip.org"] {
        assert!(matches!(line(bad), Err(LineError::Endpoint(_))), "{bad}");
    }
}
