//! What a test may need from outside the repository. An absent need makes the test ignored, never passed.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Something from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The published releases and oracle values, in the folder that `HOST_TEST_DATA` names, or `../shared/data`.
    Releases,
    /// One-second bars of futures with the reference's tables, in the folder `futures` beside them.
    Bars,
    /// The system call tracer.
    Strace,
    /// The stock tool for the signatures of packages.
    Minisign,
    /// The checker of Prometheus for metrics and rules.
    Promtool,
    /// The checker of systemd for its units.
    SystemdAnalyze,
    /// The rotation of log files.
    Logrotate,
    /// Any Python 3.
    Python,
    /// The browser that shows the pages.
    Chromium,
    /// Python with numpy and scipy; `HOST_TEST_PYTHON` names it, else `python3`.
    Numpy,
    /// The same with numpy and pyarrow.
    Pyarrow,
    /// The same with Cobaya.
    Cobaya,
    /// The same with matplotlib.
    Matplotlib,
    /// The same with sacc, which brings astropy.
    Sacc,
    /// File systems of one's own: namespaces of users and mounts.
    Namespaces,
    /// Limits for another process.
    Limits,
    /// Ten thousand files open at a time, and those that a test has open besides; [`allow_open_files`] gives them.
    OpenFiles,
    /// To be root, who alone can give files away.
    Root,
}

impl Need {
    /// What is missing, if it is.
    #[must_use]
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Releases => {
                let path = releases();
                (!path.join("cosmology/oracle.json").is_file())
                    .then(|| format!("no release files in `{}`; set HOST_TEST_DATA", path.display()))
            }
            Self::Bars => {
                let path = releases().join("futures");
                (!path.join("golden_raw.dbn.zst").is_file())
                    .then(|| format!("no bars in `{}`; set HOST_TEST_DATA", path.display()))
            }
            Self::Strace => (!runs("strace", &["-V"])).then(|| "`strace` is not installed".to_owned()),
            Self::Minisign => (!runs("minisign", &["-v"])).then(|| "`minisign` is not installed".to_owned()),
            Self::Promtool => {
                (!runs("promtool", &["--version"])).then(|| "`promtool` is not installed".to_owned())
            }
            Self::SystemdAnalyze => (!runs("systemd-analyze", &["--version"]))
                .then(|| "`systemd-analyze` is not installed".to_owned()),
            Self::Logrotate => {
                (!runs("logrotate", &["--version"])).then(|| "`logrotate` is not installed".to_owned())
            }
            Self::Python => (!imports("ast")).then(|| format!("`{}` is not installed", python())),
            Self::Chromium => {
                (!runs("chromium", &["--version"])).then(|| "`chromium` is not installed".to_owned())
            }
            Self::Numpy => {
                (!imports("numpy, scipy")).then(|| format!("`{}` cannot import numpy and scipy", python()))
            }
            Self::Pyarrow => (!imports("numpy, pyarrow.parquet"))
                .then(|| format!("`{}` cannot import numpy and pyarrow", python())),
            Self::Matplotlib => {
                (!imports("numpy, matplotlib")).then(|| format!("`{}` cannot import matplotlib", python()))
            }
            Self::Cobaya => (!imports("cobaya")).then(|| format!("`{}` cannot import cobaya", python())),
            Self::Sacc => (!imports("sacc")).then(|| format!("`{}` cannot import sacc", python())),
            Self::Namespaces => (!runs("unshare", &["--user", "--map-root-user", "--mount", "true"]))
                .then(|| "no namespaces of users and mounts".to_owned()),
            Self::Limits => {
                (!runs("prlimit", &["--version"])).then(|| "`prlimit` is not installed".to_owned())
            }
            Self::OpenFiles => {
                let most = getrlimit(Resource::Nofile).maximum;
                most.is_some_and(|most| most < OPEN_FILES)
                    .then(|| format!("no more than {} open files", most.unwrap_or_default()))
            }
            Self::Root => (!is_root()).then(|| "this is not root".to_owned()),
        }
    }
}

/// What [`Need::OpenFiles`] is about.
const OPEN_FILES: u64 = 11_000;

/// Lets this process, and those that it starts from now on, have as many files open as it may.
pub fn allow_open_files() {
    let limits = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, ..limits }).unwrap();
}

/// Whether `HOST_TEST_ALL` demands that nothing is missing.
#[must_use]
pub fn all_demanded() -> bool {
    variable("HOST_TEST_ALL").is_some()
}

/// Folder of the published releases.
#[must_use]
pub fn releases() -> PathBuf {
    variable("HOST_TEST_DATA").map_or_else(|| crate::repository().join("../shared/data"), PathBuf::from)
}

/// The Python to use.
#[must_use]
pub fn python() -> String {
    variable("HOST_TEST_PYTHON").unwrap_or_else(|| "python3".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch, none of the host's variables")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Files that this process makes belong to it.
fn is_root() -> bool {
    let file = tempfile::tempfile().and_then(|file| file.metadata());
    file.is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

fn imports(modules: &str) -> bool {
    runs(&python(), &["-c", &format!("import {modules}")])
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
