use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// `folder/inner/file`, everything the user's own.
struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        let inner = root.path().join("folder/inner");
        fs_err::create_dir_all(&inner).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs_err::write(inner.join("file"), "content").unwrap();
        let place = Self { root };
        for path in ["", "folder", "folder/inner"] {
            place.mode(path, 0o755);
        }
        place.mode("folder/inner/file", 0o644);
        place
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    fn file(&self) -> PathBuf {
        self.path("folder/inner/file")
    }

    fn mode(&self, relative: &str, mode: u32) {
        fs_err::set_permissions(self.path(relative), PermissionsExt::from_mode(mode)).unwrap();
    }
}

fn refused(path: &Path, texts: &[&str]) {
    let error = open(path).unwrap_err();
    assert_eq!(error.kind, Kind::Untrusted, "{error}");
    let said = format!("{error} {:?}", error.hints);
    assert!(!error.hints.is_empty() && texts.iter().all(|text| said.contains(text)), "{said}");
}

#[test]
fn what_nobody_else_can_write_is_opened() {
    let place = Place::new();
    assert_eq!(read(&place.file(), 7).unwrap(), b"content");
    place.mode("folder", 0o711);
    place.mode("folder/inner/file", 0o600);
    assert_eq!(read(&place.file(), 7).unwrap(), b"content");
    assert_eq!(read(&place.file(), 6).unwrap_err().kind, Kind::Limit);
}

#[test]
fn what_others_can_write_is_named_with_the_command_that_mends_it() {
    let place = Place::new();
    for (path, mode, who) in [
        ("folder/inner/file", 0o666, "everybody may write the file"),
        ("folder/inner", 0o777, "everybody may write the folder"),
        ("folder", 0o757, "everybody may write the folder"),
    ] {
        let before = place.path(path).metadata().unwrap().permissions().mode();
        place.mode(path, mode);
        let shown = fs_err::canonicalize(place.path(path)).unwrap();
        refused(
            &place.file(),
            &[who, &format!("mode {mode:04o}"), &format!("`chmod go-w {}`", shown.display())],
        );
        place.mode(path, before & 0o7777);
    }
    open(&place.file()).unwrap();
}

#[test]
fn a_sticky_folder_may_be_written_by_all() {
    let place = Place::new();
    place.mode("folder", 0o1777);
    open(&place.file()).unwrap();
}

#[test]
fn links_of_the_folder_are_the_users_own_and_others_are_not_followed() {
    let place = Place::new();
    symlink(place.path("folder/inner"), place.path("link")).unwrap();
    open(&place.path("link/file")).unwrap();
    open(&place.path("folder/../link/file")).unwrap();
    symlink("file", place.path("folder/inner/other")).unwrap();
    refused(&place.path("link/other"), &["other` is a symbolic link", "cp --remove-destination"]);
    symlink("nowhere", place.path("folder/inner/dangling")).unwrap();
    refused(&place.path("folder/inner/dangling"), &["dangling` is a symbolic link"]);
}

#[test]
fn only_regular_files_are_opened() {
    let place = Place::new();
    refused(&place.path("folder/inner"), &["is a directory"]);
    refused(Path::new("/dev/null"), &["is a device"]);
    let socket = place.path("folder/socket");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    refused(&socket, &["is a socket"]);
}

#[test]
fn a_missing_file_is_told_from_a_refused_one() {
    let place = Place::new();
    for missing in ["folder/inner/none", "folder/none/file"] {
        assert!(open_if_there(&place.path(missing)).unwrap().is_none());
        let error = open(&place.path(missing)).unwrap_err();
        assert_eq!(error.kind, Kind::BadInput);
        assert!(error.to_string().contains("No such file"), "{error}");
    }
    assert_eq!(open(&place.path("folder/inner/file/more")).unwrap_err().kind, Kind::BadInput);
    assert_eq!(open(Path::new("/")).unwrap_err().kind, Kind::BadInput);
    assert_eq!(open(Path::new("..")).unwrap_err().kind, Kind::BadInput);
}

#[test]
fn owner_and_group_decide() {
    let place = Place::new();
    let own = fstat(openat(rustix::fs::CWD, place.file(), OFlags::RDONLY, Mode::empty()).unwrap()).unwrap();
    let with = |uid: u32, gid: u32, mode: u32| {
        let mut stat = own;
        (stat.st_uid, stat.st_gid) = (uid, gid);
        stat.st_mode = (stat.st_mode & !0o7777) | mode;
        objection(&stat)
    };
    let (me, stranger) = (own_uid(), 4_000_000_000);
    assert_eq!(with(0, 0, 0o644), None);
    assert_eq!(with(me, 1, 0o644), None);
    assert_eq!(with(stranger, 0, 0o600), Some(Objection::Owner));
    assert_eq!(with(0, 0, 0o664), Some(Objection::Writers("its group")));
    assert_eq!(with(me, stranger, 0o664), Some(Objection::Writers("its group")));
    assert_eq!(with(me, me, 0o664), (me == 0).then_some(Objection::Writers("its group")));
    // The bit means nothing on a file.
    assert_eq!(with(0, 0, 0o1666), Some(Objection::Writers("everybody")));
}

proptest! {
    #[test]
    fn a_quoted_path_is_one_word_of_a_shell(name in "[ -~]{1,20}") {
        let output = std::process::Command::new("sh")
            .arg("-c")
            .arg(format!("printf %s {}", quoted(Path::new(&format!("/{name}")))))
            .output()
            .unwrap();
        prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("/{}", name));
    }
}
