//! What the models that both state say of both.

use std::collections::BTreeMap;

use super::ModelDifference;
use super::rows::{Pairing, same_number};
use crate::dataset::Dataset;
use crate::stages::comparison;

pub(super) fn models(a: &Dataset, b: &Dataset, pairings: &BTreeMap<&str, Pairing>) -> Vec<ModelDifference> {
    let mut models = Vec::new();
    for one in &a.models {
        let Some(other) = b.models.iter().find(|other| other.name == one.name) else { continue };
        let (compared_a, compared_b) = (comparison::compare(a, one).ok(), comparison::compare(b, other).ok());
        let common = pairings.get(one.table.as_str()).map_or(&[][..], |pairing| &pairing.common);
        let moved = |(place_a, place_b): &(usize, usize)| {
            let values = (one.prediction.get(*place_a), other.prediction.get(*place_b));
            !matches!(values, (Some(one), Some(other)) if same_number(*one, *other))
        };
        let change = compared_a.as_ref().zip(compared_b.as_ref());
        models.push(ModelDifference {
            model: one.name.clone(),
            change: change.map(|(a, b)| b.chi_squared - a.chi_squared),
            a: compared_a,
            b: compared_b,
            other_parameters: one.parameters != other.parameters,
            other_predictions: common.iter().any(moved),
        });
    }
    models
}

impl ModelDifference {
    pub(super) fn is_one(&self) -> bool {
        self.other_parameters || self.other_predictions || self.change.is_some_and(|change| change != 0.0)
    }
}
