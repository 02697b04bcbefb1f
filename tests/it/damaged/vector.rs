//! A published vector with its covariance, taken apart to be damaged. Numbers stay the texts of the file.

use crate::reference::releases::Release;

/// Mean and covariance, field by field.
#[derive(Debug, Clone)]
pub(super) struct Vector {
    /// Comments before the first row, each with its line end.
    heading: String,
    pub(super) mean: Vec<Vec<String>>,
    pub(super) covariance: Vec<Vec<String>>,
}

impl Vector {
    pub(super) fn of(release: &Release) -> Self {
        let mean = release.text("mean");
        let heading = mean.lines().take_while(|line| line.starts_with('#'));
        Self {
            heading: heading.flat_map(|line| [line, "\n"]).collect(),
            mean: fields(&mean),
            covariance: fields(&release.text("covariance")),
        }
    }

    /// The same measurements as another survey might have made them: no number is a published one.
    pub(super) fn unknown(mut self) -> Self {
        for row in &mut self.mean {
            row[1] = (number(&row[1]) * 1.001).to_string();
        }
        for element in self.covariance.iter_mut().flatten() {
            *element = (number(element) * 1.002).to_string();
        }
        self
    }

    pub(super) fn rows(&self) -> usize {
        self.mean.len()
    }

    /// Line of a row (from 1) in the text of the mean.
    pub(super) fn line(&self, row: usize) -> usize {
        self.heading.lines().count() + row
    }

    /// An element of the covariance, counted from 1.
    pub(super) fn element(&self, row: usize, column: usize) -> f64 {
        number(&self.covariance[row - 1][column - 1])
    }

    /// Changes one element of the covariance, and not its mirror image.
    pub(super) fn set(&mut self, row: usize, column: usize, value: f64) {
        self.covariance[row - 1][column - 1] = value.to_string();
    }

    /// Multiplies row and column of the covariance, and the value: the measurement in another unit.
    pub(super) fn scale(&mut self, row: usize, factor: f64) {
        let value = &mut self.mean[row - 1][1];
        *value = (number(value) * factor).to_string();
        for other in 1..=self.covariance.len() {
            let power = if other == row { factor * factor } else { factor };
            let scaled = self.element(row, other) * power;
            self.set(row, other, scaled);
            self.set(other, row, scaled);
        }
    }

    pub(super) fn mean_text(&self) -> String {
        self.heading.clone() + &joined(&self.mean)
    }

    pub(super) fn covariance_text(&self) -> String {
        joined(&self.covariance)
    }
}

fn fields(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter_map(|line| line.split('#').next());
    let rows = lines.map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    rows.filter(|row| !row.is_empty()).collect()
}

fn joined(rows: &[Vec<String>]) -> String {
    rows.iter().map(|row| row.join(" ") + "\n").collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}
