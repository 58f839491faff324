//! Targets of any crate, driven without a fuzzer: samples that must decode, and a bounded number of spoiled copies of
//! them, the same in every run.

use std::collections::BTreeSet;

/// A decoder with what must hold of what it takes; says whether it took the input.
pub type Decoder = fn(&[u8]) -> bool;

/// Spoiled copies of each sample.
const COPIES: u64 = 1000;
/// Inputs of noise for each target.
const NOISE: u64 = 64;

/// Runs the target of a name.
///
/// # Panics
/// If there is none of this name, or the input breaks what the target checks.
pub fn run(targets: &[(&str, Decoder)], name: &str, input: &[u8]) -> bool {
    let (_, target) = targets.iter().find(|(other, _)| *other == name).expect("no such fuzz target");
    target(input)
}

/// The names of the targets that a manifest of cargo-fuzz builds from one source file.
pub fn built<'m>(manifest: &'m str, source: &str) -> BTreeSet<&'m str> {
    let value = |section: &'m str, key: &str| {
        let line = section.lines().find(|line| line.starts_with(key))?;
        line.split('"').nth(1)
    };
    let sections = manifest.split("[[bin]]").skip(1);
    let of_source = sections.filter(|section| value(section, "path =") == Some(source));
    of_source.filter_map(|section| value(section, "name =")).collect()
}

/// Holds targets against their samples and the manifest: each is built, each has a sample that it takes, refuses
/// nothing, and bears what is made of the sample.
///
/// # Panics
/// If any of that is not so.
pub fn exercise(targets: &[(&str, Decoder)], samples: &[(&str, Vec<u8>)], manifest: &str, source: &str) {
    let names: BTreeSet<_> = targets.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), targets.len(), "two targets of one name");
    assert_eq!(built(manifest, source), names, "built from {source}");
    assert_eq!(samples.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), names, "with a sample");
    for (name, sample) in samples {
        assert!(bears(targets, name, sample), "{name} does not take its sample");
        bears(targets, name, &[]);
        for number in 0..COPIES {
            bears(targets, name, &spoiled(sample, number));
        }
    }
    for (name, _) in targets {
        for number in 0..NOISE {
            let mut numbers = Numbers(number);
            let length = numbers.below(300);
            let noise: Vec<u8> = (0..length).map(|_| numbers.byte()).collect();
            bears(targets, name, &noise);
        }
    }
}

/// Runs a target, and says on what it broke.
fn bears(targets: &[(&str, Decoder)], name: &str, input: &[u8]) -> bool {
    let ran = std::panic::catch_unwind(|| run(targets, name, input));
    ran.unwrap_or_else(|_| panic!("{name} breaks on {input:?}"))
}

/// A copy with one to four changes: bytes set, taken out, put in, repeated, or the end cut off.
fn spoiled(sample: &[u8], number: u64) -> Vec<u8> {
    let mut input = sample.to_vec();
    let mut numbers = Numbers(number.wrapping_mul(0x5851_F42D_4C95_7F2D));
    for _ in 0..=numbers.below(4) {
        if input.is_empty() {
            break;
        }
        let at = numbers.below(input.len());
        match numbers.below(8) {
            0..4 => input[at] = numbers.byte(),
            4 => drop(input.remove(at)),
            5 => input.insert(at, numbers.byte()),
            6 => input.truncate(at),
            _ => {
                let until = at + numbers.below(input.len() - at + 1).min(64);
                let piece = input[at..until].to_vec();
                input.splice(at..at, piece);
            }
        }
    }
    input
}

/// SplitMix64: numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Zero for a bound of zero.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"x\"\n\n[[bin]]\nname = \"one\"\npath = \"a.rs\"\n\n\
                            [[bin]]\nname = \"two\"\npath = \"b.rs\"\n";

    fn even(input: &[u8]) -> bool {
        input.len().is_multiple_of(2)
    }

    fn brittle(input: &[u8]) -> bool {
        assert!(input.len() < 5 || input[2] == 7, "found");
        true
    }

    #[test]
    fn targets_are_found_by_their_source() {
        assert_eq!(built(MANIFEST, "a.rs"), BTreeSet::from(["one"]));
        exercise(&[("one", even)], &[("one", vec![0; 4])], MANIFEST, "a.rs");
    }

    #[test]
    #[should_panic(expected = "one breaks on")]
    fn a_decoder_that_breaks_is_found() {
        exercise(&[("one", brittle)], &[("one", vec![1, 2, 7, 3, 4, 5])], MANIFEST, "a.rs");
    }

    #[test]
    #[should_panic(expected = "does not take its sample")]
    fn a_sample_that_is_none_is_found() {
        exercise(&[("one", even)], &[("one", vec![1])], MANIFEST, "a.rs");
    }
}
