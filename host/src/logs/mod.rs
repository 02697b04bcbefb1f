//! Log files below the folder of the setting `framework.log_directory`:
//!
//! * `processing.log`: what was done, at the level of `logging.level`;
//! * `errors.log`: what went wrong, with the dataset and the run;
//! * `performance/performance.jsonl`: one line for each dataset that was prepared: time, rows, memory;
//! * `transformations/`: a summary of each dataset that was worked on;
//! * `runs/`: the [`journal`](crate::journal).
//!
//! Who did what to the registry stands in its sealed audit log and nowhere else: a copy could only say less.
//!
//! Invariant: several processes write the same files, and no line is lost before its time.

mod retention;
mod rotating;

use std::path::{Path, PathBuf};

pub use retention::{Retention, enforce};
pub use rotating::RotatingFile;

/// What was done.
#[must_use]
pub fn processing(folder: &Path) -> PathBuf {
    folder.join("processing.log")
}

/// What went wrong.
#[must_use]
pub fn errors(folder: &Path) -> PathBuf {
    folder.join("errors.log")
}

/// How long it took.
#[must_use]
pub fn performance(folder: &Path) -> PathBuf {
    folder.join("performance/performance.jsonl")
}
