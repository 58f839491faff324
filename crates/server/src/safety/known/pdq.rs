//! PDQ: what a picture looks like, as 256 bits of which few change when it is scaled, compressed or coloured anew.
//!
//! Written from the algorithm's description ("The TMK+PDF video-hashing algorithm and the PDQ image-hashing algorithm", 2019)
//! and held to the reference implementation by vectors. The brightness is smoothed twice by a box in each direction, 64 × 64
//! points are taken of it, and of their cosine transform the 16 × 16 slowest waves but the constant one; each bit says
//! whether a wave is stronger than the median. The figure of quality counts steps of brightness between neighbouring points.

/// Side of the small picture.
const SMALL: usize = 64;
/// Waves in each direction.
const WAVES: usize = 16;
/// Columns that are smoothed together, so that memory is read in runs.
const LANES: usize = 16;
const PASSES: usize = 2;
/// Pictures below this width or height have no hash.
const LEAST: usize = 5;

/// The hash of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pdq {
    /// As others write it, first byte first.
    pub hash: [u8; 32],
    /// 0 to 100: how much there is to see.
    pub quality: u8,
}

/// Brightness, row by row, each from 0 to 255.
pub(super) struct Luma {
    pub width: usize,
    pub height: usize,
    pub points: Vec<f32>,
}

impl Luma {
    /// The hash; `None` for a picture that is too small to have one.
    pub(super) fn pdq(mut self) -> Option<Pdq> {
        if self.width < LEAST || self.height < LEAST {
            return None;
        }
        for _ in 0..PASSES {
            self.smooth_rows();
            self.smooth_columns();
        }
        let small = self.small();
        Some(Pdq { hash: bits(&waves(&small)), quality: quality(&small) })
    }

    fn smooth_rows(&mut self) {
        let box_length = box_length(self.width);
        let mut line = Vec::with_capacity(self.width);
        for row in self.points.chunks_exact_mut(self.width) {
            line.clear();
            line.extend(row.iter().map(|point| [*point]));
            smooth(&line, box_length, |at, [point]| row[at] = point);
        }
    }

    fn smooth_columns(&mut self) {
        let (whole, box_length) = (self.width - self.width % LANES, box_length(self.height));
        for left in (0..whole).step_by(LANES) {
            self.smooth_band::<LANES>(left, box_length);
        }
        for left in whole..self.width {
            self.smooth_band::<1>(left, box_length);
        }
    }

    fn smooth_band<const N: usize>(&mut self, left: usize, box_length: usize) {
        let mut band = Vec::with_capacity(self.height);
        for row in self.points.chunks_exact(self.width) {
            let mut lanes = [0.0; N];
            lanes.copy_from_slice(&row[left..left + N]);
            band.push(lanes);
        }
        let width = self.width;
        let points = &mut self.points;
        smooth(&band, box_length, |at, lanes| {
            let start = at * width + left;
            points[start..start + N].copy_from_slice(&lanes);
        });
    }

    /// The points at the centres of 64 × 64 equal fields.
    fn small(&self) -> [[f32; SMALL]; SMALL] {
        let centre = |field: usize, size: usize| (2 * field + 1) * size / (2 * SMALL);
        let mut small = [[0.0; SMALL]; SMALL];
        for (y, row) in small.iter_mut().enumerate() {
            let start = centre(y, self.height) * self.width;
            for (x, point) in row.iter_mut().enumerate() {
                *point = self.points[start + centre(x, self.width)];
            }
        }
        small
    }
}

/// Half of a field, rounded up: two passes then reach over a whole one.
fn box_length(size: usize) -> usize {
    size.div_ceil(2 * SMALL)
}

/// The mean of the points around each, fewer at the ends, several lines abreast. A running sum in single precision, as the
/// reference has it: its rounding is part of the hash of a flat picture.
fn smooth<const N: usize>(line: &[[f32; N]], box_length: usize, mut out: impl FnMut(usize, [f32; N])) {
    let ahead = box_length / 2;
    let behind = box_length - ahead;
    let mut sum = [0.0_f32; N];
    let add = |sum: &mut [f32; N], at: usize| {
        (0..N).for_each(|lane| sum[lane] += line[at][lane]);
    };
    (0..ahead.min(line.len())).for_each(|at| add(&mut sum, at));
    for at in 0..line.len() {
        if at + ahead < line.len() {
            add(&mut sum, at + ahead);
        }
        if at >= behind {
            (0..N).for_each(|lane| sum[lane] -= line[at - behind][lane]);
        }
        let first = (at + 1).saturating_sub(behind);
        let count = (at + ahead + 1).min(line.len()) - first;
        out(at, sum.map(|sum| sum / count as f32));
    }
}

/// Steps of at least a hundredth between neighbours, each counted by its size.
fn quality(small: &[[f32; SMALL]; SMALL]) -> u8 {
    let step = |one: f32, other: f32| ((one - other) * 100.0 / 255.0).abs() as u32;
    let mut steps = 0;
    for y in 0..SMALL {
        for x in 0..SMALL {
            if y + 1 < SMALL {
                steps += step(small[y][x], small[y + 1][x]);
            }
            if x + 1 < SMALL {
                steps += step(small[y][x], small[y][x + 1]);
            }
        }
    }
    u8::try_from((steps / 90).min(100)).expect("at most 100")
}

/// The cosine transform, for the waves 1 to 16 in each direction.
fn waves(small: &[[f32; SMALL]; SMALL]) -> [f32; WAVES * WAVES] {
    let scale = (2.0 / SMALL as f32).sqrt();
    let mut wave = [[0.0_f32; SMALL]; WAVES];
    for (i, row) in wave.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            let turn = std::f64::consts::PI / (2 * SMALL) as f64 * ((i + 1) * (2 * j + 1)) as f64;
            *value = (f64::from(scale) * turn.cos()) as f32;
        }
    }
    let mut half = [[0.0_f32; SMALL]; WAVES];
    for (i, row) in half.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value = (0..SMALL).map(|k| wave[i][k] * small[k][j]).sum();
        }
    }
    let mut all = [0.0; WAVES * WAVES];
    for (at, value) in all.iter_mut().enumerate() {
        let (i, j) = (at / WAVES, at % WAVES);
        *value = (0..SMALL).map(|k| half[i][k] * wave[j][k]).sum();
    }
    all
}

/// One bit for each wave, the first as the last bit of the last byte: set if it is above the lower median.
fn bits(waves: &[f32; WAVES * WAVES]) -> [u8; 32] {
    let mut sorted = *waves;
    sorted.sort_unstable_by(f32::total_cmp);
    let median = sorted[WAVES * WAVES / 2 - 1];
    let mut hash = [0; 32];
    for (at, _) in waves.iter().enumerate().filter(|(_, wave)| **wave > median) {
        hash[31 - at / 8] |= 1 << (at % 8);
    }
    hash
}
