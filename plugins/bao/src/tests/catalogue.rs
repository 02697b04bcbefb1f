//! The embedded lists, against each other.

use std::collections::BTreeSet;

use cosmology::numbers::NumbersDigest;
use plugin_api::ModuleError;
use serde_json::Value;

use crate::releases::Known;

fn document() -> Value {
    serde_json::from_str(include_str!("../../catalogue.json")).unwrap()
}

#[test]
fn every_dataset_is_a_release_whose_numbers_are_known_and_every_release_a_dataset() {
    let known = Known::read().unwrap();
    let vectors = known.vectors.iter().map(|release| release.name.as_str());
    let grids = known.grids.iter().map(|release| release.name.as_str());
    let releases: Vec<&str> = vectors.chain(grids).collect();
    let named: BTreeSet<&str> = releases.iter().copied().collect();
    assert_eq!(named.len(), releases.len());
    let document = document();
    let datasets = document["datasets"].as_object().unwrap();
    let recognised: BTreeSet<&str> =
        datasets.values().map(|dataset| dataset["parameters"]["release"].as_str().unwrap()).collect();
    assert_eq!(recognised, named);
    for name in &named {
        assert_eq!(datasets[*name]["parameters"]["release"], *name);
        let publication = known.catalogue.get(name).unwrap();
        assert!(!publication.title.is_empty() && !publication.licence.is_empty(), "{name}");
        assert!(!publication.citation.is_empty(), "{name}");
        for citation in &publication.citation {
            let url = citation.url.as_deref().unwrap_or_default();
            assert!(!citation.text.is_empty() && url.starts_with("https://"), "{name}");
        }
    }
}

#[test]
fn the_embedded_list_is_consistent() {
    for release in &Known::read().unwrap().vectors {
        assert!(matches!(release.covariance_rows.len(), n if n == 0 || n == release.rows.len()));
        for row in &release.rows {
            assert!(row.z > 0.0 && !row.tracer.is_empty(), "{}", release.name);
        }
        // Else rows without tracers could be taken for duplicates before the release names them.
        let rows: BTreeSet<_> = release.rows.iter().map(|row| (row.z.to_bits(), row.quantity.0)).collect();
        assert_eq!(rows.len(), release.rows.len(), "{}", release.name);
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let known = Known::read().unwrap();
    let vector = |name| cosmology::measurements::releases::named(&known.vectors, name);
    assert_eq!(vector("desi_dr2").unwrap().rows.len(), 13);
    let ModuleError::BadParameter(fault) = vector("desi_dr3").unwrap_err() else { panic!() };
    assert!(fault.hint.unwrap().contains("`desi_dr"));
    let ModuleError::BadParameter(fault) = known.grid("sdss_dr7_mg").unwrap_err() else { panic!() };
    assert!(fault.hint.unwrap().contains("`sdss_dr7_mgs`"));
    assert!(known.grid("desi_dr2").is_err() && known.refuse_grid("sdss_dr7_mgs").is_err());
}

#[test]
fn a_digest_sees_every_bit_but_not_the_sign_of_zero() {
    let digest = |numbers: &[f64]| NumbersDigest::of(numbers);
    assert_eq!(digest(&[0.0, 1.0]), digest(&[-0.0, 1.0]));
    assert_ne!(digest(&[1.0]), digest(&[1.0 + f64::EPSILON]));
    assert_ne!(digest(&[1.0, 2.0]), digest(&[2.0, 1.0]));
}
