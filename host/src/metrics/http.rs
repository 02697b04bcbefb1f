//! What the service answered, counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::exposition::{Exposition, Histogram};
use super::{families, size};

/// Bounds of the histogram of answers, seconds.
const SECONDS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0];

/// Counts of answers. Routes are patterns such as `/api/v1/runs/{id}`, never addresses, so there are few of them.
#[derive(Debug, Default)]
pub struct Http {
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    requests: BTreeMap<(&'static str, &'static str, u16), u64>,
    seconds: BTreeMap<&'static str, Histogram>,
}

impl Http {
    /// Counts an answer: the pattern of its route, the method if it is a known one, the status, and how long it took.
    pub fn record(&self, route: &'static str, method: &'static str, code: u16, seconds: f64) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.requests.entry((route, method, code)).or_default() += 1;
        counted.seconds.entry(route).or_insert_with(|| Histogram::new(SECONDS)).add(seconds);
    }

    pub(super) fn write(&self, out: &mut Exposition) {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let codes: Vec<_> =
            counted.requests.iter().map(|(key, number)| (key, key.2.to_string(), *number)).collect();
        let requests = codes
            .iter()
            .map(|((route, method, _), code, number)| (vec![*route, *method, code.as_str()], size(*number)));
        out.family(&families::REQUESTS, requests);
        let seconds = counted.seconds.iter().map(|(route, seconds)| (vec![*route], seconds));
        out.histograms(&families::REQUEST_SECONDS, seconds);
    }
}
