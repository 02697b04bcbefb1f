//! How good the registered datasets are, and what was refused.

use std::collections::BTreeMap;

use serde::Serialize;

use super::activity::{dash, runs};
use super::document::DocumentTable;
use super::{Document, Period, Sources, Statistics};
use crate::error::Result;
use crate::journal::DatasetOutcome;
use crate::registry::index::{self, Row};

/// Below this a module's score asks for a look.
const LOW_SCORE: f64 = 0.8;

/// Scores and refusals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// The period of refusals and trends.
    pub period: Period,
    /// How many datasets are registered.
    pub datasets: usize,
    /// How many of them are retired.
    pub retired: usize,
    /// Scores of the registered datasets that have one, 0 to 1, by name.
    pub scores: Option<Statistics>,
    /// Datasets with a score below 0.8, the worst first.
    pub low: Vec<Scored>,
    /// Scores of what was prepared in the period, in the order of time, by module.
    pub prepared_scores: BTreeMap<String, Statistics>,
    /// Datasets that were refused in the period, by code.
    pub refused: BTreeMap<String, usize>,
    /// Datasets prepared in the period, and how many of them have findings.
    pub prepared: usize,
    /// See [`prepared`](Self::prepared).
    pub with_findings: usize,
}

/// A dataset and its score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scored {
    /// Name.
    pub name: String,
    /// 0 to 1.
    pub quality_score: f64,
    /// Module.
    pub module: Option<String>,
}

impl Quality {
    pub(super) fn of(period: Period, sources: &Sources<'_>) -> Result<Self> {
        let rows: Vec<Row> = match sources.registry {
            Some(registry) => index::list(registry.root())?,
            None => Vec::new(),
        };
        let current = || rows.iter().filter(|row| row.retired.is_none());
        let scores: Vec<f64> = current().filter_map(|row| row.quality_score).collect();
        let scored = current().filter_map(|row| {
            let quality_score = row.quality_score.filter(|score| *score < LOW_SCORE)?;
            Some(Scored { name: row.name.clone(), quality_score, module: row.module_id.clone() })
        });
        let mut low: Vec<Scored> = scored.collect();
        low.sort_by(|one, other| one.quality_score.total_cmp(&other.quality_score));
        let mut quality = Self {
            datasets: rows.len(),
            retired: rows.len() - current().count(),
            // Their order is that of the names, which is no trend.
            scores: Statistics::of(&scores).map(|scores| Statistics { trend: None, ..scores }),
            low,
            prepared_scores: BTreeMap::new(),
            refused: BTreeMap::new(),
            prepared: 0,
            with_findings: 0,
            period,
        };
        let mut by_module: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for run in runs(&quality.period, sources)? {
            for dataset in run.finished.into_iter().map(|finished| finished.dataset) {
                if dataset.outcome == DatasetOutcome::Prepared {
                    quality.prepared += 1;
                    quality.with_findings += usize::from(dataset.findings.unwrap_or(0) > 0);
                    if let Some(score) = dataset.quality_score {
                        by_module.entry(dataset.module).or_default().push(score);
                    }
                }
                if let Some(error) = dataset.error {
                    *quality.refused.entry(error.code).or_default() += 1;
                }
            }
        }
        let statistics =
            by_module.into_iter().filter_map(|(module, scores)| Some((module, Statistics::of(&scores)?)));
        quality.prepared_scores = statistics.collect();
        Ok(quality)
    }

    pub(super) fn document(&self) -> Document {
        let score = |score: f64| format!("{score:.3}");
        let low = self.low.iter().map(|one| {
            vec![one.name.clone(), score(one.quality_score), one.module.clone().unwrap_or_else(dash)]
        });
        let refused = self.refused.iter().map(|(code, count)| vec![code.clone(), count.to_string()]);
        let modules = self.prepared_scores.iter().map(|(module, one)| {
            let [average, _, trend] = Statistics::cells(Some(one), score);
            vec![module.clone(), one.count.to_string(), average, trend]
        });
        Document {
            title: format!("Quality, {}", self.period.text()),
            facts: vec![
                ("registered datasets", self.datasets.to_string()),
                ("retired", self.retired.to_string()),
                ("with a quality score", self.scores.map_or(0, |scores| scores.count).to_string()),
                ("average score", self.scores.map_or_else(dash, |scores| score(scores.average))),
                ("prepared in the period", self.prepared.to_string()),
                ("of these with findings", self.with_findings.to_string()),
            ],
            tables: vec![
                DocumentTable {
                    title: "Scores below 0.8",
                    columns: vec!["dataset", "score", "module"],
                    rows: low.collect(),
                },
                DocumentTable {
                    title: "Scores of what was prepared",
                    columns: vec!["module", "datasets", "average", "trend"],
                    rows: modules.collect(),
                },
                DocumentTable {
                    title: "Refused",
                    columns: vec!["kind", "datasets"],
                    rows: refused.collect(),
                },
            ],
            notes: vec!["a score is what the module says of its data; not every module does".to_owned()],
        }
    }
}
