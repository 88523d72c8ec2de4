//! The handwritten digits (`examples/digits/DATA.md` says whose they are), embedded in the
//! program so that the demonstration needs no file.

use crate::random::Random;
use flate2::read::GzDecoder;
use std::io::{self, Read};
use thiserror::Error;

const COMPRESSED: &[u8] = include_bytes!("../../examples/digits/digits.csv.gz");

/// Pixels of an image.
pub(crate) const PIXELS: usize = 64;
/// Digits to tell apart.
pub(crate) const CLASSES: usize = 10;
/// The pixel value of full ink.
const INK: u8 = 16;
/// More bytes than the decompressed data can have.
const LIMIT: u64 = 1 << 24;

/// Why the data cannot be used.
#[derive(Debug, Error)]
pub(crate) enum DataError {
    /// Decompression failed, or the text is not UTF-8.
    #[error("the digits cannot be decompressed: {0}")]
    Io(#[from] io::Error),
    /// A line is not 64 pixels and a digit.
    #[error("line {line} of the digits is not 64 pixels of 0 to 16 and a digit of 0 to 9")]
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
}

/// Images and the digits that they show.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Digits {
    /// `[images, 64]`, row by row; 0 is paper and 1 is ink.
    pub(crate) pixels: Vec<f32>,
    /// `[images]`, each 0 to 9.
    pub(crate) labels: Vec<i32>,
}

/// Digits to learn from, and others to test with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Split {
    /// Four fifths.
    pub(crate) train: Digits,
    /// The held-out fifth, rounded up.
    pub(crate) test: Digits,
}

impl Digits {
    /// All 1,797 digits in the order of the file.
    pub(crate) fn load() -> Result<Self, DataError> {
        let mut text = String::new();
        GzDecoder::new(COMPRESSED)
            .take(LIMIT)
            .read_to_string(&mut text)?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, DataError> {
        let mut digits = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = parse_line(line).ok_or(DataError::Line { line: index + 1 })?;
            let (pixels, label) = line;
            let ink = f32::from(INK);
            digits
                .pixels
                .extend(pixels.map(|pixel| f32::from(pixel) / ink));
            digits.labels.push(i32::from(label));
        }
        Ok(digits)
    }

    /// Number of images.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The images with these numbers, in their order; numbers beyond the last are left out.
    pub(crate) fn select(&self, numbers: &[usize]) -> Self {
        let mut selected = Self::default();
        self.gather(numbers, &mut selected);
        selected
    }

    /// As [`Digits::select`], into memory that is there already.
    pub(crate) fn gather(&self, numbers: &[usize], batch: &mut Self) {
        batch.pixels.clear();
        batch.labels.clear();
        for &number in numbers {
            let pixels = self.pixels.chunks_exact(PIXELS).nth(number);
            if let (Some(pixels), Some(&label)) = (pixels, self.labels.get(number)) {
                batch.pixels.extend_from_slice(pixels);
                batch.labels.push(label);
            }
        }
    }

    /// Shuffles by the seed and holds a fifth out.
    pub(crate) fn split(&self, seed: u64) -> Split {
        let order = self.shuffled(&mut Random::new(seed));
        let (test, train) = order.split_at(self.len().div_ceil(5));
        Split {
            train: self.select(train),
            test: self.select(test),
        }
    }

    /// The numbers of all images in random order, as an epoch of training visits them.
    pub(crate) fn shuffled(&self, random: &mut Random) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        random.shuffle(&mut order);
        order
    }
}

/// 64 pixels and a digit, separated by commas.
fn parse_line(line: &str) -> Option<([u8; PIXELS], u8)> {
    let mut numbers = line.split(',').map(|field| field.parse::<u8>().ok());
    let mut pixels = [0; PIXELS];
    for pixel in &mut pixels {
        *pixel = numbers.next()?.filter(|&value| value <= INK)?;
    }
    let label = numbers
        .next()?
        .filter(|&label| usize::from(label) < CLASSES)?;
    numbers.next().is_none().then_some((pixels, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_those_of_the_repository() {
        let digits = Digits::load().unwrap();
        assert_eq!(digits.len(), 1797);
        assert_eq!(digits.pixels.len(), 1797 * PIXELS);
        let mut counts = [0; CLASSES];
        for &label in &digits.labels {
            counts[label as usize] += 1;
        }
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert_eq!(
            digits.pixels[..6],
            [0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625]
        );
        assert!(
            digits
                .pixels
                .iter()
                .all(|pixel| (0.0..=1.0).contains(pixel))
        );
    }

    #[test]
    fn a_fifth_is_held_out_and_nothing_is_lost() {
        let digits = Digits::load().unwrap();
        let split = digits.split(0);
        assert_eq!((split.train.len(), split.test.len()), (1437, 360));
        assert_eq!(digits.split(0), split);
        assert_ne!(digits.split(1), split);
        let ink = |digits: &Digits| digits.pixels.iter().map(|&p| f64::from(p)).sum::<f64>();
        assert_eq!(ink(&split.train) + ink(&split.test), ink(&digits));
        for class in 0..CLASSES as i32 {
            let held = split.test.labels.iter().filter(|&&label| label == class);
            assert!(held.count() > 20, "every digit is tested");
        }
    }

    #[test]
    fn lines_that_are_no_images_are_refused() {
        let pixels = "1,".repeat(PIXELS);
        let refused = |line: String| {
            let text = format!("{pixels}3\n{line}");
            matches!(Digits::parse(&text), Err(DataError::Line { line: 2 }))
        };
        assert!(Digits::parse(&format!("{pixels}3\n{pixels}9\n")).is_ok());
        assert!(refused(format!("{pixels}10")));
        assert!(refused(format!("{pixels}3,1")));
        assert!(refused(pixels.clone()));
        assert!(refused(format!("17,{}3", "1,".repeat(PIXELS - 1))));
        assert!(refused(format!("x,{}3", "1,".repeat(PIXELS - 1))));
        assert!(refused("\n".to_owned()));
    }

    #[test]
    fn batches_reuse_their_memory() {
        let digits = Digits::load().unwrap();
        let mut batch = digits.select(&[5, 3, 9999]);
        assert_eq!(batch.labels, [digits.labels[5], digits.labels[3]]);
        assert_eq!(
            batch.pixels[PIXELS..],
            digits.pixels[3 * PIXELS..4 * PIXELS]
        );
        digits.gather(&[1], &mut batch);
        assert_eq!(batch, digits.select(&[1]));
    }
}
