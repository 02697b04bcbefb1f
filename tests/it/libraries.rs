//! Libraries that are damaged: with a digest to hold them against none is loaded, and without one the worker may die, the
//! host never.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::Trial;
use tests::{Outcome, Sandbox, fixture};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("libraries::no_damaged_library_is_loaded_when_its_digest_is_locked", &[], locked),
        trial("libraries::a_damaged_library_may_end_the_worker_and_never_the_host", &[], unlocked),
    ]
}

const TRUNCATIONS: u64 = 150;
const FLIPPED: u64 = 150;
const BITS: usize = 8;

/// Replayed by its number: everything follows from the seed.
fn damaged(sound: &[u8], number: u64) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number + 1);
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 11).unwrap() % below
    };
    let mut bytes = sound.to_vec();
    if number < TRUNCATIONS {
        bytes.truncate(next(sound.len()));
        return bytes;
    }
    // Most of the file is code that nobody calls, so a third goes where readers look: the headers, and the section.
    let (start, length) = match number % 3 {
        0 => (0, 4096),
        1 => section(sound),
        _ => (0, sound.len()),
    };
    for _ in 0..BITS {
        bytes[start + next(length)] ^= 1 << next(8);
    }
    bytes
}

/// Where the module's own section is.
fn section(library: &[u8]) -> (usize, usize) {
    let magic = plugin_api::section::MAGIC;
    let start = library.windows(magic.len()).position(|window| window == magic).unwrap();
    let records = plugin_api::section::decode(&library[start..]).unwrap();
    let content = records.iter().map(|record| 16 + record.name.len() + record.content.len()).sum::<usize>();
    (start, magic.len() + content + 16)
}

fn example() -> (PathBuf, Vec<u8>) {
    let name = format!("{}light_curve{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let path = fixture::example().join(name);
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

/// Prepares with every damaged library, on two threads.
fn for_each(sandbox: &Sandbox, flags: &[&str], check: impl Fn(u64, &Outcome, &Path) + Sync) {
    let (path, sound) = example();
    let file_name = path.file_name().unwrap();
    let following = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for worker in ["one", "two"] {
            let folder = sandbox.path(worker);
            std::fs::create_dir(&folder).unwrap();
            let (following, check, sound) = (&following, &check, &sound);
            scope.spawn(move || {
                loop {
                    let number = following.fetch_add(1, Ordering::Relaxed) as u64;
                    if number >= TRUNCATIONS + FLIPPED {
                        return;
                    }
                    let library = folder.join(file_name);
                    // A new file each time: a library that is still mapped must not change under its reader.
                    let _ = std::fs::remove_file(&library);
                    #[expect(clippy::disallowed_methods, reason = "a test's own input file")]
                    std::fs::write(&library, damaged(sound, number)).unwrap();
                    // Half of them by what they are called, half by where they are.
                    let plugin =
                        if number.is_multiple_of(2) { "light_curve" } else { library.to_str().unwrap() };
                    let mut command = sandbox.command(["prepare", "--plugin", plugin, "--force"]);
                    command.args(["--name", worker, "--timeout", "10", "--max-memory", "1GiB"]);
                    command.arg("--plugin-dir").arg(&folder).args(flags);
                    let outcome = Outcome::of(&mut command);
                    check(number, &outcome, &library);
                }
            });
        }
    });
    let _ = sandbox.run(["check"]).success();
    let _ = sandbox.run(["audit", "verify"]).success();
}

/// Whatever happened, the host ended by itself, and said of which module, file, parameter or input it speaks.
fn assert_told(number: u64, outcome: &Outcome, library: &Path) {
    let said = format!("damage {number}: {outcome:?}");
    // A file that is no module any more is not found by the name of one.
    let not_found = outcome.code == Some(2) && outcome.stderr.contains("no module `light_curve`");
    assert!(
        not_found || outcome.code.is_some_and(|code| [0, 3, 12, 13, 14, 15, 16].contains(&code)),
        "{said}"
    );
    if outcome.code != Some(0) {
        // A result that breaks the contract is the dataset's fault first, and a module whose description was damaged may
        // refuse what it is given by the names of that description.
        let said_of = |what: &str| outcome.stderr.contains(&format!("error: {what} `"));
        let dataset = outcome.code == Some(3) && said_of("dataset");
        let given = outcome.code == Some(16) && (said_of("parameter") || said_of("input"));
        let named =
            outcome.stderr.contains("light_curve") || outcome.stderr.contains(library.to_str().unwrap());
        assert!((named || dataset || given) && outcome.stderr.contains("error: "), "{said}");
    }
}

fn unlocked() {
    let sandbox = Sandbox::new();
    let (sound, unusable) = (AtomicUsize::new(0), AtomicUsize::new(0));
    for_each(&sandbox, &[], |number, outcome, library| {
        assert_told(number, outcome, library);
        let count = if outcome.code == Some(0) { &sound } else { &unusable };
        let _ = count.fetch_add(1, Ordering::Relaxed);
    });
    // Every truncation shows, and a flipped bit in code that nobody calls does not: else the damage was not what it says.
    let (sound, unusable) = (sound.into_inner(), unusable.into_inner());
    assert!(sound >= 10 && unusable >= 150, "{sound} ran as if nothing had happened, {unusable} did not");
}

fn locked() {
    let sandbox = Sandbox::new();
    let (_, sound) = example();
    let digest = host::digest::Digest::of(&sound);
    let embedded = host::modules::manifest::read(&sound).unwrap();
    let lock = format!(
        "# Which modules this project uses. Written by `host plugin lock`; commit it.\n\
         schema = \"host.plugins-lock/1\"\n\n[modules.light_curve]\nversion = \"{}\"\n\n\
         [modules.light_curve.libraries]\n{} = \"{digest}\"\n",
        embedded.manifest.version, embedded.manifest.target,
    );
    let _ = sandbox.write("plugins.lock", lock);
    // The sound one is the one that is locked.
    let mut command = sandbox.command(["prepare", "--plugin", "light_curve", "--name", "sound"]);
    command.arg("--plugin-dir").arg(fixture::example());
    let _ = Outcome::of(&mut command).success();
    for_each(&sandbox, &["--locked"], |number, outcome, library| {
        assert_told(number, outcome, library);
        // 12 where the digest tells, the others where it is no module, or none of that name. What ran would have ended
        // with 0, 3, 14 or 15.
        assert!(
            outcome.code.is_some_and(|code| [2, 12, 13, 16].contains(&code)),
            "damage {number} was loaded: {outcome:?}"
        );
    });
    assert_eq!(sandbox.json(["list"])["data"]["datasets"].as_array().map(Vec::len), Some(1));
}
