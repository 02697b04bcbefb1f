//! What a module may do, how the host ends, and what it says.

use super::forged;

/// One misbehaviour and its end.
pub(super) struct Deed {
    /// Value of the module's parameter `deed`.
    pub(super) name: &'static str,
    /// Exit codes that keep the promise; several where the system decides what stops the module first.
    pub(super) codes: &'static [i32],
    /// What the message must say, whatever stopped it.
    pub(super) texts: &'static [&'static str],
    pub(super) timeout_seconds: &'static str,
    /// The module's input.
    pub(super) input: Option<fn() -> Vec<u8>>,
}

/// What a deed may take that comes to its end by itself: a slow machine needs seconds for what is large.
const AMPLE: &str = "600";

const fn deed(name: &'static str, codes: &'static [i32], texts: &'static [&'static str]) -> Deed {
    Deed { name, codes, texts, timeout_seconds: AMPLE, input: None }
}

/// One that ends only when its time does.
const fn endless(name: &'static str) -> Deed {
    let texts = &["module `hostile` did not finish within 0.2 s", "hint: to allow more, give `--timeout"];
    Deed { name, codes: &[15], texts, timeout_seconds: "0.2", input: None }
}

/// One that is given a table or report to answer with.
const fn forged(name: &'static str, input: fn() -> Vec<u8>, texts: &'static [&'static str]) -> Deed {
    Deed { name, codes: &[14], texts, timeout_seconds: AMPLE, input: Some(input) }
}

const MALFORMED: &str = "module `hostile` returned a malformed result";
const TOO_LARGE: &str = "the result of module `hostile` is too large";

/// The rows of the fault matrix for misbehaving modules, in its order and its words. The last but two is one row there
/// with the one before it. A result that is no number is a result: it breaks the contract, which is exit code 3.
pub(super) const MATRIX: [(&str, Deed); 24] = [
    ("panic", deed("panic", &[14], &["module `hostile` panicked: as asked", "at src/process.rs:"])),
    ("panic with non-string", deed("panic-any", &[14], &["module `hostile` panicked", "not text"])),
    ("abort", deed("abort", &[14], &["module `hostile`", "SIGABRT"])),
    ("SIGSEGV", deed("segfault", &[14], &["module `hostile`", "SIGSEGV"])),
    ("exit(0)", deed("exit-0", &[14], &["ended with exit code 0 without returning a result"])),
    ("exit(3)", deed("exit-3", &[14], &["ended with exit code 3 without returning a result"])),
    ("infinite loop", endless("loop")),
    ("sleep past timeout", endless("sleep")),
    ("alloc past limit", deed("allocate", &[15], &["512.0 MiB", "--max-memory"])),
    ("stack overflow", deed("stack-overflow", &[14], &["SIGABRT", "overflowed its stack"])),
    ("fork bomb", deed("fork-bomb", &[14], &["module `hostile` panicked: "])),
    ("closes fds", deed("close-descriptors", &[14], &["module `hostile`"])),
    ("writes to stdout", deed("print", &[14], &["module `hostile` panicked: after some words"])),
    ("prints 1 GB to stderr", deed("print-much", &[14], &["exit code 1", "it printed: xxxx"])),
    ("returns wrong lengths", deed("unequal-columns", &[14], &["column `value` has 1 values"])),
    ("NaN", deed("not-a-number", &[3], &["column.finite", "column `value`", "nothing was registered"])),
    ("10^9 rows claimed", forged("forged-table", forged::a_billion_rows, &[MALFORMED, "1000000000 rows"])),
    ("non-UTF-8", deed("not-utf8", &[14], &["module `hostile` failed", "malformed table"])),
    ("replies twice", deed("reply-twice", &[14], &["module `hostile` failed", "the first word"])),
    ("never replies", endless("never-reply")),
    (
        "changes cwd/env/umask",
        deed("change-process", &[14], &["module `hostile` panicked: in another place"]),
    ),
    ("changes signal mask", endless("block-signals")),
    ("spawns thread that outlives call", deed("outlive", &[14], &["panicked: with a thread left behind"])),
    ("double free", deed("double-free", &[14], &["module `hostile`", "SIGABRT"])),
];

/// What else came to mind.
pub(super) const MORE: &[Deed] = &[
    deed(
        "panic-in-stream",
        &[14],
        &["module `hostile` panicked: while the table is read", "at src/results.rs:"],
    ),
    deed("error-in-stream", &[16], &["input `bytes`, line 7: not as promised", "hint: look at line 7"]),
    deed("panic-in-drop", &[14], &["module `hostile`", "SIGABRT"]),
    deed("panic-in-thread-local", &[14], &["module `hostile`", "SIGABRT"]),
    deed("replace-panic-hook", &[14], &["module `hostile` ended with exit code 0"]),
    deed("escape-codes", &[14], &["module `hostile` panicked: "]),
    deed("write-library", &[14], &["module `hostile`", "SIGSEGV"]),
    endless("ignore-signals"),
    endless("stop-itself"),
    endless("polite-loop"),
    endless("drip"),
    deed("raise-limits", &[15], &["512.0 MiB", "--max-memory"]),
    deed("hoard-memory-files", &[14, 15], &["module `hostile`"]),
    deed("thread-bomb", &[14, 15], &["module `hostile`"]),
    deed("large-files", &[15], &["temporary files than its memory limit of 512.0 MiB", "--max-memory"]),
    deed("nameless-files", &[15], &["temporary files than its memory limit of 512.0 MiB", "--max-memory"]),
    deed("many-files", &[15], &["module `hostile` keeps more than 10000 temporary files"]),
    deed("progress-much", &[14], &["module `hostile` panicked: with nothing left to do"]),
    deed("spawn", &[14], &["module `hostile` panicked: with a child left behind"]),
    Deed { timeout_seconds: "0.2", ..deed("become-another", &[14, 15], &["module `hostile`"]) },
    deed("flee", &[14], &["module `hostile` panicked: "]),
    deed("fill-folders", &[14], &["module `hostile` panicked: with everything full"]),
    deed("unlink-descriptors", &[14], &["module `hostile` panicked: with nothing removed"]),
    deed("hang-up", &[14], &["module `hostile` "]),
    deed("hang-up-and-loop", &[14], &["module `hostile` "]),
    Deed { timeout_seconds: "0.2", ..deed("log-much", &[14, 15], &["module `hostile`"]) },
    deed("garbage-frame", &[14], &["module `hostile` sent a malformed answer"]),
    deed("huge-frame", &[14], &["module `hostile` sent a malformed answer", "limit"]),
    deed("huge-error", &[14], &["module `hostile` failed"]),
    deed("forged-refusal", &[13], &["`hostile`"]),
    deed("forged-done", &[14], &["module `hostile` sent a malformed answer", "limit"]),
    deed("done-with-nothing", &[14], &[MALFORMED, "it ends early"]),
    deed("endless-segments", &[14], &[MALFORMED, "the report"]),
    deed("progress-out-of-range", &[14], &["module `hostile` panicked: far beyond the end"]),
    deed("unknown-output", &[14], &[MALFORMED, "`nothing`"]),
    deed("escaping-name", &[14], &[MALFORMED, "`../../escape`"]),
    deed("short-matrix", &[14], &[MALFORMED, "`covariance` of size 1000000000"]),
    deed("finding", &[3], &["hostile.finding", "this is wrong", "hint: do not trust it"]),
    deed("many-findings", &[15], &[TOO_LARGE, "20000 findings, the limit is 1000"]),
    Deed { timeout_seconds: "0.5", ..deed("million-findings", &[15], &["module `hostile`"]) },
    deed("long-finding", &[15], &[TOO_LARGE, "bytes in one text of a finding"]),
    deed("huge-metadata", &[15], &[TOO_LARGE, "bytes of metadata"]),
    deed("deep-metadata", &[15], &[TOO_LARGE, "100 levels of metadata"]),
    deed("many-columns", &[15], &[TOO_LARGE, "20000 columns of a table"]),
    Deed { timeout_seconds: "0.5", ..deed("endless-batches", &[15], &["module `hostile`"]) },
    forged("forged-table", forged::no_columns, &[MALFORMED, "without columns"]),
    forged("forged-table", forged::rows_of_nothing, &[MALFORMED, "no contract can promise"]),
    forged("forged-table", forged::a_dictionary, &[MALFORMED, "no contract can promise"]),
    forged("forged-table", forged::cut_off, &[MALFORMED, "ends early"]),
    forged("forged-report", forged::not_a_number, &[MALFORMED, "the report"]),
    forged("forged-report", forged::nested_for_ever, &[MALFORMED, "the report"]),
    Deed { codes: &[15], ..forged("forged-report", forged::a_million_objects, &[TOO_LARGE, "objects"]) },
    forged("lying-report", forged::sound, &[MALFORMED, "it ends early"]),
    forged("one-table-for-all", forged::sound, &[MALFORMED, "it ends early"]),
];

/// Those of the fault matrix.
pub(super) fn matrix() -> Vec<&'static Deed> {
    MATRIX.iter().map(|(_, deed)| deed).collect()
}

/// Every deed.
pub(super) fn all() -> impl Iterator<Item = &'static Deed> {
    matrix().into_iter().chain(MORE)
}

/// One of them.
pub(super) fn named(name: &str) -> &'static Deed {
    all().find(|deed| deed.name == name).unwrap()
}
