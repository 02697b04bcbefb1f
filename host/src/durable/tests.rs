#![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

use std::os::unix::fs::PermissionsExt;

use super::*;

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs_err::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn publish_replaces_and_leaves_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    publish(&path, b"one").unwrap();
    publish(&path, b"two").unwrap();
    assert_eq!(fs_err::read(&path).unwrap(), b"two");
    assert_eq!(names(directory.path()), ["file"]);
    assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn publish_new_never_replaces() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    publish_new(&path, b"one").unwrap();
    assert_eq!(publish_new(&path, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs_err::read(&path).unwrap(), b"one");
    assert_eq!(names(directory.path()), ["file"]);
}

#[test]
fn a_failed_publication_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("target");
    fs_err::create_dir(&path).unwrap();
    fs_err::write(path.join("inside"), b"").unwrap();
    assert!(publish(&path, b"bytes").unwrap_err().to_string().contains("target"));
    assert_eq!(names(directory.path()), ["target"]);
}

#[test]
fn a_name_of_full_length_can_be_published() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("é".repeat(127));
    publish(&path, b"bytes").unwrap();
    assert_eq!(fs_err::read(&path).unwrap(), b"bytes");
}

#[test]
fn append_truncate_and_remove() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    append_line(&path, b"one\n").unwrap();
    append_line(&path, b"two\n").unwrap();
    assert_eq!(fs_err::read(&path).unwrap(), b"one\ntwo\n");
    truncate(&path, 4).unwrap();
    assert_eq!(fs_err::read(&path).unwrap(), b"one\n");
    remove(&path).unwrap();
    remove(&path).unwrap();
    assert!(names(directory.path()).is_empty());
}

#[test]
fn directories_are_made_with_the_documented_mode() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b/c");
    create_directories(&path).unwrap();
    create_directories(&path).unwrap();
    assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
    fs_err::write(directory.path().join("file"), b"").unwrap();
    assert!(create_directories(&directory.path().join("file/below")).is_err());
}

#[test]
fn a_staged_directory_appears_as_a_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("target");
    let staged = StagedDirectory::create(directory.path()).unwrap();
    staged.write("file", &[b"by", b"tes"]).unwrap();
    assert!(!target.exists());
    staged.commit(&target).unwrap();
    assert_eq!(fs_err::read(target.join("file")).unwrap(), b"bytes");

    let staged = StagedDirectory::create(directory.path()).unwrap();
    staged.write("file", &[b"other"]).unwrap();
    assert!(staged.commit(&target).is_err(), "a full directory is not replaced");
    drop(StagedDirectory::create(directory.path()).unwrap());
    assert_eq!(fs_err::read(target.join("file")).unwrap(), b"bytes");
    assert_eq!(names(directory.path()), ["target"]);
}

#[test]
fn a_staged_directory_takes_plain_names_only() {
    let directory = tempfile::tempdir().unwrap();
    let staged = StagedDirectory::create(directory.path()).unwrap();
    for name in ["", ".", "..", "../outside", "a/b", "a\0b", "a\\b"] {
        assert_eq!(staged.write(name, &[]).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name:?}");
    }
}

#[test]
fn sweep_takes_the_dead_and_spares_the_living() {
    let directory = tempfile::tempdir().unwrap();
    let alive = StagedDirectory::create(directory.path()).unwrap();
    alive.write("file", &[b"bytes"]).unwrap();
    fs_err::create_dir(directory.path().join(".staging-1-1")).unwrap();
    fs_err::write(directory.path().join(".staging-1-1/file"), b"").unwrap();
    fs_err::write(directory.path().join(".file.tmp-1-1"), b"").unwrap();
    fs_err::write(directory.path().join(".hidden"), b"").unwrap();
    assert_eq!(sweep(directory.path()).unwrap(), 2);
    assert_eq!(sweep(directory.path()).unwrap(), 0);
    let alive_name = alive.path().file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(names(directory.path()), [".hidden", &alive_name]);
    assert_eq!(sweep(&directory.path().join("missing")).unwrap(), 0);
}

#[test]
fn sweeping_while_staging_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            for _ in 0..2000 {
                sweep(directory.path()).unwrap();
            }
        });
        for number in 0..200 {
            let staged = StagedDirectory::create(directory.path()).unwrap();
            staged.write("file", &[b"by", b"tes"]).unwrap();
            staged.commit(&directory.path().join(format!("target-{number}"))).unwrap();
        }
        sweeper.join().unwrap();
    });
    assert_eq!(names(directory.path()).len(), 200);
}

#[test]
fn what_is_replaced_is_never_missing_half_and_no_link_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (own, target) = (directory.path().join("own"), directory.path().join("target"));
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("text"), b"own").unwrap();
    let staged = |content: &[u8]| {
        let staged = StagedDirectory::create(directory.path()).unwrap();
        staged.write("file", &[content]).unwrap();
        staged
    };
    staged(b"one").commit(&target).unwrap();
    staged(b"two").replace(&target).unwrap();
    assert_eq!(std::fs::read(target.join("file")).unwrap(), b"two");
    discard(&target, directory.path()).unwrap();
    for place in [own.clone(), directory.path().join("nowhere")] {
        std::os::unix::fs::symlink(&place, &target).unwrap();
        staged(b"three").replace(&target).unwrap();
        assert!(!target.is_symlink());
        assert_eq!(std::fs::read(target.join("file")).unwrap(), b"three");
        discard(&target, directory.path()).unwrap();
        std::os::unix::fs::symlink(&place, &target).unwrap();
        discard(&target, directory.path()).unwrap();
    }
    assert_eq!(std::fs::read(own.join("text")).unwrap(), b"own");
    let left: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [own], "nothing else is left");
}

#[test]
fn a_folder_that_may_not_be_written_to_is_removed_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let fill = |path: &Path| {
        let inner = path.join("outer/inner");
        create_directories(&inner).unwrap();
        fs_err::write(inner.join("file"), b"x").unwrap();
        std::os::unix::fs::symlink("/", inner.join("link")).unwrap();
        for folder in [inner.as_path(), &path.join("outer"), path] {
            fs_err::set_permissions(folder, mode(0o555)).unwrap();
        }
    };
    let staged = StagedDirectory::create(directory.path()).unwrap();
    fill(staged.path());
    drop(staged);
    assert_eq!(names(directory.path()), [] as [&str; 0]);
    let dead = directory.path().join(".staging-1-1");
    create_directories(&dead).unwrap();
    fill(&dead);
    assert_eq!(sweep(directory.path()).unwrap(), 1);
    assert_eq!(names(directory.path()), [] as [&str; 0]);
}
