//! Modules that tests build: each in a target directory of its own, out of the host's search path.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{repository, target};

/// Folder with the module that misbehaves on request.
#[must_use]
pub fn hostile() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(&repository().join("tests/modules/hostile"), "hostile"))
}

/// The same module, built so that a panic ends the process at once.
#[must_use]
pub fn hostile_that_aborts() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = repository().join("tests/modules/hostile");
        build_with(&source, "hostile-abort", &[("CARGO_PROFILE_DEV_PANIC", "abort")])
    })
}

/// Folder with the third-party example.
#[must_use]
pub fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(&repository().join("examples/third-party-module"), "example"))
}

/// Builds a crate or workspace with the versions that the repository locks, and returns the folder of its libraries.
#[must_use]
pub fn build(source: &Path, name: &str) -> PathBuf {
    build_with(source, name, &[])
}

/// The same with additional variables for cargo.
fn build_with(source: &Path, name: &str, variables: &[(&str, &str)]) -> PathBuf {
    let lock = source.join("Cargo.lock");
    if !lock.is_file() {
        std::fs::copy(repository().join("Cargo.lock"), &lock).unwrap();
    }
    let directory = target().join("fixtures").join(name);
    let built = Command::new(env!("CARGO"))
        .current_dir(source)
        .args(["build", "--quiet", "--target-dir"])
        .arg(&directory)
        .env_remove("RUSTFLAGS")
        .env("CARGO_PROFILE_DEV_DEBUG", "none")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "`{}` does not build:\n{said}", source.display());
    directory.join("debug")
}

/// Folder with one module for each released or imagined version of the interface; see [`versions`].
#[must_use]
pub fn api_versions() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(versions::build)
}

/// One small module, built against several versions of the interface.
///
/// The copies of the interface lie beside the workspace of the modules, because packages below a workspace are its
/// members, and no two members may have one name.
mod versions {
    use std::path::{Path, PathBuf};

    use crate::{repository, target};

    /// Id of the module, version of its interface, and what is done to the interface's sources.
    const VARIANTS: [(&str, &str, Patch); 4] = [
        ("api_1_0", "1.0.0", without_inspect),
        ("api_1_2", "1.2.0", with_more_at_the_tail),
        ("api_2_0", "2.0.0", |_| {}),
        ("api_changed", "1.1.9", with_reordered_fields),
    ];

    type Patch = fn(&Path);

    /// Writes the sources, unless they are there already, and builds them.
    pub(super) fn build() -> PathBuf {
        let folder = target().join("fixtures/api-versions-source");
        for (id, version, patch) in VARIANTS {
            let staged = folder.join(format!("staged-{id}"));
            let _ = std::fs::remove_dir_all(&staged);
            copy_interface(&staged, version);
            patch(&staged);
            update(&staged, &folder.join("interfaces").join(id));
            std::fs::remove_dir_all(&staged).unwrap();
            write_module(&folder.join("modules").join(id), id);
        }
        let members: Vec<String> = VARIANTS.iter().map(|(id, ..)| format!("\"{id}\"")).collect();
        let members = members.join(", ");
        write(
            &folder.join("modules/Cargo.toml"),
            &format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n"),
        );
        super::build(&folder.join("modules"), "api-versions")
    }

    /// Copies the crate as a package that stands alone.
    fn copy_interface(to: &Path, version: &str) {
        let from = repository().join("plugin-api");
        for (path, bytes) in crate::tree(&from.join("src")) {
            write(&to.join("src").join(path), std::str::from_utf8(&bytes).unwrap());
        }
        write(&to.join("build.rs"), &read(&from.join("build.rs")));
        let manifest = format!(
            "[package]\nname = \"plugin-api\"\nversion = \"{version}\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [features]\nhost = []\nconformance = []\n\n[dependencies]\n\
             abi_stable = {{ version = \"0.11.3\", default-features = false }}\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\n\
             serde_json = {{ version = \"1\", features = [\"float_roundtrip\"] }}\n"
        );
        write(&to.join("Cargo.toml"), &manifest);
    }

    fn write_module(folder: &Path, id: &str) {
        let template = repository().join("tests/modules/versioned");
        for file in ["module.json", "src/lib.rs"] {
            write(&folder.join(file), &read(&template.join(file)).replace("MODULE_ID", id));
        }
        let manifest = format!(
            "[package]\nname = \"{id}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n\
             [dependencies]\nplugin-api = {{ path = \"../../interfaces/{id}\" }}\n"
        );
        write(&folder.join("Cargo.toml"), &manifest);
    }

    /// What 1.0 was: everything between the marks had not been thought of.
    fn without_inspect(copy: &Path) {
        for file in ["src/abi.rs", "src/export.rs"] {
            edit(&copy.join(file), |text| {
                let mut kept = String::new();
                let mut rest = text;
                while let Some((before, after)) = rest.split_once("// api 1.1 begin") {
                    kept.push_str(before);
                    rest = after.split_once("// api 1.1 end").unwrap().1;
                }
                assert_ne!(rest.len(), text.len(), "no marks of api 1.1");
                kept + rest
            });
        }
    }

    /// What a later minor version may be: one more function.
    fn with_more_at_the_tail(copy: &Path) {
        edit(&copy.join("src/abi.rs"), |text| {
            let later = "// api 1.1 end\n    /// Not known to this host.\n    \
                         pub later: extern \"C\" fn(RStr<'_>) -> RResult<RString, RString>,";
            replaced(text, "// api 1.1 end", later)
        });
        edit(&copy.join("src/export.rs"), |text| {
            let text = replaced(text, "inspect: inspect::<T>,", "inspect: inspect::<T>,\n        later,");
            text + "\nextern \"C\" fn later(_: RStr<'_>) -> RResult<RString, RString> {\n    ROk(RString::new())\n}\n"
        });
    }

    /// A fork that changed a struct and kept the version.
    fn with_reordered_fields(copy: &Path) {
        edit(&copy.join("src/abi.rs"), |text| {
            let text = replaced(
                text,
                "    pub role: RStr<'a>,\n    pub name: RStr<'a>,\n",
                "    pub name: RStr<'a>,\n",
            );
            let bytes = "    pub bytes: RSlice<'a, u8>,\n";
            replaced(&text, bytes, &format!("{bytes}    pub role: RStr<'a>,\n"))
        });
    }

    fn replaced(text: &str, from: &str, to: &str) -> String {
        assert!(text.contains(from), "`{from}` is not in the interface any more");
        text.replacen(from, to, 1)
    }

    fn edit(path: &Path, change: impl FnOnce(&str) -> String) {
        write(path, &change(&read(path)));
    }

    /// Takes over what differs, so that cargo builds again only then.
    fn update(from: &Path, to: &Path) {
        for (path, bytes) in crate::tree(from) {
            let target = to.join(path);
            if std::fs::read(&target).ok().as_deref() != Some(&bytes[..]) {
                write(&target, std::str::from_utf8(&bytes).unwrap());
            }
        }
    }

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    fn write(path: &Path, text: &str) {
        if std::fs::read(path).ok().as_deref() == Some(text.as_bytes()) {
            return;
        }
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test's own source file")]
        std::fs::write(path, text).unwrap();
    }
}
