#![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

use super::super::testing::{Fixture, content, name, recipe_of};
use super::*;
use crate::dataset::EncodedFile;

#[test]
fn shows_what_is_registered() {
    let fixture = Fixture::new();
    assert!(list(fixture.registry.root()).unwrap().is_empty());
    fixture.register("b", 1, 1).unwrap();
    fixture.register("a", 2, 2).unwrap();
    let rows = list(fixture.registry.root()).unwrap();
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let row = &rows[0];
    assert_eq!((row.sequence, row.version, row.recipe), (1, Some(content(2).version), Some(recipe_of(2))));
    assert_eq!((row.title.as_deref(), row.rows), (Some("Title 2"), Some(13)));
    assert_eq!((row.module_id.as_deref(), row.module_version.as_deref()), (Some("module"), Some("1.2.3")));
    let size: u64 = content(2).files.iter().map(EncodedFile::length).sum();
    assert_eq!(row.bytes, Some(size));
    assert_eq!(row.quality_score, Some(0.125));
    assert_eq!(row.damage, None);
    // From the index, without the files.
    assert_eq!(list(fixture.registry.root()).unwrap(), rows);
    fixture.assert_clean();
}

#[test]
fn renews_itself_after_each_registration() {
    let fixture = Fixture::new();
    for number in 1..5 {
        fixture.register("set", number, number).unwrap();
        let rows = list(fixture.registry.root()).unwrap();
        assert_eq!((rows[0].sequence, rows[0].version), (number, Some(content(number).version)));
    }
    fixture.select("set", 1, 1).unwrap();
    assert_eq!(list(fixture.registry.root()).unwrap()[0].sequence, 5);
}

#[test]
fn a_damaged_or_foreign_index_is_replaced() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    let rows = list(fixture.registry.root()).unwrap();
    let path = fixture.registry.root().index();
    let good = fs_err::read(&path).unwrap();
    let damages: [&dyn Fn(); 5] = [
        &|| fs_err::write(&path, b"no index at all").unwrap(),
        &|| fs_err::write(&path, &good[..good.len() / 2]).unwrap(),
        &|| fs_err::write(&path, vec![0; good.len()]).unwrap(),
        &|| fs_err::write(&path, [&good[..100], &vec![0xff; good.len() - 100]].concat()).unwrap(),
        &|| {
            fs_err::remove_file(&path).unwrap();
            Connection::open(&path).unwrap().execute_batch("CREATE TABLE datasets (other TEXT)").unwrap();
        },
    ];
    for damage in damages {
        damage();
        assert!(!fixture.check().failed(), "the index is no truth");
        assert_eq!(list(fixture.registry.root()).unwrap(), rows);
        assert_eq!(list(fixture.registry.root()).unwrap(), rows);
        fixture.assert_clean();
    }
}

#[test]
fn an_index_that_cannot_be_written_is_done_without() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    fs_err::create_dir(fixture.registry.root().index()).unwrap();
    assert_eq!(list(fixture.registry.root()).unwrap().len(), 1);
    assert_eq!(rebuild(fixture.registry.root()).unwrap_err().kind, crate::error::Kind::Storage);
}

#[test]
fn a_rebuild_counts_and_puts_right() {
    let fixture = Fixture::new();
    fixture.register("a", 1, 1).unwrap();
    fixture.register("b", 1, 1).unwrap();
    fixture.register("b", 2, 2).unwrap();
    let rows = list(fixture.registry.root()).unwrap();
    let index = Connection::open(fixture.registry.root().index()).unwrap();
    index.execute("UPDATE datasets SET title = 'wrong' WHERE name = 'b'", []).unwrap();
    drop(index);
    let report = fixture.check();
    assert_eq!(report.items[0].kind, ItemKind::IndexStale);
    assert!(report.items[0].message.contains("`b`"), "{report:?}");
    let rebuilt = rebuild(fixture.registry.root()).unwrap();
    assert_eq!(rebuilt, Rebuilt { datasets: 2, records: 3, damaged: 0 });
    assert_eq!(list(fixture.registry.root()).unwrap(), rows);
    fixture.assert_clean();
}

#[test]
fn damaged_datasets_are_shown_as_such() {
    let fixture = Fixture::new();
    fixture.register("a", 1, 1).unwrap();
    fixture.register("b", 1, 1).unwrap();
    fs_err::remove_file(fixture.file("a", 1, "dataset.json")).unwrap();
    fs_err::write(fixture.registry.root().record(&name("b"), 1), b"{").unwrap();
    let rows = list(fixture.registry.root()).unwrap();
    assert!(rows[0].damage.as_ref().unwrap().contains("dataset.json"), "{rows:?}");
    assert!(rows[1].damage.as_ref().unwrap().contains("record 1"), "{rows:?}");
    assert_eq!(rebuild(fixture.registry.root()).unwrap().damaged, 2);
    fixture.register("a", 1, 1).unwrap();
    assert_eq!(list(fixture.registry.root()).unwrap()[0].damage, None);
}
