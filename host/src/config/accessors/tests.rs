use std::path::Path;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::{ConfinementLevel, Isolation, Level, LogFormat, TrustLevel};
use crate::config::Settings;
use crate::config::keys::KEYS;
use crate::logs::Retention;

#[test]
fn defaults_are_those_of_the_requirements() {
    let settings = Settings::defaults();
    let root = Path::new("/dev/null/home/.pbuf/data");
    assert_eq!(settings.data_root(), root);
    assert_eq!(settings.cache_directory(), root.join("cache"));
    assert_eq!(settings.log_directory(), root.join("logs"));
    assert_eq!(settings.registry_directory(), root.join("registry"));
    assert_eq!(settings.manifest_file(), root.join("datasets_manifest.json"));
    assert!(settings.reuses_known_recipes());
    assert_eq!(settings.jobs(), 1);
    assert_eq!(settings.max_memory_bytes(), 8 << 30);
    assert_eq!(settings.chunk_rows(), 10_000);
    assert_eq!(settings.timeout(), Duration::from_hours(1));
    assert_eq!(settings.max_input_bytes(), 1_000_000_000);
    assert_eq!(settings.isolation(), Isolation::Process);
    assert!(settings.keeps_going());
    assert_eq!(settings.validation_level(), Level::Standard);
    assert!(settings.checks_covariance() && settings.checks_physical_consistency());
    assert_eq!(settings.numerical_tolerance().to_string(), 1e-10_f64.to_string());
    assert_eq!(settings.log_level(), LevelFilter::INFO);
    assert!(settings.logs_to_file() && settings.logs_to_console());
    assert_eq!(settings.log_rotation_bytes(), 100 << 20);
    assert_eq!(settings.max_log_files(), 10);
    let day = Duration::from_hours(24);
    assert_eq!(settings.log_retention(), Retention { logs: 30 * day, runs: 400 * day });
    assert_eq!(settings.log_format(), LogFormat::Text);
    assert_eq!((settings.fetch_timeout(), settings.fetch_attempts()), (Duration::from_secs(30), 5));
    assert!(settings.registry_is_writable() && settings.registers_derived());
    assert!(settings.keeps_cache());
    assert_eq!(settings.cache_max_bytes(), 10 << 30);
    assert_eq!(settings.cache_bytes_after_cleanup(), 8 << 30);
    assert_eq!(settings.cache_lifetime(), Duration::from_hours(24));
    assert!(settings.served_input_directories().is_empty());
    assert_eq!(
        (settings.max_connections(), settings.requests_per_second().to_string()),
        (512, "2000".to_owned())
    );
    let patience = [settings.header_timeout(), settings.request_timeout(), settings.drain_time()];
    assert_eq!(patience, [10, 30, 60].map(Duration::from_secs));
    assert_eq!((settings.concurrent_runs(), settings.queued_runs()), (2, 32));
    assert!(settings.plugin_directories().is_empty());
    let home = root.parent().unwrap();
    assert_eq!(settings.token_file(), Some(&*home.join("serve-token")));
    assert_eq!(settings.backup_repository(), Some(&*home.join("backup")));
    assert_eq!(settings.plugin_store(), Some(&*home.join("plugins/installed")));
    assert_eq!(settings.trusted_keys_file(), Some(&*home.join("trusted-keys.json")));
    assert_eq!(settings.minimum_trust(), TrustLevel::Unsigned);
    assert_eq!(settings.minimum_confinement(), ConfinementLevel::None);
    let limits = settings.health_limits();
    let percents =
        [limits.memory_percent, limits.disk_warning_percent, limits.disk_percent, limits.cpu_percent];
    assert_eq!(percents.map(|percent| percent.to_string()), ["85", "80", "90", "90"]);
    assert!(settings.alert_channels().is_silent());
    assert_eq!(settings.alert_interval(), Duration::from_mins(15));
    let timetable = settings.timetable();
    assert!(!timetable.enabled && timetable.recurrences.iter().all(|(_, recurrence)| recurrence.is_some()));
    assert!(settings.warnings().is_empty());
}

#[test]
fn every_key_has_an_accessor() {
    let source = include_str!("../accessors.rs");
    let accessors = source.split("pub(super) fn oddities").next().unwrap_or_default();
    for key in KEYS.iter().filter(|key| key.stands_for.is_none()) {
        assert!(accessors.contains(&format!("(\"{}\")", key.path)), "{}", key.path);
    }
}
