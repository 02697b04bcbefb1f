//! Modules in C: the example does what it says, and whatever one that is wrong returns becomes an error.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Sandbox, fixture};

use crate::toolchains::refused_in_one_line;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("c_modules::the_example_is_prepared_to_the_digit", &[], example),
        trial("c_modules::parameters_arrive", &[], parameters),
        trial("c_modules::bad_input_is_refused_with_its_line", &[], bad_input),
        trial("c_modules::a_name_that_is_not_utf8_is_bad_input_with_its_line", &[], names),
        trial("c_modules::the_example_passes_every_check", &[], conformance),
        trial("c_modules::list_info_and_verify_work_as_for_any_module", &[], verbs),
        trial("c_modules::no_c_module_runs_inside_the_host", &[], inside),
        trial("c_modules::a_wrong_answer_is_an_error_and_nothing_more", &[], wrong_answers),
        trial("c_modules::what_can_not_be_loaded_is_refused_in_one_line", &[], refusals),
        trial("c_modules::an_older_struct_still_loads", &[], older_struct),
        trial("c_modules::an_unknown_interface_is_refused_before_it_is_loaded", &[], unknown_interface),
    ]
}

fn with_example() -> Sandbox {
    Sandbox::new().with_plugins(fixture::c_example())
}

/// Rows of a table as exported: the header and the texts of the cells.
fn exported(sandbox: &Sandbox, name: &str) -> Vec<Vec<String>> {
    let output = sandbox.path("work/out").to_string_lossy().into_owned();
    let _ = sandbox.run(["export", name, "--format", "csv", "--output", &output]).success();
    let csv = std::fs::read_to_string(sandbox.path(&format!("work/out/{name}_data.csv"))).unwrap();
    csv.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn example() {
    let sandbox = with_example();
    let answer = sandbox.json(["prepare", "--plugin", "temperature"]);
    assert_eq!(answer.pointer("/data/datasets/0/status").unwrap(), "prepared");
    let rows = exported(&sandbox, "example_stations");
    let readings =
        [("north", -3.5, 0.1), ("south", 12.25, 0.1), ("summit", -21.75, 0.3), ("harbour", 8.0, 0.2)];
    assert_eq!(rows.len(), 6);
    for (row, (station, celsius, uncertainty)) in rows.iter().skip(1).zip(readings) {
        assert_eq!(row[0], station);
        assert_eq!(row[1].parse::<f64>().unwrap().to_bits(), f64::to_bits(celsius + 273.15), "{station}");
        assert_eq!(row[2].parse::<f64>().unwrap().to_bits(), f64::to_bits(uncertainty), "{station}");
    }
    let covariance = sandbox.path("work/out/example_stations_covariance.csv");
    let covariance = std::fs::read_to_string(covariance).unwrap();
    let elements: Vec<f64> =
        covariance.lines().flat_map(|line| line.split(',')).filter_map(|cell| cell.parse().ok()).collect();
    let diagonal = [0.1 * 0.1, 0.1 * 0.1, 0.3 * 0.3, 0.2 * 0.2, 0.1 * 0.1];
    assert_eq!(elements.len(), 25, "{covariance}");
    for (at, element) in elements.iter().enumerate() {
        let expected = if at / 5 == at % 5 { diagonal[at / 5] } else { 0.0 };
        assert_eq!(element.to_bits(), f64::to_bits(expected), "{at}");
    }
    let again = sandbox.json(["prepare", "--plugin", "temperature", "--force"]);
    let version = "/data/datasets/0/dataset/version";
    assert_eq!(answer.pointer(version).unwrap(), again.pointer(version).unwrap());
    for verb in [["reproduce", "example_stations"], ["validate", "example_stations"]] {
        let _ = sandbox.run(verb).success();
    }
}

fn parameters() {
    let sandbox = with_example();
    let file = sandbox.write("us.csv", "station,reading,uncertainty\r\nold mill, 50 ,1.8\r\n\n");
    let input = format!("readings={}", file.display());
    let arguments = ["prepare", "--plugin", "temperature", "--name", "us", "--input", &input];
    let more = ["--param", "scale=fahrenheit", "--param", "offset=-0.5"];
    let _ = sandbox.run(arguments.iter().chain(&more)).failure(16, &["line 2, field 2: `50 ` is no number"]);
    let file = sandbox.write("us.csv", "station,reading,uncertainty\r\nold mill, 50,1.8\r\n\n");
    assert!(input.ends_with(file.to_str().unwrap()));
    let _ = sandbox.run(arguments.iter().chain(&more)).success();
    // 50 °F are 10 °C.
    assert_eq!(exported(&sandbox, "us")[1], ["old mill", "282.65", "1.0"]);
    let shown = sandbox.json(["show", "us"]);
    assert!(shown.to_string().contains(r#""offset_kelvin":-0.5"#), "{shown:#}");
    let _ = sandbox
        .run(arguments.iter().chain(&["--param", "scale=kelvin"]))
        .failure(16, &["scale", "celsius, fahrenheit"]);
}

fn bad_input() {
    let sandbox = with_example();
    let header = "station,reading,uncertainty\n";
    let long = "x".repeat(200);
    for (name, text, texts) in [
        ("words", format!("{header}a,1,1\nb,warm,1\n"), ["line 3, field 2", "`warm` is no number"]),
        ("fields", format!("{header}a,1\n"), ["line 2", "expected 3 fields of at most 63 bytes, found 2"]),
        ("more", format!("{header}a,1,2,3\n"), ["line 2", "found 4"]),
        ("long", format!("{header}{long},1,2\n"), ["line 2", "of at most 63 bytes"]),
        ("infinite", format!("{header}a,1e999,1\n"), ["line 2, field 2", "`1e999` is no number"]),
        ("negative", format!("{header}a,1,-1\n"), ["line 2, field 3", "no number above zero"]),
        ("cold", format!("{header}a,-300,1\n"), ["line 2, field 2", "below absolute zero"]),
        ("nameless", format!("{header},1,1\n"), ["line 2, field 1", "no name of a station"]),
        ("quoted", format!("{header}a,\"\\1\",1\n"), ["line 2, field 2", "`\"\\1\"` is no number"]),
        ("header", "a,1,1\n".to_owned(), ["line 1", "the first line is not"]),
        ("alone", header.to_owned(), ["line 1", "there is no reading"]),
    ] {
        let file = sandbox.write(&format!("{name}.csv"), text);
        let input = format!("readings={}", file.display());
        let outcome = sandbox.run(["prepare", "--plugin", "temperature", "--input", &input]);
        let _ = outcome.failure(16, &["input `readings`", texts[0], texts[1], &format!("{name}.csv")]);
    }
    assert_eq!(sandbox.json(["list"]).pointer("/data/datasets"), Some(&json!([])));
}

fn names() {
    let sandbox = with_example();
    let input = |name: &[u8]| {
        let text = [b"station,reading,uncertainty\nnorth,1,1\n", name, b",2,1\n"].concat();
        format!("readings={}", sandbox.write("names.csv", text).display())
    };
    for name in [
        &b"M\xfcnchen"[..],
        b"\x80",
        b"cut \xc3",
        b"cut \xe2\x82",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xff",
    ] {
        let outcome = sandbox.run(["prepare", "--plugin", "temperature", "--input", &input(name)]);
        let _ =
            outcome.failure(16, &["input `readings`, line 3, field 1", "is no name in UTF-8", "names.csv"]);
    }
    for name in ["München", "東京", "\u{7f}\u{80}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}"]
    {
        let prepare = ["prepare", "--plugin", "temperature", "--name", "names", "--force"];
        let _ = sandbox.run(prepare.iter().chain(&["--input", &input(name.as_bytes())])).success();
        assert_eq!(exported(&sandbox, "names")[2][0], name);
    }
}

fn conformance() {
    let library = fixture::c_example().join("libtemperature.so");
    let tested = Sandbox::new().run(["plugin", "test", library.to_str().unwrap()]).success();
    assert!(tested.stdout.contains("13 checks, 13 ok, 0 failed"), "{tested:?}");
}

fn verbs() {
    let sandbox = with_example();
    let listed = sandbox.json(["plugin", "list"]);
    let rows = listed.pointer("/data/modules").and_then(Value::as_array).unwrap();
    let row = rows.iter().find(|row| row["id"] == "temperature").unwrap();
    assert_eq!(
        (&row["status"], &row["version"], &row["api"]),
        (&json!("usable"), &json!("0.1.0"), &json!("1.2"))
    );
    let information = sandbox.json(["plugin", "info", "temperature"]);
    assert_eq!(information.pointer("/data/manifest/abi"), Some(&json!("c")), "{information:#}");
    assert_eq!(information.pointer("/data/manifest/panic"), Some(&json!("none")));
    let text = sandbox.run(["plugin", "info", "temperature"]).success().stdout;
    assert!(text.contains("in degrees Celsius") && text.contains("example_stations"), "{text}");
    let (code, verified) = sandbox.run_json(["plugin", "verify", "temperature"]);
    assert_eq!(
        (code, verified.pointer("/data/modules/0/derived")),
        (Some(0), Some(&json!("example_stations")))
    );
}

fn inside() {
    let sandbox = with_example();
    let refused = sandbox.run(["prepare", "--plugin", "temperature", "--isolation", "in-process"]);
    refused_in_one_line(
        &refused.failure(13, &["`temperature` is not written in Rust", "--isolation process"]),
    );
}

/// What the module does, the exit code, and what is said. Each is run by a host that stays whole.
const DEEDS: &[(&str, i32, &str)] = &[
    ("segfault", 14, "SIGSEGV"),
    ("exit", 14, "ended with exit code 0 without returning a result"),
    ("fail-without-text", 14, "an error without a text"),
    ("fail-in-plain-words", 14, "the dog ate it"),
    ("fail-in-latin1", 14, "the dog \u{fffd} it"),
    ("say-nothing", 14, "the module's answer has no report"),
    ("report-in-latin1", 14, "holds a report that is not UTF-8"),
    ("report-is-no-json", 14, "the module's report is malformed"),
    ("huge-report", 14, "claims a text of 18446744073709551615 bytes"),
    ("huge-count", 14, "claims 18446744073709551615 streams"),
    ("no-streams", 14, "claims 2 streams at no valid address"),
    ("odd-streams", 14, "claims 2 streams at no valid address"),
    ("one-stream-less", 14, "tables and matrices are not those of the report"),
    ("released-stream", 14, "lacks a callback or is released"),
    ("no-callback", 14, "lacks a callback or is released"),
    ("stream-fails", 16, "input `numbers`, line 7: not as promised"),
    ("stream-fails-silently", 14, "failed with code 5 and no text"),
    ("released-schema", 14, "its schema is released"),
    ("no-format", 14, "its schema has no format"),
    ("no-columns", 14, "its columns are nowhere"),
    ("null-column", 14, "a column is nowhere"),
    ("nameless-column", 14, "a column has no name"),
    ("nested-column", 14, "column `row_id` has the Arrow format `u`"),
    ("many-columns", 14, "its schema is not one of columns"),
    ("unknown-format", 14, "column `row_id` has the Arrow format `U`"),
    ("latin1-name", 3, "row_id"),
    ("other-columns", 14, "a batch has 2 columns where the table has 3"),
    ("negative-length", 14, "a batch has -1 rows"),
    ("huge-length", 14, "column `value` has 9223372036854775807 rows"),
    ("longer-batch", 14, "has another shape than its batch"),
    ("no-values", 14, "column `value` has rows and no values"),
    ("no-children", 14, "its columns are nowhere"),
    ("no-buffers", 14, "column `value` has no list of buffers"),
    ("too-many-buffers", 14, "column `value` has 3 buffers"),
    ("nulls-without-map", 14, "column `value` has nulls and no null map"),
    ("negative-offset", 14, "column `row_id` holds text from 0 to -8"),
    ("falling-offset", 14, "the module returned a malformed table"),
    ("latin1-text", 14, "the module returned a malformed table"),
    // How long a buffer is nobody can know: it may be the end of the worker, and of nothing else.
    ("far-offset", 14, "module `wild`"),
    ("never-stop", 15, "did not finish within 1 s"),
];

fn wrong_answers() {
    let sandbox = Sandbox::new().with_plugins(&fixture::c_module("whole", &[]));
    for (deed, code, text) in DEEDS {
        let timeout = if *deed == "never-stop" { "1" } else { "60" };
        let deed = format!("deed={deed}");
        let outcome = sandbox.run(["prepare", "--plugin", "wild", "--param", &deed, "--timeout", timeout]);
        assert!(outcome.code == Some(*code) && outcome.stderr.contains(text), "{deed}: {outcome:?}");
    }
    assert_eq!(sandbox.json(["list"]).pointer("/data/datasets"), Some(&json!([])));
    let _ = sandbox.run(["prepare", "--plugin", "wild"]).success();
    assert_eq!(exported(&sandbox, "wild")[2], ["2", "2.0", ""]);
}

fn refusals() {
    for (name, arguments, text) in [
        ("missing-symbol", &["-DNEEDS_A_SYMBOL"][..], "undefined symbol: needed_elsewhere"),
        ("other-symbol", &["-DOTHER_SYMBOL"], "undefined symbol: host_module_c_1"),
        (
            "small",
            &["-DSMALL"],
            "`host_module_c_1` says that it is 8 bytes large, a `struct host_module_c` has 24",
        ),
        ("without-derive", &["-DWITHOUT_DERIVE"], "`host_module_c_1` has no `derive`"),
    ] {
        let sandbox = Sandbox::new().with_plugins(&fixture::c_module(name, arguments));
        let outcome = sandbox.run(["prepare", "--plugin", "wild"]);
        refused_in_one_line(&outcome.failure(13, &["module `wild`", text]));
    }
    let sandbox = Sandbox::new().with_plugins(&fixture::c_module_without_its_library());
    let outcome = sandbox.run(["prepare", "--plugin", "wild"]);
    refused_in_one_line(&outcome.failure(13, &["module `wild` cannot be loaded", "libgone.so"]));
}

fn older_struct() {
    let sandbox = Sandbox::new().with_plugins(&fixture::c_module("older", &["-DOLDER"]));
    let _ = sandbox.run(["prepare", "--plugin", "wild"]).success();
}

fn unknown_interface() {
    let folder = fixture::c_module("unknown", &[]);
    let mut library = std::fs::read(folder.join("libwild.so")).unwrap();
    let key = br#""abi":"c""#;
    let at = library.windows(key.len()).position(|window| window == key).unwrap();
    library[at + 7] = b'q';
    let sandbox = Sandbox::new();
    let folder = sandbox.write("modules/libwild.so", library).parent().unwrap().to_owned();
    let sandbox = sandbox.with_plugins(&folder);
    let outcome = sandbox.run(["prepare", "--plugin", "wild"]);
    refused_in_one_line(&outcome.failure(13, &["called through the interface `q`", "install a newer host"]));
}
