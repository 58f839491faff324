//! The known attack on AES-GCM: one ciphertext and tag that open under two keys. It is carried out here for real, and
//! must fail at the hash that the message names.

use super::*;
use trefoil_proto::attachment::salamander::{SIZE, two_ways};

#[test]
fn a_ciphertext_that_opens_under_two_keys_is_good_for_one_message_only() {
    let (one, two) = (key(1), FileKey::from_parts(key(2).key(), key(1).prefix()).unwrap());
    let sealed = two_ways(&one, &two, b"kittens at play.", b"I know your home");
    let layout = Layout::of(SIZE).unwrap();

    let opened_one = FileCipher::new(&one, layout).open(0, &sealed).unwrap();
    let opened_two = FileCipher::new(&two, layout).open(0, &sealed).unwrap();
    assert_ne!(opened_one, opened_two, "the attack itself works against bare AES-GCM");

    // The message names the hash of what it was franked for; whoever is given the other key learns of the fraud.
    let honest = survey(&opened_one, one);
    assert_eq!(seal(&honest, &opened_one), sealed);
    assert_eq!(open(&describe(&honest), &sealed).unwrap(), opened_one);
    let fraud = Descriptor { key: two, ..describe(&honest) };
    assert!(matches!(open(&fraud, &sealed), Err(OpenError::HashDiffers("plaintext"))));
}
