//! The text that Prometheus reads: <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4.
//!
//! Invariants: a family is written once, with its help and type, and every sample of it has the labels that it declares;
//! no label's value can leave its place or be longer than [`LONGEST_LABEL`]; no family has more than [`MOST_SERIES`].

use std::fmt::Write;

/// Longer values of labels are cut off, in characters.
pub const LONGEST_LABEL: usize = 120;

/// The most samples of one family; what comes after is left out and counted.
pub const MOST_SERIES: usize = 2000;

/// What a family's numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Goes up and down.
    Gauge,
    /// Only goes up.
    Counter,
    /// Counts of what was no larger than each of several bounds.
    Histogram,
}

/// What is measured, and how it is labelled.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// With the unit at its end.
    pub name: &'static str,
    /// What its numbers mean.
    pub kind: Type,
    /// What it tells.
    pub help: &'static str,
    /// Names of its labels.
    pub labels: &'static [&'static str],
}

/// Counts of what was no larger than each bound, the sum and the number of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    bounds: &'static [f64],
    counts: Vec<u64>,
    sum: f64,
    total: u64,
}

impl Histogram {
    /// An empty one.
    #[must_use]
    pub fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len()], sum: 0.0, total: 0 }
    }

    /// Counts a value; one that is not finite is not counted.
    pub fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        for (bound, count) in self.bounds.iter().zip(&mut self.counts) {
            *count += u64::from(value <= *bound);
        }
        self.sum += value;
        self.total += 1;
    }
}

/// The text.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
    left_out: usize,
}

impl Exposition {
    /// Writes a family of gauges or counters; one without samples is not written. Each sample has a value for every label,
    /// in their order.
    pub fn family<'a>(&mut self, family: &Family, samples: impl IntoIterator<Item = (Vec<&'a str>, f64)>) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        self.head(family);
        for (place, (values, value)) in samples.enumerate() {
            if place < MOST_SERIES {
                self.sample(family.name, "", family.labels, &values, None, value);
            } else {
                self.left_out += 1;
            }
        }
    }

    /// Writes a family of histograms.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn histograms<'a>(
        &mut self,
        family: &Family,
        samples: impl IntoIterator<Item = (Vec<&'a str>, &'a Histogram)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        self.head(family);
        for (place, (values, histogram)) in samples.enumerate() {
            if place >= MOST_SERIES / 10 {
                self.left_out += 1;
                continue;
            }
            for (bound, count) in histogram.bounds.iter().zip(&histogram.counts) {
                let bound = bound.to_string();
                self.sample(family.name, "_bucket", family.labels, &values, Some(&bound), *count as f64);
            }
            let total = histogram.total as f64;
            self.sample(family.name, "_bucket", family.labels, &values, Some("+Inf"), total);
            self.sample(family.name, "_sum", family.labels, &values, None, histogram.sum);
            self.sample(family.name, "_count", family.labels, &values, None, total);
        }
    }

    /// How many samples were left out so far.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The whole text.
    #[must_use]
    pub fn text(self) -> String {
        self.text
    }

    fn head(&mut self, family: &Family) {
        let kind = match family.kind {
            Type::Gauge => "gauge",
            Type::Counter => "counter",
            Type::Histogram => "histogram",
        };
        self.push(format_args!("# HELP {} {}\n", family.name, family.help));
        self.push(format_args!("# TYPE {} {kind}\n", family.name));
    }

    fn sample(
        &mut self,
        name: &str,
        suffix: &str,
        labels: &[&str],
        values: &[&str],
        bound: Option<&str>,
        value: f64,
    ) {
        self.push(format_args!("{name}{suffix}"));
        let labels = labels.iter().copied().zip(values.iter().copied());
        let all = labels.chain(bound.map(|bound| ("le", bound)));
        let mut open = '{';
        for (label, value) in all {
            self.push(format_args!("{open}{label}=\"{}\"", escaped(value)));
            open = ',';
        }
        self.push(format_args!("{} {}\n", if open == ',' { "}" } else { "" }, Number(value)));
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Memory takes every write.
        let _ = self.text.write_fmt(text);
    }
}

struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            value if value.is_nan() => formatter.write_str("NaN"),
            value if value == f64::INFINITY => formatter.write_str("+Inf"),
            value if value == f64::NEG_INFINITY => formatter.write_str("-Inf"),
            value => write!(formatter, "{value}"),
        }
    }
}

/// A label's value that means nothing but itself.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for letter in value.chars().take(LONGEST_LABEL) {
        match letter {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAUGE: Family =
        Family { name: "host_things", kind: Type::Gauge, help: "Things.", labels: &["name", "state"] };

    #[test]
    fn a_label_cannot_leave_its_place() {
        let mut text = Exposition::default();
        let long = "x".repeat(500);
        text.family(
            &GAUGE,
            [(vec!["a\"} 1\nhost_other{x=\"\\", "\u{1b}[31m"], 0.5), (vec![&long, ""], 1e300)],
        );
        let text = text.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[2], r#"host_things{name="a\"} 1\nhost_other{x=\"\\",state=" [31m"} 0.5"#);
        assert!(lines[3].len() < 500, "{}", lines[3].len());
    }

    #[test]
    fn a_family_without_samples_is_not_there_and_a_large_one_is_cut() {
        let mut text = Exposition::default();
        text.family(&GAUGE, []);
        text.family(&GAUGE, (0..MOST_SERIES + 5).map(|_| (vec!["a", "b"], 1.0)));
        assert_eq!(text.left_out(), 5);
        assert_eq!(text.text().lines().count(), MOST_SERIES + 2);
    }

    #[test]
    fn histograms_count_what_is_no_larger() {
        const TIME: Family =
            Family { name: "host_time_seconds", kind: Type::Histogram, help: "Time.", labels: &[] };
        let mut histogram = Histogram::new(&[0.5, 1.0]);
        for value in [0.5, 0.7, 3.0, f64::NAN] {
            histogram.add(value);
        }
        let mut text = Exposition::default();
        text.histograms(&TIME, [(vec![], &histogram)]);
        assert_eq!(
            text.text(),
            "# HELP host_time_seconds Time.\n# TYPE host_time_seconds histogram\n\
             host_time_seconds_bucket{le=\"0.5\"} 1\nhost_time_seconds_bucket{le=\"1\"} 2\n\
             host_time_seconds_bucket{le=\"+Inf\"} 3\nhost_time_seconds_sum 4.2\nhost_time_seconds_count 3\n"
        );
    }
}
