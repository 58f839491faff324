//! The text forms: keys, submissions to witnesses, proof files, policy files.

use super::*;

fn logged(size: u64, index: u64, checkpoint: Vec<u8>) -> LoggedEntry {
    let proof = log_of(size).prove_inclusion(index, size).unwrap();
    LoggedEntry { entry: entry(index), index, hashes: proof.hashes, checkpoint }
}

fn policy(quorum: usize) -> LogPolicy {
    let witnesses = (0..3).map(|number| cosigner(number).public()).collect();
    LogPolicy::new(signer().public(), witnesses, quorum).unwrap()
}

#[test]
fn keys_are_written_as_c2sp_says() {
    // The example of C2SP signed-note.
    let example = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let key: LogKey = example.parse().unwrap();
    assert_eq!((key.name(), key.to_string().as_str()), ("example.com/foo", example));
    for bad in [
        "",
        "example.com/foo",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
    ] {
        assert_eq!(bad.parse::<LogKey>(), Err(CheckpointError::BadKey), "{bad:?}");
    }
    let witness = cosigner(1).public();
    assert_eq!(witness.to_string().parse(), Ok(witness.clone()));
    assert_eq!(witness.to_string().parse::<LogKey>(), Err(CheckpointError::BadKey), "of another algorithm");
    assert_eq!(example.parse::<WitnessKey>(), Err(CheckpointError::BadKey));
}

#[test]
fn a_cosignature_is_taken_from_a_witness_and_put_into_the_checkpoint() {
    let log = log_of(5);
    let bare = open(&signer().sign(&log.head()));
    let (first, again) =
        (cosign(&bare.to_bytes(), 1, NOW), cosign(&bare.to_bytes(), 1, Timestamp(NOW.0 + 60_000)));
    let line = |note: &[u8]| String::from_utf8(cosignature(note).to_vec()).unwrap();
    let witness = cosigner(1).public();
    let signed = bare.with_cosignature(&witness, &line(&first)).unwrap();
    assert_eq!(signed.to_bytes(), first);
    // A newer one takes its place, and leaves those of others.
    let both =
        signed.with_cosignature(&cosigner(2).public(), &line(&cosign(&bare.to_bytes(), 2, NOW))).unwrap();
    let newer = both.with_cosignature(&witness, &line(&again)).unwrap();
    assert_eq!(newer.cosigned_at(&witness), Some(Timestamp(NOW.0 + 60_000)));
    assert_eq!(newer.cosigned_at(&cosigner(2).public()), Some(NOW));
    assert_eq!(newer.to_bytes().len(), both.to_bytes().len());
    let of_another_head = cosign(&signer().sign(&log_of(4).head()), 1, NOW);
    for (witness, line) in [
        (&witness, line(&of_another_head)),
        (&cosigner(2).public(), line(&first)),
        (&witness, line(&bare.to_bytes())),
        (&witness, String::new()),
        (&witness, format!("{}\nx", line(&first))),
    ] {
        assert!(bare.with_cosignature(witness, &line).is_err(), "{line}");
    }
}

#[test]
fn a_submission_is_what_tlog_witness_says() {
    let log = log_of(7);
    let checkpoint = open(&signer().sign(&log.head()));
    let proof = log.prove_consistency(3, 7).unwrap();
    let sent = Submission::new(&proof, &checkpoint);
    let body = sent.encode();
    assert!(body.starts_with(b"old 3\n"));
    let read = Submission::decode(&body).unwrap();
    assert_eq!((read.origin(), read.proof()), ("a.example/log", proof));
    assert_eq!(read, sent);
    let text = String::from_utf8(body.clone()).unwrap();
    for bad in [
        text.replace("old 3", "old 03"),
        text.replace("old 3", "old -1"),
        text.replace("old 3\n", "old 3\r\n"),
        text.replace("old 3\n", "old 3\nAAAA\n"),
        text.replace("old 3\n", ""),
        text.replace("\n7\n", "\n07\n"),
        text.replace("\n7\n", &format!("\n{}\n", LOG_SIZE + 1)),
        text.replace("old 3\n", &format!("old 3\n{}", "A".repeat(43) + "=\n").repeat(64)),
        format!("{text}\n"),
        text.trim_end().to_owned(),
        "x".repeat(Submission::LIMIT + 1),
    ] {
        assert!(Submission::decode(bad.as_bytes()).is_err(), "{bad}");
    }
    let first = Submission::new(&log.prove_consistency(0, 7).unwrap(), &checkpoint);
    assert_eq!(Submission::decode(&first.encode()), Ok(first));
}

#[test]
fn a_proof_file_is_checked_without_a_network() {
    let log = log_of(9);
    let checkpoint = cosign(&cosign(&signer().sign(&log.head()), 0, NOW), 1, NOW);
    let good = logged(9, 5, checkpoint.clone());
    let file = good.to_file();
    assert_eq!(LoggedEntry::from_file(&file), Ok(good.clone()));
    let trusted = good.verify(&policy(2), NOW).unwrap();
    assert_eq!((trusted.head(), trusted.witnesses().len()), (log.head(), 2));
    assert!(matches!(
        good.verify(&policy(3), NOW),
        Err(LoggedError::Policy(PolicyError::TooFewWitnesses { fresh: 2, needed: 3 }))
    ));
    // Every bit counts: of whatever is altered, nothing is believed that was not before.
    for at in 0..file.len() {
        let mut altered = file.clone();
        altered[at] ^= 1;
        if let Ok(read) = LoggedEntry::from_file(&altered) {
            let verified = read.verify(&policy(2), NOW);
            assert!(verified.is_err(), "byte {at}: {}", String::from_utf8_lossy(&altered));
        }
    }
    let other = LoggedEntry { entry: entry(7), ..good.clone() };
    assert_eq!(other.verify(&policy(2), NOW), Err(LoggedError::Proof(ProofError::DoesNotHold)));
    let elsewhere = LoggedEntry { index: 4, ..good.clone() };
    assert_eq!(elsewhere.verify(&policy(2), NOW), Err(LoggedError::Proof(ProofError::DoesNotHold)));
    let older = LoggedEntry { checkpoint: cosign(&signer().sign(&log_of(5).head()), 0, NOW), ..good };
    assert_eq!(older.verify(&policy(1), NOW), Err(LoggedError::Proof(ProofError::OutOfRange)));
    insta::assert_snapshot!(String::from_utf8(file).unwrap());
}

#[test]
fn a_policy_file_says_whom_to_believe() {
    let key = |number| cosigner(number).public();
    let log = signer().public();
    let text = format!(
        "# whom we believe\nlog {log} https://a.example/log\n\nwitness one {}\n\twitness two {} https://w\n\
         witness three {}\ngroup most 2 one two three\nquorum most\n",
        key(0),
        key(1),
        key(2)
    );
    let read: LogPolicy = text.parse().unwrap();
    assert_eq!((read.log(), read.quorum()), (&log, 2));
    let checkpoint = cosign(&cosign(&signer().sign(&log_of(3).head()), 0, NOW), 2, NOW);
    assert!(read.check(&checkpoint, NOW).is_ok());
    assert!(read.check(&cosign(&signer().sign(&log_of(3).head()), 0, NOW), NOW).is_err());
    for (policy, quorum) in [(policy(0), 0), (policy(1), 1), (policy(3), 3), (read, 2)] {
        let again: LogPolicy = policy.to_string().parse().unwrap();
        assert_eq!((again.to_string(), again.quorum()), (policy.to_string(), quorum));
    }
    let with = |from: &str, to: &str| text.replace(from, to);
    assert_eq!(with("quorum most", "quorum one").parse::<LogPolicy>().unwrap().quorum(), 1);
    assert_eq!(with("most 2", "most all").parse::<LogPolicy>().unwrap().quorum(), 3);
    assert_eq!(with("most 2", "most any").parse::<LogPolicy>().unwrap().quorum(), 1);
    for bad in [
        with("quorum most\n", ""),
        with("quorum most", "quorum most\nquorum one"),
        with("quorum most", "quorum nobody"),
        with("quorum most", "group more all most one\nquorum more"),
        with("most 2", "most 4"),
        with("most 2", "most 0"),
        with("log ", "logs "),
        with("log ", "log x "),
        with("witness two", "witness one"),
        with(&key(1).to_string(), &key(0).to_string()),
        with("quorum most", &format!("log {log}\nquorum most")),
        "x".repeat(64 * 1024 + 1),
        String::new(),
    ] {
        assert!(bad.parse::<LogPolicy>().is_err(), "{bad}");
    }
}
