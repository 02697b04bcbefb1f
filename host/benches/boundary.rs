//! What the boundary costs: finding and loading a module, a worker from start to reply, a gigabyte handed over.
//!
//! `cargo build --release && cargo bench -p host`, or `cargo bench -p host --bench boundary -- isolation` for one of `load`,
//! `isolation` and `gigabyte`. The machine's noise shows in the spread between best and median. Whole processes are
//! compared with their peers by `tests/peers/compare.py`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench prints, and stops when it cannot run"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use host::dataset::Spool;
use host::digest::Digest;
use host::fetch;
use host::modules::discover::{self, SearchDirectory, SearchOrigin};
use host::modules::worker::parent::{Listener, Workers};
use host::modules::{library, manifest};
use host::objects::Objects;
use host::platform::{ConfinementLevel, Limits, SealedFile};
use host::stages::derive::{DeriveOptions, Derived, Isolation};
use host::stages::ingest::{IngestOptions, Ingested};
use host::stages::parameters::Given;
use host::stages::plan::{Job, Plan};
use host::trust::keys::KeyRing;
use host::trust::{Policy, TrustLevel};
use plugin_api::host_side::{HostServices, ServicesHandle};
use plugin_api::{Input, Level};

fn main() -> std::process::ExitCode {
    // A worker is this executable started again.
    if std::env::args().nth(1).is_some_and(|verb| verb == host::modules::worker::VERB) {
        return host::cli::main();
    }
    let modules = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    let path = search_path(&modules);
    let candidates = discover::scan(&path);
    assert!(
        !candidates.is_empty(),
        "no modules in `{}`: run `cargo build --release` first",
        modules.display()
    );
    let only: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |section: &str| only.is_empty() || only.iter().any(|word| word == section);
    if wanted("load") {
        find_and_load(&candidates);
    }
    if wanted("isolation") {
        worker(&path);
    }
    if wanted("gigabyte") {
        gigabyte();
    }
    std::process::ExitCode::SUCCESS
}

struct Silent;

impl Listener for Silent {
    fn log(&self, _level: Level, _text: &str) {}
    fn progress(&self, _fraction: f64, _doing: &str) {}
}

impl HostServices for Silent {
    fn log(&self, _level: Level, _text: &str) {}
    fn progress(&self, _fraction: f64, _doing: &str) {}
    fn cancelled(&self) -> bool {
        false
    }
}

fn search_path(directory: &Path) -> Vec<SearchDirectory> {
    vec![SearchDirectory { path: directory.to_owned(), origin: SearchOrigin::Flag }]
}

fn report(what: &str, mut times: Vec<Duration>, limit: &str) {
    times.sort();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let (best, median) = (milliseconds(times[0]), milliseconds(times[times.len() / 2]));
    println!("{what:<58} best {best:>8.3} ms  median {median:>8.3} ms  {limit}");
}

fn measure(count: usize, mut work: impl FnMut()) -> Vec<Duration> {
    (0..count)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect()
}

/// Each load uses a fresh sealed copy, as the host does; copies are not unloaded.
fn find_and_load(candidates: &[discover::Candidate]) {
    for candidate in candidates {
        let discover::State::Module { embedded, .. } = &candidate.state else { continue };
        let bytes = &fs_err::read(&candidate.path).unwrap();
        let id = &embedded.descriptor.id;
        let size = bytes.len() / 1024;
        report(
            &format!("`{id}` ({size} KiB): sha256"),
            measure(50, || {
                std::hint::black_box(Digest::of(bytes));
            }),
            "",
        );
        report(
            &format!("`{id}`: found in the search path"),
            measure(50, || {
                std::hint::black_box(manifest::peek(fs_err::File::open(&candidate.path).unwrap()).unwrap());
            }),
            "",
        );
        report(
            &format!("`{id}`: manifest read without loading"),
            measure(50, || {
                std::hint::black_box(manifest::read(bytes).unwrap());
            }),
            "",
        );
        let load = || {
            let copy = Box::leak(Box::new(SealedFile::from_bytes("module", bytes).unwrap()));
            let loadable = Box::leak(Box::new(copy.loadable().unwrap()));
            library::load(&loadable.path, embedded).unwrap();
        };
        report(
            &format!("`{id}`: sealed copy, load, layout check"),
            measure(30, load),
            "(bar: 1 ms with the manifest)",
        );
    }
}

fn ingested(path: &[SearchDirectory], job: &Job) -> Ingested {
    let objects = Objects::new(fetch::Options { timeout: Duration::from_secs(30), attempts: 1 });
    let options = IngestOptions { input_bytes: 1 << 30, cache: None, objects };
    Ingested::new(
        Plan::new(
            job,
            path,
            &Policy {
                minimum: TrustLevel::Unsigned,
                demand_lock: false,
                lock: None,
                keys: KeyRing::default(),
            },
        )
        .unwrap(),
        &options,
    )
    .unwrap()
}

fn options(isolation: Isolation, workers: Workers) -> DeriveOptions {
    DeriveOptions {
        isolation,
        limits: Limits { memory_bytes: 8 << 30, timeout_milliseconds: 60_000 },
        minimum_confinement: ConfinementLevel::None,
        workers,
    }
}

/// The bundled dataset of a real module; and the boundary alone, with a module that is as small as its work.
fn worker(path: &[SearchDirectory]) {
    derivations("bao", path);
    let folder = tempfile::tempdir().unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let made = std::process::Command::new("make")
        .arg("--silent")
        .arg(format!("OUT={}", folder.path().display()))
        .current_dir(repository.join("examples/c-module"))
        .status();
    if made.is_ok_and(|status| status.success()) {
        derivations("temperature", &search_path(folder.path()));
    } else {
        println!("a module in C: not run, it needs `make` and a C compiler");
    }
}

fn derivations(module: &str, path: &[SearchDirectory]) {
    let job = Job { module: module.to_owned(), ..Job::default() };
    let time = |options: &DeriveOptions| {
        let ready = ingested(path, &job);
        let started = Instant::now();
        // What it holds, the copy of the library too, is freed after the clock was read.
        let derived = Derived::new(ready, Spool::none(), options, &Silent).unwrap();
        let elapsed = started.elapsed();
        drop(derived);
        elapsed
    };
    // An idle worker ends after the clock was read.
    let fresh = || time(&options(Isolation::Process, Workers::kept()));
    let ended = || time(&options(Isolation::Process, Workers::fresh()));
    let one = options(Isolation::Process, Workers::kept());
    let times = |work: &dyn Fn() -> Duration| (0..200).map(|_| work()).collect::<Vec<_>>();
    report(&format!("`{module}`: worker start, confine, load, derive, reply"), times(&fresh), "(bar: 5 ms)");
    report(&format!("`{module}`: the same with the worker's end"), times(&ended), "");
    let alone = derivation_alone(ingested(path, &job));
    report(&format!("`{module}`: the derivation alone, in a thread that did it before"), alone, "");
    report(
        &format!("`{module}`: kept worker, derive, reply"),
        times(&|| time(&one)),
        "(bar: 0.2 ms beyond the derivation alone)",
    );
}

/// What the module itself takes when it and its inputs are there, and what it made is not looked at.
fn derivation_alone(ready: Ingested) -> Vec<Duration> {
    // The loader knows the library by its descriptor, which therefore stays open.
    let ready = Box::leak(Box::new(ready));
    let module = ready.plan().module();
    let loadable = Box::leak(Box::new(module.library.loadable().unwrap()));
    let loaded = library::load(&loadable.path, &module.embedded).unwrap();
    let parameters = serde_json::Value::Object(ready.plan().parameters().clone()).to_string();
    let mappings: Vec<_> = ready.inputs().iter().map(|input| input.map().unwrap()).collect();
    let inputs: Vec<Input<'_>> = ready
        .inputs()
        .iter()
        .zip(&mappings)
        .map(|(input, bytes)| Input { role: &input.role, name: &input.name, bytes })
        .collect();
    let services = ServicesHandle::new(&Silent);
    measure(200, || {
        library::derive(&loaded, &inputs, &parameters, &services, |output| {
            std::hint::black_box(&output);
            Ok(())
        })
        .unwrap();
    })
}

/// Rows of eight bytes in a gigabyte.
const ROWS: i64 = 1 << 27;

/// The fixture module makes one column of 2^27 floats, which is a gigabyte.
fn gigabyte() {
    let Some(fixture) = fixture() else {
        println!(
            "a gigabyte handed over: not run, build tests/modules/hostile first (`cargo test -p tests` does)"
        );
        return;
    };
    let job = Job {
        module: "hostile".to_owned(),
        parameters: vec![
            ("deed".to_owned(), Given::Text("wide".to_owned())),
            ("rows".to_owned(), Given::Text(ROWS.to_string())),
        ],
        ..Job::default()
    };
    let path = search_path(&fixture);
    let run = |isolation| {
        let ready = ingested(&path, &job);
        let started = Instant::now();
        let derived =
            Derived::new(ready, Spool::none(), &options(isolation, Workers::fresh()), &Silent).unwrap();
        let elapsed = started.elapsed();
        assert_eq!(i64::try_from(derived.dataset().tables[0].rows()).unwrap(), ROWS);
        elapsed
    };
    let before = peak_bytes();
    let inside = run(Isolation::InProcess);
    let grown = (peak_bytes() - before) as f64 / f64::from(1 << 30);
    println!(
        "1 GiB table made and handed over in this process: {:.0} ms, peak memory grew by {grown:.2} GiB (a copy would make it 2)",
        inside.as_secs_f64() * 1000.0
    );
    assert!(grown < 1.2, "the table was copied");
    let best = |isolation| (0..5).map(|_| run(isolation)).min().unwrap();
    let (inside, through) = (best(Isolation::InProcess), best(Isolation::Process));
    let rate = |time: Duration| f64::from(1 << 30) / 1e9 / time.as_secs_f64();
    println!(
        "1 GiB table through a worker: made and handed over {:.0} ms; handed over {:.2} GB/s (bar: 1.5 GB/s), with making it {:.2} GB/s",
        through.as_secs_f64() * 1000.0,
        rate(through.saturating_sub(inside)),
        rate(through)
    );
}

fn fixture() -> Option<PathBuf> {
    let target = std::env::current_exe().ok()?.ancestors().nth(3)?.to_owned();
    Some(target.join("fixtures/hostile/debug")).filter(|folder| folder.join("libhostile.so").is_file())
}

/// Highest resident memory of this process so far.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}
