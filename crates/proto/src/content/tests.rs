//! Messages: round trips, and everything that is not deterministic CBOR of the right form.
#![allow(clippy::unwrap_used)]

use super::{deterministic::check, status::*, *};
use proptest::{collection::vec, option, prelude::*};

fn id() -> impl Strategy<Value = MessageId> {
    any::<[u8; 32]>().prop_map(|mut id| {
        id[0] = 1;
        MessageId(id)
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn external() -> impl Strategy<Value = ExternalPart> {
    let text = "\\PC{0,12}";
    let first = (text, text, any::<u32>(), any::<u64>(), any::<u16>(), bytes());
    let second = (bytes(), bytes(), any::<u8>(), bytes(), text, text);
    (first, second).prop_map(
        |(
            (content_type, url, expires, size, enc_alg, key),
            (nonce, aad, hash_alg, content_hash, description, filename),
        )| {
            ExternalPart {
                content_type,
                url,
                expires,
                size,
                enc_alg,
                key,
                nonce,
                aad,
                hash_alg,
                content_hash,
                description,
                filename,
            }
        },
    )
}

fn nested(part: impl Strategy<Value = Part>) -> impl Strategy<Value = NestedPart> {
    (any::<u8>(), "[a-z,-]{0,8}", part).prop_map(|(disposition, language, part)| NestedPart {
        disposition: Disposition(disposition),
        language,
        part,
    })
}

fn part() -> impl Strategy<Value = NestedPart> {
    let leaf = prop_oneof![
        Just(Part::Null),
        ("\\PC{0,12}", bytes()).prop_map(|(content_type, content)| Part::Single { content_type, content }),
        external().prop_map(Part::External),
    ];
    nested(leaf).prop_recursive(3, 12, 3, |inner| {
        let semantics = prop::sample::select(vec![
            PartSemantics::ChooseOne,
            PartSemantics::SingleUnit,
            PartSemantics::ProcessAll,
        ]);
        nested((semantics, vec(inner, 2..4)).prop_map(|(semantics, parts)| Part::Multi { semantics, parts }))
    })
}

fn extensions() -> impl Strategy<Value = Extensions> {
    let key = prop_oneof![
        (-(1i64 << 53) + 1..1 << 53).prop_map(ExtensionKey::Integer),
        (-30i64..30).prop_map(ExtensionKey::Integer),
        "\\PC{1,20}".prop_map(ExtensionKey::Text),
    ];
    let value = prop_oneof![
        Just(vec![0xf6]),
        (0u8..24).prop_map(|small| vec![small]),
        Just(vec![0x82, 0x41, 0x12, 0xd8, 0x20, 0x61, 0x78]),
    ];
    let others = vec((key, value), 0..4);
    (option::of("\\PC{0,30}"), option::of("\\PC{0,30}"), others).prop_map(|(sender_uri, room_uri, others)| {
        let mut extensions = Extensions::default();
        (extensions.sender_uri, extensions.room_uri) = (sender_uri, room_uri);
        for (key, value) in others {
            // Keys 1 and 2, and doubles, are refused: nothing to test then.
            let _ = extensions.insert(key, value);
        }
        extensions
    })
}

fn contents() -> impl Strategy<Value = MimiContent> {
    let expires = (any::<bool>(), any::<u32>()).prop_map(|(relative, time)| Expiration { relative, time });
    (
        any::<[u8; 16]>(),
        option::of(id()),
        bytes(),
        option::of(expires),
        option::of(id()),
        extensions(),
        part(),
    )
        .prop_map(|(salt, replaces, topic_id, expires, in_reply_to, extensions, part)| MimiContent {
            salt,
            replaces,
            topic_id,
            expires,
            in_reply_to,
            extensions,
            part,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    #[test]
    fn round_trip(content in contents()) {
        let encoded = content.encode().unwrap();
        prop_assert_eq!(&MimiContent::decode(&encoded).unwrap(), &content);
        for length in 0..encoded.len() {
            prop_assert!(MimiContent::decode(&encoded[..length]).is_err());
        }
        prop_assert!(MimiContent::decode(&[&encoded[..], &[0]].concat()).is_err());
    }

    #[test]
    fn noise(noise in vec(any::<u8>(), 0..200)) {
        if let Ok(content) = MimiContent::decode(&noise) {
            prop_assert_eq!(content.encode().unwrap(), noise);
        }
    }

    #[test]
    fn status_round_trip(statuses in vec((id(), any::<u8>().prop_map(MessageStatus::from)), 0..30)) {
        let report = StatusReport { statuses };
        let encoded = report.encode().unwrap();
        prop_assert_eq!(&StatusReport::decode(&encoded).unwrap(), &report);
        for length in 0..encoded.len() {
            prop_assert!(StatusReport::decode(&encoded[..length]).is_err());
        }
        prop_assert!(StatusReport::decode(&[&encoded[..], &[0]].concat()).is_err());
    }

    /// Whatever an encoder writes by RFC 8949 passes; minicbor writes shortest integers and definite lengths.
    #[test]
    fn what_the_encoder_writes_is_deterministic(number in any::<u64>(), text in "\\PC{0,300}", data in vec(any::<u8>(), 0..300)) {
        let mut e = minicbor::Encoder::new(Vec::new());
        e.array(3).unwrap().u64(number).unwrap().str(&text).unwrap().bytes(&data).unwrap();
        prop_assert_eq!(check(&e.into_writer()), Ok(()));
    }
}

#[test]
fn deterministic_items_are_accepted() {
    for item in [
        "00",
        "17",
        "1818",
        "18ff",
        "190100",
        "1a00010000",
        "1b0000000100000000",
        "20",
        "3818",
        "40",
        "60",
        "80",
        "a0",
        "f4",
        "f6",
        "f7",
        "f97e00",
        "f93c00",
        "f90001",
        "f97c00",
        "fa47c35000",
        "fa33800001",
        "fb3ff199999999999a",
        "a201000200",
        "a3010020006000",
        "c11a514b67b0",
        "c249010000000000000000",
        "a2406161606161",
    ] {
        let bytes = data_encoding::HEXLOWER.decode(item.as_bytes()).unwrap();
        assert_eq!(check(&bytes), Ok(()), "{item}");
    }
}

#[test]
fn anything_else_is_refused() {
    for (item, why) in [
        ("", "nothing"),
        ("1817", "a longer integer than needed"),
        ("1900ff", "the same"),
        ("1a0000ffff", "the same"),
        ("1b00000000ffffffff", "the same"),
        ("3817", "the same, negative"),
        ("5800", "a longer length than needed"),
        ("7800", "the same"),
        ("9800", "the same"),
        ("b800", "the same"),
        ("d81741", "the same, of a tag"),
        ("5f4100ff", "indefinite bytes"),
        ("7f6100ff", "indefinite text"),
        ("9f00ff", "indefinite array"),
        ("bf0000ff", "indefinite map"),
        ("ff", "a break"),
        ("1c", "reserved"),
        ("f8ff", "unassigned simple value"),
        ("f820", "the same"),
        ("f0", "the same"),
        ("f97e01", "another NaN"),
        ("fa7fc00000", "a wide NaN"),
        ("fb7ff8000000000000", "a wide NaN"),
        ("fa3f800000", "a single that fits a half"),
        ("fa33800000", "the same, subnormal"),
        ("fa7f800000", "the same, infinite"),
        ("fb3ff0000000000000", "a double that fits"),
        ("fb47efffffe0000000", "the same"),
        ("a202000100", "map keys out of order"),
        ("a2600001f6", "the same, text before integer"),
        ("a201000100", "a map key twice"),
        ("a1f600", "a map key that is neither number nor string"),
        ("a18000", "the same"),
        ("c24101", "a big number that fits"),
        ("c249000000000000000001", "a big number with a leading zero"),
        ("c200", "a big number that is no bytes"),
        ("61ff", "text that is not UTF-8"),
        ("0000", "trailing bytes"),
        ("9b7fffffffffffffff", "an array longer than memory"),
        ("bb7fffffffffffffff", "a map longer than memory"),
        ("5b7fffffffffffffff", "bytes longer than memory"),
    ] {
        let bytes = data_encoding::HEXLOWER.decode(item.as_bytes()).unwrap();
        assert!(check(&bytes).is_err(), "{item}: {why}");
    }
    let deep = [vec![0x81; 100_000], vec![0]].concat();
    assert!(check(&deep).is_err());
}

fn simple(part: NestedPart) -> MimiContent {
    MimiContent {
        salt: [0; 16],
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions: Extensions::default(),
        part,
    }
}

fn multi(parts: Vec<NestedPart>) -> NestedPart {
    let part = Part::Multi { semantics: PartSemantics::ProcessAll, parts };
    NestedPart { disposition: Disposition::RENDER, language: String::new(), part }
}

#[test]
fn limits_hold_on_both_sides() {
    let leaf = NestedPart::null;
    let depth = |levels: usize| (1..levels).fold(leaf(), |inner, _| multi(vec![inner, leaf()]));
    let encoded = simple(depth(4)).encode().unwrap();
    assert!(MimiContent::decode(&encoded).is_ok());
    assert!(simple(depth(5)).encode().is_err());
    // The same part one level deeper, written by hand: an array of render, "", multi, processAll, two parts.
    let prefix = encoded.len() - simple(depth(4)).part_bytes();
    let deeper =
        [&encoded[..prefix], &[0x85, 1, 0x60, 3, 2, 0x82], &encoded[prefix..], &[0x83, 1, 0x60, 0]].concat();
    assert_eq!(
        MimiContent::decode(&deeper),
        Err(ProtoError::TooLarge { what: "nesting of parts", limit: limits::PART_DEPTH })
    );

    assert!(simple(multi(vec![leaf(); limits::PARTS - 1])).encode().is_ok());
    assert!(simple(multi(vec![leaf(); limits::PARTS])).encode().is_err());
    assert!(simple(multi(vec![leaf()])).encode().is_err(), "fewer than two parts");

    let mut topic = simple(leaf());
    topic.topic_id = vec![0; limits::TOPIC + 1];
    assert!(topic.encode().is_err());
    assert!(simple(NestedPart::render(PLAIN_TEXT, vec![b'x'; limits::MESSAGE])).encode().is_err());
    assert!(MimiContent::decode(&vec![0; limits::MESSAGE + 1]).is_err());

    let mut other_hash = simple(leaf());
    other_hash.replaces = Some(MessageId([2; 32]));
    assert!(other_hash.encode().is_err(), "an id of an unknown hash");

    let status = (MessageId([1; 32]), MessageStatus::Read);
    assert!(StatusReport { statuses: vec![status; limits::STATUSES] }.encode().is_ok());
    assert!(StatusReport { statuses: vec![status; limits::STATUSES + 1] }.encode().is_err());
}

impl MimiContent {
    /// Length of the body, given that everything before it is as short as can be.
    fn part_bytes(&self) -> usize {
        // array(7), salt, null, empty topic, null, null, empty map
        self.encode().unwrap().len() - (1 + 17 + 1 + 1 + 1 + 1 + 1)
    }
}

#[test]
fn extensions_are_bounded() {
    let mut extensions = Extensions::of("mimi://a.example/u/a", "mimi://a.example/r/r");
    let text = |length: usize| ExtensionKey::Text("k".repeat(length));
    for key in [
        ExtensionKey::Integer(1),
        ExtensionKey::Integer(2),
        ExtensionKey::Integer(1 << 53),
        text(0),
        text(256),
    ] {
        assert!(extensions.insert(key.clone(), vec![0]).is_err(), "{key:?}");
    }
    assert!(extensions.insert(text(255), vec![0]).is_ok());
    assert!(extensions.insert(text(255), vec![0]).is_err(), "twice");
    let four_levels = vec![0x81, 0x81, 0x81, 0];
    let five_levels = vec![0x81, 0x81, 0x81, 0x80];
    assert!(extensions.insert(ExtensionKey::Integer(256), four_levels).is_ok());
    assert!(extensions.insert(ExtensionKey::Integer(257), five_levels).is_err());
    let sized = |length: usize| {
        [&[0x59][..], &u16::try_from(length).unwrap().to_be_bytes(), &vec![0; length]].concat()
    };
    assert!(extensions.insert(ExtensionKey::Integer(-1), sized(limits::EXTENSION - 3)).is_ok());
    assert!(extensions.insert(ExtensionKey::Integer(-2), sized(limits::EXTENSION - 2)).is_err());

    let mut content = simple(NestedPart::null());
    content.extensions = extensions.clone();
    let decoded = MimiContent::decode(&content.encode().unwrap()).unwrap();
    assert_eq!(decoded.extensions, extensions);
    assert_eq!(decoded.extensions.get(&ExtensionKey::Integer(256)), Some(&[0x81, 0x81, 0x81, 0][..]));
}

#[test]
fn nothing_secret_is_in_debug_output() {
    let mut content = simple(NestedPart::render(PLAIN_TEXT, "secret text"));
    assert!(!format!("{content:?}").contains("secret"));
    let key = vec![0xab; 16];
    content.part.part = Part::External(ExternalPart {
        content_type: "image/png".into(),
        url: "https://a.example/secret".into(),
        expires: 0,
        size: 1,
        enc_alg: 1,
        key,
        nonce: vec![],
        aad: vec![],
        hash_alg: 1,
        content_hash: vec![],
        description: "secret".into(),
        filename: "secret".into(),
    });
    let shown = format!("{content:?}");
    assert!(!shown.contains("secret") && !shown.contains("171"));
}

/// The example of draft-mahy-mimi-message-status-01.
#[test]
fn the_published_status_report() {
    let hex = "84825820017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f402\
        825820015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b2702\
        825820018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af00\
        825820 01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a0303"
        .replace(' ', "");
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    let report = StatusReport::decode(&bytes).unwrap();
    let states: Vec<_> = report.statuses.iter().map(|(_, status)| *status).collect();
    use MessageStatus::{Expired, Read, Unread};
    assert_eq!(states, [Read, Read, Unread, Expired]);
    assert_eq!(report.encode().unwrap(), bytes);
}

#[test]
fn ids_depend_on_everything() {
    let base = message_id("a", "b", b"m", &[0; 16]).unwrap();
    assert_eq!(base.0[0], 1);
    let others = [
        message_id("ab", "", b"m", &[0; 16]),
        message_id("", "ab", b"m", &[0; 16]),
        message_id("a", "bm", b"", &[0; 16]),
        message_id("a", "b", b"m", &[1; 16]),
        message_id("a", "b", b"n", &[0; 16]),
    ];
    for other in others {
        assert_ne!(other.unwrap(), base);
    }
    assert!(message_id(&"u".repeat(limits::URI + 1), "b", b"m", &[0; 16]).is_err());
}
