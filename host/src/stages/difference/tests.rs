use serde_json::json;

use super::*;
use crate::dataset::encode;
use crate::dataset::samples::{dataset, floats, header, model, table, texts};

fn document(dataset: &Dataset) -> DatasetDocument {
    encode(dataset, header()).unwrap().document
}

fn compare(change: impl FnOnce(&mut Dataset)) -> Difference {
    let mut a = dataset();
    a.models = vec![model()];
    let mut b = a.clone();
    change(&mut b);
    difference((&document(&a), &a), (&document(&b), &b))
}

#[test]
fn the_same_is_equal_and_its_chi_squared_is_told() {
    let same = compare(|_| ());
    assert!(same.equal, "{same:?}");
    assert_eq!(same.models[0].change, Some(0.0));
}

#[test]
fn a_changed_value_is_found_in_its_row_whatever_the_order() {
    let found = compare(|b| {
        // Rows in another order, one gone, one new, one value changed.
        b.tables[0] = table(
            "data",
            vec![
                ("row_id", texts(&["c", "d", "a"])),
                ("kind", texts(&["length", "length", "length"])),
                ("place", floats(&[1e-7, 1.0, 0.51])),
                ("observable", floats(&[1.0 / 3.0, 5.0, 13.5])),
                ("uncertainty", floats(&[2.0, 1.0, 0.5])),
                ("unit", texts(&["m", "m", "1"])),
            ],
        );
        b.matrices[0].values = vec![4.0, 0.0, 0.3, 0.0, 1.0, 0.0, 0.3, 0.0, 0.25].into();
    });
    assert!(!found.equal);
    let data = &found.tables[0];
    assert_eq!(
        (data.only_in_a.first.as_slice(), data.only_in_b.first.as_slice()),
        (&["b".to_owned()][..], &["d".to_owned()][..])
    );
    assert!(data.reordered && data.common == 2);
    let [column] = &data.columns[..] else { panic!("{data:?}") };
    assert_eq!((&*column.column, column.changed), ("observable", 1));
    let largest = column.largest_absolute.as_ref().unwrap();
    assert_eq!((&*largest.row, largest.change), ("a", Some(0.5)));
    assert!((column.largest_relative.as_ref().unwrap().change.unwrap() - 0.5 / 13.0).abs() < 1e-15);
    let matrix = &found.matrices[0];
    // cov(a, c) was 0.1, errors 0.5 and 2.
    let relative = matrix.largest_relative.as_ref().unwrap();
    assert_eq!((matrix.common, matrix.changed, &relative.rows), (2, 2, &["a".to_owned(), "c".to_owned()]));
    assert!((relative.change - 0.2).abs() < 1e-15);
}

#[test]
fn units_conventions_and_models_are_compared() {
    let found = compare(|b| {
        b.contract.tables[0].columns[2].unit = Some("km".to_owned());
        b.metadata.insert("convention".to_owned(), json!("corrected"));
        b.metadata.insert("scale".to_owned(), json!({ "value": 147.8 }));
        b.models[0].prediction[0] = 13.0;
    });
    assert_eq!(
        found.units[0],
        UnitChange { table: "data".into(), column: "place".into(), a: None, b: Some("km".into()) }
    );
    let keys: Vec<&str> = found.conventions.iter().map(|change| &*change.key).collect();
    assert_eq!(keys, ["convention", "scale/value"]);
    assert!(found.models[0].other_predictions && !found.models[0].other_parameters);
    assert!(found.models[0].change.unwrap() < 0.0);
    assert!(found.tables.is_empty() && found.matrices.is_empty() && !found.equal);
}

#[test]
fn what_one_side_lacks_is_told_without_a_panic() {
    let found = compare(|b| {
        b.tables.clear();
        b.matrices.clear();
        b.models.clear();
    });
    assert!(!found.equal);
    assert_eq!((found.tables[0].only_in_a.count, found.matrices[0].rows_in_b), (3, 0));
    assert_eq!(found.tables[0].columns_only_in_a.len(), 6);
}
