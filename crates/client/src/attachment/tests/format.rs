//! Round trips, and every way of tampering.

use super::*;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use trefoil_proto::content::{ExtensionKey, Extensions, Part};

#[test]
fn files_of_awkward_sizes_come_back() {
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * 1024 * 1024 + 17] {
        let plaintext = file(size);
        let plan = survey(&plaintext, key(1));
        let sealed = seal(&plan, &plaintext);
        assert_eq!(sealed.len() as u64, plan.layout.sealed_size(), "{size}");
        assert_eq!(plan.plaintext_hash, <[u8; 32]>::from(Sha256::digest(&plaintext)));
        assert_eq!(plan.sealed_hash, <[u8; 32]>::from(Sha256::digest(&sealed)));
        assert_eq!(open(&describe(&plan), &sealed).unwrap(), plaintext, "{size}");
    }
}

/// The vectors of `docs/spec/attachments.md`, made with another implementation of AES-GCM.
#[test]
fn the_vectors_of_the_specification_hold() {
    let key = || FileKey::from_parts(&[1; 32], &[2; 7]).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&seal(&survey(&[], key()), &[])), "66286d477784149744597f5e58419af2");
    assert_eq!(hex(&seal(&survey(b"x", key()), b"x")), "ccadafbf8ef6c3c5825007616f09beb1b3");
    let plaintext: Vec<u8> = (0..CHUNK + 3).map(|at| (at % 251) as u8).collect();
    let plan = survey(&plaintext, key());
    let sealed = seal(&plan, &plaintext);
    assert_eq!(hex(&sealed[SEALED_CHUNK..]), "2de031377e1146f40626764f63ead041c8aabb");
    assert_eq!(hex(&plan.plaintext_hash), "6859d9b53d73fd394a476c8cbf60367e041a0188a670fa853913becda71267fc");
    assert_eq!(hex(&plan.sealed_hash), "86971804f112ca9b7faec90f6c60d5fa437d0c2cb393e774ab85d56bf6d4967e");
}

#[test]
fn the_largest_file_just_fits_the_media_limit() {
    let layout = Layout::of(MAX_SIZE).unwrap();
    assert!(layout.sealed_size() <= trefoil_proto::limits::MEDIA);
    assert!(matches!(Layout::of(MAX_SIZE + 1), Err(OpenError::TooLarge { .. })));
    assert!(trefoil_proto::limits::MEDIA - layout.sealed_size() <= TAG as u64);
}

#[test]
fn every_cut_is_noticed() {
    let plaintext = file(2 * CHUNK + 5);
    let plan = survey(&plaintext, key(1));
    let sealed = seal(&plan, &plaintext);
    for end in [0, 1, SEALED_CHUNK - 1, SEALED_CHUNK, SEALED_CHUNK + 1, 2 * SEALED_CHUNK, sealed.len() - 1] {
        assert!(matches!(open(&describe(&plan), &sealed[..end]), Err(OpenError::Truncated)), "{end}");
    }
    // A whole number of chunks under a description that was made to fit: the last-chunk byte gives it away.
    let short = Descriptor { layout: Layout::of(2 * CHUNK as u64).unwrap(), ..describe(&plan) };
    assert!(matches!(open(&short, &sealed[..2 * SEALED_CHUNK]), Err(OpenError::Forged { chunk: 1 })));
}

#[test]
fn an_empty_file_still_needs_its_tag() {
    let plan = survey(&[], key(1));
    let sealed = seal(&plan, &[]);
    assert_eq!(sealed.len(), TAG);
    assert!(matches!(open(&describe(&plan), &[]), Err(OpenError::Truncated)));
    assert!(matches!(open(&describe(&plan), &[0; TAG]), Err(OpenError::Forged { chunk: 0 })));
}

#[test]
fn chunks_in_another_order_do_not_open() {
    let plaintext = file(3 * CHUNK);
    let plan = survey(&plaintext, key(1));
    let mut sealed = seal(&plan, &plaintext);
    let (first, rest) = sealed.split_at_mut(SEALED_CHUNK);
    first.swap_with_slice(&mut rest[..SEALED_CHUNK]);
    assert!(matches!(open(&describe(&plan), &sealed), Err(OpenError::Forged { chunk: 0 })));
}

#[test]
fn bytes_past_the_end_are_refused() {
    let plaintext = file(CHUNK + 5);
    let plan = survey(&plaintext, key(1));
    let mut sealed = seal(&plan, &plaintext);
    sealed.push(0);
    assert!(matches!(open(&describe(&plan), &sealed), Err(OpenError::TrailingBytes)));
}

#[test]
fn another_key_or_prefix_opens_nothing() {
    let plaintext = file(100);
    let plan = survey(&plaintext, key(1));
    let sealed = seal(&plan, &plaintext);
    let wrong_key = FileKey::from_parts(key(2).key(), plan.key.prefix()).unwrap();
    let wrong_prefix = FileKey::from_parts(plan.key.key(), key(2).prefix()).unwrap();
    for key in [wrong_key, wrong_prefix] {
        let file = Descriptor { key, ..describe(&plan) };
        assert!(matches!(open(&file, &sealed), Err(OpenError::Forged { chunk: 0 })));
    }
}

#[test]
fn hashes_that_differ_are_refused_though_every_chunk_opens() {
    let plaintext = file(100);
    let plan = survey(&plaintext, key(1));
    let sealed = seal(&plan, &plaintext);
    let file = Descriptor { plaintext_hash: [7; 32], ..describe(&plan) };
    assert!(matches!(open(&file, &sealed), Err(OpenError::HashDiffers("plaintext"))));
    let file = Descriptor { sealed_hash: [7; 32], ..describe(&plan) };
    assert!(matches!(open(&file, &sealed), Err(OpenError::HashDiffers("ciphertext"))));
}

#[test]
fn a_file_that_changed_since_the_survey_is_not_sealed() {
    let plaintext = file(2 * CHUNK);
    let plan = survey(&plaintext, key(1));
    let mut changed = plaintext.clone();
    changed[CHUNK] ^= 1;
    let refused = Sealer::new(&plan).feed(&changed, &mut Vec::new());
    assert!(matches!(refused, Err(AttachmentError::Changed { chunk: 1 })));
}

#[test]
fn a_survey_refuses_a_file_of_another_size() {
    let mut more = Survey::new(key(1), 10).unwrap();
    assert!(matches!(more.feed(&[0; 11]), Err(AttachmentError::SizeDiffers)));
    let mut fewer = Survey::new(key(1), 10).unwrap();
    fewer.feed(&[0; 9]).unwrap();
    assert!(matches!(fewer.finish(), Err(AttachmentError::SizeDiffers)));
}

#[test]
fn a_description_survives_the_message() {
    let plan = survey(&file(10), key(1));
    let label = Label {
        content_type: "image/png".into(),
        filename: "../../etc/cat\u{7}.png".into(),
        description: "a cat".into(),
        inline: true,
    };
    let sent = plan.describe("https://a.example/v1/media/x".into(), label);
    assert_eq!(sent.label.filename, "cat.png");
    let mut extensions = Extensions::default();
    extensions
        .insert(ExtensionKey::Text(PLAINTEXT_HASHES.into()), plaintext_hashes(std::slice::from_ref(&sent)))
        .unwrap();
    assert_eq!(Descriptor::read(&sent.part(), &extensions).unwrap().unwrap(), sent);
    // Without the plaintext's hash it is not touched.
    assert!(matches!(
        Descriptor::read(&sent.part(), &Extensions::default()),
        Some(Err(OpenError::Unusable(_)))
    ));
}

#[test]
fn parts_of_another_form_are_unusable() {
    let plan = survey(&file(10), key(1));
    let sent = describe(&plan);
    let mut extensions = Extensions::default();
    extensions
        .insert(ExtensionKey::Text(PLAINTEXT_HASHES.into()), plaintext_hashes(std::slice::from_ref(&sent)))
        .unwrap();
    let alter: [fn(&mut trefoil_proto::content::ExternalPart); 7] = [
        |part| part.enc_alg = 1,
        |part| part.key.truncate(31),
        |part| part.nonce.push(0),
        |part| part.aad.push(0),
        |part| part.hash_alg = 2,
        |part| part.url = "file:///etc/passwd".into(),
        |part| part.size = u64::MAX,
    ];
    for alter in alter {
        let mut nested = sent.part();
        let Part::External(part) = &mut nested.part else { unreachable!() };
        alter(part);
        assert!(Descriptor::read(&nested, &extensions).unwrap().is_err());
    }
}

#[test]
fn keys_do_not_show_in_debug_output() {
    let plan = survey(b"x", key(1));
    assert!(format!("{plan:?} {:?}", describe(&plan)).contains("FileKey(..)"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn pieces_of_any_size_give_the_same_file(
        size in 0usize..2 * CHUNK + 9,
        cuts in prop::collection::vec(1usize..CHUNK * 2, 1..8),
        restart in 0u32..4,
    ) {
        let plaintext = file(size);
        let plan = survey(&plaintext, key(3));
        let whole = seal(&plan, &plaintext);

        let mut survey = Survey::new(key(3), size as u64).unwrap();
        let (mut sealer, mut sealed) = (Sealer::new(&plan), Vec::new());
        for piece in cut(&plaintext, &cuts) {
            survey.feed(piece).unwrap();
            sealer.feed(piece, &mut sealed).unwrap();
        }
        sealer.finish(&mut sealed).unwrap();
        prop_assert_eq!(&survey.finish().unwrap(), &plan);
        prop_assert_eq!(&sealed, &whole);

        // Sealing again from any chunk gives the same bytes.
        let chunk = restart.min(plan.layout.chunks() - 1);
        let mut tail = Vec::new();
        let mut sealer = Sealer::from_chunk(&plan, chunk);
        sealer.feed(&plaintext[plan.layout.plain_range(chunk).start as usize..], &mut tail).unwrap();
        sealer.finish(&mut tail).unwrap();
        let from = plan.layout.sealed_range(chunk).start as usize;
        prop_assert_eq!(&tail[..], &whole[from..]);

        // Opening goes on from any chunk once what is there was replayed.
        let at = plan.layout.plain_range(chunk).start as usize;
        let (mut opener, mut opened) = (Opener::new(&describe(&plan)), plaintext[..at].to_vec());
        for piece in cut(&plaintext[..at], &cuts) {
            opener.replay(piece).unwrap();
        }
        for piece in cut(&whole[from..], &cuts) {
            opener.feed(piece, &mut opened).unwrap();
        }
        prop_assert!(opener.finish().is_ok());
        prop_assert_eq!(opened, plaintext);
    }

    #[test]
    fn any_flipped_bit_is_noticed(size in 0usize..2 * CHUNK + 9, place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let plaintext = file(size);
        let plan = survey(&plaintext, key(4));
        let mut sealed = seal(&plan, &plaintext);
        let at = place.index(sealed.len());
        sealed[at] ^= 1 << bit;
        let chunk = plan.layout.chunk_at(at as u64);
        let noticed = matches!(open(&describe(&plan), &sealed), Err(OpenError::Forged { chunk: c }) if c == chunk);
        prop_assert!(noticed);
    }
}

fn cut<'a>(mut bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for size in cuts.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (head, rest) = bytes.split_at((*size).min(bytes.len()));
        pieces.push(head);
        bytes = rest;
    }
    pieces
}
