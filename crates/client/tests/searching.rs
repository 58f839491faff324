//! The index of words in a client: kept with every message, and made for a store that has none.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use trefoil_client::{
    Suite,
    conversation::{self, SEARCH_DOCUMENTS, SEARCH_INDEX, SEARCH_PENDING, SEARCH_SEGMENTS, SEARCH_WORDS},
    overlay::Overlay,
};
use trefoil_store::KeyRange;
use world::World;

fn found(world: &World, at: usize, query: &str) -> usize {
    let store = Overlay::new(Arc::clone(&world.devices[at].store));
    conversation::search(&store, query, None, None, 200).unwrap().hits.len()
}

#[test]
fn what_is_said_is_found_by_whoever_is_there_and_a_store_without_an_index_gets_one() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    for number in 0..150 {
        world.say(alice, &room, &format!("number {number}"));
    }
    world.run();
    for at in [alice, bob] {
        assert!(world.devices[at].client.is_searchable());
        assert_eq!(found(&world, at, "number "), 150, "{at}");
    }

    // As an earlier version left it.
    let mut store = Overlay::new(Arc::clone(&world.devices[bob].store));
    for table in [SEARCH_PENDING, SEARCH_SEGMENTS, SEARCH_DOCUMENTS, SEARCH_WORDS, SEARCH_INDEX] {
        for (key, _) in store.scan(table, &KeyRange::all(), usize::MAX, false).unwrap() {
            store.delete(table, key);
        }
    }
    store.commit().unwrap();
    world.crash(bob);
    assert!(!world.devices[bob].client.is_searchable(), "one step is not enough");
    assert!(found(&world, bob, "number ") < 150);
    while !world.devices[bob].client.is_searchable() {
        world.feed(bob, Vec::new());
    }
    assert_eq!(found(&world, bob, "number "), 150);
}
