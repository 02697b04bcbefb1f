use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::keys::KEYS;
use super::{
    CONFIG_FILE, Environment, FlagOverride, Level, Origin, PROJECT_FILE, Problem, Settings, Shape, USER_FILE,
    problems, validate_file,
};
use crate::env_vars;
use crate::error::{Error, Kind, Result};

/// A home directory and a project of a test's own.
struct Place {
    root: TempDir,
    environment: Environment,
}

impl Place {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        let (home, project) = (root.path().join("home"), root.path().join("work/project/deep"));
        fs::create_dir_all(home.join(".pbuf")).unwrap();
        fs::create_dir_all(&project).unwrap();
        Self { environment: Environment::bare(&home, &project), root }
    }

    fn write(&self, path: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.root.path().join(path);
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::write(&path, text).unwrap();
        path
    }

    fn user(&self, text: &str) -> PathBuf {
        self.write(Path::new("home").join(USER_FILE), text)
    }

    fn project(&self, text: &str) -> PathBuf {
        self.write(Path::new("work/project").join(PROJECT_FILE), text)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.environment.variables.insert(name.to_owned(), value.into());
    }

    fn load(&self, flags: &[FlagOverride]) -> Result<Settings> {
        Settings::load(&self.environment, flags)
    }
}

fn flag(key: &str, value: impl AsRef<std::ffi::OsStr>) -> FlagOverride {
    FlagOverride::new(key, value.as_ref(), "--set")
}

fn samples(folder: &str) -> BTreeMap<String, PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/sample-configs")).join(folder);
    let named = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), entry.path());
    fs::read_dir(folder).unwrap().map(|entry| named(entry.unwrap())).collect()
}

/// File, line and column, what the message holds, what the hint holds.
const FAULTS: &[(&str, usize, usize, &str, &str)] = &[
    ("boolean_in_quotes", 3, 22, "must be `true` or `false`, found: `\"true\"`", "write true without quotes"),
    ("comment", 2, 3, "found `/` where a name in double quotes is expected", "no comments"),
    (
        "conflicting_levels",
        4,
        5,
        "`validation.strict_mode` and `validation.level` say the same",
        "delete `strict_mode`",
    ),
    ("empty_file", 1, 1, "the file ends where a value is expected", ""),
    ("empty_path", 2, 37, "`framework.output_directory` must be a path", "not empty"),
    ("fraction_for_whole_number", 2, 29, "must be a whole number from 1 to 1024, found: `2.5`", ""),
    ("home_of_another_user", 2, 34, "`framework.log_directory` must be a path", "in full"),
    (
        "key_in_wrong_section",
        2,
        17,
        "unknown key `framework.timeout_seconds`",
        "move it into section `processing`",
    ),
    ("key_outside_section", 2, 3, "unknown section `timeout_seconds`", "move it into section `processing`"),
    ("list_item_of_wrong_type", 5, 7, "must be a list of paths, found: `3`", ""),
    ("list_missing", 2, 30, "must be a list of paths, found: `\"modules\"`", "between `[` and `]`"),
    ("misspelt_key", 3, 5, "unknown key `processing.chunk_sise`", "did you mean `chunk_size`"),
    ("misspelt_section", 2, 3, "unknown section `proccessing`", "did you mean `processing`?"),
    ("misspelt_word", 2, 27, "must be one of `strict`, `standard`, `lenient`", "did you mean `standard`?"),
    ("nested_too_deep", 2, 44, "nested deeper than 16 levels", ""),
    ("not_a_number", 2, 28, "found `N` where a value is expected", "no NaN"),
    ("not_utf8", 0, 0, "is not UTF-8, from byte 37 on", ""),
    ("null_value", 2, 29, "found: `null`", "delete the line"),
    ("number_in_quotes", 2, 37, "must be a number from 0.001 to 31536000", "write 3600 without quotes"),
    ("number_too_large_to_hold", 2, 26, "`1e999` is no JSON number or too large", ""),
    ("out_of_range_high", 2, 34, "must be a number from 0 to 1, found: `80`", ""),
    ("out_of_range_low", 2, 29, "must be a whole number from 1 to 1024, found: `0`", ""),
    ("repeated_key", 4, 5, "`logging.level` is given twice, before on line 3", "delete one"),
    ("repeated_section", 3, 3, "`logging` is given twice, before on line 2", "delete one"),
    ("section_of_wrong_type", 2, 14, "section `logging` must be an object", ""),
    ("top_level_list", 1, 1, "must hold one object", ""),
    ("trailing_comma", 4, 3, "found `}` where a name in double quotes is expected", "delete the comma"),
    ("truncated", 3, 14, "a line break or another control character", "close the text"),
    ("unknown_key", 2, 13, "unknown key `cache.favourite_colour`", "the keys of this section are `enabled`"),
];

#[test]
fn every_valid_sample_loads() {
    for (name, path) in samples("valid") {
        assert_eq!(validate_file(&path), [], "{name}");
        Place::new().load(&[FlagOverride::new(CONFIG_FILE, &path, "--config")]).unwrap();
    }
}

#[test]
fn every_invalid_sample_has_exactly_its_fault() {
    let samples = samples("invalid");
    let listed: Vec<String> = FAULTS.iter().map(|fault| format!("{}.json", fault.0)).collect();
    assert_eq!(samples.keys().cloned().collect::<Vec<_>>(), listed);
    for ((name, path), (_, line, column, message, hint)) in samples.iter().zip(FAULTS) {
        let found = validate_file(path);
        let [problem] = found.as_slice() else { panic!("{name}: {found:#?}") };
        let place = (problem.line.unwrap_or(0), problem.column.unwrap_or(0));
        assert_eq!(place, (*line, *column), "{name}: {problem:#?}");
        assert!(problem.message.contains(message), "{name}: {problem:#?}");
        assert_eq!(problem.hint.is_some(), !hint.is_empty(), "{name}: {problem:#?}");
        assert!(problem.hint.as_deref().unwrap_or_default().contains(hint), "{name}: {problem:#?}");

        let error = Place::new().load(&[FlagOverride::new(CONFIG_FILE, path, "--config")]).unwrap_err();
        assert_eq!(error, Error::from(problem.clone()), "{name}");
        assert_eq!(error.kind, Kind::BadConfig, "{name}");
    }
}

#[test]
fn each_layer_hides_the_one_below_and_says_so() {
    let mut place = Place::new();
    let user = place.user("{\n \"processing\": {\"chunk_size\": 1}}");
    let project = place.project("{\n\n \"processing\": {\"chunk_size\": 2}}");
    place.set(env_vars::PBUF_PROCESSING_CHUNK_SIZE, "3");
    let settings = place.load(&[flag("processing.chunk_size", "4")]).unwrap();
    assert_eq!(settings.chunk_rows(), 4);
    let entries = settings.entries();
    let entry = entries.iter().find(|entry| entry.key == "processing.chunk_size").unwrap();
    assert_eq!(entry.origin, Origin::Flag { name: "--set".into() });
    let overridden: Vec<_> =
        entry.overridden.iter().map(|low| (low.value.clone(), low.origin.to_string())).collect();
    let expected = [
        (json!(3), "env PBUF_PROCESSING_CHUNK_SIZE".to_owned()),
        (json!(2), format!("project {}:3", project.display())),
        (json!(1), format!("user {}:2", user.display())),
        (json!(10_000), "default".to_owned()),
    ];
    assert_eq!(overridden, expected);
    assert_eq!(settings.show_origin(&entry.overridden[2].origin), format!("user ~/{USER_FILE}:2"));
    assert_eq!(entry.unit, Some("rows"));
    assert_eq!(entries.len(), KEYS.iter().filter(|key| key.stands_for.is_none()).count());
}

#[test]
fn a_file_changes_every_value_it_gives() {
    let path = samples("valid").remove("every_key.json").unwrap();
    let settings = Place::new().load(&[FlagOverride::new(CONFIG_FILE, &path, "--config")]).unwrap();
    let defaults = Settings::defaults();
    for (entry, default) in settings.entries().iter().zip(defaults.entries()) {
        assert!(matches!(entry.origin, Origin::Project { .. }), "{entry:?}");
        assert_ne!(entry.value, default.value, "{entry:?}");
    }
}

#[test]
fn every_variable_sets_its_key() {
    let place = Place::new();
    let settings = place.load(&[]).unwrap();
    for (key, entry) in KEYS.iter().filter(|key| key.stands_for.is_none()).zip(settings.entries()) {
        let text = match &entry.value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Array(_) => "/modules".to_owned(),
            serde_json::Value::Null if key.shape == Shape::Secret => "env:WORD".to_owned(),
            serde_json::Value::Null => "word@example.org".to_owned(),
            other => other.to_string(),
        };
        let mut place = Place::new();
        place.set(key.variable, &text);
        let settings = place.load(&[]).unwrap();
        assert_eq!(settings.origin(key.path), Some(&Origin::Environment { variable: key.variable.into() }));
    }
}

#[test]
fn the_default_folders_follow_the_data_root() {
    let mut place = Place::new();
    place.set(env_vars::PBUF_DATA_PREPARATION_OUTPUT_DIR, "there");
    let root = place.environment.current_directory.join("there");
    let settings = place.load(&[flag("framework.log_directory", "/var/log/host")]).unwrap();
    assert_eq!(settings.data_root(), root);
    assert_eq!(settings.cache_directory(), root.join("cache"));
    assert_eq!(settings.registry_directory(), root.join("registry"));
    assert_eq!(settings.log_directory(), Path::new("/var/log/host"));
}

#[test]
fn paths_in_a_file_count_from_the_file() {
    let place = Place::new();
    place.project(r#"{"framework": {"output_directory": "data"}}"#);
    let settings = place.load(&[]).unwrap();
    assert_eq!(settings.data_root(), place.root.path().join("work/project/data"));
}

#[test]
fn the_nearest_project_file_wins() {
    let place = Place::new();
    place.write("work/pbuf.json", r#"{"processing": {"chunk_size": 1}}"#);
    place.project(r#"{"processing": {"workers": 3}}"#);
    let settings = place.load(&[]).unwrap();
    assert_eq!(settings.chunk_rows(), 10_000);
    let layers: Vec<_> = settings.files().iter().map(|file| (file.layer, file.found)).collect();
    assert_eq!(layers, [("user", false), ("project", true)]);
}

#[test]
fn named_files_replace_the_usual_ones() {
    let mut place = Place::new();
    place.user("not read");
    place.project("not read");
    place.write("work/project/deep/mine.json", r#"{"processing": {"chunk_size": 1}}"#);
    place.write("work/project/deep/theirs.json", r#"{"processing": {"chunk_size": 2, "keep_going": false}}"#);
    place.set(env_vars::PBUF_CONFIG, "theirs.json");
    let settings = place.load(&[FlagOverride::new(CONFIG_FILE, "mine.json", "--config")]).unwrap();
    assert_eq!(settings.chunk_rows(), 1);
    assert!(!settings.keeps_going());
}

#[test]
fn a_named_file_must_be_there() {
    let mut place = Place::new();
    let error = place.load(&[FlagOverride::new(CONFIG_FILE, "nowhere.json", "--config")]).unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    assert!(error.message.contains("there is no configuration file"), "{error}");
    place.set(env_vars::PBUF_CONFIG, "nowhere.json");
    assert_eq!(place.load(&[]).unwrap_err().kind, Kind::BadConfig);
    place.set(env_vars::PBUF_CONFIG, "");
    place.load(&[]).unwrap();
}

#[test]
fn a_folder_in_place_of_the_file_is_an_error() {
    let place = Place::new();
    fs::create_dir(place.root.path().join("home").join(USER_FILE)).unwrap();
    let error = place.load(&[]).unwrap_err();
    assert!(error.message.contains("must be a regular file"), "{error}");
}

#[test]
fn a_found_project_file_cannot_choose_which_code_runs() {
    let place = Place::new();
    let path = place.project(r#"{"plugins": {"directories": ["evil"]}}"#);
    let error = place.load(&[]).unwrap_err();
    assert!(error.message.contains("decides which code runs"), "{error}");
    assert_eq!(validate_file(&path).len(), 1);
    let settings = place.load(&[FlagOverride::new(CONFIG_FILE, &path, "--config")]).unwrap();
    assert_eq!(settings.plugin_directories(), [place.root.path().join("work/project/evil")]);
    for setting in [
        r#"{"plugins": {"store": "evil"}}"#,
        r#"{"plugins": {"trusted_keys": "evil.json"}}"#,
        r#"{"plugins": {"trust": "unsigned"}}"#,
        r#"{"processing": {"confinement": "none"}}"#,
        r#"{"processing": {"isolation": "in-process"}}"#,
        r#"{"alerts": {"mail_command": ["evil"]}}"#,
        r#"{"alerts": {"mail_to": "evil@example.org"}}"#,
        r#"{"alerts": {"webhook": {"file": "evil"}}}"#,
    ] {
        place.project(setting);
        let error = place.load(&[]).unwrap_err();
        assert!(
            error.message.contains("decides which code runs, how it is confined or who is told"),
            "{setting}: {error}"
        );
    }
}

#[test]
fn module_folders_of_all_layers_are_joined() {
    let mut place = Place::new();
    place.user(r#"{"plugins": {"directories": ["/user", "/both"]}}"#);
    place.set(env_vars::PBUF_PLUGIN_PATH, "/both");
    let plugin_dir = |path: &str| FlagOverride::new("plugins.directories", path, "--plugin-dir");
    let settings = place.load(&[plugin_dir("/first"), plugin_dir("/second")]).unwrap();
    let expected: Vec<PathBuf> = ["/first", "/second", "/both", "/user"].iter().map(PathBuf::from).collect();
    assert_eq!(settings.plugin_directories(), expected);
    let mut entries = settings.entries().into_iter();
    let entry = entries.find(|entry| entry.key == "plugins.directories").unwrap();
    assert_eq!(entry.value, json!(["/first", "/second", "/both", "/user"]));
    assert_eq!(entry.overridden, []);
    assert_eq!(entry.joined.len(), 2);
}

#[test]
fn strict_mode_is_another_way_to_write_the_level() {
    let mut place = Place::new();
    assert_eq!(place.load(&[]).unwrap().validation_level(), Level::Standard);
    place.user(r#"{"validation": {"strict_mode": true}}"#);
    let settings = place.load(&[]).unwrap();
    assert_eq!(settings.validation_level(), Level::Strict);
    assert!(matches!(settings.origin("validation.level"), Some(Origin::User { line: 1, .. })));
    place.set(env_vars::PBUF_VALIDATION_STRICT_MODE, "false");
    assert_eq!(place.load(&[]).unwrap().validation_level(), Level::Standard);
    assert_eq!(
        place.load(&[flag("validation.level", "lenient")]).unwrap().validation_level(),
        Level::Lenient
    );
    place.set(env_vars::PBUF_VALIDATION_LEVEL, "strict");
    assert!(place.load(&[]).unwrap_err().message.contains("only one may be set"));
}

#[test]
fn a_variable_nobody_reads_is_a_warning_with_the_nearest_name() {
    let mut place = Place::new();
    place.set("PBUF_DATA_PREPERATION_WORKERS", "3");
    place.set("PBUF_PROCESSING_TIMEOUT_SECONDS", "5");
    place.set("PBUF_LOGGING_LEVEL", "DEBUG");
    place.set("PBUF_ZZZZ", "1");
    let expected = [
        "unknown environment variable `PBUF_DATA_PREPERATION_WORKERS` changes nothing; did you mean `PBUF_DATA_PREPARATION_WORKERS`?",
        "unknown environment variable `PBUF_LOGGING_LEVEL` changes nothing; did you mean `PBUF_DATA_PREPARATION_LOG_LEVEL`?",
        "unknown environment variable `PBUF_ZZZZ` changes nothing; each setting that `host config show` lists has a variable `PBUF_<SECTION>_<KEY>`",
    ];
    assert_eq!(place.load(&[]).unwrap().warnings(), expected);
}

#[test]
fn what_can_hardly_be_meant_is_a_warning() {
    let place = Place::new();
    place.user(r#"{"processing": {"workers": 4}, "validation": {"level": "strict", "covariance_validation": false}}"#);
    assert_eq!(place.load(&[]).unwrap().warnings().len(), 2);
    let flags = [flag("processing.parallel_processing", "on"), flag("validation.level", "standard")];
    let settings = place.load(&flags).unwrap();
    assert!(settings.warnings().is_empty());
    assert_eq!(settings.jobs(), 4);
}

#[test]
fn all_problems_of_all_layers_are_found_and_the_first_is_the_error() {
    let mut place = Place::new();
    let user = place.user("{\n  \"cache\": {\"ttl_hours\": -1, \"tll_hours\": 3},\n  \"chache\": {}\n}");
    place.set(env_vars::PBUF_DATA_PREPARATION_WORKERS, "many");
    let flags = [flag("workers", "1"), flag("processing.wrkers", "1"), flag("cache.enabled", "perhaps")];
    let found: Vec<String> = problems(&place.environment, &flags).iter().map(Problem::to_string).collect();
    let user = user.display();
    let expected = [
        format!("{user}:2:26: `cache.ttl_hours` must be a number from 0 to 876000, found: `-1`"),
        format!("{user}:2:30: unknown key `cache.tll_hours`"),
        format!("{user}:3:3: unknown section `chache`"),
        "environment variable `PBUF_DATA_PREPARATION_WORKERS`: `processing.workers` must be a whole number from 1 to 1024, found: `\"many\"`".to_owned(),
        "flag `--set`: unknown key `workers`".to_owned(),
        "flag `--set`: unknown key `processing.wrkers`".to_owned(),
        "flag `--set`: `cache.enabled` must be `true` or `false`, found: `\"perhaps\"`".to_owned(),
    ];
    assert_eq!(found, expected);
    let error = place.load(&flags).unwrap_err();
    assert_eq!(error.message, expected[0]);
    let line = "line 2 reads:\n  2 |   \"cache\": {\"ttl_hours\": -1, \"tll_hours\": 3},\n    |                          ^";
    assert_eq!(error.causes, [line]);
    assert_eq!(error.hints, ["run `host config validate` to see all 7 problems of the configuration"]);
}

#[test]
fn flags_are_parsed_as_key_and_value() {
    assert_eq!(
        FlagOverride::parse("processing.workers=a=b", "--set").unwrap(),
        flag("processing.workers", "a=b")
    );
    assert_eq!(FlagOverride::parse("processing.workers", "--set").unwrap_err().kind, Kind::Usage);
    let place = Place::new();
    let twice = [flag("processing.chunk_size", "1"), flag("processing.chunk_size", "2")];
    assert_eq!(place.load(&twice).unwrap().chunk_rows(), 2);
}

#[test]
fn without_a_home_only_the_data_root_is_missed() {
    let mut place = Place::new();
    place.environment.home = None;
    let error = place.load(&[]).unwrap_err();
    assert!(error.message.contains("there is no home directory"), "{error}");
    let settings = place.load(&[flag("framework.output_directory", "/data")]).unwrap();
    assert_eq!(settings.log_directory(), Path::new("/data/logs"));
    assert_eq!((settings.plugin_store(), settings.trusted_keys_file()), (None, None));
    let settings = place
        .load(&[flag("framework.output_directory", "/data"), flag("plugins.store", "/modules")])
        .unwrap();
    assert_eq!(settings.plugin_store(), Some(Path::new("/modules")));
    assert_eq!(settings.data_root(), Path::new("/data"));
}

#[test]
fn a_hostile_file_gives_a_bounded_answer() {
    let place = Place::new();
    let many: Vec<String> = (0..60_000).map(|number| format!("\"k{number}\":0")).collect();
    let path = place.user(&format!("{{{}}}", many.join(",")));
    assert_eq!(validate_file(&path).len(), 100);
    place.user(&" ".repeat((1 << 20) + 1));
    assert!(validate_file(&path)[0].message.contains("larger than"));
    place.user("{\"\\u001b[2J\": {}}");
    assert_eq!(validate_file(&path)[0].message, "unknown section `\\u{1b}[2J`");
}

proptest! {
    #[test]
    fn no_text_of_a_variable_or_flag_panics(text in any::<String>(), index in 0..KEYS.len()) {
        let key = KEYS[index];
        let mut environment = Environment::bare(Path::new("/dev/null/home"), Path::new("/dev/null/work"));
        let flags = [FlagOverride::new(key.path, text.as_str(), "--set")];
        let _ = Settings::load(&environment, &flags);
        environment.variables.insert(key.variable.to_owned(), text.into());
        if let Ok(settings) = Settings::load(&environment, &[]) {
            let _ = (settings.timeout(), settings.cache_lifetime(), settings.max_memory_bytes(), settings.entries());
        }
    }
}
