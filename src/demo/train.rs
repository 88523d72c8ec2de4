//! Training and testing with the two entries of the library.

use super::data::{Digits, PIXELS, Split};
use crate::random::Random;
use lgc_runtime::{CallError, Library, OpenError, Session};
use thiserror::Error;

/// Learning rate of the first step, from which it falls to zero in equal parts.
const RATE: f32 = 0.2;
/// Momentum.
const MOMENTUM: f32 = 0.9;
/// The tensors of the classifier: path, and the number of inputs of a unit where they are weights.
const PARAMETERS: [(&str, Option<usize>); 4] = [
    ("p.hidden.w", Some(PIXELS)),
    ("p.hidden.b", None),
    ("p.out.w", Some(128)),
    ("p.out.b", None),
];

/// Why training stopped.
#[derive(Debug, Error)]
pub(crate) enum TrainError {
    /// The library lacks an entry.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<TrainError> for crate::Failure {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Open(error) => error.into(),
            TrainError::Call(error) => error.into(),
        }
    }
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Epoch {
    /// Mean of the losses of its steps, each before the step.
    pub(crate) loss: f64,
    /// The share of held-out digits that are right after it.
    pub(crate) accuracy: f64,
}

/// A classifier in training: the tensors of both entries, and the data.
pub(crate) struct Trainer<'a> {
    step: Session,
    predict: Session,
    split: &'a Split,
    random: Random,
    images: Digits,
    /// Images per step.
    batch: usize,
    /// Steps that were done.
    done: u32,
    /// Steps that will be done in all.
    planned: u32,
}

impl<'a> Trainer<'a> {
    /// A classifier with random weights (He et al.: normal, variance 2 / inputs) and no bias.
    pub(crate) fn new(
        library: &Library,
        split: &'a Split,
        epochs: u32,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let mut step = library.entry("step")?.session()?;
        let mut random = Random::new(seed);
        for (path, inputs) in PARAMETERS {
            let Some(inputs) = inputs else { continue };
            let deviation = (2.0 / inputs as f64).sqrt();
            for weight in step.elements_mut::<f32>(path)? {
                *weight = (random.normal() * deviation) as f32;
            }
        }
        step.elements_mut::<f32>("momentum")?.fill(MOMENTUM);
        let batch = step.elements::<i32>("labels")?.len().max(1);
        Ok(Self {
            done: 0,
            planned: epochs * (split.train.len() / batch) as u32,
            batch,
            step,
            predict: library.entry("predict")?.session()?,
            split,
            random,
            images: Digits::default(),
        })
    }

    /// Images per step, as the library was compiled.
    pub(crate) fn batch(&self) -> usize {
        self.batch
    }

    /// Steps through the training images in random order, those that do not fill a batch left out;
    /// then tests.
    pub(crate) fn epoch(&mut self) -> Result<Epoch, TrainError> {
        let order = self.split.train.shuffled(&mut self.random);
        let (mut sum, mut steps) = (0.0, 0);
        for numbers in order.chunks_exact(self.batch) {
            self.split.train.gather(numbers, &mut self.images);
            copy(&mut self.step, "x", &self.images.pixels)?;
            let labels = self.step.elements_mut::<i32>("labels")?;
            labels.copy_from_slice(&self.images.labels);
            let rate = RATE * (1.0 - self.done as f32 / self.planned as f32);
            self.step.elements_mut::<f32>("rate")?.fill(rate);
            self.step.run()?;
            self.done += 1;
            sum += f64::from(self.step.elements::<f32>("l")?[0]);
            steps += 1;
        }
        let (right, all) = self.test()?;
        Ok(Epoch {
            loss: sum / f64::from(steps),
            accuracy: right as f64 / all as f64,
        })
    }

    /// How many of the held-out digits are right, and how many there are.
    pub(crate) fn test(&mut self) -> Result<(usize, usize), TrainError> {
        for (path, _) in PARAMETERS {
            copy(&mut self.predict, path, self.step.elements::<f32>(path)?)?;
        }
        let test = &self.split.test;
        let numbers: Vec<usize> = (0..test.len()).collect();
        let mut right = 0;
        for numbers in numbers.chunks(self.batch) {
            test.gather(numbers, &mut self.images);
            let pixels = self.predict.elements_mut::<f32>("x")?;
            // The last batch may be short; what it leaves of the one before is not looked at.
            pixels[..self.images.pixels.len()].copy_from_slice(&self.images.pixels);
            self.predict.run()?;
            let predicted = self.predict.elements::<i32>("digits")?;
            let pairs = predicted.iter().zip(&self.images.labels);
            right += pairs.filter(|(found, label)| found == label).count();
        }
        Ok((right, test.len()))
    }
}

fn copy(session: &mut Session, path: &str, values: &[f32]) -> Result<(), CallError> {
    session.elements_mut::<f32>(path)?.copy_from_slice(values);
    Ok(())
}
