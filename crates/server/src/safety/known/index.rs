//! Which of very many hashes of 256 bits lie near to one.
//!
//! Hashes are cut into 16 slots of 16 bits. Two that differ in at most 31 bits differ in at most one bit of some slot, so it is
//! enough to look at those that share a slot's value, or one of its 16 neighbours: 272 short lists instead of all.

use super::KnownError;

const SLOTS: usize = 16;
const VALUES: usize = 1 << 16;
/// Largest radius for which one bit of difference in one slot suffices.
const WIDEST: u32 = 2 * SLOTS as u32 - 1;

type Words = [u64; 4];

/// Hashes, to be found by what is near to them.
#[derive(Default)]
pub struct Near {
    hashes: Vec<Words>,
    slots: Vec<Slot>,
}

/// The hashes in the order of one slot's values.
struct Slot {
    /// Where the hashes with each value begin; one more for the end.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Near {
    /// Hashes, each to be named by its place.
    ///
    /// # Errors
    /// [`KnownError::TooMany`] if there are more than 32 bits count.
    pub fn new(hashes: Vec<[u8; 32]>) -> Result<Self, KnownError> {
        u32::try_from(hashes.len()).map_err(|_| KnownError::TooMany)?;
        let hashes: Vec<_> = hashes.iter().map(words).collect();
        let slots = if hashes.is_empty() { 0 } else { SLOTS };
        let slots = (0..slots).map(|slot| Slot::of(&hashes, slot)).collect();
        Ok(Self { hashes, slots })
    }

    /// Hands each hash within `radius` bits to `found`, by its place and distance; some of them several times.
    ///
    /// # Panics
    /// If `radius` is more than 31: beyond that, hashes would be missed.
    pub fn within(&self, hash: &[u8; 32], radius: u32, mut found: impl FnMut(u32, u32)) {
        assert!(radius <= WIDEST, "hashes that differ in more bits can differ in two bits of every slot");
        let hash = words(hash);
        for (slot, index) in self.slots.iter().enumerate() {
            let value = value(&hash, slot);
            let neighbours = (0..16).map(|bit| value ^ (1 << bit));
            for value in std::iter::once(value).chain(neighbours) {
                for at in index.members(value) {
                    let distance = distance(&hash, &self.hashes[*at as usize]);
                    if distance <= radius {
                        found(*at, distance);
                    }
                }
            }
        }
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let slot = |slot: &Slot| 4 * (slot.starts.len() + slot.members.len());
        size_of::<Words>() * self.hashes.len() + self.slots.iter().map(slot).sum::<usize>()
    }
}

impl Slot {
    fn of(hashes: &[Words], slot: usize) -> Self {
        let mut starts = vec![0_u32; VALUES + 1];
        for hash in hashes {
            starts[value(hash, slot) + 1] += 1;
        }
        for value in 1..=VALUES {
            starts[value] += starts[value - 1];
        }
        let (mut next, mut members) = (starts.clone(), vec![0; hashes.len()]);
        for (hash, at) in hashes.iter().zip(0..) {
            let place = &mut next[value(hash, slot)];
            members[*place as usize] = at;
            *place += 1;
        }
        Self { starts, members }
    }

    fn members(&self, value: usize) -> &[u32] {
        &self.members[self.starts[value] as usize..self.starts[value + 1] as usize]
    }
}

fn words(hash: &[u8; 32]) -> Words {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(hash.as_chunks().0) {
        *word = u64::from_be_bytes(*bytes);
    }
    words
}

fn value(hash: &Words, slot: usize) -> usize {
    (hash[slot / 4] >> (16 * (slot % 4)) & 0xFFFF) as usize
}

fn distance(one: &Words, other: &Words) -> u32 {
    one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum()
}
